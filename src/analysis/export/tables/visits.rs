//! What agents did: visits, events, orders, coupons in use. All are read through their visits, in
//! the order of cycle, agent and attempt.

use std::sync::LazyLock;

use domain::event::{CouponStep, EventKind};
use domain::flow::{EndReason, FlowStatus, OrderOutcome, ShopCart};

use super::columns::{
    AGENT_ID, COHORT, Column, RECORDED_AT, SIMULATED_AT, attempt, big, column, flag, instant, int,
    one_of, splits, text, uuid, word,
};
use super::run::OWN_ROWS;
use super::{Attempts, Driver, Filters, Source, Table};
use crate::export::value::Kind;

/// Visits in the order of their index.
pub(super) const VISITS: Driver = Driver {
    table: "shopping_sessions",
    key: &["cycle", "agent_id", "replay"],
    has_run: true,
    has_cycle: true,
    page_rows: 400,
};

pub(super) const FILTERS: Filters = Filters {
    agent: Some("d.agent_id"),
    cohort: Some("d.cohort"),
    kind: None,
    outcome: Some("d.status"),
    accepted: None,
    time: Some("t.simulated_at"),
};

const RECOVERED: Column = flag(
    "recovered",
    "whether it was found at the shop after the visit had ended; never with --replay canonical",
);

const FLOW_ID: Column =
    uuid("flow_id", "the visit (uuid of run, cycle, agent and replay); joins shopping_sessions");

/// What an event says of the shop's answer. A call that failed has none.
const ACCEPTED: &str = "\
CASE t.event_type WHEN 'cart_add_item' THEN CAST(t.payload -> 'accepted' AS TEXT) = 'true' \
WHEN 'coupon_apply' THEN 1 = 1 WHEN 'coupon_rejected' THEN 1 = 0 \
WHEN 'checkout_complete' THEN 1 = 1 WHEN 'checkout_failed' THEN \
CASE WHEN CAST(t.payload -> 'refused' AS TEXT) = 'true' THEN 1 = 0 END END";

static EVENT_TYPES: LazyLock<String> =
    LazyLock::new(|| one_of(EventKind::ALL.iter().map(|kind| kind.as_str())));
static STATUSES: LazyLock<String> =
    LazyLock::new(|| one_of(FlowStatus::ALL.iter().map(|status| status.as_str())));
static END_REASONS: LazyLock<String> = LazyLock::new(|| {
    let reasons = one_of(EndReason::ALL.iter().map(|reason| reason.as_str()));
    format!("{reasons}; empty while active")
});
static ORDER_OUTCOMES: LazyLock<String> = LazyLock::new(|| {
    let outcomes = one_of(OrderOutcome::ALL.iter().map(|outcome| outcome.as_str()));
    format!("of a checkout whose answer was lost: {outcomes}; empty: it was answered, or none sent")
});
static SHOP_CARTS: LazyLock<String> = LazyLock::new(|| {
    let words = one_of(ShopCart::ALL.iter().map(|word| word.as_str()));
    format!("{words}: what the cart at the shop may hold, as known when the visit had ended")
});
static STEPS: LazyLock<String> =
    LazyLock::new(|| one_of(CouponStep::ALL.iter().map(|step| step.as_str())));
static PAYLOADS: LazyLock<String> = LazyLock::new(|| {
    let of_kind = |kind: &EventKind| {
        let names: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
        format!("{kind} {{{}}}", names.join(", "))
    };
    let kinds: Vec<_> = EventKind::ALL.iter().map(of_kind).collect();
    format!("details by event type: {}", kinds.join(", "))
});

/// A SELECT of what hangs on visits. `CROSS JOIN` says to SQLite that the page comes first.
macro_rules! of_visits {
    ($table:literal, $rows:literal, $order:literal) => {
        concat!(
            "WITH d AS ({driver}) SELECT {columns} FROM d CROSS JOIN ",
            $table,
            " t WHERE t.flow_id = d.flow_id AND {rows}",
            $rows,
            " ORDER BY {key d}",
            $order
        )
    };
}

fn table(
    name: &'static str,
    about: &'static str,
    select: &'static str,
    filters: Filters,
    columns: Vec<Column>,
) -> Table {
    let source = Source::Keyset { driver: VISITS, select };
    Table { name, about, columns, source, filters, attempts: Attempts::Each, is_stored: true }
}

pub(super) fn events() -> Table {
    let columns = [
        &[FLOW_ID, int("seq", "place of the event in its visit, from 0")][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            word("event_type", &EVENT_TYPES),
            text("product_id", "the product it happened to, if one").or_null(),
            text("coupon_id", "the coupon it happened to, if one").or_null(),
            column("payload", Kind::Json, &PAYLOADS),
            SIMULATED_AT,
            RECORDED_AT,
            flag(
                "accepted",
                "whether the shop took the product, coupon or order; empty where nothing was \
                 asked of it, or where the call failed",
            )
            .or_null()
            .sql(ACCEPTED),
        ],
        &splits("simulated_at"),
    ]
    .concat();
    table(
        "shopping_session_events",
        "one thing a shopper did, in the order it did it",
        of_visits!("shopping_session_events", "", ", t.seq"),
        Filters { kind: Some("t.event_type"), accepted: Some(ACCEPTED), ..FILTERS },
        columns,
    )
}

pub(super) fn sessions() -> Table {
    let columns = [
        &[FLOW_ID][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            int("http_session", "the group of client connections it went over, 0-9"),
            int("incarnation", "which build of the shopper's actor; rises with each restart"),
            word("status", &STATUSES),
            word("end_reason", &END_REASONS).or_null(),
            word("shop_cart", &SHOP_CARTS),
            text("store_id", "the branch of the shop").or_null(),
            SIMULATED_AT,
            instant("simulated_end", "its end on the simulated clock").or_null(),
            instant("opened_at", "its begin on the wall clock"),
            RECORDED_AT,
            int("calls", "HTTP calls sent, retries included; without those made once a run"),
            int("cart_units", "units in the cart at the end, or in the order"),
            big("cart_total_cents", "worth of the cart at the end, before discounts"),
            text("failure", "what failed, where it failed").or_null(),
            word("order_outcome", &ORDER_OUTCOMES).or_null(),
            int("resumes", "how often the run had been resumed when it began"),
            text("shop_refs", "what its order can be asked for by, a JSON object").or_null(),
        ],
        &splits("simulated_at"),
    ]
    .concat();
    table("shopping_sessions", "one visit of one shopper", OWN_ROWS, FILTERS, columns)
}

/// What the shop wrote of an amount that is rounded beside it.
const fn said(name: &'static str, meaning: &'static str) -> Column {
    text(name, meaning).or_null()
}

pub(super) fn orders() -> Table {
    let columns = [
        &[FLOW_ID, text("order_id", "the shop's id of the order")][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            text("store_id", "the branch of the shop").or_null(),
            big("subtotal_cents", "before discounts"),
            big("item_discounts_cents", "off the lines"),
            big("frontstore_discount_cents", "off the whole cart"),
            big("discount_total_cents", "both discounts"),
            big("final_total_cents", "what was paid: subtotal - discounts + charges"),
            SIMULATED_AT,
            RECORDED_AT,
            big("charges_cents", "on top of the goods, as shipping and tax"),
            said("subtotal_text", "subtotal as the shop wrote it, in units of the currency"),
            said("item_discounts_text", "the same of item_discounts"),
            said("frontstore_discount_text", "the same of frontstore_discount"),
            said("discount_total_text", "the same of discount_total"),
            said("charges_text", "the same of each charge, with ` + ` between them"),
            said("final_total_text", "the same of final_total"),
            RECOVERED,
        ],
        &splits("simulated_at"),
    ]
    .concat();
    let select = of_visits!("orders", " AND {counted t}", "");
    table("orders", "one order, at most one of a visit", select, FILTERS, columns)
}

pub(super) fn order_items() -> Table {
    let columns = [
        &[
            FLOW_ID,
            int("line", "place of the line in its order, from 0"),
            text("order_id", "the shop's id of the order"),
        ][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            text("product_id", "what was bought; joins products.product_id"),
            int("quantity", "units"),
            big("unit_price_cents", "price of one unit"),
            big("discount_cents", "off this line"),
            big("line_total_cents", "paid for this line, before the discount off the whole cart"),
            SIMULATED_AT,
            RECORDED_AT,
            said("unit_price_text", "unit_price as the shop wrote it, in units of the currency"),
            said("discount_text", "the same of discount"),
            said("line_total_text", "the same of line_total"),
            RECOVERED,
        ],
        &splits("simulated_at"),
    ]
    .concat();
    let select = of_visits!("order_items", " AND {counted t}", ", t.line");
    table("order_items", "one line of an order", select, FILTERS, columns)
}

pub(super) fn coupon_interactions() -> Table {
    let columns = [
        &[FLOW_ID, int("seq", "place in the visit, from 0; not the event's")][..],
        &attempt(),
        &[
            AGENT_ID,
            COHORT,
            text("coupon_id", "the coupon; joins coupons.coupon_id"),
            text("assignment_id", "the assignment it was held by; joins coupon_assignments")
                .or_null(),
            word("step", &STEPS),
            word("reason", "why it was rejected").or_null(),
            SIMULATED_AT,
            RECORDED_AT,
            flag("is_reuse", "a use after the first of its assignment, where a shop allows it"),
            RECOVERED,
        ],
    ]
    .concat();
    table(
        "coupon_interactions",
        "what became of a coupon in a visit",
        of_visits!("coupon_interactions", " AND {counted t}", ", t.seq"),
        Filters { kind: Some("t.step"), ..FILTERS },
        columns,
    )
}

/// What a visit's rows of learning have in common.
pub(super) const fn labels() -> [Column; 2] {
    [
        flag("carted", "label: it was put into (a coupon: onto) the cart in this visit"),
        flag("bought", "label: it is part of (a coupon: counted in) this visit's order"),
    ]
}
