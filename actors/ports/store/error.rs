//! Why the store did not do it, and whether asking again may help.

use std::fmt;

use domain::flow::{EndReason, FlowStatus};
use domain::ids::{FlowId, RunId};

/// Why the store did not do it. No variant carries a password.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable or not answering; the same call again may succeed.
    #[error("the database does not answer: {0}")]
    Unavailable(
        /// What it said last.
        String,
    ),
    /// The pool had no connection in time.
    #[error("no database connection within {waited_ms} ms: {cause}")]
    PoolExhausted {
        /// Milliseconds waited.
        waited_ms: u64,
        /// What the last attempt to connect said.
        cause: String,
    },
    /// Serialization failure, deadlock or a busy file; the same call again may succeed.
    #[error("the database asks to try again: {0}")]
    Contention(
        /// What it said.
        String,
    ),
    /// The disk is full or the file read-only; may pass.
    #[error("the database cannot write: {0}; free space or make it writable")]
    CannotWrite(
        /// What it said.
        String,
    ),
    /// The row ended differently before.
    #[error("flow {key}: its row already ended as {status} ({end_reason})")]
    Superseded {
        /// Which flow.
        key: FlowId,
        /// How the row ended.
        status: FlowStatus,
        /// Why the row ended.
        end_reason: EndReason,
    },
    /// Another process owns the run.
    #[error("run {0} is owned by another process")]
    NotOwner(
        /// The run.
        RunId,
    ),
    /// The statement itself is wrong for this database; trying again will not help.
    #[error("the database refused a statement: {0}")]
    Refused(
        /// What it said.
        String,
    ),
    /// What was acknowledged is there no longer: an older copy has taken the database's place.
    #[error(
        "the database lost rows that it had acknowledged: {0}; it fell back to an older state \
         (a failover, a restored backup), and what is lost is lived again"
    )]
    RowsLost(
        /// Which.
        String,
    ),
    /// The file at the database's path is not the one that was opened.
    #[error(
        "the database file {path} {change} under the run: nothing is written to it; put that file \
         back, or end this process, restore a backup and `cartload resume`"
    )]
    FileGone {
        /// Its path.
        path: String,
        /// What became of it.
        change: FileChange,
    },
    /// What the database holds is no database any more.
    #[error(
        "the database is damaged: {0}; nothing can be written to it; keep a copy, restore a backup \
         and `cartload resume`"
    )]
    Damaged(
        /// What it said.
        String,
    ),
    /// The password was changed under the run: no connection is left, and none is had with it.
    #[error("the database refuses this run's login: {0}")]
    LoginRefused(
        /// What it said, and what is to be done.
        String,
    ),
    /// The store was shut down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same call again may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::PoolExhausted { .. }
            | Self::Contention(_)
            | Self::CannotWrite(_) => true,
            Self::Superseded { .. }
            | Self::NotOwner(_)
            | Self::Refused(_)
            | Self::RowsLost(_)
            | Self::FileGone { .. }
            | Self::Damaged(_)
            | Self::LoginRefused(_)
            | Self::Closed => false,
        }
    }

    /// Whether a later call may succeed: as retryable, or somebody puts a file or a password back.
    pub fn may_pass(&self) -> bool {
        self.is_retryable() || matches!(self, Self::FileGone { .. } | Self::LoginRefused(_))
    }

    /// Whether it is the database itself that fails, and not one call.
    pub fn is_of_the_place(&self) -> bool {
        matches!(self, Self::FileGone { .. } | Self::Damaged(_) | Self::LoginRefused(_))
    }
}

/// What became of a file that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// Deleted, or moved away.
    Missing,
    /// Another one is in its place.
    Replaced,
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "was deleted or moved away",
            Self::Replaced => "was replaced by another one",
        })
    }
}
