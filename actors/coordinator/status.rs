//! The one picture of a run that every reader shares: progress line, dashboard, metrics, page,
//! `ctl`.
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

use super::plan::RunPlan;

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
    /// Requests sent since this process began, start-up check and probes included.
    pub requests_sent: u64,
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

impl RunStatus {
    /// A run that has not begun.
    pub fn before(plan: &RunPlan) -> Self {
        let cycle = plan.resume_from.as_ref().map_or(Cycle(0), |point| point.boundary);
        Self {
            run_id: plan.run_id,
            state: RunState::Running,
            frozen: None,
            agents: 0,
            cycle,
            replay: ReplayNumber::ORIGINAL,
            cycles_planned: plan.ends.cycles,
            simulated_start: plan.simulated_start,
            simulated_at: cycle.begins_at(plan.simulated_start),
            outstanding: 0,
            current: CycleCounts::default(),
            last: None,
            totals: Totals::default(),
            lateness_ms: 0,
            rolling: LatencySummary::default(),
            whole_run: LatencySummary::default(),
            rate_limit: plan.rate.limit(),
            requests_sent: 0,
            requests_max_in_1s: 0,
            failures: 0,
            failures_allowed: 0,
            pool: PoolStatus::default(),
            last_checkpoint: None,
        }
    }
}
