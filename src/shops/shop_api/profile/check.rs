//! What RON cannot say: which steps a shop must have, what its answers must show, sane numbers.

mod calls;

use domain::rate::Rate;
use ports::shop_api::{CatalogMode, PageBy, Part, WalletMode};

use super::{Call, Placeholder, Profile, ProfileError, Rule, StepName};

/// Every flow makes these calls.
const ALWAYS: [StepName; 5] = [
    StepName::Probe,
    StepName::ListProducts,
    StepName::AddItem,
    StepName::Checkout,
    StepName::ClearCart,
];

/// Products a page, at most.
const PAGE_SIZE_MAX: u32 = 1_000;
/// Seconds; a longer idle connection is dead at any server.
const KEEP_ALIVE_MAX_S: f64 = 3_600.0;
/// Digits behind the point of any currency there is.
const DIGITS_MAX: u8 = 4;
/// Values that an order can be asked for by: a row holds them.
const REFS_MAX: usize = 8;
/// Milliseconds; a longer wait would outlive a cycle.
const TIMEOUT_MAX_MS: u64 = 120_000;

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
            found.extend(checker.call(&key, call, Some(name)));
        }
        found.extend(checker.answer_of(name).err());
    }
    found.extend(checker.counted_coupons().err());
    found.extend(checker.placing());
    found.extend(checker.goods());
    found.extend(checker.setup());
    found.extend(checker.values());
    found.extend(checker.headers());
    found.extend(checker.places());
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
        if !(1..=PAGE_SIZE_MAX).contains(&profile.paging.size) {
            let key = if profile.format == 1 { "page_size" } else { "paging.size" };
            found.push(self.fail(key, format!("write 1 to {PAGE_SIZE_MAX}")));
        }
        if profile.answers.money.digits > DIGITS_MAX {
            found.push(self.fail("answers.money.digits", format!("write 0 to {DIGITS_MAX}")));
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
                found.extend(self.placeholders(&key, template, &allowed, &[]).err());
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
        let (wallet, why): (&[StepName], _) = match profile.wallet {
            WalletMode::Engine => (
                &[StepName::EligibleCoupons, StepName::ApplyCoupon, StepName::GrantWallet],
                "`wallet: engine`",
            ),
            WalletMode::Shop => {
                (&[StepName::EligibleCoupons, StepName::ApplyCoupon], "`wallet: shop`")
            }
            WalletMode::Codes => (&[StepName::ApplyCoupon], "`wallet: codes`"),
            WalletMode::None => (&[], ""),
        };
        let viewed = [StepName::ViewProduct];
        let viewed = viewed.iter().filter(|_| profile.catalog == CatalogMode::Viewed);
        let needed = ALWAYS
            .iter()
            .map(|step| (step, "every run"))
            .chain(stores.map(|step| (step, "`selects_store: true`")))
            .chain(wallet.iter().map(|step| (step, why)))
            .chain(viewed.map(|step| (step, "`catalog: viewed`")))
            .chain(profile.probe_steps.iter().map(|step| (step, "`probe_steps`")));
        let missing = needed.filter(|(step, _)| !profile.has(**step)).map(|(step, why)| {
            let problem = format!("missing, but {why} needs it; add the step");
            self.fail(format!("steps.{}", step.as_str()), problem)
        });
        let mut found: Vec<_> = missing.collect();
        let finds = profile.has(StepName::LatestOrder) || profile.has(StepName::FindOrder);
        if profile.has(StepName::ReadOrder) && !finds {
            let problem = "missing, but steps.read_order needs it, or steps.find_order, to find \
                           the order; add one of them";
            found.push(self.fail("steps.latest_order", problem));
        }
        if profile.probe_steps.is_empty() {
            found.push(self.fail("probe_steps", "empty; name at least `probe`"));
        }
        found
    }

    /// One call of the checkout places the order, and what follows it may fail: the order stands.
    fn placing(&self) -> Vec<ProfileError> {
        let mut found = Vec::new();
        for (name, step) in self.profile.steps.iter() {
            let places = |call: &&Call| call.part == Part::PlacesOrder;
            let key = format!("steps.{}", name.as_str());
            match (name == StepName::Checkout, step.calls.iter().filter(places).count()) {
                (false, 1..) => {
                    found.push(self.fail(key, "`places_order` is of a call of `checkout` alone"));
                }
                (true, 2..) => {
                    found.push(self.fail(key, "more than one call has `places_order: true`"));
                }
                (true, 0) if step.calls.len() > 1 => {
                    let problem = "no call has `places_order: true`; write it on the one whose \
                                   lost answer may be an order";
                    found.push(self.fail(key, problem));
                }
                (true, 1) => {
                    let placing = step.calls.iter().position(|call| places(&call));
                    let after = step.calls.iter().skip(placing.unwrap_or(0) + 1);
                    let is_needed = |call: &Call| call.request.is_some() && !call.optional;
                    if after.clone().any(is_needed) {
                        let problem = "what follows the call that places the order must be \
                                       `optional: true`: the order stands";
                        found.push(self.fail(key, problem));
                    }
                }
                (false | true, _) => {}
            }
        }
        let setup = self.profile.setup.calls().any(|call| call.part == Part::PlacesOrder);
        found.extend(
            setup.then(|| self.fail("setup", "`places_order` is of a call of `checkout` alone")),
        );
        found
    }

    /// What lists, products and orders must show to be of use.
    fn goods(&self) -> Vec<ProfileError> {
        let (profile, mut found) = (self.profile, Vec::new());
        let answers = &profile.answers;
        let item = if profile.format == 1 { "answers.product_fields" } else { "answers.item" };
        if let Some(fields) = &answers.item {
            let variants = fields.variants.as_ref();
            let of_variants = variants.is_some_and(|variants| variants.price.is_some());
            if fields.price.is_none() && !of_variants {
                let problem = "no `price`; write where it is, in the item or in its `variants`";
                found.push(self.fail(item, problem));
            }
            let variants = variants.map(|v| (&v.in_stock, &v.in_stock_words));
            for (place, words) in
                variants.into_iter().chain([(&fields.in_stock, &fields.in_stock_words)])
            {
                if place.is_none() && !words.is_empty() {
                    let problem = "`in_stock_words` without `in_stock`; write where they are";
                    found.push(self.fail(item, problem));
                }
            }
        }
        let lines = answers.order.as_ref().and_then(|order| order.lines.as_ref());
        if lines.is_some_and(|line| line.unit_price.is_none() && line.line_total.is_none()) {
            let problem = "neither `unit_price` nor `line_total`; write where one of them is";
            found.push(self.fail("answers.order.lines", problem));
        }
        let next = answers.products.as_ref().and_then(|products| products.next.as_ref());
        if profile.paging.by == PageBy::Cursor && next.is_none() {
            let problem = "missing, but `paging: (by: cursor)` needs it: where the next page's \
                           cursor is";
            found.push(self.fail("answers.products.next", problem));
        }
        let refs = profile.order_refs().len();
        if refs > REFS_MAX {
            let problem = format!("it needs {refs} captured values; at most {REFS_MAX} are kept");
            found.push(self.fail("steps.find_order", problem));
        }
        found
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
        let name_of_item = if self.profile.format == 1 { "product_fields" } else { "item" };
        let item = (name_of_item, answers.item.is_some());
        let needed: &[(&str, bool)] = match name {
            StepName::Probe
            | StepName::FirstVisit
            | StepName::AddItem
            | StepName::RemoveItem
            | StepName::ApplyCoupon
            | StepName::GrantWallet
            | StepName::ClearCart => &[],
            StepName::ListStores => &[("stores", answers.stores.is_some())],
            StepName::SelectStore => &[("store_selected", answers.store_selected.is_some())],
            StepName::ListProducts | StepName::SearchProducts => {
                &[("products", answers.products.is_some()), item]
            }
            StepName::ViewProduct => &[("product", answers.product.is_some()), item],
            StepName::ReadCart => &[("cart", answers.cart.is_some())],
            StepName::ReadSummary => &[("summary", answers.summary.is_some())],
            StepName::EligibleCoupons => &[
                ("coupons", answers.coupons.is_some()),
                ("coupon_fields", answers.coupon_fields.is_some()),
            ],
            StepName::Checkout | StepName::ReadOrder => &[("order", answers.order.is_some())],
            StepName::FindOrder => &[("found", answers.found.is_some())],
            StepName::LatestOrder => &[("latest_order", answers.latest_order.is_some())],
        };
        match needed.iter().find(|(_, there)| !there) {
            None => Ok(()),
            Some((entry, _)) => {
                let problem = format!("missing, but steps.{} needs it", name.as_str());
                Err(self.fail(format!("answers.{entry}"), problem))
            }
        }
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
