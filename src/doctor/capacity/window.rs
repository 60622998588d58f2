//! What a shop lets through that says 429: the requests between two reopenings, and the time.
//!
//! Pure. The first refusal begins it. When the first window opened is not known, so it is the
//! second that counts: from the moment the shop answers again to the moment it does so once more.

use super::verdict::Window;

/// After a refusal that does not say when to come again, the next request goes after so long, s ...
const PROBE_FIRST_S: f64 = 0.25;
/// ... and after twice as long each time, up to once a second.
const PROBE_MAX_S: f64 = 1.0;

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ask {
    /// One request, not before this moment.
    OneAt(f64),
    /// As many as the rate allows.
    Freely,
    /// Nothing more: it is known, or the time is over.
    Over(Option<Window>),
}

/// The measurement. Moments are seconds on one clock.
#[derive(Clone, Debug)]
pub(super) struct WindowSearch {
    /// It is over then.
    until: f64,
    /// The first reopening that was seen, and what was let through since.
    opened: Option<(f64, u64)>,
    shut: Option<Shut>,
    found: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    /// When the refusal came.
    since: f64,
    /// The next try.
    again_at: f64,
    gap: f64,
}

impl WindowSearch {
    /// Begins with a refusal at `now`.
    pub(super) fn new(now: f64, until: f64, retry_after: Option<f64>) -> Self {
        let mut search = Self { until, opened: None, shut: None, found: None };
        search.refused(now, retry_after);
        search
    }

    pub(super) fn ask(&self, now: f64) -> Ask {
        match (self.found, self.shut) {
            (Some(found), _) => Ask::Over(Some(found)),
            (None, _) if now >= self.until => Ask::Over(None),
            (None, Some(shut)) => Ask::OneAt(shut.again_at),
            (None, None) => Ask::Freely,
        }
    }

    /// A 429 came.
    pub(super) fn refused(&mut self, now: f64, retry_after: Option<f64>) {
        let gap = self.shut.map_or(PROBE_FIRST_S, |shut| (shut.gap * 2.0).min(PROBE_MAX_S));
        let since = self.shut.map_or(now, |shut| shut.since);
        let again_at = now + retry_after.unwrap_or(gap);
        // Requests that left together are refused together: only the longest wait counts.
        let again_at = self.shut.map_or(again_at, |shut| again_at.max(shut.again_at));
        self.shut = Some(Shut { since, again_at, gap });
    }

    /// An answer came that is no 429, to a request that left at `sent_at`.
    pub(super) fn let_through(&mut self, sent_at: f64) {
        let is_reopening = self.shut.is_some_and(|shut| sent_at >= shut.since);
        match (&mut self.opened, is_reopening) {
            (Some((opened, requests)), true) => {
                let seconds = sent_at - *opened;
                self.found.get_or_insert(Window { requests: *requests, seconds });
            }
            (opened @ None, true) => {
                *opened = Some((sent_at, 1));
                self.shut = None;
            }
            (Some((opened, requests)), false) if sent_at >= *opened => *requests += 1,
            (Some(_) | None, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a shop that lets `requests` through in windows of `seconds`, fixed from 0 on, 10 a
    /// second; it says when to come again, or does not.
    fn found(requests: u64, seconds: f64, says: bool) -> Option<Window> {
        let (mut now, mut window, mut left) = (0.3 * seconds, 0.0, 0);
        let mut search = WindowSearch::new(now, 10.0 * seconds, None);
        loop {
            match search.ask(now) {
                Ask::Over(found) => return found,
                Ask::OneAt(at) => now = at.max(now),
                Ask::Freely => now += 0.1,
            }
            let current = (now / seconds).floor();
            if current > window {
                (window, left) = (current, requests);
            }
            if left > 0 {
                left -= 1;
                search.let_through(now);
            } else {
                search.refused(now, says.then_some((current + 1.0) * seconds - now));
            }
        }
    }

    #[test]
    fn sixty_a_minute_is_one_a_second_whether_the_shop_says_when_to_come_again_or_not() {
        for says in [true, false] {
            let window = found(60, 60.0, says).unwrap();
            assert_eq!(window.requests, 60);
            assert!((window.rate() - 1.0).abs() < 0.03, "{window:?}");
        }
    }

    #[test]
    fn a_late_answer_to_what_left_before_the_refusal_is_no_reopening() {
        let mut search = WindowSearch::new(10.0, 200.0, None);
        search.let_through(9.9);
        assert_eq!(search.ask(10.0), Ask::OneAt(10.25));
        search.let_through(20.0);
        search.let_through(21.0);
        assert_eq!(search.ask(21.0), Ask::Freely);
        search.refused(22.0, Some(8.0));
        search.let_through(21.9);
        assert_eq!(search.ask(22.0), Ask::OneAt(30.0));
        search.let_through(30.0);
        let found = Window { requests: 3, seconds: 10.0 };
        assert_eq!(search.ask(30.0), Ask::Over(Some(found)));
    }

    #[test]
    fn without_a_hint_it_asks_once_a_second_and_not_for_ever() {
        let mut search = WindowSearch::new(0.0, 60.0, None);
        let mut gaps = Vec::new();
        let mut now = 0.0;
        while let Ask::OneAt(at) = search.ask(now) {
            gaps.push(at - now);
            now = at;
            search.refused(now, None);
        }
        assert_eq!(&gaps[..4], [0.25, 0.5, 1.0, 1.0]);
        assert_eq!(search.ask(now), Ask::Over(None));
    }
}
