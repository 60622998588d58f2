//! Which actors share a thread, and how the threads of a run end. A test on a paused clock needs
//! all actors on one.

use actix::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::coordinator::Coordinator;
use crate::coordinator::messages::GiveUp;
use crate::coordinator::status::RunStatus;
use crate::domain::cycle::CycleRecord;
use crate::ports::store::RunState;

/// How the actors are laid out over threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Coordinator and agents here, services on one arbiter, HTTP sessions on two.
    Threads,
    /// All here: what a test on a paused clock needs.
    OneThread,
}

/// Which thread each kind of actor lives on.
pub(super) struct Threads {
    pub services: ArbiterHandle,
    pub io: Vec<ArbiterHandle>,
    /// Ended in this order.
    pub owned: Vec<Arbiter>,
}

impl Threads {
    pub fn new(layout: Layout) -> Self {
        match layout {
            Layout::OneThread => {
                let here = Arbiter::current();
                Self { services: here.clone(), io: vec![here], owned: Vec::new() }
            }
            Layout::Threads => {
                let owned = vec![Arbiter::new(), Arbiter::new(), Arbiter::new()];
                let io = vec![owned[0].handle(), owned[1].handle()];
                Self { services: owned[2].handle(), io, owned }
            }
        }
    }
}

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
