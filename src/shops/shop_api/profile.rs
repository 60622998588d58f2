//! A shop's profile (`config/shops/*.ron`): everything cartload must know to shop there.
//!
//! A [`Profile`] that exists is valid: it is checked as it is read, never at the first call.

mod answers;
mod auth;
mod body;
mod call;
mod check;
pub mod draft;
mod error;
mod field;
mod older;
mod promises;
mod rules;
mod steps;
mod template;
mod written;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::offer::CouponUse;
use ports::shop_api::{CartMode, CatalogMode, IdempotencyMode, Paging, WalletMode};
use serde::Deserialize;
use text::bounded_file::{self, WRITTEN_BYTES_MAX};

pub use answers::{
    AddedAnswer, Answers, CartAnswer, ClearedAnswer, CouponFields, CouponsAnswer, DiscountKind,
    FoundAnswer, ItemFields, LatestOrderAnswer, LineFields, Money, MoneyUnit, OrderAnswer,
    OrderCoupons, ProductAnswer, ProductsAnswer, StoreSelectedAnswer, StoresAnswer, SummaryAnswer,
    VariantFields,
};
pub use auth::{Auth, Jwt, SecretSource};
pub use body::{Body, JsonTemplate};
pub use call::{Call, Each, Method, Request};
pub use error::ProfileError;
pub use field::{Around, Field, Found, Nothing};
pub use rules::{Meaning, Rule, Seen, Words};
pub use steps::{Step, StepName, Steps};
pub use template::{Fill, Filled, Name, Placeholder, Slot, Template};

use self::older::OlderProfile;
use self::written::WrittenProfile;

/// The profiles in the binary: name and text.
const BUILTIN: [(&str, &str); 6] = [
    ("practice", include_str!("../../../config/shops/practice.ron")),
    ("voiceoffers", include_str!("../../../config/shops/voiceoffers.ron")),
    ("medusa", include_str!("../../../config/shops/medusa.ron")),
    ("medusa_login", include_str!("../../../config/shops/medusa_login.ron")),
    ("vendure", include_str!("../../../config/shops/vendure.ron")),
    ("vendure_login", include_str!("../../../config/shops/vendure_login.ron")),
];

/// One shop.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The format that it is written in.
    pub format: u32,
    /// Shown in messages.
    pub name: String,
    /// Where it is, as `https://shop.example`; a run's setting replaces it.
    pub base_url: Option<String>,
    /// Whether `http://` is fine for a host that is not this machine; default no.
    pub allow_plain_http: bool,
    /// The name of the strategy in `auth_strategies` that is used unless a run names another.
    pub auth: String,
    /// How a caller proves who it is, by name.
    pub auth_strategies: BTreeMap<String, Auth>,
    /// Headers beside authorisation.
    pub headers: Vec<Header>,
    /// Values that it sets, by name.
    pub vars: BTreeMap<Arc<str>, Var>,
    /// Values that are taken from whichever answer of an agent's has them.
    pub watch: BTreeMap<Arc<str>, Field>,
    /// Whether each agent keeps the cookies that it is given.
    pub keeps_cookies: bool,
    /// What is called where a value is wanted that nobody has yet.
    pub setup: Setup,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// An idle connection is not used again after this; below the server's own, in seconds.
    pub keep_alive_s: f64,
    /// How lists of products are asked for, by agents and when the catalog is read.
    pub paging: Paging,
    /// Requests a second that the shop is known to bear: the limit of a run that names none.
    pub rate_hint_per_s: Option<f64>,
    /// Whether a repeated checkout with one key is one order.
    pub idempotency: IdempotencyMode,
    /// Who assigns coupons.
    pub wallet: WalletMode,
    /// Whether an order uses a coupon up (`single_use`), or it can be used again (`reusable`).
    pub coupons: CouponUse,
    /// Whether product lists cost a call each time.
    pub catalog: CatalogMode,
    /// Whether an agent selects a store before its first flow.
    pub selects_store: bool,
    /// Whose a cart is; default `kept`: the user's.
    pub carts: CartMode,
    /// Which calls tell whether the shop is up.
    pub probe_steps: Vec<StepName>,
    /// How to ask.
    pub steps: Steps,
    /// Where the answers are.
    pub answers: Answers,
    /// What answers mean beyond their status; the first that fits decides.
    pub rules: Vec<Rule>,
    /// Where a failed call's body says why. An answer that has none of these is not the
    /// application's own: with 502 or 503 the edge is down.
    pub error_detail: Vec<Field>,
}

/// A header of some steps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value; left out where a placeholder has none.
    pub value: Template,
    /// The steps that carry it.
    pub on: Vec<StepName>,
}

/// How long to wait, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For a connection, and again for its TLS handshake; default 2,000 (Q5.5).
    pub connect_ms: u64,
    /// From sending to the end of the body; default 10,000 (Q5.5).
    pub call_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 2_000, call_ms: 10_000 }
    }
}

/// A value that a profile sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Var {
    /// This, with values in it.
    Text(Template),
    /// What this variable of the environment holds.
    Secret(SecretSource),
}

/// Calls that leave values behind. A value lives as long as what its block is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// Once a run.
    pub run: Vec<Call>,
    /// Once an agent, and again where its values are forgotten.
    pub agent: Vec<Call>,
    /// Once a cart: until it is ordered or cleared, or its flow ends.
    pub cart: Vec<Call>,
}

impl Setup {
    /// All of them.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.run.iter().chain(&self.agent).chain(&self.cart)
    }
}

/// Which format a text is in.
#[derive(Deserialize)]
#[serde(rename = "Profile")]
struct Head {
    #[serde(default)]
    format: Option<u32>,
}

fn probe_only() -> Vec<StepName> {
    vec![StepName::Probe]
}

impl Profile {
    /// The names of the profiles in the binary.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }

    /// The text of a profile in the binary, to start one's own from.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The profile of this name in the binary.
    pub fn builtin(name: &str) -> Result<Self, ProfileError> {
        let text =
            Self::builtin_text(name).ok_or_else(|| ProfileError::unknown(name.to_owned()))?;
        Self::parse(&format!("shops/{name}.ron"), text)
    }

    /// The profile in this file.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let text = bounded_file::text(path, WRITTEN_BYTES_MAX).map_err(|unread| {
            ProfileError::Io { path: path.to_owned(), cause: unread.to_string() }
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The built-in profile of this name; what looks like a file (has a `/` or ends in `.ron`) is
    /// read as one.
    pub fn resolve(name_or_file: &str) -> Result<Self, ProfileError> {
        if Self::builtin_text(name_or_file).is_some() {
            return Self::builtin(name_or_file);
        }
        let path = Path::new(name_or_file);
        let is_file = path.extension().is_some_and(|e| e == "ron") || path.components().count() > 1;
        if is_file { Self::read(path) } else { Self::builtin(name_or_file) }
    }

    /// The profile in `text`, which came from `origin`; the first mistake where it has some.
    pub fn parse(origin: &str, text: &str) -> Result<Self, ProfileError> {
        let profile = Self::as_written(origin, text)?;
        match check::mistakes(origin, &profile).into_iter().next() {
            Some(mistake) => Err(mistake),
            None => Ok(profile),
        }
    }

    /// Every mistake of the profile in `text`; of a text that is none its first.
    pub fn mistakes(origin: &str, text: &str) -> Vec<ProfileError> {
        match Self::as_written(origin, text) {
            Ok(profile) => check::mistakes(origin, &profile),
            Err(mistake) => vec![mistake],
        }
    }

    fn as_written(origin: &str, text: &str) -> Result<Self, ProfileError> {
        // What is no RON is told by whoever reads all of it.
        let head = text::ron_text::parse::<Head>(origin, text).ok();
        let looks_like_2 = || text.lines().any(|line| line.trim().starts_with("format: 2"));
        let format = match head {
            Some(head) => head.format,
            None => looks_like_2().then_some(2),
        };
        match format {
            None | Some(1) => Ok(text::ron_text::parse::<OlderProfile>(origin, text)?.read()),
            Some(2) => text::ron_text::parse::<WrittenProfile>(origin, text)?.read(origin),
            Some(other) => Err(ProfileError::Semantic {
                origin: origin.to_owned(),
                key: "format".to_owned(),
                problem: format!("{other} is none that is known; write 2"),
            }),
        }
    }

    /// How the shop is told who calls, in words, and where the secret is.
    pub fn sign_in(&self, auth: Option<&str>) -> String {
        let name = auth.unwrap_or(&self.auth);
        let others: Vec<&str> =
            self.auth_strategies.keys().map(String::as_str).filter(|n| *n != name).collect();
        let secret = self.auth_strategies.get(name).and_then(Auth::secret);
        let is_so = secret.map_or_else(
            || "has no secret".to_owned(),
            |source| format!("has its secret from {}: {}", source.env, source.meaning()),
        );
        let others = match others.is_empty() {
            true => String::new(),
            false => format!("; --auth may name {} too", others.join(", ")),
        };
        format!("auth `{name}` {is_so}{others}")
    }

    /// Whether its calls leave values behind, or its answers are looked at for more than what their
    /// bodies say: then what each agent has is kept beside its tokens.
    pub fn is_stateful(&self) -> bool {
        let leaves = |call: &Call| {
            let is_query = |sent: &Request| matches!(sent.body, Body::Graphql { .. });
            !call.capture.is_empty()
                || !call.forget.is_empty()
                || !call.needs.is_empty()
                || call.each.is_some()
                || call.optional
                || call.request.as_ref().is_none_or(is_query)
                || call.requires.iter().any(Field::looks_around)
        };
        let rule_looks_around = |rule: &Rule| {
            let words = rule.is.0.iter().chain(&rule.not.0).map(|(_, word)| word);
            !rule.forget.is_empty()
                || rule.fields().any(Field::looks_around)
                || words.flat_map(Template::slots).next().is_some()
        };
        let found = self.answers.found.iter().flat_map(|found| &found.is.0);
        self.keeps_cookies
            || !self.watch.is_empty()
            || self.setup.calls().next().is_some()
            || self.rules.iter().any(rule_looks_around)
            || self.answers.places().into_iter().any(Field::looks_around)
            || found.flat_map(|(_, word)| word.slots()).next().is_some()
            || self
                .steps
                .iter()
                .any(|(_, step)| step.calls.len() > 1 || step.calls.iter().any(leaves))
    }

    /// Whether it says how to make this call.
    pub fn has(&self, step: StepName) -> bool {
        self.steps.get(step).is_some()
    }

    /// Refuses the profile for a run that needs `step`, because of `why`.
    pub fn require(&self, step: StepName, why: &str) -> Result<(), ProfileError> {
        if self.has(step) {
            return Ok(());
        }
        Err(ProfileError::Semantic {
            origin: self.name.clone(),
            key: format!("steps.{}", step.as_str()),
            problem: format!("missing, but {why} needs it; add the step to the profile"),
        })
    }
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
