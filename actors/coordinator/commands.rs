//! Carrying out what operators say, and the one incident that says so.

use actix::prelude::*;
use serde_json::json;
use tokio::sync::oneshot;

use crate::domain::incident::IncidentKind;
use crate::domain::rate::Rate;
use crate::domain::time_scale::TimeScale;
use crate::ports::store::RunState;
use crate::rate_limiter::messages::{CloseGate, OpenGate, Refuse, Refused, Retune};

use super::command::{Command, CommandRefused, Done, Door, Quit};
use super::progress::Phase;
use super::{Coordinator, STOP_GRACE};

/// What becomes of a command; some are done only when something else has been.
pub(super) type Outcome = ResponseActFuture<Coordinator, Result<Done, CommandRefused>>;

impl Coordinator {
    /// Does what a command says, now or as soon as it can.
    pub(super) fn carry_out(&mut self, command: &Command, ctx: &mut Context<Self>) -> Outcome {
        let done = match command {
            Command::Resume => return self.resume(ctx),
            Command::Checkpoint => return self.checkpoint_now(ctx),
            Command::Pause => self.pause(ctx),
            Command::Quit(quit) => self.quit(*quit, ctx),
            Command::Revive(agent_id) => self.revive(agent_id.clone()),
            Command::Rate(rate) => self.set_rate(*rate),
            Command::TimeScale(scale) => self.set_time_scale(*scale, ctx),
        };
        Box::pin(fut::ready(done))
    }

    /// Writes down who asked for what and what became of it: one incident a command.
    pub(super) fn note_command(
        &mut self,
        command: &Command,
        door: Door,
        outcome: &Result<Done, CommandRefused>,
    ) {
        let (message, result) = match outcome {
            Ok(done) => (format!("{} (door: {door})", done.message), "done"),
            Err(why) => (format!("`{command}` was refused: {why} (door: {door})"), "refused"),
        };
        if matches!(self.phase, Phase::Ended) {
            // The store is closed: there is no run left that a row could belong to.
            return tracing::warn!("{message}");
        }
        let (kind, agent_id) = match command {
            Command::Pause => (IncidentKind::Pause, None),
            Command::Resume => (IncidentKind::Resume, None),
            Command::Revive(agent_id) => (IncidentKind::Revive, Some(agent_id.clone())),
            Command::Checkpoint | Command::Quit(_) | Command::Rate(_) | Command::TimeScale(_) => {
                (IncidentKind::Command, None)
            }
        };
        let kind = if outcome.is_ok() { kind } else { IncidentKind::Command };
        let mut detail = json!({ "door": door, "command": command.to_string(), "outcome": result });
        if door.is_drill() {
            detail["drill"] = true.into();
        }
        self.incident(kind, message, detail, agent_id);
    }

    /// Parks: calls in flight end, waiting permits stay queued.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    fn pause(&mut self, ctx: &mut Context<Self>) -> Result<Done, CommandRefused> {
        if self.orders.frozen.is_some() {
            return refused("frozen", "it sends nothing; resume opens it");
        }
        if self.orders.paused {
            return refused("paused", "resume continues it");
        }
        match &mut self.phase {
            Phase::Ended => return refused("ended", "start or resume a run"),
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
        self.publish();
        Ok(Done::that("the run is paused"))
    }

    /// Continues a paused run in the same cycle, or opens a frozen one.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    fn resume(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let refuse = |state, hint| -> Outcome { Box::pin(fut::ready(refused(state, hint))) };
        if let Some(refused) = self.refuse_to_resume() {
            return Box::pin(fut::ready(Err(refused)));
        }
        if self.orders.frozen.is_some() {
            if matches!(self.phase, Phase::Halted { .. }) {
                return self.unfreeze(ctx);
            }
            return refuse("freezing", "its last flows are ending; try again in a few seconds");
        }
        if !self.orders.paused {
            return refuse("running", "there is nothing to resume");
        }
        self.orders.paused = false;
        let now = self.pacing.now();
        self.progress.pacer.resume(now);
        self.services.limiter.do_send(OpenGate);
        self.note_state(RunState::Running);
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.wait_for_tick(now, ctx);
        }
        self.publish();
        Box::pin(fut::ready(Ok(Done::that("the paused run goes on"))))
    }

    /// While running it waits for the boundary, else it is written at once.
    fn checkpoint_now(&mut self, ctx: &mut Context<Self>) -> Outcome {
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
        let answered = async move {
            let path = answer.await.unwrap_or(Err(ended))?;
            let message = format!("a checkpoint is written: {}", path.display());
            Ok(Done { message, checkpoint: Some(path) })
        };
        Box::pin(answered.into_actor(self))
    }

    /// Ends the run, after its cycle or now.
    pub(super) fn quit(
        &mut self,
        quit: Quit,
        ctx: &mut Context<Self>,
    ) -> Result<Done, CommandRefused> {
        let earlier = self.orders.quit.replace(quit);
        self.publish();
        match &mut self.phase {
            Phase::Ended => return refused("ended", "it has been saved"),
            Phase::Waiting { timer } => {
                if let Some(timer) = timer.take() {
                    ctx.cancel_future(timer);
                }
                self.end(ctx);
            }
            Phase::Halted { .. } => self.end(ctx),
            Phase::InCycle(_) => {
                let is_now = quit == Quit::Now || self.orders.paused;
                if is_now && earlier != Some(Quit::Now) {
                    self.stop_flows(ctx);
                } else if !is_now {
                    let cycle = self.progress.cycle;
                    return Ok(Done::that(format!("the run ends after cycle {cycle}")));
                }
            }
            Phase::Starting | Phase::Closing => {}
        }
        Ok(Done::that("the run ends now"))
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

    /// Another limit, from the next permit on.
    #[expect(clippy::disallowed_methods, reason = "one per operator's command")]
    fn set_rate(&mut self, rate: Rate) -> Result<Done, CommandRefused> {
        if matches!(self.phase, Phase::Ended) {
            return refused("ended", "start or resume a run");
        }
        let was = self.progress.tuning.rate;
        self.progress.tuning.set_rate(rate);
        self.services.limiter.do_send(Retune(rate));
        self.publish();
        Ok(Done::that(format!("the rate limit is {rate} requests a second, it was {was}")))
    }

    /// Another pace, from the tick on that is waited for.
    fn set_time_scale(
        &mut self,
        scale: TimeScale,
        ctx: &mut Context<Self>,
    ) -> Result<Done, CommandRefused> {
        if matches!(self.phase, Phase::Ended) {
            return refused("ended", "start or resume a run");
        }
        let (was, now) = (self.progress.tuning.interval, self.pacing.now());
        self.progress.tuning.set_time_scale(scale);
        let interval = self.progress.tuning.interval;
        self.progress.pacer.retune(interval, now);
        if let Phase::Waiting { timer } = &mut self.phase
            && let Some(timer) = timer.take()
        {
            ctx.cancel_future(timer);
            self.wait_for_tick(now, ctx);
        }
        self.publish();
        let seconds = interval.as_secs_f64();
        let was = was.as_secs_f64();
        Ok(Done::that(format!(
            "the time scale is {scale}: a cycle takes at least {seconds} s, it was {was} s"
        )))
    }
}

fn refused(state: &'static str, hint: &'static str) -> Result<Done, CommandRefused> {
    Err(CommandRefused::WrongState { state, hint })
}
