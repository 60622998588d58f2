//! The run as one machine: what it is doing is one value, and what happens to it comes in one way.
//!
//! Pure: it knows no actor, no agent and no clock. [`Run::on`] takes an input and the time, and
//! answers what is to be done; what is seen from outside (the limiter's gate, `runs.state`, the
//! alarm, the picture) is a function of the state, compared after each input and wanted only where
//! it changed. A search over all sequences of inputs holds it (`run/search.rs`).
//!
//! Each family of transitions has a file: a command or an event, and what it does in each state.

pub mod action;
mod checkpointing;
mod closing;
mod cycling;
mod ending;
mod freezing;
pub mod input;
mod pausing;
pub mod position;
mod quitting;
mod reopening;
pub mod rows;
pub mod shown;
mod starting;
pub mod state;
mod step;
mod tuning;

#[cfg(test)]
mod answers;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sequences;
#[cfg(test)]
pub(in crate::coordinator) mod world;

use std::time::Instant;

use super::command::{Command, Quit};
use super::plan::RunPlan;
use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::Cycle;
use crate::ports::store::RunState;
use crate::rate_limiter::gate::Gate;

use action::{Action, Ticket, Tune};
use input::Input;
use position::Position;
use rows::Rows;
use state::{LastWord, Starting, State};
use step::Step;

/// One run, from its start to its end.
#[derive(Clone, Debug)]
pub struct Run {
    state: State,
    /// Where it is.
    at: Position,
    /// What its row says.
    rows: Rows,
    /// What was last shown.
    shown: Shown,
}

/// What is seen from outside and was last acted upon.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    gate: Gate,
    alarm: Option<Instant>,
    state: RunState,
    quit: Option<Quit>,
    cycle: Cycle,
    is_at_rest: bool,
}

impl Run {
    /// A run that has not begun.
    pub fn new(plan: &RunPlan, now: Instant) -> Self {
        let state = State::Starting(Starting::default());
        let at = Position::new(plan, now);
        let shown = Shown {
            gate: Gate::Open,
            alarm: None,
            state: RunState::Running,
            quit: None,
            cycle: at.cycle,
            is_at_rest: false,
        };
        Self { state, at, rows: Rows::default(), shown }
    }

    /// Something happens. Answers what is to be done, in this order.
    pub fn on(&mut self, input: Input, now: Instant) -> Vec<Action> {
        if matches!(input, Input::StateWritten) && !self.rows.written() {
            // Only an end is waited for; the state may have changed while this one was written.
            return self.next_row().into_iter().collect();
        }
        if matches!(input, Input::Woke) {
            // What is wanted of the alarm is wanted anew.
            self.shown.alarm = None;
        }
        let mut step = Step::new(now, &mut self.at);
        self.state = self.state.clone().on(input, &mut step);
        let Step { mut actions, answers, last, is_seen, .. } = step;
        let is_changed = self.show(&mut actions);
        // A tick shows the run itself, once its agents are outstanding.
        if (is_changed || is_seen) && !matches!(last, Some(Action::Tick { .. })) {
            actions.push(Action::Publish);
        }
        actions.extend(answers);
        actions.extend(last);
        actions
    }

    fn next_row(&mut self) -> Option<Action> {
        self.rows.next(shown::row(&self.state)).map(Action::WriteState)
    }

    /// Wants what is seen from outside to be as the state has it; answers whether watchers see
    /// another run than before.
    fn show(&mut self, actions: &mut Vec<Action>) -> bool {
        let shown = Shown {
            gate: shown::gate(&self.state),
            alarm: shown::alarm(self),
            state: shown::shown(&self.state),
            quit: shown::quit(&self.state),
            cycle: self.at.cycle,
            is_at_rest: matches!(self.state, State::Resting(_)),
        };
        if shown.gate != self.shown.gate {
            actions.push(Action::Gate(shown.gate));
        }
        actions.extend(self.next_row());
        if shown.alarm != self.shown.alarm {
            actions.push(Action::Alarm(shown.alarm));
        }
        let seen = |shown: &Shown| (shown.state, shown.quit, shown.cycle, shown.is_at_rest);
        let is_changed = seen(&shown) != seen(&self.shown);
        self.shown = shown;
        is_changed
    }

    /// Where it is.
    pub fn at(&self) -> &Position {
        &self.at
    }

    /// What watchers are told that it does.
    pub fn shown(&self) -> RunState {
        self.shown.state
    }

    /// The quit that has been asked for.
    pub fn quit(&self) -> Option<Quit> {
        self.shown.quit
    }

    /// Why it is frozen, if it is.
    pub fn frozen(&self) -> Option<&FreezeReason> {
        shown::reason(&self.state)
    }

    /// Whether permits are given.
    pub fn may_send(&self) -> bool {
        self.shown.gate == Gate::Open && self.quit().is_none() && self.frozen().is_none()
    }

    /// The checkpoint that a developer's message writes here and now.
    pub fn saved(&self) -> crate::domain::snapshot::SavedState {
        checkpointing::saved(&self.state)
    }

    /// Whether it has begun, and is not over: a row of its own is there.
    pub fn is_live(&self) -> bool {
        !matches!(self.state, State::Starting(_) | State::Ended(_))
    }

    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// Whether what flows left in carts is being cleared at the shop.
    pub fn is_clearing_carts(&self) -> bool {
        matches!(&self.state, State::Ending(ending)
            if matches!(ending.awaits, LastWord::Carts | LastWord::LastClears))
    }

    /// Whether agents may be under way.
    pub fn is_cycling(&self) -> bool {
        matches!(self.state, State::Cycling(_))
    }
}

impl State {
    /// The state that an input leads to.
    fn on(self, input: Input, step: &mut Step<'_>) -> Self {
        match input {
            Input::Prepared(prepared) => starting::prepared(self, prepared, step),
            Input::CameBack(reason) => starting::came_back(self, reason, step),
            Input::Woke => cycling::woke(self, step),
            Input::Followed => closing::followed(self, step),
            Input::Barrier => cycling::barrier(self, step),
            Input::Recorded(recorded) => closing::recorded(self, recorded, step),
            Input::Saved(saved) => match self {
                Self::Starting(starting) => starting::saved(starting, &saved, step),
                Self::Closing(closing) => closing::saved(closing, &saved, step),
                Self::Freezing(freezing) => freezing::saved(freezing, &saved, step),
                Self::Ending(ending) => ending::saved(ending, &saved, step),
                Self::Resting(_)
                | Self::Cycling(_)
                | Self::Frozen(_)
                | Self::Reopening(_)
                | Self::Ended(_) => self.unasked("a checkpoint"),
            },
            Input::Looked(looked) => reopening::looked(self, looked, step),
            Input::StateWritten => ending::written(self, step),
            Input::CartsCleared => ending::cleared(self, step),
            Input::Drained => ending::drained(self, step),
            Input::Froze(reason) => freezing::froze(self, &reason, step),
            Input::Tripped(reason) => freezing::tripped(self, &reason, step),
            Input::ServiceLost(service) => freezing::lost(self, service, step),
            Input::Command(ticket, command) => self.command(ticket, command, step),
        }
    }

    fn command(self, ticket: Ticket, command: Command, step: &mut Step<'_>) -> Self {
        match command {
            Command::Pause => pausing::pause(self, ticket, step),
            Command::Resume => pausing::resume(self, ticket, step),
            Command::Checkpoint => checkpointing::checkpoint(self, ticket, step),
            Command::Quit(quit) => quitting::quit(self, ticket, quit, step),
            Command::Revive(agent_id) => tuning::revive(self, ticket, agent_id, step),
            Command::Rate(rate) => tuning::rate(self, ticket, rate.into(), step),
            Command::FixedRate(rate) => tuning::rate(self, ticket, Tune::fixed(rate), step),
            Command::InFlight(bound) => tuning::rate(self, ticket, bound.into(), step),
            Command::TimeScale(scale) => tuning::time_scale(self, ticket, scale, step),
        }
    }

    /// What nobody waits for here: a fault of whoever performs, and nothing comes of it.
    fn unasked(self, what: &'static str) -> Self {
        tracing::debug!(state = ?self, "{what} came that nobody waits for");
        self
    }
}
