//! What no row of a run may be: flows and tags.
//!
//! Each statement answers `cycle`, `replay`, `subject` and `found` of the rows of a run that are
//! wrong; a clean run answers nothing.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Text};
use domain::ids::RunId;
use serde_json::Value;

use super::limits::Limit;
use crate::Question;

/// Rows of one check that are shown; how many there are is counted.
pub const SHOWN_MAX: i32 = 20;

/// One statement.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// A word for scripts.
    pub name: &'static str,
    /// What is wrong with what it finds, in plain words.
    pub says: &'static str,
    /// What its rows are held to, of the run's settings: `{limit}`, and by arm `{limits}`.
    pub limit: Option<fn(&Value) -> Limit>,
    /// Its text.
    pub sql: &'static str,
}

/// A row, or a group of rows, that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Finding {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// The agent, flow or assignment.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// What is wrong with it.
    #[diesel(sql_type = Text)]
    pub found: String,
    /// How many the check found in all.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

const FINDINGS: &str = "\
SELECT f.cycle, f.replay, COALESCE(f.subject, '') AS subject, COALESCE(f.found, '?') AS found,
  COUNT(*) OVER () AS total
FROM ({check}) f ORDER BY f.cycle, f.replay, subject LIMIT {most}";

impl Check {
    /// The first few wrong rows of the run with these settings, each with how many there are.
    pub fn findings(&self, run: RunId, settings: &Value) -> Question<Finding> {
        let asked = Question::new(self.says, FINDINGS).with_sql("check", self.sql);
        let asked = asked.with("run", run).with("most", SHOWN_MAX);
        let Some(limit) = self.limit else { return asked };
        let Limit { of_run, by_arm } = limit(settings);
        asked.with("limit", of_run).with("limits", by_arm)
    }
}

/// All checks of a run with these settings, in the order in which they are told.
pub fn all(settings: &Value) -> impl Iterator<Item = &'static Check> {
    let of_rows = FLOWS.iter().chain(super::visit_checks::VISITS).chain(super::money_checks::MONEY);
    of_rows.chain(super::goods_checks::GOODS).chain(super::name_checks::of(settings))
}

const FLOWS: &[Check] = &[
    Check {
        name: "duplicate_flow",
        says: "more than one row for one cycle, agent and attempt",
        limit: None,
        sql: "SELECT cycle, replay, agent_id AS subject, CAST(COUNT(*) AS TEXT) || ' rows' AS found
              FROM shopping_sessions WHERE run_id = {run}
              GROUP BY cycle, replay, agent_id HAVING COUNT(*) > 1",
    },
    Check {
        name: "double_original",
        says: "more than one original of one cycle and agent",
        limit: None,
        sql: "SELECT cycle, MIN(replay) AS replay, agent_id AS subject,
                CAST(COUNT(*) AS TEXT) || ' rows with is_replay = false' AS found
              FROM shopping_sessions WHERE run_id = {run} AND NOT is_replay
              GROUP BY cycle, agent_id HAVING COUNT(*) > 1",
    },
    Check {
        name: "replay_tag",
        says: "is_replay does not fit the replay number",
        limit: None,
        sql: "SELECT cycle, replay, flow_id AS subject, 'shopping_sessions' AS found
              FROM shopping_sessions WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, flow_id, 'shopping_session_events'
              FROM shopping_session_events WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, flow_id, 'orders'
              FROM orders WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, flow_id, 'order_items'
              FROM order_items WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, flow_id, 'coupon_interactions'
              FROM coupon_interactions WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, '', 'cycles'
              FROM cycles WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, '', 'offer_cycles'
              FROM offer_cycles WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, assignment_id, 'coupon_assignments'
              FROM coupon_assignments WHERE run_id = {run} AND is_replay <> (replay > 0)
              UNION ALL SELECT cycle, replay, incident_id, 'incidents'
              FROM incidents WHERE run_id = {run} AND is_replay <> (replay > 0)",
    },
    Check {
        name: "not_simulated",
        says: "a row that does not say it is simulated",
        limit: None,
        sql: "SELECT cycle, replay, flow_id AS subject, 'shopping_sessions' AS found
              FROM shopping_sessions WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, flow_id, 'shopping_session_events'
              FROM shopping_session_events WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, flow_id, 'orders'
              FROM orders WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, flow_id, 'order_items'
              FROM order_items WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, flow_id, 'coupon_interactions'
              FROM coupon_interactions WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, assignment_id, 'coupon_assignments'
              FROM coupon_assignments WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, '', 'offer_cycles'
              FROM offer_cycles WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, '', 'cycles'
              FROM cycles WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT cycle, replay, incident_id, 'incidents'
              FROM incidents WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT 0, 0, run_id, 'runs'
              FROM runs WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT 0, 0, product_id, 'products'
              FROM products WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT 0, 0, coupon_id, 'coupons'
              FROM coupons WHERE run_id = {run} AND NOT is_simulated
              UNION ALL SELECT 0, 0, agent_id, 'agents' FROM agents WHERE NOT is_simulated",
    },
    Check {
        name: "no_session",
        says: "a row without the shopping session it names, or tagged otherwise than that",
        limit: None,
        sql: "SELECT t.cycle, t.replay, t.flow_id AS subject, 'shopping_session_events' AS found
              FROM shopping_session_events t
              LEFT JOIN shopping_sessions s ON s.flow_id = t.flow_id
                AND s.run_id = t.run_id AND s.cycle = t.cycle AND s.replay = t.replay
                AND s.agent_id = t.agent_id AND COALESCE(s.cohort, '') = COALESCE(t.cohort, '')
              WHERE t.run_id = {run} AND s.flow_id IS NULL
              UNION ALL SELECT t.cycle, t.replay, t.flow_id, 'orders'
              FROM orders t
              LEFT JOIN shopping_sessions s ON s.flow_id = t.flow_id
                AND s.run_id = t.run_id AND s.cycle = t.cycle AND s.replay = t.replay
                AND s.agent_id = t.agent_id AND COALESCE(s.cohort, '') = COALESCE(t.cohort, '')
                AND COALESCE(s.store_id, '') = COALESCE(t.store_id, '')
              WHERE t.run_id = {run} AND s.flow_id IS NULL
              UNION ALL SELECT t.cycle, t.replay, t.flow_id, 'coupon_interactions'
              FROM coupon_interactions t
              LEFT JOIN shopping_sessions s ON s.flow_id = t.flow_id
                AND s.run_id = t.run_id AND s.cycle = t.cycle AND s.replay = t.replay
                AND s.agent_id = t.agent_id AND COALESCE(s.cohort, '') = COALESCE(t.cohort, '')
              WHERE t.run_id = {run} AND s.flow_id IS NULL",
    },
];
