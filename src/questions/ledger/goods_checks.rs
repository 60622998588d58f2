//! What no row of a run may be: goods of an order against what its flow put in and took out again.
//!
//! An order that was found again after a crash belongs to a flow whose events were lost with it: it
//! is held against nothing.

use super::checks::Check;

/// These checks. A product may stand on several lines and be put in several times.
pub(super) const GOODS: &[Check] = &[Check {
    name: "order_goods",
    says: "an order that does not hold what its flow put in, product by product",
    limit: None,
    sql: "SELECT g.cycle, g.replay, g.flow_id AS subject,
            'product ' || g.product_id || ': ' || CAST(SUM(g.ordered) AS TEXT) || ' ordered, '
            || CAST(SUM(g.put_in) AS TEXT) || ' put in' AS found
          FROM (SELECT i.cycle, i.replay, i.flow_id, i.product_id,
                  CAST(i.quantity AS BIGINT) AS ordered, CAST(0 AS BIGINT) AS put_in
                FROM order_items i JOIN orders o ON o.flow_id = i.flow_id
                WHERE i.run_id = {run} AND NOT o.recovered
                UNION ALL SELECT e.cycle, e.replay, e.flow_id, e.product_id, CAST(0 AS BIGINT),
                  CASE WHEN e.event_type = 'cart_remove_item'
                    THEN -COALESCE(CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT), 0)
                    WHEN CAST(e.payload -> 'accepted' AS TEXT) = 'true'
                    THEN COALESCE(CAST(CAST(e.payload -> 'quantity' AS TEXT) AS BIGINT), 0)
                    ELSE COALESCE(CAST(CAST(e.payload -> 'taken' AS TEXT) AS BIGINT), 0) END
                FROM shopping_session_events e JOIN orders o ON o.flow_id = e.flow_id
                WHERE e.run_id = {run} AND NOT o.recovered
                  AND e.event_type IN ('cart_add_item', 'cart_remove_item')) g
          GROUP BY g.cycle, g.replay, g.flow_id, g.product_id
          HAVING SUM(g.ordered) <> SUM(g.put_in)",
}];
