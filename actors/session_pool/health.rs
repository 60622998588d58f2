//! Whether an HTTP session's own connections are broken, as against the shop being gone.
//!
//! A row of failures makes a session only suspect. It is down when, in the time of that row,
//! another session got through: then the shop is there and this session is not.

use std::collections::VecDeque;
use std::time::Instant;

use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind};

/// So many last tries must have failed, retries included (Q3.5).
pub const FAULTS_IN_A_ROW: usize = 5;

/// What one try says of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The shop itself answered, whatever it said.
    Answered,
    /// It failed in a way that speaks against the connections (`ApiError::is_session_fault`).
    Fault,
    /// It failed in another way: ends a row of faults, but is no success either.
    Other,
}

/// What this end of a call says; `None` when nothing was tried.
pub fn tried(end: &Result<Answered, ApiError>) -> Option<Tried> {
    use ApiErrorKind as Kind;
    let Err(error) = end else { return Some(Tried::Answered) };
    match &error.kind {
        Kind::PermitExpired => None,
        Kind::ConnectRefused
        | Kind::ConnectTimeout
        | Kind::Tls
        | Kind::CallTimeout
        | Kind::Disconnected => Some(Tried::Fault),
        Kind::Dns | Kind::EdgeDown(_) | Kind::BodyTruncated => Some(Tried::Other),
        Kind::Refused(_)
        | Kind::RateLimited { .. }
        | Kind::Unauthorized(_)
        | Kind::Invalid(_)
        | Kind::ServerError(_)
        | Kind::UnexpectedStatus(_)
        | Kind::Unparsable { .. }
        | Kind::BodyTooLarge => Some(Tried::Answered),
    }
}

/// The last tries of one HTTP session.
#[derive(Clone, Debug, Default)]
pub struct SessionHealth {
    /// When the tries of the present row of faults failed, oldest first, the last five of it.
    faults: VecDeque<Instant>,
    /// When a try last went well.
    last_success: Option<Instant>,
}

impl SessionHealth {
    /// Takes in one try that ended at `now`.
    pub fn record(&mut self, now: Instant, tried: Tried) {
        match tried {
            Tried::Answered => {
                self.faults.clear();
                // Two threads report: a late report must not turn the time back.
                self.last_success = self.last_success.max(Some(now));
            }
            Tried::Other => self.faults.clear(),
            Tried::Fault => {
                if self.faults.len() == FAULTS_IN_A_ROW {
                    self.faults.pop_front();
                }
                self.faults.push_back(now);
            }
        }
    }

    /// Whether the last try was a fault.
    pub fn is_in_doubt(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether the last five tries failed.
    pub fn is_suspect(&self) -> bool {
        self.faults.len() == FAULTS_IN_A_ROW
    }

    /// When the first of the last five tries failed; `None` unless suspect.
    pub fn suspect_since(&self) -> Option<Instant> {
        self.faults.front().copied().filter(|_| self.is_suspect())
    }

    /// When a try last went well.
    pub fn last_success(&self) -> Option<Instant> {
        self.last_success
    }

    /// Whether it is down, given when any other session last got through.
    pub fn is_down(&self, last_success_elsewhere: Option<Instant>) -> bool {
        self.suspect_since()
            .zip(last_success_elsewhere)
            .is_some_and(|(first_fault, success)| success >= first_fault)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn failed(times: u64) -> (SessionHealth, Instant) {
        let start = Instant::now();
        let mut health = SessionHealth::default();
        for n in 0..times {
            health.record(start + Duration::from_secs(n), Tried::Fault);
        }
        (health, start)
    }

    #[test]
    fn five_faults_in_a_row_are_suspect_and_four_are_not() {
        assert!(!failed(4).0.is_suspect());
        assert!(failed(5).0.is_suspect());
    }

    #[test]
    fn any_answer_ends_the_row() {
        let (mut health, start) = failed(4);
        health.record(start + Duration::from_secs(4), Tried::Answered);
        health.record(start + Duration::from_secs(5), Tried::Fault);
        assert!(!health.is_suspect());
        assert_eq!(health.last_success(), Some(start + Duration::from_secs(4)));
    }

    #[test]
    fn it_is_down_only_if_another_session_got_through_since_the_first_of_the_five() {
        let (health, start) = failed(7);
        let first_of_five = start + Duration::from_secs(2);
        assert_eq!(health.suspect_since(), Some(first_of_five));
        assert!(!health.is_down(None));
        assert!(!health.is_down(Some(start + Duration::from_secs(1))));
        assert!(health.is_down(Some(first_of_five)));
        assert!(!failed(4).0.is_down(Some(start + Duration::from_secs(60))));
    }

    #[test]
    fn an_edge_without_its_application_ends_the_row_but_is_no_success() {
        let (mut health, start) = failed(5);
        health.record(start + Duration::from_secs(5), Tried::Other);
        assert!(!health.is_suspect() && !health.is_in_doubt());
        assert_eq!(health.last_success(), None);
    }

    #[test]
    fn what_counts_as_a_fault_is_what_an_error_calls_a_session_fault() {
        use crate::ports::shop_api::Refusal;
        let now = Instant::now();
        for (kind, expected) in [
            (ApiErrorKind::PermitExpired, None),
            (ApiErrorKind::CallTimeout, Some(Tried::Fault)),
            (ApiErrorKind::Disconnected, Some(Tried::Fault)),
            (ApiErrorKind::Tls, Some(Tried::Fault)),
            (ApiErrorKind::Dns, Some(Tried::Other)),
            (ApiErrorKind::EdgeDown(502), Some(Tried::Other)),
            (ApiErrorKind::ServerError(500), Some(Tried::Answered)),
            (ApiErrorKind::Refused(Refusal::Stock), Some(Tried::Answered)),
        ] {
            let error = ApiError { call: "x", kind, detail: None, sent_at: None, failed_at: now };
            assert_eq!(error.is_session_fault(), expected == Some(Tried::Fault), "{error}");
            assert_eq!(tried(&Err(error)), expected);
        }
    }
}
