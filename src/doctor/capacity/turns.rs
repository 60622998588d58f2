//! Whose turn it is: requests leave evenly spaced, each with a permit of the run's own bucket.
//!
//! The bucket alone would let a burst go after each pause, and a burst is a queue at a slow shop.

use std::time::{Duration, Instant};

use actors::domain::permit::Permit;
use actors::domain::rate::Rate;
use actors::rate_limiter::bucket::Bucket;

/// The clock that all requests take their turns from.
pub(super) struct Turns {
    bucket: Bucket,
    gap: Duration,
    next_at: Instant,
}

impl Turns {
    /// Slow, until a pace is set.
    pub(super) fn new(now: Instant) -> Self {
        let rate = Rate::PerSecond(1.0);
        Self { bucket: Bucket::new(rate, now), gap: Duration::from_secs(1), next_at: now }
    }

    /// From now on so many a second; the last second still counts.
    pub(super) fn pace(&mut self, per_second: f64, now: Instant) {
        let Ok(rate) = Rate::per_second(per_second) else { return };
        self.bucket.retune(rate, now);
        self.gap = Duration::from_secs_f64(1.0 / per_second);
        self.next_at = self.next_at.max(now);
    }

    /// When the next request may leave.
    pub(super) fn due(&self) -> Instant {
        self.bucket.earliest().map_or(self.next_at, |at| at.max(self.next_at))
    }

    /// A permit, where it is time.
    pub(super) fn take(&mut self, now: Instant) -> Option<Permit> {
        if self.due() > now {
            return None;
        }
        let permit = self.bucket.grant(now).ok()?;
        // A timer that fired late is made up for once, and not with a burst.
        self.next_at = self.next_at.max(now.checked_sub(self.gap).unwrap_or(now)) + self.gap;
        Some(permit)
    }

    /// Nothing was sent with a permit of that moment.
    pub(super) fn take_back(&mut self, granted_at: Instant) {
        self.bucket.take_back(granted_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_pause_there_is_no_burst_and_no_second_has_more_than_the_rate() {
        let begin = Instant::now();
        let mut turns = Turns::new(begin);
        turns.pace(50.0, begin);
        let mut now = begin + Duration::from_secs(10);
        let mut left = Vec::new();
        while left.len() < 200 {
            match turns.take(now) {
                Some(_) => left.push(now),
                None => now = turns.due(),
            }
        }
        let gaps: Vec<Duration> = left.windows(2).map(|two| two[1] - two[0]).collect();
        // One that the window of a second held back is made up for once.
        let least = gaps.windows(2).skip(1).map(|two| two[0] + two[1]).min();
        assert!(least >= Some(Duration::from_millis(30)), "{gaps:?}");
        let most = |from: &Instant| {
            left.iter().filter(|at| *at >= from && **at - *from < Duration::from_secs(1)).count()
        };
        assert!(left.iter().map(most).max() <= Rate::PerSecond(50.0).window_max());
    }
}
