//! From barrier to the next tick: the cycle's row, the checkpoint, and what comes next.

use std::collections::HashMap;
use std::time::Instant;

use actix::prelude::*;
use futures::FutureExt;
use serde_json::json;

use crate::checkpointer::messages::SaveCheckpoint;
use crate::circuit_breaker::messages::{FreezeReason, Trip};
use crate::db_writer::messages::{Drain, RecordCycle, SetRunState};
use crate::domain::cycle::CycleRecord;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::incident::IncidentKind;
use crate::domain::persona::Persona;
use crate::domain::snapshot::{SNAPSHOT_VERSION, SavedState, Snapshot};
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::{Orphans, RunState, StoreError};

use super::Coordinator;
use super::command::CommandRefused;
use super::messages::StartError;
use super::progress::Phase;
use super::start::Prepared;

/// Refused adds and checkouts above this percentage of a cycle's are an incident.
const REFUSALS_MAX_PERCENT: u64 = 50;

impl Coordinator {
    /// The start-up check is through: the roster is built, boundary 0 saved, the first tick sent.
    pub(super) fn begin(
        &mut self,
        prepared: Result<Prepared, StartError>,
        ctx: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<(), StartError>> {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Box::pin(fut::ready(Err(error))),
        };
        self.shop = prepared.shop;
        let mut memories = HashMap::new();
        let mut ended_rows = 0;
        if let Some(resumed) = prepared.resumed {
            ended_rows = resumed.replay.ended_rows;
            self.note_resume(resumed.replay);
            memories = resumed.memories;
        }
        // Whose cart a dead process left full begins its next flow by clearing it.
        for cart in prepared.orphans.dirty.iter().chain(&self.plan.dirty_carts) {
            memories.entry(cart.agent_id.clone()).or_default().shop_cart_dirty = true;
        }
        self.fill_roster(prepared.personas, memories, ctx);
        self.note_orphans(&prepared.orphans, ended_rows);
        let saved = self.save(SavedState::Running, ctx);
        Box::pin(saved.map(|saved, act, ctx| {
            saved?;
            let now = act.pacing.now();
            act.progress.began = now;
            act.progress.pacer = super::pacer::Pacer::new(act.progress.tuning.interval, now);
            act.next(ctx);
            Ok(())
        }))
    }

    pub(super) fn fill_roster(
        &mut self,
        personas: Vec<Persona>,
        mut memories: HashMap<AgentId, AgentMemory>,
        ctx: &mut Context<Self>,
    ) {
        let (builder, address) = (&self.builder, ctx.address());
        self.roster.fill(personas, |persona, incarnation| {
            let memory = memories.remove(&persona.agent_id).unwrap_or_default();
            builder(persona, incarnation, memory, &address)
        });
        if let Some(point) = &self.plan.resume_from {
            self.roster.recall(&point.snapshot.crashes, &point.snapshot.quarantined);
        }
    }

    fn note_orphans(&mut self, orphans: &Orphans, ended_rows: u64) {
        let (rows, carts) = (orphans.abandoned + ended_rows, orphans.dirty.len());
        if rows > 0 || carts > 0 {
            let message = format!(
                "clean-up after a dead process: {rows} open shopping sessions abandoned, {carts} \
                 carts are cleared at the shop before their agents' next flows"
            );
            let detail = json!({ "abandoned": rows, "dirty_carts": carts });
            self.incident(IncidentKind::CleanUp, message, detail, None);
        }
    }

    /// Everybody is through: the attempt becomes a row.
    pub(super) fn close_cycle(&mut self, ctx: &mut Context<Self>) {
        let Phase::InCycle(under_way) = std::mem::replace(&mut self.phase, Phase::Closing) else {
            return;
        };
        let (now, wall) = (self.pacing.now(), self.pacing.wall());
        let latency = self.progress.latency.close_cycle();
        let simulated_at = self.progress.simulated_at(&self.plan);
        let (run_id, rate) = (self.plan.run_id, self.progress.tuning.rate);
        let record = under_way.close(run_id, simulated_at, now, wall, latency, rate);
        let services = self.services.clone();
        let row = record.clone();
        let written = async move { services.write(RecordCycle(row)).await }.into_actor(self);
        ctx.spawn(written.map(move |written, act, ctx| act.cycle_recorded(record, written, ctx)));
    }

    fn cycle_recorded(
        &mut self,
        record: CycleRecord,
        written: Result<(), StoreError>,
        ctx: &mut Context<Self>,
    ) {
        if let Err(error) = written {
            // Without its row the hour would be claimed unproven: it is repeated instead.
            self.trip(FreezeReason::StoreFailed { cause: error.to_string() }, ctx);
        } else {
            self.progress.totals.close(&record);
            if record.broken {
                self.progress.broken = Some(record.cycle);
            } else {
                self.progress.broken = None;
                self.progress.cycle = record.cycle.next();
            }
            self.look_at_refusals(&record, ctx);
            if self.outlets.cycles.try_send(record.clone()).is_err() {
                tracing::debug!(cycle = record.cycle.0, "nobody reads the cycles");
            }
            self.progress.last = Some(record);
        }
        if self.orders.frozen.is_none() {
            self.progress.failures.0 = 0;
        }
        self.publish();
        let is_due = self.progress.cycle.0.checked_rem(self.plan.checkpoint_every_cycles);
        let is_clean = self.orders.frozen.is_none() && self.orders.quit.is_none();
        if (is_clean && is_due == Some(0)) || !self.orders.checkpoint.is_empty() {
            let state = self.saved_state();
            let saved = self.save(state, ctx);
            ctx.spawn(saved.map(|saved, act, ctx| {
                act.answer_checkpoints(&saved);
                act.next(ctx);
            }));
        } else {
            self.next(ctx);
        }
    }

    /// More refusals than half is an incident; nothing accepted at all freezes the run.
    fn look_at_refusals(&mut self, record: &CycleRecord, ctx: &mut Context<Self>) {
        let (tried, refused) = (record.volume.attempts, record.volume.refusals);
        if record.broken || refused * 100 <= tried * REFUSALS_MAX_PERCENT {
            return;
        }
        let message = format!("the shop refused {refused} of {tried} adds and checkouts");
        let detail = json!({ "tried": tried, "refused": refused });
        self.incident(IncidentKind::Refusals, message, detail, None);
        // A quiet preset's single refused add says nothing: as many as one cycle may fail do.
        let border = u64::from((record.counts.released / 20).max(1));
        if refused == tried && tried > border {
            self.trip(FreezeReason::NothingAccepted { attempts: tried }, ctx);
        }
    }

    /// What follows a boundary.
    pub(super) fn next(&mut self, ctx: &mut Context<Self>) {
        let now = self.pacing.now();
        if self.orders.frozen.is_none() {
            self.follow_agenda_at_boundary(ctx);
        }
        if self.orders.quit.is_some() {
            self.end(ctx);
        } else if self.orders.frozen.is_some() {
            self.halt(ctx);
        } else if self.progress.is_planned_end(&self.plan, now) {
            self.end(ctx);
        } else {
            self.wait_for_tick(now, ctx);
        }
    }

    pub(super) fn wait_for_tick(&mut self, now: Instant, ctx: &mut Context<Self>) {
        if self.orders.paused {
            self.phase = Phase::Waiting { timer: None };
            self.publish();
            return;
        }
        let due = self.progress.pacer.next_due(now);
        if due <= now {
            self.tick(due, ctx);
            return;
        }
        // Where the real time is up before the next tick, the boundary is looked at again then.
        let wake = self.progress.real_end(&self.plan).map_or(due, |end| end.min(due));
        let timer = ctx.run_later(wake.saturating_duration_since(now), move |act, ctx| {
            if wake < due { act.next(ctx) } else { act.tick(due, ctx) }
        });
        self.phase = Phase::Waiting { timer: Some(timer) };
        self.publish();
    }

    /// Saves, says so in the database, lets every write end, and reports the end.
    pub(super) fn end(&mut self, ctx: &mut Context<Self>) {
        self.phase = Phase::Closing;
        let planned = self.progress.is_planned_end(&self.plan, self.pacing.now());
        let (state, saved_state) = match (&self.orders.frozen, planned) {
            (Some(_), _) => (RunState::Frozen, self.saved_state()),
            (None, true) => (RunState::Completed, SavedState::Ended),
            (None, false) => (RunState::Stopped, SavedState::Ended),
        };
        let saved = self.save(saved_state, ctx);
        ctx.spawn(saved.then(move |saved, act, _| {
            act.answer_checkpoints(&saved);
            let services = act.services.clone();
            let note = act.run_state(state);
            async move {
                if let Err(error) = services.write(note).await {
                    tracing::error!(%error, "the end of the run could not be recorded");
                }
                if let Err(error) = services.write(Drain).await {
                    tracing::error!(%error, "the store did not drain");
                }
            }
            .into_actor(act)
            .map(move |(), act, _| act.ended(state))
        }));
    }

    fn ended(&mut self, state: RunState) {
        self.phase = Phase::Ended;
        let waiting = std::mem::take(&mut self.orders.agenda).len();
        if waiting > 0 {
            tracing::warn!(waiting, "messages were to be injected in cycles that never came");
        }
        self.outlets.status.send_modify(|status| status.state = state);
        self.publish();
        if let Some(ended) = self.outlets.ended.take() {
            // The edge may have stopped listening after a second interrupt.
            let _ = ended.send(state);
        }
    }

    /// Writes a checkpoint of the last clean boundary.
    pub(super) fn save(
        &mut self,
        state: SavedState,
        _: &mut Context<Self>,
    ) -> impl ActorFuture<Self, Output = Result<std::path::PathBuf, CheckpointError>> + use<> {
        let snapshot = self.snapshot(state);
        let checkpointer = self.services.checkpointer.clone();
        let saved = async move { checkpointer.send(SaveCheckpoint(snapshot)).await }.map(|saved| {
            saved.unwrap_or_else(|_| {
                Err(CheckpointError::Io {
                    path: std::path::PathBuf::from("checkpoints"),
                    cause: "the checkpointer is gone".to_owned(),
                })
            })
        });
        saved.into_actor(self).map(|saved, act, _| {
            match &saved {
                Ok(path) => {
                    act.progress.totals.checkpoints += 1;
                    act.progress.last_checkpoint = Some((path.clone(), act.pacing.wall()));
                }
                Err(error) => {
                    let message = error.to_string();
                    act.incident(IncidentKind::CheckpointFailed, message, json!({}), None);
                }
            }
            act.publish();
            saved
        })
    }

    pub(super) fn answer_checkpoints(
        &mut self,
        saved: &Result<std::path::PathBuf, CheckpointError>,
    ) {
        for reply in self.orders.checkpoint.drain(..) {
            let answer = saved.clone().map_err(|e| CommandRefused::Checkpoint(e.to_string()));
            // Whoever asked may have gone away.
            let _ = reply.send(answer);
        }
    }

    fn snapshot(&self, state: SavedState) -> Snapshot {
        Snapshot {
            version: SNAPSHOT_VERSION,
            run_id: self.plan.run_id,
            boundary: self.progress.cycle,
            simulated_at: self.progress.simulated_at(&self.plan),
            simulated_start: self.plan.simulated_start,
            resumes: self.progress.attempts.resumes(),
            state,
            totals: self.progress.totals,
            offers: self.progress.offers,
            crashes: self.roster.crash_history(self.progress.cycle),
            quarantined: self.roster.quarantined(),
            agents: u32::try_from(self.roster.len()).unwrap_or(u32::MAX),
            settings: self.progress.tuning.settings.clone(),
            config_hash: self.progress.tuning.config_hash.clone(),
            written_at: self.pacing.wall(),
        }
    }

    pub(super) fn saved_state(&self) -> SavedState {
        match (&self.orders.frozen, self.orders.paused) {
            (Some(reason), _) => {
                SavedState::Frozen { reason: reason.clone(), broken_cycle: self.progress.broken }
            }
            (None, true) => SavedState::Paused,
            (None, false) => SavedState::Running,
        }
    }

    pub(super) fn run_state(&self, state: RunState) -> SetRunState {
        SetRunState {
            run_id: self.plan.run_id,
            owner: self.plan.owner,
            state,
            at: self.pacing.wall(),
        }
    }

    /// Writes the run's state beside the run.
    pub(super) fn note_state(&self, state: RunState) {
        let services = self.services.clone();
        let note = self.run_state(state);
        actix::spawn(async move {
            if let Err(error) = services.write(note).await {
                tracing::error!(%error, "the run's state could not be recorded");
            }
        });
    }

    /// Freezes from inside; the breaker stays the one that knows.
    #[expect(clippy::disallowed_methods, reason = "at most one per cycle")]
    pub(super) fn trip(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        self.services.breaker.do_send(Trip(reason.clone()));
        self.freeze(reason, ctx);
    }
}
