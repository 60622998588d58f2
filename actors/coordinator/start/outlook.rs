//! Before the first tick: do the requests that a busy cycle wants fit into it at the run's rate?
//!
//! Counted are requests of the profile in use, not steps: a checkout of six calls is six. How often
//! a visit takes a step is measured (runs of both presets at the practice shop); when it shops is
//! what decides it in the run. A hint, a tenth off in either direction.

use chrono::{NaiveDateTime, TimeDelta};

use crate::agent::decision::p_shop;
use crate::agent::temporal::Rhythm;
use crate::coordinator::plan::RunPlan;
use crate::domain::behavior::Behavior;
use crate::domain::persona::Persona;
use crate::ports::shop_api::{CatalogMode, RequestCounts, ShopTraits, WalletMode};

/// Lists in a visit: of the wanted category, and of all where that has too little.
const LISTS: f64 = 1.5;
/// Of the products that are looked at, those put into the cart.
const ADDED_SHARE: f64 = 0.46;
/// Visits that look for coupons, and that put one on the cart.
const COUPON_LOOKS: f64 = 0.87;
const COUPONS_APPLIED: f64 = 0.5;
/// Visits that check out; the others clear their cart.
const CHECKOUTS: f64 = 0.6;
/// Hours among which the busiest is looked for.
const HOURS: i64 = 24;

/// What a cycle wants and may have, in requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Of a visit that shops.
    pub a_visit: f64,
    /// Of all agents in the busiest hour of the first day.
    pub wanted: f64,
    /// What the rate lets through between two ticks; `None`: as many as are wanted.
    pub allowed: Option<f64>,
    /// Products put into carts on the first day.
    pub adds_a_day: f64,
}

impl Outlook {
    /// Of these agents.
    pub fn of(plan: &RunPlan, personas: &[Persona]) -> Self {
        let mix = VisitMix::of(plan, personas);
        let a_visit = mix.requests(&plan.shop.requests);
        let hour = |n| plan.simulated_start + TimeDelta::hours(n);
        let visits = (0..HOURS).map(|n| visits(&plan.behavior, personas, hour(n)));
        let visits: Vec<f64> = visits.collect();
        let wanted = visits.iter().copied().fold(0.0, f64::max) * a_visit;
        let adds_a_day = visits.iter().sum::<f64>() * mix.adds;
        let limit = plan.rate.limit().filter(|_| !plan.interval.is_zero());
        let allowed = limit.map(|rate| rate * plan.interval.as_secs_f64());
        Self { a_visit, wanted, allowed, adds_a_day }
    }

    /// What is to be said; nothing where it fits.
    pub fn says(&self) -> Option<String> {
        let allowed = self.allowed.filter(|allowed| self.wanted > *allowed)?;
        Some(format!(
            "a busy cycle wants about {:.0} requests ({:.1} a visit by this profile), the rate \
             lets {allowed:.0} through between two ticks: cycles will be late; take fewer agents, \
             a lower --time-scale or a higher --rate",
            self.wanted, self.a_visit
        ))
    }
}

/// Products that a persona looks at in a visit: the mean of the log-normal draw, within its bounds.
fn views(behavior: &Behavior, persona: &Persona) -> f64 {
    let rule = behavior.look;
    let median = persona.avg_cart_value.as_dollars() / rule.dollars_per_product;
    let mean = median * (rule.sigma * rule.sigma / 2.0).exp();
    mean.clamp(rule.products.min.into(), rule.products.max.max(rule.products.min).into())
}

/// Visits that shop in the hour of `at`.
fn visits(behavior: &Behavior, personas: &[Persona], at: NaiveDateTime) -> f64 {
    let shops =
        |persona: &Persona| p_shop(behavior, persona, &Rhythm::of(behavior, persona), at, 1.0);
    personas.iter().map(shops).sum()
}

/// How often a visit that shops takes each step, in the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VisitMix {
    /// Lists of products.
    pub lists: f64,
    /// Products that are looked at by a call.
    pub views: f64,
    /// Products put into the cart.
    pub adds: f64,
    /// Looks for coupons.
    pub coupon_looks: f64,
    /// Coupons put on the cart.
    pub applied: f64,
    /// Checkouts.
    pub checkouts: f64,
    /// Carts that are cleared.
    pub clears: f64,
}

impl VisitMix {
    /// Of these agents.
    pub fn of(plan: &RunPlan, personas: &[Persona]) -> Self {
        let views: f64 = personas.iter().map(|persona| views(&plan.behavior, persona)).sum();
        Self::looking_at(views / personas.len().max(1) as f64, &plan.shop, &plan.behavior)
    }

    /// Of a visit that looks at so many products.
    fn looking_at(views: f64, shop: &ShopTraits, behavior: &Behavior) -> Self {
        let lists = match shop.catalog {
            CatalogMode::Live => LISTS,
            CatalogMode::Cached | CatalogMode::Viewed => 0.0,
        };
        let coupon_looks = match shop.wallet {
            WalletMode::Engine | WalletMode::Shop => COUPON_LOOKS,
            WalletMode::Codes | WalletMode::None => 0.0,
        };
        Self {
            lists,
            views: if behavior.view_calls { views } else { 0.0 },
            adds: views * ADDED_SHARE,
            coupon_looks,
            applied: if shop.wallet == WalletMode::None { 0.0 } else { COUPONS_APPLIED },
            checkouts: CHECKOUTS,
            clears: 1.0 - CHECKOUTS,
        }
    }

    /// Requests of such a visit, where each step costs so many.
    pub fn requests(&self, each: &RequestCounts) -> f64 {
        let times = |count: u32, often: f64| f64::from(count) * often;
        times(each.list, self.lists)
            + times(each.view, self.views)
            + times(each.cart, 1.0)
            + times(each.add, self.adds)
            + times(each.coupons, self.coupon_looks)
            + times(each.apply, self.applied)
            + times(each.checkout, self.checkouts)
            + times(each.clear, self.clears)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::coordinator::run::world::plan::plan;
    use crate::domain::presets;
    use crate::domain::rate::Rate;

    /// At a shop with these counts, 75 s between two ticks.
    fn outlook(rate: f64, requests: RequestCounts, behavior: Behavior) -> Outlook {
        let mut plan = plan();
        plan.interval = Duration::from_secs(75);
        plan.rate = Rate::per_second(rate).unwrap();
        plan.behavior = Arc::new(behavior);
        plan.shop.requests = requests;
        Outlook::of(&plan, &presets::population(372, 1))
    }

    #[test]
    fn a_visit_of_the_load_preset_is_the_six_requests_that_were_measured() {
        let usual = outlook(50.0, RequestCounts::default(), presets::load());
        assert!((5.0..8.0).contains(&usual.a_visit), "{usual:?}");
        assert!(usual.says().is_none(), "{usual:?}");
    }

    #[test]
    fn requests_are_counted_and_not_steps() {
        let usual = outlook(50.0, RequestCounts::default(), presets::load());
        let long = RequestCounts { checkout: 6, cart: 1, ..RequestCounts::default() };
        let long = outlook(50.0, long, presets::load());
        assert!((long.a_visit - usual.a_visit - 4.0).abs() < 1e-9, "{usual:?} {long:?}");
        assert!(long.wanted > usual.wanted * 1.4);
    }

    #[test]
    fn a_cycle_that_wants_more_than_the_rate_lets_through_is_told_and_one_that_fits_is_not() {
        let of = |rate| outlook(rate, RequestCounts::default(), presets::load());
        let border = of(50.0).wanted / 75.0;
        assert!(of(border * 1.01).says().is_none());
        let said = of(border * 0.99).says().unwrap();
        assert!(said.contains("cycles will be late") && said.contains("a visit"), "{said}");
        let mut unlimited = of(50.0);
        unlimited.allowed = None;
        assert!(unlimited.says().is_none());
    }
}
