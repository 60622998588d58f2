//! A profile as format 2 has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::offer::CouponUse;
use ports::shop_api::{CartMode, CatalogMode, IdempotencyMode, PageBy, Paging, Part, WalletMode};
use serde::Deserialize;

use super::answers::Answers;
use super::auth::{Auth, SecretSource};
use super::call::{Call, WrittenCall, named};
use super::error::ProfileError;
use super::field::Field;
use super::rules::WrittenRule;
use super::steps::{Step, StepName, WrittenSteps};
use super::template::Template;
use super::{Header, Profile, Setup, Timeouts, Var};

/// Products a page where nobody says how many.
const PAGE_SIZE: u32 = 100;

/// A profile as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename = "Profile", deny_unknown_fields)]
pub(super) struct WrittenProfile {
    format: u32,
    name: String,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
    #[serde(default = "nobody")]
    auth: String,
    #[serde(default = "no_strategies")]
    auth_strategies: BTreeMap<String, Auth>,
    #[serde(default)]
    vars: BTreeMap<String, WrittenVar>,
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    #[serde(default)]
    watch: BTreeMap<String, Field>,
    #[serde(default)]
    cookies: Cookies,
    #[serde(default)]
    graphql: Option<Template>,
    #[serde(default)]
    timeouts: Timeouts,
    keep_alive_s: f64,
    #[serde(default)]
    paging: WrittenPaging,
    #[serde(default)]
    rate_hint_per_s: Option<f64>,
    idempotency: IdempotencyMode,
    wallet: WalletMode,
    #[serde(default)]
    coupons: Option<CouponUse>,
    catalog: CatalogMode,
    #[serde(default)]
    carts: Option<CartMode>,
    #[serde(default = "super::probe_only")]
    probe_steps: Vec<StepName>,
    #[serde(default)]
    setup: WrittenSetup,
    steps: WrittenSteps<Vec<WrittenCall>>,
    answers: Answers,
    #[serde(default)]
    refusals: Vec<WrittenRule>,
    error_detail: Vec<Field>,
}

/// A value that the profile sets: a text, or a secret by its variable.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenVar {
    #[serde(default)]
    text: Option<Template>,
    #[serde(default)]
    env: Option<String>,
    #[serde(default)]
    file: Option<std::path::PathBuf>,
    #[serde(default)]
    is: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenSetup {
    run: Vec<WrittenCall>,
    agent: Vec<WrittenCall>,
    cart: Vec<WrittenCall>,
}

/// How lists of products are asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenPaging {
    by: PageBy,
    size: u32,
    first: u32,
}

impl Default for WrittenPaging {
    fn default() -> Self {
        Self { by: PageBy::Offset, size: PAGE_SIZE, first: 1 }
    }
}

/// Who keeps cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cookies {
    #[default]
    None,
    Agent,
}

fn nobody() -> String {
    "none".to_owned()
}

fn no_strategies() -> BTreeMap<String, Auth> {
    BTreeMap::from([(nobody(), Auth::None)])
}

impl WrittenProfile {
    pub(super) fn read(self, origin: &str) -> Result<Profile, ProfileError> {
        let fail = |key: String| {
            move |problem| ProfileError::Semantic { origin: origin.to_owned(), key, problem }
        };
        let calls = |key: String, calls: Vec<WrittenCall>| {
            let calls = calls.into_iter().enumerate().map(|(index, call)| {
                let key = format!("{key}.{index}");
                call.read(self.graphql.as_ref()).map_err(fail(key))
            });
            calls.collect::<Result<Vec<Call>, _>>()
        };
        let steps = self.steps.read(|name, written| {
            let key = format!("steps.{}", name.as_str());
            let step = calls(key.clone(), written)?;
            alone(step).map_err(fail(key))
        })?;
        let setup = Setup {
            run: calls("setup.run".to_owned(), self.setup.run)?,
            agent: calls("setup.agent".to_owned(), self.setup.agent)?,
            cart: calls("setup.cart".to_owned(), self.setup.cart)?,
        };
        let rules = self.refusals.into_iter().enumerate();
        let rules =
            rules.map(|(index, rule)| rule.read().map_err(fail(format!("refusals.{index}"))));
        let headers = self.headers.into_iter();
        let headers =
            headers.map(|(name, value)| Header { name, value, on: StepName::ALL.to_vec() });
        // A code is good for whoever knows it; a cart that is only forgotten is its flow's own.
        let coupons = match self.wallet {
            WalletMode::Codes => CouponUse::Reusable,
            WalletMode::Engine | WalletMode::Shop | WalletMode::None => CouponUse::SingleUse,
        };
        let clear = steps.get(StepName::ClearCart);
        let is_forgotten =
            clear.is_some_and(|clear| clear.calls.iter().all(|call| call.request.is_none()));
        let carts = if is_forgotten { CartMode::Private } else { CartMode::Kept };
        let paging = self.paging;
        Ok(Profile {
            format: self.format,
            name: self.name,
            base_url: self.base_url,
            allow_plain_http: self.allow_plain_http,
            auth: self.auth,
            auth_strategies: self.auth_strategies,
            headers: headers.collect(),
            vars: by_name(self.vars, "vars", origin, WrittenVar::read)?,
            watch: by_name(self.watch, "watch", origin, Ok)?,
            keeps_cookies: self.cookies == Cookies::Agent,
            setup,
            timeouts: self.timeouts,
            keep_alive_s: self.keep_alive_s,
            paging: Paging { by: paging.by, size: paging.size, first: paging.first },
            rate_hint_per_s: self.rate_hint_per_s,
            idempotency: self.idempotency,
            wallet: self.wallet,
            coupons: self.coupons.unwrap_or(coupons),
            catalog: self.catalog,
            selects_store: steps.get(StepName::SelectStore).is_some(),
            carts: self.carts.unwrap_or(carts),
            probe_steps: self.probe_steps,
            rules: rules.collect::<Result<_, _>>()?,
            steps,
            answers: self.answers,
            error_detail: self.error_detail,
        })
    }
}

/// A step of one call that says nothing else is judged by its step.
fn alone(mut calls: Vec<Call>) -> Result<Step, String> {
    if calls.is_empty() {
        return Err("empty; write its calls, or leave the step out".to_owned());
    }
    if let [only] = calls.as_mut_slice()
        && only.part == Part::Once
    {
        only.part = Part::Whole;
    }
    Ok(Step { calls })
}

fn by_name<T, U>(
    written: BTreeMap<String, T>,
    section: &str,
    origin: &str,
    read: impl Fn(T) -> Result<U, String>,
) -> Result<BTreeMap<Arc<str>, U>, ProfileError> {
    let named = written.into_iter().map(|(name, value)| {
        let value = named(&name).and_then(|known| Ok((known, read(value)?)));
        value.map_err(|problem| ProfileError::Semantic {
            origin: origin.to_owned(),
            key: format!("{section}.{name}"),
            problem,
        })
    });
    named.collect()
}

impl WrittenVar {
    fn read(self) -> Result<Var, String> {
        match (self.text, self.env) {
            (Some(text), None) => Ok(Var::Text(text)),
            (None, Some(env)) => {
                Ok(Var::Secret(SecretSource { env, file: self.file, is: self.is }))
            }
            _ => Err("write `text: ...`, or `env: ...` for a secret's variable".to_owned()),
        }
    }
}
