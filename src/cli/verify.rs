//! `cartload verify`: proves that nothing of a run is lost, doubled or left open. It writes
//! nothing, neither rows nor tables nor files.

use actors::domain::ids::RunId;
use analysis::verify::{Audit, report};
use chrono::Utc;
use clap::Args;
use questions::Ask;
use questions::ledger::Books;
use store::Admin;

use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::config::{Layer, Settings};
use crate::data_dir::Lock;
use crate::{database, known_runs};

const EXAMPLES: &str = "\
Examples:
  cartload verify                 the newest run: exit 0, or a table of what is wrong and exit 1
  cartload verify 0198c5f2 --json one object on stdout, for scripts
  cartload verify --list          every run of the database";

/// Prove that nothing of a run is lost, doubled or left open.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct VerifyArgs {
    /// The run's id, or how it begins [default: the newest run]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// List the runs of the database instead
    #[arg(long, conflicts_with = "run")]
    pub list: bool,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &VerifyArgs) -> Result {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    actix_rt::System::new().block_on(async {
        let admin = database::open_to_read(&settings).await?;
        let outcome = match args.list {
            true => list(&admin, args.json).await,
            false => verify(&admin, &settings, args).await,
        };
        admin.close().await;
        outcome
    })
}

async fn list(admin: &Admin, json: bool) -> Result {
    let runs = known_runs::listed(admin).await?;
    output::data(&if json { serde_json::to_string(&runs)? } else { known_runs::table(&runs) })?;
    Ok(ExitCode::Ok)
}

async fn verify(admin: &Admin, settings: &Settings, args: &VerifyArgs) -> Result {
    let run = known_runs::find(admin, args.run.as_deref()).await?.run_id;
    // Before the books are read: a process that starts meanwhile is not taken for a dead one.
    let dead = Lock::dead_in(&settings.store.data_dir);
    let at = Utc::now().naive_utc();
    let ledger = admin.at_once(Books(run)).await?;
    let ledger = ledger.ok_or_else(|| purged(run))?;
    let audit = Audit::of(&ledger, ledger.run.is_owned(&dead, at));
    let text = match args.json {
        true => serde_json::to_string(&audit)?,
        false => report::text(&audit),
    };
    output::data(&text)?;
    Ok(if audit.clean { ExitCode::Ok } else { ExitCode::Unexpected })
}

/// It was there a moment ago, when it was looked for.
pub(super) fn purged(run: RunId) -> Failure {
    Failure::new(ExitCode::Unexpected, format!("run {run} was purged a moment ago"))
}
