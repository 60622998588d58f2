//! The folder of checkpoints: the [`CheckpointFile`] port on a real file system.
//!
//! A file appears whole under its name or not at all: it is written beside, synced, renamed, and
//! the folder is synced. Reading trusts nothing; what is torn, edited or foreign is refused by
//! name. The newest checkpoint is the one written last, not the one with the highest boundary: a
//! run resumed from an older file has left its later boundaries behind.

mod content;
mod name;

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actors::domain::ids::RunId;
use actors::domain::snapshot::Snapshot;
use actors::failpoint::{self, Failpoint};
use actors::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};
use text::bounded_file::{self, Unread};

pub use self::content::config_hash;
pub use self::name::CheckpointName;
use self::name::{PREFIX, SUFFIX, TEMP_PREFIX, TEMP_SUFFIX};

/// A half-written file so old belongs to nobody any more.
const TEMP_AGE_MAX: Duration = Duration::from_secs(60);
/// No checkpoint is larger; what is, is not one. Some 240 bytes an agent that crashed: 100,000 of
/// them fit.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The folder.
#[derive(Debug)]
pub struct CheckpointFolder {
    /// Exists since `open`.
    folder: PathBuf,
    /// Checkpoints kept of each run, at least 1.
    keep: usize,
    /// One save at a time: the next sequence number is read off the folder.
    saving: Mutex<()>,
}

/// A checkpoint in the folder, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointEntry {
    /// What its name says.
    pub name: CheckpointName,
    /// Where it is.
    pub path: PathBuf,
}

/// How a file is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Its checksum must fit.
    Whole,
    /// An operator edited it and says so: neither its checksum nor its name is held against it.
    Edited,
}

/// Reads one file, whatever it is called.
pub fn load_file(path: &Path, trust: Trust) -> Result<LoadedCheckpoint, CheckpointError> {
    let text = bounded_file::bytes(path, FILE_BYTES_MAX).map_err(|unread| match unread {
        Unread::System(error) => io_error(path, &error),
        Unread::NoFile { .. } | Unread::TooLarge { .. } | Unread::NoText { .. } => {
            foreign(path, format!("no checkpoint: {unread}"))
        }
    })?;
    let snapshot = content::read(path, &text, trust == Trust::Edited)?;
    Ok(LoadedCheckpoint { path: path.to_owned(), snapshot, refused: Vec::new() })
}

impl CheckpointFolder {
    /// Opens the folder, makes it where it is missing, clears leftovers of processes that died
    /// while saving. Keeps the newest `keep` checkpoints of each run, at least 1.
    pub fn open(folder: impl Into<PathBuf>, keep: usize) -> Result<Self, CheckpointError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|error| io_error(&folder, &error))?;
        let opened = Self { folder, keep: keep.max(1), saving: Mutex::default() };
        opened.clear_leftovers()?;
        Ok(opened)
    }

    /// The folder as it is, to look into: nothing is made or cleared. `None` where there is none.
    pub fn found(folder: impl Into<PathBuf>) -> Option<Self> {
        let folder = folder.into();
        folder.is_dir().then_some(Self { folder, keep: usize::MAX, saving: Mutex::default() })
    }

    /// The checkpoints in the folder, the one written last first, unread.
    pub fn list(&self) -> Result<Vec<CheckpointEntry>, CheckpointError> {
        let mut entries: Vec<_> = self
            .file_names()?
            .into_iter()
            .filter_map(|file_name| {
                let name = file_name.parse().ok()?;
                Some(CheckpointEntry { name, path: self.folder.join(file_name) })
            })
            .collect();
        entries.sort_by_key(|entry| Reverse((entry.name.sequence, entry.name)));
        Ok(entries)
    }

    /// The newest valid checkpoint of `run`, or of the run that was saved last: a torn newest file
    /// must not bring back another, older run, and a stray one must not hide it.
    pub fn load_latest_of(
        &self,
        run: Option<RunId>,
        trust: Trust,
    ) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        let misnamed = self.misnamed()?;
        let mut entries = self.list()?;
        let mut refused = Vec::new();
        while let Some(run) = run.or(entries.first().map(|entry| entry.name.run_id)) {
            let of_run: Vec<_> = entries.extract_if(.., |entry| entry.name.run_id == run).collect();
            let mut is_run = of_run.is_empty();
            for entry in of_run {
                match load_entry(&entry, trust) {
                    Ok(loaded) => {
                        // How new the misnamed ones are nobody knows: better named than not.
                        refused.extend(misnamed);
                        return Ok(Some(LoadedCheckpoint { refused, ..loaded }));
                    }
                    Err(error) => {
                        is_run |= !matches!(error, CheckpointError::Foreign { .. });
                        refused.push(error);
                    }
                }
            }
            // Files that were never checkpoints of a run do not make it one that was saved here.
            if is_run {
                break;
            }
        }
        let count = refused.len() + misnamed.len();
        match refused.first().or(misnamed.first()) {
            None => Ok(None),
            Some(first) => Err(CheckpointError::NoneValid {
                folder: self.folder.clone(),
                count,
                first: first.to_string(),
            }),
        }
    }

    /// Removes every checkpoint of `run`; answers how many there were.
    pub fn remove_run(&self, run: RunId) -> Result<usize, CheckpointError> {
        let mut entries = self.list()?;
        entries.retain(|entry| entry.name.run_id == run);
        for entry in &entries {
            fs::remove_file(&entry.path).or_else(gone).map_err(|e| io_error(&entry.path, &e))?;
        }
        Ok(entries.len())
    }

    /// Writes `text` under `path` so that it is there whole or not at all.
    fn write_whole(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(TEMP_PREFIX)
            .suffix(TEMP_SUFFIX)
            .tempfile_in(&self.folder)?;
        failpoint::reach(Failpoint::CheckpointWrite)?;
        failpoint::write_all(Failpoint::CheckpointTear, &mut file, text)?;
        failpoint::reach(Failpoint::CheckpointSync)?;
        file.as_file().sync_all()?;
        failpoint::reach(Failpoint::CheckpointRename)?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(&self.folder).inspect_err(|_| {
            // Whether it would survive a power cut is unknown: an error leaves nothing behind.
            let _ = fs::remove_file(path);
        })
    }

    /// Removes what is beyond the newest few of the run, by time of writing: a run resumed from an
    /// older boundary must not lose what it has just saved.
    fn prune(&self, run: RunId) -> Result<(), CheckpointError> {
        let mut entries = self.list()?;
        entries.retain(|entry| entry.name.run_id == run);
        for entry in entries.into_iter().skip(self.keep) {
            fs::remove_file(&entry.path).or_else(gone).map_err(|e| io_error(&entry.path, &e))?;
        }
        Ok(())
    }

    fn clear_leftovers(&self) -> Result<(), CheckpointError> {
        for file_name in self.file_names()? {
            if !file_name.starts_with(TEMP_PREFIX) || !file_name.ends_with(TEMP_SUFFIX) {
                continue;
            }
            let path = self.folder.join(file_name);
            let age = fs::metadata(&path).and_then(|meta| meta.modified());
            let is_stale = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= TEMP_AGE_MAX));
            if is_stale {
                fs::remove_file(&path).or_else(gone).map_err(|error| io_error(&path, &error))?;
            }
        }
        Ok(())
    }

    /// Files that pose as checkpoints under a name that none has.
    fn misnamed(&self) -> Result<Vec<CheckpointError>, CheckpointError> {
        let poses = |file_name: &String| {
            file_name.starts_with(PREFIX)
                && file_name.ends_with(SUFFIX)
                && file_name.parse::<CheckpointName>().is_err()
        };
        let names = self.file_names()?.into_iter().filter(poses);
        Ok(names
            .map(|name| foreign(&self.folder.join(name), name::NameError.to_string()))
            .collect())
    }

    /// Names that are no text are not ours.
    fn file_names(&self) -> Result<Vec<String>, CheckpointError> {
        let listed: io::Result<Vec<_>> =
            fs::read_dir(&self.folder).and_then(|entries| entries.collect());
        let entries = listed.map_err(|error| io_error(&self.folder, &error))?;
        Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }
}

impl CheckpointFile for CheckpointFolder {
    /// An empty `config_hash` is filled with [`config_hash`] of the snapshot's settings.
    fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let run_id = snapshot.run_id;
        let last = self.list()?.first().map_or(0, |entry| entry.name.sequence);
        let sequence = last.saturating_add(1);
        let name = CheckpointName { run_id, boundary: snapshot.boundary, sequence };
        let path = self.folder.join(name.to_string());
        let mut snapshot = snapshot.clone();
        if snapshot.config_hash.is_empty() {
            snapshot.config_hash = config_hash(&snapshot.settings);
        }
        let text = content::write(&path, &snapshot)?;
        self.write_whole(&path, &text).map_err(|error| io_error(&path, &error))?;
        // The checkpoint is safe; older files that stay are no reason to say that it is not.
        for untidy in [self.prune(run_id), self.clear_leftovers()] {
            if let Err(error) = untidy {
                tracing::warn!(%error, "old checkpoints could not be removed");
            }
        }
        Ok(path)
    }

    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
        self.load_latest_of(None, Trust::Whole)
    }
}

/// Reads a file of the folder; its content must be what its name says, but for an edited boundary.
fn load_entry(entry: &CheckpointEntry, trust: Trust) -> Result<LoadedCheckpoint, CheckpointError> {
    let loaded = load_file(&entry.path, trust)?;
    let Snapshot { run_id, boundary, .. } = &loaded.snapshot;
    let is_boundary = trust == Trust::Edited || *boundary == entry.name.boundary;
    if *run_id != entry.name.run_id || !is_boundary {
        let cause = format!("its content is of run {run_id}, boundary {boundary}: it was renamed");
        return Err(foreign(&entry.path, cause));
    }
    Ok(loaded)
}

fn foreign(path: &Path, cause: String) -> CheckpointError {
    CheckpointError::Foreign { path: path.to_owned(), cause }
}

fn io_error(path: &Path, error: &io::Error) -> CheckpointError {
    CheckpointError::Io { path: path.to_owned(), cause: error.to_string() }
}

/// Somebody else removed it first: just as well.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Makes a rename in the folder survive a power cut. Some file systems cannot sync a folder; there
/// the rename is as safe as they make it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let is_unsupported = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
    };
    failpoint::reach(Failpoint::CheckpointFolder)?;
    File::open(folder)?
        .sync_all()
        .or_else(|error| if is_unsupported(&error) { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests;
