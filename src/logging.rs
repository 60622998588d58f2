//! Messages on stderr: text or JSON, never in the way of the progress line, never on stdout. While
//! the dashboard has the terminal they go into a file.
//!
//! `CARTLOAD_LOG` (else `RUST_LOG`, else the config file) says what is shown.

pub(crate) mod diversion;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::MultiProgress;
use text::visible;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::log::Log;
use crate::config::words::LogFormat;
use crate::dashboard;
use diversion::{Diversion, Diverted};

/// What is shown unless somebody says otherwise.
const DEFAULT_FILTER: &str = "warn,cartload=info,actors=info,analysis=info,shops=info,store=info";
/// What is shown with `--quiet`.
const QUIET_FILTER: &str = "warn";

/// Whether `text` is a list of directives.
pub fn is_filter(text: &str) -> bool {
    EnvFilter::try_new(text).is_ok()
}

/// Whether colours may be used on stderr: it is a terminal and NO_COLOR is not set.
pub fn has_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// Sends all messages to stderr through `screen`. A second call in a process changes nothing.
pub fn install(log: &Log, screen: &Screen) {
    let default = if log.quiet { QUIET_FILTER } else { DEFAULT_FILTER };
    let directives = log.filter.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(screen.clone());
    let outcome = match log.format {
        // A file of messages has no use for colours.
        LogFormat::Text => builder
            .with_ansi(has_colours() && !dashboard::is_wanted(log))
            .with_target(false)
            .try_init(),
        LogFormat::Json => builder.with_ansi(false).json().try_init(),
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "messages were set up before");
    }
}

/// Stderr, shared by messages, the progress line and the dashboard.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Draws the progress line; steps aside while a message is written.
    pub bars: MultiProgress,
    /// Where messages go while the dashboard has the terminal.
    diversion: Arc<Mutex<Option<Diversion>>>,
}

impl Screen {
    /// Writes one line on stderr; the progress line, if there is one, moves below it.
    pub fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes());
    }

    /// Sends all messages into the file at `path` from here on.
    pub fn divert(&self, path: &Path) -> io::Result<()> {
        *self.diversion() = Some(Diversion::open(path)?);
        Ok(())
    }

    /// Back to stderr, where it is said what was said meanwhile. A second call does nothing.
    pub fn restore(&self) {
        let diversion = self.diversion().take();
        if let Some(diversion) = diversion {
            self.write(&diversion.farewell());
        }
    }

    /// What was said since [`Screen::divert`]; nothing if stderr is in use.
    pub fn diverted(&self) -> Option<Diverted> {
        self.diversion().as_ref().map(Diversion::shown)
    }

    /// Takes in what a panic said, if messages are diverted; whether they are.
    pub fn take_panic(&self, text: String) -> bool {
        let mut diversion = self.diversion();
        diversion.as_mut().map(|diversion| diversion.take_panic(text)).is_some()
    }

    /// The last thing a panic said since [`Screen::divert`].
    pub fn last_panic(&self) -> Option<String> {
        self.diversion().as_ref().and_then(Diversion::panic).map(str::to_owned)
    }

    fn diversion(&self) -> MutexGuard<'_, Option<Diversion>> {
        self.diversion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, bytes: &[u8]) {
        if let Some(diversion) = self.diversion().as_mut() {
            return diversion.take(bytes);
        }
        let shown = harmless(bytes);
        // A closed stderr must not end a run.
        self.bars.suspend(|| {
            let _ = io::stderr().write_all(shown.as_bytes());
        });
    }
}

/// What was said, without what else than a colour would steer a terminal: settings and a shop's
/// words may stand in it. JSON stays as it is; it escapes what steers, by rules of its own.
fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match (text.starts_with('{'), has_colours()) {
        (true, _) => text.into_owned(),
        // The escapes that come with a message are made harmless before its colours are put on.
        (false, true) => visible::coloured(&text),
        (false, false) => visible::lines(&text),
    }
}

/// One message on its way to stderr; written whole when it is dropped.
#[derive(Debug)]
pub struct Message {
    /// Where it goes.
    screen: Screen,
    /// The message so far.
    bytes: Vec<u8>,
}

impl Write for Message {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.screen.write(&self.bytes);
        }
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        Message { screen: self.clone(), bytes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_told_from_nonsense() {
        for text in ["info", "warn,cartload=debug", "actors::agent=trace", ""] {
            assert!(is_filter(text), "{text}");
        }
        assert!(!is_filter("a=b=c"));
    }
}
