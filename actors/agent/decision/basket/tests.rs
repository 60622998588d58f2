//! Frequencies against formulas: looks, adds, units, and what the purse has room for.

use super::*;
use crate::domain::behavior::Range;
use crate::domain::presets::{self, assert_frequency, hour};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

const DRAWS: u32 = 100_000;

fn someone() -> Persona {
    let mut persona = presets::population(1, 4).remove(0);
    persona.impulsivity = 0.4;
    persona.price_sensitivity = 0.6;
    persona.brand_loyalty = 0.5;
    persona.weekly_budget = Cents(10_000);
    persona
}

fn product(price: i64, brand: &str) -> Product {
    Product {
        id: ProductId::new(brand),
        name: brand.to_owned(),
        category: "Dairy".to_owned(),
        brand: Some(brand.to_owned()),
        price: Cents(price),
        in_stock: true,
        handle: Default::default(),
    }
}

fn p_add(preset: &Behavior, memory: &AgentMemory, cart: i64, product: &Product) -> f64 {
    add_probability(preset, &someone(), memory, Cents(cart), product, hour(9))
}

#[test]
fn the_chance_to_add_follows_its_formula() {
    let (load, fresh) = (presets::load(), AgentMemory::default());
    let near = |p: f64, q: f64| assert!((p - q).abs() < 1e-9, "{p} is not {q}");
    near(p_add(&load, &fresh, 0, &product(0, "Oak")), 0.5);
    near(p_add(&load, &fresh, 0, &product(1_000, "Oak")), 0.5 * (1.0 - 0.6 * 0.4));
    near(p_add(&load, &fresh, 0, &product(5_000, "Oak")), 0.5 * (1.0 - 0.6 * 0.5));
    near(p_add(&load, &fresh, 9_000, &product(1_000, "Oak")), 0.5 * 0.76);
    near(p_add(&load, &fresh, 9_001, &product(1_000, "Oak")), 0.5 * 0.76 * 0.5);
    let mut loyal = AgentMemory::default();
    loyal.remember_order(hour(8), Cents(9_000), ["Oak"]);
    let gain = 1.0 + 0.5 * load.add.loyal_brand_gain;
    near(p_add(&load, &loyal, 0, &product(1_000, "Oak")), 0.5 * 0.76 * gain);
    near(p_add(&load, &loyal, 0, &product(1_000, "Elm")), 0.5 * 0.76);
}

#[test]
fn nothing_is_added_beyond_the_overspending_of_the_week() {
    let (rule, persona) = (MoneyRule { prices_per_product: None, overspend_max: 1.3 }, someone());
    let mut memory = AgentMemory::default();
    memory.remember_order(hour(8), Cents(9_000), ["Elm"]);
    let units = |cart: i64, price: i64, units: u32| {
        let asked = (Cents(price), units);
        affordable_units(Some(rule), &persona, &memory, Cents(cart), asked, hour(9))
    };
    // 90 spent of 100: room for 40, and for several of one only within the 100.
    assert_eq!((units(0, 500, 2), units(0, 501, 2)), (2, 1));
    assert_eq!((units(2_000, 2_000, 1), units(2_000, 2_001, 1)), (1, 0));
    let next_week = affordable_units(
        Some(rule),
        &persona,
        &memory,
        Cents::ZERO,
        (Cents(13_000), 1),
        hour(8 + 168),
    );
    assert_eq!(next_week, 1);
    let without = (Cents(99_999), 3);
    let all = affordable_units(None, &persona, &memory, Cents(99_999), without, hour(9));
    assert_eq!(all, 3);
}

#[test]
fn a_visit_is_sized_by_the_mean_price_shown_once_prices_were() {
    let (mut preset, persona) = (presets::lifelike(), someone());
    preset.money = Some(MoneyRule { prices_per_product: Some(2.0), overspend_max: 1.3 });
    (preset.look.sigma, preset.look.agent_sigma) = (0.0, 0.0);
    preset.look.products = Range { min: 0, max: 1_000 };
    let mut rng = presets::rng(9);
    let dollars = persona.avg_cart_value.as_dollars();
    let unseen = draw_products_to_look(&mut rng, &preset, &persona, None);
    assert_eq!(unseen, (dollars / preset.look.dollars_per_product) as u32);
    let seen = draw_products_to_look(&mut rng, &preset, &persona, Some(Cents(50)));
    assert_eq!(seen, dollars as u32);
}

#[test]
fn lifelike_looks_at_what_is_left_of_the_week() {
    let preset = presets::lifelike();
    let mut spent = AgentMemory::default();
    spent.remember_order(hour(8), Cents(9_001), ["Elm"]);
    let base = preset.add.base + preset.add.impulsivity_gain * 0.4;
    let fresh = p_add(&preset, &AgentMemory::default(), 0, &product(1_000, "Oak"));
    let poor = p_add(&preset, &spent, 0, &product(1_000, "Oak"));
    assert!((fresh - base * 0.76).abs() < 1e-9);
    assert!((poor - base * 0.7 * preset.add.over_budget_factor).abs() < 1e-9);
    spent.remember_order(hour(8), Cents(5_000), ["Elm"]);
    let broke = p_add(&preset, &spent, 0, &product(1_000, "Oak"));
    assert!((broke - poor).abs() < 1e-9);
}

#[test]
fn adds_come_as_often_as_the_formula_says() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(21);
    let (load, memory, item) = (presets::load(), AgentMemory::default(), product(1_179, "Oak"));
    let persona = someone();
    let added = (0..DRAWS)
        .filter(|n| {
            let worth = (Cents(0), &item, if n % 2 == 0 { 1.0 } else { 0.5 });
            draw_adding(&mut rng, &load, (&persona, &memory), worth, hour(9)) > 0
        })
        .count();
    let p = p_add(&load, &memory, 0, &item);
    assert_frequency("add", u32::try_from(added).unwrap(), DRAWS, 0.75 * p);
}

#[test]
fn quantities_are_one_two_or_three() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(22);
    let (load, persona) = (presets::load(), someone());
    let mut counts = [0_u32; 4];
    for _ in 0..DRAWS {
        counts[usize::try_from(draw_quantity(&mut rng, &load, &persona)).unwrap()] += 1;
    }
    assert_frequency("1 unit", counts[1], DRAWS, 1.0 - 0.3 * 0.4);
    assert_frequency("2 units", counts[2], DRAWS, 0.3 * 0.4 / 2.0);
    assert_frequency("3 units", counts[3], DRAWS, 0.3 * 0.4 / 2.0);
    assert_eq!(counts[0], 0);
}

#[test]
fn products_looked_at_follow_the_cart_value_within_bounds() {
    let mut persona = someone();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(26);
    let mut look = |cents, preset: &Behavior| {
        persona.avg_cart_value = Cents(cents);
        draw_products_to_look(&mut rng, preset, &persona, None)
    };
    let load = presets::load();
    for (cents, n) in [(800, 3), (3_999, 3), (4_000, 4), (10_999, 10), (15_000, 10)] {
        assert_eq!(look(cents, &load), n, "{cents}");
    }
    let mut odd = load;
    odd.look.dollars_per_product = 0.0;
    assert_eq!(look(800, &odd), 10);
    odd.look.products = Range { min: 5, max: 2 };
    assert_eq!(look(800, &odd), 5);
}

#[test]
fn in_lifelike_half_of_the_visits_look_at_less_than_usual() {
    let mut persona = someone();
    persona.avg_cart_value = Cents(6_000);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(27);
    let mut lifelike = presets::lifelike();
    lifelike.look.agent_sigma = 0.0;
    let usual = (60.0 / lifelike.look.dollars_per_product) as u32;
    let looks: Vec<u32> =
        (0..DRAWS).map(|_| draw_products_to_look(&mut rng, &lifelike, &persona, None)).collect();
    let less = looks.iter().filter(|n| **n < usual).count();
    assert_frequency("less", u32::try_from(less).unwrap(), DRAWS, 0.5);
    let Range { min, max } = lifelike.look.products;
    assert!(looks.iter().all(|n| (min..=max).contains(n)));
    assert!(looks.contains(&min) && looks.contains(&max));
}

#[test]
fn a_preferred_category_is_drawn_evenly() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
    let mut persona = someone();
    persona.preferred_categories = vec!["Dairy".to_owned(), "Pet".to_owned()];
    let pets = (0..DRAWS).filter(|_| choose_category(&mut rng, &persona) == Some("Pet")).count();
    assert_frequency("Pet", u32::try_from(pets).unwrap(), DRAWS, 0.5);
    persona.preferred_categories.clear();
    assert_eq!(choose_category(&mut rng, &persona), None);
}

#[test]
fn a_loyal_agent_looks_first_at_a_brand_it_bought_before() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(24);
    let (mut persona, mut memory) = (someone(), AgentMemory::default());
    let rule = presets::lifelike().look;
    persona.brand_loyalty = 1.0;
    memory.remember_order(hour(8), Cents(1), ["Oak"]);
    let list = [product(100, "Elm"), product(100, "Oak")];
    let loyal = (0..DRAWS)
        .filter(|_| {
            let chosen = choose_products(&mut rng, &rule, &list, 1, &persona, &memory);
            chosen.first().is_some_and(|p| p.brand.as_deref() == Some("Oak"))
        })
        .count();
    let weight = 1.0 + rule.loyal_brand_gain;
    let p = weight / (weight + 1.0);
    assert_frequency("Oak", u32::try_from(loyal).unwrap(), DRAWS, p);
}

#[test]
fn a_second_list_tops_up_without_repeating_or_offering_what_is_sold_out() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(25);
    let (persona, memory) = (someone(), AgentMemory::default());
    let rule = presets::lifelike().look;
    let mut sold_out = product(100, "Ash");
    sold_out.in_stock = false;
    let first = [product(100, "Oak"), sold_out.clone(), product(100, "Oak")];
    let mut chosen = choose_products(&mut rng, &rule, &first, 3, &persona, &memory);
    assert_eq!(chosen.len(), 1);
    let second = [product(100, "Oak"), sold_out, product(100, "Elm"), product(100, "Fir")];
    top_up(&mut rng, &rule, &mut chosen, &second, 2, (&persona, &memory));
    assert_eq!(chosen.len(), 2);
    assert_eq!(chosen[0].id, ProductId::new("Oak"));
    assert_ne!(chosen[1].id, ProductId::new("Oak"));
    top_up(&mut rng, &rule, &mut chosen, &second, 1, (&persona, &memory));
    assert_eq!(chosen.len(), 2);
}

proptest! {
    #[test]
    fn chances_to_add_stay_between_zero_and_one(
        persona in presets::any_persona(),
        price in 0..1_000_000_i64,
        cart in 0..1_000_000_i64,
        spent in 0..100_000_i64,
    ) {
        let mut memory = AgentMemory::default();
        memory.remember_order(hour(9), Cents(spent), ["Oak"]);
        for behavior in [presets::load(), presets::lifelike()] {
            let item = product(price, "Oak");
            let p = add_probability(&behavior, &persona, &memory, Cents(cart), &item, hour(9));
            prop_assert!((0.0..=1.0).contains(&p), "{p}");
        }
    }
}
