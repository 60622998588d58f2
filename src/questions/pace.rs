//! How fast shoppers look around: product pages of a visit, and the time from one to the next.
//! Canonical rows.

use domain::ids::RunId;

use super::Question;
use super::bins::BinRow;

const VIEWS: &str = "\
SELECT v.views AS value, COUNT(*) AS seen
FROM (SELECT COUNT(*) AS views FROM canonical_shopping_session_events
  WHERE run_id = {run} AND event_type = 'view_product' GROUP BY flow_id) v
GROUP BY v.views";

/// Visits by their product pages.
pub fn views(run: RunId) -> Question<BinRow> {
    Question::new("product pages", VIEWS).with("run", run)
}

const GAPS: &str = "\
SELECT {tenths} AS value, COUNT(*) AS seen
FROM (SELECT simulated_at AS later,
    LAG(simulated_at) OVER (PARTITION BY flow_id ORDER BY seq) AS earlier
  FROM canonical_shopping_session_events
  WHERE run_id = {run} AND event_type = 'view_product') v
WHERE earlier IS NOT NULL GROUP BY {tenths}";

/// Tenths of simulated seconds from a product page to the next of its visit.
pub fn gaps(run: RunId) -> Question<BinRow> {
    Question::new("times between product pages", GAPS).with("run", run).with_dialects(
        "tenths",
        "CAST(FLOOR(EXTRACT(EPOCH FROM (later - earlier)) * 10) AS BIGINT)",
        "CAST((julianday(later) - julianday(earlier)) * 864000 AS INTEGER)",
    )
}
