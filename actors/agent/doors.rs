//! Whom an agent may ask: for permits, for its HTTP session, for the rows of its flows.

use actix::prelude::*;

use crate::db_writer::messages::OpenFlow;
use crate::domain::flow::FlowKey;
use crate::domain::ids::AgentId;
use crate::domain::offer::Wallet;
use crate::ports::store::StoreError;
use crate::rate_limiter::messages::TakePermit;
use crate::session_pool::messages::{Lease, Leased};
use crate::shop_door::ShopDoor;

use super::record::Writers;

/// Whom an agent may ask.
#[derive(Clone)]
pub struct AgentDoors {
    /// Before every request.
    pub permits: Recipient<TakePermit>,
    /// Once, for its HTTP session.
    pub leases: Recipient<Lease>,
    /// For the rows of its flows.
    pub writers: Writers,
}

impl AgentDoors {
    /// The HTTP session the agent holds, or its lease of one.
    pub(super) async fn seat(
        &self,
        held: Option<Leased>,
        agent_id: &AgentId,
    ) -> Result<Leased, MailboxError> {
        match held {
            Some(leased) => Ok(leased),
            None => self.leases.send(Lease { agent_id: agent_id.clone() }).await,
        }
    }

    /// The way to the shop over this HTTP session.
    pub(super) fn to_shop(&self, over: &Leased) -> ShopDoor {
        let (permits, session) = (self.permits.clone(), over.calls.clone());
        ShopDoor { permits, session, http_session: over.session_id }
    }

    /// Opens the row of a flow; answers the agent's wallet.
    pub(super) async fn open(&self, key: FlowKey) -> Result<Wallet, StoreError> {
        self.writers.open.send(OpenFlow(key)).await.unwrap_or(Err(StoreError::Closed))
    }
}
