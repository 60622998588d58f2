//! How often a channel speaks: at once, then at most once an interval, with all that happened
//! meanwhile. Pure.

use std::time::{Duration, Instant};

use actors::coordinator::status::RunStatus;
use actors::domain::cycle::Cycle;
use actors::domain::ids::RunId;
use actors::domain::incident::Severity;
use actors::ports::store::RunState;
use chrono::NaiveDateTime;

use super::worth::Alert;

/// Alerts of one message; what more there is, is counted.
pub const ALERTS_MAX: usize = 20;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The run.
    pub run_id: RunId,
    /// What it does when this is sent.
    pub state: RunState,
    /// Where it is.
    pub cycle: Cycle,
    /// Simulated begin of that cycle.
    pub simulated_at: NaiveDateTime,
    /// What happened, oldest first; at least one and at most [`ALERTS_MAX`].
    pub alerts: Vec<Alert>,
    /// Older alerts for which there was no room.
    pub more: u32,
}

impl Bundle {
    /// The most severe of its alerts, of equals the newest.
    pub fn headline(&self) -> Option<&Alert> {
        self.alerts.iter().max_by_key(|alert| alert.severity)
    }

    /// The highest severity in it.
    pub fn severity(&self) -> Severity {
        self.headline().map_or(Severity::Info, |alert| alert.severity)
    }
}

/// What waits to be told over one channel.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// From one message to the next, at least.
    interval: Duration,
    /// Oldest first. Bounded by [`ALERTS_MAX`].
    waiting: Vec<Alert>,
    /// Older ones that had to go.
    more: u32,
    /// When the last message was begun.
    last: Option<Instant>,
}

impl Gathering {
    /// Nothing waits, and the first alert goes at once.
    pub fn new(interval: Duration) -> Self {
        Self { interval, waiting: Vec::new(), more: 0, last: None }
    }

    /// Takes in alerts; the oldest go where there is no room.
    pub fn add(&mut self, alerts: impl IntoIterator<Item = Alert>) {
        self.waiting.extend(alerts);
        self.make_room();
    }

    /// A message that could not be delivered waits for the next one.
    pub fn put_back(&mut self, bundle: Bundle) {
        self.more = self.more.saturating_add(bundle.more);
        self.waiting.splice(0..0, bundle.alerts);
        self.make_room();
    }

    fn make_room(&mut self) {
        let surplus = self.waiting.len().saturating_sub(ALERTS_MAX);
        self.waiting.drain(..surplus);
        self.more = self.more.saturating_add(u32::try_from(surplus).unwrap_or(u32::MAX));
    }

    /// When the next message may go; `None` while nothing waits.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.last.map_or(now, |last| last + self.interval))
    }

    /// The message that goes at `now`; `None` while nothing waits.
    pub fn take(&mut self, now: Instant, status: &RunStatus) -> Option<Bundle> {
        if self.waiting.is_empty() {
            return None;
        }
        self.last = Some(now);
        Some(Bundle {
            run_id: status.run_id,
            state: status.state,
            cycle: status.attempt.cycle,
            simulated_at: status.attempt.simulated_at,
            alerts: std::mem::take(&mut self.waiting),
            more: std::mem::take(&mut self.more),
        })
    }
}
