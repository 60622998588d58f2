//! What a caller holds between its permit and its answer.
//!
//! Whatever becomes of the caller, the limiter hears of it once: a grant that is dropped unsent
//! gives back its token, its slot in the ring and its seat; one that was sent its seat.

use std::time::Instant;

use actix::WeakAddr;

use super::RateLimiter;
use super::messages::{Returned, SeatBack};
use super::seats::CallEnd;
use crate::domain::permit::Permit;

/// A permit with its seat.
#[derive(Debug)]
pub struct Grant {
    permit: Permit,
    seat: Seat,
}

/// A seat at the shop, on its way back from the moment it is dropped.
#[derive(Debug)]
pub struct Seat {
    /// Calls under way when it was taken; `None` for a probe, which takes none.
    in_flight: Option<u32>,
    granted_at: Instant,
    /// What the limiter is told if nobody knows better.
    end: Returned,
    limiter: WeakAddr<RateLimiter>,
}

impl Grant {
    /// One that nobody has yet.
    pub(super) fn new(
        permit: Permit,
        in_flight: Option<u32>,
        limiter: WeakAddr<RateLimiter>,
    ) -> Self {
        let granted_at = permit.granted_at();
        let seat = Seat { in_flight, granted_at, end: Returned::Unsent { granted_at }, limiter };
        Self { permit, seat }
    }

    /// When it was granted.
    pub fn granted_at(&self) -> Instant {
        self.seat.granted_at
    }

    /// The permit to send with; from here on the call may have left.
    pub fn send(self) -> (Permit, Seat) {
        let Self { permit, mut seat } = self;
        seat.end = Returned::Sent(CallEnd::Other);
        (permit, seat)
    }
}

impl Seat {
    /// The permit was too old: nothing left.
    pub fn unsent(mut self) {
        self.end = Returned::Unsent { granted_at: self.granted_at };
    }

    /// The call ended so.
    pub fn ended(mut self, end: CallEnd) {
        self.end = Returned::Sent(end);
    }
}

impl Drop for Seat {
    #[expect(clippy::disallowed_methods, reason = "one a permit, and those are bounded")]
    fn drop(&mut self) {
        // A limiter that is gone has no seats.
        if let Some(limiter) = self.limiter.upgrade() {
            limiter.do_send(SeatBack { in_flight: self.in_flight, end: self.end });
        }
    }
}
