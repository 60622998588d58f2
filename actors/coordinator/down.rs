//! An agent's actor is gone: its row is closed, a fresh agent takes its place at the next tick.

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::StopAgent;
use crate::circuit_breaker::messages::{FreezeReason, Outcome};
use crate::db_writer::messages::{FailFlow, LoadMemories};
use crate::domain::cycle::CycleVolume;
use crate::domain::flow::{AgentMemory, EndReason, FlowStatus};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::incident::IncidentKind;
use crate::ports::store::StoreError;

use super::Coordinator;
use super::messages::{AgentDown, Ending, Exit, hang};
use super::progress::Phase;
use super::roster::AfterCrash;

impl Coordinator {
    /// Closes the row, then builds the agent anew, then lets the barrier go on without it.
    pub(super) fn agent_down(&mut self, down: AgentDown, ctx: &mut Context<Self>) {
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
            Exit::Stopped => (EndReason::Panic, "the actor stopped".to_owned()),
            Exit::Hung { by_drill } => (EndReason::Hang, format!("hang: {}", hang(*by_drill))),
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
