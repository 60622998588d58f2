DROP VIEW canonical_shopping_sessions;
ALTER TABLE products DROP COLUMN variant_of;
ALTER TABLE shopping_sessions DROP COLUMN shop_refs;
CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
