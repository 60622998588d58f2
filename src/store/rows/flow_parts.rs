//! What hangs on a flow's row: events, the order with its lines, coupon interactions.
//!
//! `seq` and `line` are places in the record, from 0; together with the flow they are the key.

use chrono::NaiveDateTime;
use domain::event::{CouponInteraction, CouponStep, EventKind, FlowEvent};
use domain::flow::{FlowRecord, Order};
use serde_json::Value;

use super::{Tags, flow_row, integer, tagged};
use crate::schema::{coupon_interactions, order_items, orders, shopping_session_events};

flow_row!(
    /// One event.
    EventRow in shopping_session_events, sealed as ShoppingSessionEvents {
        /// Its place in the flow.
        seq: i32,
        /// An [`EventKind`].
        event_type: &'a str,
        /// The product, if one.
        product_id: Option<&'a str>,
        /// The coupon, if one.
        coupon_id: Option<&'a str>,
        /// Details.
        payload: &'a Value,
        /// Simulated.
        simulated_at: NaiveDateTime,
        /// Wall clock.
        recorded_at: NaiveDateTime,
    }
);
flow_row!(
    /// The order.
    OrderRow in orders, sealed as Orders {
        /// The shop's id.
        order_id: &'a str,
        /// The branch.
        store_id: Option<&'a str>,
        /// Cents.
        subtotal_cents: i64,
        /// Cents.
        item_discounts_cents: i64,
        /// Cents.
        frontstore_discount_cents: i64,
        /// Cents.
        discount_total_cents: i64,
        /// Cents.
        final_total_cents: i64,
        /// Simulated.
        simulated_at: NaiveDateTime,
        /// Wall clock.
        recorded_at: NaiveDateTime,
        /// Cents.
        charges_cents: i64,
        /// As the shop wrote it.
        subtotal_text: Option<&'a str>,
        /// As the shop wrote it.
        item_discounts_text: Option<&'a str>,
        /// As the shop wrote it.
        frontstore_discount_text: Option<&'a str>,
        /// As the shop wrote it.
        discount_total_text: Option<&'a str>,
        /// As the shop wrote it.
        charges_text: Option<&'a str>,
        /// As the shop wrote it.
        final_total_text: Option<&'a str>,
        /// Whether it was found after its flow had ended.
        recovered: bool,
    }
);
flow_row!(
    /// One line of the order.
    ItemRow in order_items, sealed as OrderItems {
        /// Its place in the order.
        line: i32,
        /// The shop's id of the order.
        order_id: &'a str,
        /// What.
        product_id: &'a str,
        /// Units.
        quantity: i32,
        /// Cents.
        unit_price_cents: i64,
        /// Cents.
        discount_cents: i64,
        /// Cents.
        line_total_cents: i64,
        /// Simulated.
        simulated_at: NaiveDateTime,
        /// Wall clock.
        recorded_at: NaiveDateTime,
        /// As the shop wrote it.
        unit_price_text: Option<&'a str>,
        /// As the shop wrote it.
        discount_text: Option<&'a str>,
        /// As the shop wrote it.
        line_total_text: Option<&'a str>,
        /// Whether it was found after its flow had ended.
        recovered: bool,
    }
);
flow_row!(
    /// What became of one coupon.
    InteractionRow in coupon_interactions, sealed as CouponInteractions {
        /// Its place in the flow.
        seq: i32,
        /// The coupon.
        coupon_id: &'a str,
        /// The assignment, if one.
        assignment_id: Option<String>,
        /// A [`CouponStep`].
        step: &'a str,
        /// Why it was rejected.
        reason: Option<&'a str>,
        /// Simulated.
        simulated_at: NaiveDateTime,
        /// Wall clock.
        recorded_at: NaiveDateTime,
        /// Whether it is a use after the first one of its assignment.
        is_reuse: bool,
        /// Whether it was found after its flow had ended.
        recovered: bool,
    }
);

/// The events of a flow in their order.
pub fn event_rows<'a>(record: &'a FlowRecord, tags: &'a Tags) -> Vec<EventRow<'a>> {
    let row = |(seq, event): (u32, &'a FlowEvent)| {
        tagged!(EventRow, tags, {
            seq: integer(seq),
            event_type: event.kind.as_str(),
            product_id: event.product_id.as_ref().map(|p| p.as_str()),
            coupon_id: event.coupon_id.as_ref().map(|c| c.as_str()),
            payload: &event.payload,
            simulated_at: event.simulated_at,
            recorded_at: event.recorded_at,
        })
    };
    (0_u32..).zip(&record.events).map(row).collect()
}

/// When the order was placed: at its checkout event, else at the end of the visit.
pub fn ordered_at(record: &FlowRecord) -> NaiveDateTime {
    let checkout = record.events.iter().rev().find(|e| e.kind == EventKind::CheckoutComplete);
    checkout.map_or(record.simulated_end, |e| e.simulated_at)
}

/// The order's row.
pub fn order_row<'a>(record: &'a FlowRecord, order: &'a Order, tags: &'a Tags) -> OrderRow<'a> {
    tagged!(OrderRow, tags, {
        order_id: order.id.as_str(),
        store_id: record.store_id.as_ref().map(|s| s.as_str()),
        subtotal_cents: order.subtotal.cents.0,
        item_discounts_cents: order.item_discounts.cents.0,
        frontstore_discount_cents: order.frontstore_discount.cents.0,
        discount_total_cents: order.discount_total.cents.0,
        final_total_cents: order.final_total.cents.0,
        simulated_at: ordered_at(record),
        recorded_at: record.ended_at,
        charges_cents: order.charges.cents.0,
        subtotal_text: order.subtotal.text.as_deref(),
        item_discounts_text: order.item_discounts.text.as_deref(),
        frontstore_discount_text: order.frontstore_discount.text.as_deref(),
        discount_total_text: order.discount_total.text.as_deref(),
        charges_text: order.charges.text.as_deref(),
        final_total_text: order.final_total.text.as_deref(),
        recovered: tags.recovered,
    })
}

/// The order's lines.
pub fn item_rows<'a>(record: &'a FlowRecord, order: &'a Order, tags: &'a Tags) -> Vec<ItemRow<'a>> {
    let simulated_at = ordered_at(record);
    let numbered = (0_u32..).zip(&order.lines);
    let rows = numbered.map(|(line, item)| {
        tagged!(ItemRow, tags, {
            line: integer(line),
            order_id: order.id.as_str(),
            product_id: item.product_id.as_str(),
            quantity: integer(item.quantity),
            unit_price_cents: item.unit_price.cents.0,
            discount_cents: item.discount.cents.0,
            line_total_cents: item.line_total.cents.0,
            simulated_at: simulated_at,
            recorded_at: record.ended_at,
            unit_price_text: item.unit_price.text.as_deref(),
            discount_text: item.discount.text.as_deref(),
            line_total_text: item.line_total.text.as_deref(),
            recovered: tags.recovered,
        })
    });
    rows.collect()
}

/// What the store made of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// What the agent saw.
    AsSeen,
    /// A further use of its assignment.
    UsedAgain,
    /// A redemption that its assignment does not bear, for this reason.
    Refused(&'static str),
}

/// One coupon interaction as the agent saw it, or as the store found it.
pub fn interaction_row<'a>(
    record: &'a FlowRecord,
    tags: &'a Tags,
    (seq, seen): (u32, &'a CouponInteraction),
    became: Became,
) -> InteractionRow<'a> {
    let refused = match became {
        Became::Refused(reason) => Some(reason),
        Became::AsSeen | Became::UsedAgain => None,
    };
    let step = if refused.is_some() { CouponStep::Rejected } else { seen.step };
    tagged!(InteractionRow, tags, {
        seq: integer(seq),
        coupon_id: seen.coupon_id.as_str(),
        assignment_id: seen.assignment_id.map(|a| a.to_string()),
        step: step.as_str(),
        reason: refused.or(seen.reason.as_deref()),
        simulated_at: seen.simulated_at,
        recorded_at: record.ended_at,
        is_reuse: became == Became::UsedAgain,
        recovered: tags.recovered,
    })
}
