//! The one picture of a run that every reader shares: progress line, dashboard, metrics, page,
//! `ctl`.
//!
//! Published through a watch channel: readers see the latest value, never a queue.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::call_histogram::CallHistograms;
use crate::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use crate::domain::ids::{AgentId, RunId};
use crate::domain::incident::IncidentKind;
use crate::domain::timing::LatencySummary;
use crate::domain::totals::Totals;
use crate::ports::store::{PoolStatus, RunState};
use crate::session_pool::board::SessionStatus;

use super::command::Quit;
use super::journal::JournalLine;
use super::plan::RunPlan;

/// The run as the Coordinator last saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Wall clock (UTC) of this picture.
    pub at: NaiveDateTime,
    /// Wall clock (UTC) at which this process took the run up.
    pub began_at: NaiveDateTime,
    /// The run.
    pub run_id: RunId,
    /// What it does.
    pub state: RunState,
    /// Why it is frozen.
    pub frozen: Option<FreezeReason>,
    /// When it ends, where an operator has told it to.
    pub ending: Option<Quit>,
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
    /// What they caused so far.
    pub current_volume: CycleVolume,
    /// The last closed attempt.
    pub last: Option<CycleRecord>,
    /// Sums over closed attempts.
    pub totals: Totals,
    /// now - (start + cycles x interval) without pauses, at the last tick, milliseconds.
    pub lateness_ms: i64,
    /// The same at the last ticks, oldest first, at most 32.
    pub lateness_history_ms: Vec<i64>,
    /// Real time between two ticks, milliseconds; 0: as fast as work allows.
    pub interval_ms: u64,
    /// Real seconds to the planned end at the present speed; `None` without a planned end and while
    /// nothing moves.
    pub eta_s: Option<f64>,
    /// Over the last 1,000 calls.
    pub rolling: LatencySummary,
    /// Over the whole run.
    pub whole_run: LatencySummary,
    /// The calls of this process in buckets.
    pub call_histograms: CallHistograms,
    /// The limit, requests per second; `None`: unlimited.
    pub rate_limit: Option<f64>,
    /// Requests sent since this process began, start-up check and probes included.
    pub requests_sent: u64,
    /// The most requests sent in any 1 s window.
    pub requests_max_in_1s: u64,
    /// Requests sent in the last second.
    pub requests_per_second: u32,
    /// Requests sent in each of the last 60 whole seconds, oldest first.
    pub requests_history: Vec<u32>,
    /// Callers that wait for a permit.
    pub waiting_for_permit: u32,
    /// The HTTP sessions that have been used, by number.
    pub sessions: Vec<SessionStatus>,
    /// Failures in this cycle.
    pub failures: u32,
    /// Failures this cycle may have.
    pub failures_allowed: u32,
    /// Agents in quarantine, by id.
    pub quarantined: Vec<AgentId>,
    /// Database connections.
    pub pool: PoolStatus,
    /// The newest checkpoint's path.
    pub last_checkpoint: Option<String>,
    /// Wall clock (UTC) at which it was written.
    pub last_checkpoint_at: Option<NaiveDateTime>,
    /// Resident memory of the process, bytes; `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    /// What happened last, newest last, at most 20.
    pub incidents: Vec<JournalLine>,
    /// Incidents of this process by kind; a kind without any is absent.
    pub incident_counts: BTreeMap<IncidentKind, u64>,
}

impl RunStatus {
    /// A run that has not begun, looked at `at`.
    pub fn before(plan: &RunPlan, at: NaiveDateTime) -> Self {
        let cycle = plan.resume_from.as_ref().map_or(Cycle(0), |point| point.boundary);
        Self {
            at,
            began_at: at,
            run_id: plan.run_id,
            state: RunState::Running,
            frozen: None,
            ending: None,
            agents: 0,
            cycle,
            replay: ReplayNumber::ORIGINAL,
            cycles_planned: plan.ends.cycles,
            simulated_start: plan.simulated_start,
            simulated_at: cycle.begins_at(plan.simulated_start),
            outstanding: 0,
            current: CycleCounts::default(),
            current_volume: CycleVolume::default(),
            last: None,
            totals: Totals::default(),
            lateness_ms: 0,
            lateness_history_ms: Vec::new(),
            interval_ms: u64::try_from(plan.interval.as_millis()).unwrap_or(u64::MAX),
            eta_s: None,
            rolling: LatencySummary::default(),
            whole_run: LatencySummary::default(),
            call_histograms: CallHistograms::default(),
            rate_limit: plan.rate.limit(),
            requests_sent: 0,
            requests_max_in_1s: 0,
            requests_per_second: 0,
            requests_history: Vec::new(),
            waiting_for_permit: 0,
            sessions: Vec::new(),
            failures: 0,
            failures_allowed: 0,
            quarantined: Vec::new(),
            pool: PoolStatus::default(),
            last_checkpoint: None,
            last_checkpoint_at: None,
            memory_bytes: None,
            incidents: Vec::new(),
            incident_counts: BTreeMap::new(),
        }
    }
}
