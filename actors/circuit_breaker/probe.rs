//! The way of outage probes: how many, over which HTTP sessions, how far apart (Q5.5).
//!
//! Other sessions than the one that failed are tried first of all: a broken session must not pass
//! for a shop that is gone.

use std::time::Duration;

use crate::domain::ids::SessionId;

/// Probes that must all go unanswered before a run freezes.
pub const PROBE_CALLS: usize = 3;
/// Between two of them.
pub const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// A probe that has found no connection after so long is followed by the next, and none counts as
/// unanswered sooner.
pub const PROBE_CONNECTS_WITHIN: Duration = Duration::from_secs(2);
/// What may be told of the probes of one question and not have been heard yet: each takes three
/// permits at most and ends once, and what is told is heard before the next one is asked for.
pub const NEWS_MAX: usize = 16;

/// The sessions over which probes go, in order and then again; the failed one only where there is
/// no other. Empty without any session.
pub fn route(failed: SessionId, sessions: usize) -> Vec<usize> {
    let others: Vec<usize> = (1..sessions)
        .map(|step| (usize::from(failed.0) + step) % sessions)
        .filter(|session| *session != usize::from(failed.0))
        .collect();
    if others.is_empty() { (0..sessions).collect() } else { others }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_session_is_tried_beginning_with_the_next() {
        assert_eq!(route(SessionId(3), 10), [4, 5, 6, 7, 8, 9, 0, 1, 2]);
        assert_eq!(route(SessionId(8), 10)[..3], [9, 0, 1]);
        assert_eq!(route(SessionId(1), 2), [0]);
    }

    #[test]
    fn the_only_session_probes_for_itself_and_none_probes_nothing() {
        assert_eq!(route(SessionId(0), 1), [0]);
        assert!(route(SessionId(0), 0).is_empty());
    }

    #[test]
    fn a_session_that_does_not_exist_is_no_reason_to_panic() {
        assert!(!route(SessionId(200), 3).is_empty());
    }
}
