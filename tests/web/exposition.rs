//! The text of `/metrics`: what Prometheus demands of it, and that its numbers are the picture's.

use std::collections::{BTreeMap, BTreeSet};

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::cycle::{CycleCounts, CycleRecord};
use actors::domain::ids::{AgentId, SessionId};
use actors::domain::incident::IncidentKind;
use actors::domain::timing::CallTiming;
use actors::session_pool::board::{SessionStatus, Standing};
use cartload::web::Reading;
use cartload::web::metrics::families;
use prometheus::TextEncoder;
use regex::Regex;

use crate::support::served::{happens, running, serve};

/// One family of the text.
#[derive(Clone, Debug, Default)]
pub struct Family {
    pub kind: String,
    /// Name with suffix, labels, value.
    pub samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// Families by name. Panics where the text is none that Prometheus reads.
pub fn parse(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'));
    let sample = Regex::new(r#"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$"#).unwrap();
    let label = Regex::new(r#"([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)"#).unwrap();
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let (mut current, mut seen) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            current = help.split(' ').next().unwrap().to_owned();
            assert!(help.len() > current.len() + 10, "no help: {line}");
            let is_new = families.insert(current.clone(), Family::default()).is_none();
            assert!(is_new, "twice: {line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, current, "TYPE follows HELP");
            families.get_mut(name).unwrap().kind = kind.to_owned();
        } else {
            let found = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
            let labels = found.get(2).map_or("", |m| m.as_str());
            let pairs = label.captures_iter(labels).map(|c| (c[1].to_owned(), c[2].to_owned()));
            let (name, value) = (found[1].to_owned(), found[3].parse::<f64>());
            assert!(seen.insert(line.rsplit_once(' ').unwrap().0.to_owned()), "twice: {line}");
            assert!(name.starts_with(&current), "{name} stands under {current}");
            let value = value.unwrap_or_else(|_| panic!("no number: {line}"));
            families.get_mut(&current).unwrap().samples.push((name, pairs.collect(), value));
        }
    }
    families
}

/// A picture that has something of everything.
pub fn full() -> actors::coordinator::status::RunStatus {
    let mut status = running();
    let counts = CycleCounts {
        released: 36,
        shopped: 11,
        completed: 5,
        abandoned: 6,
        browsed: 7,
        idle: 8,
        failed: 4,
        failed_unrecorded: 1,
        skipped_session_down: 2,
        skipped_quarantined: 1,
        unfinished: 3,
    };
    let record: CycleRecord = serde_json::from_value(serde_json::json!({
        "run_id": status.run_id, "cycle": 2, "replay": 1,
        "simulated_at": status.attempt.simulated_at,
        "started_at": status.at, "ended_at": status.at, "broken": false, "counts": counts,
        "volume": { "events": 90, "orders": 5, "revenue_cents": 12_345, "requests": 77,
            "retries": 3, "attempts": 20, "refusals": 2 },
        "lateness_ms": 1500, "requests_per_second": 4.5, "latency": status.calls.rolling,
    }))
    .unwrap();
    status.totals.close(&record);
    status.attempt.current = counts;
    status.attempt.last = Some(record);
    status.frozen = Some(FreezeReason::Tripped { reason: "a \"drill\"\n\\".into() });
    status.attempt.cycles_planned = Some(96);
    status.clock.eta_s = Some(12.5);
    status.traffic.rate_limit = Some(50.0);
    status.traffic.calls_in_flight_max = Some(37);
    status.memory_bytes = Some(15 << 20);
    status.saved.last_checkpoint_at = Some(status.at);
    status.health.quarantined = vec![AgentId::new("agent_007")];
    status.traffic.requests_sent = 81;
    status.health.sessions = (0..10)
        .map(|n| SessionStatus {
            id: SessionId(n),
            standing: if n == 3 { Standing::Down } else { Standing::Up },
            answered: u64::from(n) * 10,
            faults: u64::from(n),
        })
        .collect();
    for ms in [1, 40, 800, 90_000] {
        let took = std::time::Duration::from_millis(ms);
        status.calls.call_histograms.record(CallTiming { queued: took, service: took });
    }
    happens(&mut status, IncidentKind::Pause, "an operator paused the run");
    status
}

/// `/metrics` of a picture.
pub fn text_of(status: &actors::coordinator::status::RunStatus) -> String {
    TextEncoder::new().encode_to_string(&families(status)).unwrap()
}

#[actix::test]
async fn the_text_is_what_prometheus_demands() {
    let served = serve(full(), Reading::Open);
    let answer = served.client().get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
    let families = parse(&answer.body);
    assert!(families.len() > 40, "{}", families.len());
    let units = ["_seconds", "_bytes", "_total", "_timestamp_seconds"];
    for (name, family) in &families {
        assert!(name.starts_with("cartload_"), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind == "counter", "{name}: {}", family.kind);
        assert!(["gauge", "counter", "histogram"].contains(&family.kind.as_str()), "{name}");
        assert!(!name.contains("_ms") && !name.contains("milli"), "base units: {name}");
        let is_histogram = family.kind == "histogram";
        assert!(!is_histogram || units.iter().any(|unit| name.ends_with(unit)), "{name}");
        assert!(!family.samples.is_empty(), "{name}");
        for (sample, labels, value) in &family.samples {
            assert!(is_histogram || sample == name, "{sample} under {name}");
            assert!(family.kind != "counter" || *value >= 0.0, "{sample} {value}");
            assert!(!labels.keys().any(|key| key.contains("agent")), "{labels:?}");
            assert!(!labels.values().any(|value| value.contains("agent_0")), "{labels:?}");
        }
    }
    assert!(!answer.body.contains("agent_007"), "no agent's id");
    served.web.stop().await;
}

#[test]
fn histograms_rise_to_their_count() {
    let families = parse(&text_of(&full()));
    let family = &families["cartload_call_duration_seconds"];
    for clock in ["service", "queued", "felt"] {
        let of = |suffix: &str| -> Vec<f64> {
            let name = format!("cartload_call_duration_seconds{suffix}");
            let samples =
                family.samples.iter().filter(|(n, l, _)| *n == name && l["clock"] == clock);
            samples.map(|(_, _, value)| *value).collect()
        };
        let buckets = of("_bucket");
        assert!(buckets.is_sorted() && buckets.len() == 16, "{buckets:?}");
        assert_eq!((buckets[15], of("_count")[0]), (4.0, 4.0), "+Inf is the count");
        assert_eq!(buckets[14], 3.0, "90 s is above all");
    }
    let sum = family.samples.iter().find(|(n, l, _)| n.ends_with("_sum") && l["clock"] == "felt");
    assert_eq!(sum.unwrap().2, 2.0 * 90.841);
}

#[test]
fn each_number_is_the_pictures() {
    let status = full();
    let families = parse(&text_of(&status));
    let value = |name: &str, label: &str| {
        let samples = &families.get(name).unwrap_or_else(|| panic!("no {name}")).samples;
        let is_it = |labels: &BTreeMap<String, String>| {
            label.is_empty() || labels.values().any(|value| value == label)
        };
        samples.iter().find(|(_, labels, _)| is_it(labels)).unwrap().2
    };
    let counts = status.totals.counts;
    for (name, label, expected) in [
        ("cartload_orders_total", "", 5.0),
        ("cartload_revenue_total", "", 123.45),
        ("cartload_events_total", "", 90.0),
        ("cartload_requests_total", "", 81.0),
        ("cartload_cycle_requests_total", "", 77.0),
        ("cartload_agents_released_total", "", f64::from(counts.released)),
        ("cartload_agent_cycles_total", "completed", f64::from(counts.completed)),
        ("cartload_agent_cycles_total", "unfinished", f64::from(counts.unfinished)),
        ("cartload_cycles_total", "completed", 1.0),
        ("cartload_cycles_total", "broken", 0.0),
        ("cartload_cycles_replayed_total", "", 1.0),
        ("cartload_http_session_up", "3", 0.0),
        ("cartload_http_session_up", "4", 1.0),
        ("cartload_http_session_answers_total", "9", 90.0),
        ("cartload_run_state", "running", 1.0),
        ("cartload_run_state", "frozen", 0.0),
        ("cartload_agents_quarantined", "", 1.0),
        ("cartload_resident_memory_bytes", "", 15_728_640.0),
        ("cartload_eta_seconds", "", 12.5),
        ("cartload_incidents_total", "", 1.0),
    ] {
        assert_eq!(value(name, label), expected, "{name} {label}");
    }
    let samples = &families["cartload_agent_cycles_total"].samples;
    let sum: f64 = samples.iter().map(|(_, _, value)| value).sum();
    assert_eq!(sum, f64::from(counts.released), "the outcomes add up to the released");
}

#[test]
fn what_has_no_number_is_absent_and_not_zero() {
    let families = parse(&text_of(&running()));
    for name in [
        "cartload_cycles_planned",
        "cartload_eta_seconds",
        "cartload_rate_limit_requests_per_second",
        "cartload_last_checkpoint_timestamp_seconds",
        "cartload_resident_memory_bytes",
        "cartload_http_session_up",
    ] {
        assert!(!families.contains_key(name), "{name}");
    }
}

#[test]
fn counters_only_grow_through_a_broken_cycle_and_its_replay() {
    let mut status = full();
    let counters = |status: &_| -> BTreeMap<String, f64> {
        let families = parse(&text_of(status)).into_values();
        let counters = families.filter(|family| family.kind == "counter");
        let samples = counters.flat_map(|family| family.samples);
        samples.map(|(name, labels, value)| (format!("{name}{labels:?}"), value)).collect()
    };
    let mut before = counters(&status);
    let record = status.attempt.last.clone().unwrap();
    for (broken, replay) in [(true, 1), (false, 2)] {
        let mut record = record.clone();
        (record.broken, record.replay.0) = (broken, replay);
        // The cycle under way is gone from `current` before its row has closed it.
        status.attempt.current = CycleCounts::default();
        let between = counters(&status);
        assert!(before.iter().all(|(name, value)| between[name] >= *value));
        status.totals.close(&record);
        let after = counters(&status);
        assert!(before.iter().all(|(name, value)| after[name] >= *value));
        before = after;
    }
}
