//! Frozen: how a run gets there, and the one way out.

use std::collections::HashMap;

use actix::prelude::*;
use serde_json::json;

use crate::circuit_breaker::messages::{FreezeReason, ResetByOperator};
use crate::db_writer::messages::{BeginReplay, LoadMemories};
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::incident::IncidentKind;
use crate::ports::store::{Replay, RunState, StoreError};
use crate::rate_limiter::messages::OpenGate;

use super::Coordinator;
use super::attempt::Attempts;
use super::messages::CommandRefused;
use super::progress::Phase;

impl Coordinator {
    /// The breaker has frozen the run: the cycle under way is broken and runs dry.
    pub(super) fn freeze(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        if self.orders.frozen.is_some() || matches!(self.phase, Phase::Ended) {
            return;
        }
        let message = format!("frozen: {reason}");
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        self.incident(IncidentKind::Freeze, message, detail, None);
        self.orders.frozen = Some(reason);
        match &mut self.phase {
            Phase::InCycle(cycle) => cycle.broken = true,
            Phase::Waiting { timer } => {
                if let Some(timer) = timer.take() {
                    ctx.cancel_future(timer);
                }
                self.halt(ctx);
            }
            Phase::Starting | Phase::Closing | Phase::Halted { .. } | Phase::Ended => {}
        }
        self.publish();
    }

    /// Nobody is outstanding: the freeze is written down, and the run waits for an operator.
    pub(super) fn halt(&mut self, ctx: &mut Context<Self>) {
        let now = self.pacing.now();
        self.progress.pacer.pause(now);
        self.phase = Phase::Closing;
        self.note_state(RunState::Frozen);
        let state = self.saved_state();
        let saved = self.save(state, ctx);
        ctx.spawn(saved.map(move |saved, act, ctx| {
            act.answer_checkpoints(&saved);
            act.phase = Phase::Halted { since: now };
            act.publish();
            if act.orders.quit.is_some() {
                act.end(ctx);
            }
        }));
    }

    /// An operator opens a frozen run: its broken cycle is repeated as replay.
    pub(super) fn unfreeze(
        &mut self,
        _: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<(), CommandRefused>> {
        self.phase = Phase::Closing;
        let services = self.services.clone();
        let (run_id, owner) = (self.plan.run_id, self.plan.owner);
        let (at, before) = (self.pacing.wall(), self.progress.cycle);
        let begun = async move {
            let replay = services.write(BeginReplay { run_id, owner, at }).await?;
            let load = LoadMemories { run_id, before, agents: Vec::new() };
            let memories = services.write(load).await?;
            Ok::<_, StoreError>((replay, memories))
        };
        Box::pin(begun.into_actor(self).map(move |begun, act, ctx| match begun {
            Ok((replay, memories)) => {
                act.unfrozen(replay, memories, ctx);
                Ok(())
            }
            Err(error) => {
                act.phase = Phase::Halted { since: act.pacing.now() };
                Err(CommandRefused::Store(error.to_string()))
            }
        }))
    }

    #[expect(clippy::disallowed_methods, reason = "one each per operator's resume")]
    fn unfrozen(
        &mut self,
        replay: Replay,
        mut memories: HashMap<AgentId, AgentMemory>,
        ctx: &mut Context<Self>,
    ) {
        self.progress.attempts = Attempts::after(replay);
        let everybody = self.roster.everybody().to_vec();
        for agent in &everybody {
            let memory = memories.remove(agent).unwrap_or_default();
            self.rebuild(agent, memory, ctx);
        }
        let was = self.orders.frozen.take();
        self.services.breaker.do_send(ResetByOperator);
        self.services.limiter.do_send(OpenGate);
        self.note_state(RunState::Running);
        let message = format!(
            "an operator resumed the frozen run; cycle {} is attempt {}",
            self.progress.cycle, replay.number.0
        );
        let detail = json!({ "was": was, "replay": replay.number.0 });
        self.incident(IncidentKind::Resume, message, detail, None);
        let now = self.pacing.now();
        self.progress.pacer.resume(now);
        if self.broken_cycle().is_some() {
            self.progress.pacer.repeat_tick();
        }
        self.next(ctx);
    }
}
