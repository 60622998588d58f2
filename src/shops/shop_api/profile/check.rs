//! What RON cannot say: which steps a shop must have, what templates may ask for, sane numbers.

use std::collections::BTreeSet;

use awc::http::header::{HeaderName, HeaderValue};
use domain::rate::Rate;
use ports::shop_api::WalletMode;

use super::auth::Auth;
use super::{
    Call, Name, Placeholder, Profile, ProfileError, Request, Rule, StepName, Template, Var,
};

/// Every flow makes these calls.
const ALWAYS: [StepName; 7] = [
    StepName::Probe,
    StepName::ListProducts,
    StepName::AddItem,
    StepName::EligibleCoupons,
    StepName::ApplyCoupon,
    StepName::Checkout,
    StepName::ClearCart,
];

/// Products a page, at most.
const PAGE_SIZE_MAX: u32 = 1_000;
/// Seconds; a longer idle connection is dead at any server.
const KEEP_ALIVE_MAX_S: f64 = 3_600.0;
/// Milliseconds; a longer wait would outlive a cycle.
const TIMEOUT_MAX_MS: u64 = 120_000;

/// What the caller of a step gives.
const CALLER: [Placeholder; 3] = [Placeholder::AgentId, Placeholder::UserId, Placeholder::FlowId];

struct Checker<'p> {
    origin: &'p str,
    profile: &'p Profile,
}

/// Why a profile cannot work, each mistake with its key and what to do.
pub(super) fn mistakes(origin: &str, profile: &Profile) -> Vec<ProfileError> {
    let checker = Checker { origin, profile };
    let mut found: Vec<ProfileError> = checker.numbers();
    found.extend(checker.auth());
    found.extend(checker.needed_steps());
    for (name, step) in profile.steps.iter() {
        for (index, call) in step.calls.iter().enumerate() {
            let key = match step.calls.len() {
                1 => format!("steps.{}", name.as_str()),
                _ => format!("steps.{}.{index}", name.as_str()),
            };
            found.extend(checker.call(&key, call, name.placeholders()));
        }
        found.extend(checker.answer_of(name).err());
    }
    found.extend(checker.counted_coupons().err());
    found.extend(checker.setup());
    found.extend(checker.values());
    found.extend(checker.headers());
    found.extend(checker.refusals());
    found
}

impl Checker<'_> {
    fn fail(&self, key: impl Into<String>, problem: impl Into<String>) -> ProfileError {
        ProfileError::Semantic {
            origin: self.origin.to_owned(),
            key: key.into(),
            problem: problem.into(),
        }
    }

    fn numbers(&self) -> Vec<ProfileError> {
        let (profile, mut found) = (self.profile, Vec::new());
        if profile.name.trim().is_empty() {
            found.push(self.fail("name", "empty; give the shop a name"));
        }
        if !(1..=PAGE_SIZE_MAX).contains(&profile.page_size) {
            found.push(self.fail("page_size", format!("write 1 to {PAGE_SIZE_MAX}")));
        }
        if !(0.0..=KEEP_ALIVE_MAX_S).contains(&profile.keep_alive_s) {
            found.push(self.fail("keep_alive_s", format!("write 0 to {KEEP_ALIVE_MAX_S} seconds")));
        }
        if profile.rate_hint_per_s.is_some_and(|rate| Rate::per_second(rate).is_err()) {
            found.push(self.fail("rate_hint_per_s", "write a number above 0, at most 1000000"));
        }
        let timeouts = profile.timeouts;
        for (key, value) in [("connect_ms", timeouts.connect_ms), ("call_ms", timeouts.call_ms)] {
            if !(1..=TIMEOUT_MAX_MS).contains(&value) {
                let problem = format!("write 1 to {TIMEOUT_MAX_MS} milliseconds");
                found.push(self.fail(format!("timeouts.{key}"), problem));
            }
        }
        found
    }

    fn auth(&self) -> Vec<ProfileError> {
        let (profile, mut found) = (self.profile, Vec::new());
        if !profile.auth_strategies.contains_key(&profile.auth) {
            let known: Vec<_> = profile.auth_strategies.keys().map(String::as_str).collect();
            let problem =
                format!("`{}` is not in auth_strategies ({})", profile.auth, known.join(", "));
            found.push(self.fail("auth", problem));
        }
        for (name, auth) in &profile.auth_strategies {
            let key = format!("auth_strategies.{name}");
            if let Some(template) = auth.template() {
                let allowed = [Placeholder::AgentId, Placeholder::UserId];
                found.extend(self.placeholders(&key, template, &allowed, None).err());
            }
            if auth.secret().is_some_and(|secret| secret.env.trim().is_empty()) {
                found.push(self.fail(key, "`env` is empty; name an environment variable"));
            }
        }
        found
    }

    fn needed_steps(&self) -> Vec<ProfileError> {
        let profile = self.profile;
        let stores = [StepName::ListStores, StepName::SelectStore];
        let stores = stores.iter().filter(|_| profile.selects_store);
        let wallet = [StepName::GrantWallet];
        let wallet = wallet.iter().filter(|_| profile.wallet == WalletMode::Engine);
        let needed = ALWAYS
            .iter()
            .map(|step| (step, "every run"))
            .chain(stores.map(|step| (step, "`selects_store: true`")))
            .chain(wallet.map(|step| (step, "`wallet: engine`")))
            .chain(profile.probe_steps.iter().map(|step| (step, "`probe_steps`")));
        let missing = needed.filter(|(step, _)| !profile.has(**step)).map(|(step, why)| {
            let problem = format!("missing, but {why} needs it; add the step");
            self.fail(format!("steps.{}", step.as_str()), problem)
        });
        let mut found: Vec<_> = missing.collect();
        if profile.has(StepName::ReadOrder) && !profile.has(StepName::LatestOrder) {
            let problem = "missing, but steps.read_order needs it to find the order; add the step";
            found.push(self.fail("steps.latest_order", problem));
        }
        if profile.probe_steps.is_empty() {
            found.push(self.fail("probe_steps", "empty; name at least `probe`"));
        }
        found
    }

    fn setup(&self) -> Vec<ProfileError> {
        let setup = &self.profile.setup;
        let blocks = [("run", &setup.run), ("agent", &setup.agent), ("cart", &setup.cart)];
        let calls = blocks.into_iter().flat_map(|(block, calls)| {
            calls.iter().enumerate().map(move |(index, call)| (block, index, call))
        });
        calls
            .flat_map(|(block, index, call)| {
                self.call(&format!("setup.{block}.{index}"), call, &[])
            })
            .collect()
    }

    fn call(&self, key: &str, call: &Call, own: &[Placeholder]) -> Vec<ProfileError> {
        let part = |part: &str| format!("{key}.{part}");
        let mut found = Vec::new();
        if call.ok.is_empty() || call.ok.iter().any(|status| !(200..=299).contains(status)) {
            found.push(self.fail(part("ok"), "name at least one status, each from 200 to 299"));
        }
        let Some(request) = &call.request else { return found };
        found.extend(self.path(&part("path"), request).err());
        let each = call.each.as_ref().map(|each| &*each.name);
        let given = |optional: bool| -> Vec<Placeholder> {
            let caller = CALLER.iter().filter(|_| request.auth);
            let all = own.iter().chain(caller).copied();
            all.filter(|p| optional || !p.is_optional()).collect()
        };
        found.extend(self.placeholders(&part("path"), &request.path, &given(false), each).err());
        for (parameter, template) in &request.query {
            let key = part(&format!("query.{parameter}"));
            found.extend(self.placeholders(&key, template, &given(true), each).err());
        }
        for (header, template) in &request.headers {
            let key = part(&format!("headers.{header}"));
            found.extend(self.header(&key, header, template).err());
            found.extend(self.placeholders(&key, template, &given(true), each).err());
        }
        for template in request.body.templates() {
            let is_whole = template.sole_slot().is_some();
            found.extend(self.placeholders(&part("body"), template, &given(is_whole), each).err());
        }
        found
    }

    fn path(&self, key: &str, request: &Request) -> Result<(), ProfileError> {
        let path = &request.path;
        if !path.plain_texts().next().is_some_and(|text| text.starts_with('/')) {
            return Err(self.fail(key, "begin it with `/`"));
        }
        let unfit =
            |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "?#".contains(c);
        if path.plain_texts().any(|text| text.contains(unfit)) {
            return Err(self.fail(key, "use ASCII without spaces; parameters go in `query`"));
        }
        Ok(())
    }

    /// Every value that somebody sets or captures.
    fn known(&self) -> BTreeSet<&str> {
        let profile = self.profile;
        let setup = &profile.setup;
        let calls = profile.steps.iter().flat_map(|(_, step)| &step.calls);
        let calls = calls.chain(&setup.run).chain(&setup.agent).chain(&setup.cart);
        let captured = calls.flat_map(|call| call.capture.keys());
        let names = captured.chain(profile.vars.keys()).chain(profile.watch.keys());
        names.map(|name| &**name).collect()
    }

    /// What profiles set themselves, and what they forget.
    fn values(&self) -> Vec<ProfileError> {
        let (profile, mut found) = (self.profile, Vec::new());
        for (name, var) in &profile.vars {
            let key = format!("vars.{name}");
            match var {
                Var::Text(template) => {
                    found.extend(self.placeholders(&key, template, &CALLER, None).err());
                }
                Var::Secret(secret) if secret.env.trim().is_empty() => {
                    found.push(self.fail(key, "`env` is empty; name an environment variable"));
                }
                Var::Secret(_) => {}
            }
        }
        let known = self.known();
        let of_calls = profile.steps.iter().flat_map(|(_, step)| &step.calls);
        let forgotten = of_calls.flat_map(|call| &call.forget);
        let forgotten = forgotten.chain(profile.rules.iter().flat_map(|rule| &rule.forget));
        let strange = forgotten.filter(|name| !known.contains(&***name));
        found.extend(strange.map(|name| self.fail("forget", unknown(name, &known))));
        found
    }

    fn placeholders(
        &self,
        key: &str,
        template: &Template,
        allowed: &[Placeholder],
        each: Option<&str>,
    ) -> Result<(), ProfileError> {
        let known = self.known();
        for slot in template.slots() {
            match &slot.name {
                Name::BuiltIn(placeholder) if allowed.contains(placeholder) || slot.may_lack => {}
                Name::BuiltIn(placeholder) => {
                    let known: Vec<_> =
                        allowed.iter().map(|p| format!("{{{}}}", p.as_str())).collect();
                    let there = match known.is_empty() {
                        true => "no placeholder".to_owned(),
                        false => known.join(", "),
                    };
                    let name = placeholder.as_str();
                    let problem = format!("`{{{name}}}` may have no value here; there is {there}");
                    return Err(self.fail(key, problem));
                }
                Name::Own(name) if known.contains(&**name) || each == Some(&**name) => {}
                Name::Own(name) => return Err(self.fail(key, unknown(name, &known))),
            }
        }
        Ok(())
    }

    fn counted_coupons(&self) -> Result<(), ProfileError> {
        let order = self.profile.answers.order.as_ref();
        let counted = order.and_then(|order| order.coupons.as_ref());
        match counted.is_some_and(|coupons| coupons.list.is_some() != coupons.lists.is_empty()) {
            true => {
                let problem = "write `list`, or `lists` with at least one";
                Err(self.fail("answers.order.coupons", problem))
            }
            false => Ok(()),
        }
    }

    fn answer_of(&self, name: StepName) -> Result<(), ProfileError> {
        let answers = &self.profile.answers;
        let is_there = |entry, there: bool| (entry, there);
        let product_fields = is_there("product_fields", answers.product_fields.is_some());
        let needed: &[(&str, bool)] = match name {
            StepName::Probe
            | StepName::FirstVisit
            | StepName::ApplyCoupon
            | StepName::GrantWallet => &[],
            StepName::ListStores => &[("stores", answers.stores.is_some())],
            StepName::SelectStore => &[("store_selected", answers.store_selected.is_some())],
            StepName::ListProducts => &[("products", answers.products.is_some()), product_fields],
            StepName::ViewProduct => &[("product", answers.product.is_some()), product_fields],
            StepName::AddItem => &[("item_added", answers.item_added.is_some())],
            StepName::ReadCart => &[("cart", answers.cart.is_some())],
            StepName::ReadSummary => &[("summary", answers.summary.is_some())],
            StepName::EligibleCoupons => &[
                ("coupons", answers.coupons.is_some()),
                ("coupon_fields", answers.coupon_fields.is_some()),
            ],
            StepName::Checkout | StepName::ReadOrder => &[("order", answers.order.is_some())],
            StepName::LatestOrder => &[("latest_order", answers.latest_order.is_some())],
            StepName::ClearCart => &[("cart_cleared", answers.cart_cleared.is_some())],
        };
        match needed.iter().find(|(_, there)| !there) {
            None => Ok(()),
            Some((entry, _)) => {
                let problem = format!("missing, but steps.{} needs it", name.as_str());
                Err(self.fail(format!("answers.{entry}"), problem))
            }
        }
    }

    fn headers(&self) -> Vec<ProfileError> {
        let headers = self.profile.headers.iter().enumerate();
        let checked = headers.flat_map(|(index, header)| {
            let key = format!("headers.{index}");
            let own = self.header(&key, &header.name, &header.value).err();
            own.into_iter().chain(self.placeholders(&key, &header.value, &CALLER, None).err())
        });
        checked.collect()
    }

    fn header(&self, key: &str, name: &str, value: &Template) -> Result<(), ProfileError> {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(self.fail(key, format!("`{name}` is no header's name")));
        }
        let is_strategy = self.profile.auth_strategies.get(&self.profile.auth);
        let has_strategy = is_strategy.is_some_and(|auth| *auth != Auth::None);
        if name.eq_ignore_ascii_case("authorization") && has_strategy {
            return Err(self.fail(key, "write it as a strategy in `auth_strategies`"));
        }
        if value.plain_texts().any(|text| HeaderValue::from_str(text).is_err()) {
            return Err(self.fail(key, "the value has a character that no header may have"));
        }
        Ok(())
    }

    fn refusals(&self) -> Vec<ProfileError> {
        let rules = self.profile.rules.iter().enumerate();
        rules.filter_map(|(index, rule)| self.refusal(index, rule).err()).collect()
    }

    fn refusal(&self, index: usize, rule: &Rule) -> Result<(), ProfileError> {
        let key = format!("refusals.{index}");
        if rule.status.iter().any(|status| !(200..=599).contains(status)) {
            return Err(self.fail(key, "`status` must be from 200 to 599"));
        }
        if rule.contains.as_ref().is_some_and(|text| text.is_empty()) {
            return Err(self.fail(key, "`contains` is empty; leave it out to fit any body"));
        }
        let says = !rule.status.is_empty() || rule.contains.is_some();
        if !says && rule.fields().next().is_none() {
            let problem =
                "it fits every answer; write `status`, `contains`, `is`, `has` or `lacks`";
            return Err(self.fail(key, problem));
        }
        Ok(())
    }
}

fn unknown(name: &str, known: &BTreeSet<&str>) -> String {
    let there = match known.is_empty() {
        true => format!("there are none, but of the call: {}", built_in().join(", ")),
        false => format!("there are {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
    };
    format!("unknown value {{{name}}}: nothing captures it; {there}")
}

fn built_in() -> Vec<&'static str> {
    Placeholder::ALL.iter().map(|placeholder| placeholder.as_str()).collect()
}
