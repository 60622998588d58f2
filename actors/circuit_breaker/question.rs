//! Is the shop gone? What one failure asks, how long that stays open, and when it is settled.
//!
//! - **A call ran out of time**: open for 8 s. Any answer that arrives after it says "slow"; "gone"
//!   is said where none came and three probes were sent.
//! - **A connection, or an edge without its application**: open until three probes have failed, 8 s
//!   at most. Only an answer to a call that was sent after it says "slow", since a dying shop still
//!   finishes what it holds; "gone" as above.
//!
//! Times are those of a clock that stands while the run is parked. A question opens with its first
//! probe, so one that is asked while no permit is given begins when the hold ends. A probe that was
//! not sent proves nothing: another takes its place.

use std::time::{Duration, Instant};

use super::probe::{PROBE_CALLS, PROBE_CONNECTS_WITHIN, PROBE_PAUSE};
use crate::ports::shop_api::Doubt;

/// A question is open for so long, once its first probe has left.
pub const OPEN_FOR: Duration = Duration::from_secs(8);

/// One question, while it is open.
#[derive(Clone, Debug)]
pub struct Question {
    doubt: Doubt,
    /// Those that were sent. At most three.
    probes: Vec<Sent>,
    /// One that waits for its permit.
    waits: bool,
    /// When the next may be asked for, after one that was not sent.
    not_before: Option<Instant>,
}

/// A probe that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    number: usize,
    at: Instant,
    failed_at: Option<Instant>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask for a permit for another probe.
    Probe,
    /// Wait for news, and look again then if none comes.
    Wait(Option<Instant>),
    /// The shop is gone.
    Gone,
}

impl Question {
    /// What this failure asks.
    pub fn new(doubt: Doubt) -> Self {
        Self { doubt, probes: Vec::new(), waits: false, not_before: None }
    }

    /// What is to be done at `now`, as long as nothing has settled it.
    pub fn next(&self, now: Instant) -> Next {
        if self.waits {
            return Next::Wait(None);
        }
        let (at, then) = match self.probes.get(PROBE_CALLS - 1) {
            None => (self.next_probe(), Next::Probe),
            Some(last) => (Some(self.over(*last)), Next::Gone),
        };
        if at.is_none_or(|at| at <= now) { then } else { Next::Wait(at) }
    }

    /// When the next probe is due; `None`: at once.
    fn next_probe(&self) -> Option<Instant> {
        let after_last = self.probes.last().map(|last| match self.doubt {
            Doubt::Silence => last.at + PROBE_PAUSE,
            // One that connects is waited for no longer than one that does not; it goes on.
            Doubt::Connection => {
                let tried = last.at + PROBE_CONNECTS_WITHIN;
                last.failed_at.map_or(tried, |failed| failed.min(tried)) + PROBE_PAUSE
            }
        });
        after_last.max(self.not_before)
    }

    /// When an unanswered question is over, now that its last probe was sent.
    fn over(&self, last: Sent) -> Instant {
        let failed: Option<Vec<Instant>> = self.probes.iter().map(|sent| sent.failed_at).collect();
        let have_all_failed = failed.and_then(|failed| failed.into_iter().max());
        match (self.doubt, have_all_failed) {
            (Doubt::Connection, Some(at)) => at,
            (Doubt::Connection, None) | (Doubt::Silence, _) => {
                (self.probes[0].at + OPEN_FOR).max(last.at + PROBE_CONNECTS_WITHIN)
            }
        }
    }

    /// A permit is asked for.
    pub fn asks(&mut self) {
        self.waits = true;
    }

    /// Probe `number` has its permit; again, where an earlier one expired.
    pub fn sent(&mut self, number: usize, now: Instant) {
        self.waits = false;
        self.probes.retain(|sent| sent.number != number);
        self.probes.push(Sent { number, at: now, failed_at: None });
    }

    /// It was sent, and there is no answer.
    pub fn failed(&mut self, number: usize, now: Instant) {
        if let Some(sent) = self.probes.iter_mut().find(|sent| sent.number == number) {
            sent.failed_at = Some(now);
        }
    }

    /// It never left, and is no try: its permits expired, or its HTTP session is gone.
    pub fn unsent(&mut self, number: usize, now: Instant) {
        self.waits = false;
        self.probes.retain(|sent| sent.number != number);
        self.not_before = Some(now + PROBE_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question at milliseconds after its first probe's permit.
    struct Rig {
        question: Question,
        start: Instant,
        asked: usize,
    }

    impl Rig {
        fn new(doubt: Doubt) -> Self {
            Self { question: Question::new(doubt), start: Instant::now(), asked: 0 }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn next(&self, ms: u64) -> Next {
            self.question.next(self.at(ms))
        }

        /// The next probe is due at `ms` and not before, and is sent then.
        fn sends(&mut self, ms: u64) {
            if ms > 0 {
                assert_eq!(self.next(ms - 1), Next::Wait(Some(self.at(ms))));
            }
            assert_eq!(self.next(ms), Next::Probe);
            self.question.asks();
            assert_eq!(self.next(ms), Next::Wait(None), "one at a time waits for a permit");
            let at = self.at(ms);
            self.question.sent(self.asked, at);
            self.asked += 1;
        }

        fn fails(&mut self, number: usize, ms: u64) {
            let at = self.at(ms);
            self.question.failed(number, at);
        }

        fn is_gone_at(&self, ms: u64) {
            assert_eq!(self.next(ms - 1), Next::Wait(Some(self.at(ms))));
            assert_eq!(self.next(ms), Next::Gone);
        }
    }

    #[test]
    fn three_probes_refused_at_once_a_second_apart_tell_after_two_seconds() {
        let mut rig = Rig::new(Doubt::Connection);
        for (number, ms) in [0, 1_000, 2_000].into_iter().enumerate() {
            rig.sends(ms);
            assert_ne!(rig.next(ms), Next::Gone, "the probe is not answered yet");
            rig.fails(number, ms);
        }
        assert_eq!(rig.next(2_000), Next::Gone);
    }

    #[test]
    fn three_that_find_no_connection_in_two_seconds_each_tell_after_eight() {
        let mut rig = Rig::new(Doubt::Connection);
        for (number, ms) in [0, 3_000, 6_000].into_iter().enumerate() {
            rig.sends(ms);
            assert_ne!(rig.next(ms + 1_999), Next::Gone);
            rig.fails(number, ms + 2_000);
        }
        assert_eq!(rig.next(8_000), Next::Gone);
    }

    #[test]
    fn a_probe_that_connected_has_not_failed_and_is_waited_for_to_eight_seconds() {
        let mut rig = Rig::new(Doubt::Connection);
        rig.sends(0);
        rig.sends(3_000);
        rig.fails(1, 3_000);
        rig.sends(4_000);
        rig.fails(2, 4_000);
        assert_eq!(rig.next(7_900), Next::Wait(Some(rig.at(8_000))), "the first may be answered");
        rig.is_gone_at(8_000);
    }

    #[test]
    fn after_a_timeout_probes_start_a_second_apart_and_are_waited_for_to_eight_seconds() {
        let mut rig = Rig::new(Doubt::Silence);
        for ms in [0, 1_000, 2_000] {
            rig.sends(ms);
        }
        rig.is_gone_at(8_000);
        // Probes that are refused do not end it sooner: calls in flight may still be answered.
        (0..3).for_each(|number| rig.fails(number, 2_000));
        rig.is_gone_at(8_000);
    }

    #[test]
    fn an_expired_permit_is_no_try_and_another_probe_takes_its_place() {
        for doubt in [Doubt::Connection, Doubt::Silence] {
            let mut rig = Rig::new(doubt);
            for number in 0..20 {
                rig.sends(number * 1_000);
                let at = rig.at(number * 1_000);
                rig.question.unsent(usize::try_from(number).unwrap(), at);
            }
            assert_eq!(rig.next(20_000), Next::Probe, "nothing is known of the shop");
            for ms in [20_000, 21_000, 22_000] {
                rig.sends(ms);
                rig.fails(rig.asked - 1, ms);
            }
            let over = if doubt == Doubt::Connection { 22_000 } else { 28_000 };
            assert_ne!(rig.next(over - 1), Next::Gone);
            assert_eq!(rig.next(over), Next::Gone);
        }
    }

    #[test]
    fn probes_whose_permits_come_late_have_two_seconds_each_nevertheless() {
        let mut rig = Rig::new(Doubt::Silence);
        for (number, ms) in [0, 5_000, 30_000].into_iter().enumerate() {
            rig.question.asks();
            assert_eq!(rig.next(ms + 100_000), Next::Wait(None), "no permit, no verdict");
            let at = rig.at(ms);
            rig.question.sent(number, at);
        }
        rig.is_gone_at(32_000);
    }

    #[test]
    fn a_permit_that_expired_on_its_way_is_replaced_and_the_probe_counts_once() {
        let mut rig = Rig::new(Doubt::Silence);
        rig.sends(0);
        let later = rig.at(500);
        rig.question.sent(0, later);
        assert_eq!(rig.next(1_400), Next::Wait(Some(rig.at(1_500))));
    }
}
