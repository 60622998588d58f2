//! From tick to barrier.

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use serde_json::json;

use crate::agent::messages::RunCycle;
use crate::circuit_breaker::messages::{FreezeReason, Verdict};
use crate::domain::calendar;
use crate::domain::cycle::Cycle;
use crate::domain::ids::AgentId;
use crate::domain::incident::IncidentKind;
use crate::failpoint::{self, Failpoint};
use crate::offer_refresher::due::due_agents;
use crate::offer_refresher::messages::RefreshOffers;

use super::Coordinator;
use super::agenda::Moment;
use super::cycle::{CycleUnderWay, TickTime};
use super::messages::{Ending, OffersRefreshed};
use super::progress::Phase;
use super::ramp;

impl Coordinator {
    /// The cycle begins for everybody released.
    pub(super) fn tick(&mut self, due: Instant, ctx: &mut Context<Self>) {
        failpoint::pass(Failpoint::Tick);
        let (now, wall) = (self.pacing.now(), self.pacing.wall());
        self.note_clock_jump(now, wall, ctx);
        let lateness = self.progress.pacer.tick(due, now);
        self.progress.note_lateness(i64::try_from(lateness.as_millis()).unwrap_or(i64::MAX));
        let cycle = self.progress.cycle;
        let count = ramp::released(cycle, self.roster.len(), &self.plan.warm_up);
        let released = self.roster.released(count);
        let ticked: Vec<AgentId> =
            released.iter().filter(|a| self.roster.handle(a).is_some()).cloned().collect();
        let quarantined = u32::try_from(released.len() - ticked.len()).unwrap_or(u32::MAX);
        let time = TickTime { now, wall, lateness_ms: self.progress.lateness_ms };
        let replay = self.progress.attempts.of(cycle);
        let under_way =
            CycleUnderWay::open(cycle, replay, ticked.iter().cloned(), quarantined, time);
        let is_empty = under_way.is_complete();
        self.phase = Phase::InCycle(under_way);
        self.expose(cycle, count);
        self.follow_agenda(Moment::Tick(cycle), ctx);
        self.refresh_offers(cycle, ctx);
        self.try_down_sessions(ctx);
        self.broadcast(cycle, &ticked, ctx);
        self.publish();
        if is_empty {
            self.close_cycle(ctx);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "one tick in flight per agent: 372")]
    fn broadcast(&self, cycle: Cycle, ticked: &[AgentId], ctx: &mut Context<Self>) {
        let simulated_at = self.progress.simulated_at(&self.plan);
        let tick = RunCycle {
            cycle,
            replay: self.progress.attempts.of(cycle),
            simulated_at,
            event_weight: calendar::event_weight(simulated_at),
            shop: Arc::clone(&self.shop),
            report_to: ctx.address().recipient(),
        };
        for agent in ticked {
            if let Some(handle) = self.roster.handle(agent) {
                handle.do_send(tick.clone());
            }
        }
    }

    pub(super) fn refresh_offers(&mut self, cycle: Cycle, ctx: &mut Context<Self>) {
        let due = due_agents(self.roster.everybody(), cycle, &self.plan.offers);
        if !due.is_empty() {
            self.refresh_offers_of(due, cycle, ctx);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "one per cycle; the refresher merges them")]
    pub(super) fn refresh_offers_of(
        &mut self,
        due: Vec<AgentId>,
        cycle: Cycle,
        ctx: &mut Context<Self>,
    ) {
        self.services.refresher.do_send(RefreshOffers {
            run_id: self.plan.run_id,
            owner: self.plan.owner,
            cycle,
            replay: self.progress.attempts.of(cycle),
            at: self.progress.simulated_at(&self.plan),
            cohorts: self.cohorts_of(&due),
            due,
            report_to: ctx.address().recipient(),
        });
    }

    pub(super) fn offers_refreshed(&mut self, refreshed: &OffersRefreshed) {
        match &refreshed.outcome {
            Ok(written) => {
                self.progress.offers.assigned += written;
                self.progress.offers.offer_cycle = Some(refreshed.offer_cycle);
                self.progress.totals.offers_assigned += written;
            }
            Err(error) => {
                let message = format!("offers were not refreshed: {error}");
                self.incident(IncidentKind::OffersFailed, message, json!({}), None);
            }
        }
        self.publish();
    }

    /// Takes the breaker's verdict; its death is itself a reason to freeze.
    pub(super) fn heed(&mut self, verdict: Result<Verdict, MailboxError>, ctx: &mut Context<Self>) {
        match verdict {
            Ok(Verdict::Running { failures, allowed }) => {
                self.progress.failures = (failures, allowed);
            }
            Ok(Verdict::Frozen { reason }) => self.freeze(reason, ctx),
            Err(_) => {
                let service = "the circuit breaker".to_owned();
                self.freeze(FreezeReason::ServiceDied { service }, ctx);
            }
        }
    }

    /// The agent is through with its cycle.
    pub(super) fn leave_barrier(&mut self, agent: &AgentId, ctx: &mut Context<Self>) {
        let Phase::InCycle(cycle) = &mut self.phase else { return };
        if cycle.leave(agent) && cycle.is_complete() {
            self.close_cycle(ctx);
        }
    }

    /// Writes down that a flow could not be written.
    pub(super) fn note_unrecorded(&mut self, agent: &AgentId, ending: &Ending) {
        if let Ending::Unrecorded { cause } = ending {
            let message = format!("a flow of {agent} could not be recorded: {cause}");
            self.incident(IncidentKind::Unrecorded, message, json!({}), Some(agent.clone()));
        }
    }

    /// Writes down that nothing ran for a while: what was under way may have run out of time.
    pub(super) fn note_standstill(&mut self) {
        let now = self.pacing.now();
        let Some(still) = self.progress.pacer.stood_still(now) else { return };
        if matches!(self.phase, Phase::Starting | Phase::Ended) {
            return;
        }
        let seconds = still.as_secs();
        let message = format!(
            "nothing ran for {seconds} s: the process was stopped, or the machine gave it no time"
        );
        let detail = json!({ "stood_still_s": seconds });
        self.incident(IncidentKind::ClockJump, message, detail, None);
    }

    fn note_clock_jump(
        &mut self,
        now: Instant,
        wall: chrono::NaiveDateTime,
        _: &mut Context<Self>,
    ) {
        if let Some(jump) = self.progress.pacer.clock_jump(now, wall) {
            let seconds = jump.num_seconds();
            let message = format!(
                "the wall clock jumped {seconds} s against the monotonic clock: the machine slept \
                 or its clock was set"
            );
            let detail = json!({ "seconds": seconds });
            self.incident(IncidentKind::ClockJump, message, detail, None);
        }
    }
}
