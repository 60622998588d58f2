//! What the machine and the shop went through: latency, request rate, lateness, failures; every
//! attempt, replays too.
//!
//! Cycles are put together into buckets that a page is wide enough for. Percentiles do not add up:
//! a bucket has the mean of its cycles' medians, weighed by calls, and their highest p95, p99.

use questions::cycles::BucketRow;
use serde::Serialize;

use super::reading::{count, share};

/// Calls by one clock, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Mean of the cycles' medians, weighed by calls.
    pub p50_mean_ms: Option<f64>,
    /// Mean of the cycles' 95th percentiles, weighed by calls.
    pub p95_mean_ms: Option<f64>,
    /// The highest 95th percentile of a cycle.
    pub p95_max_ms: Option<f64>,
    /// The highest 99th percentile of a cycle.
    pub p99_max_ms: Option<f64>,
}

/// Sums over attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    /// Closed attempts.
    pub attempts: u64,
    /// Of them broken.
    pub broken: u64,
    /// Of them replays.
    pub replays: u64,
    /// Sent to the shop, retries and probes too.
    pub requests: u64,
    /// Of them tries after the first.
    pub retries: u64,
    /// Adds and checkouts tried.
    pub adds_and_checkouts: u64,
    /// Of them refused by the shop.
    pub refusals: u64,
    /// Agents given an hour.
    pub released: u64,
    /// Of them failed.
    pub failed: u64,
    /// Of the failed: could not be written either.
    pub failed_unrecorded: u64,
    /// Without a flow: their HTTP session was down, or they were quarantined.
    pub skipped: u64,
    /// Cut before they had a row.
    pub unfinished: u64,
    /// The most requests a real second of a cycle, over its whole length.
    pub requests_per_second_max: f64,
    /// The greatest lateness at a tick.
    pub lateness_max_ms: i64,
    /// Sent to answered.
    pub service: Latency,
    /// Wanted to sent.
    pub queued: Latency,
    /// Wanted to answered.
    pub felt: Latency,
}

/// Some cycles in a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// The first cycle; the bucket has [`Technique::cycles_per_bucket`] of them.
    pub first_cycle: u64,
    /// Of their attempts.
    #[serde(flatten)]
    pub sums: Sums,
}

/// The technical side of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Technique {
    /// Requests a second the run began with; `null`: unlimited, or not known.
    pub rate_limit: Option<f64>,
    /// Cycles that a bucket holds.
    pub cycles_per_bucket: u64,
    /// In order; a bucket without an attempt is left out.
    pub buckets: Vec<Bucket>,
    /// Over all of them.
    pub total: Sums,
    /// Of the released agents.
    pub failed_share: Option<f64>,
    /// Of the requests.
    pub retry_share: Option<f64>,
    /// Of the adds and checkouts.
    pub refusal_share: Option<f64>,
}

impl Latency {
    /// From sums of percentiles, weighed by calls, and from the highest ones.
    fn of(requests: u64, sums: [Option<f64>; 2], highest: [Option<f64>; 2]) -> Self {
        let has_calls = |ms: Option<f64>| ms.filter(|_| requests > 0);
        let [p50, p95] = sums.map(|sum| has_calls(sum).map(|s| s / requests as f64));
        let [p95_max, p99_max] = highest.map(has_calls);
        Self { p50_mean_ms: p50, p95_mean_ms: p95, p95_max_ms: p95_max, p99_max_ms: p99_max }
    }

    /// Joins two sets of calls.
    fn join(&mut self, other: &Self, weights: (u64, u64)) {
        let mean = |one: Option<f64>, two: Option<f64>| match (one, two) {
            (Some(one), Some(two)) => {
                let (a, b) = (weights.0 as f64, weights.1 as f64);
                Some((one * a + two * b) / (a + b))
            }
            (one, two) => one.or(two),
        };
        let max = |one: Option<f64>, two: Option<f64>| match (one, two) {
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        self.p50_mean_ms = mean(self.p50_mean_ms, other.p50_mean_ms);
        self.p95_mean_ms = mean(self.p95_mean_ms, other.p95_mean_ms);
        self.p95_max_ms = max(self.p95_max_ms, other.p95_max_ms);
        self.p99_max_ms = max(self.p99_max_ms, other.p99_max_ms);
    }
}

impl Sums {
    fn of(row: &BucketRow) -> Self {
        let requests = count(row.requests);
        let latency = |sums, highest| Latency::of(requests, sums, highest);
        Self {
            attempts: count(row.attempts),
            broken: count(row.broken),
            replays: count(row.replays),
            requests,
            retries: count(row.retries),
            adds_and_checkouts: count(row.adds_and_checkouts),
            refusals: count(row.refusals),
            released: count(row.released),
            failed: count(row.failed),
            failed_unrecorded: count(row.failed_unrecorded),
            skipped: count(row.skipped),
            unfinished: count(row.unfinished),
            requests_per_second_max: row.requests_per_second,
            lateness_max_ms: row.lateness_ms,
            service: latency(
                [row.service_p50_calls, row.service_p95_calls],
                [row.service_p95_max, row.service_p99_max],
            ),
            queued: latency(
                [row.queued_p50_calls, row.queued_p95_calls],
                [row.queued_p95_max, row.queued_p99_max],
            ),
            felt: latency(
                [row.felt_p50_calls, row.felt_p95_calls],
                [row.felt_p95_max, row.felt_p99_max],
            ),
        }
    }

    fn add(&mut self, other: &Self) {
        let weights = (self.requests, other.requests);
        self.service.join(&other.service, weights);
        self.queued.join(&other.queued, weights);
        self.felt.join(&other.felt, weights);
        self.attempts += other.attempts;
        self.broken += other.broken;
        self.replays += other.replays;
        self.requests += other.requests;
        self.retries += other.retries;
        self.adds_and_checkouts += other.adds_and_checkouts;
        self.refusals += other.refusals;
        self.released += other.released;
        self.failed += other.failed;
        self.failed_unrecorded += other.failed_unrecorded;
        self.skipped += other.skipped;
        self.unfinished += other.unfinished;
        self.requests_per_second_max =
            self.requests_per_second_max.max(other.requests_per_second_max);
        self.lateness_max_ms = self.lateness_max_ms.max(other.lateness_max_ms);
    }
}

impl Technique {
    /// From the buckets.
    pub fn of(rows: &[BucketRow], rate_limit: Option<f64>) -> Self {
        let width = rows.first().map_or(1, |row| count(row.width));
        let bucket = |row: &BucketRow| Bucket {
            first_cycle: count(row.bucket) * width,
            sums: Sums::of(row),
        };
        let buckets: Vec<Bucket> = rows.iter().map(bucket).collect();
        let mut total = Sums::default();
        for bucket in &buckets {
            total.add(&bucket.sums);
        }
        Self {
            rate_limit,
            cycles_per_bucket: width,
            buckets,
            failed_share: share(total.failed, total.released),
            retry_share: share(total.retries, total.requests),
            refusal_share: share(total.refusals, total.adds_and_checkouts),
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_weighed_by_calls_and_the_worst_stays() {
        let latency = |p50, p95| Latency {
            p50_mean_ms: Some(p50),
            p95_mean_ms: Some(p95),
            p95_max_ms: Some(p95),
            p99_max_ms: None,
        };
        let mut sums = Sums { requests: 3, felt: latency(10.0, 40.0), ..Sums::default() };
        let idle = Sums { released: 5, ..Sums::default() };
        let busy = Sums { requests: 1, felt: latency(30.0, 20.0), ..Sums::default() };
        sums.add(&idle);
        sums.add(&busy);
        assert_eq!(sums.felt.p50_mean_ms, Some(15.0), "a cycle without calls weighs nothing");
        assert_eq!(sums.felt.p95_max_ms, Some(40.0));
        assert_eq!((sums.requests, sums.released), (4, 5));
    }
}
