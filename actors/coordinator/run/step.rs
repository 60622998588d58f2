//! One input at work: what it may look at and change beside the state, and what it wants done.

use std::time::Instant;

use serde_json::json;

use crate::coordinator::command::{CommandRefused, Done};
use crate::domain::incident::IncidentKind;
use crate::ports::store::Replay;

use super::action::{Action, Ticket};
use super::position::Position;

/// One transition.
pub struct Step<'a> {
    /// When.
    pub now: Instant,
    /// Where the run is.
    pub at: &'a mut Position,
    /// In their order.
    pub actions: Vec<Action>,
    /// After everything that is shown.
    pub answers: Vec<Action>,
    /// After all of it: what may bring further inputs at once.
    pub last: Option<Action>,
    /// Watchers see another run, though its state has the same name.
    pub is_seen: bool,
}

impl<'a> Step<'a> {
    /// Nothing is wanted yet.
    pub fn new(now: Instant, at: &'a mut Position) -> Self {
        Self { now, at, actions: Vec::new(), answers: Vec::new(), last: None, is_seen: false }
    }

    /// Wants this done.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Wants this done after all that is shown and answered.
    pub fn at_last(&mut self, action: Action) {
        self.last = Some(action);
    }

    /// Has the run shown.
    pub fn publish(&mut self) {
        self.is_seen = true;
    }

    /// Answers.
    pub fn answer(&mut self, ticket: Ticket, answer: Result<Done, CommandRefused>) {
        self.answers.push(Action::Answer(ticket, answer));
    }

    /// Answers with what is true from here on.
    pub fn done(&mut self, ticket: Ticket, message: impl Into<String>) {
        self.answer(ticket, Ok(Done::that(message)));
    }

    /// Refuses, naming what to do instead.
    pub fn refuse(&mut self, ticket: Ticket, state: &'static str, hint: &'static str) {
        self.answer(ticket, Err(CommandRefused::WrongState { state, hint }));
    }

    /// Where the database lost hours, the run goes back to the first of them.
    fn fall_back(&mut self, replay: Replay) {
        let Some(lost) = replay.lost_from else { return };
        self.at.cycle = self.at.cycle.min(lost);
        let message = format!(
            "the database has no closed hour of cycle {lost}, which the run had lived: it is an \
             older copy (a restored backup, a failover that lost its tail, a file without its \
             -wal), and what it lost is lived again"
        );
        self.act(Action::Incident(IncidentKind::RowsLost, message, json!({ "from": lost })));
    }

    /// Takes an attempt up, and says which cycles it runs again.
    pub fn begin_attempt(&mut self, replay: Replay) {
        self.at.take_up(replay);
        self.fall_back(replay);
        let first = self.at.cycle;
        let Some(last) = replay.last_cycle_with_rows.filter(|last| *last >= first) else { return };
        let number = replay.number.0;
        let message = format!("cycles {first} to {last} are run again as replay {number}");
        let detail = json!({ "first": first, "last": last, "replay": number });
        self.act(Action::Incident(IncidentKind::Replay, message, detail));
    }
}
