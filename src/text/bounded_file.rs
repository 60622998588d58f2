//! Files that somebody else wrote: regular ones, up to a size, in UTF-8; refused at once otherwise.
//!
//! A pipe is refused before it is opened: opening one waits for whoever writes into it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a file that people write by hand: settings, profiles, mappings, coupons, rules.
pub const WRITTEN_BYTES_MAX: u64 = 1024 * 1024;
/// Bytes of a file with one secret.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of a file of certificates: twice a platform's whole bundle.
pub const CERTIFICATES_BYTES_MAX: u64 = 1024 * 1024;

/// Why a file was not read; names no path, which the caller knows better how to say.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The system said no.
    #[error(transparent)]
    System(
        /// Its words.
        #[from]
        io::Error,
    ),
    /// A folder, a pipe, a device.
    #[error("it is {kind}, not a regular file; give a file, or write what it holds into one")]
    NoFile {
        /// What it is.
        kind: &'static str,
    },
    /// Larger than such a file may be.
    #[error("it has more than the {bytes_max} bytes that such a file may have")]
    TooLarge {
        /// What is allowed.
        bytes_max: u64,
    },
    /// No UTF-8.
    #[error("line {line}, column {column}: {cause}; save it as UTF-8")]
    NoText {
        /// 1-based.
        line: usize,
        /// 1-based, in characters.
        column: usize,
        /// What it seems to be.
        cause: &'static str,
    },
}

/// The bytes of the file at `path`, at most `bytes_max`.
pub fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Unread> {
    regular(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    let found = file.metadata()?;
    // What was put there meanwhile.
    regular(found.file_type())?;
    let too_large = || Unread::TooLarge { bytes_max };
    if found.len() > bytes_max {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(too_large()) } else { Ok(bytes) }
}

/// The text of the file at `path`, at most `bytes_max` of UTF-8, without a byte order mark.
pub fn text(path: &Path, bytes_max: u64) -> Result<String, Unread> {
    let bytes = bytes(path, bytes_max)?;
    if matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(Unread::NoText { line: 1, column: 1, cause: "the text is UTF-16" });
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let line = good.matches('\n').count() + 1;
        Unread::NoText { line, column, cause: "the text is not UTF-8" }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn regular(kind: fs::FileType) -> Result<(), Unread> {
    let kind = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a folder",
        kind => special(kind),
    };
    Err(Unread::NoFile { kind })
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "no file"
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn a_file_of_the_size_allowed_is_read_and_one_byte_more_is_refused() {
        let file = file(b"12345");
        assert_eq!(text(file.path(), 5).unwrap(), "12345");
        assert!(matches!(text(file.path(), 4), Err(Unread::TooLarge { bytes_max: 4 })));
    }

    #[test]
    fn a_file_larger_than_memory_is_refused_before_it_is_read() {
        let file = file(b"");
        file.as_file().set_len(1 << 40).unwrap();
        assert!(matches!(bytes(file.path(), 1 << 20), Err(Unread::TooLarge { .. })));
    }

    #[test]
    fn a_folder_a_device_and_a_pipe_nobody_writes_into_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for (path, kind) in
            [(folder.path(), "a folder"), (&pipe, "a pipe"), (Path::new("/dev/zero"), "a device")]
        {
            let error = text(path, 100).unwrap_err().to_string();
            assert!(error.starts_with(&format!("it is {kind}")), "{error}");
        }
    }

    #[test]
    fn a_text_that_is_not_utf_8_is_named_by_line_and_column() {
        let error = text(file("é\nab\u{e9}".as_bytes()).path(), 100);
        assert_eq!(error.unwrap(), "é\nabé");
        let error = text(file(b"\xc3\xa9\nab\xe9c").path(), 100).unwrap_err().to_string();
        assert!(error.starts_with("line 2, column 3: the text is not UTF-8"), "{error}");
        let error = text(file(b"\xff\xfea\0").path(), 100).unwrap_err().to_string();
        assert!(error.contains("UTF-16"), "{error}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(text(file(b"\xef\xbb\xbf(a: 1)").path(), 100).unwrap(), "(a: 1)");
    }
}
