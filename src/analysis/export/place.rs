//! Files and folders that appear whole under their names or not at all, with the checksum of what
//! was written.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::{Builder, NamedTempFile, TempDir, TempPath};

use super::{ExportError, tables};

/// Bytes between two writes.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Its name, below the export's folder.
    pub file: PathBuf,
    /// Rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Takes bytes, and counts and hashes them.
pub struct Place {
    out: Box<dyn Write + Send>,
    file: Option<File>,
    path: PathBuf,
    name: PathBuf,
    bytes: u64,
    hash: Sha256,
}

impl Place {
    /// The process' stdout.
    pub fn stdout() -> Self {
        let out = Box::new(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()));
        Self::of(out, None, "stdout".into(), "stdout".into())
    }

    /// A file, which must not be there; `name` is what it is called in the card.
    pub fn create(path: &Path, name: PathBuf) -> Result<Self, ExportError> {
        let file = File::create_new(path).map_err(ExportError::io(path))?;
        Self::file(file, path.to_owned(), name)
    }

    fn file(file: File, path: PathBuf, name: PathBuf) -> Result<Self, ExportError> {
        let copy = file.try_clone().map_err(ExportError::io(&path))?;
        let out = Box::new(BufWriter::with_capacity(BUFFER_BYTES, copy));
        Ok(Self::of(out, Some(file), path, name))
    }

    fn of(out: Box<dyn Write + Send>, file: Option<File>, path: PathBuf, name: PathBuf) -> Self {
        Self { out, file, path, name, bytes: 0, hash: Sha256::new() }
    }

    /// Where the bytes go, for errors.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything is on the disk.
    pub fn finish(mut self, rows: u64) -> Result<Written, ExportError> {
        self.out.flush().map_err(ExportError::io(&self.path))?;
        if let Some(file) = &self.file {
            file.sync_all().map_err(ExportError::io(&self.path))?;
        }
        let digest = self.hash.finalize();
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Written { file: self.name, rows, bytes: self.bytes, sha256 })
    }
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let taken = bytes.get(..written).unwrap_or(bytes);
        self.hash.update(taken);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What an export becomes.
pub enum Target {
    /// A file, beside which its card stands.
    File {
        /// Its name.
        path: PathBuf,
        /// What is written meanwhile; it goes if the export does.
        temporary: TempPath,
        /// Whether it takes the place of another one.
        force: bool,
    },
    /// A folder, beside which its card stands: readers take a folder's files for data.
    Folder {
        /// Its name.
        path: PathBuf,
        /// What is written meanwhile; it goes if the export does.
        temporary: TempDir,
        /// Whether it takes the place of another export.
        force: bool,
    },
}

impl Target {
    /// A file with this name.
    pub fn file(path: &Path, force: bool) -> Result<(Self, Place), ExportError> {
        let name = name_of(path)?;
        must_be_free(path, force)?;
        let (file, temporary) = temporary_file(path)?.into_parts();
        let place = Place::file(file, path.to_owned(), name.into())?;
        Ok((Self::File { path: path.to_owned(), temporary, force }, place))
    }

    /// A folder with this name; answers also where to write meanwhile.
    pub fn folder(path: &Path, force: bool) -> Result<(Self, PathBuf), ExportError> {
        if path.exists() {
            if !path.is_dir() {
                return Err(bad(path, "it is a file; name a folder, or say --out"));
            }
            let is_empty = must_be_an_export(path)?;
            if !is_empty && !force {
                return Err(ExportError::Exists { path: path.to_owned() });
            }
        }
        let temporary = temporary_folder(path)?;
        let root = temporary.path().to_owned();
        Ok((Self::Folder { path: path.to_owned(), temporary, force }, root))
    }

    /// Everything appears, the cards with it: first the data, then what describes it.
    pub fn publish(self, json: &str, markdown: &str) -> Result<(), ExportError> {
        let path = match self {
            Self::File { path, temporary, force } => {
                appear(temporary, &path, force)?;
                path
            }
            Self::Folder { path, temporary, force } => {
                // An old export steps aside and goes once the new one stands.
                let steps_aside = path.exists() && force;
                let old = steps_aside.then(|| temporary_folder(&path)).transpose()?;
                if let Some(old) = &old {
                    fs::rename(&path, old.path().join("old")).map_err(ExportError::io(&path))?;
                }
                fs::rename(temporary.path(), &path).map_err(ExportError::io(&path))?;
                // Its name has changed: there is nothing left to delete.
                let _ = temporary.keep();
                path
            }
        };
        replace(&beside(&path, "card.json"), json)?;
        replace(&beside(&path, "card.md"), markdown)?;
        sync(&folder_of(&path)?)
    }
}

/// A folder with anything else is not deleted, whatever somebody says; answers whether it is empty.
fn must_be_an_export(path: &Path) -> Result<bool, ExportError> {
    let mut is_empty = true;
    for entry in fs::read_dir(path).map_err(ExportError::io(path))? {
        let entry = entry.map_err(ExportError::io(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        is_empty = false;
        // Of an export of all tables each has a folder, with the same in it.
        if tables::all().iter().any(|table| table.name == name) && entry.path().is_dir() {
            must_be_an_export(&entry.path())?;
            continue;
        }
        let is_part = name.starts_with("part-") && name.ends_with(".parquet");
        if !(is_part || name.starts_with("run_id=") || name.starts_with("day=")) {
            return Err(ExportError::NotAnExport { path: path.to_owned(), found: name });
        }
    }
    Ok(is_empty)
}

/// `events.parquet` and `card.json`: `events.parquet.card.json`.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// A file beside `path`, with a name of its own and what the process' mask leaves of the rights.
fn temporary_file(path: &Path) -> Result<NamedTempFile, ExportError> {
    let (folder, prefix) = (folder_of(path)?, format!(".{}.", name_of(path)?));
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp").permissions(Permissions::from_mode(0o666));
    builder.tempfile_in(folder).map_err(ExportError::io(path))
}

/// A folder beside `path`, likewise.
fn temporary_folder(path: &Path) -> Result<TempDir, ExportError> {
    let (folder, prefix) = (folder_of(path)?, format!(".{}.", name_of(path)?));
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp").permissions(Permissions::from_mode(0o777));
    builder.tempdir_in(folder).map_err(ExportError::io(path))
}

fn replace(path: &Path, text: &str) -> Result<(), ExportError> {
    let mut file = temporary_file(path)?;
    file.write_all(text.as_bytes()).map_err(ExportError::io(path))?;
    file.persist(path)
        .map_err(|error| ExportError::Io { path: path.into(), source: error.error })?;
    Ok(())
}

/// Refuses a name that a file cannot get, before anything is read for it.
pub fn must_be_free(path: &Path, force: bool) -> Result<(), ExportError> {
    if path.is_dir() {
        return Err(bad(path, "it is a folder; name a file"));
    }
    folder_of(path)?;
    if path.exists() && !force {
        return Err(ExportError::Exists { path: path.to_owned() });
    }
    Ok(())
}

/// A file with this text and no card, whole under its name or not at all.
pub fn write_file(path: &Path, force: bool, text: &str) -> Result<(), ExportError> {
    let (Target::File { temporary, .. }, mut place) = Target::file(path, force)? else {
        return Err(bad(path, "it is no file"));
    };
    place.write_all(text.as_bytes()).map_err(ExportError::io(path))?;
    place.finish(0)?;
    appear(temporary, path, force)?;
    sync(&folder_of(path)?)
}

fn appear(temporary: TempPath, path: &Path, force: bool) -> Result<(), ExportError> {
    let moved = match force {
        true => temporary.persist(path),
        false => temporary.persist_noclobber(path),
    };
    moved.map_err(|error| {
        let (path, source) = (path.to_owned(), error.error);
        match source.kind() == io::ErrorKind::AlreadyExists {
            true => ExportError::Exists { path },
            false => ExportError::Io { path, source },
        }
    })
}

/// A rename is durable once its folder is.
fn sync(folder: &Path) -> Result<(), ExportError> {
    let open = File::open(folder).and_then(|folder| folder.sync_all());
    open.map_err(ExportError::io(folder))
}

fn name_of(path: &Path) -> Result<String, ExportError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| bad(path, "it has no name, or one that is not UTF-8"))
}

fn folder_of(path: &Path) -> Result<PathBuf, ExportError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    };
    if !parent.is_dir() {
        return Err(bad(path, &format!("there is no folder {}; make it first", parent.display())));
    }
    Ok(parent)
}

fn bad(path: &Path, cause: &str) -> ExportError {
    ExportError::BadPath { path: path.to_owned(), cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, force: bool, text: &str) -> Result<Written, ExportError> {
        let (target, mut place) = Target::file(path, force)?;
        place.write_all(text.as_bytes()).unwrap();
        let written = place.finish(1)?;
        target.publish("{}", "# card")?;
        Ok(written)
    }

    #[test]
    fn a_file_appears_whole_with_its_checksum_and_is_not_overwritten_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.csv");
        let written = put(&path, false, "abc").unwrap();
        // SHA-256 of "abc", FIPS 180-2.
        assert!(written.sha256.starts_with("ba7816bf8f01cfea414140de5dae2223"));
        assert_eq!((written.bytes, written.rows), (3, 1));
        assert!(matches!(put(&path, false, "other"), Err(ExportError::Exists { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "abc");
        put(&path, true, "other").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["events.csv", "events.csv.card.json", "events.csv.card.md"]);
    }

    #[test]
    fn one_that_came_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.csv");
        let (target, place) = Target::file(&path, false).unwrap();
        place.finish(0).unwrap();
        fs::write(&path, "somebody else's").unwrap();
        assert!(matches!(target.publish("{}", ""), Err(ExportError::Exists { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_a_folder_that_is_an_export_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export");
        let fill = |force, name: &str| {
            let (target, root) = Target::folder(&path, force)?;
            fs::create_dir(root.join(name)).unwrap();
            target.publish("{}", "")
        };
        fill(false, "run_id=1").unwrap();
        assert!(matches!(fill(false, "run_id=2"), Err(ExportError::Exists { .. })));
        fill(true, "run_id=2").unwrap();
        assert!(path.join("run_id=2").exists() && !path.join("run_id=1").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left behind");
        fill(true, "prices").unwrap();
        fs::write(path.join("prices").join("part-00000.parquet"), "").unwrap();
        fill(true, "run_id=2").unwrap();
        fs::create_dir(path.join("prices")).unwrap();
        fs::write(path.join("prices").join("notes.txt"), "").unwrap();
        let error = fill(true, "run_id=3").unwrap_err();
        assert!(error.to_string().contains("notes.txt"), "{error}");
        fs::write(path.join("thesis.doc"), "").unwrap();
        fs::remove_dir_all(path.join("prices")).unwrap();
        let error = fill(true, "run_id=3").unwrap_err();
        assert!(matches!(error, ExportError::NotAnExport { .. }));
        assert!(error.to_string().contains("thesis.doc"), "{error}");
    }
}
