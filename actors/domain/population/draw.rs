//! The draw of one persona from its archetype, before the population is centred.
//!
//! Traits scatter on the logit scale, so medians stay and no agent piles up at 0 or 1. Correlation
//! comes from shared normal numbers: thrift (price sensitivity, coupons), wealth (income, budget).

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::archetype::{Archetype, Archetypes};
use crate::ids::AgentId;
use crate::money::Cents;
use crate::persona::{AgentStatus, DealSeeking, Persona, ShoppingFrequency, TimeOfDay};

/// Scatter of a trait on the logit scale: half of the agents lie within 0.12 of a median of 0.5.
const TRAIT_SIGMA: f64 = 0.7;
/// Correlation of price sensitivity with coupon affinity within an archetype.
const THRIFT_CORRELATION: f64 = 0.7;
/// Scatter of the weekly budget (sigma of its logarithm).
const BUDGET_SIGMA: f64 = 0.30;
/// Scatter of avg_cart_value around its share of the budget (sigma of its logarithm).
const CART_SIGMA: f64 = 0.40;
/// What a step of income does to the logarithm of the budget.
const BUDGET_INCOME_STEP: f64 = 0.35;
/// What a step of income takes off price sensitivity on the logit scale.
const PRICE_INCOME_STEP: f64 = 0.4;
/// What ten years above 45 take off tech savviness on the logit scale.
const TECH_AGE_STEP: f64 = 0.25;
/// How closely agents follow their archetype's times of day (sum of a Dirichlet's parameters); sets
/// the mean of `load`: about 37 % at 3, 43 % at 20.
const TIME_OF_DAY_CONCENTRATION: f64 = 8.0;
/// Scatter of the weekend affinity.
const WEEKEND_SIGMA: f64 = 0.08;
/// The weekend affinity stays this close to its mean.
const WEEKEND_LEAN_MAX: f64 = 0.3;
/// Least share of a part of the day.
const PART_OF_DAY_MIN: f64 = 0.01;

/// One valid persona; the day's preferences are still to be centred.
pub(super) fn persona(
    rng: &mut impl Rng,
    archetypes: &Archetypes,
    categories: &[String],
    agent_id: AgentId,
    shopping_frequency: ShoppingFrequency,
) -> Persona {
    let all = archetypes.archetypes();
    let shares: Vec<f64> = all.iter().map(|a| a.share).collect();
    let archetype = &all[weighted_index(rng, &shares)];
    let age = rng.random_range(archetype.ages.min..=archetype.ages.max);
    let incomes = archetype.incomes;
    let income = weighted_index(rng, &[incomes.low, incomes.medium, incomes.high]);
    let income_step = income as f64 - 1.0;
    let household_size = household_size(rng, archetype.household_size);
    let (thrift, other) = (normal(rng), normal(rng));
    let coupons = THRIFT_CORRELATION * thrift + (1.0 - THRIFT_CORRELATION.powi(2)).sqrt() * other;
    let coupon_affinity = scatter(archetype.coupon_affinity, TRAIT_SIGMA * coupons);
    let price_shift = TRAIT_SIGMA * thrift - PRICE_INCOME_STEP * income_step;
    let tech_shift = TRAIT_SIGMA * normal(rng) - TECH_AGE_STEP * (f64::from(age) - 45.0) / 10.0;
    let budget = archetype.weekly_budget_usd
        * (BUDGET_INCOME_STEP * income_step + BUDGET_SIGMA * normal(rng)).exp();
    let budget = budget.clamp(20.0, 300.0);
    let cart = budget * archetype.cart_share * (CART_SIGMA * normal(rng)).exp();
    let regions = archetypes.regions();
    let lean = archetype.weekend_lean + WEEKEND_SIGMA * normal(rng);
    Persona {
        agent_id,
        user_id: uuid::Builder::from_random_bytes(rng.random()).into_uuid(),
        status: AgentStatus::Active,
        cohort: None,
        archetype: Some(archetype.name.clone()),
        age,
        age_group: age_group(age).to_owned(),
        gender: gender(rng).to_owned(),
        income_bracket: ["low", "medium", "high"][income].to_owned(),
        household_size,
        has_children: household_size > 1 && rng.random_bool(archetype.children),
        location_region: regions[rng.random_range(0..regions.len())].clone(),
        price_sensitivity: scatter(archetype.price_sensitivity, price_shift),
        brand_loyalty: scatter(archetype.brand_loyalty, TRAIT_SIGMA * normal(rng)),
        impulsivity: scatter(archetype.impulsivity, TRAIT_SIGMA * normal(rng)),
        tech_savviness: scatter(archetype.tech_savviness, tech_shift),
        coupon_affinity,
        preferred_categories: preferred_categories(rng, archetype, categories),
        weekly_budget: dollars(budget),
        avg_cart_value: dollars(cart.clamp(8.0, 150.0)),
        shopping_frequency,
        weekday_affinity: super::WEEKDAY_AFFINITY_MEAN,
        weekend_affinity: super::WEEKEND_AFFINITY_MEAN
            + lean.clamp(-WEEKEND_LEAN_MAX, WEEKEND_LEAN_MAX),
        time_of_day: time_of_day(rng, archetype.time_of_day),
        deal_seeking: deal_seeking(coupon_affinity),
        backstory: Some(archetype.backstory.clone()),
    }
}

/// The three scaled to a sum of 1, none below 0.01 (beforehand); equal thirds for nothing at all.
pub(super) fn shares_of(day: TimeOfDay) -> TimeOfDay {
    let sum = day.morning + day.afternoon + day.evening;
    if !(sum.is_finite() && sum > 0.0) {
        let third = 1.0 / 3.0;
        return TimeOfDay { morning: third, afternoon: third, evening: third };
    }
    TimeOfDay {
        morning: day.morning / sum,
        afternoon: day.afternoon / sum,
        evening: day.evening / sum,
    }
}

/// A Dirichlet draw around the archetype's preferences.
fn time_of_day(rng: &mut impl Rng, median: TimeOfDay) -> TimeOfDay {
    let centre = shares_of(median);
    let mut part = |share: f64| {
        let shape = (share * TIME_OF_DAY_CONCENTRATION).max(f64::MIN_POSITIVE);
        // A positive shape and scale are all it asks for; the share itself stands in otherwise.
        let drawn = Gamma::new(shape, 1.0).map_or(share, |gamma| gamma.sample(rng));
        drawn.max(PART_OF_DAY_MIN)
    };
    shares_of(TimeOfDay {
        morning: part(centre.morning),
        afternoon: part(centre.afternoon),
        evening: part(centre.evening),
    })
}

/// 2-4 of the shop's categories by the archetype's weights, each once; all where there are fewer.
fn preferred_categories(
    rng: &mut impl Rng,
    archetype: &Archetype,
    categories: &[String],
) -> Vec<String> {
    let wanted = rng.random_range(2..=4).min(categories.len());
    let mut left: Vec<&String> = categories.iter().collect();
    let mut chosen = Vec::with_capacity(wanted);
    while chosen.len() < wanted {
        let weights: Vec<f64> = left
            .iter()
            .map(|name| archetype.categories.get(*name).copied().unwrap_or(1.0))
            .collect();
        chosen.push(left.swap_remove(weighted_index(rng, &weights)).clone());
    }
    chosen
}

/// An index of `weights`, which is not empty, by weight; evenly where all are 0.
fn weighted_index(rng: &mut impl Rng, weights: &[f64]) -> usize {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..weights.len());
    }
    let mut draw = rng.random::<f64>() * total;
    for (index, weight) in weights.iter().enumerate() {
        draw -= weight;
        if draw < 0.0 {
            return index;
        }
    }
    // Rounding may leave a rest: it belongs to the last that weighs anything.
    weights.iter().rposition(|w| *w > 0.0).unwrap_or(0)
}

fn household_size(rng: &mut impl Rng, usual: u8) -> u8 {
    let step = weighted_index(rng, &[0.05, 0.2, 0.5, 0.2, 0.05]);
    let size = usize::from(usual) + step;
    u8::try_from(size.saturating_sub(2).clamp(1, 6)).unwrap_or(usual)
}

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// `median`, moved on the logit scale: stays inside 0-1.
fn scatter(median: f64, shift: f64) -> f64 {
    let logit = (median / (1.0 - median)).ln() + shift;
    1.0 / (1.0 + (-logit).exp())
}

fn dollars(amount: f64) -> Cents {
    Cents((amount * 100.0).round() as i64)
}

fn gender(rng: &mut impl Rng) -> &'static str {
    ["female", "male", "nonbinary"][weighted_index(rng, &[0.51, 0.47, 0.02])]
}

fn age_group(age: u8) -> &'static str {
    match age {
        0..=24 => "18-24",
        25..=34 => "25-34",
        35..=44 => "35-44",
        45..=54 => "45-54",
        55..=64 => "55-64",
        65.. => "65-80",
    }
}

/// Who likes coupons follows deals; the same thing in two words, as surveys ask it.
fn deal_seeking(coupon_affinity: f64) -> DealSeeking {
    if coupon_affinity < 0.35 {
        DealSeeking::Passive
    } else if coupon_affinity < 0.55 {
        DealSeeking::Observer
    } else if coupon_affinity < 0.75 {
        DealSeeking::ActiveHunter
    } else {
        DealSeeking::Extreme
    }
}
