//! The simulated machine's clock, and everything that happened on it, as text.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use actors::domain::stable_hash::stable_hash_of;
use actors::ports::pacing::{Pacing, SystemPacing};
use chrono::{NaiveDateTime, TimeDelta};

use crate::support::flows::wall;

/// Time over all processes of a run: each has a tokio clock of its own, which begins anew.
pub struct Clock {
    epoch: Mutex<Epoch>,
    /// When somebody sets the wall clock, and by how many seconds.
    steps: Vec<(Duration, i64)>,
}

#[derive(Clone, Copy)]
struct Epoch {
    /// By tokio's clock.
    began: Instant,
    /// Simulated time by then.
    before: Duration,
}

impl Clock {
    pub fn new(steps: Vec<(Duration, i64)>) -> Self {
        Self { epoch: Mutex::new(Epoch { began: Instant::now(), before: Duration::ZERO }), steps }
    }

    /// A process begins, so long after the one before it ended.
    pub fn begin_process(&self, after: Duration, ended: Duration) {
        *self.epoch.lock().unwrap() = Epoch { began: SystemPacing.now(), before: ended + after };
    }

    /// Since the start of the first process.
    pub fn elapsed(&self) -> Duration {
        let Epoch { began, before } = *self.epoch.lock().unwrap();
        before + SystemPacing.now().saturating_duration_since(began)
    }
}

impl Pacing for Clock {
    fn now(&self) -> Instant {
        SystemPacing.now()
    }

    fn wall(&self) -> NaiveDateTime {
        let elapsed = self.elapsed();
        let set: i64 = self.steps.iter().filter(|(at, _)| *at <= elapsed).map(|(_, by)| by).sum();
        let micros = i64::try_from(elapsed.as_micros()).unwrap();
        wall(set) + TimeDelta::microseconds(micros)
    }
}

/// What happened, in order.
#[derive(Default)]
pub struct Trace(Mutex<Vec<String>>);

impl Trace {
    pub fn note(&self, at: Duration, what: &str) {
        self.0.lock().unwrap().push(format!("{:>12.6} {what}", at.as_secs_f64()));
    }

    /// Notes that something long was said; two that differ are told apart.
    pub fn note_digest(&self, at: Duration, what: &str, said: &str) {
        let cut: String = said.chars().take(160).collect();
        self.note(at, &format!("{what} {:016x} {cut}", stable_hash_of("trace", said)));
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
