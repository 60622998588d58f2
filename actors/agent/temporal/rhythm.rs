//! The rhythm of one agent: its hours of the day and its own day of the week.
//!
//! A habit moves visits to the agent's own weekday without adding any: over a week the weights sum
//! to what they sum to without it, and over agents each weekday keeps its share.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::{HourWeights, day_affinity};
use crate::domain::behavior::{Behavior, HabitRule};
use crate::domain::persona::Persona;
use crate::domain::stable_hash::stable_share;

/// Days of a week.
const DAYS: usize = 7;

/// The weights of each hour of a week for one agent, worked out once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    hours: HourWeights,
    /// Monday first; 1 for a neutral agent.
    days: [f64; DAYS],
    /// As `days`, with the habit.
    shopping_days: [f64; DAYS],
}

impl Rhythm {
    /// The rhythm of this persona under this preset.
    pub fn of(behavior: &Behavior, persona: &Persona) -> Self {
        let hours = HourWeights::of(&behavior.hour_curve, persona.time_of_day);
        let days = day_weights(behavior.habit, persona);
        let own = own_weekday(days, persona);
        Self { hours, days, shopping_days: with_habit(behavior.habit, days, own) }
    }

    /// The weight of shopping in the hour of `at`.
    pub fn shopping(&self, at: NaiveDateTime) -> f64 {
        self.shopping_days[day_of(at)] * self.hours.at(at.hour())
    }

    /// The weight of browsing in the hour of `at`: nobody browses by habit.
    pub fn browsing(&self, at: NaiveDateTime) -> f64 {
        self.days[day_of(at)] * self.hours.at(at.hour())
    }
}

/// 0 = Monday.
fn day_of(at: NaiveDateTime) -> usize {
    at.weekday() as usize
}

/// 1 + contrast x (2 x affinity - 1), never below 0.
fn day_weights(habit: HabitRule, persona: &Persona) -> [f64; DAYS] {
    affinities(persona)
        .map(|affinity| 1.0 + habit.day_contrast * (2.0 * affinity - 1.0))
        .map(|weight| if weight.is_finite() { weight.max(0.0) } else { 1.0 })
}

/// Of each day's weight a part goes to the own weekday: x (1 - weekly), and on that day
/// + weekly x the weights of the whole week.
fn with_habit(habit: HabitRule, days: [f64; DAYS], own: usize) -> [f64; DAYS] {
    let weekly = if habit.weekly.is_nan() { 0.0 } else { habit.weekly.clamp(0.0, 1.0) };
    // No share of an infinite week is a number.
    let total = days.iter().sum::<f64>().min(f64::MAX);
    let mut weights = days.map(|weight| weight * (1.0 - weekly));
    if let Some(weight) = weights.get_mut(own) {
        *weight += weekly * total;
    }
    weights
}

/// The weekday an agent is in the habit of shopping on, 0 = Monday: drawn once for ever by its id,
/// each day as likely as its weight.
fn own_weekday(days: [f64; DAYS], persona: &Persona) -> usize {
    let total: f64 = days.iter().sum();
    let mut left = stable_share("own_weekday", &persona.agent_id) * total;
    for (day, weight) in days.into_iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return day;
        }
    }
    // Rounding may leave a rest: it belongs to the last day that weighs anything.
    days.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
}

fn affinities(persona: &Persona) -> [f64; DAYS] {
    use chrono::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    [Mon, Tue, Wed, Thu, Fri, Sat, Sun].map(|day| day_affinity(persona, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;
    use crate::domain::presets::{self, hour};
    use proptest::prelude::*;

    fn week(rhythm: &Rhythm) -> [f64; DAYS] {
        std::array::from_fn(|day| {
            (0..24).map(|h| rhythm.shopping(hour(day as u32 * 24 + h))).sum::<f64>() / 24.0
        })
    }

    #[test]
    fn a_habit_makes_the_own_weekday_the_busiest() {
        let persona = presets::population(1, 3).remove(0);
        let mut behavior = presets::lifelike();
        behavior.habit.weekly = 0.5;
        let own = own_weekday(day_weights(behavior.habit, &persona), &persona);
        let days = week(&Rhythm::of(&behavior, &persona));
        assert!((0..DAYS).all(|day| day == own || days[day] < days[own]), "{days:?} {own}");
        behavior.habit.weekly = 1.0;
        let days = week(&Rhythm::of(&behavior, &persona));
        assert!((0..DAYS).all(|day| day == own || days[day] == 0.0), "{days:?} {own}");
    }

    #[test]
    fn over_agents_each_weekday_keeps_its_share() {
        let mut persona = presets::population(1, 3).remove(0);
        (persona.weekday_affinity, persona.weekend_affinity) = (0.467, 0.583);
        let behavior = presets::lifelike();
        let expected = day_weights(behavior.habit, &persona);
        let mut sums = [0.0; DAYS];
        for number in 0..20_000 {
            persona.agent_id = AgentId::new(format!("agent_{number:03}"));
            let days = week(&Rhythm::of(&behavior, &persona));
            sums.iter_mut().zip(days).for_each(|(sum, day)| *sum += day / 20_000.0);
        }
        for (day, (mean, expected)) in sums.into_iter().zip(expected).enumerate() {
            assert!((mean / expected - 1.0).abs() < 0.02, "{day}: {mean} is not {expected}");
        }
    }

    #[test]
    fn in_load_a_day_weighs_twice_its_affinity() {
        for persona in presets::population(20, 4) {
            let days = week(&Rhythm::of(&presets::load(), &persona));
            for (day, affinity) in affinities(&persona).into_iter().enumerate() {
                assert!((days[day] - 2.0 * affinity).abs() < 1e-9, "{day}: {days:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_habit_adds_no_visit_to_the_week(
            persona in presets::any_persona(),
            weekly in 0.0..=1.0_f64,
        ) {
            let mut behavior = presets::lifelike();
            let plain: f64 = day_weights(behavior.habit, &persona).iter().sum();
            behavior.habit.weekly = weekly;
            let sum: f64 = week(&Rhythm::of(&behavior, &persona)).iter().sum();
            prop_assert!((sum - plain).abs() < 1e-9, "{sum} is not {plain}");
        }

        #[test]
        fn hostile_habits_leave_finite_weights(
            persona in presets::any_persona(),
            weekly in any::<f64>(),
            day_contrast in any::<f64>(),
        ) {
            let mut behavior = presets::lifelike();
            behavior.habit = HabitRule { weekly, day_contrast };
            let days = week(&Rhythm::of(&behavior, &persona));
            prop_assert!(days.iter().all(|day| !day.is_nan() && *day >= 0.0), "{days:?}");
        }
    }
}
