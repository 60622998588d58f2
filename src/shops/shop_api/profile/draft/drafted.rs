//! A call as it is written into a draft.

use super::document::{Written, method_word};
use super::request::{Sent, form};
use super::ron::{Entry, Ron};
use crate::shop_api::profile::call::Method;

/// One call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drafted {
    /// Nothing is sent where there is none.
    pub method: Option<Method>,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Sent,
    /// Empty: the usual ones.
    pub ok: Vec<u16>,
    pub requires: Vec<String>,
    /// Names and where they are.
    pub capture: Vec<(String, String)>,
    pub forget: Vec<String>,
    pub optional: bool,
    pub repeatable: bool,
    pub places_order: bool,
    /// The name of one, and the list.
    pub each: Option<(String, String)>,
    /// What is to be looked at by people.
    pub notes: Vec<String>,
}

impl Drafted {
    /// That nothing is sent and values are gone.
    pub(super) fn forgetting(name: &str) -> Self {
        Self { forget: vec![name.to_owned()], ..Self::default() }
    }

    /// The names of values that it wants.
    pub(super) fn wants(&self) -> Vec<String> {
        let mut texts = vec![self.path.clone()];
        texts.extend(self.query.iter().chain(&self.headers).map(|(_, text)| text.clone()));
        if let Some((_, body)) = &self.body {
            collect(body, &mut texts);
        }
        let mut wanted = Vec::new();
        for text in &texts {
            for name in names(text) {
                if !wanted.contains(&name) {
                    wanted.push(name);
                }
            }
        }
        wanted
    }

    /// As it is written.
    pub(super) fn written(&self) -> Entry {
        let mut entries = Vec::new();
        if let Some((name, list)) = &self.each {
            entries.extend([Entry::text("each", name), Entry::text("in", list)]);
        }
        if let Some(method) = self.method {
            entries.push(Entry::bare("method", method_word(method)));
            entries.push(Entry::text("path", &self.path));
        }
        for (key, pairs) in [("query", &self.query), ("headers", &self.headers)] {
            if !pairs.is_empty() {
                entries.push(Entry::new(key, Ron::map(pairs)));
            }
        }
        match &self.body {
            Some((Written::Json, body)) => entries.push(Entry::new("json", Ron::data(body))),
            Some((Written::Form, body)) => {
                entries.push(Entry::new("form", Ron::map(&form(body))));
            }
            None => {}
        }
        if !self.ok.is_empty() {
            let ok: Vec<String> = self.ok.iter().map(u16::to_string).collect();
            entries.push(Entry::bare("ok", &format!("[{}]", ok.join(", "))));
        }
        for (key, texts) in [("requires", &self.requires), ("forget", &self.forget)] {
            if !texts.is_empty() {
                entries.push(Entry::new(key, Ron::texts(texts)));
            }
        }
        if !self.capture.is_empty() {
            entries.push(Entry::new("capture", Ron::map(&self.capture)));
        }
        let flags = [
            ("optional", self.optional),
            ("repeatable", self.repeatable),
            ("places_order", self.places_order),
        ];
        let flags = flags.into_iter().filter(|(_, is)| *is);
        entries.extend(flags.map(|(key, _)| Entry::bare(key, "true")));
        Entry::new("", Ron::Struct(entries)).noted(self.notes.clone())
    }
}

fn collect(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => texts.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        serde_json::Value::Object(entries) => entries.values().for_each(|v| collect(v, texts)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// The names between braces; `{{` is a brace.
fn names(text: &str) -> Vec<String> {
    let text = text.replace("{{", "").replace("}}", "");
    let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.trim_end_matches('?').to_owned()).collect()
}
