//! A terminal with a shell in it, looked at from outside.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::binary::wait;
use super::server::require;

/// A tmux server of its own with one pane; it ends with its test.
pub struct Terminal {
    folder: TempDir,
}

/// What the shell says when it is ready for a line.
const PROMPT: &str = "ready> ";

impl Terminal {
    /// With a shell in `place`; `None`, said aloud, where tmux is not installed.
    pub fn open(columns: u16, rows: u16, place: &Path) -> Option<Self> {
        if !require("tmux", &["tmux"]) {
            return None;
        }
        let terminal = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let size = ["new-session", "-d", "-x", &columns, "-y", &rows, "-c"];
        let shell = format!("env LC_ALL=C.UTF-8 PS1='{PROMPT}' ENV= sh -i");
        let mut args = vec!["-f", "/dev/null"];
        args.extend(size);
        args.extend([place.to_str().expect("UTF-8"), &shell]);
        let started = terminal.tmux(&args);
        assert!(started.status.success(), "{started:?}");
        terminal.wait_for(PROMPT.trim_end());
        Some(terminal)
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let socket = self.folder.path().join("socket");
        let mut command = Command::new("tmux");
        for (name, _) in std::env::vars() {
            if name.starts_with("CARTLOAD_") || name.starts_with("DATABASE_URL") {
                command.env_remove(name);
            }
        }
        for name in ["TMUX", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.arg("-u").arg("-S").arg(socket).args(args).output().expect("tmux runs")
    }

    /// Presses keys, by tmux' names for them.
    pub fn press(&self, key: &str) {
        let pressed = self.tmux(&["send-keys", key]);
        assert!(pressed.status.success(), "{pressed:?}");
    }

    /// Types a line at the shell.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.press("Enter");
    }

    /// Another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let resized = self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
        assert!(resized.status.success(), "{resized:?}");
    }

    /// What stands on the screen.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// Waits until the screen shows `text`; answers the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen fits; answers it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        wait(|| fits(&self.screen()), || format!("{what} on\n{}", self.screen()));
        self.screen()
    }

    /// Writes the terminal's modes into a file of the shell's folder: not its size, which reaches
    /// the terminal some time after a change.
    pub fn note_modes(&self, file: &str) {
        self.line(&format!("stty -g > {file}; echo noted {file} $((1 + 1))"));
        self.wait_for(&format!("noted {file} 2"));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
