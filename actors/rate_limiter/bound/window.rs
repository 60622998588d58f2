//! A window of answers: how much the shop worked on while it was open, and whether the bound held
//! anything back.

use std::time::{Duration, Instant};

use super::baselines::Baselines;
use super::samples::{Samples, Step};

/// While the bound still doubles a window is at least so long, s: shorter than any pause between
/// two bursts of permits...
const START_S_MIN: f64 = 0.05;
/// ...and has at least so many answers.
const START_ANSWERS_MIN: usize = 2;
/// Later it is at least so long, s...
const S_MIN: f64 = 1.0;
/// ...and has at least so many answers.
const ANSWERS_MIN: usize = 16;
/// At a shop that answers less it is closed after this, s...
const S_MAX: f64 = 10.0;
/// ...with at least so many.
const ANSWERS_FEW: usize = 4;
/// Of a window in which the bound counts this share was held back...
const LIMITED: f64 = 0.1;
/// ...and of one in which the bound is all that counts this.
const HARD_LIMITED: f64 = 0.5;

/// What has been seen since it was opened.
#[derive(Clone, Debug)]
pub struct Window {
    from: Instant,
    /// The answers.
    pub answered: Samples,
    /// Time in which only the bound held calls back, s.
    blocked_s: f64,
}

/// A window that closed.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// s.
    pub length_s: f64,
    /// Calls that the shop worked on, in the mean.
    pub at_work: f64,
    /// Answer times as a multiple of the baselines.
    pub slowness: f64,
    /// What an answer had waited at the shop, s in the mean.
    pub wait_s: f64,
    /// Share of it in which only the bound held calls back.
    blocked: f64,
}

impl Window {
    /// An empty one.
    pub fn open(now: Instant) -> Self {
        Self { from: now, answered: Samples::default(), blocked_s: 0.0 }
    }

    /// Takes in an answer.
    pub fn add(&mut self, step: Step, time_s: f64) {
        self.answered.add(step, time_s);
    }

    /// Only the bound held calls back for so long.
    pub fn blocked(&mut self, time: Duration) {
        self.blocked_s += time.as_secs_f64();
    }

    /// An idle time is no part of it: an empty window begins when there is something to see.
    pub fn slide(&mut self, now: Instant) {
        if self.answered.answers() == 0 && self.blocked_s <= 0.0 {
            self.from = now;
        }
    }

    /// Whether it has seen enough under a bound of `calls`, which is still doubling or not.
    pub fn is_full(&self, is_start: bool, calls: f64, now: Instant) -> bool {
        let (length_s, answers) = (self.length_s(now), self.answered.answers());
        let (s_min, answers_min) =
            if is_start { (START_S_MIN, START_ANSWERS_MIN) } else { (S_MIN, ANSWERS_MIN) };
        let is_full = answers >= answers_min.max(calls as usize) && length_s >= s_min;
        is_full || (length_s >= S_MAX && answers >= ANSWERS_FEW)
    }

    /// What it showed.
    pub fn close(&self, baselines: &Baselines, now: Instant) -> Closed {
        let length_s = self.length_s(now).max(f64::EPSILON);
        let (work_s, time_s) = (baselines.work_s(&self.answered), self.answered.time_s());
        Closed {
            length_s,
            at_work: work_s / length_s,
            slowness: time_s / work_s,
            wait_s: ((time_s - work_s) / self.answered.answers() as f64).max(0.0),
            blocked: self.blocked_s / length_s,
        }
    }

    fn length_s(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.from).as_secs_f64()
    }
}

impl Closed {
    /// Whether the bound held back enough to be moved.
    pub fn is_limited(&self) -> bool {
        self.blocked > LIMITED
    }

    /// Whether it held back so much that all else hardly counts.
    pub fn is_hard_limited(&self) -> bool {
        self.blocked > HARD_LIMITED
    }
}
