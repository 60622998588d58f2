//! Windows of 429, on both sides of each border.

use super::*;
use crate::ports::shop_api::{Part, ShopReply};

struct Rig {
    throttle: Throttle,
    start: Instant,
}

impl Rig {
    fn new() -> Self {
        Self { throttle: Throttle::default(), start: Instant::now() }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// An agent gets a 429 at once, with this Retry-After.
    fn refused(&mut self, agent: &str, ms: u64, retry_after_s: Option<u64>) {
        self.refused_later(agent, (ms, ms), retry_after_s);
    }

    fn refused_later(&mut self, agent: &str, (sent, ms): (u64, u64), retry_after_s: Option<u64>) {
        let kind =
            ApiErrorKind::RateLimited { retry_after: retry_after_s.map(Duration::from_secs) };
        self.failed(agent, (sent, ms), kind);
    }

    fn failed(&mut self, agent: &str, (sent, ms): (u64, u64), kind: ApiErrorKind) {
        let (sent_at, failed_at) = (Some(self.at(sent)), self.at(ms));
        let error =
            ApiError { call: "x", part: Part::Whole, kind, detail: None, sent_at, failed_at };
        self.throttle.note(&AgentId::new(agent), &Err(error));
    }

    fn answered(&mut self, sent: u64) {
        let (sent_at, answered_at) = (self.at(sent), self.at(sent + 5));
        let answered = Answered::new(ShopReply::Done, sent_at, answered_at);
        self.throttle.note(&AgentId::new("c"), &Ok(answered));
    }

    /// How long the run is held at `ms`, milliseconds.
    fn held_for(&self, ms: u64) -> u64 {
        let now = self.at(ms);
        self.throttle.until(now).map_or(0, |until| millis(until - now))
    }

    /// Two agents get one, and the run is held for a second from 0 on.
    fn held() -> Self {
        let mut rig = Self::new();
        rig.refused("a", 0, None);
        rig.refused("b", 0, None);
        assert_eq!(rig.held_for(0), 1_000);
        rig
    }
}

#[test]
fn two_agents_with_no_answer_between_hold_the_run_and_one_alone_or_an_answer_between_does_not() {
    let mut rig = Rig::new();
    for ms in 0..50 {
        rig.refused("a", ms, None);
        assert_eq!(rig.held_for(ms), 0, "one agent alone");
    }
    rig.answered(60);
    rig.refused("b", 70, None);
    assert_eq!(rig.held_for(70), 0, "an answer between");
    rig.refused("b", 71, None);
    assert_eq!(rig.held_for(71), 0, "the same agent again");
    rig.refused("a", 72, None);
    assert_eq!(rig.held_for(72), 1_000);
    assert_eq!((rig.held_for(1_071), rig.held_for(1_072)), (1, 0));
}

#[test]
fn for_ten_minutes_after_a_hold_one_agent_alone_holds_the_run_by_its_second_and_later_does_not() {
    for (since_ms, held) in [(599_998, 1_000), (599_999, 0)] {
        let mut rig = Rig::held();
        rig.answered(1_000);
        let first = 1_000 + since_ms;
        rig.refused("a", first, None);
        assert_eq!(rig.held_for(first), 0, "its first");
        rig.refused("a", first + 1, None);
        assert_eq!(rig.held_for(first + 1), held);
    }
    let mut rig = Rig::held();
    for ms in (2_000..20_000).step_by(1_000) {
        rig.answered(ms);
        rig.refused("a", ms + 500, None);
        assert_eq!(rig.held_for(ms + 500), 0, "others are answered: it is its own limit");
    }
}

#[test]
fn a_hold_doubles_to_thirty_seconds_while_the_first_call_after_it_gets_another() {
    let mut rig = Rig::held();
    let mut now = 1_000;
    for expected in [2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        rig.refused("a", now, None);
        assert_eq!(rig.held_for(now), expected);
        // Others that were sent with it say nothing new.
        rig.refused_later("b", (now - 1, now + 1), None);
        assert_eq!(rig.held_for(now + 1), expected - 1);
        now += expected;
    }
}

#[test]
fn the_first_answer_to_a_call_sent_after_the_hold_ends_the_doubling_and_an_older_one_does_not() {
    let mut rig = Rig::held();
    rig.refused("a", 1_000, None);
    rig.answered(999);
    rig.refused("a", 3_000, None);
    assert_eq!(rig.held_for(3_000), 4_000, "an answer to a call from before the hold");
    rig.answered(7_000);
    rig.refused("a", 7_001, None);
    assert_eq!(rig.held_for(7_001), 0, "it begins anew: one agent alone");
    rig.refused("b", 7_002, None);
    assert_eq!(rig.held_for(7_002), 1_000);
}

#[test]
fn retry_after_takes_the_place_of_the_doubling_within_one_and_sixty_seconds() {
    for (asked, expected) in [(0, 1_000), (1, 1_000), (7, 7_000), (60, 60_000), (86_400, 60_000)] {
        let mut rig = Rig::new();
        rig.refused("a", 0, Some(asked));
        rig.refused("b", 0, Some(asked));
        assert_eq!(rig.held_for(0), expected, "{asked} s");
    }
    let mut rig = Rig::new();
    rig.refused("a", 0, None);
    let forever = ApiErrorKind::RateLimited { retry_after: Some(Duration::MAX) };
    rig.failed("b", (0, 0), forever);
    assert_eq!(rig.held_for(0), 60_000, "an adapter that breaks its word");
}

#[test]
fn a_longer_retry_after_to_a_call_from_before_the_hold_makes_that_longer_and_a_late_one_none() {
    let mut rig = Rig::held();
    rig.throttle.note(&AgentId::new("c"), &{
        let kind = ApiErrorKind::RateLimited { retry_after: Some(Duration::from_secs(20)) };
        let sent_at = rig.start.checked_sub(Duration::from_millis(1));
        Err(ApiError {
            call: "x",
            part: Part::Whole,
            kind,
            detail: None,
            sent_at,
            failed_at: rig.at(500),
        })
    });
    assert_eq!(rig.held_for(500), 20_000);
    let held_ms = rig.throttle.sum().held_ms;
    assert_eq!(held_ms, 20_500, "as long as it is held, once");
}

#[test]
fn tries_do_not_count_while_the_run_is_held_for_two_minutes_without_an_answer() {
    let mut rig = Rig::new();
    rig.refused("a", 0, Some(60));
    assert!(!rig.throttle.is_uncounted(rig.at(0)), "one agent alone counts its tries");
    rig.refused("b", 0, Some(60));
    assert!(rig.throttle.is_uncounted(rig.at(0)));
    rig.refused("a", 60_000, Some(60));
    assert!(rig.throttle.is_uncounted(rig.at(119_999)));
    rig.refused("a", 120_000, Some(60));
    assert!(!rig.throttle.is_uncounted(rig.at(120_000)), "two minutes");
    rig.answered(180_000);
    rig.refused("a", 180_010, Some(60));
    rig.refused("b", 180_011, Some(60));
    assert!(rig.throttle.is_uncounted(rig.at(180_011)), "an answer begins it anew");
    assert!(!rig.throttle.is_uncounted(rig.at(240_011)), "the hold is over");
}

#[test]
fn a_500_is_an_answer_and_a_lost_connection_is_none() {
    for (kind, is_answer) in
        [(ApiErrorKind::ServerError(500), true), (ApiErrorKind::Disconnected, false)]
    {
        let mut rig = Rig::new();
        rig.refused("a", 0, None);
        rig.failed("c", (1, 2), kind);
        rig.refused("b", 3, None);
        assert_eq!(rig.held_for(3) == 0, is_answer);
    }
}

#[test]
fn an_hour_of_fixed_windows_is_told_a_few_times_and_its_end_once() {
    let mut rig = Rig::new();
    let mut told = Vec::new();
    let mut now = 0;
    let mut answered_in_window = std::collections::BTreeMap::<u64, u32>::new();
    while now < 3_600_000 {
        let answered = answered_in_window.entry(now / 60_000).or_default();
        if *answered < 60 {
            *answered += 1;
            rig.answered(now);
            now += 20;
        } else {
            let agent = if now % 40 == 0 { "a" } else { "b" };
            rig.refused(agent, now, None);
            now += rig.held_for(now).max(20);
        }
        told.extend(rig.throttle.news(rig.at(now)));
    }
    assert!(answered_in_window.len() >= 55, "{} windows of 60", answered_in_window.len());
    assert!((1..=4).contains(&told.len()), "{told:?}");
    assert_eq!(told[0], ThrottleNews::Held(HOLD_MIN));
    let end = rig.throttle.until(rig.at(now)).unwrap_or(rig.at(now));
    assert_eq!(rig.throttle.news(end + QUIET - Duration::from_millis(1)), None);
    let sum = rig.throttle.sum();
    let Some(ThrottleNews::Over(told)) = rig.throttle.news(end + QUIET) else { panic!("untold") };
    assert_eq!((told.holds, told.held_ms), (sum.holds, sum.held_ms));
    assert_eq!(rig.throttle.news(end + QUIET * 2), None);
}
