//! Whoever has rows in a run, and how the table of agents knows them.
//!
//! The table is shared by runs and may be replaced between them: a row from after the begin of the
//! run says nothing of it.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use domain::ids::RunId;

use crate::Question;

/// An agent with rows of one cohort.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct MemberRow {
    /// The cycle of the first.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// As its rows say.
    #[diesel(sql_type = Nullable<Text>)]
    pub cohort: Option<String>,
    /// Whether the table of agents has it as it was when the run began.
    #[diesel(sql_type = Bool)]
    pub is_known: bool,
    /// Whether the table has it at all.
    #[diesel(sql_type = Bool)]
    pub is_there: bool,
    /// Whether the table has been replaced since.
    #[diesel(sql_type = Bool)]
    pub is_replaced: bool,
    /// The cohort that the operator fixed, as the table says.
    #[diesel(sql_type = Nullable<Text>)]
    pub fixed: Option<String>,
}

const MEMBERS: &str = "\
SELECT m.cycle, m.replay, m.agent_id, m.cohort, a.cohort AS fixed,
  a.agent_id IS NOT NULL AS is_there,
  COALESCE(a.recorded_at <= r.started_at, FALSE) AS is_known,
  NOT EXISTS (SELECT 1 FROM agents k WHERE k.recorded_at <= r.started_at) AS is_replaced
FROM (SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, agent_id, cohort
      FROM (SELECT cycle, replay, agent_id, cohort FROM shopping_sessions WHERE run_id = {run}
            UNION ALL SELECT cycle, replay, agent_id, cohort
            FROM coupon_assignments WHERE run_id = {run}) t
      GROUP BY agent_id, cohort) m
JOIN runs r ON r.run_id = {run}
LEFT JOIN agents a ON a.agent_id = m.agent_id
ORDER BY m.agent_id, m.cohort";

/// Everybody, by agent and cohort.
pub(super) fn of(run: RunId) -> Question<MemberRow> {
    Question::new("members", MEMBERS).with("run", run)
}
