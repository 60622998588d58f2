//! `cartload experiment plan`: which lift an experiment can find, before it is run. It writes
//! nothing.

use analysis::cohorts::metrics::Metric;
use analysis::cohorts::planning::built_in;
use analysis::cohorts::planning::past::{Known, Past};
use analysis::cohorts::planning::{Design, Detectable, MetricPower, PlanError, PowerPlan, SCHEMA};
use clap::{Args, Subcommand};
use questions::Ask;
use questions::runs::KnownRun;
use store::{Admin, StoreOpenError};

use super::exit_code::HasCode;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::{Layer, Settings};
use crate::{database, known_runs};

const EXAMPLES: &str = "\
Examples:
  cartload experiment plan                              as many agents and days as the last run
  cartload experiment plan --agents 2000 --days 28      what 2,000 shoppers find in four weeks
  cartload experiment plan --shares 0.5,0.3,0.2         three arms, the control first
  cartload experiment plan --from-run 0198c5f2 --json   by how the shoppers of that run spread";

/// Plan an experiment.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct ExperimentArgs {
    /// What to do
    #[command(subcommand)]
    pub command: ExperimentCommand,
}

/// What is done with experiments.
#[derive(Clone, Debug, Subcommand)]
pub enum ExperimentCommand {
    /// Say which lift it can find, before it is run
    Plan(PlanArgs),
}

/// Say which lift an experiment can find, by how shoppers spread in a run that was lived.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct PlanArgs {
    /// The run whose shoppers tell, or how its id begins [default: the last that ended; where there
    /// is none, a table measured on the preset lifelike]
    #[arg(long, value_name = "RUN")]
    pub from_run: Option<String>,
    /// Shoppers of all arms [default: as many as that run had]
    #[arg(long, value_name = "N")]
    pub agents: Option<u32>,
    /// Simulated days [default: as many as that run lived]
    #[arg(long, value_name = "D")]
    pub days: Option<f64>,
    /// Arms of equal shares, the control included [default: 2]
    #[arg(long, value_name = "K", conflicts_with = "shares")]
    pub arms: Option<u32>,
    /// Shares of the arms, the control first
    #[arg(long, value_name = "SHARE,SHARE", value_delimiter = ',')]
    pub shares: Vec<f64>,
    /// The chance with which the lift is to be found
    #[arg(long, value_name = "0.5-0.99", default_value_t = 0.8)]
    pub power: f64,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl HasCode for PlanError {
    fn code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ExperimentArgs) -> Result {
    let ExperimentCommand::Plan(args) = &args.command;
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    let (run, known) = actix_rt::System::new().block_on(async { known(&settings, args).await })?;
    let plan = plan(args, run.as_ref(), &known)?;
    output::data(&if args.json { serde_json::to_string(&plan)? } else { text(&plan) })?;
    Ok(ExitCode::Ok)
}

/// How shoppers spread, and in which run.
async fn known(settings: &Settings, args: &PlanArgs) -> Result<(Option<KnownRun>, Known)> {
    let admin = match database::open_to_read(settings).await {
        Err(StoreOpenError::Missing { .. }) if args.from_run.is_none() => {
            return Ok((None, built_in::known()));
        }
        opened => opened?,
    };
    let found = in_database(&admin, args).await;
    admin.close().await;
    found
}

async fn in_database(admin: &Admin, args: &PlanArgs) -> Result<(Option<KnownRun>, Known)> {
    let run = match args.from_run.as_deref() {
        Some(named) => Some(known_runs::find(admin, Some(named)).await?),
        None => admin.list_runs().await?.into_iter().find(|run| run.state.is_end()),
    };
    let Some(run) = run else { return Ok((None, built_in::known())) };
    let known = admin.at_once(Past(run.clone())).await?.known()?;
    Ok((Some(run), known))
}

fn plan(args: &PlanArgs, run: Option<&KnownRun>, known: &Known) -> Result<PowerPlan, PlanError> {
    let shares = match (args.shares.as_slice(), args.arms.unwrap_or(2)) {
        ([], arms) => (0..arms).map(|_| 1.0 / f64::from(arms)).collect(),
        (shares, _) => shares.to_vec(),
    };
    let of_run = u32::try_from(known.agents).unwrap_or(u32::MAX);
    let agents = args.agents.unwrap_or(of_run);
    let days = args.days.unwrap_or(known.days);
    let design = Design { agents, days, shares, power: args.power }.checked()?;
    let metrics = known.spreads.iter().map(|spread| spread.power(&design)).collect();
    Ok(PowerPlan {
        schema: SCHEMA,
        from_run: run.map(|run| run.run_id.to_string()),
        from_agents: known.agents,
        from_days: known.days,
        design,
        metrics,
    })
}

fn text(plan: &PowerPlan) -> String {
    let Design { agents, days, shares, power } = &plan.design;
    let source = match &plan.from_run {
        Some(run) => format!("run {run}"),
        None => "a table measured on the preset lifelike".to_owned(),
    };
    let shares: Vec<String> =
        shares.iter().map(|share| format!("{:.0} %", share * 100.0)).collect();
    let mut rows = vec![vec![
        "METRIC".to_owned(),
        "MEAN".to_owned(),
        "LIFT FOUND".to_owned(),
        "ADJUSTED".to_owned(),
        "AGENTS FOR 5 %".to_owned(),
        "ADJUSTED".to_owned(),
        "FOR 10 %".to_owned(),
        "ADJUSTED".to_owned(),
    ]];
    rows.extend(plan.metrics.iter().map(row));
    format!(
        "{agents} agents, {days:.0} days, arms of {}: the lift found with a chance of {:.0} % at \
         p < 0.05.\nBy how the {} agents of {source} spread in {:.0} days; adjusted: by their \
         personas.\n\n{}",
        shares.join(", "),
        power * 100.0,
        plan.from_agents,
        plan.from_days,
        output::table(&rows)
    )
}

fn row(of: &MetricPower) -> Vec<String> {
    let lift = |found: &Detectable| format!("{:.1} %", found.lift * 100.0);
    let mean = match of.spread.metric {
        Metric::Conversion | Metric::Redemption => format!("{:.2} %", of.spread.mean * 100.0),
        Metric::OrdersPerAgentWeek | Metric::RevenuePerAgentWeek | Metric::Basket => {
            format!("{:.2}", of.spread.mean)
        }
    };
    let (plain, adjusted) = (&of.plain, &of.adjusted);
    vec![
        of.spread.metric.as_str().to_owned(),
        mean,
        lift(plain),
        lift(adjusted),
        plain.agents_for_5_percent.to_string(),
        adjusted.agents_for_5_percent.to_string(),
        plain.agents_for_10_percent.to_string(),
        adjusted.agents_for_10_percent.to_string(),
    ]
}
