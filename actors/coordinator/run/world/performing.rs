//! What a run wants done, as a world does it: jobs begin, files and rows say something else.

use super::{Jobs, World, invariants};
use crate::coordinator::agenda::Moment;
use crate::coordinator::command::{CommandRefused, Done};
use crate::coordinator::run::action::{Action, Ticket};
use crate::coordinator::run::input::Input;
use crate::coordinator::run::state::{LastWord, State};
use crate::domain::snapshot::SavedState;
use crate::ports::store::RunState;
use crate::rate_limiter::gate::Gate;

impl World {
    pub(super) fn perform(&mut self, action: Action, next: &mut Option<Input>) {
        let is_frozen = self.run.frozen().is_some();
        match action {
            Action::Tick { .. } => self.begins(|jobs| &mut jobs.flows, "two cycles at once"),
            Action::CloseCycle { broken } => {
                if self.jobs.row.replace(broken).is_some() {
                    self.wrong.push("two rows at once");
                }
                if self.jobs.flows {
                    self.wrong.push("a cycle is closed over agents under way");
                }
            }
            Action::Save(state) => {
                self.begins(|jobs| &mut jobs.save, "two transitions save at once");
                self.saves(state, is_frozen);
            }
            Action::Checkpoint(state, tickets) => {
                self.saves(state, is_frozen);
                for ticket in tickets {
                    self.answered(ticket, Ok(Done::that("a checkpoint is written")));
                }
            }
            Action::Follow(moment) => {
                if !matches!(moment, Moment::End(_)) {
                    self.wrong.push("a boundary follows no tick");
                }
                *next = Some(Input::Followed);
            }
            Action::WriteState(state) => self.writes(state),
            Action::ClearCarts => {
                self.begins(|jobs| &mut jobs.carts, "carts are cleared twice");
                if is_frozen || self.gate != Gate::Open {
                    self.wrong.push("carts are cleared at a shop that may not be asked");
                }
            }
            Action::Drain => self.begins(|jobs| &mut jobs.drain, "drained twice"),
            Action::End(state) => {
                if self.is_over || !self.is_closed || self.row != Some(state) {
                    self.wrong.push("an end that was not written, once");
                }
                self.is_over = true;
            }
            Action::Gate(gate) => {
                if gate == Gate::Closed && matches!(self.gate, Gate::Refusing(_)) {
                    self.wrong.push("a gate that refuses is closed: that changes nothing");
                }
                self.gate = gate;
            }
            Action::Alarm(at) => self.alarm = at,
            Action::Look(_) => self.begins(|jobs| &mut jobs.look, "two looks at once"),
            Action::Answer(ticket, answer) => self.answered(ticket, answer),
            Action::Revive(ticket, _) | Action::Tune(ticket, _) => {
                self.answered(ticket, Ok(Done::that("done")));
            }
            Action::Started(_)
            | Action::CutFlows
            | Action::SayCarts
            | Action::Publish
            | Action::Incident(..)
            | Action::ShowFailures(_)
            | Action::ForgetFailures
            | Action::Trip(_)
            | Action::Reset
            | Action::Rebuild(_)
            | Action::KeepTimeScale(_) => {}
        }
    }

    fn begins(&mut self, job: impl FnOnce(&mut Jobs) -> &mut bool, twice: &'static str) {
        if std::mem::replace(job(&mut self.jobs), true) {
            self.wrong.push(twice);
        }
    }

    fn writes(&mut self, state: RunState) {
        self.begins(|jobs| &mut jobs.state, "two states are written at once");
        if self.is_closed {
            self.wrong.push("a state is written after the end");
        }
        if state == RunState::Freezing {
            self.wrong.push("a row says freezing");
        }
        self.is_closed = matches!(&self.run.state, State::Ending(ending)
            if ending.awaits == LastWord::Row);
        self.row = Some(state);
    }

    fn saves(&mut self, state: SavedState, is_frozen: bool) {
        if is_frozen != matches!(state, SavedState::Frozen { .. }) {
            self.wrong.push("a checkpoint that forgets, or makes up, a freeze");
        }
        self.saved = Some(state);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Done, CommandRefused>) {
        let Some(event) = self.asked.remove(&ticket) else {
            return self.wrong.push("an answer that nobody waits for");
        };
        if let Ok(done) = &answer
            && !invariants::is_true(self, event, done)
        {
            self.wrong.push("an answer that is not true");
        }
        self.answer = Some(answer);
    }
}
