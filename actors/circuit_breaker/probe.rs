//! The way of an outage probe: how many calls, over which HTTP sessions, how far apart (Q5.5).
//!
//! Another session than the one that failed is tried first of all: a broken session must not pass
//! for a shop that is gone.

use std::time::Duration;

use crate::domain::ids::SessionId;

/// Calls that must all fail before a run freezes.
pub const PROBE_CALLS: usize = 3;
/// Between two of them.
pub const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// Each has so long: with the pauses a silent shop freezes the run 8 s after the signal.
pub const PROBE_CALL_MAX: Duration = Duration::from_secs(2);

/// The sessions over which the calls go, in order; the failed one only where there is no other.
/// Empty without any session.
pub fn route(failed: SessionId, sessions: usize) -> Vec<usize> {
    let others: Vec<usize> = (1..sessions)
        .map(|step| (usize::from(failed.0) + step) % sessions)
        .filter(|session| *session != usize::from(failed.0))
        .collect();
    let pool = if others.is_empty() { (0..sessions).collect() } else { others };
    pool.iter().copied().cycle().take(if pool.is_empty() { 0 } else { PROBE_CALLS }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_other_sessions_are_tried_where_there_are_so_many() {
        assert_eq!(route(SessionId(3), 10), [4, 5, 6]);
        assert_eq!(route(SessionId(8), 10), [9, 0, 1]);
        assert_eq!(route(SessionId(1), 2), [0, 0, 0]);
    }

    #[test]
    fn the_only_session_probes_for_itself_and_none_probes_nothing() {
        assert_eq!(route(SessionId(0), 1), [0, 0, 0]);
        assert!(route(SessionId(0), 0).is_empty());
    }

    #[test]
    fn a_session_that_does_not_exist_is_no_reason_to_panic() {
        assert_eq!(route(SessionId(200), 3).len(), 3);
    }
}
