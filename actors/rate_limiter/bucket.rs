//! The token bucket with its ring: when the next request may leave.
//!
//! Kept as one point in time, the moment at which the bucket will be full again, so that neither
//! late timers nor idle hours add up errors. The ring bounds what the burst could do to a window.

use std::time::{Duration, Instant};

use super::ring::Ring;
use crate::domain::permit::Permit;
use crate::domain::rate::Rate;

/// The burst is what the rate gives in so many seconds: it pays for timers that fire late.
const BURST_S: f64 = 0.1;
/// The burst is at least this: with 1 the 1 ms grain of timers would cost 6-17 % of the rate.
const BURST_MIN: f64 = 2.0;
/// Picoseconds in a second: the unit in which a millionth of a second's share is still exact.
const PS_PER_S: f64 = 1e12;
/// The longest interval between two tokens, 100 years: slower rates would overflow the clock.
const INTERVAL_MAX_PS: u128 = 100 * 365 * 86_400 * 1_000_000_000_000;

/// What limits the grants; `None` when unlimited.
#[derive(Clone, Debug)]
pub struct Bucket {
    limits: Option<Limits>,
}

/// Both limits of a finite rate.
#[derive(Clone, Debug)]
struct Limits {
    tokens: Tokens,
    ring: Ring,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        let limits = rate.limit().zip(rate.window_max()).map(|(per_second, window_max)| Limits {
            tokens: Tokens::full(per_second, now),
            ring: Ring::new(window_max),
        });
        Self { limits }
    }

    /// A bucket out of which all has just been taken that may be taken in one window, as far as
    /// anybody knows: another process has sent until a moment ago.
    pub fn spent(rate: Rate, now: Instant) -> Self {
        let mut bucket = Self::new(rate, now);
        if let Some(limits) = &mut bucket.limits {
            limits.tokens.leave(0.0);
            limits.ring = Ring::full(rate.window_max().unwrap_or_default(), now);
        }
        bucket
    }

    /// One permit, or the earliest moment at which there may be one.
    #[expect(clippy::disallowed_methods, reason = "this is the bucket: the one maker of permits")]
    pub fn grant(&mut self, now: Instant) -> Result<Permit, Instant> {
        let Some(limits) = &mut self.limits else {
            return Ok(Permit::granted(now, false));
        };
        let earliest = limits.earliest();
        if earliest > now {
            return Err(earliest);
        }
        limits.tokens.take(now);
        limits.ring.push(now);
        Ok(Permit::granted(now, true))
    }

    /// The earliest moment at which there may be a permit; `None`: at any.
    pub fn earliest(&self) -> Option<Instant> {
        self.limits.as_ref().map(Limits::earliest)
    }

    /// Takes back a permit granted at `granted_at` with which nothing was sent: its token and its
    /// place in the window are there again.
    pub fn take_back(&mut self, granted_at: Instant) {
        if let Some(limits) = &mut self.limits {
            limits.tokens.put_back();
            limits.ring.take_back(granted_at);
        }
    }

    /// Changes the rate. Tokens saved up and the grants of the last second still count; coming from
    /// no limit the bucket is empty.
    pub fn retune(&mut self, rate: Rate, now: Instant) {
        let Some((per_second, window_max)) = rate.limit().zip(rate.window_max()) else {
            self.limits = None;
            return;
        };
        let (saved, mut ring) = match self.limits.take() {
            Some(limits) => (limits.tokens.available(now), limits.ring),
            None => (0.0, Ring::new(window_max)),
        };
        ring.resize(window_max);
        let mut tokens = Tokens::full(per_second, now);
        tokens.leave(saved);
        self.limits = Some(Limits { tokens, ring });
    }
}

impl Limits {
    fn earliest(&self) -> Instant {
        let by_tokens = self.tokens.earliest();
        self.ring.earliest().map_or(by_tokens, |by_ring| by_ring.max(by_tokens))
    }
}

/// The tokens of a bucket, as the time at which it will be full.
#[derive(Clone, Debug)]
struct Tokens {
    /// Time 0 of `full_at_ps`.
    epoch: Instant,
    /// When the bucket is full again, picoseconds since `epoch`; in the past when it is.
    full_at_ps: u128,
    /// Between two tokens, picoseconds.
    interval_ps: u128,
    /// How far `full_at_ps` may lie ahead with a whole token left: (burst - 1) intervals.
    tolerance_ps: u128,
}

impl Tokens {
    fn full(per_second: f64, now: Instant) -> Self {
        // Rounded up: never faster than the rate. The cast saturates.
        let interval_ps = ((PS_PER_S / per_second).ceil() as u128).clamp(1, INTERVAL_MAX_PS);
        let burst = (per_second * BURST_S).max(BURST_MIN);
        let tolerance_ps = ((burst - 1.0) * interval_ps as f64) as u128;
        Self { epoch: now, full_at_ps: 0, interval_ps, tolerance_ps }
    }

    /// When the next whole token is there.
    fn earliest(&self) -> Instant {
        let ps = self.full_at_ps.saturating_sub(self.tolerance_ps);
        let ns = u64::try_from(ps.div_ceil(1_000)).unwrap_or(u64::MAX);
        // Saturates at some hundred years, which every clock can add.
        self.epoch + Duration::from_nanos(ns.min(u64::MAX / 4))
    }

    fn take(&mut self, now: Instant) {
        self.full_at_ps = self.full_at_ps.max(self.since_epoch_ps(now)) + self.interval_ps;
    }

    /// One more; a full bucket stays full, for its time of being full lies behind already.
    fn put_back(&mut self) {
        self.full_at_ps = self.full_at_ps.saturating_sub(self.interval_ps);
    }

    /// Tokens there are, with the part of the next one.
    fn available(&self, now: Instant) -> f64 {
        let missing_ps = self.full_at_ps.saturating_sub(self.since_epoch_ps(now));
        let burst_ps = self.tolerance_ps + self.interval_ps;
        burst_ps.saturating_sub(missing_ps) as f64 / self.interval_ps as f64
    }

    /// Takes out of a full bucket all but `saved` tokens.
    fn leave(&mut self, saved: f64) {
        let saved_ps = (saved * self.interval_ps as f64) as u128;
        let burst_ps = self.tolerance_ps + self.interval_ps;
        self.full_at_ps = burst_ps.saturating_sub(saved_ps);
    }

    fn since_epoch_ps(&self, now: Instant) -> u128 {
        now.saturating_duration_since(self.epoch).as_nanos() * 1_000
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Serves `demand` arrivals (ns, ascending) until `until_ns` with timers that fire up to
    /// `late_ns` late; answers when grants were made.
    fn serve(rate: Rate, demand: &[u64], until_ns: u64, late_ns: u64) -> Vec<Duration> {
        let start = Instant::now();
        let mut bucket = Bucket::new(rate, start);
        let mut grants = Vec::new();
        let mut now_ns = 0;
        let mut lateness = 0x9e37_79b9_u64;
        for arrival in demand {
            now_ns = now_ns.max(*arrival);
            loop {
                if now_ns > until_ns {
                    return grants;
                }
                match bucket.grant(start + Duration::from_nanos(now_ns)) {
                    Ok(_) => break,
                    Err(at) => {
                        lateness = lateness.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        let late = if late_ns == 0 { 0 } else { (lateness >> 33) % late_ns };
                        now_ns = (at - start).as_nanos() as u64 + late;
                    }
                }
            }
            grants.push(Duration::from_nanos(now_ns));
        }
        grants
    }

    fn no_window_carries_more_than(grants: &[Duration], window_max: usize) -> bool {
        grants
            .iter()
            .zip(grants.iter().skip(window_max))
            .all(|(first, beyond)| *beyond - *first >= Duration::from_secs(1))
    }

    #[test]
    fn serves_372_callers_at_once_in_7_34_seconds_to_the_nanosecond() {
        let grants = serve(Rate::DEFAULT, &[0; 372], u64::MAX, 0);
        assert_eq!(grants[..5], [Duration::ZERO; 5]);
        assert_eq!(grants[5], Duration::from_millis(20));
        assert_eq!(grants[371], Duration::from_millis(7_340));
        assert!(no_window_carries_more_than(&grants, 51));
    }

    #[test]
    fn an_idle_hour_saves_up_one_burst_and_no_more() {
        let hour = 3_600_000_000_000;
        let mut demand = vec![0; 60];
        demand.extend([hour; 200]);
        let grants = serve(Rate::DEFAULT, &demand, u64::MAX, 0);
        let after = &grants[60..];
        assert!(no_window_carries_more_than(&grants, 51));
        assert_eq!(after.iter().filter(|at| at.as_nanos() as u64 == hour).count(), 5);
    }

    #[test]
    fn every_rate_delivers_what_it_says_and_no_more() {
        for rate in [0.5, 1.0, 20.0, 50.0, 99.0, 100.0, 1_000.0, 50_000.0] {
            let seconds = 4_f64.max(400.0 / rate);
            let until_ns = (seconds * 1e9) as u64;
            let demand = vec![0; (rate * seconds * 1.1) as usize + 10];
            let grants = serve(Rate::PerSecond(rate), &demand, until_ns, 1_000_000);
            let least = (rate * seconds * 0.995) as usize;
            assert!(grants.len() >= least, "{rate}/s: {} of {least}", grants.len());
            let window_max = Rate::PerSecond(rate).window_max().unwrap();
            assert!(no_window_carries_more_than(&grants, window_max), "{rate}/s");
        }
    }

    #[test]
    fn a_rate_of_next_to_nothing_neither_panics_nor_grants_a_third_time() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::PerSecond(1e-300), start);
        assert!(bucket.grant(start).is_ok());
        let later = start + Duration::from_secs(2);
        assert!(bucket.grant(later).is_ok());
        let at = bucket.grant(later + Duration::from_secs(2)).unwrap_err();
        assert!(at > later + Duration::from_secs(86_400));
    }

    #[test]
    fn unlimited_grants_at_once_and_its_permits_do_not_expire() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::Unlimited, start);
        for _ in 0..10_000 {
            let permit = bucket.grant(start).unwrap();
            assert!(permit.is_sendable(start + Duration::from_secs(60)));
        }
    }

    #[test]
    fn a_permit_of_a_limit_expires_after_10_ms() {
        let start = Instant::now();
        let permit = Bucket::new(Rate::DEFAULT, start).grant(start).unwrap();
        assert!(permit.is_sendable(start + Duration::from_millis(10)));
        assert!(!permit.is_sendable(start + Duration::from_micros(10_001)));
    }

    #[test]
    fn retuning_up_and_down_never_opens_a_window() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::DEFAULT, start);
        let mut grants = Vec::new();
        for ms in 0..4_000_u64 {
            if ms % 100 == 0 {
                let rate = if ms % 200 == 0 { 50.0 } else { 40.0 };
                bucket.retune(Rate::PerSecond(rate), start + Duration::from_millis(ms));
            }
            while bucket.grant(start + Duration::from_millis(ms)).is_ok() {
                grants.push(Duration::from_millis(ms));
            }
        }
        assert!(grants.len() >= 4 * 40, "{}", grants.len());
        assert!(no_window_carries_more_than(&grants, 51));
    }

    #[test]
    fn a_limit_after_none_begins_with_an_empty_bucket() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::Unlimited, start);
        bucket.retune(Rate::DEFAULT, start);
        assert_eq!(bucket.grant(start).unwrap_err(), start + Duration::from_millis(20));
    }

    #[test]
    fn a_spent_bucket_grants_nothing_that_shares_a_window_with_what_came_before() {
        let start = Instant::now();
        for (rate, first_ms) in [(50.0, 1_010), (1_000.0, 1_010), (1.0, 1_010), (0.5, 2_000)] {
            let mut bucket = Bucket::spent(Rate::PerSecond(rate), start);
            let first = start + Duration::from_millis(first_ms);
            assert_eq!(bucket.grant(start).unwrap_err(), first, "{rate}/s");
            assert!(bucket.grant(first - Duration::from_nanos(1)).is_err(), "{rate}/s");
            assert!(bucket.grant(first).is_ok(), "{rate}/s");
        }
        assert!(Bucket::spent(Rate::Unlimited, start).grant(start).is_ok());
    }

    #[test]
    fn a_permit_that_was_given_back_is_there_again_and_no_more_than_that() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Rate::DEFAULT, start);
        let granted = (0..5).map(|_| bucket.grant(start).unwrap()).last().unwrap();
        assert!(bucket.grant(start).is_err());
        bucket.take_back(granted.granted_at());
        assert!(bucket.grant(start).is_ok());
        assert!(bucket.grant(start).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Permits are taken, some are given back unsent, the rate changes: what was sent stays
        /// within the window of the highest rate there was.
        #[test]
        fn whatever_is_given_back_no_window_carries_more_than_promised(
            steps in prop::collection::vec((0_u64..40, 0_u8..10), 200..800),
        ) {
            let start = Instant::now();
            let mut bucket = Bucket::new(Rate::DEFAULT, start);
            let (mut sent, mut held, mut now_ms) = (Vec::new(), Vec::new(), 0);
            for (gap_ms, what) in steps {
                now_ms += gap_ms;
                let now = start + Duration::from_millis(now_ms);
                match what {
                    0 => bucket.retune(Rate::PerSecond(30.0), now),
                    1 => bucket.retune(Rate::DEFAULT, now),
                    2..5 => held.drain(..).for_each(|at| bucket.take_back(at)),
                    _ => sent.extend(held.drain(..).map(|at: Instant| at - start)),
                }
                while let Ok(permit) = bucket.grant(now) {
                    held.push(permit.granted_at());
                }
            }
            prop_assert!(no_window_carries_more_than(&sent, 51), "{} sent", sent.len());
        }

        #[test]
        fn whatever_the_demand_no_window_carries_more_than_promised(
            exponent in -1.0..3.5_f64,
            bursts in prop::collection::vec((0_u64..3_000_000_000, 1_usize..400), 1..20),
            late_ns in 0_u64..1_000_000,
        ) {
            let rate = Rate::PerSecond(10_f64.powf(exponent));
            let mut demand = Vec::new();
            let mut at = 0;
            for (gap, count) in bursts {
                at += gap;
                demand.extend(std::iter::repeat_n(at, count));
            }
            let grants = serve(rate, &demand, u64::MAX, late_ns);
            prop_assert_eq!(grants.len(), demand.len());
            prop_assert!(no_window_carries_more_than(&grants, rate.window_max().unwrap()));
        }

        #[test]
        fn with_demand_at_least_995_of_1000_are_delivered(
            exponent in -1.0..3.5_f64,
            late_ns in 0_u64..1_000_000,
        ) {
            let per_second = 10_f64.powf(exponent);
            let seconds = 4_f64.max(400.0 / per_second);
            let demand = vec![0; (per_second * seconds * 1.1) as usize + 10];
            let rate = Rate::PerSecond(per_second);
            let grants = serve(rate, &demand, (seconds * 1e9) as u64, late_ns);
            prop_assert!(grants.len() as f64 >= (per_second * seconds * 0.995).floor());
        }
    }
}
