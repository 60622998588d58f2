//! The rows of a replay, and those of the attempts before it that broke.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use domain::ids::RunId;

use super::Question;

/// Visits of the replay's cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct RowsRow {
    /// Of the replay itself.
    #[diesel(sql_type = BigInt)]
    pub replayed: i64,
    /// Of the attempts before it that broke.
    #[diesel(sql_type = BigInt)]
    pub broken: i64,
    /// Of them ended by a crash.
    #[diesel(sql_type = BigInt)]
    pub crashed: i64,
    /// Of them ended by a stop.
    #[diesel(sql_type = BigInt)]
    pub stopped: i64,
}

const ROWS: &str = "\
SELECT COUNT(CASE WHEN s.replay = {replay} THEN 1 END) AS replayed,
  COUNT(CASE WHEN s.replay < {replay} AND k.broken THEN 1 END) AS broken,
  COUNT(CASE WHEN s.replay < {replay} AND k.broken AND s.end_reason = 'crash' THEN 1 END)
    AS crashed,
  COUNT(CASE WHEN s.replay < {replay} AND k.broken AND s.end_reason = 'stopped' THEN 1 END)
    AS stopped
FROM shopping_sessions s JOIN cycles k
  ON k.run_id = s.run_id AND k.cycle = s.cycle AND k.replay = s.replay
WHERE s.run_id = {run} AND s.cycle >= {first} AND s.cycle <= {last} AND s.replay <= {replay}";

/// Of replay number `replay`, which ran these cycles again.
pub fn rows(run: RunId, replay: i32, (first, last): (i32, i32)) -> Question<RowsRow> {
    let asked = Question::new("rows of a replay", ROWS).with("run", run).with("replay", replay);
    asked.with("first", first).with("last", last)
}
