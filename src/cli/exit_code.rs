//! The code a process ends with; scripts tell causes apart by it.
//!
//! An error that a command may end with says its code by its type ([`HasCode`]): one for which
//! nobody has decided does not compile. Each command decides for the errors of its own room; those
//! that several may meet are below.

use std::io;

use actors::ports::checkpoint_file::CheckpointError;
use actors::ports::store::StoreError;
use store::{StoreOpenError, TableError};
use text::ron_text::RonError;

use crate::config::ConfigError;
use crate::data_dir::DataDirError;
use crate::known_runs::KnownRunError;
use crate::presets::PresetError;
use crate::resources::Scarce;
use crate::running::signals::Signal;

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// It did what was asked.
    Ok = 0,
    /// Something nobody foresaw.
    Unexpected = 1,
    /// The command line.
    Usage = 2,
    /// Settings, persona files, profiles, the data directory, or too little of the machine.
    Config = 3,
    /// A checkpoint.
    Checkpoint = 4,
    /// The shop cannot be reached or does not answer as its profile says.
    Shop = 5,
    /// The database.
    Database = 6,
    /// The run was frozen when it ended.
    Frozen = 7,
    /// There is no run to talk to.
    NoRun = 8,
    /// The run refused a command or a message.
    Refused = 9,
    /// Something a scenario expects did not hold.
    DrillFailed = 10,
    /// A band that the run aims at is not met.
    NotLifelike = 11,
    /// SIGHUP: the terminal is gone.
    HungUp = 129,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

impl From<Signal> for ExitCode {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::HungUp => Self::HungUp,
            Signal::Interrupted => Self::Interrupted,
            Signal::Terminated => Self::Terminated,
        }
    }
}

/// An error that a command may end with.
pub trait HasCode: std::error::Error + Send + Sync + 'static {
    /// Its code.
    fn code(&self) -> ExitCode;
}

impl HasCode for ConfigError {
    fn code(&self) -> ExitCode {
        match self.is_usage() {
            true => ExitCode::Usage,
            false if self.is_checkpoint() => ExitCode::Checkpoint,
            false => ExitCode::Config,
        }
    }
}

impl HasCode for KnownRunError {
    fn code(&self) -> ExitCode {
        match self {
            Self::None | Self::Unknown { .. } | Self::Several { .. } => ExitCode::Usage,
            Self::Store(error) => error.code(),
        }
    }
}

macro_rules! always {
    ($($error:ty => $code:ident),+ $(,)?) => {$(
        impl HasCode for $error {
            fn code(&self) -> ExitCode {
                ExitCode::$code
            }
        }
    )+};
}
always! {
    DataDirError => Config,
    PresetError => Config,
    Scarce => Config,
    RonError => Config,
    CheckpointError => Checkpoint,
    StoreOpenError => Database,
    StoreError => Database,
    TableError => Database,
    io::Error => Unexpected,
    serde_json::Error => Unexpected,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_a_process_with_the_code_a_shell_knows_it_by() {
        for signal in [Signal::HungUp, Signal::Interrupted, Signal::Terminated] {
            assert_eq!(ExitCode::from(signal) as i32, signal.status(), "{signal:?}");
        }
    }
}
