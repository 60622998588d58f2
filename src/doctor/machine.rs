//! What the process works with: its limits, its data directory, the disk under that, its clock.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{Datelike, Utc};
use rustix::fs::statvfs;

use super::finding::{Area, Finding, Findings};
use crate::config::Settings;
use crate::data_dir::{DataDir, DataDirError, Lock};
use crate::resources::Need;

/// Under so much free space a run of some days does not end.
pub(super) const ROOM_MIN_BYTES: u64 = 64 << 20;
/// Under so much it is worth a look: a simulated year of 372 agents is about this.
pub(super) const ROOM_SMALL_BYTES: u64 = 1 << 30;
/// Syncs that are timed.
const SYNCS: usize = 5;
/// A disk that takes longer to sync makes each row wait for it.
const SYNC_SLOW: Duration = Duration::from_millis(200);
/// A clock that shows an earlier year was never set.
const YEAR_MIN: i32 = 2025;

const AREA: Area = Area::Machine;

/// Looks at all of it.
pub(super) fn look(settings: &Settings, findings: &mut Findings) {
    findings.push(limits(settings));
    let data = &settings.store.data_dir;
    findings.push(directory(data));
    let place = standing(data);
    findings.push(room(&place));
    findings.push(sync(&place));
    findings.push(clock(Utc::now().year()));
}

fn limits(settings: &Settings) -> Finding {
    match Need::of_run(settings).ensure() {
        Ok(None) => Finding::ok(AREA, "limits", "open files, threads and memory are enough"),
        Ok(Some(tight)) => {
            let fix = "raise the limit (`ulimit -n`, LimitNOFILE= of a service)";
            Finding::warn(AREA, "limits", tight.to_string(), fix)
        }
        Err(scarce) => {
            let fix = "raise the limit of the shell, the service or the container";
            Finding::fail(AREA, "limits", scarce.to_string(), fix)
        }
    }
}

/// The data directory, which is not made here.
fn directory(data: &Path) -> Finding {
    let shown = data.display();
    match usable(data) {
        Ok(true) => Finding::ok(AREA, "data", format!("{shown} is free and can be written")),
        Ok(false) => Finding::ok(AREA, "data", format!("{shown} will be made")),
        Err(error @ DataDirError::Locked { .. }) => {
            let fix = "a second run needs a directory of its own: --data DIR";
            Finding::warn(AREA, "data", error.to_string(), fix)
        }
        Err(error) => {
            let fix = "make it writable, or name another with --data";
            Finding::fail(AREA, "data", error.to_string(), fix)
        }
    }
}

/// Whether it is there; an error where a run could not work in it.
fn usable(data: &Path) -> Result<bool, DataDirError> {
    let path = data.to_path_buf();
    match fs::metadata(data) {
        Ok(metadata) if metadata.is_dir() => {
            write_a_little(data, 0).map_err(|cause| DataDirError::NotWritable {
                path,
                file: data.to_path_buf(),
                cause,
            })?;
            Lock::look(data).map(|()| true)
        }
        Ok(_) => Err(DataDirError::NotAFolder { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = DataDir::parent_of(data);
            if !parent.is_dir() {
                return Err(DataDirError::NoParent { path, parent });
            }
            let file = parent.clone();
            write_a_little(&parent, 0).map_err(|cause| DataDirError::NotWritable {
                path,
                file,
                cause,
            })?;
            Ok(false)
        }
        Err(cause) => Err(DataDirError::Io { path, cause }),
    }
}

/// The folder itself, or where it would be made.
pub(super) fn standing(data: &Path) -> PathBuf {
    let mut place = std::path::absolute(data).unwrap_or_else(|_| data.to_path_buf());
    while !place.is_dir() && place.pop() {}
    place
}

/// Bytes that this user may still write there, where the system tells it.
pub(super) fn free_under(place: &Path) -> Option<u64> {
    let disk = statvfs(place).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn room(place: &Path) -> Finding {
    let Some(free) = free_under(place) else {
        return Finding::skip(AREA, "disk", "its room is not told");
    };
    let says = format!("{} MiB free under {}", free >> 20, place.display());
    let fix = "make room there, or name a directory on another disk with --data";
    match free {
        free if free < ROOM_MIN_BYTES => Finding::fail(AREA, "disk", says, fix),
        free if free < ROOM_SMALL_BYTES => Finding::warn(AREA, "disk", says, fix),
        _ => Finding::ok(AREA, "disk", says),
    }
}

fn sync(place: &Path) -> Finding {
    let mut took = match write_a_little(place, SYNCS) {
        Ok(took) => took,
        Err(error) => return Finding::skip(AREA, "sync", format!("nothing was written: {error}")),
    };
    took.sort_unstable();
    let median = took[took.len() / 2];
    let says = format!("the disk syncs in {:.1} ms", median.as_secs_f64() * 1_000.0);
    match median {
        slow if slow > SYNC_SLOW => {
            let fix = "take a disk of this machine for --data: each COMMIT waits for it";
            Finding::warn(AREA, "sync", says, fix)
        }
        _ => Finding::ok(AREA, "sync", says),
    }
}

/// Writes a file that has no name, and times so many syncs of it.
pub(super) fn write_a_little(folder: &Path, syncs: usize) -> io::Result<Vec<Duration>> {
    let mut file: File = tempfile::tempfile_in(folder)?;
    let mut took = Vec::with_capacity(syncs);
    for _ in 0..syncs {
        file.write_all(&[0; 4096])?;
        let begun = Instant::now();
        file.sync_all()?;
        took.push(begun.elapsed());
    }
    Ok(took)
}

fn clock(year: i32) -> Finding {
    match year {
        year if year < YEAR_MIN => {
            let fix = "set the clock (ntp): certificates and tokens are judged by it";
            Finding::fail(AREA, "clock", format!("it is {year} by this machine's clock"), fix)
        }
        _ => Finding::ok(AREA, "clock", format!("{}", Utc::now().format("%F %T UTC"))),
    }
}

#[cfg(test)]
mod tests {
    use actors::domain::ids::OwnerToken;

    use super::*;

    fn state(data: &Path) -> (String, String) {
        let finding = directory(data);
        (format!("{:?}", finding.state), finding.says)
    }

    #[test]
    fn a_directory_that_is_not_there_is_not_made_and_one_that_is_in_use_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert_eq!(state(&data).0, "Ok");
        assert!(!data.exists());
        let held = Lock::take(&DataDir::open(&data).unwrap(), OwnerToken::fresh()).unwrap();
        let (is, says) = state(&data);
        assert!(is == "Warn" && says.contains("uses it"), "{is} {says}");
        drop(held);
        assert_eq!(state(&data).0, "Ok");
        assert_eq!(state(&folder.path().join("a/b")).0, "Fail");
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(state(&file).0, "Fail");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "the lock's file alone");
    }

    #[test]
    fn the_disk_is_asked_where_the_directory_would_be() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(standing(&folder.path().join("a/b")), folder.path());
        assert_eq!(write_a_little(folder.path(), 3).unwrap().len(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_clock_that_was_never_set_is_no_clock() {
        assert_eq!(format!("{:?}", clock(1970).state), "Fail");
        assert_eq!(format!("{:?}", clock(YEAR_MIN).state), "Ok");
    }
}
