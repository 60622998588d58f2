//! How many calls took how long, in fixed buckets over the life of a process: what a metrics system
//! adds up over time and over runs, which percentiles do not allow.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::timing::CallTiming;

/// Upper bounds of the buckets, milliseconds; a call above the last is only in `count`.
pub const BOUNDS_MS: [u64; 15] =
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// Calls by one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallHistogram {
    /// Calls above the bound before and at most this one, by [`BOUNDS_MS`].
    pub buckets: [u64; BOUNDS_MS.len()],
    /// All calls.
    pub count: u64,
    /// Time of all calls together, microseconds.
    pub sum_us: u64,
}

impl CallHistogram {
    /// Takes in one call.
    pub fn record(&mut self, took: Duration) {
        let bound = BOUNDS_MS.iter().position(|ms| took <= Duration::from_millis(*ms));
        if let Some(bound) = bound {
            self.buckets[bound] += 1;
        }
        self.count += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_us = self.sum_us.saturating_add(micros);
    }
}

/// Calls by each of the three clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallHistograms {
    /// Sent to answered.
    pub service: CallHistogram,
    /// Wanted to sent.
    pub queued: CallHistogram,
    /// Wanted to answered.
    pub felt: CallHistogram,
}

impl CallHistograms {
    /// Takes in one call.
    pub fn record(&mut self, timing: CallTiming) {
        self.service.record(timing.service);
        self.queued.record(timing.queued);
        self.felt.record(timing.felt());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_at_a_bound_is_in_its_bucket_and_one_above_in_the_next() {
        let mut histogram = CallHistogram::default();
        for micros in [1_000, 1_001, 2_000, 60_000_000, 60_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        assert_eq!((histogram.buckets[0], histogram.buckets[1], histogram.buckets[14]), (1, 2, 1));
        assert_eq!((histogram.count, histogram.sum_us), (5, 120_004_002));
    }

    #[test]
    fn felt_is_queued_and_service_together() {
        let mut histograms = CallHistograms::default();
        let (queued, service) = (Duration::from_millis(30), Duration::from_millis(12));
        histograms.record(CallTiming { queued, service });
        assert_eq!(histograms.felt.sum_us, 42_000);
        assert_eq!((histograms.queued.buckets[5], histograms.service.buckets[4]), (1, 1));
    }
}
