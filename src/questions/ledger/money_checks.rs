//! What no row of a run may be: orders, their lines, and coupons.
//!
//! A wallet is counted as it was when a refresh was written: by the order in which attempts were
//! made, as a replay fills wallets of an hour that was lived before, and never by a wall clock.
//! What was redeemed in the hour of a refresh may have left before it or after it.

use super::checks::Check;
use super::limits::Limit;

/// These checks.
pub(super) const MONEY: &[Check] = &[
    Check {
        name: "order_without_purchase",
        says: "an order of a shopping session that did not complete, one that did without order, \
               or one that was found and is not said to be",
        limit: None,
        sql: "SELECT o.cycle, o.replay, o.flow_id AS subject, 'order of a session that is '
                || s.status AS found
              FROM orders o JOIN shopping_sessions s ON s.flow_id = o.flow_id
              WHERE o.run_id = {run} AND s.status <> 'completed' AND NOT o.recovered
              UNION ALL SELECT o.cycle, o.replay, o.flow_id, 'found, of a session that is '
                || s.status || ', its order ' || COALESCE(s.order_outcome, 'never looked for')
              FROM orders o JOIN shopping_sessions s ON s.flow_id = o.flow_id
              WHERE o.run_id = {run} AND o.recovered AND (s.status IN ('completed', 'active')
                OR s.order_outcome IS NULL OR s.order_outcome <> 'found')
              UNION ALL SELECT s.cycle, s.replay, s.flow_id, 'its order was found and is not there'
              FROM shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id
              WHERE s.run_id = {run} AND s.order_outcome = 'found' AND o.flow_id IS NULL
              UNION ALL SELECT s.cycle, s.replay, s.flow_id, 'completed without an order'
              FROM shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id
              WHERE s.run_id = {run} AND s.status = 'completed' AND o.flow_id IS NULL",
    },
    Check {
        name: "order_lines",
        says: "an order without its lines, or lines without their order",
        limit: None,
        sql: "SELECT o.cycle, o.replay, o.flow_id AS subject, 'an order without lines' AS found
              FROM orders o WHERE o.run_id = {run} AND NOT o.recovered AND NOT EXISTS (
                SELECT 1 FROM order_items i WHERE i.flow_id = o.flow_id)
              UNION ALL SELECT i.cycle, i.replay, i.flow_id,
                'line ' || CAST(i.line AS TEXT) || ' of an order that is not there'
              FROM order_items i
              LEFT JOIN orders o ON o.flow_id = i.flow_id AND o.run_id = i.run_id
                AND o.order_id = i.order_id AND o.cycle = i.cycle AND o.replay = i.replay
                AND o.agent_id = i.agent_id AND o.recovered = i.recovered
                AND COALESCE(o.cohort, '') = COALESCE(i.cohort, '')
              WHERE i.run_id = {run} AND o.flow_id IS NULL
              UNION ALL SELECT cycle, replay, flow_id,
                CAST(COUNT(*) AS TEXT) || ' lines numbered ' || CAST(MIN(line) AS TEXT)
                || ' to ' || CAST(MAX(line) AS TEXT)
              FROM order_items WHERE run_id = {run}
              GROUP BY flow_id, cycle, replay
              HAVING MIN(line) <> 0 OR MAX(line) <> COUNT(*) - 1",
    },
    Check {
        name: "coupon_redeemed_twice",
        says: "a coupon that was redeemed more than once",
        limit: None,
        sql: "SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, assignment_id AS subject,
                CAST(COUNT(*) AS TEXT) || ' redemptions' AS found
              FROM coupon_interactions
              WHERE run_id = {run} AND step = 'redeemed' AND assignment_id IS NOT NULL
                AND NOT is_reuse
              GROUP BY assignment_id HAVING COUNT(*) > 1",
    },
    Check {
        name: "discount_without_coupon",
        says: "an order with a discount in whose visit no coupon was redeemed",
        limit: None,
        sql: "SELECT o.cycle, o.replay, o.flow_id AS subject,
                CAST(o.discount_total_cents AS TEXT) || ' cents off' AS found
              FROM orders o
              WHERE o.run_id = {run} AND NOT o.recovered
                AND o.discount_total_cents <> 0 AND NOT EXISTS (
                SELECT 1 FROM coupon_interactions i
                WHERE i.flow_id = o.flow_id AND i.step = 'redeemed')
                AND (o.discount_total_text IS NOT NULL OR o.final_total_text IS NULL
                  OR o.discount_total_cents > 1 + (
                    SELECT COUNT(*) FROM order_items l WHERE l.flow_id = o.flow_id))",
    },
    Check {
        name: "discount_as_defined",
        says: "a discount that the shop did not say, and that is not what the one coupon of the \
               order gives",
        limit: None,
        sql: "SELECT d.cycle, d.replay, d.flow_id AS subject,
                CAST(d.off AS TEXT) || ' cents off, coupon ' || d.coupon_id || ' gives '
                || CAST(d.should AS TEXT) AS found
              FROM (SELECT o.cycle, o.replay, o.flow_id, c.coupon_id,
                  o.discount_total_cents AS off, CASE
                    WHEN c.discount_type = 'fixed' AND c.discount_value > o.subtotal_cents
                      THEN o.subtotal_cents
                    WHEN c.discount_type = 'fixed' THEN c.discount_value
                    WHEN (o.subtotal_cents * c.discount_value + 5000) / 10000
                      > c.max_discount_cents THEN c.max_discount_cents
                    ELSE (o.subtotal_cents * c.discount_value + 5000) / 10000 END AS should,
                  (SELECT COUNT(*) FROM order_items l WHERE l.flow_id = o.flow_id) AS lines
                FROM orders o
                JOIN shopping_sessions s ON s.flow_id = o.flow_id AND s.order_outcome IS NULL
                JOIN coupon_interactions i ON i.flow_id = o.flow_id AND i.step = 'redeemed'
                JOIN coupons c ON c.run_id = o.run_id AND c.coupon_id = i.coupon_id
                  AND c.coupon_type = 'frontstore' AND c.discount_type IN ('percent', 'fixed')
                WHERE o.run_id = {run} AND NOT o.recovered
                  AND o.discount_total_text IS NULL AND o.final_total_text IS NOT NULL
                  AND (SELECT COUNT(*) FROM coupon_interactions n
                    WHERE n.flow_id = o.flow_id AND n.step = 'applied') = 1) d
              WHERE d.off > d.should + 1 + d.lines OR d.off < d.should - 1 - d.lines",
    },
    Check {
        name: "coupon_without_discount",
        says: "a coupon redeemed in an order that nothing was taken off of",
        limit: None,
        sql: "SELECT i.cycle, i.replay, i.flow_id AS subject,
                'coupon ' || i.coupon_id || ' took nothing off' AS found
              FROM coupon_interactions i
              JOIN orders o ON o.flow_id = i.flow_id
              JOIN coupons c ON c.run_id = i.run_id AND c.coupon_id = i.coupon_id
              WHERE i.run_id = {run} AND NOT o.recovered
                AND i.step = 'redeemed' AND o.discount_total_cents = 0
                AND c.discount_type <> 'free_shipping'
                AND REPLACE(REPLACE(REPLACE(COALESCE(o.discount_total_text, ''), '0', ''),
                  '.', ''), '-', '') = ''",
    },
    Check {
        name: "redemption",
        says: "a redemption that assignment and flow do not both know",
        limit: None,
        sql: "SELECT i.cycle, i.replay, i.flow_id AS subject,
                'coupon ' || i.coupon_id || ' is redeemed here, its assignment says otherwise'
                AS found
              FROM coupon_interactions i
              LEFT JOIN coupon_assignments a ON a.assignment_id = i.assignment_id
                AND a.run_id = i.run_id AND a.agent_id = i.agent_id
                AND a.coupon_id = i.coupon_id AND a.redeemed_flow_id IS NOT NULL
                AND (a.redeemed_flow_id = i.flow_id OR i.is_reuse)
              WHERE i.run_id = {run} AND i.step = 'redeemed' AND i.assignment_id IS NOT NULL
                AND a.assignment_id IS NULL
              UNION ALL SELECT a.cycle, a.replay, a.assignment_id,
                'redeemed in flow ' || a.redeemed_flow_id || ', which does not say so'
              FROM coupon_assignments a
              LEFT JOIN coupon_interactions i ON i.assignment_id = a.assignment_id
                AND i.flow_id = a.redeemed_flow_id AND i.step = 'redeemed' AND NOT i.is_reuse
                AND i.simulated_at = a.redeemed_at
              WHERE a.run_id = {run} AND a.redeemed_flow_id IS NOT NULL AND i.flow_id IS NULL",
    },
    Check {
        name: "redemption_time",
        says: "a coupon that was redeemed before it was handed out or after it had expired",
        limit: None,
        sql: "SELECT i.cycle, i.replay, i.flow_id AS subject, 'coupon ' || i.coupon_id
                || CASE WHEN i.simulated_at < a.assigned_at THEN ' before it was handed out'
                   ELSE ' after it had expired' END AS found
              FROM coupon_interactions i
              JOIN coupon_assignments a ON a.assignment_id = i.assignment_id
              WHERE i.run_id = {run} AND i.step = 'redeemed' AND a.source = 'engine'
                AND (i.simulated_at < a.assigned_at OR i.simulated_at >= a.expires_at)",
    },
    Check {
        name: "coupon_repeated",
        says: "a coupon handed out again too soon",
        limit: Some(Limit::no_repeat_cycles),
        sql: "SELECT b.cycle, b.replay, b.agent_id AS subject,
                'coupon ' || b.coupon_id || ' after ' || CAST(b.cycle - b.before AS TEXT)
                || ' h, '
                || CAST(COALESCE(CAST({limits} ->> b.cohort AS BIGINT), {limit}) AS TEXT)
                || ' h are the least' AS found
              FROM (SELECT cycle, replay, agent_id, cohort, coupon_id, LAG(cycle) OVER (
                      PARTITION BY agent_id, coupon_id ORDER BY cycle, assignment_id) AS before
                    FROM coupon_assignments WHERE run_id = {run} AND source = 'engine') b
              WHERE b.before IS NOT NULL AND b.cycle - b.before
                < COALESCE(CAST({limits} ->> b.cohort AS BIGINT), {limit})",
    },
];
