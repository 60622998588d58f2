//! Where checkpoints are kept. The calls block, unless the files say otherwise: the Checkpointer
//! makes them off its arbiter.

use std::path::PathBuf;

use domain::snapshot::Snapshot;

/// The folder of checkpoints of one data directory.
pub trait CheckpointFile: Send + Sync + 'static {
    /// Writes `snapshot` atomically (temp file, fsync, rename, fsync of the folder), keeps the
    /// newest few, answers the file's path. Nothing is left half-done on an error.
    fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError>;

    /// The newest valid checkpoint; what was refused on the way is in the answer. `None` where
    /// there is no file at all.
    fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError>;

    /// Whether the calls wait for a disk; those of files in memory are made where they are asked.
    fn blocks(&self) -> bool {
        true
    }
}

/// A checkpoint read back.
#[derive(Clone, Debug)]
pub struct LoadedCheckpoint {
    /// Where it was.
    pub path: PathBuf,
    /// What it holds.
    pub snapshot: Snapshot,
    /// Newer files that were refused, each with its reason.
    pub refused: Vec<CheckpointError>,
}

/// Why a checkpoint could not be written or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system said no.
    #[error(
        "checkpoint {}: {cause}; check the folder's permissions and free space",
        path.display()
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// Not JSON, or not of a checkpoint's form.
    #[error("checkpoint {path}: line {line}, column {column}: {cause}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// What was expected.
        cause: String,
    },
    /// The checksum does not fit the content: torn or edited.
    #[error(
        "checkpoint {}: its checksum does not fit its content, it was torn or edited; if you \
         edited it, say `resume --accept-edited`",
        path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// Written by a version this one cannot read.
    #[error(
        "checkpoint {}: format {found} is not one of this version ({expected})",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format this version writes.
        expected: u32,
    },
    /// Not written by cartload under this name.
    #[error("checkpoint {path}: {cause}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        cause: String,
    },
    /// Files are there, none is valid.
    #[error("no valid checkpoint among {count} files in {}: {first}", folder.display())]
    NoneValid {
        /// The folder.
        folder: PathBuf,
        /// Files looked at.
        count: usize,
        /// Why the newest was refused.
        first: String,
    },
}
