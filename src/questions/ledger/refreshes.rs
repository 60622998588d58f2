//! Refreshes of a run: what each says, and what it has handed out.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Timestamp};
use domain::ids::RunId;

use crate::Question;

/// One refresh.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct RefreshRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// The offer cycle, as it says.
    #[diesel(sql_type = Integer)]
    pub offer_cycle: i32,
    /// Agents that were due.
    #[diesel(sql_type = Integer)]
    pub due_agents: i32,
    /// Agents that were due and are held out.
    #[diesel(sql_type = Integer)]
    pub held_out: i32,
    /// Coupons, as it says.
    #[diesel(sql_type = Integer)]
    pub assigned: i32,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub simulated_at: NaiveDateTime,
    /// Coupons that are rows.
    #[diesel(sql_type = BigInt)]
    pub handed_out: i64,
    /// Agents that have them.
    #[diesel(sql_type = BigInt)]
    pub served: i64,
}

const REFRESHES: &str = "\
SELECT o.cycle, o.replay, o.offer_cycle, o.due_agents, o.held_out, o.assigned, o.simulated_at,
  COALESCE(a.handed_out, 0) AS handed_out, COALESCE(a.served, 0) AS served
FROM offer_cycles o
LEFT JOIN (SELECT cycle, replay, COUNT(*) AS handed_out, COUNT(DISTINCT agent_id) AS served
           FROM coupon_assignments WHERE run_id = {run} AND source = 'engine'
           GROUP BY cycle, replay) a ON a.cycle = o.cycle AND a.replay = o.replay
WHERE o.run_id = {run} ORDER BY o.cycle, o.replay";

/// Each of them.
pub(super) fn of(run: RunId) -> Question<RefreshRow> {
    Question::new("refreshes", REFRESHES).with("run", run)
}
