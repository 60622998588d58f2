//! Where a run is, what it is doing, and what has been asked of it.

use std::path::PathBuf;
use std::time::Instant;

use actix::prelude::SpawnHandle;
use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::checkpointer::snapshot::OffersState;
use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::{Cycle, CycleRecord};
use crate::domain::totals::Totals;

use super::agenda::Agenda;
use super::attempt::Attempts;
use super::command::{CommandRefused, Quit};
use super::cycle::CycleUnderWay;
use super::injections::Entry;
use super::latency::Latency;
use super::pacer::Pacer;
use super::plan::RunPlan;
use super::tuning::Tuning;

/// Where the run is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The next cycle, or the one under way.
    pub cycle: Cycle,
    /// Which attempts later cycles are.
    pub attempts: Attempts,
    /// Rate, time scale and settings as operators have changed them.
    pub tuning: Tuning,
    /// When ticks are due.
    pub pacer: Pacer,
    /// Sums over closed attempts.
    pub totals: Totals,
    /// Percentiles.
    pub latency: Latency,
    /// Offers so far.
    pub offers: OffersState,
    /// When this process began the run.
    pub began: Instant,
    /// The last closed attempt.
    pub last: Option<CycleRecord>,
    /// The cycle that a freeze or a stop broke and that is not repeated yet.
    pub broken: Option<Cycle>,
    /// Lateness at the last tick, milliseconds.
    pub lateness_ms: i64,
    /// Failures in the cycle, and how many it may have.
    pub failures: (u32, u32),
    /// The newest checkpoint.
    pub last_checkpoint: Option<PathBuf>,
}

impl Progress {
    /// A run at its first cycle, or at the boundary it resumes from.
    pub fn new(plan: &RunPlan, now: Instant) -> Self {
        let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
        Self {
            cycle: saved.map_or(Cycle(0), |s| s.boundary),
            attempts: Attempts::default(),
            tuning: Tuning::of(plan),
            pacer: Pacer::new(plan.interval, now),
            totals: saved.map_or_else(Totals::default, |s| s.totals),
            latency: Latency::default(),
            offers: saved.map_or_else(OffersState::default, |s| s.offers),
            began: now,
            last: None,
            broken: saved.and_then(|s| s.broken_cycle()),
            lateness_ms: 0,
            failures: (0, 0),
            last_checkpoint: None,
        }
    }

    /// Simulated begin of the cycle.
    pub fn simulated_at(&self, plan: &RunPlan) -> NaiveDateTime {
        self.cycle.begins_at(plan.simulated_start)
    }

    /// Whether the plan's end is reached at this boundary.
    pub fn is_planned_end(&self, plan: &RunPlan, now: Instant) -> bool {
        let cycles = plan.ends.cycles.is_some_and(|end| self.cycle.0 >= end);
        cycles || self.real_end(plan).is_some_and(|end| now >= end)
    }

    /// When this process's real time is up; `None`: never.
    pub fn real_end(&self, plan: &RunPlan) -> Option<Instant> {
        plan.ends.real_time.and_then(|time| self.began.checked_add(time))
    }
}

/// What the run is doing.
#[derive(Debug)]
pub enum Phase {
    /// Before the first tick.
    Starting,
    /// Agents are outstanding.
    InCycle(CycleUnderWay),
    /// The barrier is reached; rows or a checkpoint are being written.
    Closing,
    /// Between two cycles; the timer is the next tick, `None` while paused.
    Waiting {
        /// The next tick.
        timer: Option<SpawnHandle>,
    },
    /// Frozen, with nobody outstanding.
    Halted {
        /// When it came to rest.
        since: Instant,
    },
    /// Nothing follows.
    Ended,
}

/// What has been asked for and not yet carried out.
#[derive(Debug, Default)]
pub struct Orders {
    /// An operator wants the end.
    pub quit: Option<Quit>,
    /// An operator has parked the run.
    pub paused: bool,
    /// The breaker has frozen the run.
    pub frozen: Option<FreezeReason>,
    /// How far an operator's resume of a frozen run has come.
    pub reopening: Reopening,
    /// Who waits for a checkpoint at the boundary; one per operator's request.
    pub checkpoint: Vec<CheckpointReply>,
    /// What waits for the ticks of cycles to come.
    pub agenda: Agenda<Entry>,
}

/// An operator's resume of a frozen run looks at the shop before anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reopening {
    /// Not under way.
    #[default]
    No,
    /// The HTTP sessions are being checked.
    Checking,
    /// The breaker froze the run again meanwhile.
    FrozenAgain,
}

/// Where the answer to a command for a checkpoint goes.
pub type CheckpointReply = oneshot::Sender<Result<PathBuf, CommandRefused>>;
