//! A contract as its file has it: which call is which operation, where what it needs stands in the
//! request, and what is answered.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operations::{Operation, Refusal};
use super::shop::Rules;
use super::template::{Money, Said, at};

/// A contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    pub money: Money,
    pub rules: Rules,
    #[serde(default)]
    pub session: Option<SessionRule>,
    /// What calls must have, whatever they ask for.
    #[serde(default)]
    pub guards: Vec<Guard>,
    pub routes: Vec<Route>,
    #[serde(default)]
    pub views: BTreeMap<String, Value>,
    pub refusals: BTreeMap<Refusal, Said>,
    /// Refusals without a word: the answer is that of a success.
    #[serde(default)]
    pub quiet: BTreeSet<Refusal>,
}

/// Where the token of a session is, and who is without one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRule {
    pub key: String,
    pub without: Without,
    /// Headers of an answer that hands a session out.
    #[serde(default)]
    pub says: Vec<(String, String)>,
    /// Where calls that change something show the session's second token.
    #[serde(default)]
    pub csrf: Option<String>,
}

/// What becomes of a call with no known session.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Without {
    /// Whatever is said is who it is; who says nothing is refused.
    Trusted,
    /// A new one is opened, silently.
    Opened,
    /// All of them are one.
    Shared,
    /// It is refused, but for registration and login.
    Refused,
    /// None is needed, but a token must be known.
    Anonymous,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// What the path begins with.
    #[serde(default)]
    pub path: String,
    pub has: String,
    pub or: Refusal,
}

/// A call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `METHOD /path/{with}/{inputs}`, and the first field of a GraphQL query behind it.
    pub on: String,
    pub does: Operation,
    /// Where its inputs are, beside those in the path.
    #[serde(default)]
    pub takes: BTreeMap<String, String>,
    /// It is only this call where there is something at this place.
    #[serde(default)]
    pub when: Option<String>,
    pub says: Said,
    /// Refusals that sound differently here.
    #[serde(default)]
    pub refuses: BTreeMap<Refusal, Said>,
}

/// Reads a file of a contract.
pub fn read<T: DeserializeOwned>(name: &str, text: &str) -> T {
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(text).unwrap_or_else(|error| panic!("{name}:{error}"))
}

/// A request that came in.
pub struct Asked {
    pub method: String,
    pub path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: String,
    json: Value,
}

impl Asked {
    /// Head and body of a request.
    pub fn read(request: &str) -> Option<Self> {
        let (head, body) = request.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_lowercase(), value.trim().to_owned()))
        };
        Some(Self {
            method,
            path: path.to_owned(),
            query: pairs(query),
            headers: lines.filter_map(header).collect(),
            body: body.to_owned(),
            json: serde_json::from_str(body).unwrap_or_default(),
        })
    }

    /// What stands at a place such as `json:a.b.0`, `query:x`, `header:x ~ Bearer ` (behind these
    /// words), `=text`.
    pub fn find(&self, place: &str) -> Option<Value> {
        if let Some(text) = place.strip_prefix('=') {
            return Some(text.into());
        }
        let (place, words) = parted(place);
        let (kind, name) = place.split_once(':').unwrap_or_else(|| panic!("no place: {place}"));
        let found = match kind {
            "json" => at(&self.json, name).filter(|value| !value.is_null()).cloned(),
            "query" => self.query.get(name).cloned().map(Value::from),
            "header" => self.headers.get(name).cloned().map(Value::from),
            "form" => pairs(&self.body).remove(name).map(Value::from),
            "cookie" => {
                let cookies = self.headers.get("cookie")?.split("; ");
                let mut cookies = cookies.filter_map(|cookie| cookie.split_once('='));
                cookies.find(|(of, _)| *of == name).map(|(_, value)| value.into())
            }
            _ => panic!("no place: {place}"),
        }?;
        behind(found, words)
    }

    /// The first field of a GraphQL query.
    fn field(&self) -> Option<&str> {
        self.named_field().map(|(_, field)| field)
    }

    /// The same with the name that its answer is to have: `other: field`.
    pub fn named_field(&self) -> Option<(&str, &str)> {
        let query = self.json.get("query")?.as_str()?;
        let (_, fields) = query.split_once('{')?;
        let fields = fields.trim_start();
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let name = |text: &str| text.find(|c| !is_name(c)).unwrap_or(text.len());
        let (first, rest) = fields.split_at(name(fields));
        let aliased = rest.trim_start().strip_prefix(':').map(str::trim_start);
        Some((first, aliased.map_or(first, |field| &field[..name(field)])))
    }
}

/// A place, and the words behind which it is taken.
fn parted(place: &str) -> (&str, Option<&str>) {
    place.split_once(" ~ ").map_or((place, None), |(place, words)| (place, Some(words)))
}

/// What stands behind these words.
fn behind(found: Value, words: Option<&str>) -> Option<Value> {
    let Some(words) = words else { return Some(found) };
    Some(found.as_str()?.split_once(words)?.1.into())
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl Route {
    /// The inputs of this call, if the request is one.
    pub fn inputs(&self, asked: &Asked) -> Option<BTreeMap<String, Value>> {
        let mut on = self.on.split(' ');
        let (method, path, field) = (on.next()?, on.next()?, on.next());
        let is_so = self.when.as_ref().is_none_or(|place| asked.find(place).is_some());
        if method != asked.method || !is_so || (field.is_some() && field != asked.field()) {
            return None;
        }
        let (wanted, given) = (path.split('/'), asked.path.split('/'));
        if wanted.clone().count() != given.clone().count() {
            return None;
        }
        let mut inputs: BTreeMap<String, Value> = BTreeMap::new();
        for (wanted, given) in wanted.zip(given) {
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => _ = inputs.insert(name.to_owned(), decoded(given).into()),
                None if wanted == given => {}
                None => return None,
            }
        }
        for (name, place) in &self.takes {
            let found = match parted(place) {
                (place, words) if place.starts_with("path:") => {
                    behind(inputs.get(&place["path:".len()..])?.clone(), words)
                }
                (_, _) => asked.find(place),
            };
            inputs.extend(found.map(|found| (name.clone(), found)));
        }
        if let Some(field) = field {
            inputs.insert("field".to_owned(), field.into());
        }
        Some(inputs)
    }
}

#[test]
fn what_a_call_needs_is_found_in_its_request() {
    let query = "mutation ($n: Int!) { addItem(n: $n) { id } }";
    let request = format!(
        "POST /carts/c%201/lines?n=2 HTTP/1.1\r\nCookie: a=1; sid=s7\r\n\
         authorization: Bearer t0k\r\n\r\n{{\"query\": \"{query}\", \"v\": [{{\"n\": 2}}]}}"
    );
    let asked = Asked::read(&request).unwrap();
    let route = |on: &str| {
        let takes = r#"{"sku": "json:v.0.n", "n": "query:n", "who": "cookie:sid",
                        "token": "header:authorization ~ Bearer ", "no": "query:no",
                        "number": "path:cart ~ c "}"#;
        let text = format!("(on: \"{on}\", does: add, takes: {takes}, says: ())");
        read::<Route>("test", &text).inputs(&asked)
    };
    let inputs = route("POST /carts/{cart}/lines addItem").unwrap();
    let said = serde_json::to_string(&inputs).unwrap();
    let wanted = r#"{"cart":"c 1","field":"addItem","n":"2","number":"1","sku":2,"#;
    assert_eq!(said, format!(r#"{wanted}"token":"t0k","who":"s7"}}"#));
    assert!(route("GET /carts/{cart}/lines").is_none());
    assert!(route("POST /carts/{cart}").is_none());
    assert!(route("POST /carts/{cart}/lines other").is_none());
}
