//! `/metrics`: the picture of a run as Prometheus reads it. Base units, no agent's id.
//!
//! Counters are the run's sums over closed attempts and the process's own counts: both only grow
//! while a process lives, through replays and broken cycles too. Documented in
//! docs/operating.md; a test holds dashboards and alert rules against these names.

pub mod families;
mod traffic;

use actix_web::{HttpResponse, web};
use actors::coordinator::status::{Attempt, Calls, Clock, Health, RunStatus};
use actors::domain::cycle::CycleCounts;
use actors::domain::timing::{LatencySummary, Percentiles};
use actors::domain::totals::Totals;
use actors::ports::store::RunState;
use actors::session_pool::board::Standing;
use chrono::NaiveDateTime;
use prometheus::proto::MetricFamily;
use prometheus::{TEXT_FORMAT, TextEncoder};

use self::families::{Families, Labels};
use super::Shared;

/// Every state, in the order of the text.
const STATES: [RunState; 6] = [
    RunState::Running,
    RunState::Paused,
    RunState::Freezing,
    RunState::Frozen,
    RunState::Stopped,
    RunState::Completed,
];

/// The route.
pub(super) fn configure(app: &mut web::ServiceConfig) {
    app.service(web::resource("/metrics").get(metrics));
}

async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    let run = shared.run.borrow().clone();
    let families = match run {
        Some(run) => families(&run.status.borrow().clone()),
        None => build(),
    };
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => HttpResponse::Ok().content_type(TEXT_FORMAT).body(text),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error}\n")),
    }
}

/// What is known before the run is wired.
fn build() -> Vec<MetricFamily> {
    let mut page = Families::default();
    about(&mut page);
    page.into_inner()
}

/// Every metric of a run.
pub fn families(status: &RunStatus) -> Vec<MetricFamily> {
    let mut page = Families::default();
    about(&mut page);
    run(&mut page, status);
    time(&mut page, &status.attempt, &status.clock);
    agents(&mut page, status);
    sums(&mut page, &status.totals);
    traffic::requests(&mut page, &status.traffic);
    latency(&mut page, &status.calls);
    sessions(&mut page, &status.health);
    health(&mut page, &status.health);
    process(&mut page, status);
    page.into_inner()
}

fn about(page: &mut Families) {
    let version: Labels = &[("version", env!("CARGO_PKG_VERSION"))];
    page.gauges("cartload_build_info", "Always 1; the version is a label.", [(version, 1.0)]);
}

fn run(page: &mut Families, status: &RunStatus) {
    let id = status.run_id.to_string();
    let id: Labels = &[("run_id", &id)];
    page.gauges("cartload_run_info", "Always 1; the run's id is a label.", [(id, 1.0)]);
    let labels = STATES.map(|state| [("state", state.as_str())]);
    let is = STATES.map(|state| f64::from(u8::from(state == status.state)));
    page.gauges(
        "cartload_run_state",
        "1 for the state the run is in, 0 for the others.",
        labels.iter().map(|l| l.as_slice()).zip(is),
    );
    page.gauge(
        "cartload_picture_timestamp_seconds",
        "When the Coordinator last published, Unix time.",
        unix(status.at),
    );
    page.gauge(
        "cartload_start_timestamp_seconds",
        "When this process took the run up, Unix time.",
        unix(status.began_at),
    );
}

fn time(page: &mut Families, attempt: &Attempt, clock: &Clock) {
    page.gauge(
        "cartload_simulated_timestamp_seconds",
        "Simulated begin of the cycle, Unix time.",
        unix(attempt.simulated_at),
    );
    page.gauge("cartload_cycle", "The cycle under way or next.", attempt.cycle.0.into());
    page.gauge("cartload_cycle_replay", "Its attempt; 0: the original.", attempt.replay.0.into());
    page.gauge_if(
        "cartload_cycles_planned",
        "Cycles the run is planned for; absent: until stopped.",
        attempt.cycles_planned.map(f64::from),
    );
    page.gauge(
        "cartload_cycle_interval_seconds",
        "Real time between two ticks; 0: as fast as work allows.",
        millis(clock.interval_ms as f64),
    );
    page.gauge(
        "cartload_lateness_seconds",
        "Behind the plan at the last tick, pauses taken out.",
        millis(clock.lateness_ms as f64),
    );
    page.gauge_if(
        "cartload_eta_seconds",
        "Real time to the planned end; absent where there is none or nothing moves.",
        clock.eta_s,
    );
}

fn agents(page: &mut Families, status: &RunStatus) {
    let attempt = &status.attempt;
    page.gauge("cartload_agents", "Active agents.", status.agents.into());
    page.gauge(
        "cartload_agents_quarantined",
        "Agents that crashed too often and get no tick.",
        status.health.quarantined.len() as f64,
    );
    page.gauge(
        "cartload_cycle_released_agents",
        "Agents released in the cycle under way.",
        attempt.current.released.into(),
    );
    page.gauge(
        "cartload_cycle_outstanding_agents",
        "Agents of the cycle under way that have not ended yet.",
        attempt.outstanding.into(),
    );
    let counts = outcomes(&attempt.current);
    page.gauges(
        "cartload_cycle_agents",
        "Agents of the cycle under way that have ended, by outcome.",
        counts.iter().map(|(label, n)| (label.as_slice(), *n)),
    );
}

fn sums(page: &mut Families, totals: &Totals) {
    let volume = &totals.volume;
    let (completed, broken): (Labels, Labels) =
        (&[("result", "completed")], &[("result", "broken")]);
    page.counters(
        "cartload_cycles_total",
        "Closed attempts at cycles; completed ones are the hours claimed.",
        [
            (completed, f64::from(totals.cycles_completed)),
            (broken, f64::from(totals.broken_cycles)),
        ],
    );
    let mut counter = |name: &str, help: &str, value: f64| page.counter(name, help, value);
    counter(
        "cartload_cycles_replayed_total",
        "Completed attempts that repeat a cycle.",
        totals.replayed_cycles.into(),
    );
    counter(
        "cartload_agents_released_total",
        "Agents released, over all closed attempts.",
        totals.counts.released.into(),
    );
    counter("cartload_events_total", "Rows of shopping_session_events.", volume.events as f64);
    counter("cartload_orders_total", "Rows of orders.", volume.orders as f64);
    counter(
        "cartload_revenue_total",
        "Sum of the orders' final totals, in the shop's currency.",
        volume.revenue_cents as f64 / 100.0,
    );
    counter(
        "cartload_offers_assigned_total",
        "Rows of coupon_assignments.",
        totals.offers_assigned as f64,
    );
    counter(
        "cartload_cycle_requests_total",
        "Requests of closed attempts; cartload_requests_total has all.",
        volume.requests as f64,
    );
    counter("cartload_retries_total", "Tries after the first of a call.", volume.retries as f64);
    counter("cartload_cart_attempts_total", "Adds and checkouts tried.", volume.attempts as f64);
    counter(
        "cartload_cart_refusals_total",
        "Of the attempts: refused by the shop for a business reason.",
        volume.refusals as f64,
    );
    counter(
        "cartload_flows_unrecorded_total",
        "Failed flows whose failure could not be written either.",
        totals.counts.failed_unrecorded.into(),
    );
    let counts = outcomes(&totals.counts);
    page.counters(
        "cartload_agent_cycles_total",
        "What released agents did, over all closed attempts; the outcomes add up to the released.",
        counts.iter().map(|(label, n)| (label.as_slice(), *n)),
    );
}

fn latency(page: &mut Families, calls: &Calls) {
    let histograms = &calls.call_histograms;
    let clock = ["service", "queued", "felt"].map(|clock| [("clock", clock)]);
    page.histograms(
        "cartload_call_duration_seconds",
        "Calls to the shop: service is sent to answered, queued wanted to sent, felt both.",
        clock.iter().map(|l| l.as_slice()).zip([
            histograms.service,
            histograms.queued,
            histograms.felt,
        ]),
    );
    let rolling = quantiles(&calls.rolling);
    page.gauges(
        "cartload_call_duration_rolling_seconds",
        "Exact percentiles of the last 1,000 calls.",
        rolling.iter().map(|(labels, value)| (labels.as_slice(), *value)),
    );
    let whole = quantiles(&calls.whole_run);
    page.gauges(
        "cartload_call_duration_run_seconds",
        "Percentiles of all calls of this process, to three digits.",
        whole.iter().map(|(labels, value)| (labels.as_slice(), *value)),
    );
}

type Quantile = ([(&'static str, &'static str); 2], f64);

fn quantiles(summary: &LatencySummary) -> Vec<Quantile> {
    let of = |clock: &'static str, p: Percentiles| {
        [("0.5", p.p50), ("0.95", p.p95), ("0.99", p.p99)]
            .map(|(quantile, ms)| ([("clock", clock), ("quantile", quantile)], millis(ms)))
    };
    let clocks =
        [of("service", summary.service), of("queued", summary.queued), of("felt", summary.felt)];
    clocks.into_iter().flatten().collect()
}

fn sessions(page: &mut Families, health: &Health) {
    let ids: Vec<String> = health.sessions.iter().map(|s| s.id.to_string()).collect();
    let labels: Vec<[(&str, &str); 1]> =
        ids.iter().map(|id| [("http_session", id.as_str())]).collect();
    let by = || labels.iter().map(|label| label.as_slice()).zip(&health.sessions);
    page.gauges(
        "cartload_http_session_up",
        "0 while the session's own connections are broken.",
        by().map(|(l, s)| (l, f64::from(u8::from(s.standing != Standing::Down)))),
    );
    page.counters(
        "cartload_http_session_answers_total",
        "Tries that the shop answered, whatever it said.",
        by().map(|(l, s)| (l, s.answered as f64)),
    );
    page.counters(
        "cartload_http_session_faults_total",
        "Tries that failed by refusal, reset, TLS or timeout.",
        by().map(|(l, s)| (l, s.faults as f64)),
    );
}

fn health(page: &mut Families, health: &Health) {
    let pool = &health.pool;
    for (name, help, value) in [
        ("cartload_breaker_failures", "Failures in this cycle.", health.failures),
        (
            "cartload_breaker_failures_allowed",
            "Failures this cycle may have; one more freezes the run.",
            health.failures_allowed,
        ),
        ("cartload_db_connections_open", "Open database connections.", pool.open),
        ("cartload_db_connections_idle", "Of the open ones: idle.", pool.idle),
        ("cartload_db_connections_max", "The most there may be.", pool.max),
        (
            "cartload_db_server_connections",
            "All that the database's server has; 0 where it does not say.",
            pool.server,
        ),
        ("cartload_db_waiters", "Callers that wait for a connection.", pool.waiting),
    ] {
        page.gauge(name, help, value.into());
    }
    page.gauge(
        "cartload_store_trouble_seconds",
        "For so long the database takes nothing; 0: it does.",
        health.store_trouble.as_ref().map_or(0.0, |it| millis(it.for_ms as f64).max(0.001)),
    );
}

fn process(page: &mut Families, status: &RunStatus) {
    let totals = &status.totals;
    page.counter("cartload_restarts_total", "Agents' actors rebuilt.", totals.restarts as f64);
    page.counter("cartload_checkpoints_total", "Checkpoints written.", totals.checkpoints as f64);
    page.gauge_if(
        "cartload_last_checkpoint_timestamp_seconds",
        "When the newest checkpoint was written, Unix time; absent before the first.",
        status.saved.last_checkpoint_at.map(unix),
    );
    page.counter(
        "cartload_incidents_total",
        "Incidents of this process; the table `incidents` has each.",
        status.news.incidents.last().map_or(0.0, |line| line.number as f64),
    );
    page.gauge_if(
        "cartload_resident_memory_bytes",
        "Resident memory of the process; absent where the system does not say.",
        status.memory_bytes.map(|bytes| bytes as f64),
    );
}

/// What agents did; adds up to the released ones that have ended.
fn outcomes(counts: &CycleCounts) -> [([(&'static str, &'static str); 1], f64); 8] {
    [
        ("completed", counts.completed),
        ("abandoned", counts.abandoned),
        ("browsed", counts.browsed),
        ("idle", counts.idle),
        ("failed", counts.failed),
        ("skipped_session_down", counts.skipped_session_down),
        ("skipped_quarantined", counts.skipped_quarantined),
        ("unfinished", counts.unfinished),
    ]
    .map(|(outcome, n)| ([("outcome", outcome)], f64::from(n)))
}

fn unix(at: NaiveDateTime) -> f64 {
    at.and_utc().timestamp_millis() as f64 / 1_000.0
}

fn millis(ms: f64) -> f64 {
    ms / 1_000.0
}
