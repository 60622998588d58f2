//! A cycle is one simulated hour; an attempt at it carries a replay number (0 = the original).
//!
//! The counts of an attempt obey P8: released = shopped + browsed + idle + failed + skipped, and a
//! broken attempt adds `unfinished` = the rest.

use std::fmt;

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::timing::LatencySummary;

/// The number of a simulated hour since the start of the run, 0-based.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cycle(pub u32);

impl Cycle {
    /// The cycle after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The simulated instant at which this cycle begins: start + cycle x 1 h, never wall clock x
    /// scale.
    pub fn begins_at(self, simulated_start: NaiveDateTime) -> NaiveDateTime {
        simulated_start + TimeDelta::hours(i64::from(self.0))
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which attempt at a cycle a row belongs to: 0 = original, else `runs.resumes` of that time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ReplayNumber(pub u32);

impl ReplayNumber {
    /// The first attempt at a cycle.
    pub const ORIGINAL: Self = Self(0);

    /// Whether rows of this attempt carry `is_replay = true`.
    pub fn is_replay(self) -> bool {
        self.0 > 0
    }
}

/// What the agents of one cycle did, in agents; P8 ties the fields together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleCounts {
    /// Agents that got this cycle's tick or would have but for quarantine or a session that is
    /// down.
    pub released: u32,
    /// Flows that shopped and are recorded: completed + abandoned.
    pub shopped: u32,
    /// Of `shopped`: flows that placed an order.
    pub completed: u32,
    /// Of `shopped`: flows that left without one.
    pub abandoned: u32,
    /// Flows that only looked and are recorded.
    pub browsed: u32,
    /// Agents that did nothing; they write no row.
    pub idle: u32,
    /// Flows that failed, recorded or not.
    pub failed: u32,
    /// Of `failed`: flows whose failure could not be written either.
    pub failed_unrecorded: u32,
    /// Agents without a flow because their HTTP session is down.
    pub skipped_session_down: u32,
    /// Agents without a flow because they are quarantined.
    pub skipped_quarantined: u32,
    /// Agents whose flow a freeze or a stop cut before it had a row (broken attempts only).
    pub unfinished: u32,
}

impl CycleCounts {
    /// Agents skipped for any reason.
    pub fn skipped(&self) -> u32 {
        self.skipped_session_down + self.skipped_quarantined
    }

    /// Agents accounted for; equals `released` at a closed barrier.
    pub fn accounted(&self) -> u32 {
        self.shopped + self.browsed + self.idle + self.failed + self.skipped() + self.unfinished
    }
}

/// What the shop and the store saw of one cycle, in things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleVolume {
    /// Rows of shopping_session_events.
    pub events: u64,
    /// Rows of orders.
    pub orders: u64,
    /// Sum of the orders' final totals.
    pub revenue_cents: i64,
    /// Requests sent to the shop, retries and probes included.
    pub requests: u64,
    /// Of `requests`: tries after the first of a call.
    pub retries: u64,
    /// Adds and checkouts tried.
    pub attempts: u64,
    /// Of `attempts`: those that the shop refused for a business reason.
    pub refusals: u64,
}

/// One attempt at one cycle, as it is written at the barrier (table `cycles`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CycleRecord {
    /// The run.
    pub run_id: RunId,
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Simulated begin of the cycle.
    pub simulated_at: NaiveDateTime,
    /// Wall clock (UTC) at the tick.
    pub started_at: NaiveDateTime,
    /// Wall clock (UTC) at the barrier.
    pub ended_at: NaiveDateTime,
    /// Whether a freeze or a stop broke the attempt; a broken one proves no hour (P8).
    pub broken: bool,
    /// The agents.
    pub counts: CycleCounts,
    /// The things.
    pub volume: CycleVolume,
    /// now - (start + cycles x interval) without pauses, at the tick, milliseconds.
    pub lateness_ms: i64,
    /// Requests per real second from tick to barrier; over at least 1 s where the rate is limited.
    pub requests_per_second: f64,
    /// Percentiles of this cycle's calls.
    pub latency: LatencySummary,
}
