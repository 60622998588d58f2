//! The simulated instants of one visit, drawn before it starts so that it ends inside its hour.
//!
//! Think times are simulated only: they never slow the run. All that a visit could need are drawn
//! up front; a visit that adds less or leaves early uses fewer and ends earlier.

use chrono::{NaiveDateTime, TimeDelta};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::domain::behavior::{LogNormalTime, ThinkTimes};

/// Length of a simulated hour, microseconds.
const HOUR_US: i64 = 3_600_000_000;
/// The least between two instants, microseconds.
const STEP_US: i64 = 1_000;
/// Kept free in each hour for steps without think time, microseconds: 5,000 of them.
const INSTANTS_US: i64 = 5_000_000;
/// Views, and adds, that get think times of their own; further ones take no time (a bound on
/// memory).
const STEPS_MAX: u32 = 1_000;
/// Times over coupons that are drawn: the look at the wallet and one for each type applied.
const COUPON_STEPS: usize = 4;

/// Answers when each step of a visit happens: strictly rising by at least 1 ms, in whole
/// microseconds, always before the end of the hour. Beyond 5,000 steps without think time the last
/// instants are closer than that.
#[derive(Clone, Debug)]
pub struct VisitClock {
    /// The last instant answered, or the start.
    last: NaiveDateTime,
    /// No instant reaches it.
    hour_ends: NaiveDateTime,
    /// Microseconds still to be taken, by step.
    views: Vec<i64>,
    /// As `views`, before an add or a removal.
    adds: Vec<i64>,
    /// As `views`, over the coupons.
    coupons: Vec<i64>,
    /// As `views`, before the checkout; one.
    checkout: Vec<i64>,
    /// When the visit starts.
    start: NaiveDateTime,
}

impl VisitClock {
    /// Draws the times of a visit of up to so many views and so many adds and removals, in the hour
    /// that begins at `hour_begins`, and a uniform second of it to start at. Times that would
    /// not fit are scaled down together.
    pub fn plan(
        rng: &mut impl Rng,
        think: &ThinkTimes,
        (views, adds): (u32, u32),
        hour_begins: NaiveDateTime,
    ) -> Self {
        let count = |steps: u32| usize::try_from(steps.min(STEPS_MAX)).unwrap_or_default();
        let mut view_times = draw_times(rng, think.view, count(views));
        let mut add_times = draw_times(rng, think.add, count(adds));
        let mut coupon_times = draw_times(rng, think.coupons, COUPON_STEPS);
        let mut checkout = draw_times(rng, think.checkout, 1);
        let parts = [&mut view_times, &mut add_times, &mut coupon_times, &mut checkout];
        let steps = parts.iter().map(|p| p.len()).sum::<usize>();
        let free = HOUR_US - INSTANTS_US - STEP_US * i64::try_from(steps).unwrap_or(0);
        let wanted: i64 = parts.iter().flat_map(|p| p.iter()).sum();
        if wanted > free {
            let scale = free as f64 / wanted as f64;
            for time in parts.into_iter().flatten() {
                *time = (*time as f64 * scale) as i64; // towards zero: the sum stays within `free`
            }
        }
        let all = [&view_times, &add_times, &coupon_times, &checkout];
        let used: i64 = all.into_iter().flatten().sum();
        let latest_s = (free - used).max(0) / 1_000_000;
        let start = hour_begins + TimeDelta::seconds(rng.random_range(0..=latest_s));
        Self {
            last: start,
            hour_ends: hour_begins + TimeDelta::microseconds(HOUR_US),
            views: view_times,
            adds: add_times,
            coupons: coupon_times,
            checkout,
            start,
        }
    }

    /// When the visit starts: a whole second after the hour's begin.
    pub fn start(&self) -> NaiveDateTime {
        self.start
    }

    /// The last instant answered; the start before the first.
    pub fn last(&self) -> NaiveDateTime {
        self.last
    }

    /// When the next product is looked at.
    pub fn view(&mut self) -> NaiveDateTime {
        let think = self.views.pop().unwrap_or(0);
        self.advance(think)
    }

    /// When a product is put in the cart, or taken out.
    pub fn add(&mut self) -> NaiveDateTime {
        let think = self.adds.pop().unwrap_or(0);
        self.advance(think)
    }

    /// When the wallet is looked at, or a coupon chosen.
    pub fn coupons(&mut self) -> NaiveDateTime {
        let think = self.coupons.pop().unwrap_or(0);
        self.advance(think)
    }

    /// When the cart is ordered.
    pub fn checkout(&mut self) -> NaiveDateTime {
        let think = self.checkout.pop().unwrap_or(0);
        self.advance(think)
    }

    /// When something happens that takes no thought: a list, a refusal, leaving.
    pub fn instant(&mut self) -> NaiveDateTime {
        self.advance(0)
    }

    fn advance(&mut self, think_us: i64) -> NaiveDateTime {
        let left = (self.hour_ends - self.last).num_microseconds().unwrap_or(1) - 1;
        let wanted = STEP_US + think_us;
        // Past the reserve the steps shrink; at the hour's last microsecond the clock stands.
        let step = if wanted <= left { wanted } else { STEP_US.min(left / 2).max(left.min(1)) };
        self.last += TimeDelta::microseconds(step);
        self.last
    }
}

/// `count` times in whole microseconds, each at most an hour.
fn draw_times(rng: &mut impl Rng, time: LogNormalTime, count: usize) -> Vec<i64> {
    (0..count)
        .map(|_| {
            let normal: f64 = rng.sample(StandardNormal);
            let us = time.median_s * (time.sigma * normal).exp() * 1_000_000.0;
            // A cast of what is not a number is 0.
            us.clamp(0.0, HOUR_US as f64) as i64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presets;
    use chrono::{NaiveDate, Timelike};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn hour_begins() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(23, 0, 0).unwrap()
    }

    fn ask(clock: &mut VisitClock, step: u8) -> NaiveDateTime {
        match step % 5 {
            0 => clock.view(),
            1 => clock.add(),
            2 => clock.coupons(),
            3 => clock.checkout(),
            _ => clock.instant(),
        }
    }

    fn check_rising(clock: &mut VisitClock, steps: &[u8]) -> Result<(), TestCaseError> {
        let end = hour_begins() + TimeDelta::hours(1);
        prop_assert!(clock.start() >= hour_begins());
        prop_assert_eq!(clock.start().nanosecond(), 0);
        let mut before = clock.start();
        for step in steps {
            let at = ask(clock, *step);
            prop_assert!(at >= before + TimeDelta::milliseconds(1));
            prop_assert!(at < end);
            prop_assert_eq!(at.nanosecond() % 1_000, 0);
            prop_assert_eq!(at, clock.last());
            before = at;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn instants_rise_by_a_millisecond_and_stay_inside_the_hour(
            seed in any::<u64>(),
            views in 0_u32..60,
            steps in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let think = presets::lifelike().think;
            let mut clock = VisitClock::plan(&mut rng, &think, (views, views), hour_begins());
            check_rising(&mut clock, &steps)?;
        }

        #[test]
        fn hostile_think_times_stay_inside_the_hour(
            seed in any::<u64>(),
            median_s in any::<f64>(),
            sigma in any::<f64>(),
            views in any::<u32>(),
        ) {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let time = LogNormalTime { median_s, sigma };
            let think = ThinkTimes { view: time, add: time, coupons: time, checkout: time };
            let mut clock = VisitClock::plan(&mut rng, &think, (views, views), hour_begins());
            let steps: Vec<u8> = (0..2_500).map(|n| (n % 5) as u8).collect();
            check_rising(&mut clock, &steps)?;
        }
    }

    #[test]
    fn a_runaway_visit_never_leaves_its_hour() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let time = LogNormalTime { median_s: 3_600.0, sigma: 0.0 };
        let think = ThinkTimes { view: time, add: time, coupons: time, checkout: time };
        let mut clock = VisitClock::plan(&mut rng, &think, (10, 10), hour_begins());
        for step in 0..20_000_u32 {
            let before = clock.last();
            let at = ask(&mut clock, (step % 5) as u8);
            assert!(at >= before && at < hour_begins() + TimeDelta::hours(1));
        }
    }

    #[test]
    fn the_median_time_between_views_is_that_of_the_preset() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let think = presets::lifelike().think;
        let mut times = Vec::new();
        for _ in 0..600 {
            let mut clock = VisitClock::plan(&mut rng, &think, (10, 10), hour_begins());
            for _ in 0..10 {
                let before = clock.last();
                times.push((clock.view() - before).num_milliseconds());
            }
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        assert!((28_000..30_000).contains(&median), "{median} ms");
    }

    #[test]
    fn starts_are_spread_over_the_hour() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let think = presets::load().think;
        let starts: Vec<u32> = (0..2_000)
            .map(|_| VisitClock::plan(&mut rng, &think, (3, 3), hour_begins()).start().minute())
            .collect();
        for quarter in [0..15, 15..30, 30..45] {
            let share = starts.iter().filter(|m| quarter.contains(*m)).count();
            assert!((440..=620).contains(&share), "{share} of 2,000 in {quarter:?}");
        }
    }
}
