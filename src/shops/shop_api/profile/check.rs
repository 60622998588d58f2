//! What RON cannot say: which steps a shop must have, what templates may ask for, sane numbers.

use awc::http::header::{HeaderName, HeaderValue};
use domain::rate::Rate;
use ports::shop_api::WalletMode;

use super::{Placeholder, Profile, ProfileError, Step, StepName, Template};

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
    for &name in StepName::ALL {
        if let Some(step) = profile.steps.get(name) {
            checker.step(name, step)?;
            checker.answer_of(name)?;
        }
    }
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
                self.placeholders(&key, template, &allowed)?;
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

    fn step(&self, name: StepName, step: &Step) -> Result<(), ProfileError> {
        let key = |part: &str| format!("steps.{}.{part}", name.as_str());
        let given = |optional: bool| -> Vec<Placeholder> {
            let caller = CALLER.iter().filter(|_| step.auth);
            let all = name.placeholders().iter().chain(caller).copied();
            all.filter(|p| optional || !p.is_optional()).collect()
        };
        if !step.path.plain_texts().next().is_some_and(|text| text.starts_with('/')) {
            return Err(self.fail(key("path"), "begin it with `/`"));
        }
        let unfit =
            |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "?#".contains(c);
        if step.path.plain_texts().any(|text| text.contains(unfit)) {
            return Err(
                self.fail(key("path"), "use ASCII without spaces; parameters go in `query`")
            );
        }
        self.placeholders(&key("path"), &step.path, &given(false))?;
        for (parameter, template) in &step.query {
            self.placeholders(&key(&format!("query.{parameter}")), template, &given(true))?;
        }
        for template in step.body.iter().flat_map(|body| body.templates()) {
            let is_whole = template.sole_placeholder().is_some();
            self.placeholders(&key("body"), template, &given(is_whole))?;
        }
        if step.ok.is_empty() || step.ok.iter().any(|status| !(200..=299).contains(status)) {
            return Err(self.fail(key("ok"), "name at least one status, each from 200 to 299"));
        }
        Ok(())
    }

    fn placeholders(
        &self,
        key: &str,
        template: &Template,
        allowed: &[Placeholder],
    ) -> Result<(), ProfileError> {
        if let Some(wrong) = template.placeholders().find(|p| !allowed.contains(p)) {
            let known: Vec<_> = allowed.iter().map(|p| format!("{{{}}}", p.as_str())).collect();
            let there =
                if known.is_empty() { "no placeholder".to_owned() } else { known.join(", ") };
            let problem =
                format!("`{{{}}}` may have no value here; there is {there}", wrong.as_str());
            return Err(self.fail(key, problem));
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
            if HeaderName::from_bytes(header.name.as_bytes()).is_err() {
                return Err(self.fail(key, format!("`{}` is no header's name", header.name)));
            }
            if header.name.eq_ignore_ascii_case("authorization") {
                return Err(self.fail(key, "write it as a strategy in `auth_strategies`"));
            }
            if header.value.plain_texts().any(|text| HeaderValue::from_str(text).is_err()) {
                return Err(self.fail(key, "the value has a character that no header may have"));
            }
            self.placeholders(&key, &header.value, &CALLER)?;
        }
        Ok(())
    }

    fn refusals(&self) -> Result<(), ProfileError> {
        for (index, rule) in self.profile.refusals.iter().enumerate() {
            let key = format!("refusals.{index}");
            if !(400..=599).contains(&rule.status) {
                return Err(self.fail(key, "`status` must be from 400 to 599"));
            }
            if rule.contains.as_ref().is_some_and(|text| text.is_empty()) {
                return Err(self.fail(key, "`contains` is empty; leave it out to fit any body"));
            }
        }
        Ok(())
    }
}
