//! Where messages go while the dashboard has the terminal: into a file, the last ones also into
//! memory. What the file does not take is kept and shown when the terminal is free again.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Messages kept for the dashboard.
const RECENT_KEPT: usize = 8;
/// Bytes kept of what the file did not take; what comes then is counted and lost.
const UNWRITTEN_BYTES_MAX: usize = 256 * 1024;

/// Messages on their way into a file.
#[derive(Debug)]
pub struct Diversion {
    path: PathBuf,
    file: File,
    recent: VecDeque<String>,
    count: u64,
    unwritten: Vec<u8>,
    lost: u64,
    panic: Option<String>,
}

/// What a dashboard shows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diverted {
    /// The file.
    pub path: PathBuf,
    /// Messages so far.
    pub count: u64,
    /// The last ones, oldest first.
    pub recent: Vec<String>,
}

impl Diversion {
    /// Into the file at `path`, at its end; it is made, readable for its owner only.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            recent: VecDeque::new(),
            count: 0,
            unwritten: Vec::new(),
            lost: 0,
            panic: None,
        })
    }

    /// Takes in one message, with its line end.
    pub fn take(&mut self, message: &[u8]) {
        self.count += 1;
        if self.recent.len() == RECENT_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(String::from_utf8_lossy(message).trim_end().to_owned());
        if self.file.write_all(message).is_ok() {
            return;
        }
        if self.unwritten.len() + message.len() <= UNWRITTEN_BYTES_MAX {
            self.unwritten.extend_from_slice(message);
        } else {
            self.lost += 1;
        }
    }

    /// Takes in what a panic said; it may be the end of the process.
    pub fn take_panic(&mut self, text: String) {
        self.take(format!("{text}\n").as_bytes());
        self.panic = Some(text);
    }

    /// The last thing a panic said.
    pub fn panic(&self) -> Option<&str> {
        self.panic.as_deref()
    }

    /// What a dashboard shows of it.
    pub fn shown(&self) -> Diverted {
        Diverted {
            path: self.path.clone(),
            count: self.count,
            recent: self.recent.iter().cloned().collect(),
        }
    }

    /// What is said on stderr when the terminal is free again; empty if there was no message.
    pub fn farewell(&self) -> Vec<u8> {
        let mut text = self.unwritten.clone();
        let path = self.path.display();
        if self.lost > 0 {
            let lost = self.lost;
            text.extend(format!("{lost} more could not be kept: {path} takes none\n").bytes());
        }
        if self.count > 0 {
            let count = self.count;
            let messages =
                if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
            text.extend(format!("{messages} of this run: {path}\n").bytes());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_appended_and_the_last_eight_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.log");
        std::fs::write(&path, "before\n").unwrap();
        let mut diversion = Diversion::open(&path).unwrap();
        assert!(diversion.farewell().is_empty());
        for number in 1..=9 {
            diversion.take(format!("message {number}\n").as_bytes());
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("before\nmessage 1\n") && text.ends_with("message 9\n"), "{text}");
        let shown = diversion.shown();
        assert_eq!((shown.count, shown.recent.len()), (9, 8));
        assert_eq!(shown.recent.first().unwrap(), "message 2");
        let farewell = String::from_utf8(diversion.farewell()).unwrap();
        assert!(farewell.starts_with("9 messages of this run: "), "{farewell}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_full_disk_does_not_take_is_shown_at_the_end_and_what_is_lost_is_counted() {
        let mut diversion = Diversion::open(Path::new("/dev/full")).unwrap();
        diversion.take(b"the shop is gone\n");
        diversion.take(&vec![b'x'; UNWRITTEN_BYTES_MAX]);
        let farewell = String::from_utf8(diversion.farewell()).unwrap();
        assert!(farewell.starts_with("the shop is gone\n1 more could not be kept: "), "{farewell}");
    }
}
