//! Whether an HTTP session's own connections are broken, as against the shop being gone.
//!
//! A row of failures makes a session only suspect. It is down when others do better in the time of
//! that row: another one got through since its first lost connection, and calls of others that were
//! sent since its first lost call were answered as quickly as ever. A slow shop loses calls of all
//! sessions, and takes none of them down.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind};

/// So many last tries must have failed, retries included (Q3.5).
pub const FAULTS_IN_A_ROW: usize = 5;

/// What one try says of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The shop itself answered, whatever it said.
    Answered,
    /// The connection failed or broke.
    Fault,
    /// A call that was sent then ran out of time: the connection's fault, or the shop is slow.
    TimedOut(Instant),
    /// It failed in another way: ends a row of faults, but is no success either.
    Other,
}

/// What this end of a call says; `None` when nothing was tried.
pub fn tried(end: &Result<Answered, ApiError>) -> Option<Tried> {
    use ApiErrorKind as Kind;
    let Err(error) = end else { return Some(Tried::Answered) };
    match &error.kind {
        // 0: the request could not be made.
        Kind::PermitExpired | Kind::Invalid(0) => None,
        // An idle connection's end says nothing of the next one.
        Kind::Unsent | Kind::StaleConnection => None,
        Kind::ConnectRefused | Kind::ConnectTimeout | Kind::Tls | Kind::Disconnected => {
            Some(Tried::Fault)
        }
        Kind::CallTimeout => Some(Tried::TimedOut(error.sent_at.unwrap_or(error.failed_at))),
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

/// A try that failed.
#[derive(Clone, Copy, Debug)]
struct Fault {
    at: Instant,
    /// Where it ran out of time: when it was sent.
    sent: Option<Instant>,
}

/// The last tries of one HTTP session.
#[derive(Clone, Debug, Default)]
pub struct SessionHealth {
    /// The present row of faults, oldest first, the last five of it.
    faults: VecDeque<Fault>,
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
            Tried::Fault => self.fault(Fault { at: now, sent: None }),
            Tried::TimedOut(sent) => self.fault(Fault { at: now, sent: Some(sent) }),
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() == FAULTS_IN_A_ROW {
            self.faults.pop_front();
        }
        self.faults.push_back(fault);
    }

    /// Whether the last try was a fault.
    pub fn is_in_doubt(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether the last five tries failed.
    pub fn is_suspect(&self) -> bool {
        self.faults.len() == FAULTS_IN_A_ROW
    }

    /// When a try last went well.
    pub fn last_success(&self) -> Option<Instant> {
        self.last_success
    }

    /// Whether it is down, given when any other session last got through, and whether calls over
    /// others, sent since an instant, show a queue in which a call may have waited so long.
    pub fn is_down(
        &self,
        last_success_elsewhere: Option<Instant>,
        has_queue_elsewhere: impl Fn(Instant, Duration) -> Option<bool>,
    ) -> bool {
        let lost_connections = self.faults.iter().filter(|fault| fault.sent.is_none());
        let is_outlived = |fault: &Fault| last_success_elsewhere >= Some(fault.at);
        let lost_calls = self.faults.iter().filter_map(|fault| Some((fault.sent?, fault.at)));
        let is_alone = |(sent, at): (Instant, Instant)| {
            let waited = at.saturating_duration_since(sent);
            has_queue_elsewhere(sent, waited) == Some(false)
        };
        self.is_suspect()
            && lost_connections.min_by_key(|fault| fault.at).is_none_or(is_outlived)
            && lost_calls.min().is_none_or(is_alone)
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::ports::shop_api::Part;

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

    /// Nothing is known of a queue.
    fn unknown(_: Instant, _: Duration) -> Option<bool> {
        None
    }

    #[test]
    fn it_is_down_only_if_another_session_got_through_since_the_first_of_the_five() {
        let (health, start) = failed(7);
        let at = |s| Some(start + Duration::from_secs(s));
        assert!(!health.is_down(None, unknown));
        assert!(!health.is_down(at(1), unknown));
        assert!(health.is_down(at(2), unknown), "the first of the last five failed then");
        assert!(!failed(4).0.is_down(at(60), unknown));
    }

    /// Five tries: lost connections, and calls lost after 10 s where there is an `l`; a second
    /// apart.
    fn row(tries: &str) -> (SessionHealth, Instant) {
        let start = Instant::now();
        let mut health = SessionHealth::default();
        for (n, word) in tries.chars().enumerate() {
            let sent = start + Duration::from_secs(n as u64);
            match word {
                'l' => health.record(sent + Duration::from_secs(10), Tried::TimedOut(sent)),
                _ => health.record(sent, Tried::Fault),
            }
        }
        (health, start)
    }

    #[test]
    fn calls_lost_at_a_slow_shop_take_no_session_down_and_those_of_one_session_alone_do() {
        for (tries, queue, is_down) in [
            ("lllll", Some(false), true),
            ("lllll", Some(true), false),
            ("lllll", None, false),
            ("llll", Some(false), false),
            ("lcccc", Some(false), true),
            ("lcccc", Some(true), false),
            ("ccccc", Some(true), true),
            ("ccccc", None, true),
        ] {
            let (health, start) = row(tries);
            let success = Some(start + Duration::from_secs(60));
            assert_eq!(health.is_down(success, |_, _| queue), is_down, "{tries} {queue:?}");
        }
    }

    #[test]
    fn others_are_looked_at_from_the_first_lost_call_on_and_for_as_long_as_that_waited() {
        let (health, start) = row("ccllll");
        let asked = std::cell::Cell::new(None);
        let ask = |sent, waited| {
            asked.set(Some((sent, waited)));
            Some(false)
        };
        assert!(health.is_down(Some(start + Duration::from_secs(60)), ask));
        let first = start + Duration::from_secs(2);
        assert_eq!(asked.get(), Some((first, Duration::from_secs(10))));
    }

    #[test]
    fn lost_calls_need_no_success_since_they_were_lost_and_lost_connections_do() {
        let (calls, start) = row("lllll");
        assert!(calls.is_down(Some(start), |_, _| Some(false)));
        assert!(calls.is_down(None, |_, _| Some(false)));
        let (mixed, start) = row("lllcc");
        let before = Some(start + Duration::from_secs(2));
        assert!(!mixed.is_down(before, |_, _| Some(false)));
        let since = Some(start + Duration::from_secs(3));
        assert!(mixed.is_down(since, |_, _| Some(false)));
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
            (ApiErrorKind::CallTimeout, Some(Tried::TimedOut(now))),
            (ApiErrorKind::Invalid(0), None),
            (ApiErrorKind::Invalid(422), Some(Tried::Answered)),
            (ApiErrorKind::Disconnected, Some(Tried::Fault)),
            (ApiErrorKind::Tls, Some(Tried::Fault)),
            (ApiErrorKind::Dns, Some(Tried::Other)),
            (ApiErrorKind::EdgeDown(502), Some(Tried::Other)),
            (ApiErrorKind::ServerError(500), Some(Tried::Answered)),
            (ApiErrorKind::Refused(Refusal::Stock), Some(Tried::Answered)),
        ] {
            let error = ApiError {
                call: "x",
                part: Part::Whole,
                kind,
                detail: None,
                sent_at: None,
                failed_at: now,
            };
            let is_fault = matches!(expected, Some(Tried::Fault | Tried::TimedOut(_)));
            assert_eq!(error.is_session_fault(), is_fault, "{error}");
            assert_eq!(tried(&Err(error)), expected);
        }
    }
}
