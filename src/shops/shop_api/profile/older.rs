//! A profile as format 1 had it: one call a step, JSON bodies as text, refusals by status. It is
//! read as what it is in format 2.

use std::collections::BTreeMap;

use domain::offer::CouponUse;
use ports::shop_api::{CartMode, CatalogMode, IdempotencyMode, Part, Refusal, WalletMode};
use serde::Deserialize;

use super::answers::Answers;
use super::auth::Auth;
use super::body::{Body, JsonTemplate};
use super::call::{Call, Method, Request};
use super::field::Field;
use super::rules::{Meaning, Rule};
use super::steps::{Step, StepName, WrittenSteps};
use super::template::Template;
use super::{Header, Profile, Setup, Timeouts};

/// A profile as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename = "Profile", deny_unknown_fields)]
pub(super) struct OlderProfile {
    name: String,
    #[serde(default, rename = "format")]
    _format: Option<u32>,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
    auth: String,
    auth_strategies: BTreeMap<String, Auth>,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    timeouts: Timeouts,
    keep_alive_s: f64,
    page_size: u32,
    #[serde(default)]
    rate_hint_per_s: Option<f64>,
    idempotency: IdempotencyMode,
    wallet: WalletMode,
    #[serde(default)]
    coupons: CouponUse,
    catalog: CatalogMode,
    selects_store: bool,
    #[serde(default)]
    carts: CartMode,
    #[serde(default = "super::probe_only")]
    probe_steps: Vec<StepName>,
    steps: WrittenSteps<OlderStep>,
    answers: Answers,
    #[serde(default)]
    refusals: Vec<OlderRule>,
    error_detail: Vec<Field>,
}

/// How one step is asked.
#[derive(Debug, Deserialize)]
#[serde(rename = "Step", deny_unknown_fields)]
struct OlderStep {
    method: Method,
    path: Template,
    #[serde(default)]
    query: BTreeMap<String, Template>,
    #[serde(default)]
    body: Option<JsonText>,
    #[serde(default = "yes")]
    auth: bool,
    #[serde(default = "ok_200")]
    ok: Vec<u16>,
    #[serde(default)]
    requires: Vec<Field>,
}

/// JSON in a text.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct JsonText(JsonTemplate);

impl TryFrom<String> for JsonText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        JsonTemplate::parse(&text).map(Self)
    }
}

/// A failure that is a refusal.
#[derive(Debug, Deserialize)]
#[serde(rename = "RefusalRule", deny_unknown_fields)]
struct OlderRule {
    on: Vec<StepName>,
    status: u16,
    #[serde(default)]
    contains: Option<String>,
    refusal: Refusal,
}

fn yes() -> bool {
    true
}

fn ok_200() -> Vec<u16> {
    vec![200]
}

impl OlderProfile {
    pub(super) fn read(self) -> Profile {
        let steps = self.steps.read(|_, step| Ok::<_, std::convert::Infallible>(step.read()));
        let steps = match steps {
            Ok(steps) => steps,
            Err(never) => match never {},
        };
        Profile {
            name: self.name,
            base_url: self.base_url,
            allow_plain_http: self.allow_plain_http,
            auth: self.auth,
            auth_strategies: self.auth_strategies,
            headers: self.headers,
            vars: BTreeMap::new(),
            watch: BTreeMap::new(),
            keeps_cookies: false,
            setup: Setup::default(),
            timeouts: self.timeouts,
            keep_alive_s: self.keep_alive_s,
            page_size: self.page_size,
            rate_hint_per_s: self.rate_hint_per_s,
            idempotency: self.idempotency,
            wallet: self.wallet,
            coupons: self.coupons,
            catalog: self.catalog,
            selects_store: self.selects_store,
            carts: self.carts,
            probe_steps: self.probe_steps,
            steps,
            answers: self.answers,
            rules: self.refusals.into_iter().map(OlderRule::read).collect(),
            error_detail: self.error_detail,
        }
    }
}

impl OlderStep {
    fn read(self) -> Step {
        let body = self.body.map_or(Body::Empty, |JsonText(json)| Body::Json(json));
        let request = Request {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: BTreeMap::new(),
            body,
            auth: self.auth,
        };
        let call = Call {
            request: Some(request),
            ok: self.ok,
            requires: self.requires,
            capture: BTreeMap::new(),
            forget: Vec::new(),
            optional: false,
            part: Part::Whole,
            each: None,
        };
        Step { calls: vec![call] }
    }
}

impl OlderRule {
    fn read(self) -> Rule {
        Rule {
            on: self.on,
            status: vec![self.status],
            contains: self.contains,
            is: Vec::new(),
            has: None,
            lacks: None,
            meaning: Meaning::Refusal(self.refusal),
            forget: Vec::new(),
        }
    }
}
