//! What the [`OfferRefresher`](super::OfferRefresher) accepts.

use actix::prelude::*;
use chrono::NaiveDateTime;

use crate::coordinator::messages::OffersRefreshed;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, OwnerToken, RunId};

/// Sent by the Coordinator at a tick for the agents that are due; runs beside the shopping. One
/// runs, one waits; agents of a further one join the waiting one.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct RefreshOffers {
    /// The run.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// The cycle in which they are due.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Simulated.
    pub at: NaiveDateTime,
    /// Who is due, holdout included: the refresher leaves those out itself.
    pub due: Vec<AgentId>,
    /// Who hears of the outcome.
    pub report_to: Recipient<OffersRefreshed>,
}
