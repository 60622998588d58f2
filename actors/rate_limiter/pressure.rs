//! The seats at the shop, shared: the limiter takes and gives them, others look.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bound::Bound;
use super::seats::{Seats, SeatsTaken};
use crate::domain::ids::SessionId;
use crate::domain::in_flight::InFlight;

/// Callers that are expected until the agents have been loaded.
const CALLERS_FIRST: usize = 372;

/// A handle to them. A std mutex, held for a microsecond, never over an await: an HTTP session
/// that asks whether a queue explains its timeouts cannot wait for a message.
#[derive(Clone, Debug)]
pub struct Pressure(Arc<Mutex<Seats>>);

impl Pressure {
    /// All seats free, under a bound that knows nothing yet.
    pub fn new(mode: InFlight, now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Seats::new(Bound::new(mode, CALLERS_FIRST, now)))))
    }

    /// Changes them, or looks.
    pub(super) fn with<R>(&self, look: impl FnOnce(&mut Seats) -> R) -> R {
        // Each step leaves the seats whole: one that panicked meanwhile left nothing half done.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// There are so many callers now: the bound is never above them.
    pub fn set_callers(&self, callers: usize) {
        self.with(|seats| seats.set_callers(callers));
    }

    /// The seats as they are.
    pub fn taken(&self, now: Instant) -> SeatsTaken {
        self.with(|seats| seats.taken(now))
    }

    /// Whether calls over other HTTP sessions, sent since `sent`, show a queue in which a call may
    /// have waited for `waited`; `None` where none of them was answered.
    pub fn queue_elsewhere(&self, sent: Instant, waited: Duration, but: SessionId) -> Option<bool> {
        self.with(|seats| seats.queue_elsewhere(sent, waited, but))
    }
}
