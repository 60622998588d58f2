//! The picture's JSON: flat, whatever groups it has inside, and read as it is written.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use uuid::Uuid;

use super::*;
use crate::domain::call_histogram::CallHistogram;
use crate::domain::ids::SessionId;
use crate::domain::timing::{CallTiming, Percentiles};
use crate::rate_limiter::throttle::ThrottleSum;
use crate::session_pool::board::Standing;

fn at(minute: u32) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    day.and_hms_milli_opt(8, minute, 0, 250).unwrap()
}

fn latency(p50: f64) -> LatencySummary {
    let of = |p50: f64| Percentiles { p50, p95: p50 * 3.0, p99: p50 + 0.1 };
    LatencySummary { service: of(p50), queued: of(0.0), felt: of(p50 + 1.5) }
}

fn record() -> CycleRecord {
    CycleRecord {
        run_id: RunId(Uuid::from_u128(7)),
        cycle: Cycle(11),
        replay: ReplayNumber(1),
        simulated_at: at(2),
        started_at: at(3),
        ended_at: at(4),
        broken: true,
        counts: CycleCounts { released: 372, failed: 19, ..CycleCounts::default() },
        volume: CycleVolume { requests: u64::MAX, ..CycleVolume::default() },
        lateness_ms: -40,
        requests_per_second: 49.97,
        latency: latency(0.125),
    }
}

fn traffic() -> Traffic {
    Traffic {
        rate_limit: Some(0.1),
        requests_sent: u64::MAX,
        requests_max_in_1s: 606,
        requests_per_second: u32::MAX,
        requests_history: vec![0, 37, 598],
        waiting_for_permit: 143,
        throttled_for_ms: 30_000,
        throttle: ThrottleSum { holds: 6, held_ms: 61_000, calls: 19 },
        in_flight: InFlight::Fixed(12),
        calls_in_flight_max: Some(12),
        calls_in_flight: 11,
        held_back: true,
        answers_per_second: 0.5,
        answer_ms: u64::MAX,
    }
}

/// No field is empty, and numbers are as large and as odd as they get.
fn full() -> RunStatus {
    let mut totals = Totals { offers_assigned: 40, restarts: 1, ..Totals::default() };
    totals.close(&record());
    let mut call_histograms = CallHistograms::default();
    let took = Duration::from_millis(7);
    call_histograms.record(CallTiming { queued: took, service: took });
    call_histograms.felt = CallHistogram { sum_us: u64::MAX, ..call_histograms.felt };
    let reason = FreezeReason::NothingAccepted { attempts: 9 };
    RunStatus {
        at: at(9),
        began_at: at(1),
        run_id: RunId(Uuid::from_u128(7)),
        state: RunState::Frozen,
        frozen: Some(reason),
        ending: Some(Quit::AfterCycle),
        agents: 372,
        attempt: Attempt {
            cycle: Cycle(12),
            replay: ReplayNumber(2),
            cycles_planned: Some(168),
            simulated_start: at(0),
            simulated_at: at(5),
            outstanding: 54,
            current: CycleCounts { released: 372, shopped: 146, ..CycleCounts::default() },
            current_volume: CycleVolume { revenue_cents: -5, ..CycleVolume::default() },
            last: Some(record()),
        },
        totals,
        clock: Clock {
            lateness_ms: i64::MIN,
            lateness_history_ms: vec![0, -40, 400],
            interval_ms: u64::MAX,
            eta_s: Some(38.1),
        },
        calls: Calls { rolling: latency(12.0), whole_run: latency(0.3), call_histograms },
        traffic: traffic(),
        health: Health {
            sessions: vec![SessionStatus {
                id: SessionId(9),
                standing: Standing::InDoubt,
                answered: u64::MAX,
                faults: 3,
            }],
            failures: 19,
            failures_allowed: 18,
            quarantined: vec![AgentId::new("agent_007")],
            carts_dirty: 4_294_967_295,
            is_clearing_carts: true,
            pool: PoolStatus { open: 8, idle: 5, waiting: 1, max: 9, server: 60 },
            store_trouble: None,
        },
        saved: Saved {
            last_checkpoint: Some("data/checkpoints/checkpoint-01.json".to_owned()),
            last_checkpoint_at: Some(at(8)),
            checkpoint_failed: None,
        },
        order_search: None,
        memory_bytes: Some(84_300_000),
        news: News {
            incidents: vec![JournalLine {
                number: 21,
                at: at(6),
                cycle: Cycle(3),
                kind: IncidentKind::Pause,
                message: "an operator paused the run".to_owned(),
            }],
            incident_counts: BTreeMap::from([(IncidentKind::Pause, 2), (IncidentKind::Freeze, 1)]),
        },
    }
}

/// As programs have read it since before there were groups.
const WIRE: &str = include_str!("wire.json");

#[test]
fn groups_leave_the_json_of_a_picture_as_it_is() {
    assert_eq!(serde_json::to_string(&full()).unwrap(), WIRE.trim_end());
}

#[test]
fn a_picture_is_read_as_it_is_written_with_its_largest_numbers_and_odd_fractions() {
    let read: RunStatus = serde_json::from_str(WIRE).unwrap();
    assert_eq!(read, full());
    let value: Value = serde_json::from_str(WIRE).unwrap();
    assert_eq!(serde_json::from_value::<RunStatus>(value).unwrap(), full());
}

#[test]
fn a_key_that_may_be_absent_is_none_and_one_that_must_be_there_is_named() {
    let without = |key: &str| {
        let mut value: Value = serde_json::from_str(WIRE).unwrap();
        value.as_object_mut().unwrap().remove(key).unwrap();
        serde_json::from_value::<RunStatus>(value).map_err(|error| error.to_string())
    };
    for key in ["memory_bytes", "eta_s", "last_checkpoint", "frozen"] {
        assert!(without(key).is_ok(), "{key}");
    }
    for key in ["agents", "requests_sent", "cycle", "totals", "incident_counts"] {
        let error = without(key).unwrap_err();
        assert!(error.contains(key), "{key}: {error}");
    }
}
