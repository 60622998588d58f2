//! What the database is asked for a report: sums only, each answered in one statement that reads
//! the same in both dialects, all at one moment.
//!
//! Behaviour is read from canonical rows; technical pictures from every attempt, because the shop
//! and the database had to bear all of them. `$1` is the run.

use chrono::{NaiveDateTime, Timelike};
use domain::ids::RunId;
use store::admin::export::{Bind, Statement};

/// Buckets of a technical picture at most: what a page is wide enough for.
pub const BUCKETS_MAX: u32 = 200;
/// Incidents of one kind that are listed.
pub const INCIDENTS_OF_A_KIND_MAX: u32 = 40;
/// Reasons of a refusal that are listed; they are the shop's words.
pub const REASONS_MAX: u32 = 12;

/// What is asked, in the order of `statements`, in words for a progress line.
pub const QUESTIONS: [&str; 15] = [
    "hours by day",
    "hours by hour of day",
    "visits by day",
    "visits by hour of day",
    "steps of visits",
    "lines of orders",
    "units of orders",
    "coupons",
    "steps of coupons",
    "refusals of coupons",
    "cycles",
    "ends of visits",
    "incidents by kind",
    "incidents",
    "incidents by time",
];

const DAYS_LIVED: &str = "SELECT (cycle + {hour}) / 24 AS d, COUNT(*) AS a, \
    CAST(SUM(released) AS BIGINT) AS b, CAST(SUM(idle) AS BIGINT) AS c \
    FROM canonical_cycles WHERE run_id = $1 GROUP BY (cycle + {hour}) / 24 ORDER BY 1";

const HOURS_LIVED: &str = "SELECT (cycle + {hour}) % 24 AS h, COUNT(*) AS a \
    FROM canonical_cycles WHERE run_id = $1 GROUP BY (cycle + {hour}) % 24 ORDER BY 1";

/// `{key}` is the day or the hour of the day.
const VISITS: &str = "SELECT {key} AS k, COUNT(*) AS a, \
    COUNT(CASE WHEN s.status = 'completed' THEN 1 END) AS b, \
    COUNT(CASE WHEN s.status = 'abandoned' THEN 1 END) AS c, \
    COUNT(CASE WHEN s.status = 'browsed' THEN 1 END) AS d, \
    COUNT(CASE WHEN s.status = 'failed' THEN 1 END) AS e, \
    COUNT(o.flow_id) AS f, CAST(SUM(o.final_total_cents) AS BIGINT) AS g, \
    CAST(SUM(o.discount_total_cents) AS BIGINT) AS i \
    FROM canonical_shopping_sessions s LEFT JOIN orders o ON o.flow_id = s.flow_id \
    WHERE s.run_id = $1 GROUP BY {key} ORDER BY 1";

/// Visits without any event are counted too. A cart needs one accepted product.
const STEPS: &str = "SELECT COUNT(*) AS a, \
    COUNT(CASE WHEN v.lists > 0 THEN 1 END) AS b, CAST(SUM(v.lists) AS BIGINT) AS c, \
    COUNT(CASE WHEN v.views > 0 THEN 1 END) AS d, CAST(SUM(v.views) AS BIGINT) AS e, \
    COUNT(CASE WHEN v.adds > 0 THEN 1 END) AS f, CAST(SUM(v.adds) AS BIGINT) AS g, \
    COUNT(CASE WHEN v.checkouts > 0 THEN 1 END) AS h, CAST(SUM(v.checkouts) AS BIGINT) AS i, \
    COUNT(CASE WHEN v.orders > 0 THEN 1 END) AS j, CAST(SUM(v.orders) AS BIGINT) AS k, \
    COUNT(CASE WHEN v.adds > 0 AND v.orders = 0 THEN 1 END) AS l \
    FROM (SELECT s.flow_id, \
      COUNT(CASE WHEN e.event_type = 'product_list' THEN 1 END) AS lists, \
      COUNT(CASE WHEN e.event_type = 'view_product' THEN 1 END) AS views, \
      COUNT(CASE WHEN e.event_type = 'cart_add_item' \
        AND CAST(e.payload -> 'accepted' AS TEXT) = 'true' THEN 1 END) AS adds, \
      COUNT(CASE WHEN e.event_type IN ('checkout_complete', 'checkout_failed') THEN 1 END) \
        AS checkouts, \
      COUNT(CASE WHEN e.event_type = 'checkout_complete' THEN 1 END) AS orders \
      FROM canonical_shopping_sessions s \
      LEFT JOIN shopping_session_events e ON e.flow_id = s.flow_id \
      WHERE s.run_id = $1 GROUP BY s.flow_id) v";

/// `{size}` is the number of lines or of units.
const BASKETS: &str = "SELECT b.size AS a, COUNT(*) AS b FROM (SELECT i.flow_id, \
    CAST({size} AS BIGINT) AS size FROM canonical_order_items i \
    WHERE i.run_id = $1 GROUP BY i.flow_id) b GROUP BY b.size ORDER BY b.size";

/// `$2` is the instant until which the run has lived. An assignment outlives its attempt.
const COUPONS: &str = "SELECT COUNT(*) AS a, COUNT(t.redeemed_flow_id) AS b, \
    COUNT(CASE WHEN t.redeemed_flow_id IS NULL AND t.expires_at <= $2 THEN 1 END) AS c, \
    COUNT(DISTINCT t.agent_id) AS d, \
    COUNT(DISTINCT CASE WHEN t.redeemed_flow_id IS NOT NULL THEN t.agent_id END) AS e, \
    CAST(AVG(CASE WHEN r.cycle >= t.cycle THEN r.cycle - t.cycle END) / 24.0 \
      AS DOUBLE PRECISION) AS f, \
    COUNT(CASE WHEN t.source = 'shop' THEN 1 END) AS g \
    FROM coupon_assignments t LEFT JOIN shopping_sessions r ON r.flow_id = t.redeemed_flow_id \
    WHERE t.run_id = $1 AND t.assigned_at <= $2";

/// One row of coupons that carry an assignment, and of steps that do not.
const COUPON_STEPS: &str = "SELECT step AS a, COUNT(*) AS b, \
    COUNT(DISTINCT assignment_id) AS c FROM canonical_coupon_interactions \
    WHERE run_id = $1 GROUP BY step ORDER BY step";

const COUPON_REASONS: &str = "SELECT COALESCE(reason, '') AS a, COUNT(*) AS b \
    FROM canonical_coupon_interactions WHERE run_id = $1 AND step = 'rejected' \
    GROUP BY COALESCE(reason, '') ORDER BY COUNT(*) DESC, COALESCE(reason, '') \
    LIMIT {reasons}";

/// Percentiles do not add up: of a bucket the mean median, by calls, and the highest others.
const CYCLES: &str = "SELECT w.width AS a, c.cycle / w.width AS b, COUNT(*) AS c, \
    COUNT(CASE WHEN c.broken THEN 1 END) AS d, COUNT(CASE WHEN c.is_replay THEN 1 END) AS e, \
    CAST(SUM(c.requests) AS BIGINT) AS f, CAST(SUM(c.retries) AS BIGINT) AS g, \
    CAST(SUM(c.attempts) AS BIGINT) AS h, CAST(SUM(c.refusals) AS BIGINT) AS i, \
    CAST(SUM(c.released) AS BIGINT) AS j, CAST(SUM(c.failed) AS BIGINT) AS k, \
    CAST(SUM(c.failed_unrecorded) AS BIGINT) AS l, \
    CAST(SUM(c.skipped_session_down + c.skipped_quarantined) AS BIGINT) AS m, \
    CAST(SUM(c.unfinished) AS BIGINT) AS n, \
    CAST(MAX(c.requests_per_second) AS DOUBLE PRECISION) AS o, MAX(c.lateness_ms) AS p, \
    {latency} \
    FROM cycles c CROSS JOIN (SELECT COALESCE(MAX(cycle), 0) / {buckets} + 1 AS width \
      FROM cycles WHERE run_id = $1) w \
    WHERE c.run_id = $1 GROUP BY w.width, c.cycle / w.width ORDER BY c.cycle / w.width";

/// `all` attempts and, of them, those that count.
const ENDS: &str = "SELECT s.status AS a, COALESCE(s.end_reason, '') AS b, COUNT(*) AS c, \
    COUNT(k.cycle) AS d, MIN(s.failure) AS e \
    FROM shopping_sessions s LEFT JOIN canonical_attempts k \
    ON k.run_id = s.run_id AND k.cycle = s.cycle AND k.replay = s.replay \
    WHERE s.run_id = $1 GROUP BY s.status, COALESCE(s.end_reason, '') \
    ORDER BY s.status, COALESCE(s.end_reason, '')";

const INCIDENT_KINDS: &str = "SELECT kind AS a, COUNT(*) AS b, MIN(cycle) AS c, MAX(cycle) AS d \
    FROM incidents WHERE run_id = $1 GROUP BY kind ORDER BY kind";

const INCIDENTS: &str = "SELECT cycle, replay, kind, message, agent_id, simulated_at, \
    recorded_at, CAST(detail -> 'drill' AS TEXT) AS drill \
    FROM (SELECT i.*, ROW_NUMBER() OVER (PARTITION BY kind \
        ORDER BY recorded_at, incident_id) AS nth FROM incidents i WHERE run_id = $1) i \
    WHERE nth <= {incidents} ORDER BY recorded_at, cycle, incident_id";

const INCIDENT_TIMES: &str = "SELECT i.cycle / w.width AS a, i.kind AS b, COUNT(*) AS c \
    FROM incidents i CROSS JOIN (SELECT COALESCE(MAX(cycle), 0) / {buckets} + 1 AS width \
      FROM cycles WHERE run_id = $1) w \
    WHERE i.run_id = $1 GROUP BY i.cycle / w.width, i.kind ORDER BY i.cycle / w.width, i.kind";

/// The statements, one for each of [`QUESTIONS`].
pub fn statements(run: RunId, start: NaiveDateTime, until: NaiveDateTime) -> Vec<Statement> {
    let hour = start.hour().to_string();
    let run = || Bind::Text(run.to_string());
    let fill = |sql: &str| {
        sql.replace("{hour}", &hour)
            .replace("{buckets}", &BUCKETS_MAX.to_string())
            .replace("{reasons}", &REASONS_MAX.to_string())
            .replace("{incidents}", &INCIDENTS_OF_A_KIND_MAX.to_string())
            .replace("{latency}", &latency())
    };
    let of_run = |sql: &str| Statement::of(fill(sql), vec![run()]);
    let day = format!("(s.cycle + {hour}) / 24");
    let hour_of_day = format!("(s.cycle + {hour}) % 24");
    vec![
        of_run(DAYS_LIVED),
        of_run(HOURS_LIVED),
        of_run(&VISITS.replace("{key}", &day)),
        of_run(&VISITS.replace("{key}", &hour_of_day)),
        of_run(STEPS),
        of_run(&BASKETS.replace("{size}", "COUNT(*)")),
        of_run(&BASKETS.replace("{size}", "SUM(i.quantity)")),
        coupons(run(), until),
        of_run(COUPON_STEPS),
        of_run(COUPON_REASONS),
        of_run(CYCLES),
        of_run(ENDS),
        of_run(INCIDENT_KINDS),
        of_run(INCIDENTS),
        of_run(INCIDENT_TIMES),
    ]
}

/// `$2` stands before `$1` in the text, and SQLite numbers places by first appearance.
fn coupons(run: Bind, until: NaiveDateTime) -> Statement {
    let sql = COUPONS.replace("$1", "$0").replace("$2", "$1").replace("$0", "$2");
    Statement::of(sql, vec![Bind::Instant(until), run])
}

/// For each clock: mean median by calls, highest p95 and p99. Cycles without calls have none.
fn latency() -> String {
    let clocks = ["service", "queued", "felt"].map(|clock| {
        let of = |p: &str| format!("CAST(c.latency -> '{clock}' ->> '{p}' AS DOUBLE PRECISION)");
        let (p50, p95, p99) = (of("p50"), of("p95"), of("p99"));
        format!(
            "CAST(SUM(c.requests * {p50}) AS DOUBLE PRECISION), \
             CAST(SUM(c.requests * {p95}) AS DOUBLE PRECISION), MAX({p95}), MAX({p99})"
        )
    });
    clocks.join(", ")
}
