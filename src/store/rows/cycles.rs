//! Attempts at cycles, and incidents.
//!
//! An incident's id is a function of its content, so that a retried write appends it once.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::Insertable;
use domain::cycle::CycleRecord;
use domain::incident::Incident;
use serde_json::{Value, json};
use uuid::Uuid;

use super::flow::CutAttempt;
use super::{big, integer, sealed_row};
use crate::schema::{cycles, incidents};

/// One attempt at one cycle.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = cycles, treat_none_as_default_value = false)]
pub struct CycleRow {
    run_id: String,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    is_simulated: bool,
    simulated_at: NaiveDateTime,
    started_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
    broken: bool,
    released: i32,
    shopped: i32,
    completed: i32,
    abandoned: i32,
    browsed: i32,
    idle: i32,
    failed: i32,
    failed_unrecorded: i32,
    skipped_session_down: i32,
    skipped_quarantined: i32,
    unfinished: i32,
    events: i64,
    orders: i64,
    revenue_cents: i64,
    requests: i64,
    retries: i64,
    attempts: i64,
    refusals: i64,
    lateness_ms: i64,
    requests_per_second: f64,
    latency: Value,
}

sealed_row!(CycleRow, in Cycles:
    run_id, cycle, replay, is_replay, is_simulated, simulated_at, started_at, recorded_at, broken,
    released, shopped, completed, abandoned, browsed, idle, failed, failed_unrecorded,
    skipped_session_down, skipped_quarantined, unfinished, events, orders, revenue_cents,
    requests, retries, attempts, refusals, lateness_ms, requests_per_second, latency,
);

impl CycleRow {
    /// The row written at the barrier.
    pub fn of(record: &CycleRecord) -> Self {
        let (counts, volume) = (&record.counts, &record.volume);
        Self {
            run_id: record.run_id.to_string(),
            cycle: integer(record.cycle.0),
            replay: integer(record.replay.0),
            is_replay: record.replay.is_replay(),
            is_simulated: true,
            simulated_at: record.simulated_at,
            started_at: record.started_at,
            recorded_at: record.ended_at,
            broken: record.broken,
            released: integer(counts.released),
            shopped: integer(counts.shopped),
            completed: integer(counts.completed),
            abandoned: integer(counts.abandoned),
            browsed: integer(counts.browsed),
            idle: integer(counts.idle),
            failed: integer(counts.failed),
            failed_unrecorded: integer(counts.failed_unrecorded),
            skipped_session_down: integer(counts.skipped_session_down),
            skipped_quarantined: integer(counts.skipped_quarantined),
            unfinished: integer(counts.unfinished),
            events: big(volume.events),
            orders: big(volume.orders),
            revenue_cents: volume.revenue_cents,
            requests: big(volume.requests),
            retries: big(volume.retries),
            attempts: big(volume.attempts),
            refusals: big(volume.refusals),
            lateness_ms: record.lateness_ms,
            requests_per_second: record.requests_per_second,
            latency: json!({
                "service": percentiles(&record.latency.service),
                "queued": percentiles(&record.latency.queued),
                "felt": percentiles(&record.latency.felt),
            }),
        }
    }

    /// The broken row of an attempt that a crash cut, from its rows: who was idle or had no row yet
    /// died with the process, so `released` is what is known to have begun.
    pub fn cut(
        run_id: &str,
        simulated_start: NaiveDateTime,
        cut: &CutAttempt,
        at: NaiveDateTime,
    ) -> Self {
        let rows = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
        Self {
            run_id: run_id.to_owned(),
            cycle: cut.cycle,
            replay: cut.replay,
            is_replay: cut.replay > 0,
            is_simulated: true,
            simulated_at: simulated_start + TimeDelta::hours(i64::from(cut.cycle)),
            started_at: cut.started_at,
            recorded_at: at,
            broken: true,
            released: rows(cut.flows),
            shopped: rows(cut.completed + cut.abandoned),
            completed: rows(cut.completed),
            abandoned: rows(cut.abandoned),
            browsed: rows(cut.browsed),
            idle: 0,
            failed: rows(cut.failed),
            failed_unrecorded: 0,
            skipped_session_down: 0,
            skipped_quarantined: 0,
            unfinished: 0,
            events: cut.events,
            orders: cut.orders,
            revenue_cents: cut.revenue_cents,
            requests: cut.calls,
            retries: 0,
            attempts: 0,
            refusals: 0,
            lateness_ms: 0,
            requests_per_second: 0.0,
            latency: json!({}),
        }
    }
}

fn percentiles(p: &domain::timing::Percentiles) -> Value {
    json!({ "p50": p.p50, "p95": p.p95, "p99": p.p99 })
}

/// One incident.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = incidents, treat_none_as_default_value = false)]
pub struct IncidentRow {
    incident_id: String,
    run_id: String,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    is_simulated: bool,
    agent_id: Option<String>,
    http_session: Option<i32>,
    kind: &'static str,
    message: String,
    detail: Value,
    simulated_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

sealed_row!(IncidentRow, in Incidents:
    incident_id, run_id, cycle, replay, is_replay, is_simulated, agent_id, http_session, kind,
    message, detail, simulated_at, recorded_at,
);

impl IncidentRow {
    /// The incident's row.
    pub fn of(incident: &Incident) -> Self {
        let agent_id = incident.agent_id.as_ref().map(|a| a.as_str().to_owned());
        let content = format!(
            "{}/{}/{}/{agent_id:?}/{:?}/{}/{}",
            incident.cycle,
            incident.replay.0,
            incident.kind,
            incident.http_session,
            incident.recorded_at,
            incident.message,
        );
        Self {
            incident_id: Uuid::new_v5(&incident.run_id.0, content.as_bytes()).to_string(),
            run_id: incident.run_id.to_string(),
            cycle: integer(incident.cycle.0),
            replay: integer(incident.replay.0),
            is_replay: incident.replay.is_replay(),
            is_simulated: true,
            agent_id,
            http_session: incident.http_session.map(|s| i32::from(s.0)),
            kind: incident.kind.as_str(),
            message: incident.message.clone(),
            detail: incident.detail.clone(),
            simulated_at: incident.simulated_at,
            recorded_at: incident.recorded_at,
        }
    }
}
