//! Tables made for learning: the life of a coupon, the state of a shopper day by day; and the
//! run's replays. `CROSS JOIN` says to SQLite that the page comes first.

use super::columns::{
    AGENT_ID, COHORT, Computed, RECORDED_AT, RUN_ID, big, column, flag, instant, int, partition,
    text, uuid, word,
};
use super::{Attempts, Filters, Source, Table};
use crate::export::value::Kind;

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
        &partition("assigned_at"),
        &[
            text("coupon_id", "the coupon; joins coupons"),
            word("coupon_type", "frontstore, category or brand").or_null().sql("c.coupon_type"),
            text("target", "the category or brand").or_null().sql("c.target"),
            word("discount_type", "as coupons.discount_type").or_null().sql("c.discount_type"),
            big("discount_value", "as coupons.discount_value").or_null().sql("c.discount_value"),
            word("source", "engine: cartload decided; shop: seen in the shop's answers"),
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
            word("rejected_reason", "why it was last refused").or_null().sql("x.rejected_reason"),
            int("times_redeemed", "visits that used it; more than 1 where a shop allows it")
                .sql("COALESCE(x.times_redeemed, 0)"),
            step("redeemed_at", "first used, simulated"),
            step("redeemed_recorded_at", "first used, wall clock").sql("r.recorded_at"),
            uuid("redeemed_flow_id", "the visit that used it first").or_null(),
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
            word("state", "redeemed, expired, or open: still good at the end of the export").sql(
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
        &partition("day"),
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
            word("cause", "freeze, crash or stop"),
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
