//! Looks at all that a run needs before there is one: machine, database, population, shop, plan and
//! capacity, a line each, and every mistake in one go.
//!
//! Nothing is left behind: no row, no cart, no file. What writes at the shop is asked for by name
//! (`--order`, `--ramp`).

mod capacity;
mod database;
pub mod finding;
mod machine;
mod plan;
mod population;
mod shop;

use std::time::Instant;

use actors::ports::shop_api::ShopTraits;
use shops::shop_api::mock::MockShop;
use shops::shop_api::profile::Profile;

use crate::config::Settings;
use crate::config::shop::ShopTarget;
use crate::running::signals::Signal;
use crate::trial::Say;

pub use self::capacity::Wish;
use self::finding::Findings;
pub use self::finding::{Blame, Finding, Report};
use self::shop::Shop;

/// What is to be looked at.
pub struct Asked {
    /// The settings of the run that is meant.
    pub settings: Settings,
    /// Whether one visit is made with one real order.
    pub order: bool,
    /// The ramp, where one is wanted.
    pub ramp: Option<Wish>,
}

/// Looks at all of it; `say` hears of each finding as it comes. A signal may have ended what was
/// under way at the shop.
pub async fn examine(asked: &Asked, say: Say) -> (Report, Option<Signal>) {
    let begun = Instant::now();
    let (settings, mut findings) = (&asked.settings, Findings::new(say));
    machine::look(settings, &mut findings);
    let is_asked_further = database::look(settings, &mut findings).await;
    let people = population::gather(settings, is_asked_further, &mut findings).await;
    let mut shop = Shop::set_up(settings, &mut findings);
    if let Some(shop) = &mut shop {
        shop.look(settings, &people, &mut findings).await;
        population::compare(&people, &shop.catalog, &mut findings);
    }
    let (traits, hint) = contract(settings, shop.as_ref());
    let planned = plan::look(settings, traits, hint, &people, &mut findings);
    if let (Some(shop), Some((_, outlook))) = (&shop, &planned) {
        shop.stock(settings, outlook, &mut findings);
    }
    let mut signal = None;
    if let Some(shop) = shop.as_mut().filter(|_| asked.order) {
        signal = shop.order(settings, &people, &mut findings).await;
    }
    if let Some(shop) = &mut shop {
        shop.conclude(&mut findings).await;
    }
    let mut requests = shop.as_ref().map_or(0, Shop::requests);
    let is_known = |shop: &&Shop| !shop.known.is_empty() && signal.is_none();
    match (&asked.ramp, shop.as_ref().filter(is_known), &planned) {
        (None, _, _) => findings.push(capacity::skipped("--ramp")),
        (Some(wish), Some(shop), Some((plan, outlook))) => {
            let field = (shop, &people);
            let ramped =
                capacity::look(settings, field, (plan, outlook), wish, &mut findings).await;
            requests += ramped.requests;
            signal = ramped.signal;
        }
        (Some(_), _, _) => findings.push(capacity::skipped("look at the lines above first")),
    }
    if let Some(shop) = shop {
        shop.close(&mut findings);
    }
    (findings.into_report(requests, begun.elapsed()), signal)
}

/// What the profile says, also of a shop that could not be set up.
fn contract(settings: &Settings, shop: Option<&Shop>) -> (ShopTraits, Option<f64>) {
    if let Some(shop) = shop {
        return (shop.traits(), shop.profile().rate_hint_per_s);
    }
    let named = match settings.shop.target() {
        ShopTarget::Mock => return (MockShop::traits(), None),
        ShopTarget::PracticeInProcess => "practice".to_owned(),
        ShopTarget::Remote { profile, .. } => profile,
    };
    let profile = Profile::resolve(&named).ok();
    let traits = profile.as_ref().map_or_else(MockShop::traits, Profile::traits);
    (traits, profile.and_then(|profile| profile.rate_hint_per_s))
}
