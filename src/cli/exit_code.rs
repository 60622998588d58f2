//! The code a process ends with; scripts tell causes apart by it.

use actors::coordinator::messages::StartError;
use actors::ports::checkpoint_file::CheckpointError;
use actors::ports::shop_api::ApiError;
use actors::ports::store::StoreError;
use analysis::cohorts::CohortError;
use analysis::export::ExportError;
use analysis::report::ReportError;
use text::ron_text::RonError;

use crate::config::ConfigError;
use crate::control::ControlError;
use crate::data_dir::DataDirError;
use crate::personas::PersonaFileError;
use crate::scenario::ScenarioError;

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
    /// Settings, persona files, profiles or the data directory.
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

/// An error of a kind that does not say its code by its type.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Coded {
    /// Its code.
    pub code: ExitCode,
    /// The error.
    pub source: anyhow::Error,
}

/// Gives an error the code that its type does not say.
pub trait WithCode<T> {
    /// The error with `code`.
    fn code(self, code: ExitCode) -> Result<T, Coded>;
}

impl<T, E: Into<anyhow::Error>> WithCode<T> for Result<T, E> {
    fn code(self, code: ExitCode) -> Result<T, Coded> {
        self.map_err(|error| Coded { code, source: error.into() })
    }
}

impl ExitCode {
    /// The code of an error: that of the first cause whose kind is known.
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(Self::of_cause).unwrap_or(Self::Unexpected)
    }

    fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if let Some(coded) = cause.downcast_ref::<Coded>() {
            return Some(coded.code);
        }
        if let Some(error) = cause.downcast_ref::<ConfigError>() {
            return Some(match error {
                error if error.is_usage() => Self::Usage,
                error if error.is_checkpoint() => Self::Checkpoint,
                _ => Self::Config,
            });
        }
        if let Some(error) = cause.downcast_ref::<ControlError>() {
            return Some(Self::of_control(error));
        }
        if let Some(error) = cause.downcast_ref::<StartError>() {
            return Some(Self::of_start(error));
        }
        if let Some(error) = cause.downcast_ref::<ExportError>() {
            let is_store = matches!(error, ExportError::Store(_) | ExportError::Realism(_));
            return Some(match error.is_usage() {
                true => Self::Usage,
                false if is_store => Self::Database,
                false => Self::Unexpected,
            });
        }
        if let Some(error) = cause.downcast_ref::<ReportError>() {
            return Some(if error.is_store() { Self::Database } else { Self::Unexpected });
        }
        if let Some(error) = cause.downcast_ref::<CohortError>() {
            return Some(match error {
                CohortError::Store(_) | CohortError::Unreadable(_) => Self::Database,
                CohortError::UnknownRun(_) | CohortError::NoExperiment(_) => Self::Usage,
            });
        }
        let is_config = cause.is::<DataDirError>()
            || cause.is::<PersonaFileError>()
            || cause.is::<RonError>()
            || cause.is::<ScenarioError>();
        if is_config {
            return Some(Self::Config);
        }
        if cause.is::<StoreError>() {
            return Some(Self::Database);
        }
        if cause.is::<CheckpointError>() {
            return Some(Self::Checkpoint);
        }
        cause.is::<ApiError>().then_some(Self::Shop)
    }

    fn of_control(error: &ControlError) -> Self {
        match error {
            ControlError::NoRun { .. } => Self::NoRun,
            ControlError::Refused(_) => Self::Refused,
            ControlError::Message(_) => Self::Usage,
            ControlError::Foreign { .. } | ControlError::Io { .. } => Self::Unexpected,
            ControlError::Taken { .. }
            | ControlError::InTheWay { .. }
            | ControlError::Unsafe { .. } => Self::Config,
        }
    }

    fn of_start(error: &StartError) -> Self {
        match error {
            StartError::Shop(_) | StartError::EmptyCatalog => Self::Shop,
            StartError::Store(_) => Self::Database,
            StartError::Checkpoint(_) => Self::Checkpoint,
            StartError::NoAgents => Self::Config,
            StartError::Panicked(_) | StartError::Ended(_) => Self::Unexpected,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_cause_is_found_below_its_context() {
        let error = Err::<(), _>(StoreError::Closed).context("opening").unwrap_err();
        assert_eq!(ExitCode::of(&error), ExitCode::Database);
        let error = anyhow::Error::from(StartError::NoAgents);
        assert_eq!(ExitCode::of(&error), ExitCode::Config);
        let error = anyhow::anyhow!("who knows");
        assert_eq!(ExitCode::of(&error), ExitCode::Unexpected);
        let io = std::io::Error::other("in use");
        let error = Err::<(), _>(io).code(ExitCode::Shop).context("practice shop").unwrap_err();
        assert_eq!(ExitCode::of(&error), ExitCode::Shop);
    }
}
