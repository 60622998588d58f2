//! `cartload resume`: the same run goes on where its newest valid checkpoint says.
//!
//! Flags win over the checkpoint's settings, these over the environment and the config file.

pub mod takeover;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actors::domain::snapshot::Snapshot;
use actors::domain::ids::{OwnerToken, RunId};
use actors::ports::checkpoint_file::{CheckpointError, LoadedCheckpoint};
use anyhow::{Result, anyhow};
use clap::Args;

use super::exit_code::WithCode;
use super::run::{Asked, RunArgs, drive, finish};
use super::{ExitCode, GlobalArgs, output};
use crate::checkpoint_files::{CheckpointFolder, Trust, load_file};
use crate::config::saved::{self, SavedSettings};
use crate::config::{Layer, Settings, Sources};
use crate::data_dir::{DataDir, Lock};
use crate::logging::{self, Screen};

const EXAMPLES: &str = "\
Examples:
  cartload resume                          the run of ./data goes on from its newest checkpoint
  cartload resume --cycles 96              ... until 96 cycles since its start
  cartload resume --unfreeze               a frozen run goes on at once
  cartload resume --from FILE --rate 20    from an older checkpoint, more slowly

The run keeps its id and its simulated time. Cycles that have rows already are run again as replay.
Settings: flags, then the checkpoint's, then CARTLOAD_* variables, then the config file. An end that
is given (--cycles, --days, --until, --hours) takes the place of all the ends the run had; cycles
and days count from the start of the run.";

/// Let a run go on that was stopped, killed or frozen.
#[derive(Clone, Debug, Default, Args)]
pub struct ResumeArgs {
    /// This checkpoint [default: the newest valid one of the run saved last]
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub from: Option<PathBuf>,
    /// The newest valid checkpoint of this run
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Open a frozen run at once
    #[arg(long)]
    pub unfreeze: bool,
    /// Take a checkpoint that somebody edited on purpose
    #[arg(long)]
    pub accept_edited: bool,
    /// Settings of the run, each in the place of the checkpoint's.
    #[command(flatten, next_help_heading = "Settings, in the place of the checkpoint's")]
    pub flags: RunArgs,
}

impl ResumeArgs {
    /// The examples, which those of `run` must not hide.
    pub fn examples() -> &'static str {
        EXAMPLES
    }
}

/// A run that goes on.
#[derive(Clone, Debug)]
pub struct Resume {
    /// Where from.
    pub checkpoint: LoadedCheckpoint,
    /// Whether a checkpoint or run was named; else it is the one saved last.
    pub is_named: bool,
    /// Whether the command line says where the run ends.
    pub ends_anew: bool,
    /// Whether a frozen run is opened at once.
    pub unfreeze: bool,
    /// Settings that are not the checkpoint's, one sentence each.
    pub changed_settings: Vec<String>,
    /// Runs with a checkpoint in the folder.
    pub saved_runs: BTreeSet<RunId>,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ResumeArgs) -> Result<ExitCode> {
    refuse_what_cannot_change(&args.flags)?;
    let process = global.settings(args.flags.layer())?;
    let screen = Screen::default();
    logging::install(&process.log, &screen);
    for warning in &process.warnings {
        tracing::warn!("{warning}");
    }
    let folder = &process.store.data_dir;
    if !folder.is_dir() {
        return Err(anyhow!(
            "data directory {}: it is not there, so there is nothing to resume; name the one of \
             the run with --data",
            folder.display()
        ))
        .code(ExitCode::Checkpoint)?;
    }
    let owner = OwnerToken::fresh();
    let data = DataDir::open(folder)?;
    let lock = Lock::take(&data, owner)?;
    let (settings, resume) =
        found(global, args, &data, usize::try_from(process.checkpoints.keep)?)?;
    let resume = Some(resume);
    let asked = Asked { settings, screen, owner, data, lock, resume, scenario: None };
    finish(drive::drive(asked)?, args.flags.json)
}

fn refuse_what_cannot_change(flags: &RunArgs) -> Result<()> {
    let refusal = if flags.start.is_some() {
        "--start: the simulated time of a resumed run goes on where it was"
    } else if flags.mock_db {
        "--mock-db: a resumed run goes on in its database"
    } else if flags.scenario.is_some() {
        "--scenario: a drill is a run of its own; begin one with `cartload run --scenario`"
    } else {
        return Ok(());
    };
    Err(anyhow!(refusal)).code(ExitCode::Usage).map_err(Into::into)
}

/// The checkpoint, and the settings with which the run goes on.
fn found(
    global: &GlobalArgs,
    args: &ResumeArgs,
    data: &DataDir,
    keep: usize,
) -> Result<(Settings, Resume)> {
    let folder = CheckpointFolder::open(data.checkpoints()?, keep)?;
    let saved_runs: BTreeSet<RunId> =
        folder.list()?.into_iter().map(|entry| entry.name.run_id).collect();
    let trust = if args.accept_edited { Trust::Edited } else { Trust::Whole };
    let checkpoint = match &args.from {
        Some(file) => load_file(file, trust)?,
        None => newest(&folder, args.run.as_deref(), &saved_runs, trust, data.path())?,
    };
    for error in &checkpoint.refused {
        tracing::warn!("not used: {error}");
    }
    let snapshot = &checkpoint.snapshot;
    check(&checkpoint.path, snapshot)?;
    let flags: Layer = args.flags.layer();
    let time = &flags.time;
    let ends_anew = time.cycles.is_some()
        || time.days.is_some()
        || time.until.is_some()
        || time.hours.is_some();
    let (path, start) = (checkpoint.path.clone(), snapshot.simulated_start);
    let from = SavedSettings::new(path, &snapshot.settings, start, ends_anew);
    let sources = Sources { checkpoint: Some(from), ..Sources::default() };
    let settings = global.settings_from(flags, sources)?;
    settings.ends(start)?;
    let mut changed_settings = saved::changed(&snapshot.settings, &settings);
    if args.accept_edited && load_file(&checkpoint.path, Trust::Whole).is_err() {
        let file = checkpoint.path.display();
        changed_settings.push(format!("checkpoint {file} was edited, and accepted as it is"));
    }
    let resume = Resume {
        is_named: args.from.is_some() || args.run.is_some(),
        ends_anew,
        unfreeze: args.unfreeze,
        changed_settings,
        saved_runs,
        checkpoint,
    };
    Ok((settings, resume))
}

fn newest(
    folder: &CheckpointFolder,
    run: Option<&str>,
    saved_runs: &BTreeSet<RunId>,
    trust: Trust,
    data: &Path,
) -> Result<LoadedCheckpoint> {
    let run = run.map(|named| run_named(named, saved_runs)).transpose()?;
    let loaded = folder.load_latest_of(run, trust)?;
    let loaded = loaded.ok_or_else(|| {
        anyhow!(
            "{}: there is no checkpoint, so there is nothing to resume; a run writes its first one \
             before its first cycle. Begin one with `cartload run`",
            data.display()
        )
    });
    Ok(loaded.code(ExitCode::Checkpoint)?)
}

fn run_named(named: &str, saved_runs: &BTreeSet<RunId>) -> Result<RunId> {
    let fits = |run: &&RunId| run.to_string().starts_with(&named.to_lowercase());
    let mut fitting = saved_runs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(run), None) => Ok(*run),
        (first, _) => {
            let runs: Vec<String> = saved_runs.iter().map(ToString::to_string).collect();
            let runs = if runs.is_empty() { "none".to_owned() } else { runs.join(", ") };
            let what = if first.is_some() { "several runs begin" } else { "no run begins" };
            Err(anyhow!("--run {named}: {what} so; with checkpoints: {runs}"))
                .code(ExitCode::Checkpoint)
                .map_err(Into::into)
        }
    }
}

/// What a hand edit may have left contradicting itself, and what cannot be resumed at all.
fn check(path: &Path, snapshot: &Snapshot) -> Result<()> {
    let begin = snapshot.boundary.begins_at(snapshot.simulated_start);
    if snapshot.simulated_at != begin {
        return Err(CheckpointError::Foreign {
            path: path.to_owned(),
            cause: format!(
                "simulated_at is {}, but cycle {} of a run from {} begins at {begin}; set it so",
                snapshot.simulated_at, snapshot.boundary, snapshot.simulated_start
            ),
        }
        .into());
    }
    let mock = snapshot.settings.get("store").and_then(|store| store.get("mock"));
    if mock.and_then(serde_json::Value::as_bool) == Some(true) {
        return Err(CheckpointError::Foreign {
            path: path.to_owned(),
            cause: format!(
                "run {} wrote nothing (--mock-db), so there is nothing it could be resumed from; \
                 name another run with --run",
                snapshot.run_id
            ),
        }
        .into());
    }
    Ok(())
}

/// Says something that an operator must see, whatever the filter of messages.
pub(super) fn announce(settings: &Settings, text: &str) {
    match settings.log.format {
        crate::config::words::LogFormat::Text => output::message(text),
        crate::config::words::LogFormat::Json => tracing::warn!("{text}"),
    }
}
