//! What an [`Agent`](super::Agent) accepts.

use std::sync::Arc;

use actix::prelude::*;
use chrono::NaiveDateTime;

use crate::coordinator::messages::AgentFinished;
use crate::domain::catalog::Catalog;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::StoreId;

/// Sent by the Coordinator at a tick. Answered by one [`AgentFinished`] to `report_to`; one is in
/// flight per agent, the cycle's barrier sees to it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct RunCycle {
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
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

/// Sent by the Coordinator for a developer: strikes at the agent's next call with something in its
/// cart, in this flow or a later one; a second one before that takes the first one's place.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drill(
    /// What strikes.
    pub Fault,
);

/// A fault made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The flow panics.
    Panic,
    /// The flow never goes on.
    Hang,
}

/// What the shop showed before the first tick.
#[derive(Clone, Debug, Default)]
pub struct ShopFacts {
    /// Every product.
    pub catalog: Catalog,
    /// Every branch; agents are spread over them by stable hash.
    pub stores: Vec<StoreId>,
}
