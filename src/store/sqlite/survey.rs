//! What is at the path of a file, looked at without a trace: a file that is not there is not made,
//! and one beside which a log lies is not asked for its lock, which might write that log back.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

use super::open::{applied, escaped, refused};
use crate::error::chain;
use crate::migrations::{pending, unknown};
use crate::survey::{FileState, FileSurvey, Probed};

/// How long another process is waited for; milliseconds.
const BUSY_TIMEOUT_MS: u32 = 1_000;
/// A larger file takes more than a few seconds to read.
const CHECKED_BYTES_MAX: u64 = 512 << 20;

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Looks at what is at `path`.
pub(crate) fn survey(path: &Path) -> FileSurvey {
    let file = path.exists().then(|| look(path));
    FileSurvey { path: path.to_owned(), file }
}

fn look(path: &Path) -> Probed<FileState> {
    let bytes = std::fs::metadata(path).map_or(0, |about| about.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // A reader of a file without a log would leave an empty one; a writer takes it away again.
    let is_logged = Path::new(&log).exists();
    let mut connection = opened(path, if is_logged { "ro" } else { "rw" })?;
    if !is_logged {
        let locked = connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK; PRAGMA query_only = ON");
        locked.map_err(|error| refused(path, &chain(&error)))?;
    }
    let is_checked = bytes <= CHECKED_BYTES_MAX;
    let check = is_checked.then(|| check(path, &mut connection)).transpose()?;
    let applied = applied(path, &mut connection)?;
    Ok(FileState { pending: pending(&applied), unknown: unknown(&applied), check, bytes })
}

fn opened(path: &Path, mode: &str) -> Probed<SqliteConnection> {
    let name = format!("file:{}?mode={mode}", escaped(&path.to_string_lossy()));
    let failed = |cause: String| refused(path, &cause);
    let mut connection = SqliteConnection::establish(&name).map_err(|e| failed(chain(&e)))?;
    let settings = format!("PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}");
    connection.batch_execute(&settings).map_err(|e| failed(chain(&e)))?;
    Ok(connection)
}

/// The first fault of its pages, or `ok`.
fn check(path: &Path, connection: &mut SqliteConnection) -> Probed<String> {
    let said = diesel::sql_query("PRAGMA quick_check(1)").load::<Said>(connection);
    let said = said.map_err(|error| refused(path, &chain(&error)))?;
    Ok(said.into_iter().next().map_or_else(|| "ok".to_owned(), |row| row.quick_check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Access;
    use crate::open_error::StoreOpenError;

    fn made(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("a?b.db");
        drop(super::super::open::open(&path, Access::Write).unwrap());
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made_and_one_that_is_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(survey(&folder.path().join("none.db")).file.is_none());
        assert_eq!(names(folder.path()), [""; 0]);
        let path = made(folder.path());
        let (before, there) = (std::fs::read(&path).unwrap(), names(folder.path()));
        let state = survey(&path).file.unwrap().unwrap();
        assert_eq!((state.pending, state.unknown, state.check.as_deref()), (0, 0, Some("ok")));
        assert_eq!(names(folder.path()), there);
        assert!(before == std::fs::read(&path).unwrap());
    }

    #[test]
    fn a_lock_is_told_and_damage_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plain.db");
        let mut holder = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        holder
            .batch_execute("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
            .unwrap();
        let locked = survey(&path).file.unwrap().unwrap_err();
        assert!(matches!(locked, StoreOpenError::Locked { .. }), "{locked}");
        holder.batch_execute("ROLLBACK").unwrap();
        drop(holder);
        let state = survey(&path).file.unwrap().unwrap();
        assert_eq!((state.pending, state.unknown), (pending(&[]), 0));
        let path = made(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 6_000].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        let damaged = survey(&path).file.unwrap();
        let is_told = match &damaged {
            Ok(state) => state.check.as_deref() != Some("ok"),
            Err(error) => matches!(error, StoreOpenError::NotADatabase { .. }),
        };
        assert!(is_told, "{damaged:?}");
        std::fs::write(&path, "milk and bread ".repeat(200)).unwrap();
        let none = survey(&path).file.unwrap().unwrap_err();
        assert!(matches!(none, StoreOpenError::NotADatabase { .. }), "{none}");
    }
}
