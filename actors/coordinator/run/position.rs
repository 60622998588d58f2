//! Where a run is, in simulated and in real time.

use std::time::{Duration, Instant};

use chrono::NaiveDateTime;

use crate::coordinator::attempt::Attempts;
use crate::coordinator::pacer::Pacer;
use crate::coordinator::plan::{Ends, RunPlan};
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::ports::store::Replay;

/// The cycle, its attempt, and when the next tick is due.
#[derive(Clone, Debug)]
pub struct Position {
    /// The next cycle, or the one under way.
    pub cycle: Cycle,
    /// Which attempts later cycles are.
    attempts: Attempts,
    /// When ticks are due.
    pub pacer: Pacer,
    /// Where the run ends.
    ends: Ends,
    /// A checkpoint every so many cycles; 0: none of its own.
    checkpoint_every_cycles: u32,
    /// Simulated begin of cycle 0.
    simulated_start: NaiveDateTime,
    /// When this process began the run, and with which cycle.
    began: (Instant, Cycle),
    /// The cycle that was broken when the process before this one left the run frozen.
    pub broken_before: Option<Cycle>,
}

impl Position {
    /// At the first cycle, or at the boundary that the run resumes from.
    pub fn new(plan: &RunPlan, now: Instant) -> Self {
        let saved = plan.resume_from.as_ref().map(|point| &point.snapshot);
        let cycle = saved.map_or(Cycle(0), |snapshot| snapshot.boundary);
        Self {
            cycle,
            attempts: Attempts::default(),
            pacer: Pacer::new(plan.interval, now),
            ends: plan.ends,
            checkpoint_every_cycles: plan.checkpoint_every_cycles,
            simulated_start: plan.simulated_start,
            began: (now, cycle),
            broken_before: saved.and_then(|snapshot| snapshot.broken_cycle()),
        }
    }

    /// The first tick is due now; parked or frozen, it is once the run goes on.
    pub fn begin(&mut self, now: Instant, is_parked: bool) {
        self.began.0 = now;
        self.pacer = Pacer::new(self.pacer.interval(), now);
        if is_parked {
            self.pacer.pause(now);
        }
    }

    /// The attempt that the cycle is.
    pub fn replay(&self) -> ReplayNumber {
        self.attempts.of(self.cycle)
    }

    /// `runs.resumes`.
    pub fn resumes(&self) -> ReplayNumber {
        self.attempts.resumes()
    }

    /// Cycles with rows are run again under a new number.
    pub fn take_up(&mut self, replay: Replay) {
        self.attempts = Attempts::after(replay);
    }

    /// Simulated begin of the cycle.
    pub fn simulated_at(&self) -> NaiveDateTime {
        self.cycle.begins_at(self.simulated_start)
    }

    /// Whether a boundary here is one that is saved for its own sake.
    pub fn is_saved_here(&self) -> bool {
        self.cycle.0.checked_rem(self.checkpoint_every_cycles) == Some(0)
    }

    /// Whether the plan's end is reached at this boundary.
    pub fn is_planned_end(&self, now: Instant) -> bool {
        let cycles = self.ends.cycles.is_some_and(|end| self.cycle.0 >= end);
        cycles || self.real_end().is_some_and(|end| now >= end)
    }

    /// When this process's real time is up; `None`: never.
    pub fn real_end(&self) -> Option<Instant> {
        self.ends.real_time.and_then(|time| self.began.0.checked_add(time))
    }

    /// Real time to the planned end: the cycles left at the interval, or at the mean pace of this
    /// process where that is slower; capped by the end in real time. `None` without a planned end.
    pub fn time_left(&self, now: Instant) -> Option<Duration> {
        let done = self.cycle.0.saturating_sub(self.began.1.0);
        let by_cycles = self.ends.cycles.and_then(|end| {
            let pace = match done {
                0 if self.pacer.interval().is_zero() => return None,
                0 => self.pacer.interval(),
                done => (self.pacer.running_time(now) / done).max(self.pacer.interval()),
            };
            Some(pace * end.saturating_sub(self.cycle.0))
        });
        let by_clock = self.real_end().map(|end| end.saturating_duration_since(now));
        match (by_cycles, by_clock) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}
