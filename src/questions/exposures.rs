//! Who was released into which arm of an experiment: incidents of kind `exposure`.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text};
use domain::ids::RunId;

use super::Question;

/// One release.
#[derive(Clone, Debug, QueryableByName)]
pub struct ExposureRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// Agents by arm, as JSON.
    #[diesel(sql_type = Text)]
    pub detail: String,
}

const EXPOSURES: &str = "\
SELECT cycle, CAST(detail AS TEXT) AS detail
FROM incidents WHERE run_id = {run} AND kind = 'exposure' ORDER BY cycle, replay";

/// Every release, the earliest first.
pub fn of(run: RunId) -> Question<ExposureRow> {
    Question::new("releases into arms", EXPOSURES).with("run", run)
}
