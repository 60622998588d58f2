//! `cartload verify`: proves that nothing of a run is lost, doubled or left open. It writes
//! nothing, neither rows nor tables nor files.

use actors::domain::ids::RunId;
use actors::ports::checkpoint_file::LoadedCheckpoint;
use analysis::verify::{Audit, Problem, report};
use chrono::Utc;
use clap::Args;
use questions::Ask;
use questions::ledger::Books;
use questions::seals::link_at;
use store::Admin;

use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::checkpoint_files::{CheckpointFolder, Trust};
use crate::config::{Layer, Settings};
use crate::data_dir::{DataDir, Lock};
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
    let mut audit = Audit::of(&ledger, ledger.run.is_owned(&dead, at));
    if let Some(problem) = forgotten_seal(admin, settings, run).await? {
        audit.also(problem);
    }
    let text = match args.json {
        true => serde_json::to_string(&audit)?,
        false => report::text(&audit),
    };
    output::data(&text)?;
    Ok(if audit.clean { ExitCode::Ok } else { ExitCode::Unexpected })
}

/// What the newest checkpoint of the run remembers of its seals and the database does not: rows
/// were lost with their seals, or somebody reckoned new ones.
async fn forgotten_seal(admin: &Admin, settings: &Settings, run: RunId) -> Result<Option<Problem>> {
    let folder = CheckpointFolder::found(DataDir::checkpoints_in(&settings.store.data_dir));
    let newest = folder.and_then(|folder| folder.load_latest_of(Some(run), Trust::Whole).ok()?);
    let Some(LoadedCheckpoint { path, snapshot, .. }) = newest else { return Ok(None) };
    let Some(seal) = snapshot.seal else { return Ok(None) };
    let there = admin.ask(link_at(run, seal.seq)).await?.pop();
    if there.as_ref().is_some_and(|link| link.chain == seal.chain) {
        return Ok(None);
    }
    let is = if there.is_some() { "is another one" } else { "is not there" };
    Ok(Some(Problem {
        check: "seals",
        cycle: None,
        replay: None,
        subject: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        message: format!(
            "seal {} of the newest checkpoint {is}: the database is an older copy, or was changed; \
             `cartload resume` lives again what it lost",
            seal.seq
        ),
    }))
}

/// It was there a moment ago, when it was looked for.
pub(super) fn purged(run: RunId) -> Failure {
    Failure::new(ExitCode::Unexpected, format!("run {run} was purged a moment ago"))
}
