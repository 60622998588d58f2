//! The one picture of a run that every reader shares: progress line, dashboard, metrics, page, `ctl`.
//!
//! Published through a watch channel: readers see the latest value, never a queue.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::{Cycle, CycleCounts, CycleRecord, ReplayNumber};
use crate::domain::ids::RunId;
use crate::domain::timing::LatencySummary;
use crate::domain::totals::Totals;
use crate::ports::store::{PoolStatus, RunState};

/// The run as the Coordinator last saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// The run.
    pub run_id: RunId,
    /// What it does.
    pub state: RunState,
    /// Why it is frozen.
    pub frozen: Option<FreezeReason>,
    /// Active agents.
    pub agents: u32,
    /// The cycle under way or next.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Cycles the run is planned for; `None`: until stopped.
    pub cycles_planned: Option<u32>,
    /// Simulated begin of cycle 0.
    pub simulated_start: NaiveDateTime,
    /// Simulated begin of `cycle`.
    pub simulated_at: NaiveDateTime,
    /// Agents of the cycle under way that have not ended yet.
    pub outstanding: u32,
    /// The cycle under way so far.
    pub current: CycleCounts,
    /// The last closed attempt.
    pub last: Option<CycleRecord>,
    /// Sums over closed attempts.
    pub totals: Totals,
    /// now - (start + cycles x interval) without pauses, at the last tick, milliseconds.
    pub lateness_ms: i64,
    /// Over the last 1,000 calls.
    pub rolling: LatencySummary,
    /// Over the whole run.
    pub whole_run: LatencySummary,
    /// The limit, requests per second; `None`: unlimited.
    pub rate_limit: Option<f64>,
    /// The most requests sent in any 1 s window.
    pub requests_max_in_1s: u64,
    /// Failures in this cycle.
    pub failures: u32,
    /// Failures this cycle may have.
    pub failures_allowed: u32,
    /// Database connections.
    pub pool: PoolStatus,
    /// The newest checkpoint's path.
    pub last_checkpoint: Option<String>,
}
