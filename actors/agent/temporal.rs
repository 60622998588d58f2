//! When an agent shops: the curve of the day, its own preference on it, and the days of its week.
//!
//! Weights are factors around 1, not probabilities: over the 24 hours of a day they average
//! exactly 1 for each agent, so a preference moves visits without adding any.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::domain::persona::{Persona, TimeOfDay};

mod visit_clock;
pub use visit_clock::VisitClock;

/// Orders by hour of day 0..23, percent (Instacart 2017, 3,421,083 orders).
pub const INSTACART_HOURS: [f64; 24] = [
    0.67, 0.36, 0.22, 0.16, 0.16, 0.28, 0.89, 2.69, 5.21, 7.54, 8.43, 8.32, 7.98, 8.13, 8.27, 8.29,
    7.97, 6.69, 5.35, 4.11, 3.05, 2.28, 1.80, 1.17,
];

/// A part of the day that agents prefer or avoid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// 05-11 h.
    Morning,
    /// 12-16 h.
    Afternoon,
    /// 17-04 h.
    Evening,
}

/// The part of the day of this hour (0-23).
pub fn bucket_of(hour: u32) -> Bucket {
    if (5..=11).contains(&hour) {
        Bucket::Morning
    } else if (12..=16).contains(&hour) {
        Bucket::Afternoon
    } else {
        Bucket::Evening
    }
}

impl Bucket {
    /// The agent's preference for this part of the day.
    fn preference(self, prefs: TimeOfDay) -> f64 {
        match self {
            Self::Morning => prefs.morning,
            Self::Afternoon => prefs.afternoon,
            Self::Evening => prefs.evening,
        }
    }

    /// What the curve puts into this part of the day, percent.
    fn share_of_curve(self) -> f64 {
        (0..24)
            .zip(INSTACART_HOURS)
            .filter(|(hour, _)| bucket_of(*hour) == self)
            .map(|(_, percent)| percent)
            .sum()
    }
}

/// The weight of each hour of the day for one agent, 0..23 h; the mean is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourWeights(pub [f64; 24]);

impl HourWeights {
    /// curve(h) x preference(bucket of h) / the curve's share of that bucket, scaled so that the
    /// mean is 1. Preferences that are no positive numbers leave the plain curve.
    pub fn of(prefs: TimeOfDay) -> Self {
        let mut weights = INSTACART_HOURS;
        for (hour, weight) in (0..24).zip(&mut weights) {
            let bucket = bucket_of(hour);
            // Shares are at most 1; what is far above would overflow the sum.
            let preference = bucket.preference(prefs).max(0.0).clamp(0.0, 1e6);
            *weight *= preference / bucket.share_of_curve();
        }
        let total: f64 = weights.iter().sum();
        if total.is_finite() && total > f64::EPSILON {
            Self(weights.map(|w| w * 24.0 / total))
        } else {
            let total: f64 = INSTACART_HOURS.iter().sum();
            Self(INSTACART_HOURS.map(|w| w * 24.0 / total))
        }
    }

    /// The weight of this hour (0-23).
    pub fn at(&self, hour: u32) -> f64 {
        usize::try_from(hour).ok().and_then(|h| self.0.get(h)).copied().unwrap_or(0.0)
    }
}

/// The weight of one hour; an agent that asks each hour keeps its [`HourWeights`].
pub fn hour_weight(prefs: TimeOfDay, hour: u32) -> f64 {
    HourWeights::of(prefs).at(hour)
}

/// The agent's affinity for this day, 0-1, 0.5 = neutral.
pub fn day_affinity(persona: &Persona, date: NaiveDate) -> f64 {
    match date.weekday() {
        Weekday::Sat | Weekday::Sun => persona.weekend_affinity,
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => {
            persona.weekday_affinity
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presets;
    use proptest::prelude::*;

    #[test]
    fn the_parts_of_the_day_begin_at_five_twelve_and_seventeen() {
        for (hour, bucket) in [
            (0, Bucket::Evening),
            (4, Bucket::Evening),
            (5, Bucket::Morning),
            (11, Bucket::Morning),
            (12, Bucket::Afternoon),
            (16, Bucket::Afternoon),
            (17, Bucket::Evening),
            (23, Bucket::Evening),
        ] {
            assert_eq!(bucket_of(hour), bucket, "{hour} h");
        }
    }

    #[test]
    fn without_a_preference_of_its_own_an_agent_follows_the_curve() {
        let curve = TimeOfDay { morning: 0.3336, afternoon: 0.4064, evening: 0.2601 };
        for (hour, percent) in (0..24).zip(INSTACART_HOURS) {
            let weight = hour_weight(curve, hour);
            assert!((weight - percent * 0.24).abs() < 0.002, "{hour} h: {weight}");
        }
    }

    #[test]
    fn a_morning_person_never_shops_in_the_evening() {
        let prefs = TimeOfDay { morning: 1.0, afternoon: 0.0, evening: 0.0 };
        assert!(hour_weight(prefs, 10) > 5.0);
        assert_eq!(hour_weight(prefs, 17), 0.0);
        assert_eq!(hour_weight(prefs, 24), 0.0);
    }

    #[test]
    fn saturday_and_sunday_are_the_weekend() {
        let mut persona = presets::population(1, 1).remove(0);
        (persona.weekday_affinity, persona.weekend_affinity) = (0.1, 0.9);
        let friday = NaiveDate::from_ymd_opt(2026, 6, 5).unwrap();
        let affinities: Vec<f64> =
            friday.iter_days().take(4).map(|day| day_affinity(&persona, day)).collect();
        assert_eq!(affinities, [0.1, 0.9, 0.9, 0.1]);
    }

    proptest! {
        #[test]
        fn the_weights_of_a_day_average_one(m in 0.0..=1.0, a in 0.0..=1.0, e in 0.0..=1.0) {
            let weights = HourWeights::of(TimeOfDay { morning: m, afternoon: a, evening: e });
            let mean = weights.0.iter().sum::<f64>() / 24.0;
            prop_assert!((mean - 1.0).abs() < 1e-12, "{mean}");
            prop_assert!(weights.0.iter().all(|w| *w >= 0.0));
        }

        #[test]
        fn hostile_preferences_leave_finite_weights(m in any::<f64>(), a in any::<f64>()) {
            let weights = HourWeights::of(TimeOfDay {
                morning: m,
                afternoon: a,
                evening: f64::NAN,
            });
            prop_assert!(weights.0.iter().all(|w| w.is_finite() && *w >= 0.0));
        }
    }
}
