//! Opening the file: durable settings first, then the migrations, with errors that name the fix.
//!
//! `synchronous=FULL` is what makes an acknowledged flow survive a power cut in WAL mode.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use diesel_migrations::MigrationHarness;

use crate::store::error::chain;
use crate::store::migrations::MIGRATIONS;
use crate::store::open_error::StoreOpenError;

/// How long a statement waits for another process; milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// Opens the file and applies the migrations; answers how many were applied.
pub(super) fn open(path: &Path) -> Result<(SqliteConnection, usize), StoreOpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    if !directory.is_dir() {
        return Err(StoreOpenError::DirectoryMissing { path: path.to_owned(), directory });
    }
    let mut connection = connect(path)?;
    let writable = connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK");
    writable.map_err(|e| refused(path, &chain(&e)))?;
    let applied = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|e| StoreOpenError::Migration { cause: e.to_string() })?
        .len();
    Ok((connection, applied))
}

/// A connection with the settings of this store.
pub(super) fn connect(path: &Path) -> Result<SqliteConnection, StoreOpenError> {
    let name = path.to_str().ok_or_else(|| StoreOpenError::BadUrl {
        cause: format!("{} is not UTF-8", path.display()),
    })?;
    let mut connection =
        SqliteConnection::establish(name).map_err(|e| refused(path, &chain(&e)))?;
    let settings = format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; \
         PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;"
    );
    connection.batch_execute(&settings).map_err(|e| refused(path, &chain(&e)))?;
    Ok(connection)
}

fn refused(path: &Path, cause: &str) -> StoreOpenError {
    let path = path.to_owned();
    let lower = cause.to_lowercase();
    if lower.contains("locked") {
        StoreOpenError::Locked { path }
    } else if lower.contains("not a database") || lower.contains("malformed") {
        StoreOpenError::NotADatabase { path }
    } else if ["readonly", "unable to open", "disk i/o", "is full"]
        .iter()
        .any(|w| lower.contains(w))
    {
        StoreOpenError::NotWritable { path, cause: cause.to_owned() }
    } else {
        StoreOpenError::Other { cause: format!("{}: {cause}", path.display()) }
    }
}
