//! Where a value is in an answer. Places are tried in order, as `order.totals.final|total`:
//!
//! - `a.b.0.c`: down these keys; a number is an index into a list, `.` the answer itself
//! - `$.a[?@.b == '{variant_id}'].c`: JSONPath (RFC 9535), its values filled in; the first node
//! - `header:NAME`, `cookie:NAME`: not in the body
//! - `{x}`: a value of the call's, or captured
//! - `=text`: a last resort, the text itself
//!
//! `PLACE ~ REGEX` takes the first group of what is there. `null` counts as absent.

use std::borrow::Cow;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;
use text::visible;

use super::template::{Filled, Name, Template};

/// Brackets in each other: reading more costs a stack, and time that doubles with each.
const DEPTH_MAX: usize = 6;
/// Bytes of a JSONPath.
const QUERY_BYTES_MAX: usize = 1_000;

/// Where a value is.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Field {
    written: String,
    places: Vec<Place>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Field {}

/// One place to look, and what of it is taken.
#[derive(Clone, Debug)]
struct Place {
    source: Source,
    /// Its first group.
    part: Option<Regex>,
}

#[derive(Clone, Debug)]
enum Source {
    /// Down these keys; none of them: the answer itself.
    Path(Vec<String>),
    /// A JSONPath without values of its own.
    Query(Box<JsonPath>),
    /// One with values, which is read when they are known.
    Filled(Template),
    Header(String),
    Cookie(String),
    /// A value of the call's, or captured.
    Value(Template),
    /// Not in the answer: this text.
    Literal(String),
}

/// What is around an answer's body.
pub trait Around {
    /// A value of the call's, or captured.
    fn value(&self, name: &Name) -> Option<Filled<'_>>;

    /// A header of the answer.
    fn header(&self, name: &str) -> Option<String>;

    /// A cookie of the caller's.
    fn cookie(&self, name: &str) -> Option<String>;
}

/// Nothing is: a body alone.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Around for Nothing {
    fn value(&self, _: &Name) -> Option<Filled<'_>> {
        None
    }

    fn header(&self, _: &str) -> Option<String> {
        None
    }

    fn cookie(&self, _: &str) -> Option<String> {
        None
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'v> {
    /// In the answer's body.
    Value(&'v Value),
    /// Elsewhere, or a part of it.
    Text(Cow<'v, str>),
}

impl Field {
    /// Whether it may be what a shop knows its callers by: a cookie, a header that is no address.
    pub fn may_be_a_token(&self) -> bool {
        self.places.iter().any(|place| match &place.source {
            Source::Cookie(_) => true,
            Source::Header(name) => !name.eq_ignore_ascii_case("location"),
            Source::Path(_)
            | Source::Query(_)
            | Source::Filled(_)
            | Source::Value(_)
            | Source::Literal(_) => false,
        })
    }
}

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let places = parted(&written).into_iter().map(|part| place(&written, part.trim()));
        let places = places.collect::<Result<_, String>>()?;
        Ok(Self { written, places })
    }
}

/// The parts between `|`, those inside of brackets and quotes left alone.
fn parted(written: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, c) in written.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) if depth > 0 => quote = Some(c),
            ('[' | '(', None) => depth += 1,
            (']' | ')', None) => depth = depth.saturating_sub(1),
            ('|', None) if depth == 0 => {
                parts.push(&written[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&written[begin..]);
    parts
}

fn place(written: &str, part: &str) -> Result<Place, String> {
    let (part, regex) = match part.split_once(" ~ ") {
        Some((part, regex)) => (part.trim(), Some(group_of(written, regex.trim())?)),
        None => (part, None),
    };
    Ok(Place { source: source(written, part)?, part: regex })
}

fn group_of(written: &str, regex: &str) -> Result<Regex, String> {
    let regex = Regex::new(regex).map_err(|error| format!("`{written}`: {error}"))?;
    match regex.captures_len() {
        2.. => Ok(regex),
        _ => Err(format!("`{written}`: the pattern has no group; put ( ) around what is wanted")),
    }
}

fn source(written: &str, part: &str) -> Result<Source, String> {
    let named = |name: &str| match name.trim() {
        "" => Err(format!("`{written}`: no name behind the colon")),
        name => Ok(name.to_owned()),
    };
    Ok(match part {
        "" => {
            return Err(format!("`{written}`: an empty path; write `.` for the answer itself"));
        }
        "." => Source::Path(Vec::new()),
        part if part.starts_with('$') => query(written, part)?,
        part if part.starts_with('{') => Source::Value(Template::try_from(part.to_owned())?),
        part => match (part.strip_prefix('='), part.split_once(':')) {
            (Some(literal), _) => Source::Literal(literal.to_owned()),
            (None, Some(("header", name))) => Source::Header(named(name)?),
            (None, Some(("cookie", name))) => Source::Cookie(named(name)?),
            (None, _) => path(written, part)?,
        },
    })
}

/// How many brackets stand in each other; those in quotes are text.
fn depth(query: &str) -> usize {
    let (mut open, mut deepest, mut quote) = (0_usize, 0, None);
    for c in query.chars() {
        match (c, quote) {
            (c, Some(begun)) if c == begun => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            ('[' | '(', None) => open += 1,
            (']' | ')', None) => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn path(written: &str, part: &str) -> Result<Source, String> {
    let keys: Vec<String> = part.split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        return Err(format!("`{written}`: an empty key; write keys with one point between"));
    }
    Ok(Source::Path(keys))
}

fn query(written: &str, part: &str) -> Result<Source, String> {
    if depth(part) > DEPTH_MAX || part.len() > QUERY_BYTES_MAX {
        return Err(format!(
            "`{}`: a JSONPath has at most {DEPTH_MAX} brackets in each other and \
             {QUERY_BYTES_MAX} bytes",
            visible::cut(written)
        ));
    }
    let unfit = |error: serde_json_path::ParseError| format!("`{written}`: no JSONPath: {error}");
    if !part.contains('{') {
        return Ok(Source::Query(Box::new(JsonPath::parse(part).map_err(unfit)?)));
    }
    let template = Template::try_from(part.to_owned())?;
    let with = |value: &str| {
        let value = Filled::Text(value.to_owned().into());
        let tried = template.render(&|_| Some(value.clone()), &str::to_owned);
        JsonPath::parse(&tried.unwrap_or_default())
    };
    // A value without quotes around it is a number.
    with("x").or_else(|error| with("1").map_err(|_| error)).map_err(unfit)?;
    Ok(Source::Filled(template))
}

impl Field {
    /// As written in the profile.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The templates in it.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.places.iter().filter_map(|place| match &place.source {
            Source::Filled(template) | Source::Value(template) => Some(template),
            Source::Path(_)
            | Source::Query(_)
            | Source::Header(_)
            | Source::Cookie(_)
            | Source::Literal(_) => None,
        })
    }

    /// Whether more is looked at than the body.
    pub fn looks_around(&self) -> bool {
        self.places.iter().any(|place| match &place.source {
            Source::Filled(_) | Source::Value(_) | Source::Header(_) | Source::Cookie(_) => true,
            Source::Path(_) | Source::Query(_) | Source::Literal(_) => false,
        })
    }

    /// The value in `root`, from the first place that has one.
    pub fn find<'v>(&'v self, root: &'v Value, around: &'v dyn Around) -> Option<Found<'v>> {
        self.places.iter().find_map(|place| {
            let found = place.source.find(root, around)?;
            match &place.part {
                None => Some(found),
                Some(regex) => {
                    let text = found.text()?;
                    let group = regex.captures(&text)?.get(1)?.as_str().to_owned();
                    Some(Found::Text(group.into()))
                }
            }
        })
    }

    /// Whether what is there is this word; `None` where nothing is, or the word has no value.
    pub fn says(&self, root: &Value, around: &dyn Around, word: &Template) -> Option<bool> {
        let word = word.render(&|name| around.value(name), &str::to_owned).ok()?;
        let found = self.find(root, around)?;
        found.text().map(|text| *text == *word)
    }

    /// Each value there is in the first place that has any: the nodes of a JSONPath, the items of a
    /// list.
    pub fn find_all(&self, root: &Value, around: &dyn Around) -> Vec<Value> {
        let nodes = |query: &JsonPath| query.query(root).all().into_iter().cloned().collect();
        let all = self.places.iter().map(|place| match place.source.query(around) {
            Some(query) => nodes(&query),
            None => match place.source.find(root, around) {
                Some(Found::Value(Value::Array(items))) => items.clone(),
                Some(Found::Value(value)) => vec![value.clone()],
                Some(Found::Text(text)) => vec![Value::from(text.into_owned())],
                None => Vec::new(),
            },
        });
        let parts = self.places.iter().map(|place| place.part.as_ref());
        let mut all = all.zip(parts).map(|(mut values, part): (Vec<Value>, _)| {
            values.retain(|value| !value.is_null());
            match part {
                None => values,
                Some(regex) => values.iter().filter_map(|value| parted_of(value, regex)).collect(),
            }
        });
        all.find(|values| !values.is_empty()).unwrap_or_default()
    }
}

/// The first group of what a value says.
fn parted_of(value: &Value, regex: &Regex) -> Option<Value> {
    let text = Found::Value(value).text()?.into_owned();
    Some(regex.captures(&text)?.get(1)?.as_str().into())
}

impl Source {
    /// The JSONPath that it is, if it is one and its values are known.
    fn query(&self, around: &dyn Around) -> Option<Cow<'_, JsonPath>> {
        match self {
            Self::Query(query) => Some(Cow::Borrowed(query)),
            Self::Filled(template) => filled(template, around).map(Cow::Owned),
            Self::Path(_)
            | Self::Header(_)
            | Self::Cookie(_)
            | Self::Value(_)
            | Self::Literal(_) => None,
        }
    }

    fn find<'v>(&'v self, root: &'v Value, around: &'v dyn Around) -> Option<Found<'v>> {
        let value = match self {
            Self::Literal(text) => return Some(Found::Text(text.into())),
            Self::Header(name) => return around.header(name).map(|text| Found::Text(text.into())),
            Self::Cookie(name) => return around.cookie(name).map(|text| Found::Text(text.into())),
            Self::Value(template) => {
                let text = template.render(&|name| around.value(name), &str::to_owned).ok()?;
                return Some(Found::Text(text.into()));
            }
            Self::Path(keys) => keys.iter().try_fold(root, |value, key| step_into(value, key))?,
            Self::Query(query) => first(query, root)?,
            Self::Filled(template) => first(&filled(template, around)?, root)?,
        };
        (!value.is_null()).then_some(Found::Value(value))
    }
}

fn first<'v>(query: &JsonPath, root: &'v Value) -> Option<&'v Value> {
    query.query(root).all().into_iter().find(|value| !value.is_null())
}

/// The JSONPath with values in place: they stand in quotes, which they must not end.
fn filled(template: &Template, around: &dyn Around) -> Option<JsonPath> {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('\'', "\\'");
    let text = template.render(&|name| around.value(name), &quoted).ok()?;
    JsonPath::parse(&text).ok()
}

impl Found<'_> {
    /// The text of a text or a number.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(text.as_ref().into()),
            Self::Value(Value::String(text)) => Some(text.into()),
            Self::Value(Value::Number(number)) => Some(number.to_string().into()),
            Self::Value(Value::Bool(flag)) => Some(flag.to_string().into()),
            Self::Value(Value::Null | Value::Array(_) | Value::Object(_)) => None,
        }
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
#[path = "field_tests.rs"]
mod tests;
