//! Attempts at cycles, all of them, replays too: what the machine and the shop went through.
//!
//! Cycles are put together into buckets that a page is wide enough for. Percentiles do not add up:
//! a bucket has its cycles' percentiles summed, weighed by calls, and their highest.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Integer, Nullable};
use domain::ids::RunId;

use super::Question;

/// Some cycles in a row.
#[derive(Clone, Debug, QueryableByName)]
pub struct BucketRow {
    /// Cycles that every bucket holds.
    #[diesel(sql_type = Integer)]
    pub width: i32,
    /// Its number, from 0; a bucket without an attempt has no row.
    #[diesel(sql_type = Integer)]
    pub bucket: i32,
    /// Closed attempts.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// Of them broken.
    #[diesel(sql_type = BigInt)]
    pub broken: i64,
    /// Of them replays.
    #[diesel(sql_type = BigInt)]
    pub replays: i64,
    /// Sent to the shop, retries and probes too.
    #[diesel(sql_type = BigInt)]
    pub requests: i64,
    /// Of them tries after the first.
    #[diesel(sql_type = BigInt)]
    pub retries: i64,
    /// Adds and checkouts tried.
    #[diesel(sql_type = BigInt)]
    pub adds_and_checkouts: i64,
    /// Of them refused by the shop.
    #[diesel(sql_type = BigInt)]
    pub refusals: i64,
    /// Agents given an hour.
    #[diesel(sql_type = BigInt)]
    pub released: i64,
    /// Of them failed.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Of the failed: could not be written either.
    #[diesel(sql_type = BigInt)]
    pub failed_unrecorded: i64,
    /// Without a flow: their HTTP session was down, or they were quarantined.
    #[diesel(sql_type = BigInt)]
    pub skipped: i64,
    /// Cut before they had a row.
    #[diesel(sql_type = BigInt)]
    pub unfinished: i64,
    /// The most requests a real second of a cycle, over its whole length.
    #[diesel(sql_type = Double)]
    pub requests_per_second: f64,
    /// The greatest lateness at a tick.
    #[diesel(sql_type = BigInt)]
    pub lateness_ms: i64,
    /// Medians by calls: sent to answered, ms x calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub service_p50_calls: Option<f64>,
    /// 95th percentiles by calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub service_p95_calls: Option<f64>,
    /// The highest 95th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub service_p95_max: Option<f64>,
    /// The highest 99th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub service_p99_max: Option<f64>,
    /// Medians by calls: wanted to sent, ms x calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub queued_p50_calls: Option<f64>,
    /// 95th percentiles by calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub queued_p95_calls: Option<f64>,
    /// The highest 95th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub queued_p95_max: Option<f64>,
    /// The highest 99th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub queued_p99_max: Option<f64>,
    /// Medians by calls: wanted to answered, ms x calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub felt_p50_calls: Option<f64>,
    /// 95th percentiles by calls.
    #[diesel(sql_type = Nullable<Double>)]
    pub felt_p95_calls: Option<f64>,
    /// The highest 95th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub felt_p95_max: Option<f64>,
    /// The highest 99th percentile.
    #[diesel(sql_type = Nullable<Double>)]
    pub felt_p99_max: Option<f64>,
}

const BUCKETS: &str = "\
SELECT w.width, c.cycle / w.width AS bucket, COUNT(*) AS attempts,
  COUNT(CASE WHEN c.broken THEN 1 END) AS broken,
  COUNT(CASE WHEN c.is_replay THEN 1 END) AS replays,
  CAST(SUM(c.requests) AS BIGINT) AS requests,
  CAST(SUM(c.retries) AS BIGINT) AS retries,
  CAST(SUM(c.attempts) AS BIGINT) AS adds_and_checkouts,
  CAST(SUM(c.refusals) AS BIGINT) AS refusals,
  CAST(SUM(c.released) AS BIGINT) AS released,
  CAST(SUM(c.failed) AS BIGINT) AS failed,
  CAST(SUM(c.failed_unrecorded) AS BIGINT) AS failed_unrecorded,
  CAST(SUM(c.skipped_session_down + c.skipped_quarantined) AS BIGINT) AS skipped,
  CAST(SUM(c.unfinished) AS BIGINT) AS unfinished,
  CAST(MAX(c.requests_per_second) AS DOUBLE PRECISION) AS requests_per_second,
  MAX(c.lateness_ms) AS lateness_ms,
  CAST(SUM(c.requests * CAST(c.latency -> 'service' ->> 'p50' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS service_p50_calls,
  CAST(SUM(c.requests * CAST(c.latency -> 'service' ->> 'p95' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS service_p95_calls,
  MAX(CAST(c.latency -> 'service' ->> 'p95' AS DOUBLE PRECISION)) AS service_p95_max,
  MAX(CAST(c.latency -> 'service' ->> 'p99' AS DOUBLE PRECISION)) AS service_p99_max,
  CAST(SUM(c.requests * CAST(c.latency -> 'queued' ->> 'p50' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS queued_p50_calls,
  CAST(SUM(c.requests * CAST(c.latency -> 'queued' ->> 'p95' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS queued_p95_calls,
  MAX(CAST(c.latency -> 'queued' ->> 'p95' AS DOUBLE PRECISION)) AS queued_p95_max,
  MAX(CAST(c.latency -> 'queued' ->> 'p99' AS DOUBLE PRECISION)) AS queued_p99_max,
  CAST(SUM(c.requests * CAST(c.latency -> 'felt' ->> 'p50' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS felt_p50_calls,
  CAST(SUM(c.requests * CAST(c.latency -> 'felt' ->> 'p95' AS DOUBLE PRECISION))
    AS DOUBLE PRECISION) AS felt_p95_calls,
  MAX(CAST(c.latency -> 'felt' ->> 'p95' AS DOUBLE PRECISION)) AS felt_p95_max,
  MAX(CAST(c.latency -> 'felt' ->> 'p99' AS DOUBLE PRECISION)) AS felt_p99_max
FROM cycles c CROSS JOIN (
  SELECT COALESCE(MAX(cycle), 0) / {most} + 1 AS width FROM cycles WHERE run_id = {run}) w
WHERE c.run_id = {run} GROUP BY w.width, c.cycle / w.width ORDER BY c.cycle / w.width";

/// The attempts in `most` buckets at most.
pub fn buckets(run: RunId, most: i32) -> Question<BucketRow> {
    Question::new("cycles", BUCKETS).with("run", run).with("most", most)
}

/// Attempts at cycles, and the visits of all of them.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct AttemptedRow {
    /// Closed attempts.
    #[diesel(sql_type = BigInt)]
    pub attempts: i64,
    /// Of them broken.
    #[diesel(sql_type = BigInt)]
    pub broken: i64,
    /// Of them replays.
    #[diesel(sql_type = BigInt)]
    pub replays: i64,
    /// Rows of visits in all attempts.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// Of them in replays.
    #[diesel(sql_type = BigInt)]
    pub replayed_visits: i64,
}

const ATTEMPTED: &str = "\
SELECT COUNT(*) AS attempts, COUNT(CASE WHEN broken THEN 1 END) AS broken,
  COUNT(CASE WHEN is_replay THEN 1 END) AS replays,
  CAST(COALESCE(SUM(completed + abandoned + browsed + failed - failed_unrecorded), 0) AS BIGINT)
    AS visits,
  CAST(COALESCE(SUM(CASE WHEN is_replay
    THEN completed + abandoned + browsed + failed - failed_unrecorded END), 0) AS BIGINT)
    AS replayed_visits
FROM cycles WHERE run_id = {run}";

/// Attempts and visits of a run.
pub fn attempted(run: RunId) -> Question<AttemptedRow> {
    Question::new("attempts", ATTEMPTED).with("run", run)
}
