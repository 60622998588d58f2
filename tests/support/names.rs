//! A DNS of a test's own, for one process: nss_wrapper, a library that answers names from a file.

use std::fs::{self, File};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// The file that a process is told names from.
pub struct Names {
    folder: TempDir,
    library: PathBuf,
    /// How often something was said.
    said: u32,
}

impl Names {
    /// `None`, said aloud, where the library is not installed. Where CARTLOAD_REQUIRE names
    /// nss_wrapper, it must be.
    pub fn new() -> Option<Self> {
        let Some(library) = library() else {
            let required = std::env::var("CARTLOAD_REQUIRE").unwrap_or_default();
            assert!(!required.contains("nss_wrapper"), "nss_wrapper is required, not installed");
            eprintln!("skipped: nss_wrapper is not installed");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        Some(Self { folder, library, said: 0 })
    }

    /// From now on `name` has these addresses, in this order.
    pub fn say(&mut self, name: &str, addresses: &[&str]) {
        let line = |address: &&str| {
            assert!(address.parse::<IpAddr>().is_ok(), "{address}");
            format!("{address} {name}\n")
        };
        let new = self.folder.path().join("new");
        fs::write(&new, addresses.iter().map(line).collect::<String>()).expect("a file");
        // The library reads a file again that is of another second.
        self.said += 1;
        let changed = SystemTime::now() + Duration::from_secs(10) * self.said;
        let file = File::options().append(true).open(&new).expect("a file");
        file.set_modified(changed).expect("a file");
        fs::rename(&new, self.file()).expect("a file");
    }

    /// Has the process ask here.
    pub fn tell(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("NSS_WRAPPER_HOSTS", self.file());
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let folders = folders.chain(["/usr/lib64".into(), "/usr/local/lib".into()]);
    folders.map(|folder| folder.join("libnss_wrapper.so")).find(|path| path.is_file())
}
