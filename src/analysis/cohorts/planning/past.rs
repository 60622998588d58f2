//! How agents spread in a run that was lived.

use std::collections::BTreeMap;

use questions::agents::{self, HalfRow, PersonaRow};
use questions::hours::{self, ClosedRow};
use questions::runs::KnownRun;
use questions::{Inquiry, Moment};

use super::{Metric, PlanError, Spread};
use crate::cohorts::covariates::Covariates;
use crate::cohorts::metrics::AgentFigures;

/// Agents that must have left rows.
pub const AGENTS_MIN: usize = 30;
/// Cycles (simulated hours) in a day and a week.
const DAY: i32 = 24;
const WEEK: i32 = 168;
/// From so many hours on a run is cut by weeks: its halves then have the same weekdays.
const BY_WEEKS_FROM: i32 = 4 * WEEK;

/// The questions about a run.
#[derive(Clone, Debug)]
pub struct Past(
    /// The run.
    pub KnownRun,
);

/// What the database answers.
#[derive(Debug)]
pub struct Answers {
    run: KnownRun,
    block: i32,
    hours: Vec<ClosedRow>,
    halves: Vec<HalfRow>,
    personas: Vec<PersonaRow>,
}

/// How the agents of a run spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Agents.
    pub agents: usize,
    /// That it lived.
    pub days: f64,
    /// By metric.
    pub spreads: Vec<Spread>,
}

impl Inquiry for Past {
    type Answers = Answers;

    async fn read<M: Moment>(self, moment: &mut M) -> Result<Answers, M::Fault> {
        let Self(run) = self;
        let hours = moment.ask(hours::closed(run.run_id)).await?;
        let is_long = hours.last().is_some_and(|hour| hour.cycle + 1 >= BY_WEEKS_FROM);
        let block = if is_long { WEEK } else { DAY };
        let halves = moment.ask(agents::halves(run.run_id, block)).await?;
        let personas = moment.ask(agents::personas()).await?;
        Ok(Answers { run, block, hours, halves, personas })
    }
}

impl Answers {
    /// How its agents spread; those that left no row count with their zeros.
    ///
    /// # Errors
    /// Too few agents or days.
    pub fn known(&self) -> Result<Known, PlanError> {
        let weeks = [0, 1].map(|half| {
            let of_half = |hour: &&ClosedRow| hour.cycle / self.block % 2 == half;
            self.hours.iter().filter(of_half).count() as f64 / f64::from(WEEK)
        });
        let days = self.hours.len() as f64 / f64::from(DAY);
        let mut found: BTreeMap<&str, [AgentFigures; 2]> = BTreeMap::new();
        let nothing = |agent_id: &str| {
            weeks.map(|weeks| AgentFigures {
                agent_id: agent_id.to_owned(),
                weeks,
                ..AgentFigures::default()
            })
        };
        for row in &self.halves {
            let halves = found.entry(&row.agent_id).or_insert_with(|| nothing(&row.agent_id));
            let Some(half) = usize::try_from(row.half).ok().and_then(|at| halves.get_mut(at))
            else {
                continue;
            };
            half.visits = count(row.visits);
            half.orders = count(row.orders);
            half.revenue_cents = row.revenue_cents;
            half.assigned = count(row.assigned);
            half.redeemed = count(row.redeemed);
        }
        let left_rows = found.len();
        if left_rows < AGENTS_MIN || days < 2.0 {
            let run = self.run.run_id.to_string();
            return Err(PlanError::RunTooSmall { run, agents: left_rows, days });
        }
        let mut halves: Vec<[AgentFigures; 2]> = found.into_values().collect();
        let silent = (self.run.agents as usize).saturating_sub(left_rows);
        halves.extend((0..silent).map(|_| nothing("")));
        let [one, other] =
            [0, 1].map(|at| halves.iter().map(|halves| &halves[at]).collect::<Vec<_>>());
        let covariates = Covariates::of(&self.personas);
        let of = |metric: &Metric| Spread::of(*metric, [&one, &other], &covariates, days);
        let spreads = Metric::ALL.iter().filter_map(of).collect();
        Ok(Known { agents: halves.len(), days, spreads })
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
