DROP VIEW canonical_coupon_interactions;
DROP VIEW canonical_order_items;
DROP VIEW canonical_orders;

DROP INDEX coupon_interactions_one_redemption;
DELETE FROM coupon_interactions WHERE is_reuse;
CREATE UNIQUE INDEX coupon_interactions_one_redemption
  ON coupon_interactions (assignment_id) WHERE step = 'redeemed';
ALTER TABLE coupon_interactions DROP COLUMN is_reuse;

ALTER TABLE order_items DROP COLUMN line_total_text;
ALTER TABLE order_items DROP COLUMN discount_text;
ALTER TABLE order_items DROP COLUMN unit_price_text;

ALTER TABLE orders DROP COLUMN final_total_text;
ALTER TABLE orders DROP COLUMN charges_text;
ALTER TABLE orders DROP COLUMN discount_total_text;
ALTER TABLE orders DROP COLUMN frontstore_discount_text;
ALTER TABLE orders DROP COLUMN item_discounts_text;
ALTER TABLE orders DROP COLUMN subtotal_text;
ALTER TABLE orders DROP COLUMN charges_cents;

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
