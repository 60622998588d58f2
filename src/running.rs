//! The life of a run: what is opened for it and in which order, from whom it is taken over, who
//! watches it, how it ends.
//!
//! Nothing here knows a command line: whoever wants a run (`cartload run`, a test, another program)
//! says what is [`Asked`], hands over the [`Doors`] of its process and awaits [`drive()`].

mod books;
mod drive;
mod error;
mod faces;
mod opening;
mod orphans;
pub mod resuming;
pub mod signals;
pub mod takeover;
mod target;
mod watchers;

use actors::domain::ids::OwnerToken;
use actors::ports::store::RunState;

pub use self::drive::drive;
pub use self::error::RunError;
pub use self::resuming::{Resume, ResumeRefused};
use self::signals::Signal;
pub(crate) use self::target::{Reached, reach, reach_at};
use crate::config::Settings;
use crate::config::words::LogFormat;
use crate::data_dir::{DataDir, DataDirError, Lock};
use crate::logging::Screen;
use crate::run_report::RunReport;
use crate::scenario::Scenario;

/// A run that is asked for: settings that were checked, and the right to a data directory.
#[derive(Debug)]
pub struct Asked {
    /// The settings.
    pub settings: Settings,
    /// This process's right to write, also named in the lock.
    pub owner: OwnerToken,
    /// Where files go.
    pub data: DataDir,
    /// Keeps other processes out of `data` as long as this lives.
    pub lock: Lock,
    /// Where it goes on; `None` for a run that begins.
    pub resume: Option<Resume>,
    /// The drill that it is, if it is one.
    pub scenario: Option<Scenario>,
}

impl Asked {
    /// A run that begins, in the data directory of its settings; that is made where it is missing.
    pub fn anew(settings: Settings) -> Result<Self, DataDirError> {
        let owner = OwnerToken::fresh();
        let data = DataDir::open(&settings.store.data_dir)?;
        let lock = Lock::take(&data, owner)?;
        Ok(Self { settings, owner, data, lock, resume: None, scenario: None })
    }
}

/// Where a run meets the process that it lives in.
#[derive(Clone, Debug)]
pub struct Doors {
    /// Stderr, shared by messages, the progress line and the dashboard.
    pub screen: Screen,
    /// Whether Ctrl-C, SIGTERM and the end of the terminal end it; a process that has other things
    /// to do hears them itself.
    pub hears_signals: bool,
}

impl Doors {
    /// Says something that an operator must see, whatever the filter of messages.
    fn announce(&self, format: LogFormat, text: &str) {
        match format {
            LogFormat::Text => self.screen.line(text),
            LogFormat::Json => tracing::warn!("{text}"),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What there is to say about it.
    pub report: RunReport,
    /// The state it ended in.
    pub state: RunState,
    /// The last signal that was heard, if one was.
    pub signal: Option<Signal>,
}
