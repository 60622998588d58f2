//! What the machine and the shop went through: latency, request rate, lateness, failures; every
//! attempt, replays too.
//!
//! Cycles are put together into buckets that a page is wide enough for. Percentiles do not add up:
//! a bucket has the mean of its cycles' medians, weighed by calls, and their highest p95, p99.

use serde::Serialize;
use store::admin::export::DynamicRow;

use super::reading::{Cells, share};
use crate::export::ExportError;

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
    /// The first two are sums over calls still.
    fn read(cells: &mut Cells, requests: u64) -> Result<Self, ExportError> {
        let mean = |sum: Option<f64>| sum.filter(|_| requests > 0).map(|s| s / requests as f64);
        let has_calls = |ms: Option<f64>| ms.filter(|_| requests > 0);
        Ok(Self {
            p50_mean_ms: mean(cells.number("latency")?),
            p95_mean_ms: mean(cells.number("latency")?),
            p95_max_ms: has_calls(cells.number("latency")?),
            p99_max_ms: has_calls(cells.number("latency")?),
        })
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
    fn read(cells: &mut Cells) -> Result<Self, ExportError> {
        let mut sums = Self {
            attempts: cells.count("cycle")?,
            broken: cells.count("broken")?,
            replays: cells.count("is_replay")?,
            requests: cells.count("requests")?,
            retries: cells.count("retries")?,
            adds_and_checkouts: cells.count("attempts")?,
            refusals: cells.count("refusals")?,
            released: cells.count("released")?,
            failed: cells.count("failed")?,
            failed_unrecorded: cells.count("failed_unrecorded")?,
            skipped: cells.count("skipped")?,
            unfinished: cells.count("unfinished")?,
            requests_per_second_max: cells.number("requests_per_second")?.unwrap_or(0.0),
            lateness_max_ms: cells.integer("lateness_ms")?,
            ..Self::default()
        };
        sums.service = Latency::read(cells, sums.requests)?;
        sums.queued = Latency::read(cells, sums.requests)?;
        sums.felt = Latency::read(cells, sums.requests)?;
        Ok(sums)
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
    pub fn of(rows: Vec<DynamicRow>, rate_limit: Option<f64>) -> Result<Self, ExportError> {
        let (mut width, mut buckets, mut total) = (1, Vec::new(), Sums::default());
        for row in rows {
            let mut cells = Cells::of("cycles", row);
            width = cells.count("width")?;
            let first_cycle = cells.count("cycle")? * width;
            let sums = Sums::read(&mut cells)?;
            total.add(&sums);
            buckets.push(Bucket { first_cycle, sums });
        }
        Ok(Self {
            rate_limit,
            cycles_per_bucket: width,
            buckets,
            failed_share: share(total.failed, total.released),
            retry_share: share(total.retries, total.requests),
            refusal_share: share(total.refusals, total.adds_and_checkouts),
            total,
        })
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
