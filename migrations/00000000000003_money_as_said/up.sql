-- What the shop itself said of each amount, beside the cents it was rounded to; null in rows of
-- older releases and where the shop said nothing. Charges: shipping, tax and the like.
ALTER TABLE orders ADD COLUMN charges_cents BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN subtotal_text TEXT;
ALTER TABLE orders ADD COLUMN item_discounts_text TEXT;
ALTER TABLE orders ADD COLUMN frontstore_discount_text TEXT;
ALTER TABLE orders ADD COLUMN discount_total_text TEXT;
ALTER TABLE orders ADD COLUMN charges_text TEXT;
ALTER TABLE orders ADD COLUMN final_total_text TEXT;

ALTER TABLE order_items ADD COLUMN unit_price_text TEXT;
ALTER TABLE order_items ADD COLUMN discount_text TEXT;
ALTER TABLE order_items ADD COLUMN line_total_text TEXT;

-- A use after the first one of an assignment, at a shop that lets coupons be used again. Elsewhere
-- a second redemption stays impossible, whatever the code does.
ALTER TABLE coupon_interactions ADD COLUMN is_reuse BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX coupon_interactions_one_redemption;
CREATE UNIQUE INDEX coupon_interactions_one_redemption
  ON coupon_interactions (assignment_id) WHERE step = 'redeemed' AND NOT is_reuse;

DROP VIEW canonical_orders;
CREATE VIEW canonical_orders AS
SELECT t.*
FROM orders t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

DROP VIEW canonical_order_items;
CREATE VIEW canonical_order_items AS
SELECT t.*
FROM order_items t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

DROP VIEW canonical_coupon_interactions;
CREATE VIEW canonical_coupon_interactions AS
SELECT t.*
FROM coupon_interactions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
