//! What an observer is told of each request: what went out, what came back, what was kept of it.
//! Nothing of this is made where nobody observes. What may be a secret is not in it.

use std::sync::Arc;
use std::time::Duration;

use awc::http::header::HeaderValue;
use ports::shop_api::{ApiError, ApiErrorKind, ShopReply};
use serde_json::Value;

use super::body::Received;
use super::reading::Reading;
use super::setup::ShopSetup;
use crate::shop_api::profile::{Body, Field, Found, Method, Request, Var};

/// What stands for a secret.
const HIDDEN: &str = "***";
/// Parts of names that values have which are nobody's to see.
const SECRET_WORDS: [&str; 8] =
    ["token", "secret", "passw", "csrf", "nonce", "session", "jwt", "auth"];

/// Told of each request once it has ended.
pub type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// A request, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The step that it was made for.
    pub step: &'static str,
    /// Whether it is none of the step's own calls: it fetched values for it.
    pub is_setup: bool,
    /// The method.
    pub method: &'static str,
    /// Path and query as they were sent, but for secrets.
    pub target: &'a str,
    /// What a GraphQL query asks for first.
    pub operation: Option<&'a str>,
    /// The status; `None` without an answer.
    pub status: Option<u16>,
    /// Bytes of the body, unpacked.
    pub bytes: Option<usize>,
    /// From sending to the end of the body.
    pub took: Duration,
    /// What was kept of the answer, by name.
    pub kept: &'a [(Arc<str>, Kept)],
    /// What came back as it is; `None` without an answer.
    pub answer: Option<&'a Seen>,
    /// What it failed with, where the step goes on all the same.
    pub passed_over: Option<&'a PassedOver>,
    /// What it meant.
    pub came: Result<&'a ShopReply, &'a ApiError>,
}

/// An answer as it came, for those who ask what a profile does not; it may hold secrets.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; `Null` where it is no JSON.
    pub body: Value,
}

impl Seen {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A value that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This, cut.
    Shown(String),
    /// It may be a secret.
    Hidden,
}

/// A failure with which a step goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// What failed.
    pub kind: ApiErrorKind,
    /// What the shop said, redacted.
    pub detail: Option<String>,
    /// Whether the call is made again with values fetched anew; else it may fail.
    pub is_renewed: bool,
}

/// What is noted of an answer while it is judged.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kept: Vec<(Arc<str>, Kept)>,
    passed_over: Option<PassedOver>,
    seen: Option<Seen>,
}

impl Notes {
    pub(super) fn see(&mut self, received: &Received) {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = received.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let body = received.json().cloned().unwrap_or_default();
        self.seen = Some(Seen { headers: headers.collect(), body });
    }

    pub(super) fn keep(&mut self, setup: &ShopSetup, name: &Arc<str>, found: &Found<'_>) {
        let kept = match hides(setup, name) {
            true => Kept::Hidden,
            false => {
                let text = match found {
                    Found::Value(value) => {
                        found.text().map_or_else(|| value.to_string(), |text| text.into_owned())
                    }
                    Found::Text(text) => text.clone().into_owned(),
                };
                Kept::Shown(setup.redactor().detail(&text))
            }
        };
        self.kept.push((Arc::clone(name), kept));
    }

    pub(super) fn pass_over(
        &mut self,
        setup: &ShopSetup,
        (kind, detail): &(ApiErrorKind, Option<String>),
        is_renewed: bool,
    ) {
        let detail = detail.as_deref().map(|text| setup.redactor().detail(text));
        self.passed_over = Some(PassedOver { kind: kind.clone(), detail, is_renewed });
    }
}

/// A request as it is told of.
pub(super) struct Told {
    pub(super) is_setup: bool,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) operation: Option<String>,
}

impl Told {
    /// Tells the observer.
    pub(super) fn tell(
        &self,
        observer: &Observer,
        notes: &Notes,
        (status, bytes): (Option<u16>, Option<usize>),
        (step, took): (&'static str, Duration),
        outcome: Result<&Reading, &ApiError>,
    ) {
        observer(&Exchange {
            step,
            is_setup: self.is_setup,
            method: self.method.as_str(),
            target: &self.target,
            operation: self.operation.as_deref(),
            status,
            bytes,
            took,
            kept: &notes.kept,
            answer: notes.seen.as_ref(),
            passed_over: notes.passed_over.as_ref(),
            came: outcome.map(|reading| &reading.reply),
        });
    }
}

/// Whether a value of this name may be a secret: one that the profile has from the environment,
/// what it knows an agent by, what came as a cookie or a header, and what is called so.
pub(super) fn hides(setup: &ShopSetup, name: &str) -> bool {
    let profile = setup.profile();
    let lower = name.to_ascii_lowercase();
    let captures = |field: &Field| field.may_be_a_token();
    matches!(profile.vars.get(name), Some(Var::Secret(_)))
        || SECRET_WORDS.iter().any(|word| lower.contains(word))
        || profile.watch.contains_key(name)
        || profile.setup.agent.iter().any(|call| call.capture.contains_key(name))
        || profile.calls().any(|call| call.capture.get(name).is_some_and(captures))
}

/// What the target of a request shows in place of a value.
pub(super) fn hidden() -> &'static str {
    HIDDEN
}

/// The first field that a GraphQL query asks for.
pub(super) fn operation(request: &Request) -> Option<String> {
    let Body::Graphql { query, .. } = &request.body else { return None };
    let (_, selection) = query.split_once('{')?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = selection.trim_start().chars().take_while(|c| is_of_name(*c)).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop_api::http::{Credentials, ShopOptions};
    use crate::shop_api::profile::{Profile, StepName};

    fn setup(name: &str) -> ShopSetup {
        let profile = Arc::new(Profile::builtin(name).unwrap());
        let options = ShopOptions {
            base_url: Some("http://127.0.0.1:1".to_owned()),
            ..ShopOptions::default()
        };
        let vars = [("publishable_key".into(), "pk_1".into())].into();
        let credentials = Credentials { vars, ..Credentials::default() };
        ShopSetup::new(profile, &options, credentials, Arc::new(|_| {})).unwrap()
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_an_id_is_not() {
        let medusa = setup("medusa");
        assert!(hides(&medusa, "publishable_key") && hides(&medusa, "my_Token"));
        assert!(!hides(&medusa, "cart_id") && !hides(&medusa, "region_id"));
        assert!(hides(&setup("vendure"), "token") && !hides(&setup("vendure"), "order_code"));
    }

    #[test]
    fn a_query_is_called_by_what_it_asks_for_first() {
        let vendure = setup("vendure");
        let operation = |step| {
            let calls = &vendure.profile().steps.get(step).unwrap().calls;
            operation(calls[0].request.as_ref().unwrap())
        };
        assert_eq!(operation(StepName::Probe).as_deref(), Some("activeChannel"));
        assert_eq!(operation(StepName::AddItem).as_deref(), Some("addItemToOrder"));
    }
}
