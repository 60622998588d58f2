//! How a document says that callers prove who they are, and what a profile has for it.

use serde_json::Value;

use super::document::{Document, Goes, Operation};
use super::drafted::Drafted;
use super::fields;
use super::naming::Paged;
use super::request::Asking;
use super::roles::{Role, Roles};
use super::wanted::TOKEN;
use super::words::{has_any, value_name, words};

/// The header of tokens.
pub(super) const AUTHORIZATION: &str = "authorization";

/// What a draft says of callers.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// Headers of all calls.
    pub headers: Vec<(String, String)>,
    /// Secrets by their variables: name, variable.
    pub secrets: Vec<(String, String)>,
    /// Values taken from any answer: name, place.
    pub watch: Vec<(String, String)>,
    /// Parameters of all calls.
    pub query: Vec<(String, String)>,
    /// A bearer token that all callers share: its variable.
    pub bearer: Option<String>,
    pub keeps_cookies: bool,
    pub notes: Vec<String>,
}

/// The calls by which an agent logs in; empty where the document has none.
pub(super) fn login<'r, 'd>(roles: &'r Roles<'r, 'd>) -> Vec<(Drafted, &'r Operation<'d>)> {
    let schemas = &roles.document().schemas;
    let Some(operation) = roles.pick(Role::Login) else { return Vec::new() };
    let Some(answer) = operation.answer else { return Vec::new() };
    let places = schemas.places(answer, 3, false);
    let Some(token) = fields::pick(&places, &TOKEN) else { return Vec::new() };
    let draft = |role, operation| Asking::new(schemas, role, Paged::NONE).call(operation);
    let mut calls = Vec::new();
    if let Some(register) = roles.pick(Role::Register)
        && !std::ptr::eq(register, operation)
    {
        let mut call = draft(Role::Register, register);
        // Who is known already is refused.
        call.optional = true;
        calls.push((call, register));
    }
    let mut call = draft(Role::Login, operation);
    call.capture.push(("token".to_owned(), token.written()));
    calls.push((call, operation));
    calls
}

/// What callers need for these operations; `has_login` says that there is a `{token}`.
pub(super) fn of<'d>(document: &Document<'d>, used: &[&Operation<'d>], has_login: bool) -> Callers {
    let mut callers = Callers::default();
    let variable = |word: &str| {
        let name = format!("{}_{word}", document.name).to_uppercase();
        name.chars().take(60).collect::<String>()
    };
    for scheme in schemes(document, used) {
        let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_basic = text("type") == "basic" || text("scheme").eq_ignore_ascii_case("basic");
        match (text("type"), text("in")) {
            ("apiKey", place) => key(&mut callers, used, text("name"), place, &variable),
            _ if is_basic => {
                callers.header("authorization", "Basic {basic}");
                callers.secret("basic", variable("BASIC"));
                callers.notes.push("basic: user:password in base64".to_owned());
            }
            ("http" | "oauth2" | "openIdConnect", _) if has_login => {
                callers.header(AUTHORIZATION, "Bearer {token}");
            }
            ("http" | "oauth2" | "openIdConnect", _) => {
                callers.bearer = Some(variable("TOKEN"));
            }
            (_, _) => {}
        }
    }
    headers(&mut callers, used, &variable);
    if callers.headers.iter().any(|(name, _)| name == AUTHORIZATION) {
        callers.bearer = None;
    }
    if callers.bearer.is_some() {
        let note = "one token for all callers; where each has its own, get it in setup.agent (a \
                    login, with `capture`)";
        callers.notes.push(note.to_owned());
    }
    callers
}

impl Callers {
    fn header(&mut self, name: &str, value: &str) {
        if !self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    fn secret(&mut self, name: &str, variable: String) {
        if !self.secrets.iter().any(|(known, _)| known == name) {
            self.secrets.push((name.to_owned(), variable));
        }
    }

    /// Whether it sets a value.
    pub(super) fn has(&self, name: &str) -> bool {
        let set = self.secrets.iter().chain(&self.watch);
        set.into_iter().any(|(known, _)| known == name)
    }
}

/// A key in a header, a parameter or a cookie.
fn key(
    callers: &mut Callers,
    used: &[&Operation<'_>],
    header: &str,
    place: &str,
    variable: &dyn Fn(&str) -> String,
) {
    let name = value_name(&words(header));
    if name.is_empty() || header.len() > 100 {
        return;
    }
    match place {
        "header" if header.eq_ignore_ascii_case("authorization") => {
            callers.header("authorization", "{authorization}");
            callers.secret("authorization", variable("AUTHORIZATION"));
        }
        "header" if is_given(used, header) || is_of_session(header) => {
            watched(callers, header, &name)
        }
        "header" if is_header(header) => {
            callers.header(header, &format!("{{{name}}}"));
            callers.secret(&name, variable(&name));
        }
        "query" => {
            callers.query.push((header.to_owned(), format!("{{{name}}}")));
            callers.secret(&name, variable(&name));
        }
        "cookie" => callers.keeps_cookies = true,
        _ => {}
    }
}

/// Headers that operations ask for beside their schemes.
fn headers(callers: &mut Callers, used: &[&Operation<'_>], variable: &dyn Fn(&str) -> String) {
    let all = used.iter().flat_map(|operation| &operation.parameters);
    let asked = all.filter(|parameter| parameter.goes == Goes::Header);
    for parameter in asked {
        let own = words(parameter.name);
        let name = value_name(&own);
        let is_other = has_any(&own, &["idempotency", "accept", "content", "authorization"]);
        if name.is_empty() || is_other || !is_header(parameter.name) {
            continue;
        }
        if is_given(used, parameter.name) || is_of_session(parameter.name) {
            watched(callers, parameter.name, &name);
        } else if parameter.required && !callers.has(&name) {
            callers.header(parameter.name, &format!("{{{name}}}"));
            callers.secret(&name, variable(&name));
        }
    }
}

/// Whether a header is one that shops hand out, whatever the document says of answers.
fn is_of_session(header: &str) -> bool {
    let words = words(header);
    let is_of = has_any(&words, &["context", "session", "cart", "nonce"]);
    is_of && has_any(&words, &["token", "nonce", "session"])
}

/// Whether answers give a header of this name.
fn is_given(used: &[&Operation<'_>], header: &str) -> bool {
    let header = header.to_lowercase();
    used.iter().any(|operation| operation.answer_headers.contains(&header))
}

fn watched(callers: &mut Callers, header: &str, name: &str) {
    if !callers.has(name) && is_header(header) {
        callers.watch.push((name.to_owned(), format!("header:{}", header.to_lowercase())));
        callers.header(header, &format!("{{{name}?}}"));
    }
}

fn is_header(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_token)
}

/// The schemes that operations want, those of their first way to be asked.
fn schemes<'d>(document: &Document<'d>, used: &[&Operation<'d>]) -> Vec<&'d Value> {
    let of_3 = document.root.pointer("/components/securitySchemes");
    let known = of_3.or_else(|| document.root.get("securityDefinitions"));
    let mut names: Vec<&str> = Vec::new();
    for operation in used {
        let ways = operation.security.and_then(Value::as_array);
        let way = ways.and_then(|ways| ways.first()).and_then(Value::as_object);
        for name in way.into_iter().flatten().map(|(name, _)| name.as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let found = names.into_iter().filter_map(|name| known.and_then(|known| known.get(name)));
    found.map(|scheme| document.schemas.resolve(scheme)).collect()
}
