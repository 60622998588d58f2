//! The data directory: SQLite file, checkpoints, and the lock that keeps a second process out.
//!
//! The lock is the open file, not the file's existence: it goes when the process does, however that
//! ends, and the file stays behind with the pid and owner token of the last holder.

pub(crate) mod lock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::lock::{Holder, Lock, Place};

/// The lock's file name.
pub const LOCK_FILE: &str = "cartload.lock";
/// The SQLite file's name.
pub const SQLITE_FILE: &str = "cartload.db";
/// The folder of messages that were said while the dashboard was up.
pub const LOGS: &str = "logs";
/// The checkpoints' folder.
pub const CHECKPOINTS: &str = "checkpoints";

/// A folder that exists and can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    /// As it was named.
    path: PathBuf,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It does not exist and neither does the folder it would be in.
    #[error(
        "data directory {path}: there is no folder {parent} to make it in; make that first, or \
         name another with --data",
        path = path.display(), parent = parent.display()
    )]
    NoParent {
        /// The data directory.
        path: PathBuf,
        /// What is missing.
        parent: PathBuf,
    },
    /// Something else has its name.
    #[error(
        "data directory {path}: it is not a folder; name another with --data",
        path = path.display()
    )]
    NotAFolder {
        /// The data directory.
        path: PathBuf,
    },
    /// It may not be written.
    #[error(
        "data directory {path}: {file} cannot be written ({cause}); make it writable or name \
         another with --data",
        path = path.display(), file = file.display()
    )]
    NotWritable {
        /// The data directory.
        path: PathBuf,
        /// What could not be written.
        file: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another process works in it.
    #[error(
        "data directory {path}: {} uses it; end that, or name another with --data",
        holder_text(holder.as_ref()), path = path.display()
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// Who holds it, as far as the lock file says.
        holder: Option<Holder>,
    },
    /// The operating system said no.
    #[error("data directory {path}: {cause}", path = path.display())]
    Io {
        /// The data directory.
        path: PathBuf,
        /// What it said.
        cause: io::Error,
    },
}

fn holder_text(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!("another cartload, process {}", holder.pid),
        None => "another cartload".to_owned(),
    }
}

impl DataDir {
    /// The folder at `path`, made (for its owner only) if it is not there. Parents are not made: a
    /// misspelt path must not become a tree of folders.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let owned = path.to_path_buf();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(DataDirError::NotAFolder { path: owned }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(DataDirError::NotAFolder { path: owned });
            }
            Err(cause) => return Err(DataDirError::Io { path: owned, cause }),
        }
        Ok(Self { path: owned })
    }

    /// The folder that a data directory is made in.
    pub(crate) fn parent_of(path: &Path) -> PathBuf {
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            Some(_) | None => PathBuf::from("."),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the checkpoints of a data directory are, if there are any.
    pub fn checkpoints_in(data: &Path) -> PathBuf {
        data.join(CHECKPOINTS)
    }

    /// The folder of checkpoints; made if it is not there.
    pub fn checkpoints(&self) -> Result<PathBuf, DataDirError> {
        self.folder(CHECKPOINTS)
    }

    /// The folder of messages; made if it is not there.
    pub fn logs(&self) -> Result<PathBuf, DataDirError> {
        self.folder(LOGS)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, DataDirError> {
        let folder = self.path.join(name);
        match folder_builder().recursive(true).create(&folder) {
            Ok(()) => Ok(folder),
            Err(cause) => {
                Err(DataDirError::NotWritable { path: self.path.clone(), file: folder, cause })
            }
        }
    }

    /// The SQLite file; it need not be there.
    pub fn sqlite_file(&self) -> PathBuf {
        self.path.join(SQLITE_FILE)
    }
}

fn create(path: &Path) -> Result<(), DataDirError> {
    let parent = DataDir::parent_of(path);
    if !parent.is_dir() {
        return Err(DataDirError::NoParent { path: path.to_path_buf(), parent });
    }
    folder_builder().create(path).map_err(|cause| DataDirError::NotWritable {
        path: path.to_path_buf(),
        file: parent,
        cause,
    })
}

/// Folders are for their owner only: databases hold what operators entrust to them.
fn folder_builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use actors::domain::ids::OwnerToken;

    use super::*;

    #[test]
    fn a_missing_folder_is_made_for_its_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let data = DataDir::open(&path).unwrap();
        assert!(data.checkpoints().unwrap().is_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(DataDir::open(&path).unwrap(), data);
    }

    #[test]
    fn a_missing_parent_and_a_file_in_its_place_are_named() {
        let parent = tempfile::tempdir().unwrap();
        let error = DataDir::open(&parent.path().join("a/b")).unwrap_err();
        assert!(matches!(error, DataDirError::NoParent { .. }), "{error}");
        let file = parent.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = DataDir::open(&file).unwrap_err();
        assert!(matches!(error, DataDirError::NotAFolder { .. }), "{error}");
        let error = DataDir::open(&file.join("data")).unwrap_err();
        assert!(matches!(error, DataDirError::NotAFolder { .. }), "{error}");
    }

    #[test]
    fn a_second_lock_is_refused_with_the_pid_of_the_first_until_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let owner = OwnerToken::fresh();
        let first = Lock::take(&data, owner).unwrap();
        assert_eq!(first.previous(), None);
        let refused = Lock::take(&data, OwnerToken::fresh()).unwrap_err();
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
        drop(first);

        let second = Lock::take(&data, OwnerToken::fresh()).unwrap();
        assert_eq!(second.previous().map(|holder| holder.owner), Some(owner));
    }

    #[test]
    fn a_holder_that_died_before_it_owned_a_run_does_not_hide_the_owner_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let (first, second) = (OwnerToken::fresh(), OwnerToken::fresh());
        drop(Lock::take(&data, first).unwrap());
        drop(Lock::take(&data, second).unwrap());
        assert_eq!(Lock::dead_in(folder.path()), [second, first]);
        let third = Lock::take(&data, OwnerToken::fresh()).unwrap();
        assert_eq!(third.dead(), [second, first]);
        assert_eq!(Lock::dead_in(folder.path()), [second, first], "the third one lives");
    }

    #[test]
    fn a_shorter_holder_over_a_longer_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let owner = OwnerToken::fresh();
        drop(Lock::take(&data, owner).unwrap());
        let path = folder.path().join(LOCK_FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}b-4e0e-4d38-9b1e\"]}}")).unwrap();
        assert_eq!(Lock::take(&data, OwnerToken::fresh()).unwrap().dead(), [owner]);
    }

    #[test]
    fn the_holder_that_a_copied_directory_names_is_not_known_to_be_dead() {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data = DataDir::open(folder.path()).unwrap();
        let owner = OwnerToken::fresh();
        let held = Lock::take(&data, owner).unwrap();
        fs::copy(folder.path().join(LOCK_FILE), copy.path().join(LOCK_FILE)).unwrap();
        assert_eq!(Lock::dead_in(copy.path()), []);
        let second = Lock::take(&DataDir::open(copy.path()).unwrap(), OwnerToken::fresh()).unwrap();
        assert_eq!((second.previous(), second.dead()), (None, Vec::new()));
        drop(held);
        // Moved, it is the same file.
        let moved = folder.path().join("moved");
        fs::create_dir(&moved).unwrap();
        fs::rename(folder.path().join(LOCK_FILE), moved.join(LOCK_FILE)).unwrap();
        assert_eq!(Lock::dead_in(&moved), [owner]);
    }

    #[test]
    fn the_holder_of_an_older_release_names_no_place_and_is_dead() {
        let folder = tempfile::tempdir().unwrap();
        let owner = OwnerToken::fresh();
        let text = format!("{{\"pid\": 1, \"owner\": \"{owner}\"}}");
        fs::write(folder.path().join(LOCK_FILE), text).unwrap();
        assert_eq!(Lock::dead_in(folder.path()), [owner]);
    }

    #[test]
    fn a_torn_lock_file_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOCK_FILE), "{\"pid\": 1").unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert_eq!(Lock::take(&data, OwnerToken::fresh()).unwrap().previous(), None);
    }
}
