//! Whether the files at the paths are the ones that were opened.
//!
//! SQLite goes on writing to a file that nobody finds any more: what it acknowledges then is lost
//! with the process. Only the names are looked at: opening and closing the file once more would
//! take SQLite's locks away.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ports::store::{FileChange, StoreError};

use crate::Access;

/// What a file is to the system, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

/// One file that is in use.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    /// `None` until it was first seen: the write-ahead log is made when it is needed.
    id: Option<FileId>,
}

/// The database and its write-ahead log; nothing for a reader, which loses nothing.
#[derive(Debug)]
pub(super) struct OpenFiles(Vec<OpenFile>);

impl OpenFiles {
    /// Of a database that has just been opened at `path`.
    pub(super) fn at(path: &Path, access: Access) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let paths = match access {
            Access::Write => vec![path.to_owned(), log.into()],
            Access::Read => Vec::new(),
        };
        Self(paths.into_iter().map(|path| OpenFile { id: seen(&path).ok(), path }).collect())
    }

    /// An error where one of them is gone.
    pub(super) fn are_there(&mut self) -> Result<(), StoreError> {
        self.0.iter_mut().try_for_each(OpenFile::is_there)
    }
}

impl OpenFile {
    fn is_there(&mut self) -> Result<(), StoreError> {
        let change = match (self.id, seen(&self.path)) {
            (Some(id), Ok(now)) if id != now => FileChange::Replaced,
            (Some(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => FileChange::Missing,
            (None, Ok(now)) => {
                self.id = Some(now);
                return Ok(());
            }
            // What cannot be looked at for another reason says so when it is written to.
            (Some(_), Ok(_)) | (_, Err(_)) => return Ok(()),
        };
        Err(StoreError::FileGone { path: self.path.display().to_string(), change })
    }
}

fn seen(path: &Path) -> io::Result<FileId> {
    let about = fs::metadata(path)?;
    Ok(FileId { device: about.dev(), inode: about.ino() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(files: &mut OpenFiles) -> Option<FileChange> {
        match files.are_there() {
            Ok(()) => None,
            Err(StoreError::FileGone { change, .. }) => Some(change),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_file_is_missed_when_it_is_moved_or_replaced_and_well_when_it_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("a.db"), folder.path().join("aside"));
        fs::write(&path, "one").unwrap();
        let mut files = OpenFiles::at(&path, Access::Write);
        assert_eq!(change(&mut files), None);
        fs::write(&path, "written to").unwrap();
        assert_eq!(change(&mut files), None, "it is the same file");
        fs::rename(&path, &aside).unwrap();
        assert_eq!(change(&mut files), Some(FileChange::Missing));
        fs::write(&path, "another").unwrap();
        assert_eq!(change(&mut files), Some(FileChange::Replaced));
        fs::rename(&aside, &path).unwrap();
        assert_eq!(change(&mut files), None);
    }

    #[test]
    fn the_log_is_missed_only_once_it_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("a.db"), folder.path().join("a.db-wal"));
        fs::write(&path, "one").unwrap();
        let mut files = OpenFiles::at(&path, Access::Write);
        assert_eq!(change(&mut files), None);
        fs::write(&log, "log").unwrap();
        assert_eq!(change(&mut files), None);
        fs::remove_file(&log).unwrap();
        assert_eq!(change(&mut files), Some(FileChange::Missing));
    }
}
