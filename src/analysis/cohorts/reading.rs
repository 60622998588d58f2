//! What the database knows of an experiment: its plan, who was exposed, what each agent did.

use std::collections::BTreeMap;

use domain::ids::RunId;
use serde::Deserialize;
use serde_json::Value;
use store::Admin;
use store::admin::export::{Bind, Cell, DynamicRow, Statement};

use super::CohortError;
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

/// An arm in the run's settings; its overrides say nothing here.
#[derive(Deserialize)]
struct Arm {
    name: String,
    share: f64,
}

/// The details of an incident of kind `exposure`.
#[derive(Deserialize)]
struct Exposed {
    arms: BTreeMap<String, Vec<String>>,
    fixed: Vec<String>,
}

/// Visits and orders that count, by agent and by the cohort that the rows name.
const VISITS: &str = "
SELECT s.agent_id, COALESCE(s.cohort, '') AS cohort,
  CAST(SUM(CASE WHEN s.status IN ('completed', 'abandoned') THEN 1 ELSE 0 END) AS BIGINT),
  COUNT(o.flow_id), CAST(COALESCE(SUM(o.final_total_cents), 0) AS BIGINT)
FROM canonical_shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id
WHERE s.run_id = ";
const VISITS_BY: &str = " GROUP BY s.agent_id, COALESCE(s.cohort, '') ORDER BY s.agent_id";

/// Coupons handed out, by agent.
const ASSIGNED: &str = "
SELECT agent_id, COUNT(*) FROM coupon_assignments WHERE run_id = ";
/// Redemptions that count, by agent.
const REDEEMED: &str = "
SELECT agent_id, COUNT(*) FROM canonical_coupon_interactions
WHERE step = 'redeemed' AND run_id = ";
const BY_AGENT: &str = " GROUP BY agent_id";

const EXPOSURES: &str = "
SELECT cycle, detail FROM incidents WHERE kind = 'exposure' AND run_id = ";
const EXPOSURES_BY: &str = " ORDER BY cycle, replay";

const HOURS: &str = "SELECT cycle FROM canonical_attempts WHERE run_id = ";
const HOURS_BY: &str = " ORDER BY cycle";

/// What `run` was to compare, by the settings it was started with.
pub async fn plan(admin: &Admin, run: RunId) -> Result<Plan, CohortError> {
    let runs = admin.list_runs().await?;
    let known =
        runs.into_iter().find(|known| known.run_id == run).ok_or(CohortError::UnknownRun(run))?;
    let settings = known.settings.get("experiment");
    let text = |key: &str| settings.and_then(|s| s.get(key));
    let Some(name) = text("name").and_then(Value::as_str) else {
        return Err(CohortError::NoExperiment(run));
    };
    let unreadable = CohortError::Unreadable("experiment.arms in the run's settings");
    let Some(Ok(arms)) = text("arms").cloned().map(serde_json::from_value::<Vec<Arm>>) else {
        return Err(unreadable);
    };
    let arms = arms.into_iter().map(|arm| (arm.name, arm.share)).collect();
    Ok(Plan { name: name.to_owned(), arms })
}

/// Who was released into which arm; of several releases of an agent the earliest.
pub async fn exposures(
    admin: &Admin,
    run: RunId,
) -> Result<BTreeMap<String, Exposure>, CohortError> {
    let mut found = BTreeMap::new();
    for row in admin.rows(of_run(EXPOSURES, run, EXPOSURES_BY)).await? {
        let mut cells = Cells::of("incidents", row);
        let (cycle, detail) = (cells.count()?, cells.text()?);
        let exposed: Exposed =
            serde_json::from_str(&detail).map_err(|_| CohortError::Unreadable("incidents"))?;
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

/// The cycles that count, in order.
pub async fn hours(admin: &Admin, run: RunId) -> Result<Vec<u32>, CohortError> {
    let rows = admin.rows(of_run(HOURS, run, HOURS_BY)).await?;
    rows.into_iter().map(|row| Cells::of("canonical_attempts", row).count()).collect()
}

/// What each of these agents did since its cycle, those that did nothing included.
pub async fn figures(
    admin: &Admin,
    run: RunId,
    since: &BTreeMap<String, u32>,
) -> Result<Vec<AgentFigures>, CohortError> {
    let hours = hours(admin, run).await?;
    let lived = |from: u32| hours.len() - hours.partition_point(|hour| *hour < from);
    let figures_of = |(agent, from): (&String, &u32)| {
        let weeks = lived(*from) as f64 / WEEK_CYCLES;
        (agent.clone(), AgentFigures { agent_id: agent.clone(), weeks, ..AgentFigures::default() })
    };
    let mut found: BTreeMap<String, AgentFigures> = since.iter().map(figures_of).collect();
    for row in admin.rows(of_run(VISITS, run, VISITS_BY)).await? {
        let mut cells = Cells::of("shopping_sessions", row);
        let (agent, cohort) = (cells.text()?, cells.text()?);
        let Some(figures) = found.get_mut(&agent) else { continue };
        figures.visits += cells.count()?;
        figures.orders += cells.count()?;
        figures.revenue_cents += cells.integer()?;
        figures.cohorts.push(cohort);
    }
    for row in admin.rows(of_run(ASSIGNED, run, BY_AGENT)).await? {
        let mut cells = Cells::of("coupon_assignments", row);
        let agent = cells.text()?;
        let Some(figures) = found.get_mut(&agent) else { continue };
        figures.assigned = cells.count()?;
    }
    for row in admin.rows(of_run(REDEEMED, run, BY_AGENT)).await? {
        let mut cells = Cells::of("coupon_interactions", row);
        let agent = cells.text()?;
        let Some(figures) = found.get_mut(&agent) else { continue };
        figures.redeemed = cells.count()?;
    }
    Ok(found.into_values().collect())
}

fn of_run(sql: &str, run: RunId, end: &str) -> Statement {
    let mut statement = Statement::default();
    statement.push(sql).bind(Bind::Text(run.to_string())).push(end);
    statement
}

/// The cells of a row, one after the other.
struct Cells {
    table: &'static str,
    cells: std::vec::IntoIter<Cell>,
}

impl Cells {
    fn of(table: &'static str, row: DynamicRow) -> Self {
        Self { table, cells: row.0.into_iter() }
    }

    fn text(&mut self) -> Result<String, CohortError> {
        match self.cells.next() {
            Some(Cell::Text(text)) => Ok(text),
            Some(
                Cell::Null | Cell::Bool(_) | Cell::Integer(_) | Cell::Double(_) | Cell::Instant(_),
            )
            | None => Err(CohortError::Unreadable(self.table)),
        }
    }

    fn integer(&mut self) -> Result<i64, CohortError> {
        match self.cells.next() {
            Some(Cell::Integer(number)) => Ok(number),
            Some(
                Cell::Null | Cell::Bool(_) | Cell::Text(_) | Cell::Double(_) | Cell::Instant(_),
            )
            | None => Err(CohortError::Unreadable(self.table)),
        }
    }

    fn count(&mut self) -> Result<u32, CohortError> {
        u32::try_from(self.integer()?).map_err(|_| CohortError::Unreadable(self.table))
    }
}
