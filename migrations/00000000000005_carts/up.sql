-- runs.resumes when the visit began: with the cycle, the order in which an agent's visits were
-- made, whatever the clocks said. An original of a cycle beyond the last of a replay was made after
-- that replay, an earlier one before it.
ALTER TABLE shopping_sessions ADD COLUMN resumes INTEGER NOT NULL DEFAULT 0;
UPDATE shopping_sessions SET resumes = replay WHERE replay > 0;
UPDATE shopping_sessions SET resumes = (
  SELECT COALESCE(MAX(r.replay), 0)
  FROM (SELECT run_id, replay, MAX(cycle) AS last_cycle FROM cycles
        WHERE replay > 0 GROUP BY run_id, replay) r
  WHERE r.run_id = shopping_sessions.run_id AND r.last_cycle < shopping_sessions.cycle)
WHERE replay = 0
  AND run_id IN (SELECT run_id FROM runs WHERE resumes > 0);

-- Rows from before said "clean" of a visit that put nothing in, whatever lay there; only those that
-- put something in and yet are clean saw their cart emptied.
UPDATE shopping_sessions SET shop_cart = 'unknown' WHERE shop_cart = 'clean' AND cart_units = 0;

DROP INDEX shopping_sessions_by_agent;
CREATE INDEX shopping_sessions_by_agent ON shopping_sessions (run_id, agent_id, resumes, cycle);

DROP VIEW canonical_shopping_sessions;
CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;
