DROP VIEW canonical_shopping_sessions;
DROP INDEX shopping_sessions_by_agent;
CREATE INDEX shopping_sessions_by_agent ON shopping_sessions (run_id, agent_id, opened_at);
UPDATE shopping_sessions SET shop_cart = 'clean' WHERE shop_cart = 'unknown';
ALTER TABLE shopping_sessions DROP COLUMN resumes;
CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
