//! Where a value is in an answer: dotted paths, tried in order, as `order.totals.final|total`.
//!
//! A number is an index into a list. `=text` is a last resort: the text itself. `null` counts as
//! absent.

use serde::Deserialize;
use serde_json::Value;

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Field {
    written: String,
    alternatives: Vec<Alternative>,
}

/// One place to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Down these keys; none of them: the answer itself.
    Path(Vec<String>),
    /// Not in the answer: this text.
    Literal(String),
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'v> {
    /// In the answer.
    Value(&'v Value),
    /// In the profile.
    Literal(&'v str),
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let alternatives = written
            .split('|')
            .map(|part| match part.trim() {
                "" => Err(format!("`{written}`: an empty path; write `.` for the answer itself")),
                "." => Ok(Alternative::Path(Vec::new())),
                part => match part.strip_prefix('=') {
                    Some(literal) => Ok(Alternative::Literal(literal.to_owned())),
                    None => path(&written, part),
                },
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { written, alternatives })
    }
}

fn path(written: &str, part: &str) -> Result<Alternative, String> {
    let keys: Vec<String> = part.split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        return Err(format!("`{written}`: an empty key; write keys with one point between"));
    }
    Ok(Alternative::Path(keys))
}

impl Field {
    /// As written in the profile.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The value in `root`, from the first place that has one.
    pub fn find<'v>(&'v self, root: &'v Value) -> Option<Found<'v>> {
        self.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Literal(text) => Some(Found::Literal(text)),
            Alternative::Path(keys) => {
                let value = keys.iter().try_fold(root, |value, key| step_into(value, key))?;
                (!value.is_null()).then_some(Found::Value(value))
            }
        })
    }
}

fn step_into<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(entries) => entries.get(key),
        Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, root: &Value) -> Option<String> {
        let field = Field::try_from(path.to_owned()).unwrap();
        field.find(root).map(|found| match found {
            Found::Value(value) => value.to_string(),
            Found::Literal(text) => format!("={text}"),
        })
    }

    #[test]
    fn the_first_place_with_a_value_counts() {
        let root = serde_json::json!({"a": {"b": [1, {"c": 2}]}, "n": null});
        assert_eq!(find("a.b.1.c", &root).as_deref(), Some("2"));
        assert_eq!(find("n|a.b.0", &root).as_deref(), Some("1"));
        assert_eq!(find("x.y|=none", &root).as_deref(), Some("=none"));
        assert_eq!(find("a.b.9", &root), None);
        assert_eq!(find("a.b.1.c.d", &root), None);
    }

    #[test]
    fn an_empty_path_is_refused() {
        for path in ["", "a..b", "a|", ".a"] {
            assert!(Field::try_from(path.to_owned()).is_err(), "{path}");
        }
    }
}
