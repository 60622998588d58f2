-- For each cycle the one attempt that counts: the lowest replay that closed unbroken.
CREATE VIEW canonical_attempts AS
SELECT run_id, cycle, MIN(replay) AS replay
FROM cycles
WHERE NOT broken
GROUP BY run_id, cycle;

CREATE VIEW canonical_cycles AS
SELECT t.*
FROM cycles t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

CREATE VIEW canonical_offer_cycles AS
SELECT t.*
FROM offer_cycles t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

CREATE VIEW canonical_shopping_sessions AS
SELECT t.*
FROM shopping_sessions t
JOIN canonical_attempts a
  ON a.run_id = t.run_id AND a.cycle = t.cycle AND a.replay = t.replay;

CREATE VIEW canonical_shopping_session_events AS
SELECT t.*
FROM shopping_session_events t
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
