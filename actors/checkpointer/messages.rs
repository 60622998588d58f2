//! What the [`Checkpointer`](super::Checkpointer) accepts.

use std::path::PathBuf;

use actix::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::snapshot::Snapshot;
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

/// Sent by the Coordinator for a developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[rtype(result = "()")]
pub enum CheckpointerInjection {
    /// A checkpoint of the last clean boundary is written at once; the Coordinator, who knows what
    /// goes into it, sends [`SaveCheckpoint`] in its place.
    Save,
    /// So many saves fail.
    Fail {
        /// How many.
        saves: u32,
    },
    /// The actor panics and is built anew.
    Die,
}
