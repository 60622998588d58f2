//! What a run reports, from a status made by hand.

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::status::{Attempt, Calls, Clock, Health, News, Saved, Traffic};
use actors::domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use actors::domain::timing::Percentiles;
use actors::domain::totals::Totals;
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::json;
use uuid::Uuid;

use super::*;

fn at(hour: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(hour, 0, 0).unwrap()
}

fn latency() -> LatencySummary {
    let of = |p50, p95, p99| Percentiles { p50, p95, p99 };
    LatencySummary {
        service: of(1.0, 2.0, 3.0),
        queued: of(4.0, 5.0, 6.0),
        felt: of(7.0, 2100.0, 9.0),
    }
}

fn record() -> CycleRecord {
    CycleRecord {
        run_id: RunId(Uuid::nil()),
        cycle: Cycle(12),
        replay: ReplayNumber::ORIGINAL,
        simulated_at: at(20),
        started_at: at(1),
        ended_at: at(1),
        broken: false,
        counts: CycleCounts {
            released: 372,
            shopped: 151,
            completed: 88,
            abandoned: 63,
            browsed: 33,
            idle: 186,
            failed: 2,
            ..CycleCounts::default()
        },
        volume: CycleVolume {
            events: 900,
            orders: 88,
            revenue_cents: 123_456,
            requests: 862,
            ..CycleVolume::default()
        },
        lateness_ms: 250,
        requests_per_second: 49.97,
        latency: latency(),
    }
}

fn status() -> RunStatus {
    let mut totals =
        Totals { offers_assigned: 40, restarts: 1, checkpoints: 3, ..Totals::default() };
    totals.close(&record());
    RunStatus {
        at: at(21),
        began_at: at(8),
        run_id: RunId(Uuid::nil()),
        state: RunState::Completed,
        frozen: None,
        ending: None,
        order_search: None,
        agents: 372,
        attempt: Attempt {
            cycle: Cycle(13),
            replay: ReplayNumber::ORIGINAL,
            cycles_planned: Some(13),
            simulated_start: at(8),
            simulated_at: at(21),
            last: Some(record()),
            ..Attempt::default()
        },
        totals,
        clock: Clock {
            lateness_ms: 250,
            lateness_history_ms: vec![0, 250],
            interval_ms: 75_000,
            ..Clock::default()
        },
        calls: Calls { rolling: latency(), whole_run: latency(), ..Calls::default() },
        traffic: Traffic {
            rate_limit: Some(50.0),
            requests_sent: 862,
            requests_max_in_1s: 51,
            ..Traffic::default()
        },
        health: Health { failures_allowed: 18, ..Health::default() },
        saved: Saved::default(),
        memory_bytes: None,
        news: News::default(),
    }
}

#[test]
fn the_json_object_has_every_promised_key() {
    let report = RunReport::new(&status(), RunState::Completed);
    let percentiles = |p50: f64, p95: f64, p99: f64| json!({"p50": p50, "p95": p95, "p99": p99});
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        json!({
            "schema": "cartload.run/1",
            "run_id": "00000000-0000-0000-0000-000000000000",
            "state": "completed",
            "frozen_reason": null,
            "agents": 372,
            "cycles_planned": 13,
            "cycles_completed": 1,
            "simulated_start": "2026-01-05T08:00:00",
            "simulated_end": "2026-01-05T21:00:00",
            "lateness_s": 0.25,
            "requests": 862,
            "requests_max_in_1s": 51,
            "rate_limit": 50.0,
            "sessions": {"completed": 88, "abandoned": 63, "browsed": 33, "failed": 2},
            "idle": 186,
            "skipped": 0,
            "events": 900,
            "orders": 88,
            "revenue_cents": 123_456,
            "carts_left": 0,
            "offers_assigned": 40,
            "latency_ms": {
                "service": percentiles(1.0, 2.0, 3.0),
                "queued": percentiles(4.0, 5.0, 6.0),
                "felt": percentiles(7.0, 2100.0, 9.0),
            },
            "replayed_cycles": 0,
            "restarts": 1,
            "checkpoints": 3,
            "last_checkpoint": null,
        })
    );
}

#[test]
fn a_cycle_is_one_line_that_says_replay_and_broken_where_it_is_so() {
    let line = cycle_line::text(&record());
    assert_eq!(
        line,
        "cycle    12  Mon 2026-01-05 20:00  released  372  shopping  151  browsing   33  \
         failed   2  calls   862    50.0/s  felt p95   2.1 s  late   0.2 s"
    );
    let mut broken = record();
    broken.broken = true;
    broken.replay = ReplayNumber(2);
    broken.counts.unfinished = 7;
    broken.counts.skipped_quarantined = 1;
    let line = cycle_line::text(&broken);
    assert!(line.ends_with("  skipped 1  replay 2  broken, 7 unfinished"), "{line}");
    assert_eq!(cycle_line::json(&broken).lines().count(), 1);
}

#[test]
fn the_summary_names_the_state_and_why_a_run_froze() {
    let mut frozen = status();
    frozen.frozen = Some(FreezeReason::NothingAccepted { attempts: 9 });
    let text = summary::text(&RunReport::new(&frozen, RunState::Frozen));
    assert!(text.contains(": frozen\n  frozen     the shop accepted none of 9 adds"), "{text}");
    assert!(text.contains("88 orders worth 1234.56"), "{text}");
    assert!(text.contains("862, at most 51 in 1 s (limit 50/s)"), "{text}");
}

#[test]
fn carts_left_with_goods_are_a_line_of_the_summary_and_none_is_no_line() {
    let mut status = status();
    assert!(!summary::text(&RunReport::new(&status, RunState::Stopped)).contains("carts"));
    for (carts, line) in [(1, "1 was left with goods"), (1_234, "1,234 were left with goods")] {
        status.health.carts_dirty = carts;
        let report = RunReport::new(&status, RunState::Stopped);
        assert_eq!(report.carts_left, carts);
        assert!(summary::text(&report).contains(line), "{}", summary::text(&report));
    }
}
