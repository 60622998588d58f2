//! An agent's actor is gone: its row is closed, a fresh agent takes its place at the next tick.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::{CutFlow, StopAgent};
use crate::circuit_breaker::messages::{FreezeReason, Outcome};
use crate::db_writer::messages::{Drain, FailFlow, LoadMemories};
use crate::domain::cycle::CycleVolume;
use crate::domain::flow::{AgentMemory, EndReason, FlowStatus};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::ports::store::StoreError;

use super::Coordinator;
use super::messages::{AgentDown, Ending, Exit};
use super::progress::Phase;
use super::roster::AfterCrash;

impl Coordinator {
    /// Flows under way have had their time to stop: those that did not are cut where they are.
    #[expect(clippy::disallowed_methods, reason = "one per agent of a run that stops")]
    pub(super) fn cut_flows(&mut self) {
        let Phase::InCycle(cycle) = &mut self.phase else { return };
        cycle.broken = true;
        for agent in cycle.awaited() {
            if let Some(handle) = self.roster.handle(agent) {
                handle.do_send(CutFlow);
            }
        }
    }

    /// A flow that was cut ends as stopped, with its events so far and the cart as it was left.
    fn flow_cut(&mut self, down: AgentDown, ctx: &mut Context<Self>) {
        let services = self.services.clone();
        // What has no row is not given one: it has not begun.
        let flow = down.open_flow.filter(|record| record.opened);
        let ended = async move {
            // A record of its own may be on its way, or its row may be: these come first.
            services.write(Drain).await?;
            let Some(record) = flow else { return Ok(None) };
            services.write(FailFlow(Arc::clone(&record))).await?;
            Ok::<_, StoreError>(Some(record))
        };
        let agent = down.agent_id;
        ctx.spawn(ended.into_actor(self).map(move |ended, act, ctx| {
            let Phase::InCycle(cycle) = &mut act.phase else { return };
            match ended {
                Ok(Some(record)) => {
                    let volume = CycleVolume {
                        requests: u64::from(record.calls),
                        events: record.events.len() as u64,
                        ..CycleVolume::default()
                    };
                    let (status, reason) = (record.status, record.end_reason);
                    cycle.account(&Ending::Recorded { status, reason, cause: None }, &volume);
                }
                Ok(None) | Err(StoreError::Superseded { .. }) => {
                    cycle.account(&Ending::Unfinished, &CycleVolume::default());
                }
                Err(error) => {
                    tracing::error!(agent.id = %agent, %error, "a flow was cut, its row is open");
                    cycle.account(&Ending::Unfinished, &CycleVolume::default());
                }
            }
            act.leave_barrier(&agent, ctx);
        }));
    }

    /// Closes the row, then builds the agent anew, then lets the barrier go on without it.
    pub(super) fn agent_down(&mut self, down: AgentDown, ctx: &mut Context<Self>) {
        if down.exit == Exit::Cut {
            return self.flow_cut(down, ctx);
        }
        let services = self.services.clone();
        let load = LoadMemories {
            run_id: self.plan.run_id,
            before: self.progress.cycle.next(),
            agents: vec![down.agent_id.clone()],
        };
        let flow = down.open_flow.clone();
        let closed = async move {
            let recorded = match flow {
                Some(record) => Some(services.write(FailFlow(record)).await),
                None => None,
            };
            (recorded, services.write(load).await)
        };
        ctx.spawn(closed.into_actor(self).map(move |(recorded, memories), act, ctx| {
            let memory = memories.ok().and_then(|mut m| m.remove(&down.agent_id));
            act.agent_replaced(&down, recorded.transpose(), memory.unwrap_or_default(), ctx);
        }));
    }

    fn agent_replaced<C>(
        &mut self,
        down: &AgentDown,
        recorded: Result<Option<C>, StoreError>,
        mut memory: AgentMemory,
        ctx: &mut Context<Self>,
    ) {
        let agent = &down.agent_id;
        if !self.roster.is_current(agent, down.incarnation) {
            return;
        }
        let (reason, cause) = match &down.exit {
            Exit::Panicked(message) => (EndReason::Panic, format!("panic: {message}")),
            Exit::Stopped | Exit::Cut => (EndReason::Panic, "the actor stopped".to_owned()),
            Exit::Hung => (EndReason::Hang, "hang: no progress for 60 s".to_owned()),
        };
        // What its last flow left at the shop is unknown: the next one begins by clearing it.
        memory.shop_cart_dirty = true;
        self.rebuild(agent, memory, ctx);
        self.progress.totals.restarts += 1;
        let after = self.roster.crashed(agent, self.progress.cycle);
        let message = format!("{agent} was restarted: {cause}");
        self.incident(IncidentKind::Restart, message, json!({}), Some(agent.clone()));
        if after == AfterCrash::Quarantine {
            let message =
                format!("{agent} crashed four times in ten cycles and gets no more ticks");
            self.incident(IncidentKind::Quarantine, message, json!({}), Some(agent.clone()));
            self.check_quarantines(ctx);
        }
        let http_session = down.open_flow.as_ref().map_or(SessionId(0), |f| f.key.http_session);
        let Phase::InCycle(cycle) = &mut self.phase else { return };
        if !cycle.awaits(agent) {
            return;
        }
        let ending = match recorded {
            Ok(_) if down.open_flow.is_some() => {
                Ending::Recorded { status: FlowStatus::Failed, reason, cause: Some(cause.clone()) }
            }
            Ok(_) | Err(_) => Ending::Unrecorded { cause: cause.clone() },
        };
        cycle.account(&ending, &CycleVolume::default());
        self.note_unrecorded(agent, &ending);
        self.judge(agent.clone(), http_session, Outcome::Failed { cause }, ctx);
    }

    fn check_quarantines(&mut self, ctx: &mut Context<Self>) {
        if self.roster.too_many_quarantined() {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let reason = FreezeReason::Quarantines {
                quarantined: count(self.roster.quarantined().len()),
                active: count(self.roster.len()),
            };
            self.trip(reason, ctx);
        }
    }

    /// A fresh build of an agent; the one before ends quietly, if it still lives.
    #[expect(clippy::disallowed_methods, reason = "one per build of an agent")]
    pub(super) fn rebuild(
        &mut self,
        agent: &AgentId,
        memory: AgentMemory,
        ctx: &mut Context<Self>,
    ) {
        if let Some(old) = self.roster.handle(agent) {
            old.do_send(StopAgent);
        }
        let (builder, address) = (&self.builder, ctx.address());
        self.roster
            .replace(agent, |persona, incarnation| builder(persona, incarnation, memory, &address));
    }
}
