//! The hours of a run that count: of each cycle the first attempt that nothing broke.
//!
//! A run begins on a full hour, so that hours, days and weeks are counted in cycles and both
//! databases share the statements. `offset` is the hour in which cycle 0 lies.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Timestamp};
use domain::ids::RunId;

use super::Question;

/// Hours of one simulated day.
#[derive(Clone, Debug, QueryableByName)]
pub struct DayRow {
    /// Days since the day of cycle 0.
    #[diesel(sql_type = Integer)]
    pub day: i32,
    /// Hours that count.
    #[diesel(sql_type = BigInt)]
    pub hours: i64,
    /// Agents given an hour, summed over the hours.
    #[diesel(sql_type = BigInt)]
    pub released: i64,
    /// Of them those that did nothing.
    #[diesel(sql_type = BigInt)]
    pub idle: i64,
}

const BY_DAY: &str = "\
SELECT (cycle + {offset}) / 24 AS day, COUNT(*) AS hours,
  CAST(SUM(released) AS BIGINT) AS released, CAST(SUM(idle) AS BIGINT) AS idle
FROM canonical_cycles WHERE run_id = {run}
GROUP BY (cycle + {offset}) / 24 ORDER BY day";

/// The days in order; `offset` from 00:00.
pub fn by_day(run: RunId, offset: i32) -> Question<DayRow> {
    Question::new("hours by day", BY_DAY).with("run", run).with("offset", offset)
}

/// Hours of one slot of a day or a week.
#[derive(Clone, Debug, QueryableByName)]
pub struct SlotRow {
    /// The hour of the day or of the week.
    #[diesel(sql_type = Integer)]
    pub slot: i32,
    /// Hours that count.
    #[diesel(sql_type = BigInt)]
    pub hours: i64,
    /// Agents given an hour, summed over the hours.
    #[diesel(sql_type = BigInt)]
    pub released: i64,
}

const BY_SLOT: &str = "\
SELECT {slot} AS slot, COUNT(*) AS hours, CAST(SUM(released) AS BIGINT) AS released
FROM canonical_cycles WHERE run_id = {run} GROUP BY {slot} ORDER BY slot";

/// By hour of the day; `offset` from 00:00.
pub fn by_hour_of_day(run: RunId, offset: i32) -> Question<SlotRow> {
    let asked = Question::new("hours by hour of day", BY_SLOT).with("run", run);
    asked.with_sql("slot", "(cycle + {offset}) % 24").with("offset", offset)
}

/// By hour of the week; `offset` from Monday 00:00.
pub fn by_hour_of_week(run: RunId, offset: i32) -> Question<SlotRow> {
    let asked = Question::new("agents released", BY_SLOT).with("run", run);
    asked.with_sql("slot", "(cycle + {offset}) % 168").with("offset", offset)
}

/// How far a run has come.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct LivedRow {
    /// Hours that count.
    #[diesel(sql_type = BigInt)]
    pub hours: i64,
    /// The cycle after the last of them.
    #[diesel(sql_type = Integer)]
    pub end: i32,
}

const LIVED: &str = "\
SELECT COUNT(*) AS hours, COALESCE(MAX(cycle) + 1, 0) AS \"end\"
FROM canonical_cycles WHERE run_id = {run}";

/// How far it has come.
pub fn lived(run: RunId) -> Question<LivedRow> {
    Question::new("cycles", LIVED).with("run", run)
}

/// An hour that counts.
#[derive(Clone, Debug, QueryableByName)]
pub struct ClosedRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// When its attempt closed; wall clock, UTC.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
}

const CLOSED: &str = "\
SELECT cycle, recorded_at FROM canonical_cycles WHERE run_id = {run} ORDER BY cycle";

/// Each of them in order.
pub fn closed(run: RunId) -> Question<ClosedRow> {
    Question::new("hours that count", CLOSED).with("run", run)
}

/// When a run last wrote a cycle.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct LastClosedRow {
    /// Wall clock, UTC; `None` of a run without an attempt.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub recorded_at: Option<NaiveDateTime>,
}

const LAST_CLOSED: &str = "\
SELECT MAX(recorded_at) AS recorded_at FROM cycles WHERE run_id = {run}";

/// When its last attempt closed, whether or not it counts.
pub fn last_closed(run: RunId) -> Question<LastClosedRow> {
    Question::new("the last attempt", LAST_CLOSED).with("run", run)
}
