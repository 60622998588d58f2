//! An operation as a call of a profile: which of its values are the step's, which are captured,
//! and which nobody knows.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document::{Goes, Operation, Written};
use super::drafted::Drafted;
use super::naming::{self, Paged};
use super::roles::Role;
use super::schema::{Kind, Schemas};
use super::words::{has_any, value_name, words};

/// Objects in each other that are filled in.
const BODY_DEPTH: usize = 5;
/// Objects that are looked into for one body.
const OBJECTS_MAX: usize = 400;
/// Bytes of a key.
const NAME_BYTES_MAX: usize = 100;
/// Keys of an object.
const KEYS_MAX: usize = 40;
/// Marks of a call, and parameters that are named in one.
const NOTES_MAX: usize = 12;
/// Characters of a text that a document gives.
const LITERAL_CHARS_MAX: usize = 200;

/// Keys that shops fill in themselves, whatever their schemas say of requests.
const MADE_THERE: [&str; 5] = ["id", "created_at", "updated_at", "createdAt", "updatedAt"];

/// Words of values that a person has to agree with.
const AGREES: [&str; 7] = ["accept", "agree", "term", "consent", "tos", "confirm", "legal"];

/// Makes calls of operations.
pub(super) struct Asking<'r, 'd> {
    pub schemas: &'r Schemas<'d>,
    pub role: Role,
    /// How pages are asked for.
    pub paged: Paged,
    /// Objects that were looked into.
    pub objects: Cell<usize>,
}

impl<'r, 'd> Asking<'r, 'd> {
    pub(super) fn new(schemas: &'r Schemas<'d>, role: Role, paged: Paged) -> Self {
        Self { schemas, role, paged, objects: Cell::new(0) }
    }

    /// The call.
    pub(super) fn call(&self, operation: &Operation<'d>) -> Drafted {
        let mut call = Drafted { method: Some(operation.method), ..Drafted::default() };
        call.path = self.path(operation);
        for parameter in &operation.parameters {
            if parameter.name.len() > NAME_BYTES_MAX {
                continue;
            }
            let said = match (parameter.goes, self.parameter(parameter.name)) {
                (Goes::Query, Some(known)) => Some(known),
                (Goes::Query, None) if parameter.required => {
                    let value = self.value(parameter.name, parameter.schema, &mut call.notes);
                    Some(as_text(&value))
                }
                (Goes::Query | Goes::Header, _) => None,
            };
            call.query.extend(said.map(|text| (parameter.name.to_owned(), text)));
        }
        if let Some((written, schema)) = operation.body {
            let mut notes = Vec::new();
            let body = self.object(schema, 0, &mut notes);
            call.notes.extend(notes);
            call.body = body.as_object().is_some_and(|b| !b.is_empty()).then_some((written, body));
        }
        if self.role == Role::ListProducts {
            call.notes.extend(left_out(operation, &call));
        }
        let mut known = BTreeSet::new();
        call.notes.retain(|note| known.insert(note.clone()));
        call.notes.truncate(NOTES_MAX);
        let usual = [200, 201, 204];
        if operation.ok.iter().any(|status| !usual.contains(status)) {
            call.ok.clone_from(&operation.ok);
        }
        call
    }

    /// The path with its values by their names in profiles.
    fn path(&self, operation: &Operation<'d>) -> String {
        let values = operation.segments.iter().filter(|segment| segment.value.is_some()).count();
        let (mut seen, mut noun, mut path) = (0, Vec::new(), String::new());
        for part in operation.path.split('/').filter(|part| !part.is_empty()) {
            path.push('/');
            let mut rest = part;
            while let Some((before, inner)) = rest.split_once('{') {
                let Some((name, after)) = inner.split_once('}') else { break };
                seen += 1;
                path.push_str(before);
                let is_last = seen == values && operation.ends_in_value();
                path.push_str(&self.path_value(name, &noun, is_last));
                rest = after;
            }
            path.push_str(rest);
            if !part.contains('{') {
                noun = words(part);
            }
        }
        path
    }

    fn path_value(&self, name: &str, noun: &[String], is_last: bool) -> String {
        let own = words(name);
        let coupon = ["coupon", "discount", "code", "giftcard"];
        let named = [
            (Role::ViewProduct, "{product_id}", true),
            (Role::ReadOrder, "{order_id}", true),
            (Role::RemoveLine, "{line}", true),
            (Role::ApplyCoupon, "{coupon_code}", has_any(noun, &coupon) || has_any(&own, &coupon)),
        ];
        let mut named = named.into_iter().filter(|(role, ..)| *role == self.role && is_last);
        if let Some((_, known, true)) = named.next() {
            return known.to_owned();
        }
        // What is only called an id is one of what it stands behind.
        let meant = naming::meant(&own, noun);
        if let Some(known) = naming::built_in(self.role, &meant) {
            return known.to_owned();
        }
        format!("{{{}}}", naming::own_name(&own, noun))
    }

    /// Whether there is a cart that it is about.
    fn is_about_cart(&self) -> bool {
        !matches!(
            self.role,
            Role::ListProducts
                | Role::ViewProduct
                | Role::LatestOrder
                | Role::ReadOrder
                | Role::CreateCart
                | Role::Health
                | Role::Login
                | Role::Register
        )
    }

    /// What a parameter that may be left out is filled with.
    fn parameter(&self, name: &str) -> Option<String> {
        let words = words(name);
        let paged = matches!(self.role, Role::ListProducts | Role::LatestOrder);
        let of_page = if paged { self.paged.value(&words) } else { None };
        let known = of_page.or_else(|| naming::built_in(self.role, &words)).map(str::to_owned);
        let is_cart = self.is_about_cart() && naming::is_cart(&words);
        known.or_else(|| is_cart.then(|| "{cart_id}".to_owned()))
    }

    /// The data of an object.
    fn object(&self, schema: &'d Value, depth: usize, notes: &mut Vec<String>) -> Value {
        let mut data = Map::new();
        self.objects.set(self.objects.get() + 1);
        if self.objects.get() > OBJECTS_MAX {
            return Value::Object(data);
        }
        let required = self.schemas.required(schema);
        let properties = self.schemas.properties(schema).into_iter();
        let properties = properties.filter(|(name, _)| name.len() <= NAME_BYTES_MAX);
        let is_flat = |schema| !matches!(self.schemas.kind(schema), Kind::Object | Kind::List);
        // What is named beside the rest says that nothing further inside is asked for.
        let (flat, nested): (Vec<_>, Vec<_>) = properties.partition(|(_, schema)| is_flat(schema));
        for (name, schema) in flat {
            let is_made_there = depth > 0 && MADE_THERE.contains(&name);
            let must = required.contains(name) && !is_made_there;
            let is_yes_or_no = self.schemas.kind(schema) == Kind::YesNo;
            let known = self.known(name, depth).filter(|_| !is_yes_or_no);
            let value = match known {
                Some(text) => Some(Value::String(text)),
                None if must => Some(self.value(name, schema, notes)),
                None => None,
            };
            if let Some(value) = value.filter(|_| data.len() < KEYS_MAX) {
                data.insert(name.to_owned(), value);
            }
        }
        for (name, schema) in nested {
            let must = required.contains(name);
            let is_complete = data.values().any(|value| self.is_what_it_is_about(value));
            if depth >= BODY_DEPTH || data.len() >= KEYS_MAX {
                continue;
            }
            let mut inner_notes = Vec::new();
            let value = self.nested(name, schema, depth, &mut inner_notes);
            let says = value.as_ref().is_some_and(|value| self.is_what_it_is_about(value));
            let is_other =
                has_any(&words(name), &["custom", "shipping", "delivery", "fulfillment"]);
            let wanted = must || (says && !is_complete && !is_other) || self.wants_address(name);
            if let Some(value) = value.filter(|_| wanted) {
                data.insert(name.to_owned(), value);
                notes.extend(inner_notes);
            }
        }
        Value::Object(data)
    }

    /// Whether what a call is about is in it.
    fn is_what_it_is_about(&self, value: &Value) -> bool {
        let about = [
            (Role::AddItem, "{quantity}"),
            (Role::ApplyCoupon, "{coupon_code}"),
            (Role::ListProducts, "{limit}"),
        ];
        let Some((_, wanted)) = about.iter().find(|(role, _)| *role == self.role) else {
            return false;
        };
        match value {
            Value::String(text) => text == *wanted,
            Value::Array(items) => items.iter().any(|item| self.is_what_it_is_about(item)),
            Value::Object(entries) => entries.values().any(|v| self.is_what_it_is_about(v)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn nested(
        &self,
        name: &str,
        schema: &'d Value,
        depth: usize,
        notes: &mut Vec<String>,
    ) -> Option<Value> {
        if self.schemas.kind(schema) == Kind::Object {
            let data = self.object(schema, depth + 1, notes);
            return Some(data);
        }
        let items = self.schemas.items(schema)?;
        match self.schemas.kind(items) {
            Kind::Object => Some(Value::Array(vec![self.object(items, depth + 1, notes)])),
            Kind::List => None,
            Kind::Text | Kind::Whole | Kind::Number | Kind::YesNo | Kind::Unknown => {
                let known = self.known(name, depth).map(Value::String);
                Some(Value::Array(known.into_iter().collect()))
            }
        }
    }

    /// What a key that may be left out is filled with.
    fn known(&self, name: &str, depth: usize) -> Option<String> {
        let words = words(name);
        if depth == 0
            && let Some(known) = self.parameter(name)
        {
            return Some(known);
        }
        if let Some(known) = naming::built_in(self.role, &words) {
            return Some(known.to_owned());
        }
        if self.role == Role::ChooseShipping && words.ends_with(&["id".to_owned()]) {
            let is_choice = has_any(&words, &["option", "method", "rate", "delivery"]);
            return is_choice.then(|| format!("{{{}}}", naming::own_name(&words, &[])));
        }
        let of_person = naming::person(&words).filter(|_| self.is_of_person(&words, depth));
        of_person.map(str::to_owned)
    }

    /// Whether a call is one that says who buys.
    fn is_of_person(&self, words: &[String], depth: usize) -> bool {
        let of_account = ["email", "password", "username", "login"];
        let is_one_of = |roles: &[Role]| roles.contains(&self.role);
        let buys = is_one_of(&[Role::CreateCart, Role::Checkout]);
        self.role == Role::SetAddress
            || (is_one_of(&[Role::Login, Role::Register]) && has_any(words, &of_account))
            || (buys && (depth > 0 || has_any(words, &["email"])))
    }

    fn wants_address(&self, name: &str) -> bool {
        let words = words(name);
        let is_one = has_any(&words, &["address"]) && !has_any(&words, &["billing"]);
        let says_who = matches!(self.role, Role::CreateCart | Role::Checkout | Role::SetAddress);
        is_one && says_who
    }

    /// What a value that must be there is filled with.
    fn value(&self, name: &str, schema: &'d Value, notes: &mut Vec<String>) -> Value {
        let own = words(name);
        if naming::is_cart(&own) && self.is_about_cart() {
            return Value::String("{cart_id}".to_owned());
        }
        if let Some(text) = naming::person(&own) {
            return Value::String(text.to_owned());
        }
        let kind = self.schemas.kind(schema);
        if kind == Kind::YesNo {
            let told = self.schemas.told(schema).and_then(Value::as_bool).unwrap_or(false);
            return Value::Bool(told || has_any(&own, &AGREES));
        }
        if let Some(told) = self.schemas.told(schema).and_then(literal) {
            let choice = self.schemas.word(schema, "enum").and_then(Value::as_array);
            if let Some(choice) = choice.filter(|choice| choice.len() > 1) {
                let others: Vec<_> = choice.iter().take(8).map(Value::to_string).collect();
                notes.push(format!("{name}: one of {}", others.join(", ")));
            }
            return told;
        }
        let is_id = has_any(&own, &["id", "uuid", "token", "key"]);
        if let Some(example) = self.schemas.example(schema).and_then(literal).filter(|_| !is_id) {
            notes.push(format!("{name}: as in the document's example"));
            return example;
        }
        match value_name(&own).as_str() {
            "" => Value::String(String::new()),
            _ => Value::String(format!("{{{}}}", naming::own_name(&own, &[]))),
        }
    }
}

/// The parameters that the document has and the call does not.
fn left_out(operation: &Operation<'_>, call: &Drafted) -> Option<String> {
    let asked = operation.parameters.iter().filter(|parameter| parameter.goes == Goes::Query);
    let more = asked.filter(|parameter| !call.query.iter().any(|(name, _)| name == parameter.name));
    let more: Vec<&str> = more.map(|parameter| parameter.name).take(NOTES_MAX).collect();
    (!more.is_empty()).then(|| format!("query: there are {} too", more.join(", ")))
}

/// A value of a document as it may stand in a template; `None` where it is no plain one.
fn literal(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.chars().count() <= LITERAL_CHARS_MAX => {
            Some(Value::String(text.replace('{', "{{").replace('}', "}}")))
        }
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) => (number.is_i64() || number.is_u64()).then(|| value.clone()),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A form's fields: texts alone.
pub(super) fn form(body: &Value) -> Vec<(String, String)> {
    let entries = body.as_object().into_iter().flatten();
    let flat = entries.filter(|(_, value)| !value.is_object() && !value.is_array());
    flat.map(|(key, value)| (key.clone(), as_text(value))).collect()
}

/// How a body is written, with what is in it.
pub(super) type Sent = Option<(Written, Value)>;
