//! What an experiment showed: each arm's figures, and how sure it is that they differ.
//!
//! The agent is the unit: it was assigned, and its visits are alike, so that 10,000 visits of 180
//! agents are 180 observations. Who counts is who was released (`exposure` among the incidents),
//! whether or not they ever shopped; rows are those of attempts that count.

pub mod adjusting;
pub mod covariates;
pub mod metrics;
pub mod offers;
pub mod planning;
pub mod reading;
pub(crate) mod regression;
pub(crate) mod sample_ratio;
pub mod statistics;

use std::collections::BTreeMap;

use domain::ids::RunId;
use ports::store::StoreError;
use questions::runs::KnownRun;
use questions::{Ask, runs};
use serde::Serialize;

use self::adjusting::{Adjusted, Adjustment};
use self::covariates::Covariates;
use self::metrics::{AgentFigures, Metric};
use self::offers::OfferUplift;
use self::reading::{Exposure, Plan, Reading};
use self::sample_ratio::SampleRatio;
use self::statistics::{Comparison, Interval, Ratio};

/// Names the form of [`CohortResults`] in JSON.
pub const SCHEMA: &str = "cartload.cohorts/1";
/// Under so many agents in an arm an interval says little: its normal shape is not yet given.
const AGENTS_FEW: usize = 30;

/// The results of a run's experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CohortResults {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The run.
    pub run_id: String,
    /// Its experiment.
    pub experiment: String,
    /// The first arm: the others are compared with it.
    pub control: String,
    /// Simulated hours that count.
    pub hours: usize,
    /// In the order of the config.
    pub arms: Vec<ArmResults>,
    /// Whether the arms have the shares they were meant to have.
    pub sample_ratio: Option<SampleRatio>,
    /// Each arm but the control with it, by each metric.
    pub comparisons: Vec<ArmComparison>,
    /// What each of them is adjusted by.
    pub adjustments: Vec<Adjustment>,
    /// What a reader must know before believing any of it.
    pub cautions: Vec<String>,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmResults {
    /// Its name.
    pub arm: String,
    /// Of the agents, 0-1, as the config says.
    pub share: f64,
    /// Agents that were released into it.
    pub exposed: usize,
    /// Of them those that the operator put into it, not the hash.
    pub fixed: usize,
    /// Of them those that came to shop at all.
    pub shopped: usize,
    /// Of them those with rows that name another arm: somebody changed the agent during the run.
    pub strayed: usize,
    /// By metric.
    pub metrics: Vec<MetricValue>,
}

/// A metric of one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricValue {
    /// Which.
    pub metric: Metric,
    /// What it counts.
    pub unit: &'static str,
    /// With its 95 % interval; `None` where nothing was counted.
    pub value: Option<Interval>,
}

/// An arm against the control.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmComparison {
    /// Which arm.
    pub arm: String,
    /// By which metric.
    pub metric: Metric,
    /// As counted; `None` where one of the two has nothing to compare.
    pub comparison: Option<Comparison>,
    /// As it would be with the same agents in both; `None` as above, or for the reason that the
    /// arm's [`Adjustment`] tells.
    pub adjusted: Option<Adjusted>,
}

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
pub enum CohortError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such run.
    #[error("there is no run {0}; `cartload verify --list` lists those there are")]
    UnknownRun(RunId),
    /// Nothing was compared.
    #[error("run {0} had no experiment; `experiment` in the config makes one")]
    NoExperiment(RunId),
    /// A row that cartload did not write so.
    #[error("{0} cannot be read: was it written by another version?")]
    Unreadable(&'static str),
}

/// The results of `run`; of a run that goes on, as far as it is.
pub async fn results(store: &impl Ask, run: RunId) -> Result<CohortResults, CohortError> {
    let known = runs::find(store, run).await?.ok_or(CohortError::UnknownRun(run))?;
    let plan = Plan::of(&known)?;
    let answers = store.at_once(Reading(run)).await?;
    let exposures = answers.exposures()?;
    let since = exposures.iter().map(|(agent, e)| (agent.clone(), e.cycle)).collect();
    let figures = answers.figures(&since)?;
    let known = (&exposures, &answers.covariates());
    Ok(judge(run, &plan, answers.hours(), known, &figures))
}

/// What offers as a whole did in `run`; `None` where it holds nobody out.
///
/// # Errors
/// The database's, or a damaged row.
pub async fn offers(store: &impl Ask, run: &KnownRun) -> Result<Option<OfferUplift>, CohortError> {
    let answers = store.at_once(Reading(run.run_id)).await?;
    let figures = answers.figures(&answers.everybody(run))?;
    Ok(OfferUplift::of(run, &figures, &answers.covariates()))
}

/// From figures of agents to results.
fn judge(
    run: RunId,
    plan: &Plan,
    hours: usize,
    (exposures, covariates): (&BTreeMap<String, Exposure>, &Covariates),
    figures: &[AgentFigures],
) -> CohortResults {
    let of_arm = |name: &str| -> Vec<&AgentFigures> {
        let is_in = |f: &&AgentFigures| exposures.get(&f.agent_id).is_some_and(|e| e.arm == name);
        figures.iter().filter(is_in).collect()
    };
    let members: Vec<(&str, f64, Vec<&AgentFigures>)> =
        plan.arms.iter().map(|(name, share)| (name.as_str(), *share, of_arm(name))).collect();
    let arms: Vec<ArmResults> = members
        .iter()
        .map(|(name, share, agents)| arm_results(name, *share, agents, exposures))
        .collect();
    let drawn: Vec<(f64, usize)> =
        arms.iter().map(|arm| (arm.share, arm.exposed - arm.fixed)).collect();
    let control = members.first();
    let (mut comparisons, mut adjustments) = (Vec::new(), Vec::new());
    for (name, _, agents) in members.iter().skip(1) {
        let none = Vec::new();
        let pair = (control.map_or(&none, |(_, _, control)| control), agents);
        let adjustment = Adjustment::of(name, (pair.0, pair.1), covariates);
        comparisons.extend(Metric::ALL.iter().map(|metric| {
            let plain = || statistics::compare(&metric.of(pair.0)?, &metric.of(pair.1)?);
            let comparison = plain();
            let adjusted = comparison
                .and_then(|plain| adjustment.adjust(*metric, (pair.0, pair.1), covariates, &plain));
            ArmComparison { arm: (*name).to_owned(), metric: *metric, comparison, adjusted }
        }));
        adjustments.push(adjustment);
    }
    let mut results = CohortResults {
        schema: SCHEMA,
        run_id: run.to_string(),
        experiment: plan.name.clone(),
        control: control.map_or_else(String::new, |(name, ..)| (*name).to_owned()),
        hours,
        sample_ratio: SampleRatio::of(&drawn),
        comparisons,
        adjustments,
        arms,
        cautions: Vec::new(),
    };
    results.cautions = cautions(&results);
    results
}

fn arm_results(
    name: &str,
    share: f64,
    agents: &[&AgentFigures],
    exposures: &BTreeMap<String, Exposure>,
) -> ArmResults {
    let is_fixed =
        |f: &&&AgentFigures| exposures.get(&f.agent_id).is_some_and(|exposure| exposure.fixed);
    let is_astray = |f: &&&AgentFigures| f.cohorts.iter().any(|cohort| cohort != name);
    let value = |metric: &Metric| MetricValue {
        metric: *metric,
        unit: metric.unit(),
        value: metric.of(agents).as_ref().and_then(Ratio::interval),
    };
    ArmResults {
        arm: name.to_owned(),
        share,
        exposed: agents.len(),
        fixed: agents.iter().filter(is_fixed).count(),
        shopped: agents.iter().filter(|f| f.visits > 0).count(),
        strayed: agents.iter().filter(is_astray).count(),
        metrics: Metric::ALL.iter().map(value).collect(),
    }
}

fn cautions(results: &CohortResults) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(ratio) = results.sample_ratio.filter(|ratio| ratio.is_suspect) {
        found.push(format!(
            "the arms do not have the shares they were meant to have (p = {:.2e}): find out why \
             before believing any difference",
            ratio.p_value
        ));
    }
    for arm in &results.arms {
        let ArmResults { arm: name, exposed, fixed, strayed, .. } = arm;
        if *exposed < AGENTS_FEW {
            found.push(format!("{name} has {exposed} agents: its intervals are rough"));
        }
        if *fixed > 0 {
            found.push(format!(
                "{fixed} agents of {name} were put there, not drawn: what they differ in besides \
                 may be the cause"
            ));
        }
        if *strayed > 0 {
            found.push(format!("{strayed} agents of {name} have rows of another arm"));
        }
    }
    if results.comparisons.len() > 1 {
        found.push(format!(
            "{} comparisons: without any effect one in twenty has p < 0.05; decide before the run \
             which one counts",
            results.comparisons.len()
        ));
    }
    found
}

#[cfg(test)]
mod tests;
