//! What RON cannot say: which steps a shop must have, what templates may ask for, sane numbers.

use std::collections::BTreeSet;

use awc::http::header::{HeaderName, HeaderValue};
use domain::rate::Rate;
use ports::shop_api::WalletMode;

use super::auth::Auth;
use super::{Call, Name, Placeholder, Profile, ProfileError, Request, StepName, Template, Var};

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

/// Refuses a profile that cannot work, naming the key and what to do.
pub(super) fn check(origin: &str, profile: &Profile) -> Result<(), ProfileError> {
    let checker = Checker { origin, profile };
    checker.numbers()?;
    checker.auth()?;
    checker.needed_steps()?;
    for (name, step) in profile.steps.iter() {
        for (index, call) in step.calls.iter().enumerate() {
            let key = match step.calls.len() {
                1 => format!("steps.{}", name.as_str()),
                _ => format!("steps.{}.{index}", name.as_str()),
            };
            checker.call(&key, call, name.placeholders())?;
        }
        checker.answer_of(name)?;
    }
    checker.setup()?;
    checker.values()?;
    checker.headers()?;
    checker.refusals()
}

impl Checker<'_> {
    fn fail(&self, key: impl Into<String>, problem: impl Into<String>) -> ProfileError {
        ProfileError::Semantic {
            origin: self.origin.to_owned(),
            key: key.into(),
            problem: problem.into(),
        }
    }

    fn numbers(&self) -> Result<(), ProfileError> {
        let profile = self.profile;
        if profile.name.trim().is_empty() {
            return Err(self.fail("name", "empty; give the shop a name"));
        }
        if !(1..=PAGE_SIZE_MAX).contains(&profile.page_size) {
            return Err(self.fail("page_size", format!("write 1 to {PAGE_SIZE_MAX}")));
        }
        if !(0.0..=KEEP_ALIVE_MAX_S).contains(&profile.keep_alive_s) {
            return Err(self.fail("keep_alive_s", format!("write 0 to {KEEP_ALIVE_MAX_S} seconds")));
        }
        if profile.rate_hint_per_s.is_some_and(|rate| Rate::per_second(rate).is_err()) {
            let problem = "write a number above 0, at most 1000000";
            return Err(self.fail("rate_hint_per_s", problem));
        }
        let timeouts = profile.timeouts;
        for (key, value) in [("connect_ms", timeouts.connect_ms), ("call_ms", timeouts.call_ms)] {
            if !(1..=TIMEOUT_MAX_MS).contains(&value) {
                let problem = format!("write 1 to {TIMEOUT_MAX_MS} milliseconds");
                return Err(self.fail(format!("timeouts.{key}"), problem));
            }
        }
        Ok(())
    }

    fn auth(&self) -> Result<(), ProfileError> {
        let profile = self.profile;
        if !profile.auth_strategies.contains_key(&profile.auth) {
            let known: Vec<_> = profile.auth_strategies.keys().map(String::as_str).collect();
            let problem =
                format!("`{}` is not in auth_strategies ({})", profile.auth, known.join(", "));
            return Err(self.fail("auth", problem));
        }
        for (name, auth) in &profile.auth_strategies {
            let key = format!("auth_strategies.{name}");
            if let Some(template) = auth.template() {
                let allowed = [Placeholder::AgentId, Placeholder::UserId];
                self.placeholders(&key, template, &allowed, None)?;
            }
            if auth.secret().is_some_and(|secret| secret.env.trim().is_empty()) {
                return Err(self.fail(key, "`env` is empty; name an environment variable"));
            }
        }
        Ok(())
    }

    fn needed_steps(&self) -> Result<(), ProfileError> {
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
        for (step, why) in needed {
            if !profile.has(*step) {
                let problem = format!("missing, but {why} needs it; add the step");
                return Err(self.fail(format!("steps.{}", step.as_str()), problem));
            }
        }
        if profile.has(StepName::ReadOrder) && !profile.has(StepName::LatestOrder) {
            let problem = "missing, but steps.read_order needs it to find the order; add the step";
            return Err(self.fail("steps.latest_order", problem));
        }
        if profile.probe_steps.is_empty() {
            return Err(self.fail("probe_steps", "empty; name at least `probe`"));
        }
        Ok(())
    }

    fn setup(&self) -> Result<(), ProfileError> {
        let setup = &self.profile.setup;
        let blocks = [("run", &setup.run), ("agent", &setup.agent), ("cart", &setup.cart)];
        for (block, calls) in blocks {
            for (index, call) in calls.iter().enumerate() {
                self.call(&format!("setup.{block}.{index}"), call, &[])?;
            }
        }
        Ok(())
    }

    fn call(&self, key: &str, call: &Call, own: &[Placeholder]) -> Result<(), ProfileError> {
        let part = |part: &str| format!("{key}.{part}");
        if call.ok.is_empty() || call.ok.iter().any(|status| !(200..=299).contains(status)) {
            return Err(self.fail(part("ok"), "name at least one status, each from 200 to 299"));
        }
        let Some(request) = &call.request else { return Ok(()) };
        self.path(&part("path"), request)?;
        let each = call.each.as_ref().map(|each| &*each.name);
        let given = |optional: bool| -> Vec<Placeholder> {
            let caller = CALLER.iter().filter(|_| request.auth);
            let all = own.iter().chain(caller).copied();
            all.filter(|p| optional || !p.is_optional()).collect()
        };
        self.placeholders(&part("path"), &request.path, &given(false), each)?;
        for (parameter, template) in &request.query {
            let key = part(&format!("query.{parameter}"));
            self.placeholders(&key, template, &given(true), each)?;
        }
        for (header, template) in &request.headers {
            let key = part(&format!("headers.{header}"));
            self.header(&key, header, template)?;
            self.placeholders(&key, template, &given(true), each)?;
        }
        for template in request.body.templates() {
            let is_whole = template.sole_slot().is_some();
            self.placeholders(&part("body"), template, &given(is_whole), each)?;
        }
        Ok(())
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
    fn values(&self) -> Result<(), ProfileError> {
        let profile = self.profile;
        for (name, var) in &profile.vars {
            let key = format!("vars.{name}");
            match var {
                Var::Text(template) => self.placeholders(&key, template, &CALLER, None)?,
                Var::Secret(secret) if secret.env.trim().is_empty() => {
                    return Err(self.fail(key, "`env` is empty; name an environment variable"));
                }
                Var::Secret(_) => {}
            }
        }
        let known = self.known();
        let of_calls = profile.steps.iter().flat_map(|(_, step)| &step.calls);
        let forgotten = of_calls.flat_map(|call| &call.forget);
        let forgotten = forgotten.chain(profile.rules.iter().flat_map(|rule| &rule.forget));
        match forgotten.into_iter().find(|name| !known.contains(&***name)) {
            Some(name) => Err(self.fail("forget", unknown(name, &known))),
            None => Ok(()),
        }
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
        let counted = answers.order.as_ref().and_then(|order| order.coupons.as_ref());
        if counted.is_some_and(|coupons| coupons.list.is_some() != coupons.lists.is_empty()) {
            let problem = "write `list`, or `lists` with at least one";
            return Err(self.fail("answers.order.coupons", problem));
        }
        match needed.iter().find(|(_, there)| !there) {
            None => Ok(()),
            Some((entry, _)) => {
                let problem = format!("missing, but steps.{} needs it", name.as_str());
                Err(self.fail(format!("answers.{entry}"), problem))
            }
        }
    }

    fn headers(&self) -> Result<(), ProfileError> {
        for (index, header) in self.profile.headers.iter().enumerate() {
            let key = format!("headers.{index}");
            self.header(&key, &header.name, &header.value)?;
            self.placeholders(&key, &header.value, &CALLER, None)?;
        }
        Ok(())
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

    fn refusals(&self) -> Result<(), ProfileError> {
        for (index, rule) in self.profile.rules.iter().enumerate() {
            let key = format!("refusals.{index}");
            if rule.status.iter().any(|status| !(200..=599).contains(status)) {
                return Err(self.fail(key, "`status` must be from 200 to 599"));
            }
            if rule.contains.as_ref().is_some_and(|text| text.is_empty()) {
                return Err(self.fail(key, "`contains` is empty; leave it out to fit any body"));
            }
            let says = !rule.status.is_empty() || rule.contains.is_some();
            if !says && rule.fields().next().is_none() {
                let problem = "it fits every answer; write `status`, `contains`, `is`, `has` or \
                               `lacks`";
                return Err(self.fail(key, problem));
            }
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
