//! What an operator had to know about: how often, when, and in which words.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamp};
use domain::ids::RunId;

use super::Question;

/// Incidents of one kind.
#[derive(Clone, Debug, QueryableByName)]
pub struct KindRow {
    /// As column `kind`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub incidents: i64,
    /// The cycle of the first.
    #[diesel(sql_type = Integer)]
    pub first_cycle: i32,
    /// The cycle of the last.
    #[diesel(sql_type = Integer)]
    pub last_cycle: i32,
}

const KINDS: &str = "\
SELECT kind, COUNT(*) AS incidents, MIN(cycle) AS first_cycle, MAX(cycle) AS last_cycle
FROM incidents WHERE run_id = {run} GROUP BY kind ORDER BY kind";

/// By kind.
pub fn kinds(run: RunId) -> Question<KindRow> {
    Question::new("incidents by kind", KINDS).with("run", run)
}

/// One incident.
#[derive(Clone, Debug, QueryableByName)]
pub struct IncidentRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// As column `kind`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// One sentence; it may quote the shop.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// The agent concerned.
    #[diesel(sql_type = Nullable<Text>)]
    pub agent_id: Option<String>,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub simulated_at: NaiveDateTime,
    /// Wall clock, UTC.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
    /// `true` where somebody made it happen.
    #[diesel(sql_type = Nullable<Text>)]
    pub drill: Option<String>,
}

const FIRST: &str = "\
SELECT cycle, replay, kind, message, agent_id, simulated_at, recorded_at,
  CAST(detail -> 'drill' AS TEXT) AS drill
FROM (SELECT i.*, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY recorded_at, incident_id) AS nth
  FROM incidents i WHERE run_id = {run}) i
WHERE nth <= {most} ORDER BY recorded_at, cycle, incident_id";

/// The first `most` of each kind, in the order in which they happened.
pub fn first(run: RunId, most: i32) -> Question<IncidentRow> {
    Question::new("incidents", FIRST).with("run", run).with("most", most)
}

/// Incidents of one kind in some cycles in a row.
#[derive(Clone, Debug, QueryableByName)]
pub struct BucketRow {
    /// The number of the bucket, as of those of [`super::cycles`].
    #[diesel(sql_type = Integer)]
    pub bucket: i32,
    /// As column `kind`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub incidents: i64,
}

const BUCKETS: &str = "\
SELECT i.cycle / w.width AS bucket, i.kind, COUNT(*) AS incidents
FROM incidents i CROSS JOIN (
  SELECT COALESCE(MAX(cycle), 0) / {most} + 1 AS width FROM cycles WHERE run_id = {run}) w
WHERE i.run_id = {run} GROUP BY i.cycle / w.width, i.kind ORDER BY i.cycle / w.width, i.kind";

/// By time, in the same `most` buckets as the cycles.
pub fn buckets(run: RunId, most: i32) -> Question<BucketRow> {
    Question::new("incidents by time", BUCKETS).with("run", run).with("most", most)
}

/// An incident that a replay may follow from.
#[derive(Clone, Debug, QueryableByName)]
pub struct NoteRow {
    /// freeze, resume or replay.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// In words.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// Details, as JSON.
    #[diesel(sql_type = Text)]
    pub detail: String,
    /// Wall clock, UTC.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
}

const NOTES: &str = "\
SELECT kind, message, CAST(detail AS TEXT) AS detail, recorded_at
FROM incidents WHERE run_id = {run} AND kind IN ('freeze', 'resume', 'replay')
ORDER BY recorded_at, CASE kind WHEN 'freeze' THEN 0 WHEN 'resume' THEN 1 ELSE 2 END";

/// What replays follow from, in the order in which a run writes them, should two bear the same
/// instant.
pub fn notes(run: RunId) -> Question<NoteRow> {
    Question::new("freezes, resumes and replays", NOTES).with("run", run)
}
