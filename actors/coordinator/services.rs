//! Whom the Coordinator may ask: every edge of the topology that begins at it.

use std::path::PathBuf;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::prelude::*;

use crate::checkpointer::Checkpointer;
use crate::checkpointer::messages::SaveCheckpoint;
use crate::circuit_breaker::CircuitBreaker;
use crate::circuit_breaker::messages::DropQuestions;
use crate::db_writer::DbWriter;
use crate::db_writer::messages::{Heartbeat, RecordIncident};
use crate::db_writer::trouble::TroubleBoard;
use crate::domain::ids::SessionId;
use crate::domain::incident::Incident;
use crate::domain::snapshot::Snapshot;
use crate::offer_refresher::messages::RefreshOffers;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::StoreError;
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::gate::Gate;
use crate::rate_limiter::messages::{SetGate, TakePermit};
use crate::rate_limiter::pressure::Pressure;
use crate::rate_limiter::queue_length::QueueLength;
use crate::rate_limiter::throttle::SharedThrottle;
use crate::session_pool::board::HealthBoard;
use crate::session_pool::messages::Call;
use crate::shop_door::ShopDoor;

use super::injections::DrillDoors;
use super::lost_orders::board::SearchBoard;

/// From one try at an incident that could not be written to the next.
const INCIDENT_AGAIN: Duration = Duration::from_secs(1);

/// The services below the Coordinator. Whole addresses where it uses most of what one accepts.
#[derive(Clone)]
pub struct Services {
    /// Gate and rate.
    pub limiter: Addr<RateLimiter>,
    /// How many wait for a permit.
    pub queue: QueueLength,
    /// The seats at the shop, and how it keeps up.
    pub pressure: Pressure,
    /// Permits of the start-up check.
    pub permits: Recipient<TakePermit>,
    /// The HTTP sessions, for the start-up check and for probes of one that is in doubt or down.
    pub sessions: Vec<Recipient<Call>>,
    /// The HTTP sessions' standing, which they note themselves.
    pub board: HealthBoard,
    /// How far the search for lost orders has come.
    pub orders: SearchBoard,
    /// What the shop's 429 have come to.
    pub throttle: SharedThrottle,
    /// Rows.
    pub writer: Addr<DbWriter>,
    /// Whether the database takes them.
    pub trouble: TroubleBoard,
    /// Offers; told, never waited for.
    pub refresher: Recipient<RefreshOffers>,
    /// Verdicts.
    pub breaker: Addr<CircuitBreaker>,
    /// Files.
    pub checkpointer: Addr<Checkpointer>,
    /// For developers' messages only.
    pub drills: DrillDoors,
}

impl Services {
    /// The way to the shop over this HTTP session, for the start-up check and for probes; `None`
    /// where the run has no such session.
    pub fn door(&self, http_session: SessionId) -> Option<ShopDoor> {
        let session = self.sessions.get(usize::from(http_session.0))?.clone();
        Some(ShopDoor { permits: self.permits.clone(), session, http_session })
    }

    /// Sets the limiter's gate. Where no more permits are given, whatever the shop is being asked
    /// decides nothing any more.
    #[expect(clippy::disallowed_methods, reason = "two per change of the gate: human rate")]
    pub fn set_gate(&self, gate: Gate) {
        self.limiter.do_send(SetGate(gate));
        match gate {
            Gate::Refusing(_) => self.breaker.do_send(DropQuestions),
            Gate::Open | Gate::Closed => {}
        }
    }

    /// Has a checkpoint written; the Checkpointer's death is an error of it.
    pub async fn save(&self, snapshot: Snapshot) -> Result<PathBuf, CheckpointError> {
        let saved = self.checkpointer.send(SaveCheckpoint(snapshot)).await;
        saved.unwrap_or_else(|_| {
            Err(CheckpointError::Io {
                path: PathBuf::from("checkpoints"),
                cause: "the checkpointer is gone".to_owned(),
            })
        })
    }

    /// Has an incident written. The store has its own patience; an incident outlasts it, as it
    /// often says that the store was away. One waits for each incident, all at human rate.
    pub async fn write_down(&self, incident: Incident) {
        while let Err(error) = self.write(RecordIncident(incident.clone())).await {
            tracing::error!(%error, "an incident could not be recorded");
            if !error.may_pass() {
                break;
            }
            tokio::time::sleep(INCIDENT_AGAIN).await;
        }
    }

    /// Says that the run's owner lives.
    pub async fn beat(self, beat: Heartbeat) {
        match self.write(beat).await {
            Ok(()) => {}
            // The board has noted it, and every door says so.
            Err(error) if error.may_pass() => tracing::debug!(%error, "no heartbeat"),
            Err(error) => tracing::warn!(%error, "the heartbeat was not written"),
        }
    }

    /// Asks the DbWriter, whose death is an error of the store.
    pub async fn write<M, T>(&self, message: M) -> Result<T, StoreError>
    where
        M: Message<Result = Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
        DbWriter: Handler<M>,
        <DbWriter as Actor>::Context: ToEnvelope<DbWriter, M>,
    {
        self.writer.send(message).await.unwrap_or(Err(StoreError::Closed))
    }
}
