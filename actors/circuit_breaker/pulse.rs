//! The shop's signs of life: when it last answered, and when a call last ran out of time. Noted by
//! the HTTP sessions, before whoever called hears of it; read by the breaker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::freeze_reason::ShopSeen;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind, Doubt};

/// An answer so long ago still says that the shop is there.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// When an answer last arrived.
    answered_at: Option<Instant>,
    /// Of all calls that were answered, when the last was sent.
    answers_sent_at: Option<Instant>,
    /// When a call last ran out of time.
    timed_out_at: Option<Instant>,
    /// The failures that are being asked about, by [`Doubt`].
    asked: [Option<Instant>; 2],
}

impl Pulse {
    /// Takes in how a call ended; answers whether it settles something that is being asked.
    pub fn note(&mut self, end: &Result<Answered, ApiError>) -> bool {
        match end {
            Ok(answered) => self.answered(answered.sent_at, answered.answered_at),
            Err(error) if error.kind == ApiErrorKind::CallTimeout => {
                self.timed_out_at = self.timed_out_at.max(Some(error.failed_at));
                false
            }
            Err(error) => {
                let sent_at = error.sent_at.filter(|_| error.shows_life());
                sent_at.is_some_and(|sent_at| self.answered(sent_at, error.failed_at))
            }
        }
    }

    fn answered(&mut self, sent_at: Instant, at: Instant) -> bool {
        // Two threads report: a late report must not turn the time back.
        self.answered_at = self.answered_at.max(Some(at));
        self.answers_sent_at = self.answers_sent_at.max(Some(sent_at));
        let mut settles = false;
        for doubt in [Doubt::Connection, Doubt::Silence] {
            let asked = self.asked[place(doubt)];
            if asked.is_some_and(|failed_at| self.has_answered(doubt, failed_at)) {
                self.asked[place(doubt)] = None;
                settles = true;
            }
        }
        settles
    }

    /// Whether a failure at `failed_at` is answered: the shop is there.
    pub fn has_answered(&self, doubt: Doubt, failed_at: Instant) -> bool {
        let last = match doubt {
            Doubt::Silence => self.answered_at,
            Doubt::Connection => self.answers_sent_at,
        };
        last.is_some_and(|last| last > failed_at)
    }

    /// From here on the first answer to this is told; `None`: nothing is asked any more.
    pub fn ask(&mut self, doubt: Doubt, failed_at: Option<Instant>) {
        self.asked[place(doubt)] = failed_at;
    }

    /// How the shop is seen at `now`.
    pub fn seen(&self, now: Instant) -> ShopSeen {
        let within = |at: Option<Instant>| {
            at.is_some_and(|at| now.saturating_duration_since(at) <= SEEN_WITHIN)
        };
        match (within(self.answered_at), within(self.timed_out_at)) {
            (false, _) => ShopSeen::Silent,
            (true, true) => ShopSeen::Slow,
            (true, false) => ShopSeen::Answering,
        }
    }
}

fn place(doubt: Doubt) -> usize {
    match doubt {
        Doubt::Connection => 0,
        Doubt::Silence => 1,
    }
}

/// One pulse for all HTTP sessions. A std mutex: held for a microsecond, never over an await.
#[derive(Clone, Debug, Default)]
pub struct SharedPulse(Arc<Mutex<Pulse>>);

impl SharedPulse {
    /// Looks at it, or notes something.
    pub fn with<R>(&self, look: impl FnOnce(&mut Pulse) -> R) -> R {
        // Each step leaves it whole: one that panicked meanwhile left nothing half done.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::shop_api::Part;
    use crate::ports::shop_api::ShopReply;

    /// Milliseconds after the test's begin; the failure is at 10 s.
    struct Rig {
        pulse: Pulse,
        start: Instant,
    }

    const FAILED_MS: u64 = 10_000;

    impl Rig {
        fn new() -> Self {
            Self { pulse: Pulse::default(), start: Instant::now() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn answer(&mut self, sent_ms: u64, ms: u64) -> bool {
            let (sent_at, answered_at) = (self.at(sent_ms), self.at(ms));
            self.pulse.note(&Ok(Answered::new(ShopReply::Done, sent_at, answered_at)))
        }

        fn error(&mut self, kind: ApiErrorKind, sent_ms: u64, ms: u64) -> bool {
            let (sent_at, failed_at) = (Some(self.at(sent_ms)), self.at(ms));
            self.pulse.note(&Err(ApiError {
                call: "x",
                part: Part::Whole,
                kind,
                detail: None,
                sent_at,
                failed_at,
            }))
        }

        fn has_answered(&self, doubt: Doubt) -> bool {
            self.pulse.has_answered(doubt, self.at(FAILED_MS))
        }
    }

    #[test]
    fn after_a_timeout_any_answer_that_arrives_later_tells_and_one_before_does_not() {
        for (sent_ms, ms, tells) in [
            (1, FAILED_MS - 1, false),
            (1, FAILED_MS, false),
            (1, FAILED_MS + 1, true),
            (FAILED_MS + 1, FAILED_MS + 2, true),
        ] {
            let mut rig = Rig::new();
            rig.answer(sent_ms, ms);
            assert_eq!(rig.has_answered(Doubt::Silence), tells, "sent {sent_ms}, came {ms}");
        }
    }

    #[test]
    fn after_a_connection_fault_only_a_call_that_was_sent_later_tells() {
        for (sent_ms, ms, tells) in [
            (FAILED_MS - 1, FAILED_MS + 500, false),
            (FAILED_MS, FAILED_MS + 500, false),
            (FAILED_MS + 1, FAILED_MS + 500, true),
        ] {
            let mut rig = Rig::new();
            rig.answer(sent_ms, ms);
            assert_eq!(rig.has_answered(Doubt::Connection), tells, "sent {sent_ms}, came {ms}");
        }
    }

    #[test]
    fn any_status_is_an_answer_but_that_of_an_edge_without_its_application() {
        use crate::ports::shop_api::Refusal;
        for (kind, tells) in [
            (ApiErrorKind::ServerError(500), true),
            (ApiErrorKind::Unauthorized(401), true),
            (ApiErrorKind::UnexpectedStatus(302), true),
            (ApiErrorKind::RateLimited { retry_after: None }, true),
            (ApiErrorKind::Refused(Refusal::Stock), true),
            (ApiErrorKind::Invalid(422), true),
            (ApiErrorKind::BodyTruncated, true),
            (ApiErrorKind::EdgeDown(502), false),
            (ApiErrorKind::EdgeDown(503), false),
            (ApiErrorKind::Disconnected, false),
            (ApiErrorKind::CallTimeout, false),
            (ApiErrorKind::Invalid(0), false),
        ] {
            let mut rig = Rig::new();
            rig.error(kind.clone(), FAILED_MS + 1, FAILED_MS + 2);
            for doubt in [Doubt::Silence, Doubt::Connection] {
                assert_eq!(rig.has_answered(doubt), tells, "{kind}, {doubt:?}");
            }
        }
    }

    #[test]
    fn the_first_answer_to_what_is_asked_is_told_once() {
        let mut rig = Rig::new();
        let failed_at = rig.at(FAILED_MS);
        assert!(!rig.answer(FAILED_MS + 1, FAILED_MS + 2), "nothing is asked");
        let mut rig = Rig { pulse: Pulse::default(), ..rig };
        rig.pulse.ask(Doubt::Connection, Some(failed_at));
        assert!(!rig.answer(FAILED_MS - 1, FAILED_MS + 1), "it was sent before");
        assert!(rig.answer(FAILED_MS + 1, FAILED_MS + 2));
        assert!(!rig.answer(FAILED_MS + 2, FAILED_MS + 3));
        rig.pulse.ask(Doubt::Silence, Some(failed_at));
        rig.pulse.ask(Doubt::Silence, None);
        assert!(!rig.answer(FAILED_MS + 3, FAILED_MS + 4), "it is asked no more");
    }

    #[test]
    fn a_shop_is_slow_while_answers_and_timeouts_come_and_silent_ten_seconds_after_the_last() {
        let mut rig = Rig::new();
        assert_eq!(rig.pulse.seen(rig.at(0)), ShopSeen::Silent);
        rig.answer(0, 1_000);
        assert_eq!(rig.pulse.seen(rig.at(11_000)), ShopSeen::Answering);
        assert_eq!(rig.pulse.seen(rig.at(11_001)), ShopSeen::Silent);
        rig.error(ApiErrorKind::CallTimeout, 0, 10_000);
        assert_eq!(rig.pulse.seen(rig.at(11_000)), ShopSeen::Slow);
        rig.answer(12_000, 20_001);
        assert_eq!(rig.pulse.seen(rig.at(20_001)), ShopSeen::Answering);
    }
}
