//! The right to send one request. Only the bucket makes one, and sending consumes it.

use std::time::{Duration, Instant};

/// A permit older than this must not be sent under a limit: the ring spaces grants over 1.010 s, so
/// 10 ms is what the way from grant to wire may take without breaking the 1 s window (P3).
pub const PERMIT_AGE_MAX: Duration = Duration::from_millis(10);

/// One request's worth of the limit. Not `Clone`: each is sent at most once.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    granted_at: Instant,
    expires: bool,
}

impl Permit {
    /// A permit granted at `now`; under no limit it never expires. Banned by clippy: only the
    /// bucket of the rate limiter may expect to call it.
    pub fn granted(now: Instant, limited: bool) -> Self {
        Self { granted_at: now, expires: limited }
    }

    /// A permit outside of any run's limit, for probing a shop from the command line (doctor) and
    /// for adapters' tests; nothing in `actors` calls it.
    pub fn unlimited(now: Instant) -> Self {
        Self { granted_at: now, expires: false }
    }

    /// Whether it may still be sent at `now`.
    pub fn is_sendable(&self, now: Instant) -> bool {
        !self.expires || now.saturating_duration_since(self.granted_at) <= PERMIT_AGE_MAX
    }

    /// When it was granted.
    pub fn granted_at(&self) -> Instant {
        self.granted_at
    }
}
