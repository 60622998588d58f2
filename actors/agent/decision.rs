//! What an agent decides: pure functions of persona, memory, preset and chance.
//!
//! Every probability is a function of its own (`p_shop`, `add_probability` ...) and is drawn in one
//! place, so that tests compare frequencies with formulas. Nothing here panics on a hostile preset:
//! what is not a number counts as the least allowed.

use chrono::NaiveDateTime;
use rand::{Rng, RngExt};

use super::temporal::Rhythm;
use crate::domain::behavior::{Behavior, Range};
use crate::domain::persona::Persona;

mod basket;
#[cfg(test)]
mod calibration;
mod closing;
mod course;
mod wish;

pub use basket::{
    add_probability, choose_category, choose_products, draw_adding, draw_products_to_look,
    draw_quantity, draw_units, one_of_each, top_up,
};
pub use closing::{
    Usable, checkout_probability, choose_coupons, content_factor, coupon_probability, coupon_pull,
    draw_checkout, draw_coupon_look,
};
pub use course::{Course, Intent, Turn, draw_removal, query_for, with_what_was_left};
pub use wish::{Wisher, wish};

/// What an agent does in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Fill a cart.
    Shop,
    /// Look without a cart.
    Browse,
    /// Nothing.
    Idle,
}

/// The chance to shop in the hour of `at`.
pub fn p_shop(
    behavior: &Behavior,
    persona: &Persona,
    rhythm: &Rhythm,
    at: NaiveDateTime,
    event_weight: f64,
) -> f64 {
    let base = behavior.shop_base.of(persona.shopping_frequency);
    let p = base * rhythm.shopping(at) * event_weight;
    bounded(p, 0.0, behavior.shop_probability_max)
}

/// The chance of an agent that does not shop in the hour of `at` to browse.
pub fn p_browse(behavior: &Behavior, rhythm: &Rhythm, at: NaiveDateTime) -> f64 {
    bounded(behavior.browse_base * rhythm.browsing(at), 0.0, 1.0)
}

/// What the agent does in the hour of `at`. One draw, whatever comes of it.
pub fn draw_activity(
    rng: &mut impl Rng,
    behavior: &Behavior,
    persona: &Persona,
    rhythm: &Rhythm,
    at: NaiveDateTime,
    event_weight: f64,
) -> Activity {
    let draw: f64 = rng.random();
    let shop = p_shop(behavior, persona, rhythm, at, event_weight);
    if draw < shop {
        return Activity::Shop;
    }
    let browse = p_browse(behavior, rhythm, at);
    if draw < shop + (1.0 - shop) * browse { Activity::Browse } else { Activity::Idle }
}

/// How many products an agent that only browses looks at.
pub fn draw_browse_views(rng: &mut impl Rng, behavior: &Behavior) -> u32 {
    let Range { min, max } = behavior.browse_views;
    rng.random_range(min..=max.max(min))
}

/// `p` within `min..=max` and 0..=1; what is not a number is the least.
fn bounded(p: f64, min: f64, max: f64) -> f64 {
    let p = if p.is_nan() { min } else { p.max(min).min(max) };
    if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presets::{self, assert_frequency, hour};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    const DRAWS: u32 = 100_000;

    #[test]
    fn shop_browse_and_idle_come_as_often_as_their_formulas_say() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        for (behavior, at) in [(presets::load(), hour(8)), (presets::lifelike(), hour(14))] {
            let persona = presets::population(1, 3).remove(0);
            let rhythm = Rhythm::of(&behavior, &persona);
            let (mut shopped, mut browsed) = (0, 0);
            for _ in 0..DRAWS {
                match draw_activity(&mut rng, &behavior, &persona, &rhythm, at, 1.0) {
                    Activity::Shop => shopped += 1,
                    Activity::Browse => browsed += 1,
                    Activity::Idle => {}
                }
            }
            let shop = p_shop(&behavior, &persona, &rhythm, at, 1.0);
            let browse = (1.0 - shop) * p_browse(&behavior, &rhythm, at);
            assert_frequency("shop", shopped, DRAWS, shop);
            assert_frequency("browse", browsed, DRAWS, browse);
        }
    }

    #[test]
    fn an_event_raises_the_chance_to_shop_up_to_the_cap() {
        let behavior = presets::load();
        let persona = presets::population(1, 3).remove(0);
        let rhythm = Rhythm::of(&behavior, &persona);
        let at = hour(3);
        let plain = p_shop(&behavior, &persona, &rhythm, at, 1.0);
        let event = p_shop(&behavior, &persona, &rhythm, at, 1.4);
        assert!((event / plain - 1.4).abs() < 1e-9);
        assert_eq!(p_shop(&behavior, &persona, &rhythm, at, 1e9), behavior.shop_probability_max);
        assert_eq!(p_shop(&behavior, &persona, &rhythm, at, f64::NAN), 0.0);
    }

    #[test]
    fn browsing_looks_at_one_to_three_products() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
        let mut behavior = presets::load();
        let mut counts = [0_u32; 4];
        for _ in 0..DRAWS {
            counts[usize::try_from(draw_browse_views(&mut rng, &behavior)).unwrap()] += 1;
        }
        assert_eq!(counts[0], 0);
        for count in &counts[1..] {
            assert_frequency("views", *count, DRAWS, 1.0 / 3.0);
        }
        behavior.browse_views = Range { min: 5, max: 2 };
        assert_eq!(draw_browse_views(&mut rng, &behavior), 5);
    }

    proptest! {
        #[test]
        fn chances_of_an_hour_stay_between_zero_and_one(
            persona in presets::any_persona(),
            hour_of_week in 0_u32..168,
            event_weight in 0.0..10.0_f64,
        ) {
            let at = hour(hour_of_week);
            for behavior in [presets::load(), presets::lifelike()] {
                let rhythm = Rhythm::of(&behavior, &persona);
                let shop = p_shop(&behavior, &persona, &rhythm, at, event_weight);
                let browse = p_browse(&behavior, &rhythm, at);
                prop_assert!((0.0..=behavior.shop_probability_max).contains(&shop));
                prop_assert!((0.0..=1.0).contains(&browse));
            }
        }
    }
}
