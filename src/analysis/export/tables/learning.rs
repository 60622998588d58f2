//! Tables made for learning: what was seen and not bought, the life of a coupon, the state of a
//! shopper day by day; and the run's replays.
//!
//! The SELECTs are written for both dialects: `->` and `->>` with a key or a place mean the same in
//! both, `CAST(... -> ... AS TEXT)` is the JSON text of a bool in both. `CROSS JOIN` says to SQLite
//! that the page comes first: it would scan all events to join them to a page.

use super::columns::{
    AGENT_ID, COHORT, Column, Computed, RECORDED_AT, RUN_ID, SIMULATED_AT, attempt, big, column,
    flag, instant, int, partition, text,
};
use super::visits::{VISITS, labels};
use super::{Attempts, Driver, Filters, Source, Table};
use crate::export::value::Kind;

/// Visits on a page: each shows hundreds of products.
const VISITS_OF_IMPRESSIONS: Driver = Driver { page_rows: 50, ..VISITS };

/// A list is unfolded by recursion, place by place, which both dialects know.
const IMPRESSIONS: &str = "
WITH RECURSIVE d AS ({driver}),
e AS (
  SELECT t.flow_id, t.seq, t.event_type, t.product_id, t.payload, t.simulated_at, t.recorded_at
  FROM d CROSS JOIN shopping_session_events t
  WHERE t.flow_id = d.flow_id AND {rows}
    AND t.event_type IN ('product_list', 'view_product', 'view_coupons')),
lists AS (
  SELECT flow_id, seq, 'product_list' AS surface, payload -> 'product_ids' AS ids
  FROM e WHERE event_type = 'product_list'
  UNION ALL
  SELECT flow_id, seq, 'coupons_eligible', payload -> 'eligible_coupon_ids'
  FROM e WHERE event_type = 'view_coupons'
  UNION ALL
  SELECT flow_id, seq, 'coupons_ineligible', payload -> 'ineligible_coupon_ids'
  FROM e WHERE event_type = 'view_coupons'),
shown AS (
  SELECT flow_id, seq, surface, ids, 0 AS place FROM lists WHERE json_array_length(ids) > 0
  UNION ALL
  SELECT flow_id, seq, surface, ids, place + 1 FROM shown
  WHERE place + 1 < json_array_length(ids)),
t AS (
  SELECT flow_id, seq, surface, place,
    CASE WHEN surface = 'product_list' THEN ids ->> place END AS product_id,
    CASE WHEN surface <> 'product_list' THEN ids ->> place END AS coupon_id
  FROM shown
  UNION ALL
  SELECT flow_id, seq, 'product_view', 0, product_id, NULL FROM e
  WHERE event_type = 'view_product'),
carted AS (
  SELECT DISTINCT a.flow_id, a.product_id
  FROM d CROSS JOIN shopping_session_events a
  WHERE a.flow_id = d.flow_id AND a.event_type = 'cart_add_item'
    AND CAST(a.payload -> 'accepted' AS TEXT) = 'true'),
bought AS (
  SELECT DISTINCT i.flow_id, i.product_id
  FROM d CROSS JOIN order_items i WHERE i.flow_id = d.flow_id AND NOT i.recovered),
used AS (
  SELECT i.flow_id, i.coupon_id, MAX(i.assignment_id) AS assignment_id,
    MAX(CASE WHEN i.step = 'applied' THEN 1 ELSE 0 END) AS applied,
    MAX(CASE WHEN i.step = 'redeemed' THEN 1 ELSE 0 END) AS redeemed
  FROM d CROSS JOIN coupon_interactions i
  WHERE i.flow_id = d.flow_id AND NOT i.recovered
  GROUP BY i.flow_id, i.coupon_id)
SELECT {columns}
FROM t
JOIN d ON d.flow_id = t.flow_id
JOIN e ON e.flow_id = t.flow_id AND e.seq = t.seq
LEFT JOIN carted c ON c.flow_id = t.flow_id AND c.product_id = t.product_id
LEFT JOIN bought b ON b.flow_id = t.flow_id AND b.product_id = t.product_id
LEFT JOIN used u ON u.flow_id = t.flow_id AND u.coupon_id = t.coupon_id
LEFT JOIN products p ON p.run_id = d.run_id AND p.product_id = t.product_id
ORDER BY {key d}, t.seq, t.surface, t.place";

/// Of the visit: the rows themselves come from lists.
fn tags_of_visit() -> [Column; 5] {
    attempt().map(|column| match column.name {
        "run_id" => column.sql("d.run_id"),
        "cycle" => column.sql("d.cycle"),
        "replay" => column.sql("d.replay"),
        "is_replay" => column.sql("d.is_replay"),
        _ => column.sql("d.is_simulated"),
    })
}

pub(super) fn impressions() -> Table {
    let [carted, bought] = labels();
    let columns = [
        &[text("flow_id", "the visit; joins shopping_sessions")][..],
        &[
            int("seq", "the event of the visit that showed it; joins shopping_session_events"),
            text(
                "surface",
                "where it was shown: product_list, product_view, coupons_eligible or \
                 coupons_ineligible",
            ),
            int("place", "place in the list, from 0"),
        ],
        &tags_of_visit(),
        &[AGENT_ID.sql("d.agent_id"), COHORT.sql("d.cohort")],
        &partition(),
        &[
            text("product_id", "the product shown; empty for a coupon").or_null(),
            text("coupon_id", "the coupon shown; empty for a product").or_null(),
            text("assignment_id", "the coupon's assignment, where it is known")
                .or_null()
                .sql("u.assignment_id"),
            text("category", "the product's category").or_null().sql("p.category"),
            text("brand", "the product's brand").or_null().sql("p.brand"),
            big(
                "price_cents",
                "the product's price: as shown in a product_view; in a list, as the run saw it \
                 last",
            )
            .or_null()
            .sql(
                "CASE WHEN t.surface = 'product_view' THEN \
                 CAST(e.payload ->> 'price_cents' AS BIGINT) ELSE p.price_cents END",
            ),
            text("category_asked", "the category the list was asked for; empty: all")
                .or_null()
                .sql("CASE WHEN t.surface = 'product_list' THEN e.payload ->> 'category' END"),
            SIMULATED_AT.sql("e.simulated_at"),
            RECORDED_AT.sql("e.recorded_at"),
            carted.sql(
                "CASE WHEN t.coupon_id IS NULL THEN c.flow_id IS NOT NULL \
                 ELSE COALESCE(u.applied, 0) = 1 END",
            ),
            bought.sql(
                "CASE WHEN t.coupon_id IS NULL THEN b.flow_id IS NOT NULL \
                 ELSE COALESCE(u.redeemed, 0) = 1 END",
            ),
        ],
    ]
    .concat();
    Table {
        name: "impressions",
        about: "one product or coupon shown to one shopper at one moment, bought or not",
        columns,
        source: Source::Keyset { driver: VISITS_OF_IMPRESSIONS, select: IMPRESSIONS },
        filters: Filters {
            agent: Some("d.agent_id"),
            cohort: Some("d.cohort"),
            kind: None,
            outcome: Some("d.status"),
            accepted: None,
            time: Some("t.simulated_at"),
        },
        attempts: Attempts::Each,
        is_stored: false,
    }
}

/// An assignment outlives the attempt that made it, so all of them stand here; what became of them
/// counts where its attempt does. Only a redemption stays one whatever its attempt was.
const COUPON_LIFECYCLE: &str = "
WITH steps AS (
  SELECT i.assignment_id, i.step, i.reason, i.simulated_at, i.recorded_at,
    ROW_NUMBER() OVER (
      PARTITION BY i.assignment_id, i.step ORDER BY i.simulated_at DESC, i.flow_id, i.seq) AS nth
  FROM shopping_sessions s CROSS JOIN coupon_interactions i
  WHERE i.flow_id = s.flow_id AND {of s} AND {canonical s} AND i.assignment_id IS NOT NULL),
x AS (
  SELECT assignment_id,
    COUNT(CASE WHEN step = 'seen' THEN 1 END) AS times_seen,
    MIN(CASE WHEN step = 'seen' THEN simulated_at END) AS seen_at,
    MIN(CASE WHEN step = 'seen' THEN recorded_at END) AS seen_recorded_at,
    COUNT(CASE WHEN step = 'applied' THEN 1 END) AS times_applied,
    MIN(CASE WHEN step = 'applied' THEN simulated_at END) AS applied_at,
    MIN(CASE WHEN step = 'applied' THEN recorded_at END) AS applied_recorded_at,
    COUNT(CASE WHEN step = 'rejected' THEN 1 END) AS times_rejected,
    MAX(CASE WHEN step = 'rejected' AND nth = 1 THEN simulated_at END) AS rejected_at,
    MAX(CASE WHEN step = 'rejected' AND nth = 1 THEN recorded_at END) AS rejected_recorded_at,
    MAX(CASE WHEN step = 'rejected' AND nth = 1 THEN reason END) AS rejected_reason,
    COUNT(CASE WHEN step = 'redeemed' THEN 1 END) AS times_redeemed
  FROM steps GROUP BY assignment_id)
SELECT {columns}
FROM coupon_assignments t
LEFT JOIN x ON x.assignment_id = t.assignment_id
LEFT JOIN coupons c ON c.run_id = t.run_id AND c.coupon_id = t.coupon_id
LEFT JOIN shopping_sessions r ON r.flow_id = t.redeemed_flow_id
WHERE {of t} AND {rows}
ORDER BY t.agent_id, t.assigned_at, t.assignment_id";

pub(super) fn coupon_lifecycle() -> Table {
    let step = |name, meaning| instant(name, meaning).or_null();
    let columns = [
        &[text("assignment_id", "the assignment; joins coupon_assignments"), RUN_ID, AGENT_ID][..],
        &[COHORT],
        &partition(),
        &[
            text("coupon_id", "the coupon; joins coupons"),
            text("coupon_type", "frontstore, category or brand").or_null().sql("c.coupon_type"),
            text("target", "the category or brand").or_null().sql("c.target"),
            text("discount_type", "as coupons.discount_type").or_null().sql("c.discount_type"),
            big("discount_value", "as coupons.discount_value").or_null().sql("c.discount_value"),
            text("source", "engine: cartload decided; shop: seen in the shop's answers"),
            int("offer_cycle", "simulated weeks since the start of the run"),
            instant("assigned_at", "handed out, simulated"),
            instant("assigned_recorded_at", "handed out, wall clock").sql("t.recorded_at"),
            int("times_seen", "visits that showed it").sql("COALESCE(x.times_seen, 0)"),
            step("seen_at", "first shown, simulated").sql("x.seen_at"),
            step("seen_recorded_at", "first shown, wall clock").sql("x.seen_recorded_at"),
            int("times_applied", "visits that put it on the cart")
                .sql("COALESCE(x.times_applied, 0)"),
            step("applied_at", "first put on a cart, simulated").sql("x.applied_at"),
            step("applied_recorded_at", "first put on a cart, wall clock")
                .sql("x.applied_recorded_at"),
            int("times_rejected", "visits in which it was refused")
                .sql("COALESCE(x.times_rejected, 0)"),
            step("rejected_at", "last refused, simulated").sql("x.rejected_at"),
            step("rejected_recorded_at", "last refused, wall clock").sql("x.rejected_recorded_at"),
            text("rejected_reason", "why it was last refused").or_null().sql("x.rejected_reason"),
            int("times_redeemed", "visits that used it; more than 1 where a shop allows it")
                .sql("COALESCE(x.times_redeemed, 0)"),
            step("redeemed_at", "first used, simulated"),
            step("redeemed_recorded_at", "first used, wall clock").sql("r.recorded_at"),
            text("redeemed_flow_id", "the visit that used it first").or_null(),
            flag(
                "redeemed_canonical",
                "whether that visit counts; false: the shop has sold, but a freeze, stop or crash \
                 broke the cycle",
            )
            .or_null()
            .sql("CASE WHEN r.flow_id IS NOT NULL THEN COALESCE({canonical r}, 1 = 0) END"),
            instant("expires_at", "good until, simulated"),
            step("expired_recorded_at", "wall clock at the end of the hour in which it expired")
                .computed(Computed::ExpiredRecordedAt),
            text("state", "redeemed, expired, or open: still good at the end of the export").sql(
                "CASE WHEN t.redeemed_at IS NOT NULL THEN 'redeemed' \
                 WHEN t.expires_at <= {now} THEN 'expired' ELSE 'open' END",
            ),
        ],
    ]
    .concat();
    Table {
        name: "coupon_lifecycle",
        about: "one coupon in one shopper's wallet, from hand-out to use or expiry",
        columns,
        source: Source::Agents { select: COUPON_LIFECYCLE },
        filters: Filters {
            agent: Some("t.agent_id"),
            cohort: Some("t.cohort"),
            kind: None,
            outcome: None,
            accepted: None,
            time: Some("t.assigned_at"),
        },
        attempts: Attempts::CanonicalOnly,
        is_stored: false,
    }
}

pub(super) fn agent_days() -> Table {
    let columns = [
        &[RUN_ID, AGENT_ID, COHORT][..],
        &partition(),
        &[
            column("day", Kind::Day, "the simulated day"),
            int("hours_lived", "its hours with an attempt that counts, 1-24"),
            big("weekly_budget_cents", "the persona's budget").or_null(),
            big("budget_left_cents", "at 00:00: weekly budget - paid since Monday 00:00").or_null(),
            int("days_since_visit", "at 00:00: whole days since the last visit's day").or_null(),
            int("days_since_purchase", "at 00:00: whole days since the last order's day").or_null(),
            int("visits_before", "at 00:00: visits since the start of the run"),
            int("orders_before", "at 00:00: orders since the start of the run"),
            big("paid_before_cents", "at 00:00: paid since the start of the run"),
            int("wallet", "at 00:00: coupons held, neither used nor expired"),
            int("visits", "label: visits of the day"),
            int("browsed", "label: of them without a cart"),
            int("orders", "label: orders of the day"),
            big("paid_cents", "label: paid on the day"),
            int("coupons_redeemed", "label: coupons used on the day for the first time"),
        ],
    ]
    .concat();
    Table {
        name: "agent_days",
        about: "the state of one shopper at 00:00 of one simulated day, and what it did that day",
        columns,
        source: Source::AgentDays,
        filters: Filters { agent: Some("agent_id"), time: Some("day"), ..Filters::default() },
        attempts: Attempts::CanonicalOnly,
        is_stored: false,
    }
}

pub(super) fn replays() -> Table {
    Table {
        name: "replays",
        about: "one replay: which cycles were run again, why, and from which checkpoint",
        columns: vec![
            RUN_ID,
            int("replay", "its number, as in column replay of the rows"),
            int("first_cycle", "the first cycle run again"),
            int("last_cycle", "the last one"),
            instant("simulated_at", "begin of the first cycle, simulated"),
            RECORDED_AT,
            text("cause", "freeze, crash or stop"),
            text("replay_cause", "in words"),
            text("checkpoint", "the file it went on from; empty within a process").or_null(),
            int("boundary", "the checkpoint's cycle").or_null(),
            big("broken_flows", "rows of the broken attempts, which stay"),
            big("replayed_flows", "rows of the replay"),
        ],
        source: Source::Replays,
        filters: Filters::default(),
        attempts: Attempts::None,
        is_stored: false,
    }
}
