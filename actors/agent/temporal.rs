//! When an agent shops: the curve of the day, its own preference on it, and the days of its week.
//!
//! Weights are factors around 1, not probabilities: over the 24 hours of a day they average
//! exactly 1 for each agent, so a preference moves visits without adding any.

use chrono::Weekday;

use crate::domain::behavior::HourCurve;
use crate::domain::persona::{Persona, TimeOfDay};

mod rhythm;
mod visit_clock;
pub use rhythm::Rhythm;
pub use visit_clock::VisitClock;

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

    /// What the curve puts into this part of the day.
    fn share_of_curve(self, curve: &HourCurve) -> f64 {
        (0..24)
            .zip(curve.weights())
            .filter(|(hour, _)| bucket_of(*hour) == self)
            .map(|(_, weight)| weight)
            .sum()
    }
}

/// The weight of each hour of the day for one agent, 0..23 h; the mean is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourWeights(pub [f64; 24]);

impl HourWeights {
    /// curve(h) x preference(bucket of h) / the curve's share of that bucket, scaled so that the
    /// mean is 1. Preferences that are no positive numbers, or lie where the curve has nothing,
    /// leave the plain curve.
    pub fn of(curve: &HourCurve, prefs: TimeOfDay) -> Self {
        let mut weights = curve.weights();
        for (hour, weight) in (0..24).zip(&mut weights) {
            let bucket = bucket_of(hour);
            // Shares are at most 1; what is far above would overflow the sum.
            let preference = bucket.preference(prefs).max(0.0).clamp(0.0, 1e6);
            let share = bucket.share_of_curve(curve);
            *weight *= if share > 0.0 { preference / share } else { 0.0 };
        }
        let total: f64 = weights.iter().sum();
        if total.is_finite() && total > f64::EPSILON {
            return Self(weights.map(|w| w * 24.0 / total));
        }
        let total: f64 = curve.weights().iter().sum();
        Self(curve.weights().map(|w| w * 24.0 / total))
    }

    /// The weight of this hour (0-23).
    pub fn at(&self, hour: u32) -> f64 {
        usize::try_from(hour).ok().and_then(|h| self.0.get(h)).copied().unwrap_or(0.0)
    }
}

/// The agent's affinity for this day, 0-1, 0.5 = neutral.
pub fn day_affinity(persona: &Persona, day: Weekday) -> f64 {
    match day {
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
        let neutral = TimeOfDay { morning: 0.3336, afternoon: 0.4064, evening: 0.2601 };
        let curve = presets::lifelike().hour_curve;
        let weights = HourWeights::of(&curve, neutral);
        for (hour, percent) in (0..24).zip(curve.weights()) {
            let weight = weights.at(hour);
            assert!((weight - percent * 0.24).abs() < 0.002, "{hour} h: {weight}");
        }
    }

    #[test]
    fn a_morning_person_never_shops_in_the_evening() {
        let prefs = TimeOfDay { morning: 1.0, afternoon: 0.0, evening: 0.0 };
        let weights = HourWeights::of(&presets::lifelike().hour_curve, prefs);
        assert!(weights.at(10) > 5.0);
        assert_eq!(weights.at(17), 0.0);
        assert_eq!(weights.at(24), 0.0);
    }

    #[test]
    fn saturday_and_sunday_are_the_weekend() {
        let mut persona = presets::population(1, 1).remove(0);
        (persona.weekday_affinity, persona.weekend_affinity) = (0.1, 0.9);
        let days = [Weekday::Fri, Weekday::Sat, Weekday::Sun, Weekday::Mon];
        assert_eq!(days.map(|day| day_affinity(&persona, day)), [0.1, 0.9, 0.9, 0.1]);
    }

    proptest! {
        #[test]
        fn the_weights_of_a_day_average_one(m in 0.0..=1.0, a in 0.0..=1.0, e in 0.0..=1.0) {
            let prefs = TimeOfDay { morning: m, afternoon: a, evening: e };
            let weights = HourWeights::of(&presets::load().hour_curve, prefs);
            let mean = weights.0.iter().sum::<f64>() / 24.0;
            prop_assert!((mean - 1.0).abs() < 1e-12, "{mean}");
            prop_assert!(weights.0.iter().all(|w| *w >= 0.0));
        }

        #[test]
        fn hostile_preferences_leave_finite_weights(m in any::<f64>(), a in any::<f64>()) {
            let prefs = TimeOfDay { morning: m, afternoon: a, evening: f64::NAN };
            let mut curve = presets::load().hour_curve.weights().to_vec();
            curve[12..17].fill(0.0);
            let weights = HourWeights::of(&curve.try_into().unwrap(), prefs);
            prop_assert!(weights.0.iter().all(|w| w.is_finite() && *w >= 0.0));
        }
    }
}
