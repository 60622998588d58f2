//! When the next tick is due, and how late the run is.
//!
//! Next tick = max(previous tick + interval, end of cycle): no catch-up bursts, no skipped hour.
//! "Previous tick" is when it was due, so that a timer's lateness does not add up over years.

use std::time::{Duration, Instant};

/// The run's position in real time.
#[derive(Clone, Debug)]
pub struct Pacer {
    interval: Duration,
    /// When the first tick of this process was due, shifted by every pause since.
    start: Instant,
    /// Ticks sent since `start`.
    ticks: u32,
    /// When the last tick was due, shifted by every pause since.
    last_due: Option<Instant>,
    paused_since: Option<Instant>,
}

impl Pacer {
    /// A run that begins at `now`; an interval of zero is as fast as work allows.
    pub fn new(interval: Duration, now: Instant) -> Self {
        Self { interval, start: now, ticks: 0, last_due: None, paused_since: None }
    }

    /// When the next tick is due, asked at the end of a cycle.
    pub fn next_due(&self, now: Instant) -> Instant {
        match self.last_due {
            Some(last) => (last + self.interval).max(now),
            None => now,
        }
    }

    /// A tick goes out at `now`, that was due at `due`. Answers the lateness.
    pub fn tick(&mut self, due: Instant, now: Instant) -> Duration {
        let lateness = self.lateness(now);
        self.last_due = Some(due);
        self.ticks += 1;
        lateness
    }

    /// now - (start + cycles x interval) without pauses; zero when there is no interval.
    pub fn lateness(&self, now: Instant) -> Duration {
        if self.interval.is_zero() {
            return Duration::ZERO;
        }
        now.saturating_duration_since(self.start + self.interval * self.ticks)
    }

    /// Real time between two ticks; zero is as fast as work allows.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Real time from the first tick to `now` without pauses.
    pub fn running_time(&self, now: Instant) -> Duration {
        self.paused_since.unwrap_or(now).saturating_duration_since(self.start)
    }

    /// The operator parks the run.
    pub fn pause(&mut self, now: Instant) {
        self.paused_since.get_or_insert(now);
    }

    /// The operator continues it; the time between costs no lateness.
    pub fn resume(&mut self, now: Instant) {
        if let Some(since) = self.paused_since.take() {
            let paused = now.saturating_duration_since(since);
            self.start += paused;
            self.last_due = self.last_due.map(|due| due + paused);
        }
    }

    /// Whether time stands still for it.
    pub fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    /// A repeated cycle takes the place of the broken one: its tick is not counted twice, and it is
    /// due when that one was, which is at once.
    pub fn repeat_tick(&mut self) {
        self.ticks = self.ticks.saturating_sub(1);
        self.last_due = self.last_due.and_then(|due| due.checked_sub(self.interval));
    }

    /// A new interval from the tick on that is due next; lateness starts over: that tick is due one
    /// new interval after the last one, or at once where that has passed.
    pub fn retune(&mut self, interval: Duration, now: Instant) {
        let now = self.paused_since.unwrap_or(now);
        let begun = now.checked_sub(interval).unwrap_or(now);
        self.start = self.last_due.map_or(now, |last| last.max(begun));
        self.ticks = u32::from(self.last_due.is_some());
        self.interval = interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(75);

    #[test]
    fn ticks_are_one_interval_apart_and_a_late_timer_does_not_add_up() {
        let start = Instant::now();
        let mut pacer = Pacer::new(INTERVAL, start);
        let mut due = start;
        for n in 0..1_000_u32 {
            assert_eq!(due, start + INTERVAL * n);
            let fired = due + Duration::from_millis(1);
            assert_eq!(pacer.tick(due, fired), Duration::from_millis(1));
            due = pacer.next_due(fired + Duration::from_secs(20));
        }
    }

    #[test]
    fn after_an_overlong_cycle_the_next_starts_at_once_and_no_burst_follows() {
        let start = Instant::now();
        let mut pacer = Pacer::new(INTERVAL, start);
        pacer.tick(start, start);
        let end = start + Duration::from_secs(100);
        let due = pacer.next_due(end);
        assert_eq!(due, end);
        assert_eq!(pacer.tick(due, end), Duration::from_secs(25));
        assert_eq!(pacer.next_due(end + Duration::from_secs(5)), end + INTERVAL);
    }

    #[test]
    fn a_pause_costs_no_lateness_and_shifts_the_next_tick() {
        let start = Instant::now();
        let mut pacer = Pacer::new(INTERVAL, start);
        pacer.tick(start, start);
        pacer.pause(start + Duration::from_secs(10));
        pacer.resume(start + Duration::from_secs(1_010));
        let due = pacer.next_due(start + Duration::from_secs(1_020));
        assert_eq!(due, start + Duration::from_secs(1_075));
        assert_eq!(pacer.tick(due, due), Duration::ZERO);
    }

    #[test]
    fn a_repeated_cycle_begins_at_once_and_is_late_by_what_the_broken_one_took() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pacer = Pacer::new(INTERVAL, start);
        pacer.tick(start, start);
        pacer.tick(at(75), at(75));
        pacer.pause(at(77));
        pacer.resume(at(1_077));
        pacer.repeat_tick();
        let due = pacer.next_due(at(1_078));
        assert_eq!(due, at(1_078));
        assert_eq!(pacer.tick(due, due), Duration::from_secs(3));
        assert_eq!(pacer.next_due(at(1_090)), at(1_153));
    }

    #[test]
    fn a_new_pace_counts_from_the_last_tick_and_owes_nothing_of_the_old_one() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (seconds, due, then) in [(100, 100, 200), (5, 60, 65), (75, 75, 150)] {
            let interval = Duration::from_secs(seconds);
            let mut pacer = Pacer::new(INTERVAL, start);
            pacer.tick(start, start);
            pacer.retune(interval, at(60));
            assert_eq!(pacer.next_due(at(60)), at(due));
            assert_eq!(pacer.tick(at(due), at(due)), Duration::ZERO, "{seconds}");
            assert_eq!(pacer.next_due(at(due)), at(then));
            assert_eq!(pacer.tick(at(then), at(then + 1)), Duration::from_secs(1), "{seconds}");
        }
    }

    #[test]
    fn a_new_pace_during_a_pause_holds_after_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pacer = Pacer::new(INTERVAL, start);
        pacer.tick(start, start);
        pacer.pause(at(10));
        pacer.retune(Duration::from_secs(30), at(500));
        pacer.resume(at(1_010));
        assert_eq!(pacer.next_due(at(1_011)), at(1_030));
        assert_eq!(pacer.tick(at(1_030), at(1_030)), Duration::ZERO);
    }

    #[test]
    fn at_full_speed_nothing_is_ever_late() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Duration::ZERO, start);
        pacer.tick(start, start);
        let later = start + Duration::from_secs(9);
        assert_eq!(pacer.next_due(later), later);
        assert_eq!(pacer.tick(later, later), Duration::ZERO);
    }
}
