//! A run that has been wired: its doors, and how its threads end.

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::coordinator::Coordinator;
use crate::coordinator::messages::GiveUp;
use crate::coordinator::status::RunStatus;
use crate::domain::cycle::CycleRecord;
use crate::ports::store::RunState;

/// A run that has been wired and waits for `StartRun`.
pub struct Running {
    /// For operators' doors.
    pub coordinator: Addr<Coordinator>,
    /// The latest picture.
    pub status: watch::Receiver<RunStatus>,
    /// Each closed attempt, in order; a reader 1,024 behind misses some.
    pub cycles: mpsc::Receiver<CycleRecord>,
    /// Resolves to the end state once everything is written.
    pub ended: oneshot::Receiver<RunState>,
    pub(super) arbiters: Vec<Arbiter>,
}

impl Running {
    /// Ends the threads, HTTP sessions first: nothing may be under way, so after `ended`.
    pub fn stop(self) {
        for arbiter in self.arbiters {
            arbiter.stop();
            if arbiter.join().is_err() {
                tracing::error!("a thread of actors had panicked");
            }
        }
    }

    /// Ends a run that has not begun. The Coordinator goes first: it would take the end of each
    /// service for its death.
    #[expect(clippy::disallowed_methods, reason = "once, in place of a run")]
    pub fn give_up(self) {
        self.coordinator.do_send(GiveUp);
        self.stop();
    }
}
