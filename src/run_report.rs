//! What a run says about itself: a line per cycle, a progress line, a summary, one JSON object.
//!
//! Everything here is made from what the Coordinator publishes; nothing is counted a second time.

pub(crate) mod cycle_line;
pub(crate) mod frozen;
pub(crate) mod progress;
pub(crate) mod summary;

use actors::coordinator::status::RunStatus;
use actors::domain::ids::RunId;
use actors::domain::timing::LatencySummary;
use actors::ports::store::RunState;
use questions::orders::OrderCounts;
use serde::Serialize;
use text::units;

use crate::scenario::ScenarioReport;

/// The form of [`RunReport`]; a key is added without a new number, none is taken away.
pub const SCHEMA: &str = "cartload.run/1";

/// The end of a run as `run --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The run.
    pub run_id: RunId,
    /// completed, stopped or frozen.
    pub state: &'static str,
    /// Why it is frozen, in words.
    pub frozen_reason: Option<String>,
    /// Active agents.
    pub agents: u32,
    /// `None`: until stopped.
    pub cycles_planned: Option<u32>,
    /// Closed, unbroken attempts.
    pub cycles_completed: u32,
    /// Simulated begin of cycle 0, UTC.
    pub simulated_start: String,
    /// Simulated instant that was reached, UTC.
    pub simulated_end: String,
    /// now - (start + cycles x interval) without pauses, at the last tick, seconds.
    pub lateness_s: f64,
    /// Requests sent to the shop, retries and probes included.
    pub requests: u64,
    /// The most requests sent in any 1 s window.
    pub requests_max_in_1s: u64,
    /// Requests per second; `None`: unlimited.
    pub rate_limit: Option<f64>,
    /// Recorded flows by how they ended.
    pub sessions: Sessions,
    /// Agents that did nothing in a cycle.
    pub idle: u32,
    /// Agents without a flow because of a session that is down or a quarantine.
    pub skipped: u32,
    /// Rows of shopping_session_events.
    pub events: u64,
    /// Orders of the attempts that were closed, as the run itself counted.
    pub orders: u64,
    /// Sum of their final totals.
    pub revenue_cents: i64,
    /// Orders as the database counts them, and which count is which; absent without one.
    #[serde(flatten)]
    pub counts: Option<OrderCounts>,
    /// Carts left with goods at the shop; the next run clears them.
    pub carts_left: u32,
    /// Rows of coupon_assignments.
    pub offers_assigned: u64,
    /// Over the whole run, milliseconds.
    pub latency_ms: LatencySummary,
    /// Attempts with a replay number above 0 that closed unbroken.
    pub replayed_cycles: u32,
    /// Agents' actors rebuilt.
    pub restarts: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
    /// The newest one's path.
    pub last_checkpoint: Option<String>,
    /// What became of the scenario; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioReport>,
}

/// Recorded flows by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sessions {
    /// With an order.
    pub completed: u32,
    /// Without one.
    pub abandoned: u32,
    /// Looked only.
    pub browsed: u32,
    /// Did not come to an end of their own.
    pub failed: u32,
}

impl RunReport {
    /// The report of a run that ended as `end`, from its last status.
    pub fn new(status: &RunStatus, end: RunState) -> Self {
        let RunStatus { attempt, totals, clock, calls, traffic, saved, .. } = status;
        Self {
            schema: SCHEMA,
            run_id: status.run_id,
            state: end.as_str(),
            frozen_reason: status.frozen.as_ref().map(ToString::to_string),
            agents: status.agents,
            cycles_planned: attempt.cycles_planned,
            cycles_completed: totals.cycles_completed,
            simulated_start: units::iso(attempt.simulated_start),
            simulated_end: units::iso(attempt.simulated_at),
            lateness_s: units::seconds(clock.lateness_ms),
            requests: traffic.requests_sent,
            requests_max_in_1s: traffic.requests_max_in_1s,
            rate_limit: traffic.rate_limit,
            sessions: Sessions {
                completed: totals.counts.completed,
                abandoned: totals.counts.abandoned,
                browsed: totals.counts.browsed,
                failed: totals.counts.failed,
            },
            idle: totals.counts.idle,
            skipped: totals.counts.skipped(),
            events: totals.volume.events,
            orders: totals.volume.orders,
            revenue_cents: totals.volume.revenue_cents,
            counts: None,
            carts_left: status.health.carts_dirty,
            offers_assigned: totals.offers_assigned,
            latency_ms: calls.whole_run,
            replayed_cycles: totals.replayed_cycles,
            restarts: totals.restarts,
            checkpoints: totals.checkpoints,
            last_checkpoint: saved.last_checkpoint.clone(),
            scenario: None,
        }
    }
}

#[cfg(test)]
#[path = "run_report/report_tests.rs"]
mod report_tests;
