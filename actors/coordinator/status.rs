//! The one picture of a run that every reader shares: progress line, dashboard, metrics, page,
//! `ctl`.
//!
//! Published through a watch channel: readers see the latest value, never a queue. In groups for
//! those who draw it, flat as JSON: a field's name is its key, so that no two groups share one.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::NaiveDateTime;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::circuit_breaker::messages::FreezeReason;
use crate::db_writer::trouble::Trouble;
use crate::domain::call_histogram::CallHistograms;
use crate::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use crate::domain::ids::{AgentId, RunId};
use crate::domain::in_flight::InFlight;
use crate::domain::incident::IncidentKind;
use crate::domain::timing::LatencySummary;
use crate::domain::totals::Totals;
use crate::ports::store::{PoolStatus, RunState};
use crate::rate_limiter::throttle::ThrottleSum;
use crate::session_pool::board::SessionStatus;

use super::command::Quit;
use super::journal::JournalLine;
use super::lost_orders::board::OrderSearch;
use super::plan::RunPlan;

/// The run as the Coordinator last saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    #[serde(flatten)]
    pub attempt: Attempt,
    /// Sums over closed attempts.
    pub totals: Totals,
    /// Whether it keeps its pace.
    #[serde(flatten)]
    pub clock: Clock,
    /// How long calls to the shop take.
    #[serde(flatten)]
    pub calls: Calls,
    /// Requests against their limit.
    #[serde(flatten)]
    pub traffic: Traffic,
    /// What may freeze it or slow it down.
    #[serde(flatten)]
    pub health: Health,
    /// The newest checkpoint.
    #[serde(flatten)]
    pub saved: Saved,
    /// Resident memory of the process, bytes; `None` where the system does not say.
    pub memory_bytes: Option<u64>,
    /// The search for lost orders that is under way; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_search: Option<OrderSearch>,
    /// What happened.
    #[serde(flatten)]
    pub news: News,
}

/// The attempt at a cycle that is under way or next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The cycle.
    pub cycle: Cycle,
    /// Which attempt at it.
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
}

/// The run against real time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// now - (start + cycles x interval) without pauses, at the last tick, milliseconds.
    pub lateness_ms: i64,
    /// The same at the last ticks, oldest first, at most 32.
    pub lateness_history_ms: Vec<i64>,
    /// Real time between two ticks, milliseconds; 0: as fast as work allows.
    pub interval_ms: u64,
    /// Real seconds to the planned end at the present speed; `None` without a planned end and while
    /// nothing moves.
    pub eta_s: Option<f64>,
}

/// Calls to the shop by three clocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// Over the last 1,000 calls.
    pub rolling: LatencySummary,
    /// Over the whole run.
    pub whole_run: LatencySummary,
    /// The calls of this process in buckets.
    pub call_histograms: CallHistograms,
}

/// Requests as they are sent, and the limit they keep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
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
    /// The bound on calls in flight: automatic, fixed or off.
    #[serde(default)]
    pub in_flight: InFlight,
    /// Most calls in flight at this moment; `None`: there is no bound.
    #[serde(default)]
    pub calls_in_flight_max: Option<u32>,
    /// Calls in flight, probes apart.
    #[serde(default)]
    pub calls_in_flight: u32,
    /// Whether the shop is slower than the limit, so that calls are held back.
    #[serde(default)]
    pub held_back: bool,
    /// Answers a second over the last 12 s, as far as calls came.
    #[serde(default)]
    pub answers_per_second: f64,
    /// What they took in the mean, milliseconds.
    #[serde(default)]
    pub answer_ms: u64,
    /// For so long the run gives no permit, for the shop says 429, milliseconds; 0: it does.
    #[serde(default)]
    pub throttled_for_ms: u64,
    /// What the shop's 429 have come to.
    #[serde(default)]
    pub throttle: ThrottleSum,
}

/// What an operator looks at before anything breaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// The HTTP sessions that have been used, by number.
    pub sessions: Vec<SessionStatus>,
    /// Failures in this cycle.
    pub failures: u32,
    /// Failures this cycle may have.
    pub failures_allowed: u32,
    /// Agents in quarantine, by id.
    pub quarantined: Vec<AgentId>,
    /// Carts at the shop in which flows that have ended may have left goods.
    #[serde(default)]
    pub carts_dirty: u32,
    /// Whether they are being cleared, as the run ends.
    #[serde(default)]
    pub is_clearing_carts: bool,
    /// Database connections.
    pub pool: PoolStatus,
    /// What keeps the database from taking writes; absent while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_trouble: Option<StoreTrouble>,
}

/// A database that takes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreTrouble {
    /// For so long, milliseconds.
    pub for_ms: u64,
    /// What it said last, and what to do.
    pub says: String,
    /// Whether no later write can succeed, so that the process ends.
    pub is_for_good: bool,
}

impl StoreTrouble {
    /// As it looks at `now`.
    pub fn of(trouble: Trouble, now: Instant) -> Self {
        let lasts = now.saturating_duration_since(trouble.since);
        Self {
            for_ms: u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX),
            is_for_good: trouble.error.is_of_the_place() && !trouble.error.may_pass(),
            says: trouble.error.to_string(),
        }
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        format!("{} (for {} s)", self.says, self.for_ms / 1_000)
    }
}

/// The newest checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Its path.
    pub last_checkpoint: Option<String>,
    /// Wall clock (UTC) at which it was written.
    pub last_checkpoint_at: Option<NaiveDateTime>,
    /// Why the one after it could not be written; absent where it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_failed: Option<String>,
}

/// What happened in this process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// What happened last, newest last, at most 20.
    pub incidents: Vec<JournalLine>,
    /// Incidents of this process by kind; a kind without any is absent.
    pub incident_counts: BTreeMap<IncidentKind, u64>,
}

impl RunStatus {
    /// What is wrong with the disk or the database, in a sentence; a run that is healthy has none.
    pub fn unwell(&self) -> Option<String> {
        let of_store = self.health.store_trouble.as_ref().map(StoreTrouble::sentence);
        of_store.or_else(|| self.saved.checkpoint_failed.clone())
    }

    /// A run that has not begun, looked at `at`.
    pub fn before(plan: &RunPlan, at: NaiveDateTime) -> Self {
        let cycle = plan.resume_from.as_ref().map_or(Cycle(0), |point| point.boundary);
        let attempt = Attempt {
            cycle,
            cycles_planned: plan.ends.cycles,
            simulated_start: plan.simulated_start,
            simulated_at: cycle.begins_at(plan.simulated_start),
            ..Attempt::default()
        };
        let interval_ms = u64::try_from(plan.interval.as_millis()).unwrap_or(u64::MAX);
        Self {
            at,
            began_at: at,
            run_id: plan.run_id,
            state: RunState::Running,
            frozen: None,
            ending: None,
            agents: 0,
            attempt,
            totals: Totals::default(),
            clock: Clock { interval_ms, ..Clock::default() },
            calls: Calls::default(),
            traffic: Traffic {
                rate_limit: plan.rate.limit(),
                in_flight: plan.in_flight,
                ..Traffic::default()
            },
            health: Health::default(),
            saved: Saved::default(),
            memory_bytes: None,
            order_search: None,
            news: News::default(),
        }
    }
}

/// By hand: serde reads a flattened group through a buffer of its own, which cannot hold the
/// numbers of serde_json's `arbitrary_precision`. Each group takes its keys out of the same object.
impl<'de> Deserialize<'de> for RunStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = Value::deserialize(deserializer)?;
        Ok(Self {
            at: key_of(&flat, "at")?,
            began_at: key_of(&flat, "began_at")?,
            run_id: key_of(&flat, "run_id")?,
            state: key_of(&flat, "state")?,
            frozen: key_of(&flat, "frozen")?,
            ending: key_of(&flat, "ending")?,
            agents: key_of(&flat, "agents")?,
            attempt: group_of(&flat)?,
            totals: key_of(&flat, "totals")?,
            clock: group_of(&flat)?,
            calls: group_of(&flat)?,
            traffic: group_of(&flat)?,
            health: group_of(&flat)?,
            saved: group_of(&flat)?,
            memory_bytes: key_of(&flat, "memory_bytes")?,
            order_search: key_of(&flat, "order_search")?,
            news: group_of(&flat)?,
        })
    }
}

fn group_of<'de, T: Deserialize<'de>, E: Error>(flat: &'de Value) -> Result<T, E> {
    T::deserialize(flat).map_err(E::custom)
}

/// A key that is absent is read as null.
fn key_of<'de, T: Deserialize<'de>, E: Error>(flat: &'de Value, key: &str) -> Result<T, E> {
    T::deserialize(flat.get(key).unwrap_or(&Value::Null))
        .map_err(|error| E::custom(format_args!("{key}: {error}")))
}

#[cfg(test)]
#[path = "status/status_tests.rs"]
mod status_tests;
