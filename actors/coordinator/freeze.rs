//! Frozen: how a run gets there, and the one way out.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::json;

use crate::circuit_breaker::messages::{FreezeReason, ResetByOperator, Trip};
use crate::domain::ids::SessionId;
use crate::domain::incident::IncidentKind;
use crate::domain::persona::Persona;
use crate::domain::snapshot::SavedState;
use crate::ports::shop_api::Caller;
use crate::ports::store::{Replay, RunState};
use crate::rate_limiter::messages::OpenGate;

use super::Coordinator;
use super::attempt::Attempts;
use super::command::{CommandRefused, Done};
use super::messages::StartError;
use super::plan::ResumePoint;
use super::progress::{Phase, Reopening};
use super::start::{self, Resumed};

impl Coordinator {
    /// The breaker has frozen the run: the cycle under way is broken and runs dry.
    pub(super) fn freeze(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        if self.orders.reopening == Reopening::Checking {
            self.orders.reopening = Reopening::FrozenAgain;
        }
        if self.orders.frozen.is_some() || matches!(self.phase, Phase::Ended) {
            return;
        }
        let message = format!("frozen: {reason}");
        let detail = serde_json::to_value(&reason).unwrap_or_default();
        self.incident(IncidentKind::Freeze, message, detail, None);
        self.progress.show_failures(&reason);
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
            act.follow_agenda_at_boundary(ctx);
            if act.orders.quit.is_some() {
                act.end(ctx);
            }
        }));
    }

    /// A run whose process died while frozen comes back frozen: nothing is sent, not even a look.
    #[expect(clippy::disallowed_methods, reason = "once per process")]
    pub(super) fn begin_frozen(
        &mut self,
        personas: Result<Vec<Persona>, StartError>,
        reason: FreezeReason,
        ctx: &mut Context<Self>,
    ) -> Result<(), StartError> {
        self.fill_roster(personas?, Default::default(), ctx);
        self.services.breaker.do_send(Trip(reason.clone()));
        let now = self.pacing.now();
        self.progress.began = now;
        self.progress.pacer = super::pacer::Pacer::new(self.progress.tuning.interval, now);
        self.progress.pacer.pause(now);
        let message = format!("came back frozen: {reason}");
        let detail = self.plan.resume_from.as_ref().map(ResumePoint::detail);
        self.incident(IncidentKind::Freeze, message, detail.unwrap_or(json!({})), None);
        self.progress.show_failures(&reason);
        self.orders.frozen = Some(reason);
        self.note_state(RunState::Frozen);
        self.phase = Phase::Halted { since: now };
        self.publish();
        Ok(())
    }

    /// An operator opens a frozen run: the gate opens, every HTTP session is checked, then its
    /// broken cycle is repeated as replay.
    #[expect(clippy::disallowed_methods, reason = "one each per operator's resume")]
    pub(super) fn unfreeze(
        &mut self,
        _: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<Done, CommandRefused>> {
        let first = self.roster.everybody().first().and_then(|agent| self.roster.persona(agent));
        let Some(first) = first else {
            let hint = "it has no agents";
            let refused = CommandRefused::WrongState { state: "frozen", hint };
            return Box::pin(fut::ready(Err(refused)));
        };
        let (agent_id, user_id) = (first.agent_id.clone(), first.user_id);
        let caller = Caller { agent_id, user_id, flow_id: None };
        self.phase = Phase::Closing;
        self.orders.reopening = Reopening::Checking;
        self.services.breaker.do_send(ResetByOperator);
        self.services.limiter.do_send(OpenGate);
        let opened = start::reopen(
            self.services.clone(),
            Arc::clone(&self.plan),
            Arc::clone(&self.pacing),
            caller,
            self.progress.cycle,
        );
        Box::pin(opened.into_actor(self).map(|opened, act, ctx| {
            let reopening = std::mem::take(&mut act.orders.reopening);
            match (reopening, opened) {
                (Reopening::Checking, Ok((shop, resumed))) => {
                    act.shop = Arc::new(shop);
                    Ok(act.unfrozen(resumed, ctx))
                }
                (Reopening::Checking, Err(error)) => Err(act.frozen_again(error.to_string(), ctx)),
                (Reopening::FrozenAgain | Reopening::No, _) => {
                    Err(act.frozen_again("the shop failed its probe again".to_owned(), ctx))
                }
            }
        }))
    }

    /// The shop is not back: the gate closes again, the run stays frozen.
    #[expect(clippy::disallowed_methods, reason = "one per operator's resume")]
    fn frozen_again(&mut self, cause: String, ctx: &mut Context<Self>) -> CommandRefused {
        let reason = self.orders.frozen.clone().unwrap_or_else(|| FreezeReason::Outage {
            cause: cause.clone(),
            http_session: SessionId(0),
        });
        self.services.breaker.do_send(Trip(reason));
        self.phase = Phase::Halted { since: self.pacing.now() };
        self.publish();
        if self.orders.quit.is_some() {
            self.end(ctx);
        }
        CommandRefused::Shop(cause)
    }

    fn unfrozen(&mut self, resumed: Resumed, ctx: &mut Context<Self>) -> Done {
        let Resumed { replay, mut memories } = resumed;
        let everybody = self.roster.everybody().to_vec();
        for agent in &everybody {
            let mut memory = memories.remove(agent).unwrap_or_default();
            memory.shop_cart_dirty |= self.plan.dirty_carts.iter().any(|c| c.agent_id == *agent);
            self.rebuild(agent, memory, ctx);
        }
        let was = self.orders.frozen.take();
        self.progress.failures.0 = 0;
        self.note_state(RunState::Running);
        self.note_replay(replay);
        self.progress.pacer.resume(self.pacing.now());
        if self.progress.broken.is_some() {
            self.progress.pacer.repeat_tick();
        }
        // Whoever looks after the answer must not see a frozen run.
        self.publish();
        // Else a crash before the next regular checkpoint would bring the run back frozen.
        let saved = self.save(SavedState::Running, ctx);
        ctx.spawn(saved.map(|_, act, ctx| act.next(ctx)));
        Done::that(format!("the frozen run goes on; it was frozen: {}", reason_text(&was)))
    }

    /// A process goes on with a run of another one, or of its own past.
    pub(super) fn note_resume(&mut self, replay: Replay) {
        self.note_state(RunState::Running);
        let point = self.plan.resume_from.as_ref();
        let changed: Vec<String> = point.map(|p| p.changed_settings.clone()).unwrap_or_default();
        for change in changed {
            self.incident(IncidentKind::SettingChanged, change, json!({}), None);
        }
        let cycle = self.progress.cycle;
        let message = format!("the run goes on at cycle {cycle} after a resume");
        let mut detail = self.plan.resume_from.as_ref().map_or(json!({}), ResumePoint::detail);
        detail["ended_rows"] = replay.ended_rows.into();
        self.incident(IncidentKind::Resume, message, detail, None);
        self.note_replay(replay);
    }

    /// Cycles with rows are run again under the new number; an analyst must find which.
    fn note_replay(&mut self, replay: Replay) {
        self.progress.attempts = Attempts::after(replay);
        let first = self.progress.cycle;
        let Some(last) = replay.last_cycle_with_rows.filter(|last| *last >= first) else { return };
        let number = replay.number.0;
        let message = format!("cycles {first} to {last} are run again as replay {number}");
        let detail = json!({ "first": first, "last": last, "replay": number });
        self.incident(IncidentKind::Replay, message, detail, None);
    }
}

fn reason_text(was: &Option<FreezeReason>) -> String {
    was.as_ref().map_or_else(|| "for no known reason".to_owned(), ToString::to_string)
}
