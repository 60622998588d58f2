//! How long the gate has been closed: what every clock that an operator's pause must not run takes
//! out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The gate's closed time, written by the limiter and read by whoever measures a wait.
///
/// Shared because a wait is measured where it is felt, at the agent; a message would only add to
/// it.
#[derive(Clone, Debug, Default)]
pub struct ParkedTime(Arc<Mutex<Parked>>);

#[derive(Debug, Default)]
struct Parked {
    before: Duration,
    since: Option<Instant>,
}

impl ParkedTime {
    /// The gate closes at `now`; closed twice counts once.
    pub fn close(&self, now: Instant) {
        self.with(|parked| {
            parked.since.get_or_insert(now);
        });
    }

    /// The gate opens, or refuses, at `now`.
    pub fn open(&self, now: Instant) {
        self.with(|parked| {
            if let Some(since) = parked.since.take() {
                parked.before += now.saturating_duration_since(since);
            }
        });
    }

    /// Closed time up to `now`.
    pub fn total(&self, now: Instant) -> Duration {
        self.with(|parked| {
            let open_end = parked.since.map(|since| now.saturating_duration_since(since));
            parked.before + open_end.unwrap_or_default()
        })
    }

    fn with<R>(&self, look: impl FnOnce(&mut Parked) -> R) -> R {
        // Two plain fields cannot be left half-written.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_between_close_and_open_counts() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let parked = ParkedTime::default();
        parked.close(at(10));
        parked.close(at(12));
        assert_eq!(parked.total(at(15)), Duration::from_secs(5));
        parked.open(at(20));
        parked.open(at(25));
        assert_eq!(parked.total(at(99)), Duration::from_secs(10));
        parked.close(at(100));
        assert_eq!(parked.total(at(101)), Duration::from_secs(11));
    }
}
