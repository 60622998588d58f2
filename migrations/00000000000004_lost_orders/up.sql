-- An order that was found at the shop after its flow had ended: rows beside those of the flow, which
-- no count of its cycle has.
ALTER TABLE orders ADD COLUMN recovered BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE order_items ADD COLUMN recovered BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE coupon_interactions ADD COLUMN recovered BOOLEAN NOT NULL DEFAULT FALSE;
-- unknown: there may be an order at the shop that no row names; found, absent: the shop was asked.
ALTER TABLE shopping_sessions ADD COLUMN order_outcome TEXT;

-- Ended by releases that did not ask.
UPDATE shopping_sessions SET order_outcome = 'unknown'
WHERE end_reason IN ('checkout_unknown', 'crash');

CREATE INDEX orders_by_order ON orders (order_id);
-- One order is found once, whatever the code does.
CREATE UNIQUE INDEX orders_recovered_once ON orders (order_id) WHERE recovered;
CREATE INDEX shopping_sessions_unknown ON shopping_sessions (run_id) WHERE order_outcome = 'unknown';

DROP VIEW canonical_shopping_sessions;
CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

DROP VIEW canonical_orders;
CREATE VIEW canonical_orders AS
SELECT t.*
FROM orders t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay
WHERE NOT t.recovered;

DROP VIEW canonical_order_items;
CREATE VIEW canonical_order_items AS
SELECT t.*
FROM order_items t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay
WHERE NOT t.recovered;

DROP VIEW canonical_coupon_interactions;
CREATE VIEW canonical_coupon_interactions AS
SELECT t.*
FROM coupon_interactions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay
WHERE NOT t.recovered;
