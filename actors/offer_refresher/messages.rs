//! What the [`OfferRefresher`](super::OfferRefresher) accepts.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::prelude::*;
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::coordinator::messages::OffersRefreshed;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, CohortName, OwnerToken, RunId};
use crate::domain::persona::Persona;

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
    pub due: BTreeMap<AgentId, Holder>,
    /// Who hears of the outcome.
    pub report_to: Recipient<OffersRefreshed>,
}

/// Who is given coupons.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// What it is like.
    pub persona: Arc<Persona>,
    /// Its arm, where it is in one.
    pub cohort: Option<CohortName>,
}

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum OfferRefresherInjection {
    /// Every agent is due at once, within its cap; the Coordinator, who knows them, sends
    /// [`RefreshOffers`] in its place.
    Refresh,
    /// So many refreshes fail; their agents are part of the next one.
    Fail {
        /// How many.
        refreshes: u32,
    },
    /// The actor panics and is built anew.
    Die,
}
