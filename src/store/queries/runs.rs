//! Runs: begin, sign of life, state, replay, take-over, orphans.
//!
//! Ownership is always decided by the statement itself (`WHERE owner_token = ...`), never by a
//! read before it.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use domain::cycle::Cycle;
use domain::flow::{AgentMemory, EndReason, FlowStatus, OrderOutcome, ShopCart};
use domain::ids::{AgentId, OwnerToken, RunId, StoreId};
use domain::persona::Persona;
use futures::FutureExt;
use ports::failpoint::{self, Failpoint};
use ports::store::{DirtyCart, Lived, NewRun, Orphans, Replay, RunState, RunStore, StoreFuture};
use questions::seals::Entry;

use super::agents::load_agents;
use super::cycles::close_cut_attempts;
use super::dead_runs::{first_lost, last_cycle};
use super::memory::{carts, carts_cleared, load_memories};
use super::seals::{self, seal_begin, seal_end};
use super::{Adapter, Conn, RunQueryDsl, acknowledged, answering, dialect};
use crate::error::{Answer, Fault};
use crate::rows::runs::{RunRow, TakeOver};
use crate::rows::{SealedRow, integer, read, replay};
use crate::schema::{runs, shopping_sessions};

impl RunStore for Adapter {
    fn open_run(&self, run: NewRun) -> StoreFuture<()> {
        self.call(move |c| answering(open_run(c, run)))
    }

    fn heartbeat(&self, run: RunId, owner: OwnerToken, at: NaiveDateTime) -> StoreFuture<()> {
        self.call(move |c| answering(heartbeat(c, run, owner, at)))
    }

    fn begin_replay(
        &self,
        run: RunId,
        owner: OwnerToken,
        lived: Lived,
        at: NaiveDateTime,
    ) -> StoreFuture<Replay> {
        let tally = self.tally();
        let late = tally.take_late(run);
        let call =
            self.call_long(move |c| answering(begin_replay(c, run, owner, (lived, late), at)));
        let call = acknowledged(Failpoint::ReplayAcknowledge, call);
        call.map(move |outcome| outcome.inspect(|_| tally.forget(run))).boxed()
    }

    fn load_agents(&self) -> StoreFuture<Vec<Persona>> {
        self.call(move |c| answering(load_agents(c)))
    }

    fn load_memories(
        &self,
        run: RunId,
        before: Cycle,
        agents: Vec<AgentId>,
    ) -> StoreFuture<HashMap<AgentId, AgentMemory>> {
        self.call_long(move |c| answering(load_memories(c, run, before, agents)))
    }

    fn abandon_orphans(&self, run: RunId, at: NaiveDateTime) -> StoreFuture<Orphans> {
        self.call_long(move |c| answering(abandon_orphans(c, run, at)))
    }

    fn carts_cleared(
        &self,
        run: RunId,
        owner: OwnerToken,
        agents: Vec<AgentId>,
    ) -> StoreFuture<()> {
        self.call(move |c| answering(carts_cleared(c, run, owner, agents)))
    }
}

/// Inserts the run; the same run and owner again is nothing more.
#[dialect]
async fn open_run(c: &mut Conn, run: NewRun) -> Answer<()> {
    let row = RunRow::begin(&run);
    let insert = diesel::insert_into(runs::table).values(&row).on_conflict_do_nothing();
    if insert.execute(c).await? == 1 {
        return seal_begin(c, run.run_id, row.sum(), run.started_at).await;
    }
    if owns(c, run.run_id, run.owner).await? {
        return Ok(());
    }
    Err(Fault::NotOwner(run.run_id))
}

/// Whether `owner` owns the run.
#[dialect]
pub(super) async fn owns(c: &mut Conn, run: RunId, owner: OwnerToken) -> Answer<bool> {
    let token: Option<String> =
        runs::table.find(run.to_string()).select(runs::owner_token).first(c).await.optional()?;
    Ok(token.is_some_and(|t| t == owner.to_string()))
}

/// The owner's sign of life.
#[dialect]
async fn heartbeat(c: &mut Conn, run: RunId, owner: OwnerToken, at: NaiveDateTime) -> Answer<()> {
    let mine = runs::table
        .filter(runs::run_id.eq(run.to_string()))
        .filter(runs::owner_token.eq(owner.to_string()));
    let set = diesel::update(mine).set(runs::heartbeat_at.eq(at));
    let updated = set.execute(c).await?;
    if updated == 0 { Err(Fault::NotOwner(run)) } else { Ok(()) }
}

/// Sets the state, and the end of an end state.
#[dialect]
pub(super) async fn set_run_state(
    c: &mut Conn,
    run: RunId,
    owner: OwnerToken,
    (state, late): (RunState, Vec<Entry>),
    at: NaiveDateTime,
) -> Answer<()> {
    let mine = runs::table
        .filter(runs::run_id.eq(run.to_string()))
        .filter(runs::owner_token.eq(owner.to_string()));
    let ended_at = state.is_end().then_some(at);
    let set = diesel::update(mine).set((
        runs::state.eq(state.as_str()),
        runs::ended_at.eq(ended_at),
        runs::heartbeat_at.eq(at),
    ));
    if set.execute(c).await? == 0 {
        return Err(Fault::NotOwner(run));
    }
    if state.is_end() { seal_end(c, run, late, at).await } else { Ok(()) }
}

/// Raises the replay number, ends what a crash left open, closes the attempts it cut.
#[dialect]
async fn begin_replay(
    c: &mut Conn,
    run: RunId,
    owner: OwnerToken,
    (lived, late): (Lived, Vec<Entry>),
    at: NaiveDateTime,
) -> Answer<Replay> {
    let mine = runs::table
        .filter(runs::run_id.eq(run.to_string()))
        .filter(runs::owner_token.eq(owner.to_string()));
    let raised: Option<(i32, NaiveDateTime)> = diesel::update(mine)
        .set((runs::resumes.eq(runs::resumes + 1), runs::heartbeat_at.eq(at)))
        .returning((runs::resumes, runs::simulated_start))
        .get_result(c)
        .await
        .optional()?;
    let (raised, start) = raised.ok_or(Fault::NotOwner(run))?;
    failpoint::reach(Failpoint::ReplayBegin)?;
    let number = raised.max(integer(lived.number.0.saturating_add(1)));
    if number > raised {
        let above = diesel::update(runs::table.find(run.to_string()));
        above.set(runs::resumes.eq(number)).execute(c).await?;
    }
    seals::append(c, run, &late, at).await?;
    let ended_rows = end_active(c, run, at).await?;
    close_cut_attempts(c, run, start, at).await?;
    seals::read_back_refreshes(c, run, at).await?;
    let lost_from = first_lost(c, run, lived.before).await?;
    let is_older_copy = lost_from.is_some() || number > raised;
    let last_cycle_with_rows = last_cycle(c, run).await?.max(is_older_copy.then_some(lived.until));
    Ok(Replay { number: replay(number), last_cycle_with_rows, ended_rows, lost_from })
}

/// Ends the active rows of the run as crashed; their carts stay dirty.
#[dialect]
pub(super) async fn end_active(c: &mut Conn, run: RunId, at: NaiveDateTime) -> Answer<u64> {
    let run_id = run.to_string();
    let mut unsealed = seals::open_in_closed_attempts(c, &run_id).await?;
    let active = shopping_sessions::table
        .filter(shopping_sessions::run_id.eq(&run_id))
        .filter(shopping_sessions::status.eq(FlowStatus::Active.as_str()));
    let set = diesel::update(active).set((
        shopping_sessions::status.eq(FlowStatus::Abandoned.as_str()),
        shopping_sessions::end_reason.eq(Some(EndReason::Crash.as_str())),
        // How far it had come by then nobody knows.
        shopping_sessions::order_outcome.eq(Some(OrderOutcome::Unknown.as_str())),
        shopping_sessions::recorded_at.eq(at),
    ));
    let ended = set.execute(c).await? as u64;
    seals::read_back(c, &run_id, &mut unsealed).await?;
    seals::append(c, run, &unsealed, at).await?;
    Ok(ended)
}

/// Ends the active rows and answers every agent whose last row is dirty.
#[dialect]
async fn abandon_orphans(c: &mut Conn, run: RunId, at: NaiveDateTime) -> Answer<Orphans> {
    let abandoned = end_active(c, run, at).await?;
    let mut dirty = Vec::new();
    for row in carts(c, run).await? {
        if row.holds()? != ShopCart::Dirty {
            continue;
        }
        dirty.push(DirtyCart {
            agent_id: AgentId::new(&row.agent_id),
            user_id: read("agents.user_id", &row.user_id)?,
            store_id: row.store_id.map(StoreId::new),
        });
    }
    Ok(Orphans { abandoned, dirty })
}

/// Runs that have active rows.
#[dialect]
pub async fn runs_with_active_rows(c: &mut Conn) -> Answer<Vec<RunId>> {
    let rows: Vec<String> = shopping_sessions::table
        .filter(shopping_sessions::status.eq(FlowStatus::Active.as_str()))
        .select(shopping_sessions::run_id)
        .distinct()
        .load(c)
        .await?;
    rows.iter().map(|id| Ok(RunId(read("shopping_sessions.run_id", id)?))).collect()
}

/// Makes `owner` the owner if the run's owner is `from` or has been silent since `silent`.
#[dialect]
pub async fn take_over(
    c: &mut Conn,
    run: RunId,
    owner: OwnerToken,
    (from, silent, at): (Option<OwnerToken>, NaiveDateTime, NaiveDateTime),
) -> Answer<TakeOver> {
    let from = from.unwrap_or(owner).to_string();
    let free = runs::table.filter(runs::run_id.eq(run.to_string())).filter(
        runs::heartbeat_at
            .lt(silent)
            .or(runs::owner_token.eq(from))
            .or(runs::owner_token.eq(owner.to_string())),
    );
    // Its state, and the end of an end state, stay until it goes on: both in one statement.
    let set = diesel::update(free)
        .set((runs::owner_token.eq(owner.to_string()), runs::heartbeat_at.eq(at)));
    if set.execute(c).await? == 1 {
        return Ok(TakeOver::Taken);
    }
    let alive: Option<NaiveDateTime> =
        runs::table.find(run.to_string()).select(runs::heartbeat_at).first(c).await.optional()?;
    Ok(alive.map_or(TakeOver::Unknown, |heartbeat_at| TakeOver::Owned { heartbeat_at }))
}
