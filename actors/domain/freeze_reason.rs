//! Why a run froze, in data and in plain words; checkpoints and status carry it.

use super::ids::SessionId;

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
