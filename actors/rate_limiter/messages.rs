//! What the [`RateLimiter`](super::RateLimiter) accepts.

use actix::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::permit::Permit;
use crate::domain::rate::Rate;

/// Sent by an Agent or a probe before every request, retries included. Answered in order of
/// arrival; waits while the gate is closed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Permit, Refused>")]
pub struct TakePermit {
    /// Where in the queue.
    pub place: Place,
}

/// Where a waiter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the end: every request of a flow.
    Tail,
    /// At the head: outage probes, the only exception to FIFO (Q5.5).
    Head,
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

/// Sent by the Coordinator on pause: waiters stay queued, nothing is granted.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseGate;

/// Sent by the Coordinator on resume: grants go on where they stopped.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct OpenGate;

/// Sent by the CircuitBreaker on freeze and by the Coordinator on stop: answers all waiters and
/// every later one with the refusal, until [`OpenGate`].
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Refuse(
    /// What waiters are told.
    pub Refused,
);

/// Sent by the Coordinator when an operator changes the rate.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Retune(
    /// The new limit.
    pub Rate,
);

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum RateLimiterInjection {
    /// Waiters stay queued, nothing is granted, until `OpenGate` or an operator's resume.
    CloseGate,
    /// Undoes `CloseGate`; refused while the run is paused, frozen or ending.
    OpenGate,
    /// Grants at this rate, while the run goes on to believe in its own.
    Retune(Rate),
    /// The actor panics; the run freezes for good.
    Die,
}
