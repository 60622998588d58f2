//! A history that was made by known parameters shows them, and what is too small is told.

use std::fmt::Write;

use domain::behavior::Behavior;
use domain::persona::{Persona, ShoppingFrequency};
use domain::population::{Archetypes, generate};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma, Poisson};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::columns::Named;
use super::estimate::{Shape, Statistic};
use super::history::{History, read_csv};
use super::portrait::{Of, Portrait};
use super::{CUSTOMERS_MIN, population, preset};

const WEEKS: u32 = 26;
const SHAPE: f64 = 1.4;
const RATE: f64 = 0.8;
const WEEKLY: f64 = 0.5;
const ELASTICITY: f64 = -1.5;

fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// A day of the week: the customer's own, else Saturday or Sunday as often as any two others.
fn weekday(own: u32, rng: &mut impl Rng) -> u32 {
    if rng.random_range(0.0..1.0) < WEEKLY { own } else { rng.random_range(0..7) }
}

/// An order history in CSV: everybody orders at 10 or 18 h, 1 to 4 lines, in the order of time.
fn written(customers: u32, weeks: u32, seed: u64) -> String {
    let mut rng = rng(seed);
    let rates = Gamma::new(SHAPE, RATE / SHAPE).unwrap();
    let rates: Vec<f64> = (0..customers).map(|_| rates.sample(&mut rng)).collect();
    let mut text = String::from("customer,time,order,product,category,quantity,price,discount\n");
    let monday = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    let mut order = 0;
    // Customers come in the first half of the weeks; the first order is what they come with.
    let first: Vec<u32> = (0..customers)
        .map(|n| rng.random_range(0..weeks.div_ceil(2)) * 7 + weekday(n % 7, &mut rng))
        .collect();
    for week in 0..weeks {
        for (customer, rate) in rates.iter().enumerate() {
            let orders: f64 = Poisson::new(rate.max(1e-9)).unwrap().sample(&mut rng);
            let mut days: Vec<u32> = (0..orders as u32)
                .map(|_| week * 7 + weekday(customer as u32 % 7, &mut rng))
                .filter(|day| *day > first[customer])
                .collect();
            days.extend(Some(first[customer]).filter(|day| day / 7 == week));
            for day in days {
                order += 1;
                let date = monday + chrono::Days::new(u64::from(day));
                let hour = if rng.random_range(0.0..1.0) < 0.7 { 10 } else { 18 };
                for _ in 0..rng.random_range(1..=4) {
                    let product: u32 = rng.random_range(0..40);
                    let is_cheap = (product + week).is_multiple_of(3);
                    let price = f64::from(2 + product) * if is_cheap { 0.7 } else { 1.0 };
                    let mean = 4.0 * if is_cheap { 0.7_f64.powf(ELASTICITY) } else { 1.0 };
                    let units: f64 = Poisson::new(mean).unwrap().sample(&mut rng);
                    let _ = writeln!(
                        text,
                        "c{customer},{date} {hour}:00,{order},p{product},k{},{},{price:.4},{}",
                        product % 6,
                        units.max(1.0),
                        u8::from(is_cheap),
                    );
                }
            }
        }
    }
    text
}

fn history(customers: u32, weeks: u32) -> History {
    seeded(customers, weeks, 11)
}

fn seeded(customers: u32, weeks: u32, seed: u64) -> History {
    let text = written(customers, weeks, seed);
    read_csv("h", text.as_bytes(), b',', &Named::default(), &mut |_| ()).unwrap()
}

fn lifelike() -> Behavior {
    use ron::extensions::Extensions;
    let options = ron::Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_default_extension(Extensions::UNWRAP_NEWTYPES);
    options.from_str(include_str!("../../config/behavior/lifelike.ron")).unwrap()
}

fn personas(count: usize) -> Vec<Persona> {
    let archetypes: Archetypes = ron::from_str(include_str!("../../config/personas.ron")).unwrap();
    generate(count, &archetypes, &["Tea".to_owned(), "Rugs".to_owned()], &mut rng(3))
}

#[test]
fn known_parameters_are_found_within_their_standard_errors() {
    // Squared distances in standard errors: 1 in the mean where the errors are true.
    let mut squares = [0.0; 3];
    for seed in 1..=3 {
        let history = seeded(1_200, WEEKS, seed);
        for half in [&history.fit, &history.score] {
            let portrait = Portrait::of(half, Of::History);
            for (at, (statistic, expected, se_max)) in [
                (Statistic::OrdersPerWeek, RATE, 0.04),
                (Statistic::RateShape, SHAPE, 0.15),
                (Statistic::OwnWeekday, WEEKLY, 0.02),
            ]
            .into_iter()
            .enumerate()
            {
                let figure = portrait.figure(statistic).unwrap();
                assert!(figure.se < se_max, "{statistic:?} {figure:?}");
                squares[at] += ((figure.value - expected) / figure.se).powi(2) / 6.0;
            }
        }
    }
    assert!(squares.iter().all(|square| (0.1..2.5).contains(square)), "{squares:?}");
}

#[test]
fn hours_prices_and_discounts_that_were_made_are_found() {
    let portrait = Portrait::of(&seeded(1_200, WEEKS, 1).fit, Of::History);
    let hours = portrait.shares(Shape::Hours).unwrap();
    assert!((hours[10] - 0.7).abs() < 0.02 && (hours[18] - 0.3).abs() < 0.02, "{hours:?}");
    // Units are at least 1, which flattens what a price does a little.
    let elasticity = portrait.figure(Statistic::Elasticity).unwrap();
    assert!((elasticity.value - ELASTICITY).abs() < 0.15, "{elasticity:?}");
    let lift = portrait.figure(Statistic::HabitLift).unwrap();
    assert!((lift.value - 1.0).abs() < 3.0 * lift.se, "nobody has a habit: {lift:?}");
    assert!(portrait.figure(Statistic::Discounted).unwrap().value > 0.5);
}

#[test]
fn a_small_young_shop_is_told_what_it_needs() {
    let history = history(50, 3);
    let portrait = Portrait::of(&history.fit, Of::History);
    let lack = portrait.figure(Statistic::OrdersPerWeek).unwrap_err().to_string();
    assert!(lack.starts_with("needs 100 customers, has "), "{lack}");
    let young = self::history(400, 3);
    let portrait = Portrait::of(&young.fit, Of::History);
    let lack = portrait.figure(Statistic::OrdersPerWeek).unwrap_err().to_string();
    assert_eq!(lack, "needs 8 weeks, has 3");
    assert!(portrait.figure(Statistic::Elasticity).is_err());
}

#[test]
fn a_preset_carries_what_was_found_and_nothing_else() {
    let history = history(600, WEEKS);
    let portrait = Portrait::of(&history.fit, Of::History);
    let shipped = lifelike();
    let fitted = preset::direct(&shipped, &portrait, 0.5);
    let base = fitted.shop_base;
    assert!(base.frequent > base.regular && base.occasional > base.rare, "{base:?}");
    let hours = fitted.hour_curve.weights();
    assert!(hours[10] > hours[18] && hours[18] > 20.0 && hours[3] < 0.1, "{hours:?}");
    assert_eq!(fitted.think, shipped.think);
    // A run that shows what the history shows moves nothing.
    assert_eq!(preset::moved(&fitted, &portrait, &portrait), fitted);
    let keys: Vec<_> = preset::carried(&shipped, &fitted).iter().map(|it| it.key).collect();
    assert!(keys.contains(&"choice.elasticity") && !keys.contains(&"look.sigma"), "{keys:?}");
    assert_eq!(preset::carried(&shipped, &shipped), []);
}

#[test]
fn personas_are_valid_and_come_from_buckets_of_five_customers_or_more() {
    let history = history(600, WEEKS);
    let portrait = Portrait::of(&history.fit, Of::History);
    let mut personas = personas(2_000);
    let drawn = population::fit(&mut personas, &history.fit, &portrait, 0.75, &mut rng(7)).unwrap();
    assert!(drawn.smallest >= CUSTOMERS_MIN && drawn.buckets >= 8, "{drawn:?}");
    for persona in &personas {
        assert_eq!(persona.validate(), Ok(()));
        assert!(persona.preferred_categories.iter().all(|name| name.starts_with('k')));
    }
    let frequent = personas.iter().filter(|p| p.shopping_frequency == ShoppingFrequency::Frequent);
    let share = frequent.count() as f64 / 2_000.0;
    assert!((share - 0.30).abs() < 0.04, "{share}");
    let morning = personas.iter().map(|p| p.time_of_day.morning).sum::<f64>() / 2_000.0;
    assert!((morning - 0.7).abs() < 0.08, "{morning}");
}

#[test]
fn of_four_customers_nobody_is_drawn() {
    let mut few = history(600, WEEKS).fit;
    let mut kept = 0;
    few.customers.retain(|_, _| {
        kept += 1;
        kept < CUSTOMERS_MIN
    });
    let portrait = Portrait::of(&few, Of::History);
    let before = personas(5);
    let mut after = before.clone();
    assert_eq!(population::fit(&mut after, &few, &portrait, 0.75, &mut rng(7)), None);
    assert_eq!(after, before);
}
