//! Power before a run: which lift so many agents find in so many days, by how much agents spread
//! in a run that was lived.
//!
//! What an agent adds to a metric has a part that stays with the agent and a part that evens out
//! with time. The two halves of a run (every other week or day) tell them apart: what they have in
//! common stays. Over `days` the variance of an agent is `stays + evens_out / days`; what personas
//! explain is taken off the part that stays.

pub mod built_in;
pub mod past;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::covariates::Covariates;
use super::metrics::{AgentFigures, Metric};
use super::regression::{Group, explained};

/// Names the form of [`PowerPlan`] in JSON.
pub const SCHEMA: &str = "cartload.experiment_plan/1";
/// Agents of an arm under which no lift is told: its normal shape is not given.
pub const ARM_AGENTS_MIN: u32 = 10;
/// A difference is believed at this chance of one without any effect.
const ALPHA: f64 = 0.05;
/// The lifts for which agents are counted.
const LIFTS: [f64; 2] = [0.05, 0.1];

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Design {
    /// In all arms.
    pub agents: u32,
    /// Simulated.
    pub days: f64,
    /// Of the agents, 0-1, the control first.
    pub shares: Vec<f64>,
    /// The chance with which the lift is to be found, 0-1.
    pub power: f64,
}

/// How much agents spread in a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Which.
    pub metric: Metric,
    /// Over all agents.
    pub mean: f64,
    /// Variance of an agent that stays however long it lives.
    pub stays: f64,
    /// Variance of an agent over one day, besides.
    pub evens_out: f64,
    /// Part of `stays` that personas explain.
    pub explained: f64,
}

/// What a plan finds in a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MetricPower {
    /// How agents spread in it.
    #[serde(flatten)]
    pub spread: Spread,
    /// What it counts.
    pub unit: &'static str,
    /// As counted.
    pub plain: Detectable,
    /// Adjusted by the personas.
    pub adjusted: Detectable,
}

/// How small a lift is found, and by how many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Detectable {
    /// The relative effect that is found with the plan's power.
    pub lift: f64,
    /// Agents of all arms that would find a lift of 5 %.
    pub agents_for_5_percent: u64,
    /// And of 10 %.
    pub agents_for_10_percent: u64,
}

/// What a plan finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PowerPlan {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The run whose agents tell; `None`: the built-in table.
    pub from_run: Option<String>,
    /// Agents of that run or table.
    pub from_agents: usize,
    /// Its days.
    pub from_days: f64,
    /// What is to be run.
    pub design: Design,
    /// By metric; one that nobody had is left out.
    pub metrics: Vec<MetricPower>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Shares that are none.
    #[error("shares must be 2 to 20 numbers above 0 whose sum is 1; these are {given}")]
    Shares {
        /// As given.
        given: String,
    },
    /// A number out of its range.
    #[error("{option} must be {allowed}; it is {given}")]
    Range {
        /// The option.
        option: &'static str,
        /// In words.
        allowed: &'static str,
        /// As given.
        given: f64,
    },
    /// Too few to plan with.
    #[error(
        "the smallest arm would have {agents} agents; {ARM_AGENTS_MIN} are the least: raise \
         --agents to {needed}, or take fewer arms"
    )]
    TooFewAgents {
        /// In the smallest arm.
        agents: u32,
        /// In all arms.
        needed: u64,
    },
    /// The run tells too little.
    #[error(
        "run {run} has {agents} agents and {days:.1} days; a plan needs {} agents and 2 days: name \
         a longer run with --from-run",
        past::AGENTS_MIN
    )]
    RunTooSmall {
        /// Which run.
        run: String,
        /// That shopped.
        agents: usize,
        /// That it lived.
        days: f64,
    },
}

impl Design {
    /// Checked.
    ///
    /// # Errors
    /// What cannot be planned.
    pub fn checked(self) -> Result<Self, PlanError> {
        let sum: f64 = self.shares.iter().sum();
        let fits = (2..=20).contains(&self.shares.len()) && self.shares.iter().all(|s| *s > 0.0);
        if !(fits && (sum - 1.0).abs() < 1e-6) {
            return Err(PlanError::Shares { given: format!("{:?}", self.shares) });
        }
        let range = |option, allowed, given| Err(PlanError::Range { option, allowed, given });
        if !(self.days > 0.0 && self.days <= 3_660.0) {
            return range("--days", "above 0 and at most 3660", self.days);
        }
        if !(0.5..1.0).contains(&self.power) {
            return range("--power", "at least 0.5 and under 1", self.power);
        }
        let least = self.shares.iter().copied().fold(1.0, f64::min);
        // The sum of the shares may be off by rounding.
        let agents = (f64::from(self.agents) * least + 1e-6).floor() as u32;
        if agents < ARM_AGENTS_MIN {
            let needed = (f64::from(ARM_AGENTS_MIN) / least).ceil() as u64;
            return Err(PlanError::TooFewAgents { agents, needed });
        }
        Ok(self)
    }

    /// 1 / share of the control + 1 / share of the smallest arm: that one finds least.
    fn parts(&self) -> f64 {
        let (control, others) = self.shares.split_first().unwrap_or((&1.0, &[]));
        1.0 / control + 1.0 / others.iter().copied().fold(1.0, f64::min)
    }

    fn detectable(&self, mean: f64, variance: f64) -> Detectable {
        let normal = Normal::standard();
        let reach = normal.inverse_cdf(1.0 - ALPHA / 2.0) + normal.inverse_cdf(self.power);
        let of_one = reach * (variance * self.parts()).sqrt() / mean;
        let [five, ten] = LIFTS.map(|lift| (of_one / lift).powi(2).ceil() as u64);
        Detectable {
            lift: of_one / f64::from(self.agents).sqrt(),
            agents_for_5_percent: five,
            agents_for_10_percent: ten,
        }
    }
}

impl Spread {
    /// Of agents in the two halves of a run of so many days, both in the same order; `None` where
    /// nobody had any of it.
    pub fn of(
        metric: Metric,
        [one, other]: [&[&AgentFigures]; 2],
        covariates: &Covariates,
        days: f64,
    ) -> Option<Self> {
        let both: Vec<AgentFigures> =
            one.iter().zip(other).map(|(one, other)| one.and(other)).collect();
        let both: Vec<&AgentFigures> = both.iter().collect();
        let mean = metric.of(&both)?.value;
        let whole = metric.added(&both)?;
        let all = covariance(&whole, &whole);
        if !(mean > 0.0 && all > 0.0) {
            return None;
        }
        let in_common = covariance(&metric.added(one)?, &metric.added(other)?);
        let stays = in_common.clamp(0.0, all);
        let columns = both.iter().map(|agent| covariates.row(&agent.agent_id)).collect();
        let share = explained(&Group { values: whole, columns }).unwrap_or(0.0);
        Some(Self {
            metric,
            mean,
            stays,
            evens_out: (all - stays) * days,
            explained: if stays > 0.0 { (share * all / stays).min(1.0) } else { 0.0 },
        })
    }

    /// What such agents find under a design.
    pub fn power(self, design: &Design) -> MetricPower {
        let variance = |stays: f64| stays + self.evens_out / design.days;
        let left = self.stays * (1.0 - self.explained);
        MetricPower {
            spread: self,
            unit: self.metric.unit(),
            plain: design.detectable(self.mean, variance(self.stays)),
            adjusted: design.detectable(self.mean, variance(left)),
        }
    }
}

fn covariance(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let middle = (mean(one), mean(other));
    let products = one.iter().zip(other).map(|(a, b)| (a - middle.0) * (b - middle.1));
    products.sum::<f64>() / (count - 1.0)
}

#[cfg(test)]
mod tests;
