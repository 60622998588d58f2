//! Generates a population of personas from archetypes (config/personas.ron).
//!
//! Traits are drawn per agent and correlated; what the load depends on is then made to hold for the
//! population as a whole, exactly: the shares of the shopping frequencies and the means of weekday,
//! weekend and time-of-day preferences. Each draw is different; the generator is an argument.

use rand::Rng;
use rand::seq::SliceRandom;

use super::ids::AgentId;
use super::persona::{Persona, ShoppingFrequency, TimeOfDay};

mod archetype;
mod draw;

pub use archetype::{AgeRange, Archetype, ArchetypeError, Archetypes, Incomes};

/// Mean affinity for Monday to Friday; with the weekend's it weighs to 0.5 over the week.
pub const WEEKDAY_AFFINITY_MEAN: f64 = 0.467;
/// Mean affinity for Saturday and Sunday.
pub const WEEKEND_AFFINITY_MEAN: f64 = 0.583;
/// Mean preferences for the parts of the day: what the curve of the day puts there.
pub const TIME_OF_DAY_MEAN: TimeOfDay = TimeOfDay { morning: 0.33, afternoon: 0.41, evening: 0.26 };

/// Rounds of fitting the preferences to their means; 1e-9 is reached in about 20.
const FITTING_ROUNDS: u32 = 100;

/// The share of the population, percent.
fn percent_of(frequency: ShoppingFrequency) -> usize {
    match frequency {
        ShoppingFrequency::Frequent => 30,
        ShoppingFrequency::Regular => 30,
        ShoppingFrequency::Occasional => 25,
        ShoppingFrequency::Rare => 15,
    }
}

/// `count` personas named agent_001, agent_002 ..., all active and valid (see
/// [`Persona::validate`]) where the shop has at least two `categories`.
///
/// An agent prefers 2-4 of `categories`, by its archetype's weights; categories no archetype names
/// weigh 1. The population means hold within 1e-9 from two dozen agents on, and nearly below.
pub fn generate(
    count: usize,
    archetypes: &Archetypes,
    categories: &[String],
    rng: &mut impl Rng,
) -> Vec<Persona> {
    let frequencies = shuffled_frequencies(count, rng);
    let mut personas: Vec<Persona> = frequencies
        .into_iter()
        .zip(1_usize..)
        .map(|(frequency, number)| {
            let id = AgentId::new(format!("agent_{number:03}"));
            draw::persona(rng, archetypes, categories, id, frequency)
        })
        .collect();
    centre_days(&mut personas);
    fit_times_of_day(&mut personas);
    personas
}

/// Exact shares by largest remainder, in random order.
fn shuffled_frequencies(count: usize, rng: &mut impl Rng) -> Vec<ShoppingFrequency> {
    let mut counts: Vec<(ShoppingFrequency, usize, usize)> = ShoppingFrequency::ALL
        .iter()
        .map(|f| (*f, count * percent_of(*f) / 100, count * percent_of(*f) % 100))
        .collect();
    let missing = count - counts.iter().map(|(_, whole, _)| whole).sum::<usize>();
    counts.sort_by_key(|(_, _, remainder)| std::cmp::Reverse(*remainder));
    for (_, whole, _) in counts.iter_mut().take(missing) {
        *whole += 1;
    }
    let mut frequencies: Vec<ShoppingFrequency> =
        counts.into_iter().flat_map(|(f, whole, _)| std::iter::repeat_n(f, whole)).collect();
    frequencies.shuffle(rng);
    frequencies
}

/// Shifts the weekend affinities to their mean; the weekday's follow, so that each agent's week
/// weighs 0.5 and a love of weekends adds no visits.
fn centre_days(personas: &mut [Persona]) {
    let mean = mean_of(personas, |p| p.weekend_affinity);
    for persona in personas {
        let weekend = persona.weekend_affinity - mean + WEEKEND_AFFINITY_MEAN;
        persona.weekend_affinity = weekend.clamp(0.0, 1.0);
        let lean = persona.weekend_affinity - WEEKEND_AFFINITY_MEAN;
        persona.weekday_affinity = WEEKDAY_AFFINITY_MEAN - lean * 2.0 / 5.0;
    }
}

/// Iterative proportional fitting: scales each part of the day to its mean, then each agent to 1.
fn fit_times_of_day(personas: &mut [Persona]) {
    for _ in 0..FITTING_ROUNDS {
        let morning = TIME_OF_DAY_MEAN.morning / mean_of(personas, |p| p.time_of_day.morning);
        let afternoon = TIME_OF_DAY_MEAN.afternoon / mean_of(personas, |p| p.time_of_day.afternoon);
        let evening = TIME_OF_DAY_MEAN.evening / mean_of(personas, |p| p.time_of_day.evening);
        for persona in &mut *personas {
            let day = persona.time_of_day;
            persona.time_of_day = draw::shares_of(TimeOfDay {
                morning: day.morning * morning,
                afternoon: day.afternoon * afternoon,
                evening: day.evening * evening,
            });
        }
    }
}

fn mean_of(personas: &[Persona], value: impl Fn(&Persona) -> f64) -> f64 {
    personas.iter().map(value).sum::<f64>() / personas.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets;
    use std::collections::{BTreeSet, HashSet};

    fn correlation(personas: &[Persona], a: fn(&Persona) -> f64, b: fn(&Persona) -> f64) -> f64 {
        let (mean_a, mean_b) = (mean_of(personas, a), mean_of(personas, b));
        let covariance = mean_of(personas, |p| (a(p) - mean_a) * (b(p) - mean_b));
        let variance_a = mean_of(personas, |p| (a(p) - mean_a).powi(2));
        covariance / (variance_a * mean_of(personas, |p| (b(p) - mean_b).powi(2))).sqrt()
    }

    fn count_of(personas: &[Persona], frequency: ShoppingFrequency) -> usize {
        personas.iter().filter(|p| p.shopping_frequency == frequency).count()
    }

    #[test]
    fn every_generated_persona_is_valid_and_has_a_name_and_a_user_of_its_own() {
        for count in [0, 1, 2, 372, 1_200] {
            let personas = presets::population(count, 17);
            assert_eq!(personas.len(), count);
            for persona in &personas {
                assert_eq!(persona.validate(), Ok(()));
                assert_eq!(persona.user_id.get_version_num(), 4);
            }
            assert_eq!(personas.iter().map(|p| p.user_id).collect::<HashSet<_>>().len(), count);
            let ids: BTreeSet<&str> = personas.iter().map(|p| p.agent_id.as_str()).collect();
            assert_eq!(ids.len(), count);
            if count > 0 {
                assert_eq!(personas[0].agent_id.as_str(), "agent_001");
                assert_eq!(personas[count - 1].agent_id.as_str(), format!("agent_{count:03}"));
            }
        }
    }

    #[test]
    fn frequencies_have_exactly_their_shares() {
        for (count, expected) in [(372, [112, 111, 93, 56]), (100, [30, 30, 25, 15])] {
            let personas = presets::population(count, 5);
            let counts: Vec<usize> =
                ShoppingFrequency::ALL.iter().map(|f| count_of(&personas, *f)).collect();
            assert_eq!(counts, expected);
        }
        let (one, other) = (presets::population(372, 5), presets::population(372, 6));
        let order = |ps: &[Persona]| ps.iter().map(|p| p.shopping_frequency).collect::<Vec<_>>();
        assert_ne!(order(&one), order(&other));
    }

    #[test]
    fn the_population_means_hold_exactly() {
        for (count, seed) in [(24, 1), (24, 2), (24, 3), (372, 1), (372, 2), (372, 3)] {
            let personas = presets::population(count, seed);
            let near = |value: fn(&Persona) -> f64, mean: f64| {
                let found = mean_of(&personas, value);
                assert!((found - mean).abs() < 1e-9, "{found} is not {mean}");
            };
            near(|p| p.weekday_affinity, WEEKDAY_AFFINITY_MEAN);
            near(|p| p.weekend_affinity, WEEKEND_AFFINITY_MEAN);
            near(|p| p.time_of_day.morning, TIME_OF_DAY_MEAN.morning);
            near(|p| p.time_of_day.afternoon, TIME_OF_DAY_MEAN.afternoon);
            near(|p| p.time_of_day.evening, TIME_OF_DAY_MEAN.evening);
        }
    }

    #[test]
    fn traits_are_correlated() {
        let personas = presets::population(2_000, 9);
        let thrift = correlation(&personas, |p| p.price_sensitivity, |p| p.coupon_affinity);
        assert!(thrift > 0.5, "price sensitivity with coupon affinity: {thrift}");
        let income = |p: &Persona| match p.income_bracket.as_str() {
            "low" => 0.0,
            "medium" => 1.0,
            _ => 2.0,
        };
        let wealth = correlation(&personas, income, |p| p.weekly_budget.as_dollars());
        assert!(wealth > 0.35, "income with budget: {wealth}");
        let basket = correlation(
            &personas,
            |p| p.weekly_budget.as_dollars(),
            |p| p.avg_cart_value.as_dollars(),
        );
        assert!(basket > 0.35, "budget with cart value: {basket}");
        assert!(correlation(&personas, income, |p| p.price_sensitivity) < -0.2);
    }

    #[test]
    fn categories_come_from_the_shop_and_are_distinct() {
        let categories: Vec<String> = ["Tea", "Dairy", "Rugs"].map(str::to_owned).to_vec();
        let mut rng = presets::rng(3);
        for persona in generate(200, &presets::archetypes(), &categories, &mut rng) {
            let distinct: BTreeSet<&String> = persona.preferred_categories.iter().collect();
            assert_eq!(distinct.len(), persona.preferred_categories.len());
            assert!((2..=3).contains(&distinct.len()));
            assert!(distinct.iter().all(|c| categories.contains(c)));
        }
        let none = generate(2, &presets::archetypes(), &[], &mut rng);
        assert!(none.iter().all(|p| p.preferred_categories.is_empty()));
    }
}
