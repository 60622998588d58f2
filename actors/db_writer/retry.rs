//! When a write that failed is tried again, and when it is given up.
//!
//! The waits are drawn from a quarter to all of a doubling cap: after a database restart 372 flows
//! must not all come back at once. The budget outlasts a pooler's 15 s pause after a restart.

use std::time::{Duration, Instant};

use rand::{Rng, RngExt};

/// How long a write is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Cap of the first wait; default 0.2 s, doubling.
    pub first_wait: Duration,
    /// No wait is longer; default 5 s.
    pub wait_max: Duration,
    /// One attempt may take so long; default 10 s.
    pub attempt_max: Duration,
    /// From the first attempt on; default 120 s. The last attempt begins by then.
    pub give_up_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(200),
            wait_max: Duration::from_secs(5),
            attempt_max: Duration::from_secs(10),
            give_up_after: Duration::from_secs(120),
        }
    }
}

/// The waits of one write.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    started_at: Instant,
    failures: u32,
}

impl Backoff {
    /// A write whose first attempt begins at `now`.
    pub fn new(policy: RetryPolicy, now: Instant) -> Self {
        Self { policy, started_at: now, failures: 0 }
    }

    /// How long to wait after an attempt that failed at `now`; `None`: give up.
    pub fn after_failure(&mut self, now: Instant, rng: &mut impl Rng) -> Option<Duration> {
        let spent = now.saturating_duration_since(self.started_at);
        let left = self.policy.give_up_after.checked_sub(spent).filter(|left| !left.is_zero())?;
        let doubled = 2_u32.saturating_pow(self.failures);
        let cap = self.policy.first_wait.saturating_mul(doubled).min(self.policy.wait_max);
        self.failures = self.failures.saturating_add(1);
        Some(rng.random_range(cap / 4..=cap).min(left))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn waits_double_from_200_ms_to_5_s_and_are_drawn_from_the_upper_three_quarters() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let start = Instant::now();
        for _ in 0..200 {
            let mut backoff = Backoff::new(RetryPolicy::default(), start);
            for cap_ms in [200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
                let wait = backoff.after_failure(start, &mut rng).unwrap().as_millis();
                assert!((cap_ms / 4..=cap_ms).contains(&wait), "{wait} of {cap_ms}");
            }
        }
    }

    #[test]
    fn gives_up_at_120_s_and_not_before() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let start = Instant::now();
        let mut backoff = Backoff::new(RetryPolicy::default(), start);
        let late = start + Duration::from_millis(119_999);
        assert_eq!(backoff.after_failure(late, &mut rng), Some(Duration::from_millis(1)));
        assert_eq!(backoff.after_failure(start + Duration::from_secs(120), &mut rng), None);
    }

    #[test]
    fn a_thousand_failures_overflow_nothing() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let start = Instant::now();
        let mut backoff = Backoff::new(RetryPolicy::default(), start);
        for _ in 0..1_000 {
            assert!(backoff.after_failure(start, &mut rng).unwrap() <= Duration::from_secs(5));
        }
    }
}
