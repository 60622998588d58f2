//! What each agent did, as sums of its own: the agent is the unit, where runs or arms are compared.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Integer, Text};
use domain::ids::RunId;

use super::Question;

/// Visits of one agent that count.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct VisitsRow {
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// With an item in the cart.
    #[diesel(sql_type = BigInt)]
    pub carts: i64,
    /// Of them without an order.
    #[diesel(sql_type = BigInt)]
    pub left_carts: i64,
    /// Looked only.
    #[diesel(sql_type = BigInt)]
    pub browsed: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Units of orders.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
    /// Paid.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
    /// Discounts of orders.
    #[diesel(sql_type = BigInt)]
    pub discount_cents: i64,
    /// Orders before their discounts.
    #[diesel(sql_type = BigInt)]
    pub subtotal_cents: i64,
}

const VISITS: &str = "\
SELECT COUNT(*) AS visits, COUNT(CASE WHEN s.cart_units > 0 THEN 1 END) AS carts,
  COUNT(CASE WHEN s.cart_units > 0 AND o.flow_id IS NULL THEN 1 END) AS left_carts,
  COUNT(CASE WHEN s.status = 'browsed' THEN 1 END) AS browsed, COUNT(o.flow_id) AS orders,
  CAST(SUM(CASE WHEN o.flow_id IS NOT NULL THEN s.cart_units ELSE 0 END) AS BIGINT) AS units,
  CAST(COALESCE(SUM(o.final_total_cents), 0) AS BIGINT) AS revenue_cents,
  CAST(COALESCE(SUM(o.discount_total_cents), 0) AS BIGINT) AS discount_cents,
  CAST(COALESCE(SUM(o.subtotal_cents), 0) AS BIGINT) AS subtotal_cents
FROM canonical_shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
WHERE s.run_id = {run} GROUP BY s.agent_id";

/// Each agent's visits that count.
pub fn visits(run: RunId) -> Question<VisitsRow> {
    Question::new("visits by agent", VISITS).with("run", run)
}

/// Coupons of one agent.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct CouponsRow {
    /// Handed out to it.
    #[diesel(sql_type = BigInt)]
    pub held: i64,
    /// Of them used.
    #[diesel(sql_type = BigInt)]
    pub used: i64,
}

const COUPONS: &str = "\
SELECT COUNT(*) AS held, COUNT(redeemed_flow_id) AS used
FROM coupon_assignments WHERE run_id = {run} GROUP BY agent_id";

/// Each agent's coupons, whatever became of their attempts.
pub fn coupons(run: RunId) -> Question<CouponsRow> {
    Question::new("coupons by agent", COUPONS).with("run", run)
}

/// Visits of one agent in every attempt.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct AttemptsRow {
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// Did not come to an end of their own.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Calls to the shop.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
}

const ATTEMPTS: &str = "\
SELECT COUNT(*) AS visits, COUNT(CASE WHEN status = 'failed' THEN 1 END) AS failed,
  CAST(SUM(calls) AS BIGINT) AS calls
FROM shopping_sessions WHERE run_id = {run} GROUP BY agent_id";

/// Each agent's visits in every attempt.
pub fn attempts(run: RunId) -> Question<AttemptsRow> {
    Question::new("attempts by agent", ATTEMPTS).with("run", run)
}

/// Visits that count of one agent in one cohort.
#[derive(Clone, Debug, QueryableByName)]
pub struct CohortRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// The arm that the rows name; empty for none.
    #[diesel(sql_type = Text)]
    pub cohort: String,
    /// That ended in an order or were abandoned.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Paid.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
}

const BY_COHORT: &str = "\
SELECT s.agent_id, COALESCE(s.cohort, '') AS cohort,
  COUNT(CASE WHEN s.status IN ('completed', 'abandoned') THEN 1 END) AS visits,
  COUNT(o.flow_id) AS orders,
  CAST(COALESCE(SUM(o.final_total_cents), 0) AS BIGINT) AS revenue_cents
FROM canonical_shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
WHERE s.run_id = {run} GROUP BY s.agent_id, COALESCE(s.cohort, '') ORDER BY s.agent_id";

/// By agent and by the cohort that the rows name.
pub fn by_cohort(run: RunId) -> Question<CohortRow> {
    Question::new("visits by cohort", BY_COHORT).with("run", run)
}

/// A count of one agent.
#[derive(Clone, Debug, QueryableByName)]
pub struct CountRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub coupons: i64,
}

const ASSIGNED: &str = "\
SELECT agent_id, COUNT(*) AS coupons FROM coupon_assignments WHERE run_id = {run}
GROUP BY agent_id";

/// Coupons handed out to each agent.
pub fn assigned(run: RunId) -> Question<CountRow> {
    Question::new("coupons handed out", ASSIGNED).with("run", run)
}

const REDEEMED: &str = "\
SELECT agent_id, COUNT(DISTINCT COALESCE(assignment_id, flow_id || coupon_id)) AS coupons
FROM canonical_coupon_interactions
WHERE run_id = {run} AND step = 'redeemed' GROUP BY agent_id";

/// Redemptions that count, of each agent.
pub fn redeemed(run: RunId) -> Question<CountRow> {
    Question::new("coupons redeemed", REDEEMED).with("run", run)
}

/// What is known of an agent before a run, as far as figures are adjusted by it.
#[derive(Clone, Debug, Default, PartialEq, QueryableByName)]
pub struct PersonaRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// As the column of the same name; so are all below.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// A word.
    #[diesel(sql_type = Text)]
    pub shopping_frequency: String,
    /// A word.
    #[diesel(sql_type = Text)]
    pub deal_seeking_behavior: String,
    /// In a week.
    #[diesel(sql_type = BigInt)]
    pub weekly_budget_cents: i64,
    /// Worth of a cart.
    #[diesel(sql_type = BigInt)]
    pub avg_cart_value_cents: i64,
    /// 0-1.
    #[diesel(sql_type = Double)]
    pub price_sensitivity: f64,
    /// 0-1.
    #[diesel(sql_type = Double)]
    pub impulsivity: f64,
    /// 0-1.
    #[diesel(sql_type = Double)]
    pub coupon_affinity: f64,
    /// 0-1.
    #[diesel(sql_type = Double)]
    pub brand_loyalty: f64,
    /// People.
    #[diesel(sql_type = Integer)]
    pub household_size: i32,
    /// 0-1.
    #[diesel(sql_type = Double)]
    pub weekend_affinity: f64,
}

const PERSONAS: &str = "\
SELECT agent_id, status, shopping_frequency, deal_seeking_behavior, weekly_budget_cents,
  avg_cart_value_cents, price_sensitivity, impulsivity, coupon_affinity, brand_loyalty,
  household_size, weekend_affinity
FROM agents ORDER BY agent_id";

/// Every agent of the database, as it is now.
pub fn personas() -> Question<PersonaRow> {
    Question::new("personas", PERSONAS)
}

/// What one agent did in every other block of hours.
#[derive(Clone, Debug, QueryableByName)]
pub struct HalfRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// 0 for the first block and every other from there on, 1 for those between.
    #[diesel(sql_type = BigInt)]
    pub half: i64,
    /// Visits that ended in an order or were abandoned.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Paid.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
    /// Coupons handed out in it.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// Of them redeemed, whenever.
    #[diesel(sql_type = BigInt)]
    pub redeemed: i64,
}

const HALVES: &str = "\
SELECT t.agent_id, CAST(t.half AS BIGINT) AS half, CAST(SUM(t.visits) AS BIGINT) AS visits,
  CAST(SUM(t.orders) AS BIGINT) AS orders, CAST(SUM(t.revenue_cents) AS BIGINT) AS revenue_cents,
  CAST(SUM(t.assigned) AS BIGINT) AS assigned, CAST(SUM(t.redeemed) AS BIGINT) AS redeemed
FROM (
  SELECT s.agent_id, (s.cycle / {block}) % 2 AS half,
    CASE WHEN s.status IN ('completed', 'abandoned') THEN 1 ELSE 0 END AS visits,
    CASE WHEN o.flow_id IS NULL THEN 0 ELSE 1 END AS orders,
    COALESCE(o.final_total_cents, 0) AS revenue_cents, 0 AS assigned, 0 AS redeemed
  FROM canonical_shopping_sessions s
  LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
  WHERE s.run_id = {run}
  UNION ALL
  SELECT a.agent_id, (a.cycle / {block}) % 2, 0, 0, 0, 1,
    CASE WHEN u.assignment_id IS NULL THEN 0 ELSE 1 END
  FROM coupon_assignments a LEFT JOIN (
      SELECT DISTINCT assignment_id FROM canonical_coupon_interactions
      WHERE run_id = {run} AND step = 'redeemed') u
    ON u.assignment_id = a.assignment_id
  WHERE a.run_id = {run}) t
GROUP BY t.agent_id, t.half ORDER BY t.agent_id, t.half";

/// What each agent did in either half of the run, cut into blocks of so many hours.
pub fn halves(run: RunId, block: i32) -> Question<HalfRow> {
    Question::new("halves of the run by agent", HALVES).with("run", run).with("block", block)
}
