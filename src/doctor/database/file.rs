//! A SQLite file: there or to be made, whole, free, and on a disk with room.

use std::path::{Path, PathBuf};

use store::StoreOpenError;
use store::survey::{FileState, FileSurvey};

use super::{AREA, counted, not_reached};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::machine::{self, standing};

/// Tells of it; answers whether it can be asked further.
pub(super) fn tell(settings: &Settings, survey: &FileSurvey, findings: &mut Findings) -> bool {
    let path = &survey.path;
    match &survey.file {
        None => {
            findings.push(to_be_made(settings, path));
            outside(settings, path, findings);
            false
        }
        Some(Err(error)) => {
            findings.push(not_reached(error));
            false
        }
        Some(Ok(state)) => {
            let says = format!("SQLite file {}, {} KiB", path.display(), state.bytes >> 10);
            findings.push(Finding::ok(AREA, "reached", says));
            findings.push(whole(path, state));
            findings.push(tables(state.pending, state.unknown));
            outside(settings, path, findings);
            true
        }
    }
}

/// A file that is not there. The data directory is made by a run, and no other folder.
fn to_be_made(settings: &Settings, path: &Path) -> Finding {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        Some(_) | None => PathBuf::from("."),
    };
    if !directory.is_dir() && settings.store.url.is_some() {
        let path = path.to_path_buf();
        return not_reached(&StoreOpenError::DirectoryMissing { path, directory });
    }
    // Of the data directory itself the machine's line says it.
    if directory.is_dir()
        && let Err(cause) = machine::write_a_little(&directory, 0)
    {
        let (path, cause) = (path.to_path_buf(), cause.to_string());
        return not_reached(&StoreOpenError::NotWritable { path, cause });
    }
    Finding::ok(AREA, "reached", format!("SQLite file {} will be made", path.display()))
}

/// Room for a file that lies elsewhere than in the data directory, of which the machine's line
/// tells.
fn outside(settings: &Settings, path: &Path, findings: &mut Findings) {
    let folder = path.parent().unwrap_or(Path::new("."));
    if folder == settings.store.data_dir {
        return;
    }
    let place = standing(folder);
    let Some(free) = machine::free_under(&place) else { return };
    let says = format!("{} MiB free under {}", free >> 20, place.display());
    let fix = "make room there, or name a file on another disk with --db";
    findings.push(match free {
        free if free < machine::ROOM_MIN_BYTES => Finding::fail(AREA, "room", says, fix),
        free if free < machine::ROOM_SMALL_BYTES => Finding::warn(AREA, "room", says, fix),
        _ => Finding::ok(AREA, "room", says),
    });
}

fn whole(path: &Path, state: &FileState) -> Finding {
    match state.check.as_deref() {
        Some("ok") => Finding::ok(AREA, "whole", "its pages are whole"),
        Some(fault) => {
            let says = format!("{} is damaged: {fault}", path.display());
            let fix = "keep a copy, restore a backup and `cartload resume`, or name another file";
            Finding::fail(AREA, "whole", says, fix)
        }
        None => Finding::skip(AREA, "whole", "not read: it is too large for a look"),
    }
}

/// Migrations that are missing, and such that a newer release made.
pub(super) fn tables(pending: usize, unknown: usize) -> Finding {
    if unknown > 0 {
        let of = counted(unknown, "migration");
        let says = format!("a newer release was here: {of} that this one does not know");
        return Finding::warn(AREA, "tables", says, "use that release, or another database");
    }
    match pending {
        0 => Finding::ok(AREA, "tables", "those of this release"),
        pending => {
            let says = format!("{} missing: a run applies it first", counted(pending, "migration"));
            let fix = "back up, then `cartload migrate`; older releases do not know them";
            Finding::warn(AREA, "tables", says, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn older_and_newer_tables_are_told_and_a_newer_release_first() {
        assert_eq!(tables(0, 0).state, State::Ok);
        let older = tables(2, 0);
        assert!(older.state == State::Warn && older.says.contains("2 migrations missing"));
        let newer = tables(2, 1);
        assert!(newer.state == State::Warn && newer.says.contains("newer release"));
    }
}
