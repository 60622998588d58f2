//! A flow: what one agent does in one cycle, and the record of it that is committed whole.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::cart::{Cart, CartLine};
use super::cycle::{Cycle, ReplayNumber};
use super::event::{CouponInteraction, FlowEvent};
use super::ids::{
    AgentId, CohortName, CouponId, FlowId, Incarnation, OrderId, OwnerToken, ProductId, RunId,
    SessionId, StoreId,
};
use super::money::{Amount, Cents};
use super::offer::{Assignment, Coupon};
use super::persona::words;
use super::shop_notes::Misread;

words!(
    /// The state of a shopping session's row.
    FlowStatus, "session status" {
        /// Opened, not yet ended.
        Active = "active",
        /// An order was placed.
        Completed = "completed",
        /// Left without an order; behaviour, not failure.
        Abandoned = "abandoned",
        /// Looked only.
        Browsed = "browsed",
        /// Did not come to an end of its own.
        Failed = "failed",
    }
);
words!(
    /// Why a flow ended.
    EndReason, "end reason" {
        /// As intended: an order, or browsing done.
        Done = "done",
        /// Nothing was put in the cart.
        CartEmpty = "cart_empty",
        /// The agent decided against buying.
        CheckoutDeclined = "checkout_declined",
        /// The shop refused the checkout for a business reason.
        Refused = "refused",
        /// A call failed; see the failure kind.
        CallFailed = "call_failed",
        /// The checkout failed.
        CheckoutFailed = "checkout_failed",
        /// Whether the order was placed could not be found out.
        CheckoutUnknown = "checkout_unknown",
        /// The agent's actor panicked.
        Panic = "panic",
        /// The agent made no progress for 60 s.
        Hang = "hang",
        /// The store could not be written within its retries.
        Store = "store",
        /// The agent's HTTP session went down.
        SessionDown = "session_down",
        /// The run froze.
        Frozen = "frozen",
        /// The run was stopped.
        Stopped = "stopped",
        /// The process died.
        Crash = "crash",
    }
);
words!(
    /// What the agent's cart at the shop may hold, as known when the row was last written. Each row
    /// takes up where the agent's row before it ended: looking around empties no cart.
    ShopCart, "shop_cart" {
        /// Whatever lay in it before this run, which has not touched it.
        Unknown = "unknown",
        /// Nothing: the last write to it was a clear or a checkout, and the shop answered it.
        Clean = "clean",
        /// Goods: something was, or may have been, put in since it was last empty.
        Dirty = "dirty",
    }
);

/// Nobody knows what lies in a cart that the run has not touched.
impl Default for ShopCart {
    fn default() -> Self {
        Self::Unknown
    }
}

words!(
    /// What is known of the order of a flow whose checkout was not answered well, or whose process
    /// died; a flow that never sent one, or was answered, has none.
    OrderOutcome, "order outcome" {
        /// There may be an order at the shop that no row names.
        Unknown = "unknown",
        /// The shop's reads showed it, and it is a row.
        Found = "found",
        /// The shop's reads showed that there is none.
        Absent = "absent",
    }
);

/// What identifies a flow and every row of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowKey {
    /// Fixed before the first call; [`FlowId::of`] the fields below.
    pub flow_id: FlowId,
    /// The run.
    pub run_id: RunId,
    /// The process allowed to write; checked by OpenFlow and CommitFlow.
    pub owner: OwnerToken,
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// The agent.
    pub agent_id: AgentId,
    /// Its experiment arm.
    pub cohort: Option<CohortName>,
    /// Its HTTP session.
    pub http_session: SessionId,
    /// Which build of the agent's actor.
    pub incarnation: Incarnation,
    /// `runs.resumes` when it began: with the cycle, the order in which an agent's flows were made,
    /// whatever the clocks say.
    #[serde(default)]
    pub resumes: ReplayNumber,
    /// Simulated start of the visit, a uniform second of its hour.
    pub simulated_at: NaiveDateTime,
    /// Wall clock (UTC) at the start.
    pub opened_at: NaiveDateTime,
}

/// An order as the shop answered it; a row of `orders` with its `order_items`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's id.
    pub id: OrderId,
    /// Before discounts.
    pub subtotal: Amount,
    /// Off the lines.
    pub item_discounts: Amount,
    /// Off the rest.
    pub frontstore_discount: Amount,
    /// Both.
    pub discount_total: Amount,
    /// On top: shipping, tax and the like.
    #[serde(default)]
    pub charges: Amount,
    /// To pay: `subtotal` - `discount_total` + `charges`.
    pub final_total: Amount,
    /// One per product.
    pub lines: Vec<OrderLine>,
    /// Whether the shop showed no lines: what was bought is what was put in
    /// ([`Order::with_lines_of`]).
    #[serde(default)]
    pub lacks_lines: bool,
    /// The coupons that counted, where the shop says so: only they are redeemed.
    pub coupons: Option<Vec<CouponId>>,
    /// What of the answer did not fit the profile; the order is one all the same.
    #[serde(default)]
    pub misread: Option<Misread>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What.
    pub product_id: ProductId,
    /// Units.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: Amount,
    /// Off this line.
    pub discount: Amount,
    /// To pay for this line.
    pub line_total: Amount,
}

impl Order {
    /// The order with what the agent put in as its lines where the shop showed none; the subtotal
    /// is their sum, the discount what is missing to what was paid.
    pub fn with_lines_of(self, cart: &Cart) -> Self {
        if !self.lacks_lines {
            return self;
        }
        let line = |line: &CartLine| OrderLine {
            product_id: line.product.id.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
            discount: Amount::default(),
            line_total: line.unit_price.times(line.quantity).into(),
        };
        let subtotal: Amount = cart.total().into();
        let discount = Amount::reckoned(
            subtotal.exact().plus(self.charges.exact()).minus(self.final_total.exact()),
        );
        Self {
            lines: cart.lines().iter().map(line).collect(),
            lacks_lines: false,
            subtotal,
            item_discounts: Amount::default(),
            frontstore_discount: discount.clone(),
            discount_total: discount,
            ..self
        }
    }
}

/// Everything a flow leaves behind; committed in one transaction (Q2.1).
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRecord {
    /// Which flow.
    pub key: FlowKey,
    /// Whether OpenFlow was asked for; a browse-only or `--mock-api` flow has no row until its end.
    pub opened: bool,
    /// The final status; never `Active`.
    pub status: FlowStatus,
    /// Why it ended.
    pub end_reason: EndReason,
    /// What the cart at the shop may hold.
    pub shop_cart: ShopCart,
    /// The branch shopped at.
    pub store_id: Option<StoreId>,
    /// Simulated end of the visit.
    pub simulated_end: NaiveDateTime,
    /// Wall clock (UTC) at the end.
    pub ended_at: NaiveDateTime,
    /// Calls sent, retries included; without what an agent asks once a run.
    pub calls: u32,
    /// Units in the cart at the end or in the order.
    pub cart_units: u32,
    /// Worth of the cart at the end, before discounts.
    pub cart_total: Cents,
    /// What failed, redacted and cut; `None` without a failure.
    pub failure: Option<String>,
    /// In order; the index is the `seq` column.
    pub events: Vec<FlowEvent>,
    /// In order.
    pub coupons: Vec<CouponInteraction>,
    /// Assignments seen in the shop's answers (`wallet: shop`), logged once each.
    pub seen_assignments: Vec<Assignment>,
    /// The definitions behind `seen_assignments`, for table `coupons`.
    pub seen_coupons: Vec<Coupon>,
    /// The order, if one was placed.
    pub order: Option<Order>,
    /// What is known of an order that the checkout itself did not tell of.
    pub order_outcome: Option<OrderOutcome>,
}

/// What a flow's order can be asked for by: values that the shop gave for its cart, by the names of
/// the profile; never a token. They outlive the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShopRefs(pub BTreeMap<String, String>);

/// What an agent remembers of the run so far; rebuilt from canonical rows of earlier cycles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentMemory {
    /// Paid since Monday 00:00 of the simulated week named by `week_of`.
    pub spent_this_week: Cents,
    /// That Monday; `None` before the first order.
    pub week_of: Option<NaiveDateTime>,
    /// Brands bought, each once, at most 32 (the oldest leaves first).
    pub brands_bought: Vec<String>,
    /// Products bought and in how many orders, at most 64, the one bought last at the end.
    pub products_bought: Vec<(ProductId, u32)>,
    /// Simulated start of the last visit.
    pub last_visit: Option<NaiveDateTime>,
    /// Simulated time of the last order.
    pub last_order: Option<NaiveDateTime>,
    /// What its cart at the shop may hold.
    pub shop_cart: ShopCart,
    /// The cart that it left of its own will, where it has ordered nothing since.
    pub left_cart: Option<LeftCart>,
}

/// A cart that an agent filled and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftCart {
    /// Simulated start of that visit.
    pub at: NaiveDateTime,
    /// What it held, in the order of the adds.
    pub products: Vec<ProductId>,
}
