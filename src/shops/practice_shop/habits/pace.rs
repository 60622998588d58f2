//! How fast a shop works: places, time a request, and what changes while it is open.
//!
//! Pure: it says how long a request of a route takes at a moment; who waits is the counter's.

use std::collections::BTreeMap;
use std::time::Duration;

use super::HabitError;
use crate::practice_shop::route::Route;

/// A request takes at most so long, ms.
const SERVICE_MAX_MS: f64 = 600_000.0;

/// The work of a shop that serves so many requests at a time, in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// Requests served at the same time; at least 1.
    pub at_once: u32,
    /// What a request takes, ms.
    pub service_ms: f64,
    /// Whether that is a mean with exponential spread; default fixed.
    pub exponential: bool,
    /// Routes that take so many times as long.
    pub factors: BTreeMap<Route, f64>,
    /// Round trips to the shop's database a request ...
    pub round_trips: u32,
    /// ... of so many ms each, on top of the service time.
    pub round_trip_ms: f64,
    /// What changes, in order of time.
    pub changes: Vec<PaceChange>,
}

/// From a moment on the shop works otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaceChange {
    /// Seconds since the first request.
    pub after_s: f64,
    /// Requests served at the same time from then on.
    pub at_once: u32,
    /// What a request takes from then on, ms.
    pub service_ms: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 1,
            service_ms: 0.0,
            exponential: false,
            factors: BTreeMap::new(),
            round_trips: 0,
            round_trip_ms: 0.0,
            changes: Vec::new(),
        }
    }
}

impl Pace {
    /// So many at once, each of which takes so many milliseconds.
    pub fn of(at_once: u32, service_ms: f64) -> Self {
        Self { at_once, service_ms, ..Self::default() }
    }

    /// Refuses what would serve nobody or for ever.
    pub fn check(&self) -> Result<(), HabitError> {
        let error = |habit, why: &str| Err(HabitError { habit, why: why.to_owned() });
        let is_time = |ms: f64| (0.0..=SERVICE_MAX_MS).contains(&ms);
        let changes = || self.changes.iter();
        if self.at_once == 0 || changes().any(|change| change.at_once == 0) {
            return error("at once", "0 serves nobody: give at least 1");
        }
        let mut times = changes().map(|change| change.service_ms).chain([self.service_ms]);
        if !times.all(is_time) || !is_time(self.round_trip_ms * f64::from(self.round_trips)) {
            return error("service time", "give 0 to 600000 ms a request");
        }
        if !self.factors.values().all(|factor| (0.0..=1_000.0).contains(factor)) {
            return error("slower route", "give a factor from 0 to 1000");
        }
        let mut moments = changes().map(|change| change.after_s);
        if !changes().map(|c| c.after_s).is_sorted() || !moments.all(|s| (0.0..=1e9).contains(&s)) {
            return error("change of pace", "give seconds in rising order");
        }
        Ok(())
    }

    /// Requests served at the same time, so long after the first one.
    pub fn at_once(&self, open: Duration) -> u32 {
        self.change(open).map_or(self.at_once, |change| change.at_once)
    }

    /// What a request of this route takes, begun so long after the first one; `chance` is drawn
    /// evenly from 0 to 1.
    pub fn service(&self, route: Route, open: Duration, chance: f64) -> Duration {
        let base = self.change(open).map_or(self.service_ms, |change| change.service_ms);
        let spread = if self.exponential { -(1.0 - chance).max(f64::EPSILON).ln() } else { 1.0 };
        let factor = self.factors.get(&route).copied().unwrap_or(1.0);
        let trips = f64::from(self.round_trips) * self.round_trip_ms;
        let ms = (base * factor * spread + trips).clamp(0.0, SERVICE_MAX_MS);
        Duration::from_secs_f64(ms / 1_000.0)
    }

    fn change(&self, open: Duration) -> Option<&PaceChange> {
        self.changes.iter().rfind(|change| change.after_s <= open.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(pace: &Pace, route: Route, open_s: u64) -> u128 {
        pace.service(route, Duration::from_secs(open_s), 0.5).as_millis()
    }

    #[test]
    fn a_route_may_be_slower_and_the_way_to_the_database_is_not_multiplied() {
        let pace = Pace {
            factors: BTreeMap::from([(Route::Checkout, 10.0)]),
            round_trips: 18,
            round_trip_ms: 5.0,
            ..Pace::of(2, 20.0)
        };
        assert_eq!((ms(&pace, Route::AddItem, 0), ms(&pace, Route::Checkout, 0)), (110, 290));
    }

    #[test]
    fn a_change_holds_from_its_second_until_the_next() {
        let change = |after_s, at_once, service_ms| PaceChange { after_s, at_once, service_ms };
        let changes = vec![change(10.0, 1, 500.0), change(20.0, 4, 60.0)];
        let pace = Pace { changes, ..Pace::of(2, 60.0) };
        let at = |millis| pace.at_once(Duration::from_millis(millis));
        assert_eq!((at(0), at(9_999), at(10_000), at(19_999), at(20_000)), (2, 2, 1, 1, 4));
        assert_eq!([0, 10, 20].map(|s| ms(&pace, Route::AddItem, s)), [60, 500, 60]);
    }

    #[test]
    fn an_exponential_time_has_its_mean() {
        let pace = Pace { exponential: true, ..Pace::of(1, 100.0) };
        let draws = (0..1_000).map(|n| (f64::from(n) + 0.5) / 1_000.0);
        let sum: f64 =
            draws.map(|u| pace.service(Route::AddItem, Duration::ZERO, u).as_secs_f64()).sum();
        assert!((sum - 100.0).abs() < 1.0, "{sum}");
        assert!(pace.service(Route::AddItem, Duration::ZERO, 1.0) < Duration::from_secs(5));
    }

    #[test]
    fn what_serves_nobody_or_for_ever_is_refused() {
        let change = |after_s| PaceChange { after_s, at_once: 1, service_ms: 1.0 };
        for bad in [
            Pace::of(0, 1.0),
            Pace::of(1, -1.0),
            Pace::of(1, f64::NAN),
            Pace::of(1, 600_001.0),
            Pace { round_trips: u32::MAX, round_trip_ms: 5.0, ..Pace::of(1, 1.0) },
            Pace { factors: BTreeMap::from([(Route::Checkout, -1.0)]), ..Pace::of(1, 1.0) },
            Pace { changes: vec![change(2.0), change(1.0)], ..Pace::of(1, 1.0) },
            Pace { changes: vec![PaceChange { at_once: 0, ..change(1.0) }], ..Pace::of(1, 1.0) },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert_eq!(Pace::of(1, 600_000.0).check(), Ok(()));
    }
}
