//! For tests: the presets and archetypes of config/, seeded populations, and the measure of chance.
//!
//! Reads RON with the extensions of the edge's reader, so that what parses here parses there.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::de::DeserializeOwned;

use super::behavior::Behavior;
use super::money::Cents;
use super::persona::{Persona, ShoppingFrequency, TimeOfDay};
use super::population::{Archetypes, generate};

/// The categories of the practice shop.
const CATEGORIES: [&str; 20] = [
    "Produce",
    "Dairy",
    "Bakery",
    "Meat",
    "Seafood",
    "Frozen",
    "Beverages",
    "Snacks",
    "Candy",
    "Breakfast",
    "Pantry",
    "Pasta",
    "Canned Goods",
    "Condiments",
    "Baby",
    "Pet",
    "Cleaning",
    "Paper Goods",
    "Personal Care",
    "Health",
];

fn parse<T: DeserializeOwned>(text: &str) -> T {
    use ron::extensions::Extensions;
    let extensions = Extensions::IMPLICIT_SOME
        | Extensions::UNWRAP_NEWTYPES
        | Extensions::UNWRAP_VARIANT_NEWTYPES;
    ron::Options::default()
        .with_default_extension(extensions)
        .from_str(text)
        .expect("the files of config/ are RON")
}

/// config/behavior/load.ron.
pub fn load() -> Behavior {
    parse(include_str!("../../config/behavior/load.ron"))
}

/// config/behavior/lifelike.ron.
pub fn lifelike() -> Behavior {
    parse(include_str!("../../config/behavior/lifelike.ron"))
}

/// config/personas.ron.
pub fn archetypes() -> Archetypes {
    parse(include_str!("../../config/personas.ron"))
}

/// The categories of the practice shop.
pub fn categories() -> Vec<String> {
    CATEGORIES.map(str::to_owned).to_vec()
}

/// A generator that gives the same draws each time.
pub fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// `count` personas of config/personas.ron, the same for the same seed.
pub fn population(count: usize, seed: u64) -> Vec<Persona> {
    generate(count, &archetypes(), &categories(), &mut rng(seed))
}

/// The hour `n` of an ordinary week; 0 is Monday 1 June 2026 00:00.
pub fn hour(n: u32) -> NaiveDateTime {
    let monday = NaiveDate::from_ymd_opt(2026, 6, 1).expect("June has a first day");
    monday.and_time(NaiveTime::MIN) + TimeDelta::hours(i64::from(n))
}

/// Panics unless `hits` of `draws` is within four standard errors of probability `p`.
#[track_caller]
pub fn assert_frequency(what: &str, hits: u32, draws: u32, p: f64) {
    let found = f64::from(hits) / f64::from(draws);
    let error = (p * (1.0 - p) / f64::from(draws)).sqrt();
    assert!((found - p).abs() <= 4.0 * error, "{what}: {found} of {draws} draws, expected {p}");
}

/// Any valid persona, its numbers anywhere in their ranges.
pub fn any_persona() -> impl Strategy<Value = Persona> {
    let base = population(1, 1).remove(0);
    let traits = prop::array::uniform7(0.0..=1.0_f64);
    let day = prop::array::uniform3(0.01..=1.0_f64);
    let money = (2_000..=30_000_i64, 800..=15_000_i64);
    let frequency = prop::sample::select(ShoppingFrequency::ALL);
    (traits, day, money, frequency).prop_map(move |(t, day, (budget, cart), frequency)| {
        let sum: f64 = day.iter().sum();
        let [morning, afternoon, evening] = day.map(|part| part / sum);
        Persona {
            price_sensitivity: t[0],
            brand_loyalty: t[1],
            impulsivity: t[2],
            tech_savviness: t[3],
            coupon_affinity: t[4],
            weekday_affinity: t[5],
            weekend_affinity: t[6],
            weekly_budget: Cents(budget),
            avg_cart_value: Cents(cart),
            shopping_frequency: frequency,
            time_of_day: TimeOfDay { morning, afternoon, evening },
            ..base.clone()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_presets_parse_and_say_their_name() {
        assert_eq!((load().name.as_str(), lifelike().name.as_str()), ("load", "lifelike"));
        assert!(!load().view_calls && lifelike().view_calls);
    }

    #[test]
    fn any_persona_of_the_properties_is_valid() {
        proptest!(|(persona in any_persona())| prop_assert_eq!(persona.validate(), Ok(())));
    }
}
