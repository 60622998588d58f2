//! What a run wants done. Whoever performs it decides nothing.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::agenda::Moment;
use crate::coordinator::command::{CommandRefused, Done};
use crate::coordinator::messages::StartError;
use crate::domain::cycle::Cycle;
use crate::domain::ids::AgentId;
use crate::domain::in_flight::InFlight;
use crate::domain::incident::IncidentKind;
use crate::domain::rate::Rate;
use crate::domain::snapshot::SavedState;
use crate::domain::time_scale::TimeScale;
use crate::ports::store::RunState;
use crate::rate_limiter::gate::Gate;

use super::input::Reopened;

/// One command that was asked, to be answered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// How calls to the shop are held back from here on; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tune {
    /// Requests a second.
    pub rate: Option<Rate>,
    /// Calls in flight.
    pub in_flight: Option<InFlight>,
}

impl Tune {
    /// This limit, and no bound beside it.
    pub fn fixed(rate: Rate) -> Self {
        Self { rate: Some(rate), in_flight: Some(InFlight::Off) }
    }
}

impl From<Rate> for Tune {
    fn from(rate: Rate) -> Self {
        Self { rate: Some(rate), in_flight: None }
    }
}

impl From<InFlight> for Tune {
    fn from(in_flight: InFlight) -> Self {
        Self { rate: None, in_flight: Some(in_flight) }
    }
}

/// One thing to be done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Tells whoever waits for the start.
    Started(Result<(), StartError>),
    /// Opens the cycle, does what waits for its tick, tells the agents.
    Tick {
        /// How late the tick is.
        lateness: Duration,
    },
    /// Ends flows that have not stopped in their time.
    CutFlows,
    /// Closes the attempt and writes its row; `Recorded` follows.
    CloseCycle {
        /// A freeze or a stop broke it.
        broken: bool,
    },
    /// Writes the checkpoint of a transition; `Saved` follows.
    Save(SavedState),
    /// Writes a checkpoint beside the run and answers these.
    Checkpoint(SavedState, Vec<Ticket>),
    /// Does what waits for this moment; `Followed` follows.
    Follow(Moment),
    /// Clears the carts at the shop that flows left full; `CartsCleared` follows, within ten
    /// seconds.
    ClearCarts,
    /// Says how many carts stay full at the shop, if any do.
    SayCarts,
    /// Writes `runs.state`; `StateWritten` follows. Never while another one is under way.
    WriteState(RunState),
    /// Lets every write end; `Drained` follows.
    Drain,
    /// Says that it is over.
    End(RunState),
    /// Sets the limiter's gate.
    Gate(Gate),
    /// Sets the one alarm, or takes it away; `Woke` follows when it goes off.
    Alarm(Option<Instant>),
    /// Shows the run as it is.
    Publish,
    /// Writes an incident beside the run.
    Incident(IncidentKind, String, Value),
    /// Shows the failures that froze it, for as long as it is frozen.
    ShowFailures(FreezeReason),
    /// Counts from nothing again: an operator has opened the run.
    ForgetFailures,
    /// Freezes the breaker too.
    Trip(FreezeReason),
    /// Opens the breaker.
    Reset,
    /// Looks at the shop and begins an attempt from this cycle; `Looked` follows.
    Look(Cycle),
    /// Builds every agent anew.
    Rebuild(Box<Reopened>),
    /// Answers a command.
    Answer(Ticket, Result<Done, CommandRefused>),
    /// Gives a quarantined agent its ticks back, and answers.
    Revive(Ticket, AgentId),
    /// Sets another limit or bound, and answers.
    Tune(Ticket, Tune),
    /// Keeps another time scale for later checkpoints.
    KeepTimeScale(TimeScale),
}
