//! An OpenAPI document (3.0, 3.1, Swagger 2.0) as the operations that it describes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::Schemas;
use super::words::words;
use crate::shop_api::profile::call::Method;

/// Operations that are looked at.
const OPERATIONS_MAX: usize = 5_000;
/// Characters of a path.
const PATH_CHARS_MAX: usize = 300;
/// Parameters of an operation.
const PARAMETERS_MAX: usize = 100;

/// Methods as documents have them.
const METHODS: [(&str, Method); 5] = [
    ("get", Method::Get),
    ("post", Method::Post),
    ("put", Method::Put),
    ("patch", Method::Patch),
    ("delete", Method::Delete),
];

/// A document.
#[derive(Debug)]
pub(super) struct Document<'d> {
    pub root: &'d Value,
    pub schemas: Schemas<'d>,
    pub operations: Vec<Operation<'d>>,
    /// Scheme, host and port of the first server, where it names them.
    pub base_url: Option<String>,
    /// The shop's name, fit for a profile.
    pub name: String,
}

/// A part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The name of the value in it, where it has one.
    pub value: Option<String>,
    /// The words of its text.
    pub words: Vec<String>,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    Query,
    Header,
}

/// A parameter of an operation that is not in its path.
#[derive(Clone, Debug)]
pub(super) struct Parameter<'d> {
    pub name: &'d str,
    pub goes: Goes,
    pub required: bool,
    pub schema: &'d Value,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Json,
    Form,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation<'d> {
    pub method: Method,
    /// With the path of the server before it.
    pub path: String,
    pub segments: Vec<Segment>,
    /// The words of its name, its tags and its summary.
    pub says: Vec<String>,
    pub id: &'d str,
    pub parameters: Vec<Parameter<'d>>,
    pub body: Option<(Written, &'d Value)>,
    /// The statuses of success.
    pub ok: Vec<u16>,
    /// The schema of a success's JSON.
    pub answer: Option<&'d Value>,
    /// Headers of a success, in lower case.
    pub answer_headers: Vec<String>,
    /// The statuses of failures and their schemas.
    pub errors: BTreeMap<u16, Option<&'d Value>>,
    /// What it wants of a caller, where it says so itself.
    pub security: Option<&'d Value>,
}

impl Operation<'_> {
    /// As a comment names it.
    pub(super) fn shown(&self) -> String {
        let id = if self.id.is_empty() { String::new() } else { format!(" ({})", self.id) };
        format!("{} {}{id}", method_word(self.method), self.path)
    }

    /// The words of the last text in its path.
    pub(super) fn noun(&self) -> &[String] {
        let mut texts = self.segments.iter().filter(|segment| segment.value.is_none());
        texts.next_back().map_or(&[], |segment| &segment.words)
    }

    /// Whether its path ends in a value.
    pub(super) fn ends_in_value(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.value.is_some())
    }

    /// The words of all texts in its path.
    pub(super) fn path_words(&self) -> Vec<String> {
        self.segments.iter().flat_map(|segment| segment.words.iter().cloned()).collect()
    }

    /// How many values its path has, one that it begins with left out: all have that one.
    pub(super) fn values(&self) -> usize {
        self.segments.iter().skip(1).filter(|segment| segment.value.is_some()).count()
    }
}

/// The method as a profile writes it.
pub(super) fn method_word(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

impl<'d> Document<'d> {
    /// The document in `root`; `None` where it describes no paths.
    pub(super) fn read(root: &'d Value) -> Option<Self> {
        let is_one = root.get("openapi").is_some() || root.get("swagger").is_some();
        let paths = root.get("paths").and_then(Value::as_object).filter(|_| is_one)?;
        let schemas = Schemas::new(root);
        let (base_url, before) = server(root);
        let mut operations = Vec::new();
        'paths: for (path, item) in paths {
            let path = format!("{before}{path}");
            let Some(segments) = segments(&path) else { continue };
            let item = schemas.resolve(item);
            for (word, method) in METHODS {
                let Some(node) = item.get(word).filter(|node| node.is_object()) else { continue };
                if operations.len() == OPERATIONS_MAX {
                    break 'paths;
                }
                let reading = Reading { schemas: &schemas, root, item, node };
                operations.push(reading.operation(method, &path, &segments));
            }
        }
        let title = root.pointer("/info/title").and_then(Value::as_str).unwrap_or_default();
        let title = super::words::words(title);
        let fitting = title.iter().filter(|word| !["api", "rest", "http"].contains(&word.as_str()));
        let fitting: Vec<String> = fitting.take(4).cloned().collect();
        let name = Some(super::words::value_name(&fitting)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "mine".to_owned());
        Some(Self { root, schemas, operations, base_url, name })
    }
}

/// Where the server is, and the path before all others.
fn server(root: &Value) -> (Option<String>, String) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let url = match root.get("swagger") {
        Some(_) => {
            let schemes = root.get("schemes").and_then(Value::as_array);
            let is_plain = schemes.is_some_and(|list| list.iter().all(|scheme| scheme == "http"));
            let host = text(root.get("host"));
            let before = if is_plain { "http://" } else { "https://" };
            let before = if host.is_empty() { "" } else { before };
            format!("{before}{host}{}", text(root.get("basePath")))
        }
        None => {
            let first = root.pointer("/servers/0");
            let mut url = text(first.and_then(|server| server.get("url")));
            let variables = first.and_then(|server| server.get("variables"));
            for (name, variable) in variables.and_then(Value::as_object).into_iter().flatten() {
                url = url.replace(&format!("{{{name}}}"), &text(variable.get("default")));
                if url.len() > PATH_CHARS_MAX {
                    return (None, String::new());
                }
            }
            url
        }
    };
    let (origin, path) = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            (Some(format!("{scheme}://{host}")), path.to_owned())
        }
        None => (None, url),
    };
    let path = path.trim_matches('/').to_owned();
    let path = if path.is_empty() { path } else { format!("/{path}") };
    // One that no path may begin with would leave none.
    let path = if segments(&format!("{path}/x")).is_some() { path } else { String::new() };
    let is_plain =
        |url: &String| url.chars().all(|c| c.is_ascii_graphic() && !"{}@?#\"".contains(c));
    let is_safe = |url: &String| {
        let is_here = ["http://localhost", "http://127.0.0.1"].iter().any(|b| url.starts_with(b));
        url.starts_with("https://") || is_here
    };
    (origin.filter(is_plain).filter(is_safe), path)
}

/// A path's parts; `None` where no profile could have it.
fn segments(path: &str) -> Option<Vec<Segment>> {
    let unfit = |c: char| !c.is_ascii_graphic() || "?#\"\\".contains(c);
    if !path.starts_with('/') || path.len() > PATH_CHARS_MAX || path.contains(unfit) {
        return None;
    }
    let read = |part: &str| {
        let (mut rest, mut plain, mut value) = (part, String::new(), None);
        while let Some((before, inner)) = rest.split_once('{') {
            let (name, after) = inner.split_once('}')?;
            if super::words::value_name(&words(name)).is_empty() || before.contains('}') {
                return None;
            }
            plain.push_str(before);
            plain.push(' ');
            value.get_or_insert(name.to_owned());
            rest = after;
        }
        plain.push_str(rest);
        (!rest.contains('}')).then(|| Segment { value, words: words(&plain) })
    };
    path.split('/').filter(|part| !part.is_empty()).map(read).collect()
}

/// An operation that is read.
struct Reading<'r, 'd> {
    schemas: &'r Schemas<'d>,
    root: &'d Value,
    item: &'d Value,
    node: &'d Value,
}

impl<'d> Reading<'_, 'd> {
    fn operation(&self, method: Method, path: &str, segments: &[Segment]) -> Operation<'d> {
        let text = |key: &str| self.node.get(key).and_then(Value::as_str).unwrap_or_default();
        let tags = self.node.get("tags").and_then(Value::as_array).into_iter().flatten();
        let mut says = words(text("operationId"));
        says.extend(words(text("summary")));
        says.extend(tags.take(5).filter_map(Value::as_str).flat_map(words));
        let mut operation = Operation {
            method,
            path: path.to_owned(),
            segments: segments.to_vec(),
            says,
            id: text("operationId"),
            parameters: self.parameters(),
            body: self.body(),
            ok: Vec::new(),
            answer: None,
            answer_headers: Vec::new(),
            errors: BTreeMap::new(),
            security: self.node.get("security").or_else(|| self.root.get("security")),
        };
        self.answers(&mut operation);
        operation
    }

    fn every_parameter(&self) -> impl Iterator<Item = &'d Value> {
        let of = |node: &'d Value| node.get("parameters").and_then(Value::as_array);
        let own = of(self.node).into_iter().flatten();
        let shared = of(self.item).into_iter().flatten();
        own.chain(shared).take(PARAMETERS_MAX).map(|parameter| self.schemas.resolve(parameter))
    }

    fn parameters(&self) -> Vec<Parameter<'d>> {
        let read = |parameter: &'d Value| {
            let goes = match parameter.get("in").and_then(Value::as_str)? {
                "query" => Goes::Query,
                "header" => Goes::Header,
                _ => return None,
            };
            let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
            let name = parameter.get("name").and_then(Value::as_str)?;
            // Swagger 2 has the schema's words beside the parameter's.
            let schema = parameter.get("schema").unwrap_or(parameter);
            Some(Parameter { name, goes, required, schema })
        };
        self.every_parameter().filter_map(read).collect()
    }

    fn body(&self) -> Option<(Written, &'d Value)> {
        if let Some(body) = self.node.get("requestBody") {
            let content = self.schemas.resolve(body).get("content").and_then(Value::as_object)?;
            let json = content.iter().find(|(kind, _)| is_json(kind));
            let form = content.get("application/x-www-form-urlencoded");
            let of = |media: &'d Value| media.get("schema");
            let json = json.and_then(|(_, media)| of(media)).map(|schema| (Written::Json, schema));
            return json.or_else(|| form.and_then(of).map(|schema| (Written::Form, schema)));
        }
        let body = self.every_parameter().find(|p| p.get("in").is_some_and(|goes| goes == "body"));
        body.and_then(|body| body.get("schema")).map(|schema| (Written::Json, schema))
    }

    fn answers(&self, operation: &mut Operation<'d>) {
        let answers = self.node.get("responses").and_then(Value::as_object);
        for (status, answer) in answers.into_iter().flatten().take(PARAMETERS_MAX) {
            let answer = self.schemas.resolve(answer);
            let schema = self.answered(answer);
            match status.parse::<u16>() {
                Ok(status @ 200..=299) => {
                    operation.ok.push(status);
                    operation.answer = operation.answer.or(schema);
                    let headers = answer.get("headers").and_then(Value::as_object);
                    let names = headers.into_iter().flatten().map(|(name, _)| name);
                    let names = names.take(PARAMETERS_MAX).map(|name| name.to_lowercase());
                    operation.answer_headers.extend(names);
                }
                Ok(status @ 400..=599) => {
                    operation.errors.insert(status, schema);
                }
                Ok(_) => {}
                // `2XX` and `default`.
                Err(_) if status.starts_with('2') => operation.answer = operation.answer.or(schema),
                Err(_) => {}
            }
        }
    }

    /// The schema of an answer's JSON.
    fn answered(&self, answer: &'d Value) -> Option<&'d Value> {
        let content = answer.get("content").and_then(Value::as_object);
        let mut json = content.into_iter().flatten().filter(|(kind, _)| is_json(kind));
        let of_content = json.find_map(|(_, media)| media.get("schema"));
        of_content.or_else(|| answer.get("schema"))
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.ends_with("json") || kind == "*/*"
}
