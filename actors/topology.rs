//! Starts and wires the actors, and ends them in order. Nothing is wired anywhere else.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::coordinator::plan::RunPlan;
use crate::coordinator::status::RunStatus;
use crate::domain::cycle::CycleRecord;
use crate::domain::persona::Persona;
use crate::ports::checkpoint_file::CheckpointFile;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::ShopApiFactory;
use crate::ports::store::{RunState, Store};

/// The adapters that the edge has chosen.
#[derive(Clone)]
pub struct Ports {
    /// Builds the shop adapter of each HTTP session, inside its arbiter.
    pub shop: ShopApiFactory,
    /// The database, or the dry one.
    pub store: Arc<dyn Store>,
    /// The checkpoints' folder.
    pub checkpoints: Arc<dyn CheckpointFile>,
    /// The clocks.
    pub pacing: Arc<dyn Pacing>,
}

/// How the actors are laid out over threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Coordinator and agents here, services on one arbiter, HTTP sessions on two.
    Threads,
    /// All here: what a test on a paused clock needs.
    OneThread,
}

/// A run that has been wired.
pub struct Running {
    /// For operators' doors.
    pub coordinator: Addr<crate::coordinator::Coordinator>,
    /// The latest picture.
    pub status: watch::Receiver<RunStatus>,
    /// Each closed attempt, in order; a reader 1,024 behind misses some.
    pub cycles: mpsc::Receiver<CycleRecord>,
    /// Resolves to the end state once everything is written, or frozen runs were quit.
    pub ended: oneshot::Receiver<RunState>,
}
