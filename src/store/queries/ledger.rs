//! The ledger of a run: its attempts, what their rows add up to, and every row that is not as it
//! must be.
//!
//! What needs arithmetic over a few thousand attempts is answered as sums and judged outside; what
//! needs every row is judged here, by statements that answer only what is wrong.

mod checks;
mod money_checks;

use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::ids::RunId;

use super::{Conn, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::ledger::{
    AttemptRow, EventCount, Finding, FlowCount, Ledger, OfferLimits, OrderCount,
};
use crate::rows::runs::RunRow;
use crate::schema::{cycles, runs};

/// All of it; `None` for a run that is not there.
#[dialect]
pub async fn ledger(c: &mut Conn, run: RunId) -> Answer<Option<Ledger>> {
    let row: Option<RunRow> =
        runs::table.find(run.to_string()).select(RunRow::as_select()).first(c).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let known = row.parse()?;
    let attempts: Vec<AttemptRow> = cycles::table
        .filter(cycles::run_id.eq(run.to_string()))
        .order((cycles::cycle, cycles::replay))
        .select(AttemptRow::as_select())
        .load(c)
        .await?;
    let flows: Vec<FlowCount> =
        diesel::sql_query(FLOWS).bind::<Text, _>(run.to_string()).load(c).await?;
    let events: Vec<EventCount> =
        diesel::sql_query(EVENTS).bind::<Text, _>(run.to_string()).load(c).await?;
    let orders: Vec<OrderCount> =
        diesel::sql_query(ORDERS).bind::<Text, _>(run.to_string()).load(c).await?;
    let mut findings = Vec::new();
    let offers = OfferLimits::of(&known.settings);
    for check in checks::all() {
        let rows: Vec<Finding> = diesel::sql_query(check.statement(&offers))
            .bind::<Text, _>(run.to_string())
            .load(c)
            .await?;
        findings.push((check.name, check.says, rows));
    }
    let holders: Vec<Finding> =
        diesel::sql_query(HOLDERS).bind::<Text, _>(run.to_string()).load(c).await?;
    findings.push(offers.held_out(holders));
    Ok(Some(Ledger { run: known, attempts, flows, events, orders, findings }))
}

/// Whoever was handed coupons; who is held out only the hash knows.
const HOLDERS: &str = "
SELECT MIN(cycle) AS cycle, MIN(replay) AS replay, agent_id AS subject,
  CAST(COUNT(*) AS TEXT) || ' coupons' AS found, CAST(0 AS BIGINT) AS total
FROM coupon_assignments WHERE run_id = $1 AND source = 'engine'
GROUP BY agent_id ORDER BY agent_id";

/// Rows of each attempt by status.
const FLOWS: &str = "
SELECT cycle, replay, status, COUNT(*) AS flows
FROM shopping_sessions WHERE run_id = $1
GROUP BY cycle, replay, status ORDER BY cycle, replay, status";

/// Events of each attempt, the first and the last.
const EVENTS: &str = "
SELECT cycle, replay, COUNT(*) AS events,
  MIN(simulated_at) AS first_at, MAX(simulated_at) AS last_at
FROM shopping_session_events WHERE run_id = $1
GROUP BY cycle, replay ORDER BY cycle, replay";

/// Orders of each attempt and what was paid.
const ORDERS: &str = "
SELECT cycle, replay, COUNT(*) AS orders,
  CAST(COALESCE(SUM(final_total_cents), 0) AS BIGINT) AS revenue_cents
FROM orders WHERE run_id = $1
GROUP BY cycle, replay ORDER BY cycle, replay";
