//! What the [`CircuitBreaker`](super::CircuitBreaker) accepts.

use std::time::Instant;

use actix::prelude::*;

use crate::domain::cycle::{Cycle, ReplayNumber};
pub use crate::domain::freeze_reason::FreezeReason;
use crate::domain::ids::{AgentId, SessionId};
use crate::ports::shop_api::Doubt;
use crate::session_pool::messages::Call;

/// Sent by the Coordinator for each agent that ended its cycle.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Verdict")]
pub struct RecordOutcome {
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Agents released in it; sets the border.
    pub released: u32,
    /// Who.
    pub agent_id: AgentId,
    /// Over which HTTP session.
    pub http_session: SessionId,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an agent's cycle ended, as far as the breaker cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A flow ended without failure: resets the row of failures.
    Ended,
    /// A flow failed.
    Failed {
        /// In a few words, redacted.
        cause: String,
    },
    /// Idle, skipped, frozen, stopped or session down: neither counts nor resets.
    Neutral,
}

/// What the breaker makes of it.
#[derive(Clone, Debug, PartialEq, Eq, MessageResponse)]
pub enum Verdict {
    /// Go on.
    Running {
        /// Failures in this cycle so far.
        failures: u32,
        /// Failures this cycle may have.
        allowed: u32,
    },
    /// Frozen, by this outcome or before.
    Frozen {
        /// Why, in plain words.
        reason: FreezeReason,
    },
}

/// Sent by a Session on each outage-class error, and by the Coordinator when two sessions are down:
/// asks whether the shop is gone.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct OutageSignal {
    /// Over which HTTP session.
    pub http_session: SessionId,
    /// What failed, redacted.
    pub cause: String,
    /// What it makes one doubt.
    pub doubt: Doubt,
    /// Whether it was itself a probe.
    pub is_probe: bool,
    /// When that call failed first.
    pub failed_at: Instant,
}

/// Sent by a Session when a call was answered that settles what is being asked.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct ShopAnswered;

/// Sent by the Coordinator when the run gives no more permits, for it is frozen or ends: nothing
/// that is being asked decides anything any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct DropQuestions;

/// Sent once by the topology: HTTP sessions start after the breaker that they report to. Session 0
/// first; until it has come, outage signals start no probe.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ProbeVia(
    /// Where to send probe calls.
    pub Vec<Recipient<Call>>,
);

/// Sent by the Coordinator when something outside the count must freeze the run.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Trip(
    /// Why.
    pub FreezeReason,
);

/// Sent by the Coordinator when an HTTP session turned out to be down: the failures it caused in
/// the present cycle are taken back.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Verdict")]
pub struct Forgive(
    /// Whose failures.
    pub SessionId,
);

/// Sent by the Coordinator when an operator resumes: the only way out of frozen.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct ResetByOperator;

/// Sent by the Coordinator for a developer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, Message)]
#[rtype(result = "()")]
pub enum CircuitBreakerInjection {
    /// Freezes the run.
    Trip {
        /// What the freeze is put down to, cut to 200 characters.
        reason: String,
    },
    /// Probes the shop as if this HTTP session had reported an outage.
    SignalOutage(SessionId),
    /// The actor panics; the run freezes for good.
    Die,
}
