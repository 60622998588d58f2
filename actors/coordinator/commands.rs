//! What operators say. One set of commands, whatever door they come through.

use actix::prelude::*;
use serde_json::json;
use tokio::sync::oneshot;

use crate::domain::incident::IncidentKind;
use crate::ports::store::RunState;
use crate::rate_limiter::messages::{CloseGate, OpenGate, Refuse, Refused};

use super::messages::{CheckpointNow, CommandRefused, Quit};
use super::progress::Phase;
use super::{Coordinator, STOP_GRACE};

impl Coordinator {
    /// Parks: calls in flight end, waiting permits stay queued.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    pub(super) fn pause(&mut self, ctx: &mut Context<Self>) -> Result<(), CommandRefused> {
        let refuse = |state, hint| Err(CommandRefused::WrongState { state, hint });
        if self.orders.frozen.is_some() {
            return refuse("frozen", "it sends nothing; resume opens it");
        }
        if self.orders.paused {
            return refuse("paused", "resume continues it");
        }
        match &mut self.phase {
            Phase::Ended => return refuse("ended", "start or resume a run"),
            Phase::Waiting { timer } => {
                if let Some(timer) = timer.take() {
                    ctx.cancel_future(timer);
                }
            }
            Phase::Starting | Phase::InCycle(_) | Phase::Closing | Phase::Halted { .. } => {}
        }
        self.orders.paused = true;
        self.services.limiter.do_send(CloseGate);
        self.progress.pacer.pause(self.pacing.now());
        self.note_state(RunState::Paused);
        let message = "an operator paused the run".to_owned();
        self.incident(IncidentKind::Pause, message, json!({}), None);
        self.publish();
        Ok(())
    }

    /// Continues a paused run in the same cycle, or opens a frozen one.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    pub(super) fn resume(
        &mut self,
        ctx: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<(), CommandRefused>> {
        if let Some(refused) = self.refuse_to_resume() {
            return Box::pin(fut::ready(Err(refused)));
        }
        if self.orders.frozen.is_some() {
            if matches!(self.phase, Phase::Halted { .. }) {
                return self.unfreeze(ctx);
            }
            let hint = "its last flows are ending; try again in a few seconds";
            let refused = CommandRefused::WrongState { state: "freezing", hint };
            return Box::pin(fut::ready(Err(refused)));
        }
        if !self.orders.paused {
            let hint = "there is nothing to resume";
            let refused = CommandRefused::WrongState { state: "running", hint };
            return Box::pin(fut::ready(Err(refused)));
        }
        self.orders.paused = false;
        let now = self.pacing.now();
        self.progress.pacer.resume(now);
        self.services.limiter.do_send(OpenGate);
        self.note_state(RunState::Running);
        let message = "an operator continued the paused run".to_owned();
        self.incident(IncidentKind::Resume, message, json!({}), None);
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.wait_for_tick(now, ctx);
        }
        self.publish();
        Box::pin(fut::ready(Ok(())))
    }

    /// While running it waits for the boundary, else it is written at once.
    pub(super) fn checkpoint_now(
        &mut self,
        ctx: &mut Context<Self>,
    ) -> ResponseActFuture<Self, <CheckpointNow as Message>::Result> {
        let (reply, answer) = oneshot::channel();
        self.orders.checkpoint.push(reply);
        let at_once = match &self.phase {
            Phase::Waiting { .. } | Phase::Halted { .. } => true,
            Phase::InCycle(_) => self.orders.paused,
            Phase::Starting | Phase::Closing | Phase::Ended => false,
        };
        if at_once {
            let state = self.saved_state();
            let saved = self.save(state, ctx);
            ctx.spawn(saved.map(|saved, act, _| act.answer_checkpoints(&saved)));
        } else if matches!(self.phase, Phase::Ended) {
            self.orders.checkpoint.clear();
        }
        let ended = CommandRefused::WrongState { state: "ended", hint: "its checkpoint is saved" };
        let answered = async move { answer.await.unwrap_or(Err(ended)) };
        Box::pin(answered.into_actor(self))
    }

    /// Ends the run, after its cycle or now.
    pub(super) fn quit(
        &mut self,
        quit: Quit,
        ctx: &mut Context<Self>,
    ) -> Result<(), CommandRefused> {
        let earlier = self.orders.quit.replace(quit);
        match &mut self.phase {
            Phase::Ended => {
                let hint = "it has been saved";
                return Err(CommandRefused::WrongState { state: "ended", hint });
            }
            Phase::Waiting { timer } => {
                if let Some(timer) = timer.take() {
                    ctx.cancel_future(timer);
                }
                self.end(ctx);
            }
            Phase::Halted { .. } => self.end(ctx),
            Phase::InCycle(_) => {
                if (quit == Quit::Now && earlier != Some(Quit::Now)) || self.orders.paused {
                    self.stop_flows(ctx);
                }
            }
            Phase::Starting | Phase::Closing => {}
        }
        Ok(())
    }

    /// No more permits; flows that need one end as stopped, the rest has [`STOP_GRACE`]
    /// and is cut then.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    fn stop_flows(&mut self, ctx: &mut Context<Self>) {
        if let Phase::InCycle(cycle) = &mut self.phase {
            cycle.broken = true;
        }
        self.services.limiter.do_send(Refuse(Refused::Stopped));
        ctx.run_later(STOP_GRACE, |act, _| act.cut_flows());
    }
}
