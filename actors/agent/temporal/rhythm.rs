//! The rhythm of one agent: its hours of the day and its own day of the week.
//!
//! A habit moves visits to the agent's own weekday without adding any: over a week the weights sum
//! to what the persona's affinities sum to, and over agents each weekday keeps its share.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::{HourWeights, day_affinity};
use crate::domain::behavior::Behavior;
use crate::domain::persona::Persona;
use crate::domain::stable_hash::stable_share;

/// Days of a week.
const DAYS: usize = 7;

/// The weights of each hour of a week for one agent, worked out once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    hours: HourWeights,
    /// Monday first; 1 for a neutral agent without habits.
    days: [f64; DAYS],
}

impl Rhythm {
    /// The rhythm of this persona under this preset.
    pub fn of(behavior: &Behavior, persona: &Persona) -> Self {
        let hours = HourWeights::of(&behavior.hour_curve, persona.time_of_day);
        Self { hours, days: day_weights(behavior.habit.weekly, persona) }
    }

    /// The weight of shopping in the hour of `at`.
    pub fn shopping(&self, at: NaiveDateTime) -> f64 {
        let day = usize::try_from(at.weekday().num_days_from_monday()).unwrap_or(0);
        self.days.get(day).copied().unwrap_or(0.0) * self.hours.at(at.hour())
    }

    /// The weight of browsing in the hour of `at`: nobody browses by habit.
    pub fn browsing(&self, persona: &Persona, at: NaiveDateTime) -> f64 {
        2.0 * day_affinity(persona, at.weekday()) * self.hours.at(at.hour())
    }
}

/// 2 x affinity x (1 - weekly + weekly / the share of the own weekday, on that day only).
fn day_weights(weekly: f64, persona: &Persona) -> [f64; DAYS] {
    let weekly = if weekly.is_nan() { 0.0 } else { weekly.clamp(0.0, 1.0) };
    let affinities = affinities(persona);
    let total: f64 = affinities.iter().sum();
    let own = own_weekday(persona);
    let mut weights = affinities.map(|affinity| 2.0 * affinity);
    if !(total.is_finite() && total > f64::EPSILON) {
        return weights;
    }
    for (day, (weight, affinity)) in weights.iter_mut().zip(affinities).enumerate() {
        let share = affinity / total;
        let habit = if day == own && share > 0.0 { weekly / share } else { 0.0 };
        *weight *= 1.0 - weekly + habit;
    }
    weights
}

/// The weekday an agent is in the habit of shopping on, 0 = Monday: drawn once for ever by its id,
/// each day as likely as its affinity.
pub fn own_weekday(persona: &Persona) -> usize {
    let affinities = affinities(persona);
    let total: f64 = affinities.iter().sum();
    let mut left = stable_share("own_weekday", &persona.agent_id) * total;
    for (day, affinity) in affinities.into_iter().enumerate() {
        left -= affinity;
        if left < 0.0 {
            return day;
        }
    }
    // Rounding may leave a rest: it belongs to the last day that weighs anything.
    affinities.iter().rposition(|affinity| *affinity > 0.0).unwrap_or(0)
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
        let days = week(&Rhythm::of(&behavior, &persona));
        let own = own_weekday(&persona);
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
        let mut sums = [0.0; DAYS];
        for number in 0..20_000 {
            persona.agent_id = AgentId::new(format!("agent_{number:03}"));
            let days = week(&Rhythm::of(&behavior, &persona));
            sums.iter_mut().zip(days).for_each(|(sum, day)| *sum += day / 20_000.0);
        }
        for (day, mean) in sums.into_iter().enumerate() {
            let affinity = if day < 5 { 0.467 } else { 0.583 };
            assert!((mean / (2.0 * affinity) - 1.0).abs() < 0.02, "{day}: {mean}");
        }
    }

    proptest! {
        #[test]
        fn a_habit_adds_no_visit_to_the_week(
            persona in presets::any_persona(),
            weekly in 0.0..=1.0_f64,
        ) {
            let mut behavior = presets::lifelike();
            behavior.habit.weekly = weekly;
            let sum: f64 = week(&Rhythm::of(&behavior, &persona)).iter().sum();
            let plain = 10.0 * persona.weekday_affinity + 4.0 * persona.weekend_affinity;
            prop_assert!((sum - plain).abs() < 1e-9, "{sum} is not {plain}");
        }

        #[test]
        fn hostile_habits_leave_finite_weights(
            persona in presets::any_persona(),
            weekly in any::<f64>(),
        ) {
            let mut behavior = presets::lifelike();
            behavior.habit.weekly = weekly;
            let days = week(&Rhythm::of(&behavior, &persona));
            prop_assert!(days.iter().all(|day| day.is_finite() && *day >= 0.0), "{days:?}");
        }
    }
}
