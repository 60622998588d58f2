//! `cartload purge`: deletes one run, after saying what that is. Agents are never deleted.

use std::io::{self, BufRead, IsTerminal};

use chrono::{SubsecRound, Utc};
use clap::Args;
use questions::{Ask, orders};
use store::Admin;
use store::admin::KnownRun;
use store::admin::audit::Purge;

use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::checkpoint_files::CheckpointFolder;
use crate::config::{Layer, Settings};
use crate::data_dir::{CHECKPOINTS, DataDir, DataDirError, Lock};
use crate::{database, known_runs};

const EXAMPLES: &str = "\
Examples:
  cartload verify --list              every run of the database
  cartload purge --run 0198c5f2       says how many rows that are, and asks
  cartload purge --run 0198c5f2 --yes for scripts";

/// Delete one run: its rows and its checkpoints, never an agent.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct PurgeArgs {
    /// The run's id, or how it begins
    #[arg(long, value_name = "ID")]
    pub run: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &PurgeArgs) -> Result {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    // Held to the end: no run begins or resumes here meanwhile.
    let lock = lock(&settings)?;
    let dead = lock.as_ref().map(Lock::dead).unwrap_or_default();
    actix_rt::System::new().block_on(async {
        let admin = database::open_existing(&settings).await?;
        let outcome = async {
            let known = known_runs::find(&admin, Some(&args.run)).await?;
            let at = Utc::now().naive_utc().trunc_subsecs(6);
            if known.is_owned(&dead, at) {
                return Err(owned(&known, at));
            }
            show(&admin, &known).await?;
            name_unknown(&admin, &known).await?;
            confirm(args.yes)?;
            let purged = admin.purge(known.run_id, dead, at).await?;
            match purged {
                Purge::Purged { rows } => {
                    let files = remove_checkpoints(&settings, &known)?;
                    output::data(&format!("{rows} rows and {files} checkpoints deleted"))?;
                    Ok(ExitCode::Ok)
                }
                Purge::Owned { .. } => Err(owned(&known, at)),
                Purge::Unknown => {
                    let text = format!("run {} was purged by somebody else", known.run_id);
                    Err(Failure::new(ExitCode::Unexpected, text))
                }
            }
        };
        let outcome = outcome.await;
        admin.close().await;
        outcome
    })
}

/// The data directory's lock, where there is one to take. A living process there owns one run; the
/// others may go.
fn lock(settings: &Settings) -> Result<Option<Lock>> {
    if !settings.store.data_dir.is_dir() {
        return Ok(None);
    }
    let data = DataDir::open(&settings.store.data_dir)?;
    match Lock::take(&data, actors::domain::ids::OwnerToken::fresh()) {
        Ok(lock) => Ok(Some(lock)),
        Err(DataDirError::Locked { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn owned(known: &KnownRun, at: chrono::NaiveDateTime) -> Failure {
    let seconds = (at - known.heartbeat_at).num_seconds().max(0);
    let text = format!(
        "run {} is {} and a process works on it (its last sign of life came {seconds} s ago); end \
         that first. Of a process that died it is known after 120 s",
        known.run_id,
        known.state.as_str()
    );
    Failure::new(ExitCode::Config, text)
}

async fn show(admin: &Admin, known: &KnownRun) -> Result<()> {
    let started = known.started_at.format("%Y-%m-%d %H:%M:%S");
    output::data(&format!("run {} ({}), started {started}", known.run_id, known.state.as_str()))?;
    let counts = admin.count_rows(known.run_id).await?;
    let rows = counts.into_iter().map(|(table, rows)| vec![format!("  {table}"), rows.to_string()]);
    output::data(&output::table(&rows.collect::<Vec<_>>()))?;
    Ok(())
}

/// Visits whose orders may be at the shop: once their rows are gone nothing else says so.
async fn name_unknown(admin: &Admin, known: &KnownRun) -> Result<()> {
    let unknown = admin.ask(orders::unknown(known.run_id)).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    let visits = unknown.len();
    output::data(&format!("{visits} visits may have an order at the shop that no row names:"))?;
    let rows = unknown.into_iter().map(|visit| {
        let place = format!("cycle {}, replay {}", visit.cycle, visit.replay);
        let at = visit.recorded_at.format("%Y-%m-%d %H:%M:%S").to_string();
        vec![format!("  {}", visit.agent_id), place, at, visit.flow_id]
    });
    output::data(&output::table(&rows.collect::<Vec<_>>()))?;
    Ok(())
}

fn confirm(yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let text = "nothing was deleted: nobody can be asked here; say --yes";
        return Err(Failure::new(ExitCode::Usage, text));
    }
    output::message("Delete all of it? It cannot be undone. Type yes:");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new(ExitCode::Usage, "nothing was deleted"))
}

/// A checkpoint of a run that is gone would only stand in the way of `resume`.
fn remove_checkpoints(settings: &Settings, known: &KnownRun) -> Result<usize> {
    let folder = settings.store.data_dir.join(CHECKPOINTS);
    if !folder.is_dir() {
        return Ok(0);
    }
    let keep = settings.checkpoints.keep as usize;
    Ok(CheckpointFolder::open(folder, keep)?.remove_run(known.run_id)?)
}
