//! What stands in the way of an export, with the way out.

use std::io;
use std::path::PathBuf;

use ports::store::StoreError;

use crate::realism::RealismError;

/// Why an export did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such table.
    #[error("--table {given}: there is no such table{}; --list-tables shows all of them",
        nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownTable {
        /// As asked for.
        given: String,
        /// The nearest name, if one is near.
        nearest: Option<&'static str>,
    },
    /// A filter on what the table does not have.
    #[error("{flag}: table {table} has {lacks}, so it cannot be filtered by it")]
    NoSuchFilter {
        /// The option.
        flag: &'static str,
        /// The table.
        table: &'static str,
        /// As `no agent`.
        lacks: &'static str,
    },
    /// A table of canonical rows only.
    #[error("--replay {given}: table {table} is made of canonical rows; leave --replay away")]
    CanonicalOnly {
        /// The option's value.
        given: &'static str,
        /// The table.
        table: &'static str,
    },
    /// Something is there already.
    #[error("{}: it is there already; say --force to put the new one in its place", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// A folder that cartload did not make.
    #[error("{}: this folder holds {found}, which is not of an export; name another one, --force \
        does not delete it", path.display())]
    NotAnExport {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// The file's or folder's name says nothing that can be written.
    #[error("{}: {cause}", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The Parquet writer refused.
    #[error("{}: {cause}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The database holds what a column cannot mean.
    #[error(
        "column {table}.{column}: `{given}` is no {kind}; `cartload verify` names damaged rows"
    )]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The type.
        kind: &'static str,
        /// What is there, cut.
        given: String,
    },
    /// The run has no scorecard for its data card.
    #[error(transparent)]
    Realism(#[from] RealismError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExportError {
    /// Whether the command line asked for what cannot be.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::UnknownTable { .. }
            | Self::NoSuchFilter { .. }
            | Self::CanonicalOnly { .. }
            | Self::Exists { .. }
            | Self::NotAnExport { .. }
            | Self::BadPath { .. } => true,
            Self::Io { .. }
            | Self::Parquet { .. }
            | Self::Unreadable { .. }
            | Self::Realism(_)
            | Self::Store(_) => false,
        }
    }

    /// The file system's refusal at this path.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
