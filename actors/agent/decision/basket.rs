//! From the list to the cart: what is looked at, what is put in and how much of it.
//!
//! Loyalty works twice: a brand bought before is looked at more readily, and added more readily.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::bounded;
use crate::domain::behavior::{Behavior, LookRule, MoneyRule};
use crate::domain::catalog::Product;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::ProductId;
use crate::domain::money::Cents;
use crate::domain::persona::Persona;
use crate::domain::stable_hash::{normal_of, stable_hash};
use crate::weighted_key::weighted_key;

/// Of the week's budget, the price that counts in full against an add (before the cap).
const BUDGET_PART: f64 = 4.0;

/// How many products the agent looks at in this visit: clamp(int(average cart value in dollars /
/// dollars_per_product x a log-normal factor of median 1), min, max). Where the preset cuts visits
/// to the purse, the dollars are those of the mean price shown, once prices were.
pub fn draw_products_to_look(
    rng: &mut impl Rng,
    behavior: &Behavior,
    persona: &Persona,
    mean_price: Option<Cents>,
) -> u32 {
    let rule = behavior.look;
    let prices = behavior.money.and_then(|money| money.prices_per_product).zip(mean_price);
    let dollars_per_product =
        prices.map_or(rule.dollars_per_product, |(prices, mean)| mean.as_dollars() * prices);
    let normal: f64 = rng.sample(StandardNormal);
    let own = normal_of(stable_hash("appetite", &persona.agent_id));
    let factor = (rule.sigma * normal + rule.agent_sigma * own).exp();
    // The cast saturates, what is not a number becomes 0, and the clamp follows.
    let wanted = (persona.avg_cart_value.as_dollars() / dollars_per_product * factor) as u32;
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
            keyed.push((weighted_key(rng, 1.0 + gain), product));
        }
    }
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
    chosen.extend(keyed.into_iter().take(wanted).map(|(_, product)| product.clone()));
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

/// Units of a product that are put in: those of [`draw_units`] with the chance of
/// [`add_probability`] x `will`, else none.
pub fn draw_adding(
    rng: &mut impl Rng,
    behavior: &Behavior,
    (persona, memory): (&Persona, &AgentMemory),
    (cart_total, product, will): (Cents, &Product, f64),
    at: NaiveDateTime,
) -> u32 {
    let p = add_probability(behavior, persona, memory, cart_total, product, at);
    if !rng.random_bool(bounded(p * will, 0.0, 1.0)) {
        return 0;
    }
    draw_units(rng, behavior, (persona, memory), (cart_total, product.price), at)
}

/// Units to add: 1, or 2 or 3 evenly with p = impulsivity x multiple_gain.
pub fn draw_quantity(rng: &mut impl Rng, behavior: &Behavior, persona: &Persona) -> u32 {
    let p = bounded(behavior.add.multiple_gain * persona.impulsivity, 0.0, 1.0);
    if rng.random_bool(p) { rng.random_range(2..=3) } else { 1 }
}

/// Units to add of a product that is wanted: as [`draw_quantity`] says, as far as the week's
/// spending has room for them; 0: none.
pub fn draw_units(
    rng: &mut impl Rng,
    behavior: &Behavior,
    (persona, memory): (&Persona, &AgentMemory),
    (cart_total, unit_price): (Cents, Cents),
    at: NaiveDateTime,
) -> u32 {
    let units = draw_quantity(rng, behavior, persona);
    affordable_units(behavior.money, persona, memory, cart_total, (unit_price, units), at)
}

/// Of these units those that the week's spending has room for: all within the week's budget, one
/// beyond it, or none. Without a rule all of them.
fn affordable_units(
    rule: Option<MoneyRule>,
    persona: &Persona,
    memory: &AgentMemory,
    cart_total: Cents,
    (unit_price, units): (Cents, u32),
    at: NaiveDateTime,
) -> u32 {
    let Some(rule) = rule else { return units };
    let spent = memory.spent_in_week_of(at) + cart_total;
    let fits = |units: u32, part: f64| {
        let most = persona.weekly_budget.as_dollars() * part;
        (spent + unit_price.times(units)).as_dollars() <= most
    };
    if fits(units, rule.overspend_max.min(1.0)) {
        units
    } else {
        u32::from(fits(1, rule.overspend_max))
    }
}

#[cfg(test)]
mod tests;
