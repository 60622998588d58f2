//! What the database knows of an experiment: its plan, who was exposed, what each agent did.

use std::collections::BTreeMap;

use domain::ids::RunId;
use questions::runs::KnownRun;
use questions::{Inquiry, Moment, agents, exposures, hours};
use serde::Deserialize;
use serde_json::Value;

use super::CohortError;
use super::covariates::Covariates;
use super::metrics::AgentFigures;

/// Cycles (simulated hours) in a week.
const WEEK_CYCLES: f64 = 168.0;

/// What the run was to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The experiment.
    pub name: String,
    /// Name and share of each arm, the control first.
    pub arms: Vec<(String, f64)>,
}

/// An agent's release into an arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Which arm.
    pub arm: String,
    /// The first cycle that released it.
    pub cycle: u32,
    /// Whether the operator put it there.
    pub fixed: bool,
}

/// The details of an incident of kind `exposure`.
#[derive(Deserialize)]
struct Exposed {
    arms: BTreeMap<String, Vec<String>>,
    fixed: Vec<String>,
}

/// An arm in the run's settings; its overrides say nothing here.
#[derive(Deserialize)]
struct Arm {
    name: String,
    share: f64,
}

/// The questions about a run.
#[derive(Clone, Copy, Debug)]
pub struct Reading(
    /// The run.
    pub RunId,
);

/// What the database answers.
#[derive(Debug)]
pub struct Answers {
    exposures: Vec<exposures::ExposureRow>,
    hours: Vec<hours::ClosedRow>,
    visits: Vec<agents::CohortRow>,
    assigned: Vec<agents::CountRow>,
    redeemed: Vec<agents::CountRow>,
    personas: Vec<agents::PersonaRow>,
}

impl Inquiry for Reading {
    type Answers = Answers;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Answers, M::Fault> {
        let Self(run) = self;
        Ok(Answers {
            exposures: moment.ask(exposures::of(run)).await?,
            hours: moment.ask(hours::closed(run)).await?,
            visits: moment.ask(agents::by_cohort(run)).await?,
            assigned: moment.ask(agents::assigned(run)).await?,
            redeemed: moment.ask(agents::redeemed(run)).await?,
            personas: moment.ask(agents::personas()).await?,
        })
    }
}

impl Plan {
    /// What the run was to compare, by the settings it was started with.
    pub fn of(run: &KnownRun) -> Result<Self, CohortError> {
        let settings = run.settings.get("experiment");
        let text = |key: &str| settings.and_then(|s| s.get(key));
        let Some(name) = text("name").and_then(Value::as_str) else {
            return Err(CohortError::NoExperiment(run.run_id));
        };
        let unreadable = CohortError::Unreadable("experiment.arms in the run's settings");
        let Some(Ok(arms)) = text("arms").cloned().map(serde_json::from_value::<Vec<Arm>>) else {
            return Err(unreadable);
        };
        let arms = arms.into_iter().map(|arm| (arm.name, arm.share)).collect();
        Ok(Self { name: name.to_owned(), arms })
    }
}

impl Answers {
    /// Simulated hours that count.
    pub fn hours(&self) -> usize {
        self.hours.len()
    }

    /// The personas as the database has them now.
    pub fn covariates(&self) -> Covariates {
        Covariates::of(&self.personas)
    }

    /// Who was released into which arm; of several releases of an agent the earliest.
    pub fn exposures(&self) -> Result<BTreeMap<String, Exposure>, CohortError> {
        let mut found = BTreeMap::new();
        for row in &self.exposures {
            let unreadable = |_| CohortError::Unreadable("incidents");
            let exposed: Exposed = serde_json::from_str(&row.detail).map_err(unreadable)?;
            let cycle = row.cycle.unsigned_abs();
            for (arm, agents) in &exposed.arms {
                for agent in agents {
                    let fixed = exposed.fixed.contains(agent);
                    let exposure = || Exposure { arm: arm.clone(), cycle, fixed };
                    found.entry(agent.clone()).or_insert_with(exposure);
                }
            }
        }
        Ok(found)
    }

    /// Everybody of the run, from its first cycle on: the agents of the database where they are as
    /// many as the run had, so that those who did nothing count; else those that left rows.
    pub fn everybody(&self, run: &KnownRun) -> BTreeMap<String, u32> {
        let left_rows = self.visits.iter().map(|row| &row.agent_id);
        let held = self.assigned.iter().map(|row| &row.agent_id);
        let mut found: BTreeMap<String, u32> =
            left_rows.chain(held).map(|agent| (agent.clone(), 0)).collect();
        let active = self.personas.iter().filter(|persona| persona.status == "active");
        let mut all = found.clone();
        all.extend(active.map(|persona| (persona.agent_id.clone(), 0)));
        if all.len() == run.agents as usize {
            found = all;
        }
        found
    }

    /// What each of these agents did since its cycle, those that did nothing included.
    pub fn figures(&self, since: &BTreeMap<String, u32>) -> Result<Vec<AgentFigures>, CohortError> {
        let lived = |from: u32| {
            let before = self.hours.partition_point(|hour| i64::from(hour.cycle) < from.into());
            self.hours.len() - before
        };
        let figures_of = |(agent, from): (&String, &u32)| {
            let weeks = lived(*from) as f64 / WEEK_CYCLES;
            let agent_id = agent.clone();
            (agent.clone(), AgentFigures { agent_id, weeks, ..AgentFigures::default() })
        };
        let mut found: BTreeMap<String, AgentFigures> = since.iter().map(figures_of).collect();
        for row in &self.visits {
            let Some(figures) = found.get_mut(&row.agent_id) else { continue };
            figures.visits += count("shopping_sessions", row.visits)?;
            figures.orders += count("shopping_sessions", row.orders)?;
            figures.revenue_cents += row.revenue_cents;
            figures.cohorts.push(row.cohort.clone());
        }
        for row in &self.assigned {
            let Some(figures) = found.get_mut(&row.agent_id) else { continue };
            figures.assigned = count("coupon_assignments", row.coupons)?;
        }
        for row in &self.redeemed {
            let Some(figures) = found.get_mut(&row.agent_id) else { continue };
            figures.redeemed = count("coupon_interactions", row.coupons)?;
        }
        Ok(found.into_values().collect())
    }
}

fn count(table: &'static str, number: i64) -> Result<u32, CohortError> {
    u32::try_from(number).map_err(|_| CohortError::Unreadable(table))
}
