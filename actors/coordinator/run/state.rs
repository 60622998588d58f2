//! The state of a run, whole: one enum whose variants own what belongs to them.
//!
//! What is owed (an answer, a checkpoint, a broken cycle) lies in the variant that owes it and is
//! handed on by whoever leaves that variant.

use std::path::PathBuf;
use std::time::Instant;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::command::{CommandRefused, Done, Quit};
use crate::domain::cycle::Cycle;
use crate::domain::snapshot::SavedState;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::RunState;

use super::action::{Action, Ticket};
use super::step::Step;

/// What a run is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// Shop and store are asked, then boundary 0 is saved; no tick has gone out.
    Starting(Starting),
    /// Between two cycles.
    Resting(Resting),
    /// Agents are outstanding.
    Cycling(Cycling),
    /// The barrier is reached; the cycle's row, its checkpoint and its moment are done with.
    Closing(Closing),
    /// The breaker has frozen it; its last flows end, its row and its checkpoint are written.
    Freezing(Freezing),
    /// Nothing is under way; an operator's resume opens it.
    Frozen(Freeze),
    /// An operator has said resume: the shop is looked at.
    Reopening(Reopening),
    /// Carts left full at the shop, the last checkpoint, the end in the database, and every write
    /// that is under way.
    Ending(Ending),
    /// Nothing follows.
    Ended(Ended),
}

/// Before the first tick.
#[derive(Clone, Debug, Default)]
pub struct Starting {
    /// What operators have asked for so far.
    pub course: Course,
    /// Who waits for a checkpoint.
    pub owed: Owed,
    /// A freeze that came so early.
    pub frozen: Option<Freeze>,
}

/// Between two cycles.
#[derive(Clone, Copy, Debug)]
pub enum Resting {
    /// The next tick is waited for.
    Waits {
        /// When it is due.
        due: Instant,
    },
    /// An operator has parked the run.
    Parked,
}

/// From tick to barrier.
#[derive(Clone, Debug)]
pub struct Cycling {
    /// What operators have asked for.
    pub course: Course,
    /// Who waits for a checkpoint.
    pub owed: Owed,
    /// When flows that have not stopped are cut; `None`: they are not to be, or have been.
    pub cut_at: Option<Instant>,
}

/// From barrier to what follows.
#[derive(Clone, Debug)]
pub struct Closing {
    /// What operators have asked for.
    pub course: Course,
    /// Who waits for a checkpoint.
    pub owed: Owed,
    /// The cycle whose end is a moment of the agenda; `None` after a reopening.
    pub closed: Option<Cycle>,
    /// What is under way.
    pub awaits: Boundary,
}

/// What a boundary waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// The cycle's row.
    Row,
    /// The checkpoint.
    Checkpoint,
    /// What was noted for this moment.
    Agenda,
}

/// From a freeze to rest.
#[derive(Clone, Debug)]
pub struct Freezing {
    /// Why; its broken cycle is known once the row is written.
    pub freeze: Freeze,
    /// Whether, and how, the run ends once it has frozen.
    pub ends: Option<Quit>,
    /// Who waits for a checkpoint.
    pub owed: Owed,
    /// When flows that have not stopped are cut; `None`: they are not to be, or have been.
    pub cut_at: Option<Instant>,
    /// The cycle whose end is a moment of the agenda.
    pub closed: Option<Cycle>,
    /// What is under way.
    pub awaits: Thaw,
}

/// What a freeze waits for before it is at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thaw {
    /// Flows.
    Flows,
    /// The cycle's row.
    Row,
    /// A checkpoint from before the freeze; the freeze's own follows.
    Boundary,
    /// The freeze's checkpoint.
    Checkpoint,
}

/// A freeze, and where the run goes on from.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// Why.
    pub reason: FreezeReason,
    /// The cycle that it broke, and that is repeated as replay.
    pub broken: Option<Cycle>,
    /// The cycle to go on from.
    pub from: Cycle,
    /// A part of the process died: only a fresh one goes on.
    pub for_good: bool,
}

impl Freeze {
    /// As a checkpoint keeps it.
    pub fn saved(&self) -> SavedState {
        SavedState::Frozen { reason: self.reason.clone(), broken_cycle: self.broken }
    }
}

/// An operator's resume of a frozen run, under way.
#[derive(Clone, Debug)]
pub struct Reopening {
    /// What is opened.
    pub freeze: Freeze,
    /// The resume that is to be answered.
    pub resume: Ticket,
    /// The breaker has frozen the run again meanwhile.
    pub is_refrozen: bool,
    /// Whether, and how, the run ends once the shop has been looked at.
    pub ends: Option<Quit>,
    /// Who waits for a checkpoint.
    pub owed: Owed,
}

/// On the way out.
#[derive(Clone, Debug)]
pub struct Ending {
    /// How it ends.
    pub how: How,
    /// The quit that ends it; `None` at its planned end.
    pub asked: Option<Quit>,
    /// Who waits for a checkpoint.
    pub owed: Owed,
    /// What is under way.
    pub awaits: LastWord,
}

/// What an end waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LastWord {
    /// Carts that flows left full are being cleared at the shop.
    Carts,
    /// The same, and no more permits are given: what is on its way ends.
    LastClears,
    /// The last checkpoint.
    Checkpoint,
    /// The end in the database.
    Row,
    /// Whatever is still being written.
    Drain,
}

impl LastWord {
    /// Whether the last checkpoint is still to be written.
    pub fn is_before_the_checkpoint(self) -> bool {
        match self {
            Self::Carts | Self::LastClears | Self::Checkpoint => true,
            Self::Row | Self::Drain => false,
        }
    }
}

/// How a run ends.
#[derive(Clone, Debug)]
pub enum How {
    /// What was planned is done.
    Completed,
    /// An operator ended it.
    Stopped,
    /// It was frozen: it comes back frozen.
    Frozen(Freeze),
}

impl How {
    /// As the run's row keeps it.
    pub fn row(&self) -> RunState {
        match self {
            Self::Completed => RunState::Completed,
            Self::Stopped => RunState::Stopped,
            Self::Frozen(_) => RunState::Frozen,
        }
    }

    /// As the last checkpoint keeps it.
    pub fn saved(&self) -> SavedState {
        match self {
            Self::Completed | Self::Stopped => SavedState::Ended,
            Self::Frozen(freeze) => freeze.saved(),
        }
    }
}

/// A run that is over.
#[derive(Clone, Debug)]
pub enum Ended {
    /// It never began.
    NotBegun,
    /// So, at the word of this quit, if it was one.
    As(How, Option<Quit>),
}

/// What operators have asked of a run that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Course {
    /// Cycle after cycle.
    #[default]
    GoesOn,
    /// Parked.
    Parked,
    /// This cycle is its last.
    LastCycle,
    /// This cycle is its last, and parked.
    LastCycleParked,
    /// No more permits. Nothing weakens it.
    EndsNow,
}

impl Course {
    /// Whether permits wait.
    pub fn is_parked(self) -> bool {
        matches!(self, Self::Parked | Self::LastCycleParked)
    }

    /// The quit that has been asked for.
    pub fn quit(self) -> Option<Quit> {
        match self {
            Self::GoesOn | Self::Parked => None,
            Self::LastCycle | Self::LastCycleParked => Some(Quit::AfterCycle),
            Self::EndsNow => Some(Quit::Now),
        }
    }

    /// With this quit: what is parked is cut, and what ends now goes on to end now.
    pub fn with(self, quit: Quit) -> Self {
        match (self, quit) {
            (Self::GoesOn | Self::LastCycle, Quit::AfterCycle) => Self::LastCycle,
            (Self::Parked | Self::LastCycleParked | Self::EndsNow, Quit::AfterCycle)
            | (_, Quit::Now) => Self::EndsNow,
        }
    }

    /// As a checkpoint at a clean boundary keeps it.
    pub fn saved(self) -> SavedState {
        if self.is_parked() { SavedState::Paused } else { SavedState::Running }
    }
}

/// Of two quits the one that waits less; a quit that does not wait is never weakened.
pub fn stronger(earlier: Option<Quit>, quit: Quit) -> Option<Quit> {
    match earlier {
        Some(Quit::Now) => Some(Quit::Now),
        Some(Quit::AfterCycle) | None => Some(quit),
    }
}

/// Who waits for a checkpoint that a transition writes; one an operator's request.
#[derive(Clone, Debug, Default)]
#[must_use = "whoever waits must be answered"]
pub struct Owed(pub Vec<Ticket>);

impl Owed {
    /// One more.
    pub fn and(mut self, ticket: Ticket) -> Self {
        self.0.push(ticket);
        self
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells everybody what became of it.
    pub fn settle(self, saved: &Result<PathBuf, CheckpointError>, step: &mut Step<'_>) {
        for ticket in self.0 {
            step.answer(ticket, checkpoint_answer(saved));
        }
    }

    /// Has it written at once, whatever else happens.
    pub fn write_at_once(self, state: SavedState, step: &mut Step<'_>) {
        if !self.0.is_empty() {
            step.act(Action::Checkpoint(state, self.0));
        }
    }
}

/// What whoever asked for a checkpoint is told.
pub fn checkpoint_answer(saved: &Result<PathBuf, CheckpointError>) -> Result<Done, CommandRefused> {
    let path = saved.clone().map_err(|error| CommandRefused::Checkpoint(error.to_string()))?;
    let message = format!("a checkpoint is written: {}", path.display());
    Ok(Done { message, checkpoint: Some(path) })
}
