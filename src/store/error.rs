//! What goes wrong in a query, and how it is told to the actors.
//!
//! diesel hides most SQLSTATEs behind `Unknown`; those are told apart by the server's words, and
//! what cannot be told apart counts as passing: a retry with the same flow id costs lateness only.

use diesel::result::{DatabaseErrorKind as Kind, Error as DieselError};
use domain::flow::{EndReason, FlowStatus};
use domain::ids::{FlowId, RunId};
use ports::failpoint::Injected;
use ports::store::StoreError;
use text::redaction::Redactor;

/// What a query answers.
pub type Answer<T> = Result<T, Fault>;

/// Why a query did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DieselError),
    /// A column holds what it cannot mean.
    #[error("{0}")]
    Unreadable(
        /// Column and value.
        String,
    ),
    /// See [`StoreError::Superseded`].
    #[error("flow {0} already ended as {1} ({2})")]
    Superseded(
        /// The flow.
        FlowId,
        /// How it ended.
        FlowStatus,
        /// Why it ended.
        EndReason,
    ),
    /// See [`StoreError::NotOwner`].
    #[error("run {0} is owned by another process")]
    NotOwner(
        /// The run.
        RunId,
    ),
    /// Another row has it.
    #[error("{0}")]
    Taken(
        /// What.
        String,
    ),
    /// See [`StoreError::RowsLost`].
    #[error("{0}")]
    RowsLost(
        /// Which.
        String,
    ),
    /// A row came and went between two statements.
    #[error("{0}")]
    Race(
        /// Which.
        String,
    ),
}

impl From<Injected> for Fault {
    /// As a fault that may pass.
    fn from(injected: Injected) -> Self {
        Self::Race(injected.to_string())
    }
}

impl Fault {
    /// Names the agent whose row could not be read.
    pub fn of_agent(self, agent: &str) -> Self {
        match self {
            Self::Unreadable(text) => Self::Unreadable(format!("agent {agent}, {text}")),
            Self::Database(_)
            | Self::Superseded(..)
            | Self::NotOwner(_)
            | Self::Taken(_)
            | Self::RowsLost(_)
            | Self::Race(_) => self,
        }
    }

    /// The port's error.
    pub fn into_store_error(self, redactor: &Redactor) -> StoreError {
        match self {
            Self::Database(error) => database_error(&error, redactor),
            Self::Unreadable(text) | Self::Taken(text) => StoreError::Refused(text),
            Self::Superseded(key, status, end_reason) => {
                StoreError::Superseded { key, status, end_reason }
            }
            Self::NotOwner(run) => StoreError::NotOwner(run),
            Self::RowsLost(text) => StoreError::RowsLost(text),
            Self::Race(text) => StoreError::Contention(text),
        }
    }
}

/// The words of an error and of whatever caused it.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// A statement that will fail again however often it is sent.
const REFUSED: [&str; 13] = [
    "does not exist",
    "no such table",
    "no such column",
    "permission denied",
    "syntax error",
    "invalid input",
    "invalid byte sequence",
    "out of range",
    "value too long",
    "violates",
    "constraint failed",
    "too many sql variables",
    "datatype mismatch",
];
/// 40001, 40P01, 55P03 and SQLite's busy and locked.
const CONTENTION: [&str; 5] = [
    "deadlock detected",
    "could not serialize",
    "database is locked",
    "table is locked",
    "lock timeout",
];
/// 53100, 25006 and SQLite's full, read-only and I/O errors.
const CANNOT_WRITE: [&str; 8] = [
    "no space left",
    "disk is full",
    "readonly database",
    "read-only transaction",
    "disk i/o error",
    "could not extend file",
    "could not write",
    "unable to open database file",
];

/// SQLITE_CORRUPT and SQLITE_NOTADB.
const DAMAGED: [&str; 2] = ["disk image is malformed", "is not a database"];

fn database_error(error: &DieselError, redactor: &Redactor) -> StoreError {
    let text = redactor.clean(&chain(error));
    if let DieselError::DatabaseError(kind, _) = error {
        return by_kind(kind, text);
    }
    // The connection, not the statement: a fresh one is used for the retry.
    let of_connection = matches!(
        error,
        DieselError::BrokenTransactionManager
            | DieselError::RollbackErrorOnCommit { .. }
            | DieselError::AlreadyInTransaction
            | DieselError::NotInTransaction
    );
    if of_connection { StoreError::Unavailable(text) } else { StoreError::Refused(text) }
}

fn by_kind(kind: &Kind, text: String) -> StoreError {
    if matches!(kind, Kind::SerializationFailure) {
        StoreError::Contention(text)
    } else if matches!(kind, Kind::ReadOnlyTransaction) {
        StoreError::CannotWrite(text)
    } else if matches!(kind, Kind::ClosedConnection | Kind::UnableToSendCommand) {
        StoreError::Unavailable(text)
    } else if matches!(
        kind,
        Kind::UniqueViolation
            | Kind::ForeignKeyViolation
            | Kind::NotNullViolation
            | Kind::CheckViolation
    ) {
        StoreError::Refused(text)
    } else {
        by_words(text)
    }
}

fn by_words(text: String) -> StoreError {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if says(&CONTENTION) {
        StoreError::Contention(text)
    } else if says(&CANNOT_WRITE) {
        StoreError::CannotWrite(text)
    } else if says(&DAMAGED) {
        StoreError::Damaged(text)
    } else if says(&REFUSED) {
        StoreError::Refused(text)
    } else {
        StoreError::Unavailable(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, words: &str) -> StoreError {
        let error = DieselError::DatabaseError(kind, Box::new(words.to_owned()));
        database_error(&error, &Redactor::new(vec!["hunter2".into()]))
    }

    #[test]
    fn what_may_pass_is_retryable() {
        for words in [
            "deadlock detected",
            "terminating connection due to administrator command",
            "the database system is shutting down",
            "sorry, too many clients already",
            "could not extend file \"base/5/1\": No space left on device",
            "database is locked",
            "database or disk is full",
            "attempt to write a readonly database",
            "query_wait_timeout",
            "something nobody has ever seen",
        ] {
            assert!(told(Kind::Unknown, words).is_retryable(), "{words}");
        }
        assert!(told(Kind::ClosedConnection, "").is_retryable());
        assert!(told(Kind::SerializationFailure, "").is_retryable());
    }

    #[test]
    fn a_statement_that_is_wrong_is_not_retryable() {
        for words in ["relation \"orders\" does not exist", "permission denied for table orders"] {
            assert!(!told(Kind::Unknown, words).is_retryable(), "{words}");
        }
        assert!(!told(Kind::UniqueViolation, "UNIQUE constraint failed").is_retryable());
    }

    #[test]
    fn a_damaged_file_is_not_asked_again_and_damaged_json_is_none() {
        for words in ["database disk image is malformed", "file is not a database"] {
            let error = told(Kind::Unknown, words);
            assert!(matches!(error, StoreError::Damaged(_)), "{error}");
            assert!(!error.is_retryable() && error.is_of_the_place());
        }
        assert!(!told(Kind::Unknown, "malformed JSON").is_of_the_place());
    }

    #[test]
    fn the_password_is_taken_out() {
        let error = told(Kind::Unknown, "cannot connect to postgres://u:hunter2@h/d");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
