//! What a profile promises of its shop: what flows and the Coordinator go by.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ports::shop_api::{OrderReads, RequestCounts, ShopTraits};

use super::{Auth, Call, Field, Name, Profile, StepName, Template, Var};

impl Profile {
    /// What flows must know of it.
    pub fn traits(&self) -> ShopTraits {
        ShopTraits {
            catalog: self.catalog,
            wallet: self.wallet,
            coupons: self.coupons,
            idempotency: self.idempotency,
            first_visit: self.has(StepName::FirstVisit),
            selects_store: self.selects_store,
            carts: self.carts,
            is_real: true,
            orders: self.order_reads(),
            paging: self.paging,
            clears: self.counted(StepName::ClearCart) > 0,
            removes: self.has(StepName::RemoveItem),
            searches: self.has(StepName::SearchProducts),
            requests: self.request_counts(),
        }
    }

    /// The variables of the environment that its secrets come from.
    pub fn variables(&self) -> BTreeSet<String> {
        let vars = self.vars.values().filter_map(|var| match var {
            Var::Secret(source) => Some(source),
            Var::Text(_) => None,
        });
        let all = vars.chain(self.auth_strategies.values().filter_map(Auth::secret));
        all.map(|source| source.env.clone()).collect()
    }

    /// Every call that it makes.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.steps.iter().flat_map(|(_, step)| &step.calls).chain(self.setup.calls())
    }

    /// Requests of a step.
    fn counted(&self, step: StepName) -> u32 {
        let calls = self.steps.get(step).map_or(&[][..], |step| &step.calls);
        u32::try_from(calls.iter().filter(|call| call.request.is_some()).count())
            .unwrap_or(u32::MAX)
    }

    fn request_counts(&self) -> RequestCounts {
        RequestCounts {
            cart: u32::try_from(self.setup.cart.len()).unwrap_or(u32::MAX),
            list: self.counted(StepName::ListProducts),
            view: self.counted(StepName::ViewProduct),
            add: self.counted(StepName::AddItem),
            coupons: self.counted(StepName::EligibleCoupons),
            apply: self.counted(StepName::ApplyCoupon),
            checkout: self.counted(StepName::Checkout),
            clear: self.counted(StepName::ClearCart),
        }
    }

    /// The values that an order can be asked for by, which a cart's calls leave.
    pub fn order_refs(&self) -> Vec<Arc<str>> {
        let Some(find) = self.steps.get(StepName::FindOrder) else { return Vec::new() };
        let found = self.answers.found.as_ref();
        let words = found.into_iter().flat_map(|found| found.is.0.iter().map(|(_, word)| word));
        let found = found
            .into_iter()
            .flat_map(|found| found.is.0.iter().map(|(field, _)| field).chain([&found.id]));
        let wanted = find.calls.iter().flat_map(Call::templates);
        let wanted = wanted.chain(found.flat_map(Field::templates)).chain(words);
        let wanted = wanted.flat_map(Template::slots);
        let of_cart = self.steps.iter().flat_map(|(_, step)| &step.calls).chain(&self.setup.cart);
        let of_cart: BTreeSet<&Arc<str>> = of_cart.flat_map(|call| call.capture.keys()).collect();
        let of_find: BTreeSet<&Arc<str>> =
            find.calls.iter().flat_map(|call| call.capture.keys()).collect();
        let names: BTreeSet<&Arc<str>> = wanted
            .filter_map(|slot| match &slot.name {
                Name::Own(name) => Some(name),
                Name::BuiltIn(_) => None,
            })
            .filter(|name| of_cart.contains(name) && !of_find.contains(name))
            .collect();
        names.into_iter().cloned().collect()
    }

    fn order_reads(&self) -> OrderReads {
        let list = self.answers.latest_order.as_ref();
        OrderReads {
            lists: self.has(StepName::LatestOrder),
            names_flows: list.is_some_and(|list| list.flow.is_some()),
            shows_one: self.has(StepName::ReadOrder),
            finds: self.has(StepName::FindOrder),
            finds_by_refs: !self.order_refs().is_empty(),
            shown_for: self
                .answers
                .found
                .as_ref()
                .and_then(|found| found.shown_for_s)
                .map(Duration::from_secs),
            settles_in: Duration::from_millis(self.timeouts.call_ms),
            is_own: false,
        }
    }
}
