//! What the [`Checkpointer`](super::Checkpointer) accepts.

use std::path::PathBuf;

use actix::prelude::*;

use super::snapshot::Snapshot;
use crate::ports::checkpoint_file::{CheckpointError, LoadedCheckpoint};

/// Sent by the Coordinator at boundary 0, every 10 cycles, on freeze, on `c` and on quit. Answers
/// the path; an error leaves the older checkpoints as they were.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<PathBuf, CheckpointError>")]
pub struct SaveCheckpoint(
    /// What to keep.
    pub Snapshot,
);

/// Sent by whoever resumes. Answers the newest valid one, `None` without any.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Option<LoadedCheckpoint>, CheckpointError>")]
pub struct LoadLatest;
