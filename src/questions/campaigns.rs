//! Offer cycles as campaigns: which agents used a coupon in which of them. Canonical rows.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use domain::ids::RunId;

use super::Question;

/// Campaigns that lived to their end.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct CampaignsRow {
    /// Agents that were given a coupon.
    #[diesel(sql_type = BigInt)]
    pub agents: i64,
    /// Pairs of agent and campaign with a redemption.
    #[diesel(sql_type = BigInt)]
    pub redeeming: i64,
}

const CAMPAIGNS: &str = "\
SELECT (SELECT COUNT(DISTINCT agent_id) FROM coupon_assignments WHERE run_id = {run}) AS agents,
  (SELECT COUNT(*) FROM (SELECT DISTINCT agent_id, cycle / {period} AS n
    FROM canonical_coupon_interactions
    WHERE run_id = {run} AND step = 'redeemed' AND cycle < {whole}) r) AS redeeming";

/// Of offer cycles of `period` cycles each, those before cycle `whole`.
pub fn redeeming(run: RunId, period: i32, whole: i32) -> Question<CampaignsRow> {
    let asked = Question::new("campaigns", CAMPAIGNS).with("run", run);
    asked.with("period", period).with("whole", whole)
}
