//! Schemas of a document: references followed, parts put together, and never without an end.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// References after each other that are followed.
const HOPS_MAX: usize = 16;
/// Schemas in each other that make one.
const NESTED_MAX: usize = 8;
/// Schemas that one is put together of.
const PARTS_MAX: usize = 200;
/// Properties of one schema that are looked at.
const PROPERTIES_MAX: usize = 400;
/// Schemas that are looked at for one draft.
const VISITS_MAX: u32 = 400_000;
/// Places of one answer that are looked at.
const PLACES_MAX: usize = 2_000;

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Whole,
    Number,
    YesNo,
    Unknown,
}

impl Kind {
    /// Whether it may be an amount.
    pub(super) fn may_be_amount(self) -> bool {
        match self {
            Self::Text | Self::Whole | Self::Number => true,
            Self::Object | Self::List | Self::YesNo | Self::Unknown => false,
        }
    }
}

/// A place in what a schema describes.
#[derive(Clone, Debug)]
pub(super) struct Place<'d> {
    /// The keys to it; `0` is the first of a list.
    pub path: Vec<&'d str>,
    pub schema: &'d Value,
    pub kind: Kind,
}

impl Place<'_> {
    /// As a profile writes it; `.` where it is all of it.
    pub(super) fn written(&self) -> String {
        if self.path.is_empty() { ".".to_owned() } else { self.path.join(".") }
    }

    /// How many keys there are to it, lists left out.
    pub(super) fn depth(&self) -> usize {
        self.path.iter().filter(|key| **key != "0").count()
    }
}

/// The schemas of a document.
#[derive(Debug)]
pub(super) struct Schemas<'d> {
    root: &'d Value,
    visits: Cell<u32>,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(root: &'d Value) -> Self {
        Self { root, visits: Cell::new(0) }
    }

    /// Counts a look; false once there were too many.
    fn may_look(&self) -> bool {
        self.visits.set(self.visits.get().saturating_add(1));
        self.visits.get() <= VISITS_MAX
    }

    /// What it refers to, inside of the document; itself where it refers to nothing.
    pub(super) fn resolve(&self, mut value: &'d Value) -> &'d Value {
        for _ in 0..HOPS_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
            let Some(pointer) = reference.strip_prefix('#') else { return &Value::Null };
            let pointer = percent_decode_str(pointer).decode_utf8_lossy();
            let Some(meant) = self.root.pointer(&pointer) else { return &Value::Null };
            value = meant;
        }
        &Value::Null
    }

    /// It and the schemas that it is put together of.
    fn parts(&self, schema: &'d Value) -> Vec<&'d Value> {
        let (mut found, mut open) = (Vec::new(), VecDeque::from([(schema, 0)]));
        let mut known: Vec<*const Value> = Vec::new();
        while let Some((schema, depth)) = open.pop_front() {
            if !self.may_look() || found.len() > PARTS_MAX {
                break;
            }
            let schema = self.resolve(schema);
            if known.contains(&std::ptr::from_ref(schema)) {
                continue;
            }
            known.push(schema);
            found.push(schema);
            if depth == NESTED_MAX {
                continue;
            }
            for key in ["allOf", "oneOf", "anyOf"] {
                let nested = schema.get(key).and_then(Value::as_array);
                open.extend(nested.into_iter().flatten().map(|part| (part, depth + 1)));
            }
        }
        found
    }

    /// Its properties by name; of several with one name the first.
    pub(super) fn properties(&self, schema: &'d Value) -> Vec<(&'d str, &'d Value)> {
        let mut known = BTreeSet::new();
        let parts = self.parts(schema).into_iter();
        let all = parts.filter_map(|part| part.get("properties").and_then(Value::as_object));
        all.flatten()
            .take(4 * PROPERTIES_MAX)
            .filter(|(name, _)| known.insert(name.as_str()))
            .map(|(name, schema)| (name.as_str(), schema))
            .take(PROPERTIES_MAX)
            .collect()
    }

    /// The properties that must be there. Of alternatives the first counts.
    pub(super) fn required(&self, schema: &'d Value) -> BTreeSet<&'d str> {
        let of = |part: &'d Value| {
            let names = part.get("required").and_then(Value::as_array);
            names.into_iter().flatten().filter_map(Value::as_str)
        };
        let schema = self.resolve(schema);
        let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let first = |key| schema.get(key).and_then(Value::as_array).and_then(|list| list.first());
        let chosen = [first("oneOf"), first("anyOf")].into_iter().flatten();
        let parts = all.chain(chosen).take(PROPERTIES_MAX).flat_map(|part| self.parts(part));
        of(schema).chain(parts.flat_map(of)).collect()
    }

    /// The value of `key` in it or in what it is put together of.
    pub(super) fn word(&self, schema: &'d Value, key: &str) -> Option<&'d Value> {
        self.parts(schema).into_iter().find_map(|part| part.get(key))
    }

    /// What it is of.
    pub(super) fn kind(&self, schema: &'d Value) -> Kind {
        let parts = self.parts(schema);
        let told = parts.iter().find_map(|part| match part.get("type") {
            Some(Value::String(word)) => Some(word.as_str()),
            Some(Value::Array(words)) => {
                words.iter().filter_map(Value::as_str).find(|w| *w != "null")
            }
            _ => None,
        });
        match told {
            Some("object") => Kind::Object,
            Some("array") => Kind::List,
            Some("string") => Kind::Text,
            Some("integer") => Kind::Whole,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::YesNo,
            _ if parts.iter().any(|part| part.get("properties").is_some()) => Kind::Object,
            _ if parts.iter().any(|part| part.get("items").is_some()) => Kind::List,
            _ => Kind::Unknown,
        }
    }

    /// What a list is of.
    pub(super) fn items(&self, schema: &'d Value) -> Option<&'d Value> {
        self.word(schema, "items")
    }

    /// A value that the document gives for it.
    pub(super) fn told(&self, schema: &'d Value) -> Option<&'d Value> {
        let of = |key: &str| self.word(schema, key);
        let first = |key: &str| of(key).and_then(|list| list.get(0));
        let told = of("const").or_else(|| of("default")).or_else(|| first("enum"));
        told.filter(|value| !value.is_null())
    }

    /// A value that the document shows as an example of it.
    pub(super) fn example(&self, schema: &'d Value) -> Option<&'d Value> {
        let first = self.word(schema, "examples").and_then(|list| list.get(0));
        self.word(schema, "example").or(first).filter(|value| !value.is_null())
    }

    /// Every place down to `depth` keys, the nearest first; lists are gone into by their first
    /// where `into_lists` says so.
    pub(super) fn places(
        &self,
        schema: &'d Value,
        depth: usize,
        into_lists: bool,
    ) -> Vec<Place<'d>> {
        let kind = self.kind(schema);
        let mut open = VecDeque::from([Place { path: Vec::new(), schema, kind }]);
        let mut found = Vec::new();
        while let Some(place) = open.pop_front() {
            if found.len() >= PLACES_MAX {
                break;
            }
            let mut go = |key: &'d str, schema: &'d Value| {
                if open.len() >= PLACES_MAX {
                    return;
                }
                let mut path = place.path.clone();
                path.push(key);
                open.push_back(Place { path, schema, kind: self.kind(schema) });
            };
            match place.kind {
                Kind::Object if place.depth() < depth => {
                    let inner = self.properties(place.schema);
                    inner.into_iter().filter(|(n, _)| is_key(n)).for_each(|(n, s)| go(n, s));
                }
                Kind::List if into_lists && place.depth() < depth => {
                    if let Some(items) = self.items(place.schema) {
                        go("0", items);
                    }
                }
                Kind::Object
                | Kind::List
                | Kind::Text
                | Kind::Whole
                | Kind::Number
                | Kind::YesNo
                | Kind::Unknown => {}
            }
            found.push(place);
        }
        found
    }
}

/// Whether a dotted path of a profile may have it as a key.
fn is_key(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-@:".contains(c);
    let is_elsewhere = name.starts_with("header:") || name.starts_with("cookie:");
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_plain) && !is_elsewhere
}
