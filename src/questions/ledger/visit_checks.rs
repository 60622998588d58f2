//! What no row of a run may be: a visit against its own events and its coupons.
//!
//! A visit looks and fills its cart, looks at its coupons, checks out and leaves, in this order and
//! each of the last three once at most; it may break off anywhere. Its row is summed up from what
//! it did, so both are held against each other. An active row has not been summed up yet.

use super::checks::Check;

/// These checks. A phase is a kind's place in a visit; one that is told twice is told twice wrong.
pub(super) const VISITS: &[Check] = &[
    Check {
        name: "event_gap",
        says: "events, or what became of coupons, that are not numbered 0, 1, 2 ...",
        limit: None,
        sql: "SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, flow_id AS subject,
                CAST(COUNT(*) AS TEXT) || ' events numbered ' || CAST(MIN(seq) AS TEXT)
                || ' to ' || CAST(MAX(seq) AS TEXT) AS found
              FROM shopping_session_events WHERE run_id = {run}
              GROUP BY flow_id
              HAVING MIN(seq) <> 0 OR MAX(seq) <> COUNT(*) - 1
              UNION ALL SELECT MIN(cycle), MIN(replay), flow_id,
                CAST(COUNT(*) AS TEXT) || ' coupons numbered ' || CAST(MIN(seq) AS TEXT)
                || ' to ' || CAST(MAX(seq) AS TEXT)
              FROM coupon_interactions WHERE run_id = {run}
              GROUP BY flow_id
              HAVING MIN(seq) <> 0 OR MAX(seq) <> COUNT(*) - 1",
    },
    Check {
        name: "event_order",
        says: "an event out of the order of a visit: by its time, its kind or what it is about",
        limit: None,
        sql: "SELECT e.cycle, e.replay, e.flow_id AS subject,
                'event ' || CAST(e.seq AS TEXT) || ' is ' || e.event_type
                || CASE WHEN e.phase IS NULL THEN ', and there is no such kind'
                   WHEN e.simulated_at < e.before_at THEN ', earlier than the one before it'
                   WHEN e.phase < e.before OR (e.phase IN (2, 4, 5) AND e.phase = e.before)
                     THEN ' after ' || e.before_type
                   WHEN e.seq = 0 THEN ', and nothing was looked at'
                   ELSE ', with or without a product or coupon against its kind' END AS found
              FROM (SELECT e.cycle, e.replay, e.flow_id, e.seq, e.simulated_at, e.event_type,
                      e.product_id, e.coupon_id, b.simulated_at AS before_at,
                      b.event_type AS before_type,
                      CASE e.event_type WHEN 'product_list' THEN 1
                        WHEN 'view_product' THEN 1 WHEN 'product_search' THEN 1
                        WHEN 'cart_add_item' THEN 1 WHEN 'cart_remove_item' THEN 1
                        WHEN 'view_coupons' THEN 2 WHEN 'coupon_apply' THEN 3
                        WHEN 'coupon_rejected' THEN 3 WHEN 'checkout_complete' THEN 4
                        WHEN 'checkout_failed' THEN 4 WHEN 'cart_abandon' THEN 5 END AS phase,
                      CASE b.event_type WHEN 'product_list' THEN 1
                        WHEN 'view_product' THEN 1 WHEN 'product_search' THEN 1
                        WHEN 'cart_add_item' THEN 1 WHEN 'cart_remove_item' THEN 1
                        WHEN 'view_coupons' THEN 2 WHEN 'coupon_apply' THEN 3
                        WHEN 'coupon_rejected' THEN 3 WHEN 'checkout_complete' THEN 4
                        WHEN 'checkout_failed' THEN 4 WHEN 'cart_abandon' THEN 5 END AS before
                    FROM shopping_session_events e
                    LEFT JOIN shopping_session_events b
                      ON b.flow_id = e.flow_id AND b.seq = e.seq - 1
                    WHERE e.run_id = {run}) e
              WHERE e.phase IS NULL OR e.simulated_at < e.before_at OR e.phase < e.before
                OR (e.phase IN (2, 4, 5) AND e.phase = e.before)
                OR (e.seq = 0 AND e.event_type <> 'product_list')
                OR (e.product_id IS NOT NULL)
                  <> (e.event_type IN ('view_product', 'cart_add_item', 'cart_remove_item'))
                OR (e.coupon_id IS NOT NULL) <> (e.phase = 3)",
    },
    Check {
        name: "visit",
        says: "a shopping session that is not what its events make it",
        limit: None,
        sql: "SELECT v.cycle, v.replay, v.flow_id AS subject,
                CASE WHEN v.bought <> (v.status = 'completed')
                    AND (v.status <> 'failed') THEN v.status || ', with '
                    || CASE WHEN v.bought THEN 'a' ELSE 'no' END || ' checkout_complete'
                  WHEN v.status = 'browsed' AND v.tried > 0 THEN 'browsed, with a cart'
                  WHEN v.end_reason = 'crash' AND v.events > 0 THEN 'events of a row cut by a crash'
                  WHEN v.used > 0 AND v.units = 0 THEN 'coupons or checkout of an empty cart'
                  WHEN v.end_reason = 'cart_empty' AND v.units > 0 THEN 'cart_empty, with a cart'
                  WHEN v.cart_units <> v.units THEN CAST(v.cart_units AS TEXT)
                    || ' units in the cart, ' || CAST(v.units AS TEXT) || ' put in'
                  WHEN v.cart_total_cents <> v.worth THEN 'a cart worth '
                    || CAST(v.cart_total_cents AS TEXT) || ', put in '
                    || CAST(v.worth AS TEXT)
                  WHEN v.simulated_end <> v.last_at THEN 'it ends beside its last event'
                  ELSE 'end_reason ' || v.end_reason || ', left for '
                    || COALESCE(v.left_for, 'nothing') END AS found
              FROM (SELECT s.cycle, s.replay, s.flow_id, s.status, s.end_reason, s.cart_units,
                      s.cart_total_cents, s.simulated_end, COUNT(e.seq) AS events,
                      COALESCE(MAX(e.simulated_at), s.simulated_at) AS last_at,
                      COUNT(CASE WHEN e.event_type = 'checkout_complete' THEN 1 END) = 1 AS bought,
                      COUNT(CASE WHEN e.event_type NOT IN ('product_list', 'view_product',
                        'product_search') THEN 1 END) AS tried,
                      COUNT(CASE WHEN e.event_type IN ('view_coupons', 'coupon_apply',
                        'coupon_rejected', 'checkout_complete', 'checkout_failed')
                        THEN 1 END) AS used,
                      SUM(CASE WHEN e.event_type = 'cart_add_item'
                          AND CAST(e.payload -> 'accepted' AS TEXT) = 'true'
                        THEN CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT)
                        WHEN e.event_type = 'cart_remove_item'
                        THEN -CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT)
                        ELSE 0 END) AS units,
                      MAX(CASE WHEN e.event_type = 'cart_abandon'
                        THEN e.payload ->> 'reason' END) AS left_for,
                      COALESCE((SELECT CAST(CAST(l.payload -> 'cart_total_cents' AS TEXT) AS BIGINT)
                        FROM shopping_session_events l
                        WHERE l.flow_id = s.flow_id
                          AND l.event_type IN ('cart_add_item', 'cart_remove_item')
                        ORDER BY l.seq DESC LIMIT 1), 0) AS worth
                    FROM shopping_sessions s
                    LEFT JOIN shopping_session_events e ON e.flow_id = s.flow_id
                    WHERE s.run_id = {run} AND s.status <> 'active'
                    GROUP BY s.flow_id) v
              WHERE (v.status <> 'failed' AND v.bought <> (v.status = 'completed'))
                OR (v.status = 'browsed' AND v.tried > 0)
                OR (v.end_reason = 'crash' AND v.events > 0)
                OR (v.used > 0 AND v.units = 0)
                OR (v.end_reason = 'cart_empty' AND v.units > 0)
                OR v.cart_units <> v.units OR v.cart_total_cents <> v.worth
                OR v.simulated_end <> v.last_at
                OR (v.end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')
                  AND COALESCE(v.left_for, 'done') <> v.end_reason)",
    },
    Check {
        name: "end_reason",
        says: "a shopping session whose status, end_reason and failure do not fit",
        limit: None,
        sql: "SELECT cycle, replay, agent_id AS subject,
                status || ' with ' || COALESCE(end_reason, 'no end_reason')
                || CASE WHEN failure IS NULL THEN '' ELSE ' and a failure' END AS found
              FROM shopping_sessions WHERE run_id = {run} AND (
                (status = 'active') <> (end_reason IS NULL)
                OR (status IN ('completed', 'browsed')) <> (COALESCE(end_reason, '') = 'done')
                OR (status = 'abandoned') <> (COALESCE(end_reason, '') IN ('cart_empty',
                  'checkout_declined', 'refused', 'session_down', 'frozen', 'stopped', 'crash'))
                OR (status = 'failed') <> (COALESCE(end_reason, '') IN ('call_failed',
                  'checkout_failed', 'checkout_unknown', 'panic', 'hang', 'store'))
                OR (status = 'failed') <> (failure IS NOT NULL)
                OR status NOT IN ('active', 'completed', 'abandoned', 'browsed', 'failed'))",
    },
    Check {
        name: "cart_state",
        says: "a shopping session whose cart, order or end at the shop do not fit how it ended",
        limit: None,
        sql: "SELECT cycle, replay, flow_id AS subject, status || ' (' || COALESCE(end_reason, '')
                || '): cart ' || shop_cart || ', order ' || COALESCE(order_outcome, 'told')
                || CASE WHEN simulated_end IS NULL THEN ', no end' ELSE '' END AS found
              FROM shopping_sessions WHERE run_id = {run} AND (
                shop_cart NOT IN ('unknown', 'clean', 'dirty')
                OR (status = 'active' AND shop_cart <> 'dirty')
                OR (status = 'completed' AND shop_cart <> 'clean')
                OR COALESCE(order_outcome, 'unknown') NOT IN ('unknown', 'found', 'absent')
                OR (status = 'completed' AND COALESCE(order_outcome, 'found') <> 'found')
                OR (order_outcome IS NOT NULL AND (status IN ('active', 'browsed')
                  OR end_reason IN ('cart_empty', 'checkout_declined', 'refused')))
                OR (order_outcome IS NULL AND COALESCE(end_reason, '')
                  IN ('crash', 'checkout_unknown'))
                OR (simulated_end IS NULL) <> (COALESCE(end_reason, 'crash') = 'crash')
                OR simulated_end < simulated_at)",
    },
    Check {
        name: "coupon_steps",
        says: "what became of coupons in a visit, otherwise than its events tell",
        limit: None,
        sql: "SELECT g.cycle, g.replay, g.flow_id AS subject,
                CASE WHEN g.coupon_id = '' THEN 'coupons seen' ELSE 'coupon ' || g.coupon_id END
                || ': ' || CAST(SUM(g.rows_there) AS TEXT) || ' rows, '
                || CAST(SUM(g.told) AS TEXT) || ' told' AS found
              FROM (SELECT cycle, replay, flow_id, step,
                      CASE step WHEN 'seen' THEN '' ELSE coupon_id END AS coupon_id,
                      1 AS rows_there, 0 AS told
                    FROM coupon_interactions
                    WHERE run_id = {run} AND NOT recovered AND step IN ('seen', 'applied')
                    UNION ALL SELECT cycle, replay, flow_id,
                      CASE event_type WHEN 'view_coupons' THEN 'seen' ELSE 'applied' END,
                      COALESCE(coupon_id, ''), 0,
                      CASE event_type WHEN 'view_coupons'
                        THEN json_array_length(payload -> 'eligible_coupon_ids') ELSE 1 END
                    FROM shopping_session_events
                    WHERE run_id = {run} AND event_type IN ('view_coupons', 'coupon_apply')) g
              GROUP BY g.cycle, g.replay, g.flow_id, g.step, g.coupon_id
              HAVING SUM(g.rows_there) <> SUM(g.told)
              UNION ALL SELECT cycle, replay, flow_id, 'coupon ' || coupon_id || ' is ' || step
                || CASE WHEN reason IS NULL THEN ', and why it was refused is not told'
                   ELSE ', and yet refused' END
              FROM coupon_interactions
              WHERE run_id = {run} AND (step NOT IN ('seen', 'applied', 'rejected', 'redeemed')
                OR (step = 'rejected') <> (reason IS NOT NULL)
                OR (recovered AND step NOT IN ('redeemed', 'rejected')))",
    },
];

#[cfg(test)]
mod tests {
    use domain::event::{CouponStep, EventKind};
    use domain::flow::{EndReason, FlowStatus, OrderOutcome, ShopCart};

    use super::*;

    /// How the check with this name reads.
    fn sql(name: &str) -> &'static str {
        VISITS.iter().find(|check| check.name == name).unwrap().sql
    }

    #[test]
    fn every_word_there_is_has_a_place_in_its_check() {
        let quoted = |word: &str| format!("'{word}'");
        for kind in EventKind::ALL {
            assert!(sql("event_order").contains(&quoted(kind.as_str())), "{kind}");
        }
        let statuses = FlowStatus::ALL.iter().map(|word| word.as_str());
        for word in statuses.chain(EndReason::ALL.iter().map(|word| word.as_str())) {
            assert!(sql("end_reason").contains(&quoted(word)), "{word}");
        }
        let carts = ShopCart::ALL.iter().map(|word| word.as_str());
        for word in carts.chain(OrderOutcome::ALL.iter().map(|word| word.as_str())) {
            assert!(sql("cart_state").contains(&quoted(word)), "{word}");
        }
        for step in CouponStep::ALL {
            assert!(sql("coupon_steps").contains(&quoted(step.as_str())), "{step}");
        }
    }
}
