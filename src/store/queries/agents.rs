//! Agents: what runs take along and what the command line changes.
//!
//! Agents are never changed by a run.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use domain::ids::AgentId;
use domain::persona::{AgentStatus, Persona};

use super::seals::seal_agents;
use super::{Conn, Db, ROWS_PER_INSERT, RunQueryDsl, VALUES_PER_LIST, dialect};
use crate::error::Answer;
use crate::rows::agents::{AgentFilter, AgentRow};
use crate::rows::large;
use crate::schema::agents;

/// The active agents, ordered by id.
#[dialect]
pub(super) async fn load_agents(c: &mut Conn) -> Answer<Vec<Persona>> {
    let filter = AgentFilter { status: Some(AgentStatus::Active), cohort: None };
    list_agents(c, filter).await
}

/// The agents that pass the filter, ordered by id.
#[dialect]
pub async fn list_agents(c: &mut Conn, filter: AgentFilter) -> Answer<Vec<Persona>> {
    let mut query = agents::table.into_boxed::<Db>();
    if let Some(status) = filter.status {
        query = query.filter(agents::status.eq(status.as_str()));
    }
    if let Some(cohort) = &filter.cohort {
        query = query.filter(agents::cohort.eq(cohort.as_str().to_owned()));
    }
    let rows: Vec<AgentRow> =
        query.order(agents::agent_id).select(AgentRow::as_select()).load(c).await?;
    rows.into_iter().map(AgentRow::parse).collect()
}

/// Inserts agents, in place of all there are with `replace`; else those that exist stay.
#[dialect]
pub async fn insert_agents(
    c: &mut Conn,
    personas: Vec<Persona>,
    replace: bool,
    at: NaiveDateTime,
) -> Answer<u64> {
    if replace {
        diesel::delete(agents::table).execute(c).await?;
    }
    let rows: Vec<AgentRow> = personas.iter().map(|p| AgentRow::of(p, at)).collect();
    let mut inserted = 0_u64;
    // Half the usual rows: an agent has 30 columns.
    for rows in rows.chunks(ROWS_PER_INSERT / 2) {
        let insert = diesel::insert_into(agents::table).values(rows).on_conflict_do_nothing();
        inserted += insert.execute(c).await? as u64;
    }
    seal_agents(c, at).await?;
    Ok(inserted)
}

/// Sets the status of these agents; answers how many exist.
#[dialect]
pub async fn set_agent_status(
    c: &mut Conn,
    who: Vec<AgentId>,
    status: AgentStatus,
    at: NaiveDateTime,
) -> Answer<u64> {
    let names: Vec<&str> = who.iter().map(|a| a.as_str()).collect();
    let mut updated = 0_u64;
    for names in names.chunks(VALUES_PER_LIST) {
        let those = agents::table.filter(agents::agent_id.eq_any(names));
        let set = diesel::update(those).set(agents::status.eq(status.as_str()));
        updated += set.execute(c).await? as u64;
    }
    seal_agents(c, at).await?;
    Ok(updated)
}

/// How many agents there are of a status, or in all.
#[dialect]
pub async fn count_agents(c: &mut Conn, status: Option<AgentStatus>) -> Answer<u64> {
    let mut query = agents::table.into_boxed::<Db>();
    if let Some(status) = status {
        query = query.filter(agents::status.eq(status.as_str()));
    }
    let rows: i64 = query.count().get_result(c).await?;
    Ok(large(rows))
}
