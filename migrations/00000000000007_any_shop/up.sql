-- What a visit's order can be asked for by where its answer is lost: values that the shop gave for
-- the cart, as a JSON object by the names of the shop's profile; never a token. Written before the
-- order is placed.
ALTER TABLE shopping_sessions ADD COLUMN shop_refs TEXT;
-- The product that this is a variant of; none where it is no variant.
ALTER TABLE products ADD COLUMN variant_of TEXT;

DROP VIEW canonical_shopping_sessions;
CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
