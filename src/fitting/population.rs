//! Personas drawn from buckets of at least five customers: never a customer's row.
//!
//! A bucket is a frequency, a third of the order values and a part of the day. Of each persona the
//! bucket says frequency, money, hours, weekend, categories and coupons; the rest stays as the
//! archetypes drew it.

use std::collections::BTreeMap;

use domain::money::Cents;
use domain::persona::{Persona, ShoppingFrequency, TimeOfDay};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::Serialize;

use super::CUSTOMERS_MIN;
use super::customer::{Customer, Sums};
use super::frequency::SHARES;
use super::ledger::Ledger;
use super::portrait::Portrait;

/// USD that a persona's cart and budget may be.
const CART: (f64, f64) = (8.0, 150.0);
const BUDGET: (f64, f64) = (20.0, 300.0);
/// A budget holds nine of ten weeks of a normal spread.
const WEEKS_WITHIN: f64 = 1.28;
/// SD of ln(share) of a part of the day around its bucket's.
const DAY_SPREAD: f64 = 0.25;

/// Customers that are alike, their sums only.
#[derive(Clone, Debug, Default)]
struct Bucket {
    customers: usize,
    classes: [u32; 4],
    log_cart: Sums,
    log_budget: Sums,
    parts: [f64; 3],
    weekend: (f64, f64),
    discounted: (f64, f64),
    /// Customers that bought it, by category.
    categories: BTreeMap<u16, usize>,
}

/// What personas were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Buckets.
    pub buckets: usize,
    /// Customers of the smallest.
    pub smallest: usize,
    /// Carts and budgets that were taken to the nearest end of what a persona may have.
    pub clamped: usize,
}

/// Lets these personas, drawn from the archetypes, be as customers of this half are. `day_contrast`
/// is the preset's. `None` where the half has fewer than five customers: they stay as they are.
pub fn fit(
    personas: &mut [Persona],
    ledger: &Ledger,
    history: &Portrait,
    day_contrast: f64,
    rng: &mut impl Rng,
) -> Option<Drawn> {
    let buckets = merged(buckets(ledger, history));
    let smallest = buckets.iter().map(|bucket| bucket.customers).min()?;
    if smallest < CUSTOMERS_MIN {
        return None;
    }
    let everybody = pooled(&buckets);
    let mut clamped = 0;
    for persona in personas {
        let bucket = weighted(&buckets, |bucket| bucket.customers as f64, rng)?;
        if history.rates.is_ok()
            && let Some(class) =
                weighted(&[0_usize, 1, 2, 3], |class| f64::from(bucket.classes[*class]), rng)
        {
            persona.shopping_frequency = ShoppingFrequency::ALL[*class];
        }
        clamped += money(persona, bucket, rng);
        days(persona, bucket, day_contrast, rng);
        categories(persona, [bucket, &everybody], &ledger.categories, rng);
        if bucket.discounted.1 > 0.0 {
            let spread: f64 = rng.sample(StandardNormal);
            let share = bucket.discounted.0 / bucket.discounted.1;
            persona.coupon_affinity = (share + 0.1 * spread).clamp(0.0, 1.0);
        }
    }
    Some(Drawn { buckets: buckets.len(), smallest, clamped })
}

fn buckets(ledger: &Ledger, history: &Portrait) -> BTreeMap<[u8; 3], Bucket> {
    let last = ledger.days.map_or(0, |(_, last)| last);
    // The mean of the rate given what was seen; newcomers stand where most customers do.
    let (shape, alpha) = history.rates.as_ref().map_or((1.0, 8.0), |r| (r.shape, r.shape / r.mean));
    let rate = |c: &Customer| {
        let weeks = f64::from(last - c.first) / 7.0;
        (shape + f64::from(c.orders.saturating_sub(1))) / (alpha + weeks)
    };
    let mut customers: Vec<(u64, &Customer, f64)> =
        ledger.customers.iter().map(|(who, c)| (*who, c, rate(c))).collect();
    let mut values: Vec<f64> = customers.iter().map(|(_, c, _)| c.value.mean()).collect();
    values.sort_by(f64::total_cmp);
    let third = |n: usize| values.get(values.len() * n / 3).copied().unwrap_or_default();
    let (low, high) = (third(1), third(2));
    customers.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    let spread = usual_spread(ledger);
    let mut buckets: BTreeMap<[u8; 3], Bucket> = BTreeMap::new();
    let total = customers.len() as f64;
    for (place, (_, customer, _)) in customers.iter().enumerate() {
        let class = class_of((place as f64 + 0.5) / total);
        let value = customer.value.mean();
        let value = u8::from(value >= low) + u8::from(value >= high);
        let part = (0..3_u8).max_by_key(|part| customer.parts[usize::from(*part)]).unwrap_or(0);
        buckets.entry([class, value, part]).or_default().add(customer, class, spread);
    }
    buckets
}

fn class_of(place: f64) -> u8 {
    let mut above = 0.0;
    let below = |share: &f64| {
        above += share;
        place < above
    };
    SHARES.iter().position(below).unwrap_or(3) as u8
}

/// SD of a week over its mean, of customers with four such weeks or more.
fn usual_spread(ledger: &Ledger) -> f64 {
    let often = ledger.customers.values().filter(|c| c.weeks.n >= 4 && c.weeks.sum > 0.0);
    let (sum, n) = often.fold((0.0, 0.0), |(sum, n), c| {
        (sum + c.weeks.variance().sqrt() / c.weeks.mean(), n + 1.0)
    });
    if n > 0.0 { sum / n } else { 0.5 }
}

/// Buckets of too few customers join the next one, which is the one most like them.
fn merged(buckets: BTreeMap<[u8; 3], Bucket>) -> Vec<Bucket> {
    let mut merged: Vec<Bucket> = Vec::new();
    for bucket in buckets.into_values() {
        match merged.last_mut() {
            Some(last) if last.customers < CUSTOMERS_MIN => last.join(&bucket),
            Some(_) | None => merged.push(bucket),
        }
    }
    if let Some(last) = merged.pop() {
        match merged.last_mut() {
            Some(before) if last.customers < CUSTOMERS_MIN => before.join(&last),
            Some(_) | None => merged.push(last),
        }
    }
    merged
}

fn pooled(buckets: &[Bucket]) -> Bucket {
    let mut all = Bucket::default();
    buckets.iter().for_each(|bucket| all.join(bucket));
    all
}

impl Bucket {
    fn add(&mut self, customer: &Customer, class: u8, spread: f64) {
        self.customers += 1;
        self.classes[usize::from(class)] += 1;
        if customer.value.sum > 0.0 {
            self.log_cart.add(customer.value.mean().ln());
        }
        if customer.weeks.sum > 0.0 {
            let mean = customer.weeks.mean();
            let known = customer.weeks.n >= 4;
            let sd = if known { customer.weeks.variance().sqrt() } else { spread * mean };
            self.log_budget.add((mean + WEEKS_WITHIN * sd).ln());
        }
        for (sum, orders) in self.parts.iter_mut().zip(customer.parts) {
            *sum += f64::from(orders);
        }
        let on = |days: &[u16]| days.iter().map(|n| f64::from(*n)).sum::<f64>();
        self.weekend.0 += on(&customer.weekdays[5..]);
        self.weekend.1 += on(&customer.weekdays);
        self.discounted.0 += f64::from(customer.discounted);
        self.discounted.1 += f64::from(customer.known_discounts);
        for (category, _) in &customer.categories {
            *self.categories.entry(*category).or_default() += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        self.customers += other.customers;
        for (mine, theirs) in self.classes.iter_mut().zip(other.classes) {
            *mine += theirs;
        }
        self.log_cart.join(&other.log_cart);
        self.log_budget.join(&other.log_budget);
        for (mine, theirs) in self.parts.iter_mut().zip(other.parts) {
            *mine += theirs;
        }
        self.weekend = (self.weekend.0 + other.weekend.0, self.weekend.1 + other.weekend.1);
        self.discounted =
            (self.discounted.0 + other.discounted.0, self.discounted.1 + other.discounted.1);
        for (category, customers) in &other.categories {
            *self.categories.entry(*category).or_default() += customers;
        }
    }
}

/// One of these by its weight.
fn weighted<'a, T>(of: &'a [T], weight: impl Fn(&T) -> f64, rng: &mut impl Rng) -> Option<&'a T> {
    let total: f64 = of.iter().map(&weight).sum();
    let mut left = rng.random_range(0.0..1.0) * total;
    let last = of.iter().rfind(|it| weight(it) > 0.0);
    let passed = |it: &&T| {
        left -= weight(it);
        left < 0.0
    };
    of.iter().find(passed).or(last)
}

/// Cart and budget; answers how many were clamped. Fewer than five customers say nothing.
fn money(persona: &mut Persona, bucket: &Bucket, rng: &mut impl Rng) -> usize {
    let mut clamped = 0;
    let mut draw = |logs: &Sums, (least, most): (f64, f64)| {
        if (logs.n as usize) < CUSTOMERS_MIN {
            return None;
        }
        let spread: f64 = rng.sample(StandardNormal);
        let dollars = (logs.mean() + logs.variance().sqrt() * spread).exp();
        clamped += usize::from(!(least..=most).contains(&dollars));
        Some(Cents((dollars.clamp(least, most) * 100.0).round() as i64))
    };
    if let Some(cart) = draw(&bucket.log_cart, CART) {
        persona.avg_cart_value = cart;
    }
    if let Some(budget) = draw(&bucket.log_budget, BUDGET) {
        persona.weekly_budget = budget;
    }
    clamped
}

fn days(persona: &mut Persona, bucket: &Bucket, contrast: f64, rng: &mut impl Rng) {
    let orders: f64 = bucket.parts.iter().sum();
    if orders > 0.0 {
        let shares = bucket.parts.map(|part| {
            let spread: f64 = rng.sample(StandardNormal);
            ((part + 0.5) / (orders + 1.5)) * (DAY_SPREAD * spread).exp()
        });
        let sum: f64 = shares.iter().sum();
        let [morning, afternoon, evening] = shares.map(|share| share / sum);
        persona.time_of_day = TimeOfDay { morning, afternoon, evening };
    }
    let (weekend, all) = bucket.weekend;
    if all > 0.0 && contrast > 0.0 {
        // A day weighs 1 + contrast x (2 x affinity - 1), and the week 7.
        let share = weekend / all;
        let affinity = |weight: f64| (0.5 + (weight - 1.0) / contrast / 2.0).clamp(0.0, 1.0);
        persona.weekend_affinity = affinity(7.0 * share / 2.0);
        persona.weekday_affinity = affinity(7.0 * (1.0 - share) / 5.0);
    }
}

/// As many as the persona has, those bought by five customers or more of its bucket, else of all.
fn categories(persona: &mut Persona, of: [&Bucket; 2], names: &[String], rng: &mut impl Rng) {
    let wanted = persona.preferred_categories.len().clamp(2, 4);
    let mut chosen: Vec<u16> = Vec::new();
    for bucket in of {
        let mut left: Vec<(u16, usize)> = bucket
            .categories
            .iter()
            .map(|(category, customers)| (*category, *customers))
            .filter(|(category, customers)| {
                *customers >= CUSTOMERS_MIN && !chosen.contains(category)
            })
            .collect();
        while chosen.len() < wanted {
            let drawn = weighted(&left, |(_, customers)| *customers as f64, rng);
            let Some((category, _)) = drawn.copied() else { break };
            left.retain(|(other, _)| *other != category);
            chosen.push(category);
        }
    }
    if chosen.len() >= 2 {
        let name = |category: u16| names.get(usize::from(category)).cloned();
        persona.preferred_categories = chosen.into_iter().filter_map(name).collect();
    }
}
