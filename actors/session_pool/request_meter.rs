//! How many requests really left: their number, and the most in any one second (P3).
//!
//! Counted as sent, not as granted. HTTP sessions on two threads may report a moment late: a
//! report is put where it belongs in time, so the maximum is exact whatever the order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The window that the limit promises.
const WINDOW: Duration = Duration::from_secs(1);
/// Sends are remembered for so long: one window and two seconds for late reports.
const REMEMBERED: Duration = Duration::from_secs(3);
/// Whole seconds that the history of sends goes back.
pub const HISTORY_S: usize = 60;

/// Counts sends.
#[derive(Clone, Debug, Default)]
pub struct RequestMeter {
    /// Recent sends, ascending. Bounded by three seconds of the rate.
    recent: VecDeque<Instant>,
    total: u64,
    max_in_1s: u64,
    /// The first send; seconds are counted from it.
    origin: Option<Instant>,
    /// Sends by the second they left in. Bounded by [`HISTORY_S`].
    by_second: BTreeMap<u64, u32>,
}

impl RequestMeter {
    /// Takes in a request sent at `at`.
    pub fn record(&mut self, at: Instant) {
        self.total += 1;
        let origin = *self.origin.get_or_insert(at);
        let second = at.saturating_duration_since(origin).as_secs();
        *self.by_second.entry(second).or_default() += 1;
        while self.by_second.len() > HISTORY_S {
            self.by_second.pop_first();
        }
        let place = self.recent.partition_point(|sent| *sent <= at);
        self.recent.insert(place, at);
        // Windows that the send falls into end at itself or at a send less than a window later.
        let end = self.recent.partition_point(|sent| sent.duration_since(at) < WINDOW);
        for last in place..end {
            let newest = self.recent[last];
            let first = self.recent.partition_point(|sent| newest.duration_since(*sent) >= WINDOW);
            self.max_in_1s = self.max_in_1s.max((last - first + 1) as u64);
        }
        while self
            .recent
            .front()
            .zip(self.recent.back())
            .is_some_and(|(oldest, newest)| newest.duration_since(*oldest) >= REMEMBERED)
        {
            self.recent.pop_front();
        }
    }

    /// Requests sent.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The most requests sent in any window [t, t + 1 s).
    pub fn max_in_1s(&self) -> u64 {
        self.max_in_1s
    }

    /// Requests sent in the second that ends at `now`.
    pub fn in_last_second(&self, now: Instant) -> u32 {
        let since = self.recent.partition_point(|sent| {
            now.checked_duration_since(*sent).is_some_and(|ago| ago >= WINDOW)
        });
        u32::try_from(self.recent.len() - since).unwrap_or(u32::MAX)
    }

    /// Requests sent in each of the last [`HISTORY_S`] whole seconds before `now`, oldest first;
    /// empty before the first send.
    pub fn history(&self, now: Instant) -> Vec<u32> {
        let Some(origin) = self.origin else { return Vec::new() };
        let end = now.saturating_duration_since(origin).as_secs();
        let first = end.saturating_sub(HISTORY_S as u64);
        (first..end).map(|second| self.by_second.get(&second).copied().unwrap_or(0)).collect()
    }
}

/// One meter for all HTTP sessions, read by the status. A std mutex: held for a microsecond, never
/// over an await.
#[derive(Clone, Debug, Default)]
pub struct SharedMeter(Arc<Mutex<RequestMeter>>);

impl SharedMeter {
    /// What an adapter calls with the time at which a request left.
    pub fn on_sent(&self) -> Arc<dyn Fn(Instant) + Send + Sync> {
        let meter = self.clone();
        Arc::new(move |at| meter.lock().record(at))
    }

    /// Requests sent.
    pub fn total(&self) -> u64 {
        self.lock().total()
    }

    /// The most requests sent in any window [t, t + 1 s).
    pub fn max_in_1s(&self) -> u64 {
        self.lock().max_in_1s()
    }

    /// Requests sent in the second that ends at `now`.
    pub fn in_last_second(&self, now: Instant) -> u32 {
        self.lock().in_last_second(now)
    }

    /// Requests sent in each of the last [`HISTORY_S`] whole seconds before `now`, oldest first.
    pub fn history(&self, now: Instant) -> Vec<u32> {
        self.lock().history(now)
    }

    fn lock(&self) -> MutexGuard<'_, RequestMeter> {
        // A count is whole after each step: one that panicked meanwhile left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measure(start: Instant, sends_ms: &[u64]) -> RequestMeter {
        let mut meter = RequestMeter::default();
        for ms in sends_ms {
            meter.record(start + Duration::from_millis(*ms));
        }
        meter
    }

    #[test]
    fn a_window_begins_with_its_first_millisecond_and_ends_before_the_next_second() {
        let start = Instant::now();
        assert_eq!(measure(start, &[0, 500, 999]).max_in_1s(), 3);
        assert_eq!(measure(start, &[0, 500, 1_000]).max_in_1s(), 2);
        assert_eq!(measure(start, &[]).max_in_1s(), 0);
        assert_eq!(measure(start, &[0, 500, 1_000, 5_000]).total(), 4);
    }

    #[test]
    fn a_send_reported_late_is_counted_in_its_own_second() {
        let start = Instant::now();
        assert_eq!(measure(start, &[900, 1_950, 1_000]).max_in_1s(), 2);
        assert_eq!(measure(start, &[900, 1_899, 1_000]).max_in_1s(), 3);
    }

    #[test]
    fn the_last_second_holds_a_send_for_999_ms_and_not_for_1000() {
        let start = Instant::now();
        let meter = measure(start, &[0, 400]);
        assert_eq!(meter.in_last_second(start + Duration::from_millis(999)), 2);
        assert_eq!(meter.in_last_second(start + Duration::from_millis(1_000)), 1);
        assert_eq!(meter.in_last_second(start + Duration::from_secs(9)), 0);
    }

    #[test]
    fn the_history_has_each_whole_second_quiet_ones_included_and_60_at_most() {
        let start = Instant::now();
        let meter = measure(start, &[0, 999, 2_000, 3_100]);
        let at = |ms| meter.history(start + Duration::from_millis(ms));
        assert_eq!(at(3_999), [2, 0, 1]);
        assert_eq!(at(4_000), [2, 0, 1, 1]);
        assert_eq!((at(200_000).len(), at(200_000).iter().sum::<u32>()), (HISTORY_S, 0));
        assert!(measure(start, &[]).history(start).is_empty());
    }

    #[test]
    fn the_shared_meter_counts_what_its_hook_is_told() {
        let meter = SharedMeter::default();
        let on_sent = meter.on_sent();
        let now = Instant::now();
        for _ in 0..51 {
            on_sent(now);
        }
        assert_eq!((meter.total(), meter.max_in_1s()), (51, 51));
    }

    proptest! {
        #[test]
        fn agrees_with_counting_every_window(
            gaps in prop::collection::vec(0_u64..400, 1..200),
            swaps in prop::collection::vec(0_usize..200, 0..50),
        ) {
            let start = Instant::now();
            let mut sends: Vec<u64> = gaps.iter().scan(0, |at, gap| {
                *at += gap;
                Some(*at)
            }).collect();
            let ordered = sends.clone();
            for at in swaps {
                if at + 1 < sends.len() {
                    sends.swap(at, at + 1);
                }
            }
            let expected = ordered.iter().map(|from| {
                ordered.iter().filter(|at| (*from..from + 1_000).contains(*at)).count()
            }).max();
            prop_assert_eq!(measure(start, &sends).max_in_1s() as usize, expected.unwrap_or(0));
        }
    }
}
