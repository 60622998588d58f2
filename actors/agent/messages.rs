//! What an [`Agent`](super::Agent) accepts.

use std::sync::Arc;

use actix::prelude::*;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::coordinator::messages::AgentFinished;
use crate::domain::catalog::Catalog;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, StoreId};
use crate::domain::stable_hash::stable_hash;

use super::drill::Shares;

/// Sent by the Coordinator at a tick. Answered by one [`AgentFinished`] to `report_to`; one is in
/// flight per agent, the cycle's barrier sees to it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct RunCycle {
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// `runs.resumes` now.
    pub resumes: ReplayNumber,
    /// Simulated begin of the hour.
    pub simulated_at: NaiveDateTime,
    /// The calendar's weight of this hour, 1 = an ordinary day.
    pub event_weight: f64,
    /// What the shop showed at the start.
    pub shop: Arc<ShopFacts>,
    /// Who hears of the end.
    pub report_to: Recipient<AgentFinished>,
}

/// Sent by the Coordinator to a build that another has replaced; it ends without a report.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct StopAgent;

/// Sent by the Coordinator when flows under way have had their time to stop: the flow ends where it
/// is, and its actor with it. An agent without a flow under way goes on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CutFlow;

/// Sent by the Coordinator for a developer: waits for its moment, in this flow or a later one; a
/// later drill takes the place of one that has not struck yet.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Drill {
    /// What strikes.
    pub what: AgentInjection,
    /// How many agents it strikes of all that were told.
    pub shares: Shares,
}

/// What a developer may do to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentInjection {
    /// The flow panics at its next call with something in its cart: the worst moment.
    Crash,
    /// The flow never goes on from its next call with something in its cart.
    Hang,
    /// The next checkout fails as if the shop had answered this status; nothing is sent.
    FailNextCheckout {
        /// 400 to 599.
        status: ErrorStatus,
    },
    /// The next call of any kind fails as if the shop had answered this status; nothing is sent.
    FailNextCall {
        /// 400 to 599.
        status: ErrorStatus,
    },
}

/// An HTTP status that says no: 400 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// The status, if it is one of an error.
    pub fn new(status: u16) -> Option<Self> {
        (400..=599).contains(&status).then_some(Self(status))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for ErrorStatus {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        Self::new(status).ok_or_else(|| format!("status {status} is not within 400 and 599"))
    }
}

impl From<ErrorStatus> for u16 {
    fn from(status: ErrorStatus) -> Self {
        status.0
    }
}

/// What the shop showed before the first tick.
#[derive(Clone, Debug, Default)]
pub struct ShopFacts {
    /// Every product.
    pub catalog: Catalog,
    /// Every branch; agents are spread over them by stable hash.
    pub stores: Vec<StoreId>,
}

impl ShopFacts {
    /// The branch of this agent; none where the shop lists none.
    pub fn store_of(&self, agent: &AgentId) -> Option<StoreId> {
        let spread = stable_hash("store", agent).checked_rem(self.stores.len() as u64)?;
        self.stores.get(usize::try_from(spread).ok()?).cloned()
    }
}
