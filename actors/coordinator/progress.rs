//! Where a run is, what it is doing, and what has been asked of it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use actix::prelude::SpawnHandle;
use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::{Cycle, CycleRecord};
use crate::domain::snapshot::OffersState;
use crate::domain::totals::Totals;

use super::agenda::Agenda;
use super::attempt::Attempts;
use super::command::{CommandRefused, Quit};
use super::cycle::CycleUnderWay;
use super::injections::Entry;
use super::journal::Journal;
use super::latency::Latency;
use super::pacer::Pacer;
use super::plan::RunPlan;
use super::status::{Attempt, Clock, Saved};
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
    /// The same by the wall clock, UTC.
    pub began_at: NaiveDateTime,
    /// The cycle it began with.
    pub first_cycle: Cycle,
    /// The last closed attempt.
    pub last: Option<CycleRecord>,
    /// The cycle that a freeze or a stop broke and that is not repeated yet.
    pub broken: Option<Cycle>,
    /// Lateness at the last tick, milliseconds.
    pub lateness_ms: i64,
    /// Lateness at the last ticks, oldest first; 32 of them are kept.
    pub lateness_history: VecDeque<i64>,
    /// Failures in the cycle, and how many it may have.
    pub failures: (u32, u32),
    /// The newest checkpoint, and when it was written by the wall clock.
    pub last_checkpoint: Option<(PathBuf, NaiveDateTime)>,
    /// What happened last.
    pub journal: Journal,
}

/// Ticks whose lateness is remembered for the trend.
const LATENESS_KEPT: usize = 32;

impl Progress {
    /// A run at its first cycle, or at the boundary it resumes from.
    pub fn new(plan: &RunPlan, now: Instant, wall: NaiveDateTime) -> Self {
        let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
        let cycle = saved.map_or(Cycle(0), |s| s.boundary);
        Self {
            cycle,
            attempts: Attempts::default(),
            tuning: Tuning::of(plan),
            pacer: Pacer::new(plan.interval, now),
            totals: saved.map_or_else(Totals::default, |s| s.totals),
            latency: Latency::default(),
            offers: saved.map_or_else(OffersState::default, |s| s.offers),
            began: now,
            began_at: wall,
            first_cycle: cycle,
            last: None,
            broken: saved.and_then(|s| s.broken_cycle()),
            lateness_ms: 0,
            lateness_history: VecDeque::new(),
            failures: (0, 0),
            last_checkpoint: None,
            journal: Journal::default(),
        }
    }

    /// The failures that froze the run stand beside their border for as long as it is frozen: the
    /// breaker that counted them counts no more.
    pub fn show_failures(&mut self, reason: &FreezeReason) {
        if let FreezeReason::FailuresInCycle { failures, allowed, .. } = reason {
            self.failures = (*failures, *allowed);
        }
    }

    /// The lateness at a tick, milliseconds.
    pub fn note_lateness(&mut self, lateness_ms: i64) {
        self.lateness_ms = lateness_ms;
        if self.lateness_history.len() == LATENESS_KEPT {
            self.lateness_history.pop_front();
        }
        self.lateness_history.push_back(lateness_ms);
    }

    /// Real time to the planned end: the cycles left at the interval, or at the mean pace of this
    /// process where that is slower; capped by the end in real time. `None` without a planned end.
    pub fn time_left(&self, plan: &RunPlan, now: Instant) -> Option<Duration> {
        let done = self.cycle.0.saturating_sub(self.first_cycle.0);
        let by_cycles = plan.ends.cycles.and_then(|end| {
            let pace = match done {
                0 if self.pacer.interval().is_zero() => return None,
                0 => self.pacer.interval(),
                done => (self.pacer.running_time(now) / done).max(self.pacer.interval()),
            };
            Some(pace * end.saturating_sub(self.cycle.0))
        });
        let by_clock = self.real_end(plan).map(|end| end.saturating_duration_since(now));
        match (by_cycles, by_clock) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// The attempt under way or next, for the picture.
    pub fn attempt(&self, plan: &RunPlan, under_way: Option<&CycleUnderWay>) -> Attempt {
        Attempt {
            cycle: self.cycle,
            replay: self.attempts.of(self.cycle),
            cycles_planned: plan.ends.cycles,
            simulated_start: plan.simulated_start,
            simulated_at: self.simulated_at(plan),
            outstanding: under_way.map_or(0, CycleUnderWay::outstanding),
            current: under_way.map(|cycle| cycle.counts).unwrap_or_default(),
            current_volume: under_way.map(|cycle| cycle.volume).unwrap_or_default(),
            last: self.last.clone(),
        }
    }

    /// The pace, for the picture, with the real time that is `left`.
    pub fn clock(&self, left: Option<Duration>) -> Clock {
        Clock {
            lateness_ms: self.lateness_ms,
            lateness_history_ms: self.lateness_history.iter().copied().collect(),
            interval_ms: u64::try_from(self.pacer.interval().as_millis()).unwrap_or(u64::MAX),
            eta_s: left.map(|left| left.as_secs_f64()),
        }
    }

    /// The newest checkpoint, for the picture.
    pub fn saved(&self) -> Saved {
        let (path, written_at) = self.last_checkpoint.clone().unzip();
        Saved {
            last_checkpoint: path.map(|path| path.display().to_string()),
            last_checkpoint_at: written_at,
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

impl Phase {
    /// The cycle whose agents are outstanding.
    pub fn under_way(&self) -> Option<&CycleUnderWay> {
        match self {
            Self::InCycle(cycle) => Some(cycle),
            Self::Starting
            | Self::Closing
            | Self::Waiting { .. }
            | Self::Halted { .. }
            | Self::Ended => None,
        }
    }
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
