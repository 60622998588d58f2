//! A run and all that answers it, for the tests: jobs that are under way, commands that wait, what
//! was written. Says what is wrong after each event.
//!
//! What the real machine counts without bound is left out of [`key::key`]: instants, replay
//! numbers, reasons, the numbers of tickets. Cycles are bounded by a planned end.

pub mod event;
pub mod invariants;
pub mod key;
pub mod owed;
mod performing;
pub(in crate::coordinator) mod plan;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use event::Event::*;
use event::command;
pub use event::{EVENTS, Event};

use super::Run;
use super::action::{Action, Ticket};
use super::input::{Closed, Input, Reopened};
use crate::agent::messages::ShopFacts;
use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::command::{Command, CommandRefused, Done};
use crate::coordinator::lost_orders::board::OrderSearch;
use crate::coordinator::messages::{Service, StartError};
use crate::domain::cycle::ReplayNumber;
use crate::domain::snapshot::SavedState;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::{Replay, RunState};
use crate::rate_limiter::gate::Gate;

/// Commands that may wait at once: more of them are no other case.
const ASKED_MAX: usize = 2;

/// What is under way and will be heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Jobs {
    starting: bool,
    flows: bool,
    /// A row that is being written, and whether its attempt was broken.
    row: Option<bool>,
    save: bool,
    look: bool,
    state: bool,
    carts: bool,
    drain: bool,
}

/// A run in the middle of everything.
#[derive(Clone, Debug)]
pub struct World {
    pub run: Run,
    pub now: Instant,
    jobs: Jobs,
    alarm: Option<Instant>,
    gate: Gate,
    /// What `runs.state` says.
    pub row: Option<RunState>,
    /// Whether the end has been written.
    is_closed: bool,
    /// What the newest checkpoint says.
    pub saved: Option<SavedState>,
    asked: BTreeMap<Ticket, Event>,
    tickets: u64,
    is_over: bool,
    /// The last answer.
    pub answer: Option<Result<Done, CommandRefused>>,
    /// All that was wanted by the last event.
    pub wanted: Vec<Action>,
    wrong: Vec<&'static str>,
}

fn tripped() -> FreezeReason {
    FreezeReason::Tripped { reason: "a test".to_owned() }
}

/// A shop that is back, with nothing lost.
fn reopened(replay: Replay) -> Box<Reopened> {
    let (shop, memories) = (Arc::new(ShopFacts::default()), Default::default());
    let (notes, orders) = (Default::default(), OrderSearch::default());
    Box::new(Reopened { replay, shop, notes, memories, orders })
}

impl World {
    /// A run that has been told to start.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            run: Run::new(&plan::plan(), now),
            now,
            jobs: Jobs { starting: true, ..Jobs::default() },
            alarm: None,
            gate: Gate::Open,
            row: None,
            is_closed: false,
            saved: None,
            asked: BTreeMap::new(),
            tickets: 0,
            is_over: false,
            answer: None,
            wanted: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// After these events; each must be possible, and nothing may be wrong.
    pub fn after(events: &[Event]) -> Self {
        let mut world = Self::new();
        for event in events {
            world.does(*event);
        }
        world
    }

    /// In a state, reached as it is reached most shortly.
    pub fn in_state(name: &str) -> Self {
        let resting = [Prepared, Saved, StateWritten, Barrier, Recorded];
        let more: &[Event] = match name {
            "starting" => return Self::new(),
            "resting" => &[],
            "parked" => &[Pause, StateWritten],
            "cycling" => &[Woke],
            "cycling, parked" => &[Woke, Pause, StateWritten],
            "its last cycle" => &[Woke, Quit],
            "its last cycle, parked" => &[Woke, Quit, Pause, StateWritten],
            "stopping" => &[Woke, QuitNow],
            "closing" => &[Woke, Barrier],
            "freezing" => &[Woke, Froze, StateWritten],
            "frozen" => &[Woke, Froze, StateWritten, Barrier, Recorded, Saved],
            "reopening" => &[Woke, Froze, StateWritten, Barrier, Recorded, Saved, Resume],
            "frozen for good" => &[ServiceLost, StateWritten, Saved],
            "clearing carts" => &[Quit],
            "ending" => &[Quit, CartsCleared],
            "ended" => &[Quit, CartsCleared, Saved, StateWritten, Drained],
            other => panic!("{other} is no state"),
        };
        Self::after(&[&resting[..], more].concat())
    }

    /// One more event, that must be possible and go well.
    pub fn does(&mut self, event: Event) -> &mut Self {
        assert!(self.may(event), "{event:?} in {:?}", self.run.state);
        let wrong = self.happens(event);
        assert_eq!(wrong, [] as [&str; 0], "{event:?}: {:?}", self.run.state);
        self
    }

    /// Several.
    pub fn do_all(&mut self, events: &[Event]) -> &mut Self {
        events.iter().fold(self, |world, event| world.does(*event))
    }

    /// Whether the last event wanted such a thing.
    pub fn wants(&self, is_such: impl Fn(&Action) -> bool) -> bool {
        self.wanted.iter().any(is_such)
    }

    /// What the last command was told.
    pub fn said(&self) -> String {
        match self.answer.as_ref().expect("a command was answered") {
            Ok(done) => done.message.clone(),
            Err(refused) => format!("refused: {refused}"),
        }
    }

    /// Whether this can happen here.
    pub fn may(&self, event: Event) -> bool {
        let jobs = &self.jobs;
        match event {
            Prepared | CannotStart | CameBack => jobs.starting,
            Woke => self.alarm.is_some(),
            Barrier => jobs.flows,
            Recorded | RowLost => jobs.row.is_some(),
            NothingAccepted => jobs.row == Some(false),
            Saved | NotSaved => jobs.save,
            ShopIsBack | ShopIsGone => jobs.look,
            StateWritten => jobs.state,
            CartsCleared => jobs.carts,
            Drained => jobs.drain,
            Froze | Tripped | ServiceLost | Pause | Resume | Quit | QuitNow | TimeScale => true,
            Checkpoint => {
                self.asked.values().filter(|asked| **asked == Checkpoint).count() < ASKED_MAX
            }
        }
    }

    /// Lets it happen; answers what is wrong then.
    pub fn happens(&mut self, event: Event) -> Vec<&'static str> {
        self.wrong.clear();
        self.wanted.clear();
        let before = (self.run.quit(), self.run.frozen().is_some(), self.is_over);
        let input = match command(event) {
            Some(command) => self.ask(event, command),
            None => self.comes(event),
        };
        self.feed(input);
        self.wrong.extend(invariants::broken(self, event, before));
        self.wrong.sort_unstable();
        self.wrong.dedup();
        self.wrong.clone()
    }

    /// What happens by itself; a job that has ended is under way no longer.
    fn comes(&mut self, event: Event) -> Input {
        let replay = Replay {
            number: ReplayNumber(1),
            last_cycle_with_rows: Some(self.run.at.cycle),
            ended_rows: 0,
            lost_from: None,
        };
        let jobs = &mut self.jobs;
        let closed = |broken, nothing_accepted| Ok(Closed { broken, nothing_accepted });
        match event {
            Prepared => {
                jobs.starting = false;
                Input::Prepared(Ok(None))
            }
            CannotStart => {
                jobs.starting = false;
                Input::Prepared(Err(StartError::NoAgents))
            }
            CameBack => {
                jobs.starting = false;
                self.saved = Some(SavedState::Frozen { reason: tripped(), broken_cycle: None });
                Input::CameBack(tripped())
            }
            Woke => {
                self.now = self.now.max(self.alarm.take().expect("there is an alarm"));
                Input::Woke
            }
            Barrier => {
                jobs.flows = false;
                Input::Barrier
            }
            Recorded => Input::Recorded(closed(jobs.row.take() == Some(true), None)),
            NothingAccepted => Input::Recorded(closed(jobs.row.take() == Some(true), Some(7))),
            RowLost => {
                jobs.row = None;
                Input::Recorded(Err("no database".to_owned()))
            }
            Saved => {
                jobs.save = false;
                Input::Saved(Ok(PathBuf::from("checkpoint")))
            }
            NotSaved => {
                jobs.save = false;
                let (path, cause) = (PathBuf::from("checkpoint"), "no room".to_owned());
                Input::Saved(Err(CheckpointError::Io { path, cause }))
            }
            ShopIsBack => {
                jobs.look = false;
                Input::Looked(Ok(reopened(replay)))
            }
            ShopIsGone => {
                jobs.look = false;
                Input::Looked(Err("nobody answers".to_owned()))
            }
            StateWritten => {
                jobs.state = false;
                Input::StateWritten
            }
            CartsCleared => {
                jobs.carts = false;
                Input::CartsCleared
            }
            Drained => {
                jobs.drain = false;
                Input::Drained
            }
            Froze => Input::Froze(tripped()),
            Tripped => Input::Tripped(tripped()),
            ServiceLost => Input::ServiceLost(Service::DbWriter),
            Pause | Resume | Checkpoint | Quit | QuitNow | TimeScale => unreachable!("a command"),
        }
    }

    fn ask(&mut self, event: Event, command: Command) -> Input {
        self.tickets += 1;
        self.asked.insert(Ticket(self.tickets), event);
        self.answer = None;
        Input::Command(Ticket(self.tickets), command)
    }

    fn feed(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for action in self.run.on(input, self.now) {
                self.wanted.push(action.clone());
                self.perform(action, &mut next);
            }
        }
    }

    /// How it ended.
    pub fn end(&self) -> Option<RunState> {
        if self.is_over { self.row } else { None }
    }
}
