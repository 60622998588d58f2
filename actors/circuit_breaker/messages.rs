//! What the [`CircuitBreaker`](super::CircuitBreaker) accepts.

use std::time::Instant;

use actix::prelude::*;

use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, SessionId};
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

/// Why a run froze.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FreezeReason {
    /// Too many failed flows in one cycle (Q5.1).
    FailuresInCycle {
        /// How many.
        failures: u32,
        /// How many were allowed.
        allowed: u32,
        /// Of how many released agents.
        released: u32,
        /// What failed, most frequent first, at most 3.
        causes: Vec<String>,
    },
    /// Too many failed flows in a row over cycles.
    FailuresInARow {
        /// How many.
        failures: u32,
        /// What failed, most frequent first, at most 3.
        causes: Vec<String>,
    },
    /// The shop does not answer its probe (Q5.5).
    Outage {
        /// What failed first.
        cause: String,
        /// Over which HTTP session.
        http_session: SessionId,
    },
    /// Shoppers, but no accepted add in a whole cycle.
    NothingAccepted {
        /// Adds tried.
        attempts: u64,
    },
    /// A part of cartload itself died and cannot be rebuilt safely.
    ServiceDied {
        /// Its name.
        service: String,
    },
    /// Too many agents crash again and again.
    Quarantines {
        /// In quarantine.
        quarantined: u32,
        /// Of how many.
        active: u32,
    },
    /// A cycle's row could not be written: its hour would be claimed without proof (P8).
    StoreFailed {
        /// What the store said.
        cause: String,
    },
    /// A developer's drill.
    Tripped {
        /// What the developer gave as reason.
        reason: String,
    },
}

impl std::fmt::Display for FreezeReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FailuresInCycle { failures, allowed, released, causes } => write!(
                f,
                "{failures} of {released} agents failed in one cycle, {allowed} are allowed ({})",
                causes.join("; ")
            ),
            Self::FailuresInARow { failures, causes } => {
                write!(f, "{failures} flows failed in a row ({})", causes.join("; "))
            }
            Self::Outage { cause, http_session } => write!(
                f,
                "the shop does not answer: {cause} over HTTP session {http_session}, then three \
                 probes failed"
            ),
            Self::NothingAccepted { attempts } => {
                write!(f, "the shop accepted none of {attempts} adds in a whole cycle")
            }
            Self::ServiceDied { service } => write!(f, "{service} died"),
            Self::Quarantines { quarantined, active } => {
                write!(f, "{quarantined} of {active} agents are in quarantine")
            }
            Self::StoreFailed { cause } => write!(f, "the cycle could not be recorded: {cause}"),
            Self::Tripped { reason } => write!(f, "tripped by hand: {reason}"),
        }
    }
}

/// Sent by a Session on the first outage-class error; starts one probe at a time.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct OutageSignal {
    /// Over which HTTP session.
    pub http_session: SessionId,
    /// What failed, redacted.
    pub cause: String,
    /// When that call failed first.
    pub failed_at: Instant,
}

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
