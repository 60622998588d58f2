//! The one vocabulary of events: what a shopper did, in the order it did it.
//!
//! The words are columns of the data product, the fields keys of its JSON: what is written under a
//! name keeps its meaning for ever, since released data has it.

pub(crate) mod payload;

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::flow::EndReason;
use super::ids::{AssignmentId, CouponId, OrderId, ProductId};
use super::money::Cents;
use super::offer::CouponKind;
use super::persona::words;

payload::events!(
    /// What happened.
    EventKind, "event type";
    /// What an event says beyond its kind, its product and its coupon: the JSON of its row.
    Payload<'a>;

    /// A list was looked at.
    ProductList = "product_list" {
        /// the category the list was of; null: all of them
        category: Option<&'a str>,
        /// every product on the list, in its order
        product_ids: Vec<&'a ProductId>,
        /// their prices as shown; absent where the preset chooses without them
        #[serde(skip_serializing_if = "Option::is_none")]
        prices_cents: Option<Vec<Cents>>,
    }
    /// One product was looked at.
    ViewProduct = "view_product" {
        /// its price as shown
        price_cents: Cents,
        /// its category
        category: &'a str,
        /// its brand; null where the shop names none
        brand: Option<&'a str>,
        /// whether the shop was asked for it; else it was seen on its list
        called: bool,
        /// true where it was looked at before in the visit; absent where it was not
        #[serde(skip_serializing_if = "Option::is_none")]
        repeated: Option<bool>,
    }
    /// Products were searched for.
    ProductSearch = "product_search" {
        /// the text that was searched for
        query: &'a str,
        /// every product that was found, in the shop's order
        product_ids: Vec<&'a ProductId>,
        /// their prices as shown; absent where the preset chooses without them
        #[serde(skip_serializing_if = "Option::is_none")]
        prices_cents: Option<Vec<Cents>>,
    }
    /// A product was put in the cart, or the shop refused it.
    CartAddItem = "cart_add_item" {
        /// units wanted
        quantity: u32,
        /// price of one unit
        unit_price_cents: Cents,
        /// worth of the cart after it, before discounts
        cart_total_cents: Cents,
        /// whether the shop took it
        accepted: bool,
        /// why the shop refused it; absent where it was accepted
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        /// units that the order holds of it though it was refused; absent where it holds none
        #[serde(skip_serializing_if = "Option::is_none")]
        taken: Option<u32>,
    }
    /// A product was taken out of the cart, all units of it.
    CartRemoveItem = "cart_remove_item" {
        /// units of it
        quantity: u32,
        /// price of one unit
        unit_price_cents: Cents,
        /// worth of the cart after it, before discounts
        cart_total_cents: Cents,
    }
    /// The wallet was looked at.
    ViewCoupons = "view_coupons" {
        /// coupons that could be used with this cart
        eligible_coupon_ids: Vec<&'a CouponId>,
        /// coupons that could not
        ineligible_coupon_ids: Vec<&'a CouponId>,
    }
    /// A coupon was put on the cart.
    CouponApply = "coupon_apply" {
        /// frontstore, category or brand
        coupon_type: CouponKind,
    }
    /// A coupon was refused.
    CouponRejected = "coupon_rejected" {
        /// why the shop refused it
        reason: &'a str,
    }
    /// An order was placed.
    CheckoutComplete = "checkout_complete" {
        /// the shop's id of the order
        order_id: &'a OrderId,
        /// before discounts
        subtotal_cents: Cents,
        /// all discounts
        discount_total_cents: Cents,
        /// what was paid
        final_total_cents: Cents,
        /// coupons on the cart; those that counted are redeemed in coupon_interactions
        coupon_ids: Vec<&'a CouponId>,
    }
    /// The cart was left.
    CartAbandon = "cart_abandon" {
        /// why, as end_reason of its visit
        reason: EndReason,
        /// worth of the cart, before discounts
        cart_total_cents: Cents,
    }
    /// A checkout did not lead to an order.
    CheckoutFailed = "checkout_failed" {
        /// why the shop refused it, or checkout_failed where the call failed
        reason: &'a str,
        /// whether the shop refused it; else the call failed
        refused: bool,
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
    /// Details, an object: a [`Payload`] as JSON.
    pub payload: Value,
    /// Simulated; rises within a flow and stays inside the flow's hour.
    pub simulated_at: NaiveDateTime,
    /// Wall clock, UTC.
    pub recorded_at: NaiveDateTime,
}

impl Payload<'_> {
    /// As it is written.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("fields of text, numbers and flags are always JSON")
    }
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
    /// Of a redemption: whether the shop takes a coupon that was used before.
    #[serde(default)]
    pub reusable: bool,
    /// Simulated.
    pub simulated_at: NaiveDateTime,
}
