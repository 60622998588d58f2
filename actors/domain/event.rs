//! The one vocabulary of events: what a shopper did, in the order it did it.
//!
//! The words are columns of the data product; the payload is JSON with the ids an analyst needs.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{AssignmentId, CouponId, ProductId};
use super::persona::words;

words!(
    /// What happened.
    EventKind, "event type" {
        /// A list was looked at. Payload: category, product_ids.
        ProductList = "product_list",
        /// One product was looked at. Payload: price_cents, category, brand, called.
        ViewProduct = "view_product",
        /// A product was put in the cart, or the shop refused it. Payload: quantity,
        /// unit_price_cents, cart_total_cents, accepted, reason.
        CartAddItem = "cart_add_item",
        /// The wallet was looked at. Payload: eligible and ineligible coupon_ids.
        ViewCoupons = "view_coupons",
        /// A coupon was put on the cart. Payload: coupon_type.
        CouponApply = "coupon_apply",
        /// A coupon was refused. Payload: reason.
        CouponRejected = "coupon_rejected",
        /// An order was placed. Payload: order_id, totals in cents.
        CheckoutComplete = "checkout_complete",
        /// The cart was left. Payload: reason, cart_total_cents.
        CartAbandon = "cart_abandon",
        /// A checkout did not lead to an order. Payload: reason, status.
        CheckoutFailed = "checkout_failed",
    }
);
words!(
    /// What became of a coupon in a flow (table `coupon_interactions`).
    CouponStep, "coupon step" {
        /// Shown to the agent.
        Seen = "seen",
        /// Put on the cart.
        Applied = "applied",
        /// Refused by the shop.
        Rejected = "rejected",
        /// Used in an order.
        Redeemed = "redeemed",
    }
);

/// One event of a flow; its place in the flow is its index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowEvent {
    /// What happened.
    pub kind: EventKind,
    /// The product it happened to, if one.
    pub product_id: Option<ProductId>,
    /// The coupon it happened to, if one.
    pub coupon_id: Option<CouponId>,
    /// Details, an object.
    pub payload: Value,
    /// Simulated; rises within a flow and stays inside the flow's hour.
    pub simulated_at: NaiveDateTime,
    /// Wall clock, UTC.
    pub recorded_at: NaiveDateTime,
}

/// What became of one coupon in a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponInteraction {
    /// The coupon.
    pub coupon_id: CouponId,
    /// The assignment it came from; `None` for a coupon of the shop not yet logged as assigned.
    pub assignment_id: Option<AssignmentId>,
    /// What became of it.
    pub step: CouponStep,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// Simulated.
    pub simulated_at: NaiveDateTime,
}
