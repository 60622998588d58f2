DROP VIEW canonical_coupon_interactions;
DROP VIEW canonical_order_items;
DROP VIEW canonical_orders;
DROP VIEW canonical_shopping_sessions;
DELETE FROM coupon_interactions WHERE recovered;
DELETE FROM order_items WHERE recovered;
DELETE FROM orders WHERE recovered;
DROP INDEX shopping_sessions_unknown;
DROP INDEX orders_recovered_once;
DROP INDEX orders_by_order;
ALTER TABLE shopping_sessions DROP COLUMN order_outcome;
ALTER TABLE coupon_interactions DROP COLUMN recovered;
ALTER TABLE order_items DROP COLUMN recovered;
ALTER TABLE orders DROP COLUMN recovered;

CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
CREATE VIEW canonical_orders AS
SELECT t.*
FROM orders t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
CREATE VIEW canonical_order_items AS
SELECT t.*
FROM order_items t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
CREATE VIEW canonical_coupon_interactions AS
SELECT t.*
FROM coupon_interactions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
