//! A population in numbers: who there is, how they differ, and what a preset will have them do.

use std::collections::{BTreeMap, BTreeSet};

use actors::agent::decision::p_shop;
use actors::agent::temporal::Rhythm;
use actors::domain::behavior::Behavior;
use actors::domain::experiment::Experiment;
use actors::domain::offer::OfferPolicy;
use actors::domain::offer::is_held_out;
use actors::domain::persona::{AgentStatus, DealSeeking, Persona, ShoppingFrequency};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::Serialize;

pub(crate) mod text;

/// Names the form of [`Population`] in JSON.
pub const SCHEMA: &str = "cartload.population/1";
/// Bars of a histogram.
const BINS: usize = 10;
/// Hours of a week.
const WEEK_HOURS: i64 = 168;
/// Cents in a dollar.
const CENTS: f64 = 100.0;

/// The agents of a database. Figures are of the active ones, if there are any, else of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Population {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Agents of each status.
    pub status: Vec<Share>,
    /// Agents that the figures are of.
    pub agents: usize,
    /// How often they shop.
    pub frequency: Vec<Share>,
    /// How they follow deals.
    pub deal_seeking: Vec<Share>,
    /// Numbers, each with its distribution.
    pub traits: Vec<Distribution>,
    /// Of each two of the traits, the strongest first.
    pub correlations: Vec<Correlation>,
    /// By how many agents each is preferred.
    pub categories: Vec<Share>,
    /// The shop that the categories are compared with.
    pub catalogue: String,
    /// Preferred categories that the shop does not have; `None` where it is not known what it has.
    pub missing_categories: Option<Vec<Share>>,
    /// Agents without offers, by the settings.
    pub held_out: usize,
    /// Cohorts that the personas name.
    pub cohorts: Vec<Share>,
    /// Arms of the experiment in the settings; none without one.
    pub arms: Vec<Share>,
    /// What the preset has them do.
    pub activity: Activity,
}

/// How many agents are of a kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Which kind.
    pub name: String,
    /// Agents.
    pub agents: usize,
    /// Of all that the table is about, 0-1.
    pub share: f64,
}

/// How a number is spread over the agents.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Which.
    pub name: &'static str,
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the population.
    pub deviation: f64,
    /// Least, quartiles, greatest.
    pub quartiles: [f64; 5],
    /// Agents in ten bins of equal width from `from` to `to`.
    pub histogram: [usize; BINS],
    /// Lower end of the first bin.
    pub from: f64,
    /// Upper end of the last bin, included.
    pub to: f64,
}

/// How two traits go together (Pearson).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// One.
    pub one: &'static str,
    /// The other.
    pub other: &'static str,
    /// -1 to 1.
    pub r: f64,
}

/// Expected shopping in an ordinary week, exactly computed from the personas.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Activity {
    /// Which preset.
    pub preset: String,
    /// Of the agents, in the mean cycle, 0-1.
    pub shoppers_mean: f64,
    /// In the busiest cycle.
    pub shoppers_max: f64,
    /// In the quietest cycle.
    pub shoppers_min: f64,
    /// Visits of an agent in a week.
    pub visits_per_week: f64,
    /// Share of shoppers by hour of the day, mean over the week.
    pub by_hour: [f64; 24],
}

/// What a description is made from.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Everybody.
    pub personas: &'a [Persona],
    /// The preset.
    pub behavior: &'a Behavior,
    /// The experiment, if there is one.
    pub experiment: Option<&'a Experiment>,
    /// The offers.
    pub offers: &'a OfferPolicy,
    /// What the shop has.
    pub catalogue: &'a Catalogue,
}

/// The goods that a population is compared with.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Which shop's, in words.
    pub of: String,
    /// What it has, where that is known.
    pub categories: Option<BTreeSet<String>>,
}

impl Population {
    /// The description.
    pub fn of(given: &Given<'_>) -> Self {
        let of_status = |status| given.personas.iter().filter(move |p| p.status == status);
        let mut agents: Vec<&Persona> = of_status(AgentStatus::Active).collect();
        if agents.is_empty() {
            agents = given.personas.iter().collect();
        }
        let everybody: Vec<&Persona> = given.personas.iter().collect();
        let words = |names: Vec<String>| names.into_iter().map(Some).collect::<Vec<_>>();
        let preferred: Vec<Share> = by_count(&agents, |p| words(p.preferred_categories.clone()));
        let missing = given.catalogue.categories.as_ref().map(|known| {
            preferred.iter().filter(|share| !known.contains(&share.name)).cloned().collect()
        });
        let arm = |p: &Persona| {
            let arm = given.experiment.and_then(|experiment| experiment.arm_of(p));
            vec![arm.map(|arm| arm.name.to_string())]
        };
        let cohort = |p: &Persona| vec![p.cohort.as_ref().map(ToString::to_string)];
        Self {
            schema: SCHEMA,
            status: in_order(&everybody, AgentStatus::ALL, |p| p.status),
            frequency: in_order(&agents, ShoppingFrequency::ALL, |p| p.shopping_frequency),
            deal_seeking: in_order(&agents, DealSeeking::ALL, |p| p.deal_seeking),
            traits: TRAITS.iter().map(|(name, of)| distribution(name, &agents, *of)).collect(),
            correlations: correlations(&agents),
            categories: preferred,
            catalogue: given.catalogue.of.clone(),
            missing_categories: missing,
            held_out: agents.iter().filter(|p| is_held_out(&p.agent_id, given.offers)).count(),
            cohorts: by_count(&agents, cohort),
            arms: by_count(&agents, arm),
            activity: activity(&agents, given.behavior),
            agents: agents.len(),
        }
    }
}

type Trait = (&'static str, fn(&Persona) -> f64);

const TRAITS: [Trait; 9] = [
    ("price_sensitivity", |p| p.price_sensitivity),
    ("brand_loyalty", |p| p.brand_loyalty),
    ("impulsivity", |p| p.impulsivity),
    ("tech_savviness", |p| p.tech_savviness),
    ("coupon_affinity", |p| p.coupon_affinity),
    ("weekly_budget", |p| p.weekly_budget.0 as f64 / CENTS),
    ("avg_cart_value", |p| p.avg_cart_value.0 as f64 / CENTS),
    ("age", |p| f64::from(p.age)),
    ("household_size", |p| f64::from(p.household_size)),
];

fn share(name: String, agents: usize, of: usize) -> Share {
    Share { name, agents, share: if of == 0 { 0.0 } else { agents as f64 / of as f64 } }
}

fn in_order<T: Copy + PartialEq + ToString>(
    agents: &[&Persona],
    all: &[T],
    of: impl Fn(&Persona) -> T,
) -> Vec<Share> {
    let count = |kind: &T| agents.iter().filter(|p| of(p) == *kind).count();
    all.iter().map(|kind| share(kind.to_string(), count(kind), agents.len())).collect()
}

/// The most frequent first; an agent counts for each of its words.
fn by_count(agents: &[&Persona], of: impl Fn(&Persona) -> Vec<Option<String>>) -> Vec<Share> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in agents.iter().flat_map(|p| of(p)).flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let mut shares: Vec<Share> =
        counts.into_iter().map(|(name, count)| share(name, count, agents.len())).collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.agents));
    shares
}

fn distribution(name: &'static str, agents: &[&Persona], of: fn(&Persona) -> f64) -> Distribution {
    let mut values: Vec<f64> = agents.iter().map(|p| of(p)).collect();
    values.sort_by(f64::total_cmp);
    let (mean, deviation) = mean_and_deviation(&values);
    let at = |part: f64| {
        let place = (part * (values.len().saturating_sub(1)) as f64).round() as usize;
        values.get(place).copied().unwrap_or(0.0)
    };
    let quartiles = [at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)];
    // Shares are drawn on their whole scale, so that two populations can be laid side by side.
    let is_share = quartiles[0] >= 0.0 && quartiles[4] <= 1.0;
    let (from, to) = if is_share { (0.0, 1.0) } else { (quartiles[0], quartiles[4]) };
    let mut histogram = [0; BINS];
    for value in &values {
        let width = ((to - from) / BINS as f64).max(f64::MIN_POSITIVE);
        let bin = (((value - from) / width) as usize).min(BINS - 1);
        histogram[bin] += 1;
    }
    Distribution { name, mean, deviation, quartiles, histogram, from, to }
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = (values.len() as f64).max(1.0);
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

fn correlations(agents: &[&Persona]) -> Vec<Correlation> {
    let columns: Vec<(&'static str, Vec<f64>)> =
        TRAITS.iter().map(|(name, of)| (*name, agents.iter().map(|p| of(p)).collect())).collect();
    let mut found = Vec::new();
    for (place, (one, left)) in columns.iter().enumerate() {
        for (other, right) in &columns[place + 1..] {
            found.push(Correlation { one, other, r: pearson(left, right) });
        }
    }
    found.sort_by(|a, b| b.r.abs().total_cmp(&a.r.abs()));
    found
}

/// 0 where one of the two does not vary.
fn pearson(left: &[f64], right: &[f64]) -> f64 {
    let ((left_mean, left_spread), (right_mean, right_spread)) =
        (mean_and_deviation(left), mean_and_deviation(right));
    let spread = left_spread * right_spread * (left.len() as f64).max(1.0);
    let joint: f64 = left.iter().zip(right).map(|(a, b)| (a - left_mean) * (b - right_mean)).sum();
    if spread > 0.0 { joint / spread } else { 0.0 }
}

fn activity(agents: &[&Persona], behavior: &Behavior) -> Activity {
    let rhythms: Vec<(&Persona, Rhythm)> =
        agents.iter().map(|p| (*p, Rhythm::of(behavior, p))).collect();
    let shoppers = |hour: i64| {
        let at = monday() + TimeDelta::hours(hour);
        let expected: f64 = rhythms.iter().map(|(p, r)| p_shop(behavior, p, r, at, 1.0)).sum();
        expected / (agents.len() as f64).max(1.0)
    };
    let week: Vec<f64> = (0..WEEK_HOURS).map(shoppers).collect();
    let total: f64 = week.iter().sum();
    let mut by_hour = [0.0; 24];
    for (hour, expected) in week.iter().enumerate() {
        by_hour[hour % 24] += expected / 7.0;
    }
    Activity {
        preset: behavior.name.clone(),
        shoppers_mean: total / WEEK_HOURS as f64,
        shoppers_max: week.iter().copied().fold(0.0, f64::max),
        shoppers_min: week.iter().copied().fold(1.0, f64::min),
        visits_per_week: total,
        by_hour,
    }
}

/// A Monday of a week without events of the calendar.
fn monday() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap_or_default().and_time(NaiveTime::MIN)
}

#[cfg(test)]
mod tests;
