//! From the list to the cart: what is looked at, what is put in and how much of it.
//!
//! Loyalty works twice: a brand bought before is looked at more readily, and added more readily.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::bounded;
use crate::domain::behavior::{Behavior, LookRule};
use crate::domain::catalog::Product;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::ProductId;
use crate::domain::money::Cents;
use crate::domain::persona::Persona;

/// Of the week's budget, the price that counts in full against an add (before the cap).
const BUDGET_PART: f64 = 4.0;

/// How many products the agent looks at in this visit: clamp(int(average cart value in dollars /
/// dollars_per_product x a log-normal factor of median 1), min, max).
pub fn draw_products_to_look(rng: &mut impl Rng, behavior: &Behavior, persona: &Persona) -> u32 {
    let rule = behavior.look;
    let normal: f64 = rng.sample(StandardNormal);
    let factor = (rule.sigma * normal).exp();
    // The cast saturates, what is not a number becomes 0, and the clamp follows.
    let wanted = (persona.avg_cart_value.as_dollars() / rule.dollars_per_product * factor) as u32;
    wanted.min(rule.products.max).max(rule.products.min)
}

/// One of the preferred categories, evenly; `None` without any.
pub fn choose_category<'a>(rng: &mut impl Rng, persona: &'a Persona) -> Option<&'a str> {
    let categories = &persona.preferred_categories;
    if categories.is_empty() {
        return None;
    }
    categories.get(rng.random_range(0..categories.len())).map(String::as_str)
}

/// One variant of each product, drawn evenly from those in stock, in the order of the list: what
/// comes in eight sizes is no more likely to be looked at than what comes in one. Products without
/// variants are taken as they are, and nothing is drawn for them.
pub fn one_of_each(rng: &mut impl Rng, list: Vec<Product>) -> Vec<Product> {
    if list.iter().all(|product| product.handle.variant_of.is_none()) {
        return list;
    }
    let mut places: HashMap<ProductId, usize> = HashMap::new();
    let mut drawn: Vec<(Product, u32)> = Vec::new();
    for product in list {
        let place = *places.entry(product.product_id().clone()).or_insert(drawn.len());
        let Some((taken, among)) = drawn.get_mut(place) else {
            let among = u32::from(product.in_stock);
            drawn.push((product, among));
            continue;
        };
        if product.in_stock {
            // The n-th that is met takes the place with a chance of one in n.
            *among += 1;
            if *among == 1 || rng.random_range(0..*among) == 0 {
                *taken = product;
            }
        }
    }
    drawn.into_iter().map(|(product, _)| product).collect()
}

/// Up to `n` products of the list that are in stock, each once, in the order they are looked at.
///
/// Drawn without putting back; a loyal agent prefers brands it bought before: such a product
/// weighs 1 + brand_loyalty x the rule's gain against 1 for any other.
pub fn choose_products<'a>(
    rng: &mut impl Rng,
    rule: &LookRule,
    list: impl IntoIterator<Item = &'a Product>,
    n: u32,
    persona: &Persona,
    memory: &AgentMemory,
) -> Vec<Product> {
    let mut chosen = Vec::new();
    top_up(rng, rule, &mut chosen, list, n, (persona, memory));
    chosen
}

/// Adds products of a second list until `chosen` holds `n`, by the rule of [`choose_products`];
/// those already chosen are passed over.
pub fn top_up<'a>(
    rng: &mut impl Rng,
    rule: &LookRule,
    chosen: &mut Vec<Product>,
    list: impl IntoIterator<Item = &'a Product>,
    n: u32,
    (persona, memory): (&Persona, &AgentMemory),
) {
    let wanted = usize::try_from(n).unwrap_or(usize::MAX).saturating_sub(chosen.len());
    let mut known: HashSet<&ProductId> = chosen.iter().map(|product| &product.id).collect();
    let mut keyed: Vec<(f64, &Product)> = Vec::new();
    for product in list {
        if product.in_stock && known.insert(&product.id) {
            let is_familiar = memory.has_bought(product.brand.as_deref());
            let gain =
                if is_familiar { rule.loyal_brand_gain * persona.brand_loyalty } else { 0.0 };
            keyed.push((look_key(rng, 1.0 + gain), product));
        }
    }
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
    chosen.extend(keyed.into_iter().take(wanted).map(|(_, product)| product.clone()));
}

/// u^(1/weight): the largest keys are a weighted draw without putting back (Efraimidis-Spirakis).
fn look_key(rng: &mut impl Rng, weight: f64) -> f64 {
    rng.random::<f64>().powf(1.0 / weight)
}

/// The chance to add a product that is looked at, with `cart_total` in the cart already.
///
/// The budget is the week's, or what is left of it at `at` where the preset says so.
pub fn add_probability(
    behavior: &Behavior,
    persona: &Persona,
    memory: &AgentMemory,
    cart_total: Cents,
    product: &Product,
    at: NaiveDateTime,
) -> f64 {
    let rule = behavior.add;
    let budget = if rule.running_budget {
        memory.budget_left(persona.weekly_budget, at)
    } else {
        persona.weekly_budget
    };
    let mut p = rule.base + rule.impulsivity_gain * persona.impulsivity;
    if product.price > Cents::ZERO {
        // With nothing left the quotient is infinite and the cap holds.
        let part = product.price.as_dollars() / (budget.as_dollars() / BUDGET_PART);
        p *= 1.0 - persona.price_sensitivity * part.min(rule.price_weight_max);
    }
    if cart_total + product.price > budget {
        p *= rule.over_budget_factor;
    }
    if memory.has_bought(product.brand.as_deref()) {
        p *= 1.0 + persona.brand_loyalty * rule.loyal_brand_gain;
    }
    bounded(p, 0.0, 1.0)
}

/// Whether the product is added; see [`add_probability`].
pub fn draw_add(
    rng: &mut impl Rng,
    behavior: &Behavior,
    persona: &Persona,
    memory: &AgentMemory,
    cart_total: Cents,
    product: &Product,
    at: NaiveDateTime,
) -> bool {
    rng.random_bool(add_probability(behavior, persona, memory, cart_total, product, at))
}

/// Units to add: 1, or 2 or 3 evenly with p = impulsivity x multiple_gain.
pub fn draw_quantity(rng: &mut impl Rng, behavior: &Behavior, persona: &Persona) -> u32 {
    let p = bounded(behavior.add.multiple_gain * persona.impulsivity, 0.0, 1.0);
    if rng.random_bool(p) { rng.random_range(2..=3) } else { 1 }
}

#[cfg(test)]
mod tests {
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
            .filter(|_| draw_add(&mut rng, &load, &persona, &memory, Cents(0), &item, hour(9)))
            .count();
        let p = p_add(&load, &memory, 0, &item);
        assert_frequency("add", u32::try_from(added).unwrap(), DRAWS, p);
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
            draw_products_to_look(&mut rng, preset, &persona)
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
        let lifelike = presets::lifelike();
        let usual = (60.0 / lifelike.look.dollars_per_product) as u32;
        let looks: Vec<u32> =
            (0..DRAWS).map(|_| draw_products_to_look(&mut rng, &lifelike, &persona)).collect();
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
        let pets =
            (0..DRAWS).filter(|_| choose_category(&mut rng, &persona) == Some("Pet")).count();
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
}
