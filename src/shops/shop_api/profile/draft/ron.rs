//! RON as it is written: short things on one line, marks for people above what they are about.

use serde_json::Value;

/// Characters of a line, where it can be broken.
const LINE_CHARS_MAX: usize = 100;
/// Characters of a mark.
const NOTE_CHARS_MAX: usize = 400;
/// Characters of a text from a document.
const TEXT_CHARS_MAX: usize = 500;

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ron {
    /// In quotes.
    Text(String),
    /// As it is.
    Bare(String),
    List(Vec<Entry>),
    /// `(a: 1)`.
    Struct(Vec<Entry>),
    /// `{"a": 1}`.
    Map(Vec<Entry>),
}

/// One of several, with what is to be said about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    key: String,
    /// Nothing: there are marks alone.
    value: Option<Ron>,
    notes: Vec<String>,
}

impl Entry {
    pub(super) fn new(key: &str, value: Ron) -> Self {
        Self { key: key.to_owned(), value: Some(value), notes: Vec::new() }
    }

    /// Marks alone.
    pub(super) fn notes(notes: Vec<String>) -> Self {
        Self { key: String::new(), value: None, notes }
    }

    pub(super) fn noted(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(super) fn text(key: &str, text: &str) -> Self {
        Self::new(key, Ron::Text(text.to_owned()))
    }

    pub(super) fn bare(key: &str, text: &str) -> Self {
        Self::new(key, Ron::Bare(text.to_owned()))
    }
}

impl Ron {
    /// Of texts.
    pub(super) fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().map(|text| Entry::text("", text)).collect())
    }

    /// A map from texts to texts.
    pub(super) fn map(pairs: &[(String, String)]) -> Self {
        Self::Map(pairs.iter().map(|(key, text)| Entry::text(key, text)).collect())
    }

    /// Data, with texts as they are in templates.
    pub(super) fn data(value: &Value) -> Self {
        match value {
            Value::Null => Self::Bare("None".to_owned()),
            Value::Bool(yes) => Self::Bare(yes.to_string()),
            Value::Number(number) => Self::Bare(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => {
                Self::List(items.iter().map(|item| Entry::new("", Self::data(item))).collect())
            }
            Value::Object(entries) => {
                let entries = entries.iter().map(|(key, v)| Entry::new(key, Self::data(v)));
                Self::Map(entries.collect())
            }
        }
    }

    /// All of it, from a margin of `depth` steps, behind `before` characters.
    pub(super) fn write(&self, depth: usize, before: usize) -> String {
        let room = LINE_CHARS_MAX.saturating_sub(depth * 4 + before);
        let (open, close, entries) = match self {
            Self::Text(text) => return quoted(text),
            Self::Bare(text) => return text.clone(),
            Self::List(entries) => ('[', ']', entries),
            Self::Struct(entries) => ('(', ')', entries),
            Self::Map(entries) => ('{', '}', entries),
        };
        if let Some(line) = self.line(room) {
            return line;
        }
        let margin = "    ".repeat(depth + 1);
        let mut text = format!("{open}\n");
        for entry in entries {
            for note in &entry.notes {
                text.push_str(&format!("{margin}// ? {}\n", shown(note)));
            }
            let Some(value) = &entry.value else { continue };
            let key = self.key(entry);
            let value = value.write(depth + 1, key.chars().count() + 1);
            text.push_str(&format!("{margin}{key}{value},\n"));
        }
        text.push_str(&"    ".repeat(depth));
        text.push(close);
        text
    }

    /// On one line of at most `room` characters, where that says all.
    fn line(&self, room: usize) -> Option<String> {
        let (open, close, entries) = match self {
            Self::Text(text) => return Some(quoted(text)),
            Self::Bare(text) => return Some(text.clone()),
            Self::List(entries) => ('[', ']', entries),
            Self::Struct(entries) => ('(', ')', entries),
            Self::Map(entries) => ('{', '}', entries),
        };
        let mut line = String::from(open);
        for (n, entry) in entries.iter().enumerate() {
            let value = entry.value.as_ref().filter(|_| entry.notes.is_empty())?;
            let left = room.checked_sub(line.chars().count())?;
            let between = if n > 0 { ", " } else { "" };
            line.push_str(&format!("{between}{}{}", self.key(entry), value.line(left)?));
        }
        line.push(close);
        (line.chars().count() <= room).then_some(line)
    }

    fn key(&self, entry: &Entry) -> String {
        match self {
            Self::Struct(_) => format!("{}: ", entry.key),
            Self::Map(_) => format!("{}: ", quoted(&entry.key)),
            Self::List(_) | Self::Text(_) | Self::Bare(_) => String::new(),
        }
    }
}

/// A mark on one line, whatever a document has in its names.
fn shown(note: &str) -> String {
    text::visible::line(&note.chars().take(NOTE_CHARS_MAX).collect::<String>())
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().take(TEXT_CHARS_MAX) {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if text::visible::is_command(c) => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_says_stays_inside_of_its_quotes_and_its_line() {
        let hostile = "a\"\\\n\r\u{1b}[2J)\u{2028}";
        let entries = vec![
            Entry::text("a", hostile).noted([hostile.to_owned()]),
            Entry::notes(vec!["x\ny: 1".to_owned()]),
        ];
        let written = Ron::Map(entries).write(0, 0);
        let read: std::collections::BTreeMap<String, String> =
            text::ron_text::parse("t", &written).unwrap();
        assert_eq!(read["a"], hostile);
        assert_eq!(written.lines().count(), 5, "{written}");
        assert!(!written.contains('\u{1b}'), "{written}");
    }

    #[test]
    fn data_is_written_on_one_line_where_it_fits() {
        let data = Ron::data(&serde_json::json!({"a": [1, true, "x"], "b": {"c": 1.5}}));
        assert_eq!(data.write(0, 0), r#"{"a": [1, true, "x"], "b": {"c": 1.5}}"#);
        assert!(data.write(30, 0).lines().count() > 2);
    }
}
