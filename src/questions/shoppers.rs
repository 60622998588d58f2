//! Shoppers one by one, a few at a time: who left a row, what they did, what they held.
//!
//! What has closed since an export began stays out, so that its tables fit each other.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use domain::ids::RunId;

use super::Question;

/// A shopper.
#[derive(Clone, Debug, QueryableByName)]
pub struct NameRow {
    /// Who.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
}

const NAMES: &str = "\
SELECT DISTINCT t.agent_id FROM shopping_sessions t WHERE t.run_id = {run}
UNION SELECT DISTINCT t.agent_id FROM coupon_assignments t WHERE t.run_id = {run}
ORDER BY agent_id";

/// Every one that left a row, in order.
pub fn names(run: RunId) -> Question<NameRow> {
    Question::new("shoppers of the run", NAMES).with("run", run)
}

/// A visit that counts.
#[derive(Clone, Debug, QueryableByName)]
pub struct VisitRow {
    /// Whose.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// Its arm.
    #[diesel(sql_type = Nullable<Text>)]
    pub cohort: Option<String>,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub simulated_at: NaiveDateTime,
    /// As column `status`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// What its order cost, cents.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub paid: Option<i64>,
}

const VISITS: &str = "\
SELECT s.agent_id, s.cohort, s.simulated_at, s.status, o.final_total_cents AS paid
FROM shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
WHERE s.run_id = {run} AND s.agent_id >= {first} AND s.agent_id <= {last}
  AND s.replay = (SELECT MIN(k.replay) FROM cycles k WHERE k.run_id = s.run_id
    AND k.cycle = s.cycle AND NOT k.broken AND k.recorded_at <= {closed_at})
ORDER BY s.agent_id, s.cycle";

/// The visits of these shoppers in cycles that had closed, in order.
pub fn visits(
    run: RunId,
    (first, last): (&str, &str),
    closed_at: NaiveDateTime,
) -> Question<VisitRow> {
    let asked = Question::new("visits of shoppers", VISITS).with("run", run);
    asked.with("first", first).with("last", last).with("closed_at", closed_at)
}

/// A coupon in a shopper's wallet.
#[derive(Clone, Debug, QueryableByName)]
pub struct CouponRow {
    /// Whose.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// Handed out, simulated.
    #[diesel(sql_type = Timestamp)]
    pub assigned_at: NaiveDateTime,
    /// Good until, simulated.
    #[diesel(sql_type = Timestamp)]
    pub expires_at: NaiveDateTime,
    /// Used, simulated.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub redeemed_at: Option<NaiveDateTime>,
}

const COUPONS: &str = "\
SELECT agent_id, assigned_at, expires_at, redeemed_at FROM coupon_assignments
WHERE run_id = {run} AND agent_id >= {first} AND agent_id <= {last}
ORDER BY agent_id, assigned_at";

/// The coupons of these shoppers.
pub fn coupons(run: RunId, (first, last): (&str, &str)) -> Question<CouponRow> {
    let asked = Question::new("coupons of shoppers", COUPONS).with("run", run);
    asked.with("first", first).with("last", last)
}

/// What a shopper may spend.
#[derive(Clone, Debug, QueryableByName)]
pub struct BudgetRow {
    /// Who.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// In a week.
    #[diesel(sql_type = BigInt)]
    pub weekly_budget_cents: i64,
}

const BUDGETS: &str = "\
SELECT agent_id, weekly_budget_cents FROM agents
WHERE agent_id >= {first} AND agent_id <= {last}";

/// The budgets of these shoppers; none of one that is no longer in the database.
pub fn budgets((first, last): (&str, &str)) -> Question<BudgetRow> {
    let asked = Question::new("budgets of shoppers", BUDGETS);
    asked.with("first", first).with("last", last)
}
