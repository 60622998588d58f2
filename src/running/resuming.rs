//! Which checkpoint a run goes on from, and with which settings.
//!
//! Whether it may go on at all is known only when the database is open: see
//! [`takeover`](super::takeover).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::ids::{OwnerToken, RunId};
use actors::domain::snapshot::Snapshot;
use actors::ports::checkpoint_file::{CheckpointError, LoadedCheckpoint};
use chrono::NaiveDateTime;

use super::{Asked, RunError};
use crate::checkpoint_files::{CheckpointFolder, Trust, load_file};
use crate::config::saved::{self, SavedSettings};
use crate::config::{Settings, Sources};
use crate::data_dir::{DataDir, Lock};
use crate::known_runs::{self, Listed};

/// Which checkpoint is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The newest valid one of the run saved last.
    #[default]
    Newest,
    /// The newest valid one of the run whose id begins so.
    Run(String),
    /// This one.
    File(PathBuf),
}

/// How a run is to go on.
#[derive(Clone, Debug, Default)]
pub struct GoOn {
    /// From where.
    pub choice: Choice,
    /// Whether a frozen run is opened at once.
    pub unfreeze: bool,
    /// Whether a checkpoint that somebody edited is taken.
    pub accepts_edited: bool,
    /// Whether it may go on with other agents than the checkpoint's.
    pub accepts_population: bool,
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
    /// Whether it may go on with other agents than the checkpoint's.
    pub accepts_population: bool,
    /// What the run had reached by the newest of all its checkpoints: the next cycle, and the
    /// replay number.
    pub reached: (Cycle, ReplayNumber),
    /// Runs with a checkpoint in the folder.
    pub saved_runs: BTreeSet<RunId>,
}

/// Why a run does not go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResumeRefused {
    /// Nothing was ever run there.
    #[error(
        "data directory {path}: it is not there, so there is nothing to resume; name the one of \
         the run with --data", path = path.display()
    )]
    NoDataDir {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Nothing was ever saved there.
    #[error(
        "{data}: there is no checkpoint, so there is nothing to resume; a run writes its first one \
         before its first cycle. Begin one with `cartload run`", data = data.display()
    )]
    NoCheckpoint {
        /// The data directory.
        data: PathBuf,
    },
    /// No run, or more than one, has an id that begins so.
    #[error("--run {named}: {} so; with checkpoints: {}",
        if *several { "several runs begin" } else { "no run begins" }, ids(runs))]
    NoSuchRun {
        /// As asked for.
        named: String,
        /// Whether it fits more than one.
        several: bool,
        /// Those with checkpoints.
        runs: BTreeSet<RunId>,
    },
    /// The run wrote to another database, or is gone.
    #[error(
        "checkpoint {}: run {run} is not in this database (was it purged?); name the one it wrote \
         to with --db or DATABASE_URL. This one knows\n{}",
        checkpoint.display(), known_runs::table(runs)
    )]
    NotInDatabase {
        /// What names it.
        checkpoint: PathBuf,
        /// The run.
        run: RunId,
        /// Those that are there.
        runs: Vec<Listed>,
    },
    /// The run that died here last left nothing to go on from.
    #[error(
        "run {lost} died before its first checkpoint, so there is nothing of it to resume; begin \
         anew with `cartload run`, or say --run {before} for the run before it"
    )]
    DiedAtItsStart {
        /// That run.
        lost: RunId,
        /// The newest one with a checkpoint.
        before: RunId,
    },
    /// It has done all it was to do.
    #[error(
        "run {run} has done {done} cycles and was to end after {end}; name a later end (of cycles \
         and days since its start), as --cycles {}", done.0.saturating_add(24)
    )]
    EndReached {
        /// The run.
        run: RunId,
        /// How far it came.
        done: Cycle,
        /// How far it was to come, in cycles.
        end: u32,
    },
    /// Its process may be alive.
    #[error(
        "run {run} belongs to another process, whose last sign of life came {silent_s} s ago \
         ({heartbeat_at} UTC); end that one, or try again once it has been silent for 120 s"
    )]
    Owned {
        /// The run.
        run: RunId,
        /// Seconds since that sign.
        silent_s: i64,
        /// The sign; wall clock, UTC.
        heartbeat_at: NaiveDateTime,
    },
    /// Somebody deleted it meanwhile.
    #[error("run {run} was purged a moment ago")]
    Purged {
        /// The run.
        run: RunId,
    },
}

fn ids(runs: &BTreeSet<RunId>) -> String {
    let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
    if runs.is_empty() { "none".to_owned() } else { runs.join(", ") }
}

impl Asked {
    /// A run that goes on, in the data directory of `process`, the settings without a checkpoint.
    /// Those of the run are `sources` with the checkpoint's among them.
    pub fn again(process: &Settings, sources: Sources, how: &GoOn) -> Result<Self, RunError> {
        let folder = &process.store.data_dir;
        if !folder.is_dir() {
            return Err(ResumeRefused::NoDataDir { path: folder.clone() }.into());
        }
        let owner = OwnerToken::fresh();
        let data = DataDir::open(folder)?;
        let lock = Lock::take(&data, owner)?;
        let folder =
            CheckpointFolder::open(data.checkpoints()?, process.checkpoints.keep as usize)?;
        let (settings, resume) = found(&folder, data.path(), sources, how)?;
        Ok(Self { settings, owner, data, lock, resume: Some(resume), scenario: None })
    }
}

/// The checkpoint, and the settings with which the run goes on.
fn found(
    folder: &CheckpointFolder,
    data: &Path,
    sources: Sources,
    how: &GoOn,
) -> Result<(Settings, Resume), RunError> {
    let saved_runs: BTreeSet<RunId> =
        folder.list()?.into_iter().map(|entry| entry.name.run_id).collect();
    let trust = if how.accepts_edited { Trust::Edited } else { Trust::Whole };
    let checkpoint = match &how.choice {
        Choice::File(file) => load_file(file, trust)?,
        Choice::Run(named) => newest(folder, Some(run_named(named, &saved_runs)?), trust, data)?,
        Choice::Newest => newest(folder, None, trust, data)?,
    };
    for error in &checkpoint.refused {
        tracing::warn!("not used: {error}");
    }
    let snapshot = &checkpoint.snapshot;
    check(&checkpoint.path, snapshot)?;
    let ends_anew = sources.flags.time.says_an_end();
    let (path, start) = (checkpoint.path.clone(), snapshot.simulated_start);
    let saved = SavedSettings::new(path, &snapshot.settings, start, ends_anew);
    let settings = Settings::load(Sources { checkpoint: Some(saved), ..sources })?;
    settings.ends(start)?;
    let mut changed_settings = saved::changed(&snapshot.settings, &settings);
    if how.accepts_edited && load_file(&checkpoint.path, Trust::Whole).is_err() {
        let file = checkpoint.path.display();
        changed_settings.push(format!("checkpoint {file} was edited, and accepted as it is"));
    }
    let resume = Resume {
        reached: reached(folder, snapshot)?,
        is_named: how.choice != Choice::Newest,
        ends_anew,
        unfreeze: how.unfreeze,
        changed_settings,
        accepts_population: how.accepts_population,
        saved_runs,
        checkpoint,
    };
    Ok((settings, resume))
}

/// An older checkpoint that was named, or one that was put back, does not say how far the run came:
/// the others in the folder do.
fn reached(
    folder: &CheckpointFolder,
    named: &Snapshot,
) -> Result<(Cycle, ReplayNumber), CheckpointError> {
    let of_run = folder.list()?.into_iter().filter(|entry| entry.name.run_id == named.run_id);
    let mut reached = (named.boundary, named.resumes);
    for entry in of_run {
        // One that cannot be read says nothing.
        let Ok(other) = load_file(&entry.path, Trust::Whole) else { continue };
        reached.0 = reached.0.max(other.snapshot.boundary);
        reached.1 = reached.1.max(other.snapshot.resumes);
    }
    Ok(reached)
}

fn newest(
    folder: &CheckpointFolder,
    run: Option<RunId>,
    trust: Trust,
    data: &Path,
) -> Result<LoadedCheckpoint, RunError> {
    let loaded = folder.load_latest_of(run, trust)?;
    Ok(loaded.ok_or_else(|| ResumeRefused::NoCheckpoint { data: data.to_owned() })?)
}

fn run_named(named: &str, runs: &BTreeSet<RunId>) -> Result<RunId, ResumeRefused> {
    let fits = |run: &&RunId| run.to_string().starts_with(&named.to_lowercase());
    let mut fitting = runs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(run), None) => Ok(*run),
        (first, _) => Err(ResumeRefused::NoSuchRun {
            named: named.to_owned(),
            several: first.is_some(),
            runs: runs.clone(),
        }),
    }
}

/// What a hand edit may have left contradicting itself, and what cannot be resumed at all.
fn check(path: &Path, snapshot: &Snapshot) -> Result<(), CheckpointError> {
    let foreign = |cause| Err(CheckpointError::Foreign { path: path.to_owned(), cause });
    let begin = snapshot.boundary.begins_at(snapshot.simulated_start);
    if snapshot.simulated_at != begin {
        return foreign(format!(
            "simulated_at is {}, but cycle {} of a run from {} begins at {begin}; set it so",
            snapshot.simulated_at, snapshot.boundary, snapshot.simulated_start
        ));
    }
    let mock = snapshot.settings.get("store").and_then(|store| store.get("mock"));
    if mock.and_then(serde_json::Value::as_bool) == Some(true) {
        return foreign(format!(
            "run {} wrote nothing (--mock-db), so there is nothing it could be resumed from; name \
             another run with --run",
            snapshot.run_id
        ));
    }
    Ok(())
}
