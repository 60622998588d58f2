//! A disk of a few MB, where this user may mount one.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A shell waits beside it on a pipe of ours and unmounts it however this process ends.
pub struct SmallDisk {
    directory: TempDir,
    guard: Child,
}

impl SmallDisk {
    /// `None`, with a line that says so, where this user may not.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut mount = Command::new("mount");
        let size = format!("size={megabytes}m");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: this user may not mount a small disk");
            return None;
        }
        let script = format!("cat >/dev/null; umount -l {0}; rmdir {0}", path.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stdin(Stdio::piped()).stderr(Stdio::null());
        Some(Self { guard: shell.spawn().unwrap(), directory })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Takes as much as there is.
    pub fn fill(&self) {
        let mut size: usize = 1 << 22;
        while size > 256 {
            if append(&self.ballast(), size).is_err() {
                size /= 2;
            }
        }
    }

    /// Gives it back.
    pub fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
    }
}

fn append(path: &Path, size: usize) -> std::io::Result<()> {
    let mut file = std::fs::File::options().create(true).append(true).open(path)?;
    file.write_all(&vec![0; size])
}
