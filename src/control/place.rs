//! Where the socket is: in the data directory, or behind a link from there.
//!
//! A socket's path has at most 103 bytes on macOS. Where the data directory's is longer, the socket
//! is bound in a folder of this user for temporary files, and `control.sock` links to it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ControlError, SOCKET_FILE};

/// Bytes of a socket's path: sun_path has 104 on macOS, with its end.
const PATH_BYTES_MAX: usize = 103;
/// For its owner alone.
const SOCKET_MODE: u32 = 0o600;
/// For its owner alone.
const FOLDER_MODE: u32 = 0o700;

/// The socket of a data directory, to be bound; what is there goes with it.
#[derive(Debug)]
pub struct Place {
    /// `control.sock` in the data directory.
    named: PathBuf,
    /// The socket itself; another path where `named` is too long.
    bound: PathBuf,
}

impl Place {
    /// The place for the socket of `data`, free: what a dead process left there is removed, what a
    /// living one holds is an error.
    pub fn free(data: &Path) -> Result<Self, ControlError> {
        let named = data.join(SOCKET_FILE);
        let bound = if fits(&named) { named.clone() } else { private_folder()?.join(short(data)) };
        for path in [&named, &bound] {
            remove_dead(path)?;
        }
        Ok(Self { named, bound })
    }

    /// The socket's path.
    pub fn bound(&self) -> &Path {
        &self.bound
    }

    /// Closes what has just been bound to others, and links to it.
    pub fn settle(&self) -> Result<(), ControlError> {
        let permissions = fs::Permissions::from_mode(SOCKET_MODE);
        let settled = fs::set_permissions(&self.bound, permissions);
        let settled = match self.named == self.bound {
            true => settled,
            false => settled.and_then(|()| symlink(&self.bound, &self.named)),
        };
        settled.map_err(|cause| ControlError::Io { socket: self.named.clone(), cause })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for path in [&self.named, &self.bound] {
            // It may be gone already; a file left behind is replaced by the next run.
            let _ = fs::remove_file(path);
        }
    }
}

/// Where the run of `data` listens, if one does.
pub fn of_run(data: &Path) -> io::Result<PathBuf> {
    let named = data.join(SOCKET_FILE);
    match fs::read_link(&named) {
        Ok(bound) => Ok(bound),
        // No link: the socket itself, or nothing.
        Err(_) => fs::symlink_metadata(&named).map(|_| named),
    }
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= PATH_BYTES_MAX
}

/// A name of its own for each data directory.
fn short(data: &Path) -> String {
    let whole = fs::canonicalize(data).unwrap_or_else(|_| data.to_path_buf());
    let hash = Sha256::digest(whole.as_os_str().as_encoded_bytes());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.sock")
}

/// A folder for sockets that nobody else can write to or look into.
fn private_folder() -> Result<PathBuf, ControlError> {
    let user = rustix::process::geteuid().as_raw();
    let folder = std::env::temp_dir().join(format!("cartload-{user}"));
    let folder = match fits(&folder.join("0123456789abcdef.sock")) {
        true => folder,
        false => PathBuf::from(format!("/tmp/cartload-{user}")),
    };
    match DirBuilder::new().mode(FOLDER_MODE).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(ControlError::Io { socket: folder, cause }),
    }
    // Anybody may have made it before us.
    let is_ours = fs::symlink_metadata(&folder).is_ok_and(|found| {
        found.is_dir() && found.uid() == user && found.mode() & 0o777 == FOLDER_MODE
    });
    if is_ours { Ok(folder) } else { Err(ControlError::Unsafe { path: folder }) }
}

fn remove_dead(path: &Path) -> Result<(), ControlError> {
    let io_error = |cause| ControlError::Io { socket: path.to_path_buf(), cause };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(io_error(cause)),
    };
    let socket = match found {
        kind if kind.is_symlink() => fs::read_link(path).map_err(io_error)?,
        kind if kind.is_socket() => path.to_path_buf(),
        _ => return Err(ControlError::InTheWay { path: path.to_path_buf() }),
    };
    match UnixStream::connect(&socket) {
        Ok(_) => Err(ControlError::Taken { socket: path.to_path_buf() }),
        Err(error) if is_dead(&error) => fs::remove_file(path).map_err(io_error),
        Err(cause) => Err(io_error(cause)),
    }
}

/// Whether an error of connecting says that nobody listens.
pub fn is_dead(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn what_a_dead_process_left_is_replaced_and_a_living_one_is_not() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(SOCKET_FILE);
        let listener = UnixListener::bind(&path).unwrap();
        assert!(matches!(Place::free(data.path()), Err(ControlError::Taken { .. })));
        assert!(path.exists());
        drop(listener);
        assert!(path.exists(), "a socket outlives its process");
        let place = Place::free(data.path()).unwrap();
        assert!(!path.exists());
        let _listener = UnixListener::bind(place.bound()).unwrap();
        place.settle().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(of_run(data.path()).unwrap(), path);
        drop(place);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(SOCKET_FILE);
        fs::write(&path, "somebody's notes").unwrap();
        assert!(matches!(Place::free(data.path()), Err(ControlError::InTheWay { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's notes");
    }

    #[test]
    fn a_data_directory_with_a_long_path_gets_a_link_to_a_socket_with_a_short_one() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("d".repeat(80)).join("e".repeat(80));
        fs::create_dir_all(&data).unwrap();
        for _ in 0..2 {
            let place = Place::free(&data).unwrap();
            assert!(fits(place.bound()) && place.bound() != data.join(SOCKET_FILE));
            let _listener = UnixListener::bind(place.bound()).unwrap();
            place.settle().unwrap();
            let found = of_run(&data).unwrap();
            assert_eq!(found, place.bound());
            UnixStream::connect(found).unwrap();
            let folder = place.bound().parent().unwrap();
            assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
            // As after a kill: both stay, and the next run replaces them.
            std::mem::forget(place);
        }
        drop(Place::free(&data).unwrap());
        assert!(of_run(&data).is_err());
    }

    #[test]
    fn where_nothing_is_there_is_no_run() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(of_run(data.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
