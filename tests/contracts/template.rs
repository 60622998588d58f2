//! What a contract answers: JSON with placeholders, filled in from what an operation found.
//!
//! - `"{cart.id}"` is the value itself, `"cart {cart.id}"` a text with it; `"{x?}"` leaves its key
//!   out where there is none, `"{x:number}"` and `"{x:text}"` change its type
//! - `"@cart"` is the view of this name
//! - `["each line in cart.lines", {..}]` is one of these a line
//! - `{"if": "cart", "then": .., "else": ..}`: something that is not null, false or empty

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// The key of an amount in what an operation found.
const MINOR: &str = "minor units";

/// How a shop writes money.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Money {
    /// `12.5` as a number.
    Units,
    /// `"12.50"`.
    UnitsAsText,
    /// `1250`.
    Minor,
}

/// An amount in the smallest unit.
pub fn amount(minor: i64) -> Value {
    Value::from(Map::from_iter([(MINOR.to_owned(), Value::from(minor))]))
}

/// An answer as a contract writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: Value,
    /// In place of a body: a page.
    #[serde(default)]
    pub page: Option<String>,
}

fn ok() -> u16 {
    200
}

/// How a shop writes.
pub struct Hand<'a> {
    pub money: Money,
    pub views: &'a BTreeMap<String, Value>,
}

/// What names stand for: those of the lists around, then the operation's.
struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    /// One of a list.
    one: Option<(&'a str, &'a Value)>,
    found: &'a Value,
}

impl Hand<'_> {
    /// This template, filled in.
    pub fn body(&self, template: &Value, found: &Value) -> Value {
        let scope = Scope { outer: None, one: None, found };
        self.filled(template, &scope).unwrap_or_default()
    }

    /// This text, filled in.
    pub fn text(&self, template: &str, found: &Value) -> String {
        self.texts(template, &Scope { outer: None, one: None, found })
    }

    /// `None`: it is left out.
    fn filled(&self, template: &Value, scope: &Scope<'_>) -> Option<Value> {
        match template {
            Value::String(text) => self.word(text, scope),
            Value::Array(parts) => Some(self.list(parts, scope)),
            Value::Object(parts) => match (parts.get("if"), parts.get("then")) {
                (Some(Value::String(asked)), Some(then)) => {
                    let is_so = is_there(&scope.value(asked));
                    let chosen = if is_so { Some(then) } else { parts.get("else") };
                    chosen.map_or(Some(Value::Null), |chosen| self.filled(chosen, scope))
                }
                _ => Some(Value::Object(self.object(parts, scope))),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(template.clone()),
        }
    }

    fn object(&self, parts: &Map<String, Value>, scope: &Scope<'_>) -> Map<String, Value> {
        let of = |(key, part): (&String, &Value)| {
            Some((self.texts(key, scope), self.filled(part, scope)?))
        };
        parts.iter().filter_map(of).collect()
    }

    fn list(&self, parts: &[Value], scope: &Scope<'_>) -> Value {
        let each = parts.first().and_then(Value::as_str).and_then(|it| it.strip_prefix("each "));
        let Some((name, of)) = each.and_then(|each| each.split_once(" in ")) else {
            return parts.iter().filter_map(|part| self.filled(part, scope)).collect();
        };
        let ones = scope.value(of);
        let ones = ones.as_array().unwrap_or_else(|| panic!("{of} is no list: {ones}"));
        let fill = |one: &Value| {
            let inner = Scope { outer: Some(scope), one: Some((name, one)), found: scope.found };
            self.filled(&parts[1], &inner)
        };
        ones.iter().filter_map(fill).collect()
    }

    fn word(&self, text: &str, scope: &Scope<'_>) -> Option<Value> {
        if let Some(view) = text.strip_prefix('@') {
            let view = self.views.get(view).unwrap_or_else(|| panic!("no view {view}"));
            return self.filled(view, scope);
        }
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = inner.filter(|name| !name.contains('{')) else {
            return Some(Value::from(self.texts(text, scope)));
        };
        let (name, is_optional) = name.strip_suffix('?').map_or((name, false), |it| (it, true));
        let (name, kind) = name.split_once(':').map_or((name, None), |(it, as_a)| (it, Some(as_a)));
        let value = self.shown(scope.value(name));
        match (kind, &value) {
            (_, Value::Null) if is_optional => None,
            (Some("number"), Value::String(digits)) => Some(number(digits)),
            (Some("text"), Value::Number(number)) => Some(Value::from(number.to_string())),
            _ => Some(value),
        }
    }

    fn texts(&self, template: &str, scope: &Scope<'_>) -> String {
        let (mut text, mut rest) = (String::new(), template);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a placeholder ends");
            text += before;
            let value = self.shown(scope.value(name));
            if !value.is_null() {
                text += &as_text(&value);
            }
            rest = after;
        }
        text + rest
    }

    /// Amounts as the shop writes them.
    fn shown(&self, value: Value) -> Value {
        let Some(minor) = value.get(MINOR).and_then(Value::as_i64) else { return value };
        let sign = if minor < 0 { "-" } else { "" };
        let (units, cents) = (minor.abs() / 100, minor.abs() % 100);
        let units = format!("{sign}{units}.{cents:02}");
        match self.money {
            Money::Units => number(&units),
            Money::UnitsAsText => Value::from(units),
            Money::Minor => Value::from(minor),
        }
    }
}

impl Scope<'_> {
    /// What stands at `a.b.0`; null for nothing.
    fn value(&self, path: &str) -> Value {
        let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some((name, one)) = here.one
                && name == first
            {
                return rest.map_or(Some(one), |rest| at(one, rest)).cloned().unwrap_or_default();
            }
            scope = here.outer;
        }
        at(self.found, path).cloned().unwrap_or_default()
    }
}

/// What stands there.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            value.get(key)
        }
    })
}

/// Texts as they are, all else as JSON.
pub fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is_so) => *is_so,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Number(_) | Value::Object(_) => true,
    }
}

fn number(digits: &str) -> Value {
    let number: Number = serde_json::from_str(digits).unwrap_or_else(|e| panic!("{digits}: {e}"));
    Value::Number(number)
}

#[test]
fn a_template_is_filled_in() {
    let template: Value = ron::from_str(
        r#"{"cart": "@cart", "{field}": true, "none": "{no.such?}", "null": "{no.such}",
            "state": {"if": "cart.lines", "then": "full", "else": "empty"}}"#,
    )
    .unwrap();
    let view: Value = ron::from_str(
        r#"{"id": "c-{cart.id}", "lines": ["each line in cart.lines",
            {"sku": "{line.sku:number}", "price": "{line.price}", "cart": "{cart.id:text}"}]}"#,
    )
    .unwrap();
    let views = BTreeMap::from([("cart".to_owned(), view)]);
    let line = serde_json::json!({"sku": "7", "price": amount(1205)});
    let found = serde_json::json!({"field": "add", "cart": {"id": 3, "lines": [line]}});
    let body = Hand { money: Money::Units, views: &views }.body(&template, &found).to_string();
    let wanted = r#"{"add":true,"cart":{"id":"c-3","lines":[{"cart":"3","price":12.05,"sku":7}]},"#;
    assert_eq!(body, format!(r#"{wanted}"null":null,"state":"full"}}"#));
    let body = Hand { money: Money::UnitsAsText, views: &views }
        .body(&"{x}".into(), &{ serde_json::json!({"x": amount(-5)}) });
    assert_eq!(body, "-0.05");
}
