//! The codes of what can go wrong with a run.

use actors::coordinator::messages::StartError;

use crate::cli::exit_code::{ExitCode, HasCode};
use crate::running::{ResumeRefused, RunError};
use crate::scenario::ScenarioError;

impl HasCode for RunError {
    fn code(&self) -> ExitCode {
        match self {
            Self::Settings(error) => error.code(),
            Self::DataDir(error) => error.code(),
            Self::Preset(error) => error.code(),
            Self::Definitions(error) => error.code(),
            Self::Web(_)
            | Self::Token(_)
            | Self::Alerts(_)
            | Self::Profile(_)
            | Self::ShopSetup(_) => ExitCode::Config,
            Self::PracticeShop(_) => ExitCode::Shop,
            Self::Database(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::StoreLost { .. } => ExitCode::Database,
            Self::Checkpoint(error) => error.code(),
            Self::Resume(refused) => refused.code(),
            Self::Start(error) => error.code(),
            Self::Unwelcome { refused, .. } => refused.code(),
            Self::EndedEarly { signal } => (*signal).into(),
            Self::PracticeShopOpen(_)
            | Self::Drill(_)
            | Self::DrillLost(_)
            | Self::Signals(_)
            | Self::Gone => ExitCode::Unexpected,
        }
    }
}

impl HasCode for ResumeRefused {
    fn code(&self) -> ExitCode {
        match self {
            Self::EndReached { .. } => ExitCode::Usage,
            Self::Owned { .. } => ExitCode::Config,
            Self::NoDataDir { .. }
            | Self::NoCheckpoint { .. }
            | Self::NoSuchRun { .. }
            | Self::NotInDatabase { .. }
            | Self::DiedAtItsStart { .. }
            | Self::Purged { .. } => ExitCode::Checkpoint,
        }
    }
}

impl HasCode for StartError {
    fn code(&self) -> ExitCode {
        match self {
            Self::Shop(_) | Self::EmptyCatalog { .. } => ExitCode::Shop,
            Self::Store(_) => ExitCode::Database,
            Self::Checkpoint(_) => ExitCode::Checkpoint,
            Self::NoAgents => ExitCode::Config,
            Self::OtherAgents { .. } => ExitCode::Checkpoint,
            Self::Panicked(_) | Self::Ended(_) => ExitCode::Unexpected,
        }
    }
}

impl HasCode for ScenarioError {
    fn code(&self) -> ExitCode {
        ExitCode::Config
    }
}
