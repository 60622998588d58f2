//! The answers of the last seconds: whether a call that was not answered stood in a queue, and how
//! fast the shop is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::AnsweredCall;
use crate::domain::ids::SessionId;

/// So long an answer is remembered: a call that times out after 10 s must find those sent beside
/// it.
const REMEMBERED: Duration = Duration::from_secs(12);
/// So many at most: a shop that answers more in 12 s has no queue that the newest do not show.
const ANSWERS_MAX: usize = 16_384;
/// Answer times above this multiple of the baselines are a queue.
pub const QUEUED_FROM: f64 = 1.5;

/// Where so many calls left after one and none of them was answered, that one stood in a queue: two
/// may have been lost, one after the other.
const SILENT_FROM: usize = 3;
/// A queue in which a call waits until it is given up keeps others waiting for this share of the
/// time at least.
const LONG_SHARE: f64 = 0.25;

/// One answer.
#[derive(Clone, Copy, Debug)]
struct Answer {
    http_session: SessionId,
    sent: Instant,
    answered: Instant,
    time_s: f64,
    baseline_s: f64,
}

/// Some answered calls, summed.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    time_s: f64,
    baseline_s: f64,
    longest_s: f64,
}

impl Since {
    /// Whether they show a queue in which a call may have waited for `waited`: they took much
    /// longer than their baselines, and one at least a part of that wait.
    pub fn explains(&self, waited: Duration) -> bool {
        let is_long = self.longest_s >= LONG_SHARE * waited.as_secs_f64();
        is_long && self.time_s >= QUEUED_FROM * self.baseline_s
    }
}

/// How the shop has been answering.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answering {
    /// Answers a second.
    pub per_second: f64,
    /// What one takes in the mean.
    pub takes: Duration,
    /// How long ago the last came; 12 s where none came since then.
    pub silent_for: Duration,
}

/// Answers of the last 12 s, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    answers: VecDeque<Answer>,
    /// When the last calls left, as many as it takes to call a shop silent.
    left: VecDeque<Instant>,
}

impl Recent {
    /// A call leaves.
    pub fn leaves(&mut self, now: Instant) {
        if self.left.len() == SILENT_FROM {
            self.left.pop_front();
        }
        self.left.push_back(now);
    }

    /// Takes in an answer.
    pub fn push(&mut self, call: &AnsweredCall, baseline_s: f64) {
        let AnsweredCall { http_session, sent, answered, .. } = *call;
        let time_s = answered.saturating_duration_since(sent).as_secs_f64();
        self.answers.push_back(Answer { http_session, sent, answered, time_s, baseline_s });
        let is_old =
            |answer: &Answer| answered.saturating_duration_since(answer.answered) > REMEMBERED;
        while self.answers.front().is_some_and(is_old) || self.answers.len() > ANSWERS_MAX {
            self.answers.pop_front();
        }
    }

    /// The answered calls that were sent since `sent`, without those over one HTTP session; `None`
    /// where there is none.
    pub fn since(&self, sent: Instant, but: Option<SessionId>) -> Option<Since> {
        let is_meant = |answer: &&Answer| answer.sent >= sent && Some(answer.http_session) != but;
        self.answers.iter().filter(is_meant).fold(None, |since, answer| {
            let since = since.unwrap_or(Since { time_s: 0.0, baseline_s: 0.0, longest_s: 0.0 });
            Some(Since {
                time_s: since.time_s + answer.time_s,
                baseline_s: since.baseline_s + answer.baseline_s,
                longest_s: since.longest_s.max(answer.time_s),
            })
        })
    }

    /// Whether a call sent at `sent` and given up after `waited` stood in a queue.
    pub fn is_queued(&self, sent: Instant, waited: Duration) -> bool {
        match self.since(sent, None) {
            Some(since) => since.explains(waited),
            None => {
                let is_silent = self.left.len() == SILENT_FROM;
                is_silent && self.left.front().is_some_and(|left| *left > sent)
            }
        }
    }

    /// How the shop has been answering up to `now`.
    pub fn answering(&self, now: Instant) -> Answering {
        let is_recent =
            |answer: &&Answer| now.saturating_duration_since(answer.answered) <= REMEMBERED;
        let recent = || self.answers.iter().filter(is_recent);
        let Some(oldest) = recent().next() else {
            return Answering { silent_for: REMEMBERED, ..Answering::default() };
        };
        let answers = recent().count() as f64;
        let began = oldest.sent.max(now.checked_sub(REMEMBERED).unwrap_or(oldest.sent));
        let span_s = now.saturating_duration_since(began).as_secs_f64();
        let time_s: f64 = recent().map(|answer| answer.time_s).sum();
        let last = recent().map(|answer| answer.answered).max().unwrap_or(now);
        Answering {
            per_second: if span_s > 0.0 { answers / span_s } else { 0.0 },
            takes: Duration::from_secs_f64(time_s / answers),
            silent_for: now.saturating_duration_since(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rig {
        recent: Recent,
        start: Instant,
    }

    impl Rig {
        fn new() -> Self {
            Self { recent: Recent::default(), start: Instant::now() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        /// Of a call that was given up 400 ms after it left.
        fn is_queued(&self, sent_ms: u64) -> bool {
            self.recent.is_queued(self.at(sent_ms), Duration::from_millis(400))
        }

        fn answer(&mut self, sent_ms: u64, answered_ms: u64) {
            self.answer_over(SessionId(0), sent_ms, answered_ms);
        }

        fn answer_over(&mut self, http_session: SessionId, sent_ms: u64, answered_ms: u64) {
            let (sent, answered) = (self.at(sent_ms), self.at(answered_ms));
            let step = "list_products";
            let call = AnsweredCall { step, http_session, sent, answered, in_flight: 1 };
            self.recent.push(&call, 0.1);
        }
    }

    #[test]
    fn a_call_stood_in_a_queue_where_three_left_after_it_and_none_was_answered() {
        let mut rig = Rig::new();
        for (left_ms, queued) in [(0, false), (5, false), (6, false), (7, true)] {
            rig.recent.leaves(rig.at(left_ms));
            assert_eq!(rig.is_queued(0), queued, "{left_ms}");
        }
        assert!(!rig.is_queued(5), "two left after it");
        rig.answer(7, 107);
        assert!(!rig.is_queued(0));
    }

    #[test]
    fn answers_at_one_and_a_half_times_their_baselines_are_a_queue_and_just_below_are_none() {
        let mut rig = Rig::new();
        rig.answer(0, 149);
        assert!(!rig.is_queued(0));
        rig.answer(1_000, 1_152);
        assert!(rig.is_queued(0));
    }

    #[test]
    fn answers_far_shorter_than_the_wait_that_was_given_up_are_no_queue_for_it() {
        for (waited_ms, queued) in [(800, true), (801, false)] {
            let mut rig = Rig::new();
            rig.answer(0, 200);
            let waited = Duration::from_millis(waited_ms);
            assert_eq!(rig.recent.is_queued(rig.at(0), waited), queued, "{waited_ms} ms");
        }
    }

    #[test]
    fn what_one_session_saw_can_be_left_out() {
        let mut rig = Rig::new();
        rig.answer_over(SessionId(3), 0, 100);
        let without = |rig: &Rig, n| rig.recent.since(rig.start, Some(SessionId(n))).is_some();
        assert!(!without(&rig, 3) && without(&rig, 4));
        rig.answer_over(SessionId(4), 0, 400);
        let elsewhere = rig.recent.since(rig.start, Some(SessionId(3))).unwrap();
        assert!(elsewhere.explains(Duration::from_millis(1_600)));
        assert!(!elsewhere.explains(Duration::from_millis(1_601)));
    }

    #[test]
    fn an_answer_is_forgotten_after_12_s() {
        let mut rig = Rig::new();
        rig.answer(0, 1_000);
        rig.answer(1, 13_000);
        assert_eq!(rig.recent.answers.len(), 2);
        rig.answer(2, 13_001);
        assert_eq!(rig.recent.answers.len(), 2);
    }

    #[test]
    fn a_shop_without_answers_answers_nothing_a_second_and_a_slow_one_at_its_pace() {
        let mut rig = Rig::new();
        assert_eq!(rig.recent.answering(rig.at(0)).per_second, 0.0);
        assert_eq!(rig.recent.answering(rig.at(0)).silent_for, REMEMBERED);
        for n in 0..60 {
            rig.answer(n * 500, n * 500 + 2_000);
        }
        let answering = rig.recent.answering(rig.at(31_500));
        assert!((1.9..=2.1).contains(&answering.per_second), "{answering:?}");
        assert_eq!(rig.recent.answering(rig.at(35_000)).silent_for, Duration::from_millis(3_500));
        assert_eq!(answering.takes, Duration::from_secs(2));
        assert_eq!(rig.recent.answering(rig.at(50_000)).per_second, 0.0);
        assert_eq!(rig.recent.answering(rig.at(50_000)).silent_for, REMEMBERED);
    }
}
