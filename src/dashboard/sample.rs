//! Pictures of runs for the tests of state and view.

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::journal::JournalLine;
use actors::coordinator::status::{Attempt, Calls, Clock, Health, News, RunStatus, Saved, Traffic};
use actors::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use actors::domain::ids::{RunId, SessionId};
use actors::domain::incident::IncidentKind;
use actors::domain::timing::{LatencySummary, Percentiles};
use actors::domain::totals::Totals;
use actors::ports::store::{PoolStatus, RunState};
use actors::session_pool::board::{SessionStatus, Standing};
use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

fn wall(minute: u32, second: u32) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
    day.and_hms_opt(14, minute, second).unwrap()
}

fn simulated(hour: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(hour, 0, 0).unwrap()
}

/// An incident of cycle 12.
pub fn incident(number: u64, kind: IncidentKind, message: &str) -> JournalLine {
    let message = message.to_owned();
    JournalLine { number, at: wall(3, 22), cycle: Cycle(12), kind, message }
}

fn latency() -> LatencySummary {
    LatencySummary {
        service: Percentiles { p50: 0.4, p95: 4.2, p99: 10.0 },
        queued: Percentiles { p50: 160.0, p95: 361.0, p99: 417.0 },
        felt: Percentiles { p50: 160.4, p95: 362.0, p99: 2_418.0 },
    }
}

fn last() -> CycleRecord {
    CycleRecord {
        run_id: RunId(Uuid::nil()),
        cycle: Cycle(11),
        replay: ReplayNumber::ORIGINAL,
        simulated_at: simulated(19),
        started_at: wall(3, 0),
        ended_at: wall(3, 4),
        broken: false,
        counts: CycleCounts {
            released: 372,
            shopped: 189,
            completed: 109,
            abandoned: 80,
            browsed: 12,
            idle: 171,
            ..CycleCounts::default()
        },
        volume: CycleVolume { requests: 1_104, orders: 109, ..CycleVolume::default() },
        lateness_ms: 0,
        requests_per_second: 601.0,
        latency: latency(),
    }
}

fn totals() -> Totals {
    Totals {
        cycles_completed: 12,
        counts: CycleCounts {
            completed: 1_599,
            abandoned: 1_027,
            browsed: 154,
            idle: 2_362,
            released: 5_142,
            shopped: 2_626,
            ..CycleCounts::default()
        },
        volume: CycleVolume {
            events: 27_712,
            orders: 1_599,
            revenue_cents: 5_021_375,
            requests: 16_040,
            ..CycleVolume::default()
        },
        offers_assigned: 10_780,
        checkpoints: 2,
        ..Totals::default()
    }
}

fn counts() -> CycleCounts {
    CycleCounts {
        released: 372,
        shopped: 146,
        completed: 90,
        abandoned: 56,
        browsed: 15,
        idle: 157,
        ..CycleCounts::default()
    }
}

fn volume() -> CycleVolume {
    CycleVolume { events: 1_402, orders: 90, requests: 907, refusals: 6, ..CycleVolume::default() }
}

/// The attempt at it.
fn under_way() -> Attempt {
    Attempt {
        cycle: Cycle(12),
        replay: ReplayNumber::ORIGINAL,
        cycles_planned: Some(20),
        simulated_start: simulated(8),
        simulated_at: simulated(20),
        outstanding: 54,
        current: counts(),
        current_volume: volume(),
        last: Some(last()),
    }
}

/// In the middle of cycle 12 of 20, all well.
pub fn running() -> RunStatus {
    RunStatus {
        at: wall(3, 30),
        began_at: wall(2, 28),
        run_id: RunId(Uuid::from_u128(0x01a2_0b1b_39dd_750d_baec_c066_fc2f_f0c9)),
        state: RunState::Running,
        frozen: None,
        ending: None,
        order_search: None,
        agents: 372,
        attempt: under_way(),
        totals: totals(),
        clock: Clock {
            lateness_ms: 400,
            lateness_history_ms: vec![0, 0, 100, 200, 250, 300, 400],
            interval_ms: 5_000,
            eta_s: Some(38.0),
        },
        calls: Calls { rolling: latency(), whole_run: latency(), ..Calls::default() },
        traffic: Traffic {
            rate_limit: Some(600.0),
            requests_sent: 16_053,
            requests_max_in_1s: 606,
            requests_per_second: 598,
            requests_history: (0..60).map(|second: u32| (second * 37) % 600).collect(),
            waiting_for_permit: 143,
            calls_in_flight_max: Some(12),
            calls_in_flight: 11,
            answers_per_second: 598.0,
            answer_ms: 9,
            ..Traffic::default()
        },
        health: Health {
            sessions: (0..10)
                .map(|id| SessionStatus {
                    id: SessionId(id),
                    standing: Standing::Up,
                    answered: 1_600,
                    faults: 0,
                })
                .collect(),
            failures: 1,
            failures_allowed: 18,
            pool: PoolStatus { open: 8, idle: 5, waiting: 0, max: 8, server: 60 },
            ..Health::default()
        },
        saved: Saved {
            last_checkpoint: Some(
                "data/checkpoints/checkpoint-01a20b1b-0000000010-2.json".to_owned(),
            ),
            last_checkpoint_at: Some(wall(3, 12)),
            checkpoint_failed: None,
        },
        memory_bytes: Some(84_300_000),
        news: News {
            incidents: vec![incident(
                1,
                IncidentKind::Resume,
                "the paused run goes on (door: key)",
            )],
            ..News::default()
        },
    }
}

/// The same, frozen by its 19th failure.
pub fn frozen() -> RunStatus {
    let reason = FreezeReason::FailuresInCycle {
        failures: 19,
        allowed: 18,
        released: 372,
        causes: vec![
            "POST /cart/items answered 500 (12 times)".to_owned(),
            "POST /checkout answered 503 after 4 tries (7 times)".to_owned(),
        ],
        shop: None,
    };
    let mut status = running();
    let told = format!("frozen: {reason}");
    status.state = RunState::Frozen;
    status.health.failures = 19;
    status.attempt.current.failed = 19;
    status.attempt.outstanding = 0;
    status.clock.eta_s = None;
    status.news.incidents.push(incident(2, IncidentKind::Freeze, &told));
    status.frozen = Some(reason);
    status
}
