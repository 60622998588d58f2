//! The simulated machine's clock, and everything that happened on it, as text.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use actors::domain::stable_hash::stable_hash_of;
use actors::ports::pacing::{Pacing, SystemPacing};
use chrono::{NaiveDateTime, TimeDelta};

use crate::support::flows::wall;

/// Time over all processes of a run: each has a tokio clock of its own, which begins anew.
pub struct Clock(Mutex<Epoch>);

#[derive(Clone, Copy)]
struct Epoch {
    /// By tokio's clock.
    began: Instant,
    /// Simulated time by then.
    before: Duration,
}

impl Clock {
    pub fn new() -> Self {
        Self(Mutex::new(Epoch { began: Instant::now(), before: Duration::ZERO }))
    }

    /// A process begins, so long after the one before it ended.
    pub fn begin_process(&self, after: Duration, ended: Duration) {
        *self.0.lock().unwrap() = Epoch { began: SystemPacing.now(), before: ended + after };
    }

    /// Since the start of the first process.
    pub fn elapsed(&self) -> Duration {
        let Epoch { began, before } = *self.0.lock().unwrap();
        before + SystemPacing.now().saturating_duration_since(began)
    }
}

impl Pacing for Clock {
    fn now(&self) -> Instant {
        SystemPacing.now()
    }

    fn wall(&self) -> NaiveDateTime {
        let elapsed = i64::try_from(self.elapsed().as_micros()).unwrap();
        wall(0) + TimeDelta::microseconds(elapsed)
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
