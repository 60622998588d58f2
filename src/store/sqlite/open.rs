//! Opening the file. To write: durable settings first, then the migrations, with errors that name
//! the fix.
//!
//! `synchronous=FULL` is what makes an acknowledged flow survive a power cut in WAL mode.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryDsl, RunQueryDsl, SqliteConnection};
use diesel_migrations::MigrationHarness;

use crate::Access;
use crate::error::chain;
use crate::migrations::{MIGRATIONS, pending};
use crate::open_error::StoreOpenError;

/// How long a statement waits for another process; milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;
/// Settings of a connection that writes.
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;";
/// Settings of one that does not.
const READER: &str = "PRAGMA query_only = ON;";

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// Opens the file and, to write, applies the migrations; answers how many were applied.
pub(super) fn open(
    path: &Path,
    access: Access,
) -> Result<(SqliteConnection, usize), StoreOpenError> {
    match access {
        Access::Write => open_to_write(path),
        Access::Read => Ok((open_to_read(path)?, 0)),
    }
}

fn open_to_read(path: &Path) -> Result<SqliteConnection, StoreOpenError> {
    if !path.exists() {
        return Err(StoreOpenError::Missing { path: path.to_owned() });
    }
    let mut connection = connect(path, Access::Read)?;
    match pending(&applied(path, &mut connection)?) {
        0 => Ok(connection),
        pending => Err(StoreOpenError::Outdated { place: path.display().to_string(), pending }),
    }
}

/// The migrations that were applied to it.
pub(super) fn applied(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<Vec<String>, StoreOpenError> {
    let versions = __diesel_schema_migrations::table
        .select(__diesel_schema_migrations::version)
        .load::<String>(connection);
    match versions {
        Ok(versions) => Ok(versions),
        Err(error) if chain(&error).contains("no such table") => Ok(Vec::new()),
        Err(error) => Err(refused(path, &chain(&error))),
    }
}

fn open_to_write(path: &Path) -> Result<(SqliteConnection, usize), StoreOpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    if !directory.is_dir() {
        return Err(StoreOpenError::DirectoryMissing { path: path.to_owned(), directory });
    }
    let mut connection = connect(path, Access::Write)?;
    let writable = connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK");
    writable.map_err(|e| refused(path, &chain(&e)))?;
    let applied = connection
        .run_pending_migrations(MIGRATIONS)
        .map_err(|e| StoreOpenError::Migration { cause: e.to_string() })?
        .len();
    Ok((connection, applied))
}

/// A connection with the settings of this store.
pub(super) fn connect(path: &Path, access: Access) -> Result<SqliteConnection, StoreOpenError> {
    let name = path.to_str().ok_or_else(|| StoreOpenError::BadUrl {
        cause: format!("{} is not UTF-8", path.display()),
    })?;
    let (name, settings) = match access {
        Access::Write => (name.to_owned(), WRITER),
        Access::Read => (format!("file:{}?mode=ro", escaped(name)), READER),
    };
    let mut connection =
        SqliteConnection::establish(&name).map_err(|e| refused(path, &chain(&e)))?;
    let settings = format!("PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; {settings}");
    connection.batch_execute(&settings).map_err(|e| refused(path, &chain(&e)))?;
    Ok(connection)
}

/// A path inside a `file:` URI.
pub(super) fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

pub(super) fn refused(path: &Path, cause: &str) -> StoreOpenError {
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
