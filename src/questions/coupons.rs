//! The life of coupons: handed out, seen, put on a cart, refused, used, expired.
//!
//! An assignment outlives its attempt: hand-outs and redemptions count whatever became of theirs;
//! steps on the way are canonical rows.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use domain::ids::RunId;

use super::Question;
use super::bins::BinRow;

/// Coupons that were handed out until an instant.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct LifeRow {
    /// Handed out.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// Of them by the shop.
    #[diesel(sql_type = BigInt)]
    pub assigned_by_shop: i64,
    /// Used in an order.
    #[diesel(sql_type = BigInt)]
    pub redeemed: i64,
    /// Never used, and no longer good.
    #[diesel(sql_type = BigInt)]
    pub expired: i64,
    /// Agents with a coupon.
    #[diesel(sql_type = BigInt)]
    pub agents: i64,
    /// Of them those that used one.
    #[diesel(sql_type = BigInt)]
    pub agents_redeeming: i64,
    /// From hand-out to use, simulated days.
    #[diesel(sql_type = Nullable<Double>)]
    pub lag_mean_days: Option<f64>,
}

const LIFE: &str = "\
SELECT COUNT(*) AS assigned,
  COUNT(CASE WHEN t.source = 'shop' THEN 1 END) AS assigned_by_shop,
  COUNT(t.redeemed_flow_id) AS redeemed,
  COUNT(CASE WHEN t.redeemed_flow_id IS NULL AND t.expires_at <= {until} THEN 1 END) AS expired,
  COUNT(DISTINCT t.agent_id) AS agents,
  COUNT(DISTINCT CASE WHEN t.redeemed_flow_id IS NOT NULL THEN t.agent_id END)
    AS agents_redeeming,
  CAST(AVG(CASE WHEN r.cycle >= t.cycle THEN r.cycle - t.cycle END) / 24.0
    AS DOUBLE PRECISION) AS lag_mean_days
FROM coupon_assignments t LEFT JOIN shopping_sessions r ON r.flow_id = t.redeemed_flow_id
WHERE t.run_id = {run} AND t.assigned_at <= {until}";

/// What became of the coupons handed out until then.
pub fn life(run: RunId, until: NaiveDateTime) -> Question<LifeRow> {
    Question::new("coupons", LIFE).with("run", run).with("until", until)
}

/// A step that coupons came to.
#[derive(Clone, Debug, QueryableByName)]
pub struct StepRow {
    /// As column `step`.
    #[diesel(sql_type = Text)]
    pub step: String,
    /// How often.
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    /// By how many coupons (assignments).
    #[diesel(sql_type = BigInt)]
    pub coupons: i64,
}

const STEPS: &str = "\
SELECT step, COUNT(*) AS times, COUNT(DISTINCT assignment_id) AS coupons
FROM canonical_coupon_interactions WHERE run_id = {run} GROUP BY step ORDER BY step";

/// The steps that coupons came to.
pub fn steps(run: RunId) -> Question<StepRow> {
    Question::new("steps of coupons", STEPS).with("run", run)
}

/// Refusals of one reason.
#[derive(Clone, Debug, QueryableByName)]
pub struct RefusalRow {
    /// The shop's words; empty for none.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How often.
    #[diesel(sql_type = BigInt)]
    pub times: i64,
}

const REFUSALS: &str = "\
SELECT COALESCE(reason, '') AS reason, COUNT(*) AS times
FROM canonical_coupon_interactions WHERE run_id = {run} AND step = 'rejected'
GROUP BY COALESCE(reason, '') ORDER BY COUNT(*) DESC, COALESCE(reason, '') LIMIT {most}";

/// Why coupons were refused, the `most` frequent reasons first.
pub fn refusals(run: RunId, most: i32) -> Question<RefusalRow> {
    Question::new("refusals of coupons", REFUSALS).with("run", run).with("most", most)
}

/// Coupons whose life has ended.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct EndedRow {
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub coupons: i64,
    /// Of them redeemed in a visit that counts.
    #[diesel(sql_type = BigInt)]
    pub redeemed: i64,
}

const ENDED: &str = "\
SELECT COUNT(*) AS coupons, COUNT(u.assignment_id) AS redeemed
FROM coupon_assignments a LEFT JOIN (
    SELECT DISTINCT assignment_id FROM canonical_coupon_interactions
    WHERE run_id = {run} AND step = 'redeemed') u
  ON u.assignment_id = a.assignment_id
WHERE a.run_id = {run} AND a.expires_at <= {until}";

/// Coupons that expired until then.
pub fn ended(run: RunId, until: NaiveDateTime) -> Question<EndedRow> {
    Question::new("coupons", ENDED).with("run", run).with("until", until)
}

const LAGS: &str = "\
SELECT CAST(i.cycle - a.cycle AS BIGINT) AS value, COUNT(*) AS seen
FROM canonical_coupon_interactions i JOIN coupon_assignments a
  ON a.assignment_id = i.assignment_id
WHERE i.run_id = {run} AND i.step = 'redeemed' GROUP BY i.cycle - a.cycle";

/// Hours from a coupon to its redemption.
pub fn lags(run: RunId) -> Question<BinRow> {
    Question::new("hours to a redemption", LAGS).with("run", run)
}
