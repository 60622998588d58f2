//! One call of a step: what is sent, what makes it a success, what it leaves behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use ports::shop_api::Part;
use serde::Deserialize;

use super::body::{Body, JsonTemplate};
use super::field::Field;
use super::template::{Template, is_name};

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is sent; `None`: nothing, and only [`Call::forget`] is done.
    pub request: Option<Request>,
    /// The statuses that are success.
    pub ok: Vec<u16>,
    /// What a success's body must have, and not as `false`: a page of HTML with a 200 is none.
    pub requires: Vec<Field>,
    /// Values that it cannot do without, though no text of its own names them.
    pub needs: Vec<Arc<str>>,
    /// Values that its answer leaves behind, by name.
    pub capture: BTreeMap<Arc<str>, Field>,
    /// Values that are gone with it.
    pub forget: Vec<Arc<str>>,
    /// Whether the step goes on where the shop says no to it.
    pub optional: bool,
    /// What may be done about it where its answer is lost.
    pub part: Part,
    /// It is made once for each of these; may be for none.
    pub each: Option<Each>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Below the base URL, beginning with `/`; values are percent-encoded.
    pub path: Template,
    /// Query parameters; one whose placeholder has no value is left out.
    pub query: BTreeMap<String, Template>,
    /// Headers of its own, which take the place of the profile's.
    pub headers: BTreeMap<String, Template>,
    /// The body.
    pub body: Body,
    /// Whether the caller proves who it is by the strategy of the run.
    pub auth: bool,
}

/// A list of the answer before.
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// What one of them is called.
    pub name: Arc<str>,
    /// Where they are.
    pub list: Field,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A call as format 2 has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCall {
    #[serde(default)]
    method: Option<Method>,
    #[serde(default)]
    path: Option<Template>,
    #[serde(default)]
    query: BTreeMap<String, Template>,
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    #[serde(default)]
    json: Option<JsonTemplate>,
    #[serde(default)]
    form: Option<BTreeMap<String, Template>>,
    #[serde(default)]
    graphql: Option<String>,
    #[serde(default)]
    variables: Option<JsonTemplate>,
    #[serde(default = "yes")]
    auth: bool,
    #[serde(default = "ok_usual")]
    ok: Vec<u16>,
    #[serde(default)]
    requires: Vec<Field>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    capture: BTreeMap<String, Field>,
    #[serde(default)]
    forget: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    repeatable: bool,
    #[serde(default)]
    places_order: bool,
    #[serde(default)]
    each: Option<String>,
    #[serde(default, rename = "in")]
    list: Option<Field>,
}

fn yes() -> bool {
    true
}

fn ok_usual() -> Vec<u16> {
    vec![200, 201, 204]
}

impl WrittenCall {
    /// The call; `graphql` is where queries go.
    pub(super) fn read(self, graphql: Option<&Template>) -> Result<Call, String> {
        let reads = self.reads();
        let part = match (self.places_order, self.repeatable || reads) {
            (true, _) => Part::PlacesOrder,
            (false, true) => Part::Repeatable,
            (false, false) => Part::Once,
        };
        let each = match (self.each, self.list) {
            (Some(name), Some(list)) => Some(Each { name: named(&name)?, list }),
            (None, None) => None,
            _ => return Err("`each` names one of the list in `in`: write both".to_owned()),
        };
        let body = match (self.json, self.form, self.graphql) {
            (None, None, None) => Body::Empty,
            (Some(json), None, None) => Body::Json(json),
            (None, Some(form), None) => Body::Form(form),
            (None, None, Some(query)) => Body::Graphql { query, variables: self.variables },
            _ => return Err("one body: `json`, `form` or `graphql`".to_owned()),
        };
        let is_graphql = matches!(body, Body::Graphql { .. });
        let request = match (self.method, self.path) {
            (Some(method), Some(path)) => Some((method, path)),
            (method, None) if is_graphql => {
                let path = graphql.cloned().ok_or(
                    "no `path`, and the profile has no `graphql: \"/...\"` where queries go",
                )?;
                Some((method.unwrap_or(Method::Post), path))
            }
            (None, None) if body == Body::Empty && !self.forget.is_empty() => None,
            _ => {
                return Err("write `method` and `path`, or `graphql`, or `forget` alone".to_owned());
            }
        };
        let (query, headers, auth) = (self.query, self.headers, self.auth);
        let request =
            request.map(|(method, path)| Request { method, path, query, headers, body, auth });
        let capture = self.capture.into_iter().map(|(name, field)| Ok((named(&name)?, field)));
        Ok(Call {
            request,
            ok: self.ok,
            requires: self.requires,
            needs: self.needs.iter().map(|name| named(name)).collect::<Result<_, String>>()?,
            capture: capture.collect::<Result<_, String>>()?,
            forget: self.forget.iter().map(|name| named(name)).collect::<Result<_, String>>()?,
            optional: self.optional,
            part,
            each,
        })
    }

    /// Whether it only reads, and so may be sent again.
    fn reads(&self) -> bool {
        match (&self.graphql, self.method) {
            (Some(query), _) => !query.trim_start().starts_with("mutation"),
            (None, method) => method == Some(Method::Get),
        }
    }
}

/// The name of a value, if it may be called so.
pub(super) fn named(name: &str) -> Result<Arc<str>, String> {
    match is_name(name) {
        true => Ok(Arc::from(name)),
        false => Err(format!("`{name}` is no value's name: letters, digits and _ make one")),
    }
}

impl Call {
    /// Every template whose values it needs before it is sent.
    pub fn templates(&self) -> Vec<&Template> {
        let Some(request) = &self.request else { return Vec::new() };
        let mut all = vec![&request.path];
        all.extend(request.query.values());
        all.extend(request.headers.values());
        all.extend(request.body.templates());
        all
    }
}
