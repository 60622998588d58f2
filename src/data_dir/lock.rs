//! One process per data directory: `cartload.lock`, locked as long as its holder lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use actors::domain::ids::OwnerToken;
use serde::{Deserialize, Serialize};

use super::{DataDir, DataDirError, LOCK_FILE};

/// A lock file is not longer, bytes.
const LOCK_FILE_BYTES_MAX: u64 = 16 * 1024;
/// Holders before the present one that are remembered, the newest first: so many resumes in a row
/// may die before they own their run.
const EARLIER_MAX: usize = 64;

/// Who holds the data directory; the lock file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Its right to write to its run.
    pub owner: OwnerToken,
    /// Who held the directory before it, the newest first: all dead, and perhaps still named as
    /// the owner of a run.
    #[serde(default)]
    pub earlier: Vec<OwnerToken>,
    /// Which file says so; `None` in one of an older release. A copy of the directory names a file
    /// that it is not: its holder may live, elsewhere.
    #[serde(default)]
    pub place: Option<Place>,
}

/// One lock file, told from its copies: on another machine they were born at another time, even
/// where they have the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file's number in its file system.
    pub inode: u64,
    /// When the file was made, nanoseconds since 1970; `None` where the file system does not say.
    pub born_ns: Option<u64>,
}

impl Place {
    /// Of an open lock file.
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let born_ns = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Ok(Self { inode: metadata.ino(), born_ns })
    }
}

impl Holder {
    /// Whether it held this very file, and not one that this is a copy of.
    fn held(&self, here: &Place) -> bool {
        self.place.as_ref().is_none_or(|place| place == here)
    }

    /// Its token and those of all holders before it.
    fn tokens(self) -> Vec<OwnerToken> {
        let mut tokens = vec![self.owner];
        tokens.extend(self.earlier);
        tokens
    }
}

/// A held lock; dropping it lets the next process in.
#[derive(Debug)]
pub struct Lock {
    /// The locked file; the lock ends when it is closed.
    _file: File,
    /// Who held the directory before: a dead process.
    previous: Option<Holder>,
}

impl Lock {
    /// Takes the lock at once, or says who holds it.
    pub fn take(data: &DataDir, owner: OwnerToken) -> Result<Self, DataDirError> {
        let path = data.path().join(LOCK_FILE);
        let not_writable = |cause: io::Error| DataDirError::NotWritable {
            path: data.path().to_path_buf(),
            file: path.clone(),
            cause,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&mut file);
                return Err(DataDirError::Locked { path: data.path().to_path_buf(), holder });
            }
            Err(TryLockError::Error(cause)) => return Err(not_writable(cause)),
        }
        let place = Place::of(&file).map_err(not_writable)?;
        let previous = read_holder(&mut file).filter(|holder| holder.held(&place));
        let mut earlier = previous.clone().map(Holder::tokens).unwrap_or_default();
        earlier.truncate(EARLIER_MAX);
        let holder = Holder { pid: std::process::id(), owner, earlier, place: Some(place) };
        write_holder(&mut file, &holder).map_err(not_writable)?;
        Ok(Self { _file: file, previous })
    }

    /// Whether somebody holds `folder`, without leaving a trace there.
    pub fn look(folder: &Path) -> Result<(), DataDirError> {
        let Ok(mut file) = File::open(folder.join(LOCK_FILE)) else { return Ok(()) };
        if file.try_lock_shared().is_ok() {
            return Ok(());
        }
        let holder = read_holder(&mut file);
        Err(DataDirError::Locked { path: folder.to_path_buf(), holder })
    }

    /// Who held the directory before. It is dead, so its owner token may be taken over at once.
    pub fn previous(&self) -> Option<&Holder> {
        self.previous.as_ref()
    }

    /// Owners that held the directory before this process: all dead, whatever their heartbeat says.
    pub fn dead(&self) -> Vec<OwnerToken> {
        self.previous.clone().map(Holder::tokens).unwrap_or_default()
    }

    /// Owners that held `folder` and are dead, without leaving a trace there. The present holder,
    /// if there is one, is not among them.
    pub fn dead_in(folder: &Path) -> Vec<OwnerToken> {
        let Ok(mut file) = File::open(folder.join(LOCK_FILE)) else { return Vec::new() };
        let is_free = file.try_lock_shared().is_ok();
        let Ok(here) = Place::of(&file) else { return Vec::new() };
        let held = read_holder(&mut file).filter(|holder| holder.held(&here));
        let Some(holder) = held else { return Vec::new() };
        if is_free { holder.tokens() } else { holder.earlier }
    }
}

/// `None` when there is no holder or the file is torn: it then says nothing.
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LOCK_FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    // Behind it may stand the end of a longer one, if its writer was killed half-way.
    serde_json::Deserializer::from_str(&text).into_iter().next()?.ok()
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_string(holder).map_err(io::Error::other)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    // After the write: a process killed in between leaves a holder, never an empty file.
    file.set_len(text.len() as u64)?;
    file.sync_all()
}
