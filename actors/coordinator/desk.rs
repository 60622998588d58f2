//! What was asked and is not answered yet: commands, the start, what waits for its moment.
//!
//! A command gets a ticket; the run answers tickets, and the desk knows who holds them.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::sync::oneshot;

use crate::domain::cycle::Cycle;
use crate::domain::incident::IncidentKind;
use crate::injection::Injection;

use super::agenda::{Agenda, Moment};
use super::command::{Command, CommandRefused, Done, Door};
use super::ledger::{About, Report};
use super::messages::{Appoint, Appointment, StartError};
use super::run::action::Ticket;
use super::status::RunStatus;

/// Where it is said what became of a command or a message.
pub type Reply = oneshot::Sender<Result<Done, CommandRefused>>;

/// Where that will be heard.
pub type Answer = oneshot::Receiver<Result<Done, CommandRefused>>;

/// Who waits. Bounded by operators' rate and [`AGENDA_MAX`](super::agenda::AGENDA_MAX).
#[derive(Debug, Default)]
pub struct Desk {
    commands: BTreeMap<Ticket, Asked>,
    tickets: u64,
    start: Option<oneshot::Sender<Result<(), StartError>>>,
    agenda: Agenda<Entry>,
}

/// A command that was asked.
#[derive(Debug)]
pub struct Asked {
    /// Which.
    pub command: Command,
    /// How it came in.
    pub door: Door,
    /// Who waits.
    pub reply: Reply,
}

impl Asked {
    /// Who asked for what and what became of it, and whom it is about: one incident a command.
    pub fn report(&self, outcome: &Result<Done, CommandRefused>) -> (Report, About) {
        let (command, door) = (&self.command, self.door);
        let (message, result) = match outcome {
            Ok(done) => (format!("{} (door: {door})", done.message), "done"),
            Err(why) => (format!("`{command}` was refused: {why} (door: {door})"), "refused"),
        };
        let kind = if outcome.is_ok() { command.form().incident } else { IncidentKind::Command };
        let mut detail = json!({ "door": door, "command": command.to_string(), "outcome": result });
        if door.is_drill() {
            detail["drill"] = true.into();
        }
        ((kind, message, detail), (command.agent().cloned(), None))
    }
}

/// What waits for its moment.
#[derive(Debug)]
pub enum Entry {
    /// A message, how it came in, and who waits to hear what became of it.
    Inject(Injection, Door, Option<Reply>),
    /// A scenario wants to see the run as it is then.
    Look(oneshot::Sender<RunStatus>),
}

impl Desk {
    /// A command is asked.
    pub fn ask(&mut self, command: Command, door: Door) -> (Ticket, Answer) {
        let (reply, answer) = oneshot::channel();
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.commands.insert(ticket, Asked { command, door, reply });
        (ticket, answer)
    }

    /// A command is answered: whose it was.
    pub fn answered(&mut self, ticket: Ticket) -> Option<Asked> {
        self.commands.remove(&ticket)
    }

    /// The run is told to start.
    pub fn starts(&mut self) -> oneshot::Receiver<Result<(), StartError>> {
        let (reply, started) = oneshot::channel();
        self.start = Some(reply);
        started
    }

    /// It has started, or cannot.
    pub fn started(&mut self, started: Result<(), StartError>) {
        if let Some(reply) = self.start.take() {
            // Whoever asked may have gone away.
            let _ = reply.send(started);
        }
    }

    /// The next moment of this kind, where the run is at `cycle`, which may have been ticked.
    pub fn next(moment: Moment, cycle: Cycle, is_ticked: bool) -> Moment {
        match moment {
            Moment::Tick(_) if is_ticked => Moment::Tick(cycle.next()),
            Moment::Tick(_) => Moment::Tick(cycle),
            Moment::End(_) => Moment::End(cycle),
        }
    }

    /// Notes a message for its moment, which is not before the `next` of its kind.
    pub fn note(
        &mut self,
        moment: Moment,
        next: Moment,
        entry: Entry,
    ) -> Result<(), CommandRefused> {
        if moment < next {
            return Err(CommandRefused::Past { moment, next });
        }
        let has_room = self.agenda.add(moment, entry);
        if has_room { Ok(()) } else { Err(CommandRefused::AgendaFull) }
    }

    /// Notes a scenario's step for its moment.
    pub fn appoint(&mut self, step: Appoint, next: Moment) -> Result<Appointment, CommandRefused> {
        let Appoint { at, injections } = step;
        let mut outcomes = Vec::new();
        for injection in injections {
            let (reply, outcome) = oneshot::channel();
            self.note(at, next, Entry::Inject(injection, Door::Scenario, Some(reply)))?;
            outcomes.push(outcome);
        }
        let (look, picture) = oneshot::channel();
        self.note(at, next, Entry::Look(look))?;
        Ok(Appointment { outcomes, picture })
    }

    /// Takes out what waits for `moment`.
    pub fn due(&mut self, moment: Moment) -> Vec<Entry> {
        self.agenda.due(moment)
    }

    /// Nothing comes any more: drops what waits, and says how much that is.
    pub fn clear(&mut self) -> usize {
        std::mem::take(&mut self.agenda).len()
    }
}
