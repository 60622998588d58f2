//! What the [`RateLimiter`](super::RateLimiter) accepts.

use std::time::Instant;

use actix::prelude::*;
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::grant::Grant;
use super::holds::Held;
use super::seats::CallEnd;
use crate::domain::in_flight::InFlight;
use crate::domain::rate::Rate;

/// Sent by an Agent or a probe before every request, retries included. Answered in order of
/// arrival; waits while the gate is closed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Grant, Refused>")]
pub struct TakePermit {
    /// Where in the queue.
    pub place: Place,
    /// For what.
    pub asker: Asker,
}

/// What a permit is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A call, which takes a seat at the shop.
    Call,
    /// To see whether the shop is there: takes none, for all of them may be held by calls that it
    /// does not answer.
    Probe,
}

/// Where a waiter stands. Within each place first come is first served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the head: outage probes, the only exception to FIFO (Q5.5), and a look at the shop, during
    /// which nobody else asks.
    Head,
    /// Behind those: a call that the shop turned back by 429, which had waited for its turn before.
    Returned,
    /// At the end: every other request.
    Tail,
}

/// Why no permit will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The run froze.
    #[error("the run is frozen")]
    Frozen,
    /// The run is being stopped.
    #[error("the run is being stopped")]
    Stopped,
    /// The limiter is gone.
    #[error("the rate limiter is not running")]
    Gone,
}

/// Sent by a grant that is through: once for each permit.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SeatBack {
    /// Calls under way when the seat was taken; `None`: none was.
    pub in_flight: Option<u32>,
    /// What became of the permit.
    pub end: Returned,
}

/// What became of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// It was not used: nothing left for the shop.
    Unsent {
        /// When it was granted.
        granted_at: Instant,
    },
    /// It was sent with.
    Sent(CallEnd),
}

/// Sent by the Coordinator when its run's state wants another: the run's own hold.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SetGate(
    /// What the run lets through.
    pub Gate,
);

/// Sent by the CircuitBreaker while it asks whether the shop is there, on a freeze, and when either
/// is over: its own hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct HoldBack(
    /// What it keeps back from here on.
    pub Held,
);

/// Sent by the Coordinator when an operator changes the rate.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Retune(
    /// The new limit.
    pub Rate,
);

/// Sent by the Coordinator when an operator changes the bound on calls in flight.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Rebound(
    /// The new one.
    pub InFlight,
);

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum RateLimiterInjection {
    /// As if the run parked: waiters stay queued, nothing is granted, until `OpenGate` or an
    /// operator's resume.
    CloseGate,
    /// Undoes `CloseGate`; refused while the run is paused, frozen or ending.
    OpenGate,
    /// Grants at this rate, while the run goes on to believe in its own.
    Retune(Rate),
    /// The actor panics; the run freezes for good.
    Die,
}
