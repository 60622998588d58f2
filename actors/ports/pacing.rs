//! The clock: monotonic time for pacing and latency, wall-clock time for `recorded_at`.

use std::time::Instant;

use chrono::{NaiveDateTime, SubsecRound};

/// Where actors read the time; pure cores get it as an argument.
pub trait Pacing: Send + Sync + 'static {
    /// Monotonic; the clock that tokio's timers follow, so that a paused test clock pauses both.
    fn now(&self) -> Instant;

    /// UTC, truncated to microseconds: what both databases keep.
    fn wall(&self) -> NaiveDateTime;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemPacing;

impl Pacing for SystemPacing {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> NaiveDateTime {
        chrono::Utc::now().naive_utc().trunc_subsecs(6)
    }
}
