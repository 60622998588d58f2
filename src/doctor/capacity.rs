//! How much of a run the shop bears: a short ramp of visits like a run's, up to the rate at which
//! answers take twice as long, and what `--rate` and `--time-scale` follow from it.
//!
//! It is load, so it is asked for by name, has a cap, and stops at the first sign of harm.

mod field;
mod heard;
mod knee;
mod ramp;
mod samples;
mod told;
mod turns;
mod verdict;
mod visitor;
mod window;

use std::sync::Arc;

use actors::coordinator::plan::RunPlan;
use actors::coordinator::{Outlook, VisitMix};
use actors::domain::catalog::Product;
use actors::domain::ids::StoreId;
use actors::ports::shop_api::Caller;
use shops::shop_api::http::ShopSetup;

use self::knee::Bounds;
use self::ramp::Course;
use self::visitor::Ways;
use super::finding::{Area, Finding, Findings};
use super::population::People;
use super::shop::Shop;
use crate::config::Settings;
use crate::running::signals::Signal;

const AREA: Area = Area::Capacity;

/// Without another cap the ramp ends at so many times the run's limit ...
const CAP: f64 = 2.0;
/// ... and one that has none is taken to have this.
const UNLIMITED: f64 = 50.0;
/// Rates at which orders are counted, baseline and repeats too.
const LEVELS_OF_ORDERS: f64 = 9.0;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Orders at most; `None`: carts only.
    pub orders: Option<u32>,
    /// Requests a second at most; `None`: twice the run's limit.
    pub rate_max: Option<f64>,
    /// How long it may take, s.
    pub seconds: u32,
}

/// A shop to be ramped, and the run that is meant.
pub(super) struct Ramp<'a> {
    /// The way to the shop.
    setup: Arc<ShopSetup>,
    /// The agents who come.
    people: &'a People,
    /// What can be bought.
    products: &'a [Product],
    /// The branches; agents choose the first.
    stores: &'a [StoreId],
    /// The run.
    plan: &'a RunPlan,
    /// What its busiest cycle wants.
    outlook: &'a Outlook,
    /// What was asked for.
    wish: &'a Wish,
}

/// What came of it beside findings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ramped {
    /// Requests that the shop was asked.
    pub(super) requests: u64,
    /// What ended it early.
    pub(super) signal: Option<Signal>,
}

/// What stands in its place where there was none.
pub(super) fn skipped(why: &str) -> Finding {
    Finding::skip(AREA, "knee", format!("not tried: {why}"))
}

/// Makes the ramp.
pub(super) async fn look(
    settings: &Settings,
    (shop, people): (&Shop, &People),
    (plan, outlook): (&RunPlan, &Outlook),
    wish: &Wish,
    findings: &mut Findings,
) -> Ramped {
    let products = &shop.catalog.products;
    if people.personas.is_empty() || !products.iter().any(|product| product.in_stock) {
        findings.push(skipped("there is no agent who could come, or nothing that can be bought"));
        return Ramped::default();
    }
    let setup = match shop.unheard(settings) {
        Ok(setup) => Arc::new(setup),
        Err(error) => {
            findings.push(skipped(&error.to_string()));
            return Ramped::default();
        }
    };
    let ramp = Ramp { setup, people, products, stores: &shop.stores, plan, outlook, wish };
    let went = match ramp::climb(ramp.course(), &|line| findings.tell(line)).await {
        Ok(went) => went,
        Err(error) => {
            findings.push(skipped(&format!("no signal could be heard: {error}")));
            return Ramped::default();
        }
    };
    told::tell(&ramp, &went, findings);
    Ramped { requests: went.counts.requests, signal: went.signal }
}

impl Ramp<'_> {
    /// Requests a second, never more.
    fn cap(&self) -> f64 {
        self.wish.rate_max.unwrap_or(CAP * self.plan.rate.limit().unwrap_or(UNLIMITED))
    }

    fn course(&self) -> Course {
        let mix = VisitMix::of(self.plan, &self.people.personas);
        let a_visit = mix.requests(&self.plan.shop.requests);
        let by_order = a_visit / mix.checkouts.max(f64::EPSILON) / LEVELS_OF_ORDERS;
        let callers = self.people.personas.iter().map(|persona| Caller {
            agent_id: persona.agent_id.clone(),
            user_id: persona.user_id,
            flow_id: None,
        });
        Course {
            setup: Arc::clone(&self.setup),
            callers: callers.collect(),
            ways: Ways {
                traits: self.plan.shop,
                mix,
                goods: self.products.iter().filter(|goods| goods.in_stock).cloned().collect(),
                codes: self.plan.coupons.iter().map(|coupon| coupon.id.clone()).collect(),
                store: self.plan.store_id.clone().or_else(|| self.stores.first().cloned()),
            },
            bounds: Bounds {
                cap: self.cap(),
                seconds: self.wish.seconds.into(),
                requests_max: self.wish.orders.map(|orders| f64::from(orders) * by_order),
            },
            orders: self.wish.orders.map(u64::from),
        }
    }
}
