//! Closed attempts of a run, one by one, as a checkpoint counts them.
//!
//! What a sum does not need (latency, lateness, times) is not asked for: a record made of a row is
//! good for sums alone.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer};
use domain::cycle::{Cycle, CycleCounts, CycleRecord, CycleVolume, ReplayNumber};
use domain::ids::RunId;
use domain::timing::LatencySummary;

use super::Question;

/// One closed attempt.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct AttemptRow {
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
    #[diesel(sql_type = Bool)]
    broken: bool,
    #[diesel(sql_type = Integer)]
    released: i32,
    #[diesel(sql_type = Integer)]
    shopped: i32,
    #[diesel(sql_type = Integer)]
    completed: i32,
    #[diesel(sql_type = Integer)]
    abandoned: i32,
    #[diesel(sql_type = Integer)]
    browsed: i32,
    #[diesel(sql_type = Integer)]
    idle: i32,
    #[diesel(sql_type = Integer)]
    failed: i32,
    #[diesel(sql_type = Integer)]
    failed_unrecorded: i32,
    #[diesel(sql_type = Integer)]
    skipped_session_down: i32,
    #[diesel(sql_type = Integer)]
    skipped_quarantined: i32,
    #[diesel(sql_type = Integer)]
    unfinished: i32,
    #[diesel(sql_type = BigInt)]
    events: i64,
    #[diesel(sql_type = BigInt)]
    orders: i64,
    #[diesel(sql_type = BigInt)]
    revenue_cents: i64,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    retries: i64,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = BigInt)]
    refusals: i64,
}

impl AttemptRow {
    /// As the barrier had it, as far as sums go.
    pub fn record(&self, run_id: RunId) -> CycleRecord {
        let n = i32::unsigned_abs;
        CycleRecord {
            run_id,
            cycle: Cycle(n(self.cycle)),
            replay: ReplayNumber(n(self.replay)),
            simulated_at: Default::default(),
            started_at: Default::default(),
            ended_at: Default::default(),
            broken: self.broken,
            counts: CycleCounts {
                released: n(self.released),
                shopped: n(self.shopped),
                completed: n(self.completed),
                abandoned: n(self.abandoned),
                browsed: n(self.browsed),
                idle: n(self.idle),
                failed: n(self.failed),
                failed_unrecorded: n(self.failed_unrecorded),
                skipped_session_down: n(self.skipped_session_down),
                skipped_quarantined: n(self.skipped_quarantined),
                unfinished: n(self.unfinished),
            },
            volume: CycleVolume {
                events: self.events.unsigned_abs(),
                orders: self.orders.unsigned_abs(),
                revenue_cents: self.revenue_cents,
                requests: self.requests.unsigned_abs(),
                retries: self.retries.unsigned_abs(),
                attempts: self.attempts.unsigned_abs(),
                refusals: self.refusals.unsigned_abs(),
            },
            lateness_ms: 0,
            requests_per_second: 0.0,
            latency: LatencySummary::default(),
        }
    }
}

const CLOSED: &str = "\
SELECT cycle, replay, broken, released, shopped, completed, abandoned, browsed, idle, failed,
  failed_unrecorded, skipped_session_down, skipped_quarantined, unfinished, events, orders,
  revenue_cents, requests, retries, attempts, refusals
FROM cycles WHERE run_id = {run}";

/// Every closed attempt of the run, broken ones too.
pub fn closed(run: RunId) -> Question<AttemptRow> {
    Question::new("closed attempts", CLOSED).with("run", run)
}

/// A number of rows.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct CountRow {
    /// So many.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

const HANDED_OUT: &str = "SELECT COUNT(*) AS rows FROM coupon_assignments WHERE run_id = {run}";

/// Coupons that were handed out.
pub fn handed_out(run: RunId) -> Question<CountRow> {
    Question::new("coupons handed out", HANDED_OUT).with("run", run)
}
