//! What no row of a run may be: what rows name must be there, and be whose they say it is.
//!
//! Tables of products hold what the shop listed when the run began. A shop of the operator's own
//! may sell more by then; the one that cartload brings along does not.

use serde_json::Value;

use super::checks::Check;

/// These checks of a run with these settings.
pub(super) fn of(settings: &Value) -> impl Iterator<Item = &'static Check> {
    let api = settings.pointer("/shop/api");
    let is_own_shop = api.is_some_and(Value::is_null);
    NAMES.iter().chain(is_own_shop.then_some(&PRODUCTS))
}

const PRODUCTS: Check = Check {
    name: "unknown_product",
    says: "a product that the shop never listed",
    limit: None,
    sql: "SELECT n.cycle, n.replay, n.flow_id AS subject, 'product ' || n.product_id AS found
          FROM (SELECT product_id, MIN(cycle) AS cycle, MIN(replay) AS replay,
                  MIN(flow_id) AS flow_id
                FROM shopping_session_events
                WHERE run_id = {run} AND product_id IS NOT NULL GROUP BY product_id) n
          LEFT JOIN products p ON p.run_id = {run} AND p.product_id = n.product_id
          WHERE p.product_id IS NULL",
};

const NAMES: &[Check] = &[
    Check {
        name: "order_twice",
        says: "an order that more than one visit claims",
        limit: None,
        sql: "SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, order_id AS subject,
                CAST(COUNT(*) AS TEXT) || ' visits have it' AS found
              FROM orders WHERE run_id = {run}
              GROUP BY order_id, COALESCE(store_id, '') HAVING COUNT(*) > 1",
    },
    Check {
        name: "checkout_told",
        says: "an order that is not what its checkout_complete tells of",
        limit: None,
        sql: "SELECT o.cycle, o.replay, o.flow_id AS subject, 'order ' || o.order_id
                || ', told ' || COALESCE(e.payload ->> 'order_id', 'none') || ' of '
                || COALESCE(e.payload ->> 'final_total_cents', 'nothing') || ' cents' AS found
              FROM orders o JOIN shopping_session_events e
                ON e.flow_id = o.flow_id AND e.event_type = 'checkout_complete'
              WHERE o.run_id = {run} AND NOT o.recovered
                AND (COALESCE(e.payload ->> 'order_id', '') <> o.order_id
                  OR e.simulated_at <> o.simulated_at
                  OR CAST(CAST(e.payload -> 'subtotal_cents' AS TEXT) AS BIGINT)
                    <> o.subtotal_cents
                  OR CAST(CAST(e.payload -> 'discount_total_cents' AS TEXT) AS BIGINT)
                    <> o.discount_total_cents
                  OR CAST(CAST(e.payload -> 'final_total_cents' AS TEXT) AS BIGINT)
                    <> o.final_total_cents)",
    },
    Check {
        name: "added_unseen",
        says: "a product put into the cart that was not looked at before",
        limit: None,
        sql: "SELECT a.cycle, a.replay, a.flow_id AS subject,
                'event ' || CAST(a.seq AS TEXT) || ': product ' || a.product_id AS found
              FROM shopping_session_events a
              WHERE a.run_id = {run} AND a.event_type = 'cart_add_item' AND NOT EXISTS (
                SELECT 1 FROM shopping_session_events v WHERE v.flow_id = a.flow_id
                  AND v.seq < a.seq AND v.event_type = 'view_product'
                  AND v.product_id = a.product_id)
                AND NOT EXISTS (
                SELECT 1 FROM shopping_session_events l WHERE l.flow_id = a.flow_id
                  AND l.seq < a.seq AND l.event_type IN ('product_list', 'product_search')
                  AND LENGTH(REPLACE(CAST(l.payload -> 'product_ids' AS TEXT),
                    '\"' || REPLACE(REPLACE(a.product_id, '\\', '\\\\'), '\"', '\\\"') || '\"', ''))
                    < LENGTH(CAST(l.payload -> 'product_ids' AS TEXT)))",
    },
    Check {
        name: "taken_out",
        says: "a product taken out of a cart that did not hold so many of it",
        limit: None,
        sql: "SELECT r.cycle, r.replay, r.flow_id AS subject,
                'event ' || CAST(r.seq AS TEXT) || ': product ' || r.product_id || ', '
                || CAST(r.units AS TEXT) || ' out of ' || CAST(r.held AS TEXT) AS found
              FROM (SELECT o.cycle, o.replay, o.flow_id, o.seq, o.product_id,
                  CAST(CAST(o.payload -> 'quantity' AS TEXT) AS BIGINT) AS units,
                  (SELECT COALESCE(SUM(CASE
                      WHEN e.event_type = 'cart_remove_item'
                        THEN -CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT)
                      WHEN CAST(e.payload -> 'accepted' AS TEXT) = 'true'
                        THEN CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT)
                      ELSE 0 END), 0)
                    FROM shopping_session_events e
                    WHERE e.flow_id = o.flow_id AND e.seq < o.seq
                      AND e.event_type IN ('cart_add_item', 'cart_remove_item')
                      AND e.product_id = o.product_id) AS held
                FROM shopping_session_events o
                WHERE o.run_id = {run} AND o.event_type = 'cart_remove_item') r
              WHERE r.units IS NULL OR r.units <> r.held",
    },
    Check {
        name: "foreign_coupon",
        says: "what became of a coupon that was handed to somebody else, or to nobody",
        limit: None,
        sql: "SELECT i.cycle, i.replay, i.flow_id AS subject, 'coupon ' || i.coupon_id AS found
              FROM coupon_interactions i
              LEFT JOIN coupon_assignments a ON a.assignment_id = i.assignment_id
                AND a.run_id = i.run_id AND a.agent_id = i.agent_id
                AND a.coupon_id = i.coupon_id
              WHERE i.run_id = {run} AND i.assignment_id IS NOT NULL AND a.assignment_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM coupon_interactions r
                  WHERE r.flow_id = i.flow_id AND r.reason = 'not_assigned')",
    },
    Check {
        name: "unknown_coupon",
        says: "a coupon that was handed out and of which nothing is known",
        limit: None,
        sql: "SELECT n.cycle, n.replay, n.coupon_id AS subject,
                'handed to ' || n.agent_id AS found
              FROM (SELECT coupon_id, MIN(cycle) AS cycle, MIN(replay) AS replay,
                      MIN(agent_id) AS agent_id
                    FROM coupon_assignments WHERE run_id = {run} GROUP BY coupon_id) n
              LEFT JOIN coupons c ON c.run_id = {run} AND c.coupon_id = n.coupon_id
              WHERE c.coupon_id IS NULL",
    },
    Check {
        name: "outside_visit",
        says: "a row of a visit from before its begin or after its end, on the simulated clock",
        limit: None,
        sql: "SELECT o.cycle, o.replay, o.flow_id AS subject, 'orders' AS found
              FROM orders o JOIN shopping_sessions s ON s.flow_id = o.flow_id
              WHERE o.run_id = {run} AND (o.simulated_at < s.simulated_at
                OR o.simulated_at > COALESCE(s.simulated_end, s.simulated_at))
              UNION ALL SELECT i.cycle, i.replay, i.flow_id, 'order_items'
              FROM order_items i JOIN orders o ON o.flow_id = i.flow_id
              WHERE i.run_id = {run} AND i.simulated_at <> o.simulated_at
              UNION ALL SELECT i.cycle, i.replay, i.flow_id, 'coupon_interactions'
              FROM coupon_interactions i JOIN shopping_sessions s ON s.flow_id = i.flow_id
              WHERE i.run_id = {run} AND (i.simulated_at < s.simulated_at
                OR i.simulated_at > COALESCE(s.simulated_end, s.simulated_at))
              UNION ALL SELECT e.cycle, e.replay, e.flow_id, 'shopping_session_events'
              FROM shopping_sessions s
              JOIN shopping_session_events e ON e.flow_id = s.flow_id AND e.seq = 0
              WHERE s.run_id = {run} AND e.simulated_at < s.simulated_at",
    },
    Check {
        name: "refresh",
        says: "a coupon handed out otherwise than its refresh, or used otherwise than it says",
        limit: None,
        sql: "SELECT a.cycle, a.replay, a.assignment_id AS subject,
                'coupon ' || a.coupon_id || CASE WHEN o.cycle IS NULL AND a.source = 'engine'
                  THEN ', and no refresh is there' ELSE '' END AS found
              FROM coupon_assignments a
              LEFT JOIN offer_cycles o ON o.run_id = a.run_id AND o.cycle = a.cycle
                AND o.replay = a.replay
              WHERE a.run_id = {run} AND (a.source NOT IN ('engine', 'shop')
                OR (a.source = 'engine' AND (o.cycle IS NULL
                  OR o.offer_cycle <> a.offer_cycle OR o.simulated_at <> a.assigned_at))
                OR a.simulated_at <> a.assigned_at
                OR (a.source = 'engine' AND a.expires_at < a.assigned_at)
                OR (a.redeemed_flow_id IS NULL) <> (a.redeemed_at IS NULL))",
    },
];
