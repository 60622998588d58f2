//! The presets as a whole: expected shoppers an hour, and whole visits played without a shop.
//!
//! The figures are those promised to operators (about 40 % shop in an hour, 5.7 calls a visit, 42 %
//! of visits without an order): a change of a persona or a constant that moves them fails here.

use chrono::NaiveDateTime;
use rand::{Rng, RngExt};

use super::*;
use crate::agent::temporal::Rhythm;
use crate::domain::behavior::Behavior;
use crate::domain::cart::Cart;
use crate::domain::catalog::{Catalog, Product};
use crate::domain::flow::AgentMemory;
use crate::domain::ids::{CouponId, ProductId};
use crate::domain::money::{Cents, Percent};
use crate::domain::offer::{Coupon, CouponKind, Discount};
use crate::domain::persona::Persona;
use crate::domain::presets::{self, hour};
use crate::domain::usual_prices::UsualPrices;

/// As many as the practice shop has: 20 categories of 3 or 4, 24 brands of 3.
const PRODUCTS: u32 = 72;

/// What `lifelike` is asked of these prices where they move.
const EVERYDAY: f64 = 0.48;

/// 2.49 to 37.00 with a mean of 11.79, cheap and dear mixed over categories and brands; x `level`.
fn catalog(level: f64) -> Catalog {
    let categories = presets::categories();
    let products = (0..PRODUCTS).map(|n| {
        let rank = f64::from(n * 31 % PRODUCTS) / f64::from(PRODUCTS - 1);
        Product {
            id: ProductId::new(format!("product {n}")),
            name: format!("Product {n}"),
            category: categories[(n % 20) as usize].clone(),
            brand: Some(format!("Brand {}", n * 7 % 24)),
            price: Cents(((249.0 + 3_451.0 * rank.powf(2.755)) * level).round() as i64),
            in_stock: true,
            handle: Default::default(),
        }
    });
    Catalog { products: products.collect() }
}

fn mean_price(catalog: &Catalog) -> Cents {
    let sum: Cents = catalog.products.iter().map(|product| product.price).sum();
    Cents(sum.0 / i64::from(PRODUCTS))
}

/// 2 frontstore coupons and 30 of a category or brand, as a refresh hands them out. They run down
/// over the week as orders redeem them: most visits of `load` meet a half-used wallet.
fn wallet(rng: &mut impl Rng) -> Vec<Coupon> {
    let categories = presets::categories();
    (0..32)
        .map(|n| {
            let (kind, target) = match n {
                0 | 1 => (CouponKind::Frontstore, None),
                2..=16 => (CouponKind::Category, Some(categories[rng.random_range(0..20)].clone())),
                _ => (CouponKind::Brand, Some(format!("Brand {}", rng.random_range(0..24)))),
            };
            Coupon {
                id: CouponId::new(format!("coupon {n}")),
                kind,
                target,
                discount: Discount::PercentOff(Percent(rng.random_range(10..=30) * 100)),
                min_purchase: Cents(rng.random_range(15..=50) * 100),
                max_discount: None,
            }
        })
        .collect()
}

/// What became of the visits of a population.
#[derive(Clone, Copy, Debug, Default)]
struct Visits {
    visits: u32,
    calls: u32,
    filled: u32,
    ordered: u32,
    applied: u32,
    single_item: u32,
}

impl Visits {
    fn share(self, part: u32) -> f64 {
        f64::from(part) / f64::from(self.visits)
    }

    fn calls_a_visit(self) -> f64 {
        self.share(self.calls)
    }

    fn without_order(self) -> f64 {
        1.0 - self.share(self.ordered)
    }

    fn abandoned_of_filled(self) -> f64 {
        1.0 - f64::from(self.ordered) / f64::from(self.filled)
    }

    fn add(&mut self, other: Self) {
        self.visits += other.visits;
        self.calls += other.calls;
        self.filled += other.filled;
        self.ordered += other.ordered;
        self.applied += other.applied;
        self.single_item += other.single_item;
    }
}

/// An agent between its visits.
struct Shopper {
    persona: Persona,
    memory: AgentMemory,
    wallet: Vec<Coupon>,
}

/// What is looked at, and how many lists it took: one of everything where products are wished for,
/// else a category's first.
fn look(
    rng: &mut impl Rng,
    behavior: &Behavior,
    catalog: &Catalog,
    shopper: &Shopper,
    (wanted, at): (u32, NaiveDateTime),
) -> (Vec<Product>, u32) {
    let (persona, memory) = (&shopper.persona, &shopper.memory);
    if let Some(rule) = &behavior.choice {
        // Prices stay as they are: each is the usual one.
        let seen = (&catalog.products[..], &UsualPrices::default(), at.date());
        return (
            wish(rng, rule, seen, wanted, Wisher { persona, memory, held: &[], pull: 0.0 }),
            1,
        );
    }
    let category = choose_category(rng, persona).map(str::to_owned);
    let list = catalog.list(category.as_deref());
    let mut chosen = choose_products(rng, &behavior.look, list, wanted, persona, memory);
    if chosen.len() as u32 >= wanted {
        return (chosen, 1);
    }
    top_up(rng, &behavior.look, &mut chosen, catalog.list(None), wanted, (persona, memory));
    (chosen, 2)
}

/// One visit as the flow plays it: lists, views, adds, eligible, apply, checkout or clear.
fn visit(
    rng: &mut impl Rng,
    behavior: &Behavior,
    catalog: &Catalog,
    shopper: &mut Shopper,
    at: NaiveDateTime,
) -> (Visits, Cart) {
    let wanted = draw_products_to_look(rng, behavior, &shopper.persona, Some(mean_price(catalog)));
    let course = behavior.course.map(|rule| Course::draw(rng, &rule, &shopper.persona, wanted));
    let (take, will) = course.as_ref().map_or((1.0, 1.0), |c| (c.rule.take, c.rule.checkout));
    let considered = course.as_ref().map_or(wanted, |course| course.turns.len() as u32);
    let (products, lists) = look(rng, behavior, catalog, shopper, (considered, at));
    let persona = &shopper.persona;
    let mut cart = Cart::default();
    let mut calls = lists;
    for product in products.iter().filter(|_| course.as_ref().is_none_or(|c| !c.bounces)) {
        calls += u32::from(behavior.view_calls);
        let (who, worth) = ((persona, &shopper.memory), (cart.total(), product, take));
        let units = draw_adding(rng, behavior, who, worth, at);
        if units > 0 {
            cart.add(product, units, product.price);
            calls += 1;
        }
    }
    shopper.memory.remember_visit(at);
    let mut outcome = Visits { visits: 1, calls, ..Visits::default() };
    if cart.is_empty() {
        return (outcome, cart);
    }
    let usable = shopper.wallet.iter().filter(|c| c.is_eligible_for(&cart));
    let eligible: Vec<Usable> =
        usable.map(|coupon| Usable { coupon: coupon.clone(), life_over: 0.3 }).collect();
    let looks = draw_coupon_look(rng, &behavior.coupon, persona);
    let applied = match looks {
        true => choose_coupons(rng, &behavior.coupon, persona, &cart, &eligible),
        false => Vec::new(),
    };
    let ordered = draw_checkout(rng, &behavior.checkout, persona, (!applied.is_empty(), will));
    // Eligible if it looks, each applied, and checkout or clear.
    outcome.calls += u32::from(looks) + applied.len() as u32 + 1;
    outcome.filled = 1;
    outcome.single_item = u32::from(cart.units() == 1);
    outcome.applied = u32::from(!applied.is_empty());
    outcome.ordered = u32::from(ordered);
    if ordered {
        shopper.wallet.retain(|c| applied.iter().all(|a| a.id != c.id));
        let brands = cart.lines().iter().filter_map(|l| l.product.brand.clone());
        shopper.memory.remember_order(at, cart.total(), brands);
    }
    (outcome, cart)
}

/// 372 agents on a Monday morning; one in ten is held out and has no coupons.
fn shoppers(rng: &mut impl Rng, seed: u64) -> Vec<Shopper> {
    presets::population(372, seed)
        .into_iter()
        .map(|persona| {
            let is_held_out = rng.random_bool(0.1);
            let wallet = if is_held_out { Vec::new() } else { wallet(rng) };
            Shopper { persona, memory: AgentMemory::default(), wallet }
        })
        .collect()
}

/// The visits of some ordinary weeks from Monday on, of each `one_in`th agent of a population of
/// 372, and the units of their filled carts. Wallets are refreshed every Monday.
fn weeks(behavior: &Behavior, count: u32, one_in: usize, seed: u64) -> (Visits, Vec<u32>) {
    let mut rng = presets::rng(seed + 1_000);
    let moves = behavior.defaults.is_some_and(|defaults| defaults.calendar_prices == Some(true));
    let catalog = catalog(if moves { EVERYDAY } else { 1.0 });
    let (mut total, mut units) = (Visits::default(), Vec::new());
    for mut shopper in shoppers(&mut rng, seed).into_iter().step_by(one_in) {
        let rhythm = Rhythm::of(behavior, &shopper.persona);
        let is_held_out = shopper.wallet.is_empty();
        for n in 0..168 * count {
            let at = hour(n);
            if n % 168 == 0 && !is_held_out {
                shopper.wallet = wallet(&mut rng);
            }
            match draw_activity(&mut rng, behavior, &shopper.persona, &rhythm, at, 1.0) {
                Activity::Shop => {
                    let (outcome, cart) = visit(&mut rng, behavior, &catalog, &mut shopper, at);
                    total.add(outcome);
                    if !cart.is_empty() {
                        units.push(cart.units());
                    }
                }
                Activity::Browse | Activity::Idle => {}
            }
        }
    }
    (total, units)
}

/// The mean of p_shop over agents, for each hour of the week: exact, nothing is drawn.
fn shopping_by_hour(behavior: &Behavior, personas: &[Persona]) -> Vec<f64> {
    let rhythms: Vec<Rhythm> = personas.iter().map(|p| Rhythm::of(behavior, p)).collect();
    (0..168)
        .map(|n| {
            let at = hour(n);
            let sum: f64 = personas
                .iter()
                .zip(&rhythms)
                .map(|(persona, rhythm)| p_shop(behavior, persona, rhythm, at, 1.0))
                .sum();
            sum / personas.len() as f64
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn the_catalog_played_with_is_like_the_real_one() {
    let catalog = catalog(1.0);
    let prices: Vec<i64> = catalog.products.iter().map(|p| p.price.0).collect();
    assert_eq!((prices.iter().min(), prices.iter().max()), (Some(&249), Some(&3_700)));
    let mean = prices.iter().sum::<i64>() as f64 / 72.0;
    assert!((mean - 1_179.0).abs() < 5.0, "{mean}");
    for category in presets::categories() {
        assert!((3..=4).contains(&catalog.list(Some(&category)).count()));
    }
}

#[test]
fn under_load_two_fifths_of_the_agents_shop_in_a_mean_hour() {
    let behavior = presets::load();
    let mut means = Vec::new();
    for seed in 0..12 {
        let hours = shopping_by_hour(&behavior, &presets::population(372, seed));
        let mean = mean(&hours);
        assert!((0.38..=0.42).contains(&mean), "population {seed}: {mean}");
        let peak = hours.iter().copied().fold(0.0, f64::max);
        let trough = hours.iter().copied().fold(1.0, f64::min);
        assert!((0.68..=0.80).contains(&peak), "population {seed}: peak {peak}");
        assert!((0.01..=0.03).contains(&trough), "population {seed}: trough {trough}");
        means.push(mean);
    }
    println!("load, mean share of shoppers: {means:.4?}");
}

#[test]
fn lifelike_shops_in_about_one_agent_hour_of_a_hundred() {
    let behavior = presets::lifelike();
    let mut means = Vec::new();
    for seed in 0..12 {
        let mean = mean(&shopping_by_hour(&behavior, &presets::population(372, seed)));
        assert!((0.007..=0.011).contains(&mean), "population {seed}: {mean}");
        means.push(mean);
    }
    println!("lifelike, mean share of shoppers: {means:.5?}");
}

#[test]
fn under_load_a_visit_takes_nearly_six_calls_and_two_in_five_end_without_an_order() {
    let behavior = presets::load();
    let mut all = Visits::default();
    for seed in 0..12 {
        let (visits, _) = weeks(&behavior, 1, 4, seed);
        let calls = visits.calls_a_visit();
        println!("load {seed}: {visits:?}, {calls:.3} calls, {:.3}", visits.without_order());
        assert!((5.2..=6.4).contains(&calls), "population {seed}: {calls} calls a visit");
        all.add(visits);
    }
    let calls = all.calls_a_visit();
    println!("load: {calls:.3}, {:.3}, {:.3}", all.without_order(), all.abandoned_of_filled());
    assert!((5.55..=5.85).contains(&calls), "{calls} calls a visit");
    assert!((0.39..=0.45).contains(&all.without_order()), "{} no order", all.without_order());
    let abandoned = all.abandoned_of_filled();
    assert!((0.28..=0.38).contains(&abandoned), "{abandoned} of filled carts left");
}

#[test]
fn lifelike_leaves_most_carts_and_fills_them_with_several_items() {
    let (all, mut units) = weeks(&presets::lifelike(), 8, 1, 5);
    units.sort_unstable();
    let median = units[units.len() / 2];
    let abandoned = all.abandoned_of_filled();
    let single = f64::from(all.single_item) / f64::from(all.filled);
    println!("lifelike: {all:?}, median {median}, abandoned {abandoned:.3}, single {single:.3}");
    assert!((0.62..=0.78).contains(&abandoned), "{abandoned} of filled carts left");
    assert!((6..=10).contains(&median), "{median} items in the median cart");
    assert!((0.10..=0.22).contains(&single), "{single} of filled carts hold one item");
}
