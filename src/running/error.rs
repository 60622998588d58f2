//! Why a run did not begin, or did not come to an end of its own. Each variant is a thing that
//! happened, with the error of the room where it did; which code a process makes of it is no matter
//! of a run's.

use std::io;

use actors::coordinator::messages::StartError;
use actors::ports::checkpoint_file::CheckpointError;
use actors::ports::store::StoreError;
use shops::shop_api::http::ShopSetupError;
use shops::shop_api::profile::ProfileError;
use store::StoreOpenError;
use text::ron_text::RonError;
use tokio::task::JoinError;

use super::resuming::ResumeRefused;
use super::signals::Signal;
use crate::alerts::AlertSetupError;
use crate::config::ConfigError;
use crate::data_dir::DataDirError;
use crate::presets::PresetError;
use crate::scenario::player::NoteError;
use crate::web::{TokenError, WebError};

/// Why a run did not begin, or did not come to an end of its own.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Settings that no run can work with.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There are no rules of behaviour.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// Coupons, archetypes or the catalogue are not what they should be.
    #[error(transparent)]
    Definitions(#[from] RonError),
    /// The page cannot be served.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The page's token cannot be left for the operator.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Alerts cannot be sent.
    #[error(transparent)]
    Alerts(#[from] AlertSetupError),
    /// The shop's profile was refused.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The shop cannot be reached the way it is set up.
    #[error(transparent)]
    ShopSetup(#[from] ShopSetupError),
    /// The practice shop of this process did not open.
    #[error(transparent)]
    PracticeShop(io::Error),
    /// It did not close.
    #[error("closing the practice shop")]
    PracticeShopOpen(#[source] io::Error),
    /// The database was not opened.
    #[error(transparent)]
    Database(#[from] StoreOpenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database was lost under the run.
    #[error("{says}")]
    StoreLost {
        /// What it said, and what to do.
        says: String,
    },
    /// A checkpoint cannot be used, or their folder.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The run does not go on.
    #[error(transparent)]
    Resume(#[from] ResumeRefused),
    /// What a run must see before its first tick was not so.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The way to the shop is wrong, or the shop did not take its agents as users.
    #[error("{refused}\n  look at  {advice}")]
    Unwelcome {
        /// What it said.
        refused: Box<StartError>,
        /// What is to be done.
        advice: String,
    },
    /// A signal ended it before its first tick.
    #[error("{signal} ended the run before its first tick; nothing of it was begun")]
    EndedEarly {
        /// Which.
        signal: Signal,
    },
    /// The steps of the drill were not noted with the run.
    #[error("the scenario")]
    Drill(#[from] NoteError),
    /// The drill broke off by a fault of the program.
    #[error("the scenario was not played to its end")]
    DrillLost(#[source] JoinError),
    /// No signal can be heard.
    #[error(transparent)]
    Signals(io::Error),
    /// The Coordinator died.
    #[error(
        "the run ended by a fault of the program, which stands above; `cartload resume` continues \
         it from its newest checkpoint"
    )]
    Gone,
}
