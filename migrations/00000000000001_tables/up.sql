CREATE TABLE runs (
  run_id TEXT NOT NULL PRIMARY KEY,
  owner_token TEXT NOT NULL,
  state TEXT NOT NULL,
  resumes INTEGER NOT NULL,
  agents INTEGER NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  simulated_start TIMESTAMP NOT NULL,
  started_at TIMESTAMP NOT NULL,
  heartbeat_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP,
  settings JSON NOT NULL
);

CREATE TABLE agents (
  agent_id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  cohort TEXT,
  archetype TEXT,
  age INTEGER NOT NULL,
  age_group TEXT NOT NULL,
  gender TEXT NOT NULL,
  income_bracket TEXT NOT NULL,
  household_size INTEGER NOT NULL,
  has_children BOOLEAN NOT NULL,
  location_region TEXT NOT NULL,
  price_sensitivity DOUBLE PRECISION NOT NULL,
  brand_loyalty DOUBLE PRECISION NOT NULL,
  impulsivity DOUBLE PRECISION NOT NULL,
  tech_savviness DOUBLE PRECISION NOT NULL,
  coupon_affinity DOUBLE PRECISION NOT NULL,
  preferred_categories JSON NOT NULL,
  weekly_budget_cents BIGINT NOT NULL,
  avg_cart_value_cents BIGINT NOT NULL,
  shopping_frequency TEXT NOT NULL,
  weekday_affinity DOUBLE PRECISION NOT NULL,
  weekend_affinity DOUBLE PRECISION NOT NULL,
  morning_share DOUBLE PRECISION NOT NULL,
  afternoon_share DOUBLE PRECISION NOT NULL,
  evening_share DOUBLE PRECISION NOT NULL,
  deal_seeking_behavior TEXT NOT NULL,
  backstory TEXT,
  is_simulated BOOLEAN NOT NULL,
  recorded_at TIMESTAMP NOT NULL
);

-- What the shop sells and which coupons exist, as seen by a run.
CREATE TABLE products (
  run_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  brand TEXT,
  price_cents BIGINT NOT NULL,
  in_stock BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  last_seen_at TIMESTAMP NOT NULL,
  PRIMARY KEY (run_id, product_id)
);

-- discount_value: hundredths of a percent for percent_off and buy_one_get_one, cents for fixed_off.
CREATE TABLE coupons (
  run_id TEXT NOT NULL,
  coupon_id TEXT NOT NULL,
  coupon_type TEXT NOT NULL,
  target TEXT,
  discount_type TEXT NOT NULL,
  discount_value BIGINT NOT NULL,
  min_purchase_cents BIGINT NOT NULL,
  max_discount_cents BIGINT,
  is_simulated BOOLEAN NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  last_seen_at TIMESTAMP NOT NULL,
  PRIMARY KEY (run_id, coupon_id)
);

CREATE TABLE offer_cycles (
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  offer_cycle INTEGER NOT NULL,
  due_agents INTEGER NOT NULL,
  held_out INTEGER NOT NULL,
  assigned INTEGER NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (run_id, cycle, replay)
);

-- A log: rows are never deleted or changed, but for the one redemption. cycle and replay: of the
-- attempt that made the assignment.
CREATE TABLE coupon_assignments (
  assignment_id TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  coupon_id TEXT NOT NULL,
  offer_cycle INTEGER NOT NULL,
  source TEXT NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  assigned_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  redeemed_flow_id TEXT,
  redeemed_at TIMESTAMP,
  recorded_at TIMESTAMP NOT NULL
);
CREATE INDEX coupon_assignments_by_agent ON coupon_assignments (run_id, agent_id, assigned_at);

-- One row per attempt at a cycle, written at its barrier. latency: service, queued and felt, each
-- with p50, p95 and p99 in milliseconds.
CREATE TABLE cycles (
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  started_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  broken BOOLEAN NOT NULL,
  released INTEGER NOT NULL,
  shopped INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  abandoned INTEGER NOT NULL,
  browsed INTEGER NOT NULL,
  idle INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  failed_unrecorded INTEGER NOT NULL,
  skipped_session_down INTEGER NOT NULL,
  skipped_quarantined INTEGER NOT NULL,
  unfinished INTEGER NOT NULL,
  events BIGINT NOT NULL,
  orders BIGINT NOT NULL,
  revenue_cents BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  retries BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  refusals BIGINT NOT NULL,
  lateness_ms BIGINT NOT NULL,
  requests_per_second DOUBLE PRECISION NOT NULL,
  latency JSON NOT NULL,
  PRIMARY KEY (run_id, cycle, replay)
);

-- shop_cart is dirty while a row is active: until it ends, the cart at the shop may hold items.
CREATE TABLE shopping_sessions (
  flow_id TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  http_session INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  status TEXT NOT NULL,
  end_reason TEXT,
  shop_cart TEXT NOT NULL,
  store_id TEXT,
  simulated_at TIMESTAMP NOT NULL,
  simulated_end TIMESTAMP,
  opened_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  calls INTEGER NOT NULL,
  cart_units INTEGER NOT NULL,
  cart_total_cents BIGINT NOT NULL,
  failure TEXT
);
CREATE UNIQUE INDEX shopping_sessions_one_per_attempt
  ON shopping_sessions (run_id, cycle, agent_id, replay);
CREATE INDEX shopping_sessions_by_agent ON shopping_sessions (run_id, agent_id, opened_at);
CREATE INDEX shopping_sessions_active ON shopping_sessions (run_id) WHERE status = 'active';

CREATE TABLE shopping_session_events (
  flow_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  event_type TEXT NOT NULL,
  product_id TEXT,
  coupon_id TEXT,
  payload JSON NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (flow_id, seq)
);

-- One order per flow at most: the flow is the key.
CREATE TABLE orders (
  flow_id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  store_id TEXT,
  subtotal_cents BIGINT NOT NULL,
  item_discounts_cents BIGINT NOT NULL,
  frontstore_discount_cents BIGINT NOT NULL,
  discount_total_cents BIGINT NOT NULL,
  final_total_cents BIGINT NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL
);
CREATE INDEX orders_by_agent ON orders (run_id, agent_id, simulated_at);

CREATE TABLE order_items (
  flow_id TEXT NOT NULL,
  line INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  product_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  unit_price_cents BIGINT NOT NULL,
  discount_cents BIGINT NOT NULL,
  line_total_cents BIGINT NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (flow_id, line)
);

CREATE TABLE coupon_interactions (
  flow_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT NOT NULL,
  cohort TEXT,
  coupon_id TEXT NOT NULL,
  assignment_id TEXT,
  step TEXT NOT NULL,
  reason TEXT,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (flow_id, seq)
);
-- A second redemption of an assignment is impossible, whatever the code does.
CREATE UNIQUE INDEX coupon_interactions_one_redemption
  ON coupon_interactions (assignment_id) WHERE step = 'redeemed';

CREATE TABLE incidents (
  incident_id TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  replay INTEGER NOT NULL,
  is_replay BOOLEAN NOT NULL,
  is_simulated BOOLEAN NOT NULL,
  agent_id TEXT,
  http_session INTEGER,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  detail JSON NOT NULL,
  simulated_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL
);
CREATE INDEX incidents_by_run ON incidents (run_id, cycle);
