//! What an agent wants of what the shop shows: the product-choice rule, a weighted draw without
//! putting back (Gumbel top-k).
//!
//! Tastes come from stable hashes of agent and product: nothing is stored, a new product moves
//! nobody, and a part of the list is drawn from as the whole of it would be. Constant terms cancel.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::domain::behavior::ChoiceRule;
use crate::domain::catalog::Product;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::ProductId;
use crate::domain::offer::{Coupon, CouponKind};
use crate::domain::persona::Persona;
use crate::domain::stable_hash::{blend, normal_of, share_of, stable_hash, stable_hash_of};
use crate::domain::usual_prices::UsualPrices;

/// Hidden missions of a visit.
const MISSIONS: usize = 3;

/// What a visit is after: the same for all of its lists.
#[derive(Clone, Debug)]
struct Mood {
    missions: [f64; MISSIONS],
    /// By category, drawn when it is first met.
    categories: HashMap<String, f64>,
}

impl Mood {
    /// Of a visit that begins.
    fn draw(rng: &mut impl Rng) -> Self {
        let missions = std::array::from_fn(|_| rng.sample(StandardNormal));
        Self { missions, categories: HashMap::new() }
    }

    /// What this category weighs in the visit: M.z + e, and what the persona thinks of it.
    fn of(
        &mut self,
        rng: &mut impl Rng,
        rule: &ChoiceRule,
        persona: &Persona,
        category: &str,
    ) -> f64 {
        if let Some(known) = self.categories.get(category) {
            return *known;
        }
        let of_category = stable_hash_of("mission", category);
        let load = |(n, z): (u64, &f64)| rule.missions * normal_of(blend(of_category, n)) * z;
        let whim: f64 = rng.sample(StandardNormal);
        let is_preferred = persona.preferred_categories.iter().any(|c| c == category);
        let weight = (0..).zip(&self.missions).map(load).sum::<f64>()
            + rule.whim * whim
            + if is_preferred { rule.preferred } else { 0.0 };
        self.categories.insert(category.to_owned(), weight);
        weight
    }
}

/// Whose wishes, and what it knows.
#[derive(Clone, Copy)]
pub struct Wisher<'a> {
    /// The persona.
    pub persona: &'a Persona,
    /// What it remembers.
    pub memory: &'a AgentMemory,
    /// The coupons that it holds, as far as it knows them before it looks at its wallet.
    pub held: &'a [&'a Coupon],
    /// Added for a category or brand that one of them is for.
    pub pull: f64,
}

impl Wisher<'_> {
    /// What its coupons make of a product.
    fn pulled(&self, product: &Product) -> f64 {
        // A coupon for everything draws to nothing.
        let draws =
            |coupon: &&Coupon| coupon.kind != CouponKind::Frontstore && coupon.is_for(product);
        if self.held.iter().any(draws) { self.pull } else { 0.0 }
    }
}

/// The `wanted` products of the list that are wanted most in this visit, those in stock, each once;
/// the list was seen on the day, and its prices are taken in. O(list).
pub fn wish(
    rng: &mut impl Rng,
    rule: &ChoiceRule,
    (list, prices, day): (&[Product], &UsualPrices, NaiveDate),
    wanted: u32,
    who: Wisher<'_>,
) -> Vec<Product> {
    let mut mood = Mood::draw(rng);
    let agent = stable_hash("taste", &who.persona.agent_id);
    let mut known: HashSet<&ProductId> = HashSet::with_capacity(list.len());
    let mut keyed: Vec<(f64, &Product)> = Vec::with_capacity(list.len());
    for (place, (product, dearer)) in list.iter().zip(prices.see(day, list)).enumerate() {
        if product.in_stock && known.insert(&product.id) {
            let utility = standing(rule, agent, place, product, dearer, who)
                + mood.of(rng, rule, who.persona, &product.category);
            keyed.push((utility + gumbel(rng), product));
        }
    }
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
    keyed.into_iter().take(wanted as usize).map(|(_, product)| product.clone()).collect()
}

/// What does not change from visit to visit, but for what was bought and what it costs.
fn standing(
    rule: &ChoiceRule,
    agent: u64,
    place: usize,
    product: &Product,
    dearer: f64,
    who: Wisher<'_>,
) -> f64 {
    let of_product = stable_hash_of("popularity", product.product_id().as_str());
    let popularity = -rule.zipf * share_of(of_product).ln();
    let taste = rule.taste * normal_of(blend(agent, of_product));
    let habit = (rule.habit * f64::from(who.memory.times_bought(&product.id))).ln_1p();
    let price = -rule.elasticity * (0.5 + who.persona.price_sensitivity) * dearer;
    let attention = -rule.attention * (place as f64).ln_1p();
    let loyalty = if who.memory.has_bought(product.brand.as_deref()) {
        (who.persona.brand_loyalty * rule.loyal_brand_gain).ln_1p()
    } else {
        0.0
    };
    let sum = popularity + taste + habit + price + attention + loyalty + who.pulled(product);
    if sum.is_nan() { 0.0 } else { sum }
}

/// A standard Gumbel draw.
fn gumbel(rng: &mut impl Rng) -> f64 {
    let share: f64 = rng.random();
    -(-share.max(f64::MIN_POSITIVE).ln()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CouponId;
    use crate::domain::money::Cents;
    use crate::domain::offer::Discount;
    use crate::domain::presets;

    const USUAL: i64 = 500;
    const NOTHING: ChoiceRule = ChoiceRule {
        zipf: 0.0,
        taste: 0.0,
        habit: 0.0,
        missions: 0.0,
        whim: 0.0,
        elasticity: 0.0,
        preferred: 0.0,
        attention: 0.0,
        loyal_brand_gain: 0.0,
    };

    fn products(count: u32) -> Vec<Product> {
        (0..count)
            .map(|n| Product {
                id: ProductId::new(format!("product {n}")),
                name: format!("Product {n}"),
                category: format!("Category {}", n % 4),
                brand: Some(format!("Brand {}", n % 3)),
                price: Cents(USUAL),
                in_stock: true,
                handle: Default::default(),
            })
            .collect()
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, day).unwrap()
    }

    /// How often each is the one wanted, of 20,000 visits on a day after two days at usual prices.
    fn shares(rule: &ChoiceRule, list: &[Product], memory: &AgentMemory) -> Vec<f64> {
        const VISITS: u32 = 20_000;
        let prices = UsualPrices::default();
        let usual: Vec<Product> =
            list.iter().map(|p| Product { price: Cents(USUAL), ..p.clone() }).collect();
        (1..=2).for_each(|n| drop(prices.see(day(n), &usual)));
        let mut rng = presets::rng(5);
        let persona = presets::population(1, 3).remove(0);
        let who = Wisher { persona: &persona, memory, held: &[], pull: 0.0 };
        let mut counts = vec![0_u32; list.len()];
        for _ in 0..VISITS {
            let wanted = wish(&mut rng, rule, (list, &prices, day(3)), 1, who);
            counts[list.iter().position(|p| p.id == wanted[0].id).unwrap()] += 1;
        }
        counts.into_iter().map(|count| f64::from(count) / f64::from(VISITS)).collect()
    }

    #[test]
    fn without_any_term_every_product_is_wanted_as_often() {
        for share in shares(&NOTHING, &products(4), &AgentMemory::default()) {
            assert!((share - 0.25).abs() < 0.015, "{share}");
        }
    }

    #[test]
    fn a_coupon_held_draws_looks_to_what_it_is_for() {
        let list = products(4);
        let persona = presets::population(1, 3).remove(0);
        let coupon = |kind, target: &str| Coupon {
            id: CouponId::new(target),
            kind,
            target: Some(target.to_owned()),
            discount: Discount::FixedOff(Cents(100)),
            min_purchase: Cents::ZERO,
            max_discount: None,
        };
        let (category, front) = (CouponKind::Category, CouponKind::Frontstore);
        let (drawn, general) = (coupon(category, "Category 1"), coupon(front, "Category 2"));
        let held = [&drawn, &general];
        let memory = &AgentMemory::default();
        let who = Wisher { persona: &persona, memory, held: &held, pull: 3.0_f64.ln() };
        let mut rng = presets::rng(6);
        let found = (0..20_000)
            .filter(|_| {
                let seen = (&list[..], &UsualPrices::default(), day(3));
                wish(&mut rng, &NOTHING, seen, 1, who)[0].category == "Category 1"
            })
            .count();
        presets::assert_frequency("drawn", found as u32, 20_000, 0.5);
    }

    #[test]
    fn a_price_cut_raises_the_odds_by_its_power() {
        let mut list = products(2);
        list[0].price = Cents(USUAL / 2);
        let persona = presets::population(1, 3).remove(0);
        let rule = ChoiceRule { elasticity: 1.8, ..NOTHING };
        let share = shares(&rule, &list, &AgentMemory::default())[0];
        let odds = 2.0_f64.powf(1.8 * (0.5 + persona.price_sensitivity));
        assert!((share - odds / (1.0 + odds)).abs() < 0.015, "{share}, odds {odds}");
    }

    #[test]
    fn what_was_bought_before_is_wanted_more_with_each_order() {
        let list = products(2);
        let mut memory = AgentMemory::default();
        let rule = ChoiceRule { habit: 0.5, ..NOTHING };
        for times in 1..=4_u32 {
            memory.remember_products([&list[0].id]);
            let share = shares(&rule, &list, &memory)[0];
            let odds = 1.0 + 0.5 * f64::from(times);
            assert!((share - odds / (1.0 + odds)).abs() < 0.015, "{times}: {share}");
        }
    }

    #[test]
    fn popularity_and_taste_stay_from_visit_to_visit() {
        let rule = ChoiceRule { zipf: 0.9, taste: 1.3, ..NOTHING };
        let list = products(8);
        let first = shares(&rule, &list, &AgentMemory::default());
        let mut turned = list.clone();
        turned.reverse();
        let mut second = shares(&rule, &turned, &AgentMemory::default());
        second.reverse();
        for (a, b) in first.iter().zip(&second) {
            assert!((a - b).abs() < 0.02, "{first:?} {second:?}");
        }
        let most = first.iter().copied().fold(0.0, f64::max);
        assert!(most > 0.25, "{first:?}");
    }

    #[test]
    fn what_is_out_of_stock_or_listed_twice_is_not_drawn_and_a_short_list_gives_a_short_draw() {
        let mut list = products(5);
        list[2].in_stock = false;
        let persona = presets::population(1, 3).remove(0);
        let memory = AgentMemory::default();
        let who = Wisher { persona: &persona, memory: &memory, held: &[], pull: 0.0 };
        let mut rng = presets::rng(6);
        let prices = UsualPrices::default();
        list.extend_from_within(..);
        let wanted = wish(&mut rng, &NOTHING, (&list, &prices, day(1)), 9, who);
        assert_eq!(wanted.len(), 4);
        assert!(wanted.iter().all(|product| product.id != list[2].id));
    }

    #[test]
    fn hostile_knobs_draw_all_the_same() {
        let hostile = ChoiceRule {
            zipf: f64::NAN,
            taste: f64::INFINITY,
            habit: -2.0,
            missions: f64::NAN,
            ..NOTHING
        };
        let list = products(3);
        let mut memory = AgentMemory::default();
        memory.remember_products([&list[0].id]);
        let sum: f64 = shares(&hostile, &list, &memory).iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
