//! What dead processes left behind: which cycles have rows, why a run froze, rows still active,
//! carts still full, and whole runs to purge.
//!
//! Whether a run's owner is dead is decided by the statement that takes hold of the run's row: a
//! process that takes the run over at the same moment waits for this transaction, or wins.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::cycle::Cycle;
use domain::ids::{OwnerToken, RunId};
use domain::incident::{Incident, IncidentKind};
use ports::store::RunState;
use serde_json::Value;

use super::cycles::record_incident;
use super::runs::end_active;
use super::summary::RUN_TABLES;
use super::{Conn, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::dead_runs::{LastVisit, LastVisitRow, Purge};
use crate::rows::{count, integer, replay};
use crate::schema::{cycles, incidents, runs, shopping_sessions};

/// The last cycle of the run with any row of any attempt.
#[dialect]
pub async fn last_cycle(c: &mut Conn, run: RunId) -> Answer<Option<Cycle>> {
    let of_sessions: Option<i32> = shopping_sessions::table
        .filter(shopping_sessions::run_id.eq(run.to_string()))
        .select(diesel::dsl::max(shopping_sessions::cycle))
        .first(c)
        .await?;
    let of_cycles: Option<i32> = cycles::table
        .filter(cycles::run_id.eq(run.to_string()))
        .select(diesel::dsl::max(cycles::cycle))
        .first(c)
        .await?;
    Ok(of_sessions.max(of_cycles).map(|last| Cycle(count(last))))
}

/// The first cycle before `before` without a closed, unbroken attempt.
#[dialect]
pub async fn first_lost(c: &mut Conn, run: RunId, before: Cycle) -> Answer<Option<Cycle>> {
    let closed: Vec<i32> = cycles::table
        .filter(cycles::run_id.eq(run.to_string()))
        .filter(cycles::broken.eq(false))
        .filter(cycles::cycle.lt(integer(before.0)))
        .select(cycles::cycle)
        .distinct()
        .order(cycles::cycle)
        .load(c)
        .await?;
    let there = closed.iter().zip(0..).take_while(|(cycle, wanted)| **cycle == *wanted).count();
    let first = Cycle(u32::try_from(there).unwrap_or(u32::MAX));
    Ok((first < before).then_some(first))
}

/// The details of the run's last freeze.
#[dialect]
pub async fn last_freeze(c: &mut Conn, run: RunId) -> Answer<Option<Value>> {
    let detail = incidents::table
        .filter(incidents::run_id.eq(run.to_string()))
        .filter(incidents::kind.eq(IncidentKind::Freeze.as_str()))
        .order((incidents::recorded_at.desc(), incidents::incident_id))
        .select(incidents::detail)
        .first(c)
        .await
        .optional()?;
    Ok(detail)
}

/// Ends the active rows of a run whose owner is dead, and writes down that it did; `None`
/// where the owner lives.
#[dialect]
pub async fn abandon_dead(
    c: &mut Conn,
    run: RunId,
    (dead, silent): (Vec<OwnerToken>, NaiveDateTime),
    at: NaiveDateTime,
) -> Answer<Option<u64>> {
    let dead: Vec<String> = dead.iter().map(ToString::to_string).collect();
    let ends = [RunState::Stopped.as_str(), RunState::Completed.as_str()];
    let free = runs::table.filter(runs::run_id.eq(run.to_string())).filter(
        runs::heartbeat_at
            .lt(silent)
            .or(runs::owner_token.eq_any(dead))
            .or(runs::state.eq_any(ends)),
    );
    let held: Option<(i32, NaiveDateTime)> = diesel::update(free)
        .set(runs::heartbeat_at.eq(runs::heartbeat_at))
        .returning((runs::resumes, runs::simulated_start))
        .get_result(c)
        .await
        .optional()?;
    let Some((resumes, start)) = held else { return Ok(None) };
    let ended = end_active(c, run, at).await?;
    if ended > 0 {
        let cycle = last_cycle(c, run).await?.unwrap_or(Cycle(0));
        let incident = Incident {
            run_id: run,
            cycle,
            replay: replay(resumes),
            kind: IncidentKind::CleanUp,
            agent_id: None,
            http_session: None,
            message: format!(
                "clean-up after a dead process: {ended} open shopping sessions abandoned"
            ),
            detail: serde_json::json!({ "abandoned": ended }),
            simulated_at: cycle.begins_at(start),
            recorded_at: at,
        };
        record_incident(c, incident).await?;
    }
    Ok(Some(ended))
}

/// The last visit of each agent in each run.
#[dialect]
pub async fn last_visits(c: &mut Conn) -> Answer<Vec<LastVisit>> {
    let rows: Vec<LastVisitRow> = diesel::sql_query(LAST_VISITS).load(c).await?;
    rows.into_iter().map(LastVisitRow::parse).collect()
}

/// Deletes every row of a run whose owner is dead.
#[dialect]
pub async fn purge(
    c: &mut Conn,
    run: RunId,
    (dead, silent): (Vec<OwnerToken>, NaiveDateTime),
) -> Answer<Purge> {
    let dead: Vec<String> = dead.iter().map(ToString::to_string).collect();
    let ends = [RunState::Stopped.as_str(), RunState::Completed.as_str()];
    let free = runs::table.filter(runs::run_id.eq(run.to_string())).filter(
        runs::heartbeat_at
            .lt(silent)
            .or(runs::owner_token.eq_any(dead))
            .or(runs::state.eq_any(ends)),
    );
    // The run's own row first: from here on no process can take the run over.
    let mut rows = diesel::delete(free).execute(c).await? as u64;
    if rows == 0 {
        let alive: Option<NaiveDateTime> = runs::table
            .find(run.to_string())
            .select(runs::heartbeat_at)
            .first(c)
            .await
            .optional()?;
        return Ok(alive.map_or(Purge::Unknown, |at| Purge::Owned { heartbeat_at: at }));
    }
    for table in RUN_TABLES {
        rows += diesel::sql_query(format!("DELETE FROM {table} WHERE run_id = $1"))
            .bind::<Text, _>(run.to_string())
            .execute(c)
            .await? as u64;
    }
    Ok(Purge::Purged { rows })
}

/// One look-up in an index per agent and run, however many rows the runs have. Within a run by the
/// order in which rows were made; between runs there is none but the wall clock.
const LAST_VISITS: &str = "
SELECT a.agent_id, a.user_id, r.run_id, s.opened_at, s.shop_cart,
  (SELECT b.store_id FROM shopping_sessions b
   WHERE b.run_id = r.run_id AND b.agent_id = a.agent_id AND b.store_id IS NOT NULL
   ORDER BY b.resumes DESC, b.cycle DESC LIMIT 1) AS store_id
FROM agents a
CROSS JOIN runs r
JOIN shopping_sessions s ON s.flow_id =
  (SELECT l.flow_id FROM shopping_sessions l
   WHERE l.run_id = r.run_id AND l.agent_id = a.agent_id
   ORDER BY l.resumes DESC, l.cycle DESC LIMIT 1)
ORDER BY a.agent_id, s.opened_at";
