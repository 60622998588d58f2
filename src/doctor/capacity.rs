//! How much of a run the shop bears: a short ramp of visits like a run's, up to the rate at which
//! answers take twice as long, and what `--rate` and `--time-scale` follow from it.
//!
//! It is load, so it is asked for by name, has a cap, and stops at the first sign of harm.

mod field;
mod heard;
mod knee;
pub(super) mod load;
mod ramp;
mod samples;
mod told;
mod turns;
mod visitor;
mod window;

use std::sync::Arc;

use actors::coordinator::start::outlook::{Outlook, VisitMix};
use actors::domain::catalog::Product;
use actors::domain::ids::{CouponId, StoreId};
use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;
use actors::ports::shop_api::Caller;
use shops::shop_api::http::ShopSetup;

use self::knee::Bounds;
use self::ramp::Course;
use self::visitor::Ways;
use super::finding::{Area, Finding, Findings};

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
    pub(super) setup: Arc<ShopSetup>,
    /// The agents who come.
    pub(super) callers: Vec<Caller>,
    /// What can be bought.
    pub(super) products: &'a [Product],
    /// Codes that shoppers know.
    pub(super) codes: Vec<CouponId>,
    /// The branch that agents choose.
    pub(super) store: Option<StoreId>,
    /// What visits are like.
    pub(super) mix: VisitMix,
    /// What the busiest cycle wants.
    pub(super) outlook: Outlook,
    /// The run's limit.
    pub(super) rate: Rate,
    /// The run's pace.
    pub(super) scale: TimeScale,
    /// What was asked for.
    pub(super) wish: &'a Wish,
}

/// What stands in its place where it was not asked for.
pub(super) fn skipped() -> Finding {
    Finding::skip(Area::Capacity, "knee", "not tried: --ramp")
}

/// Makes the ramp; answers how many requests the shop was asked.
pub(super) async fn look(ramp: &Ramp<'_>, findings: &mut Findings) -> u64 {
    if ramp.callers.is_empty() || ramp.products.is_empty() {
        let says = "not tried: there is no agent who could come, or nothing that can be bought";
        findings.push(Finding::skip(Area::Capacity, "knee", says));
        return 0;
    }
    let went = match ramp::climb(ramp.course(), &|line| findings.tell(line)).await {
        Ok(went) => went,
        Err(error) => {
            let says = format!("not tried: no signal could be heard: {error}");
            findings.push(Finding::skip(Area::Capacity, "knee", says));
            return 0;
        }
    };
    if let Some(signal) = went.signal {
        findings.interrupt(signal);
    }
    told::tell(ramp, &went, findings);
    went.counts.requests
}

impl Ramp<'_> {
    /// Requests a second, never more.
    fn cap(&self) -> f64 {
        self.wish.rate_max.unwrap_or(CAP * self.rate.limit().unwrap_or(UNLIMITED))
    }

    fn course(&self) -> Course {
        let traits = self.setup.profile().traits();
        let a_visit = self.mix.requests(&traits.requests);
        let by_order = a_visit / self.mix.checkouts.max(f64::EPSILON) / LEVELS_OF_ORDERS;
        let orders = self.wish.orders.map(u64::from);
        Course {
            setup: Arc::clone(&self.setup),
            callers: self.callers.clone(),
            ways: Ways {
                traits,
                mix: self.mix,
                goods: self.products.iter().filter(|goods| goods.in_stock).cloned().collect(),
                codes: self.codes.clone(),
                store: self.store.clone(),
            },
            bounds: Bounds {
                cap: self.cap(),
                seconds: self.wish.seconds.into(),
                requests_max: self.wish.orders.map(|orders| f64::from(orders) * by_order),
            },
            orders,
        }
    }
}
