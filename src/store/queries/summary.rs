//! Counts of a run, for the command line and for tests.
//!
//! Sums come back as BIGINT by a cast: Postgres would answer NUMERIC.

use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::flow::FlowStatus;
use domain::ids::RunId;
use questions::runs::RunRow;

use super::{Conn, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::large;
use crate::rows::runs::{NamedCount, RunSummary};

/// How many rows each table has of this run.
#[dialect]
pub async fn count_rows(c: &mut Conn, run: RunId) -> Answer<Vec<(String, u64)>> {
    let rows: Vec<NamedCount> =
        diesel::sql_query(rows_per_table()).bind::<Text, _>(run.to_string()).load(c).await?;
    Ok(rows.into_iter().map(|r| (r.name, large(r.rows))).collect())
}

/// What a run left behind.
#[dialect]
pub async fn run_summary(c: &mut Conn, run: RunId) -> Answer<Option<RunSummary>> {
    let row: Option<RunRow> =
        diesel::sql_query(RUN).bind::<Text, _>(run.to_string()).get_result(c).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let statuses: Vec<NamedCount> =
        diesel::sql_query(STATUSES).bind::<Text, _>(run.to_string()).load(c).await?;
    let figures: Vec<NamedCount> =
        diesel::sql_query(FIGURES).bind::<Text, _>(run.to_string()).load(c).await?;
    let figure = |name: &str| figures.iter().find(|f| f.name == name).map_or(0, |f| f.rows);
    let of_status =
        |s: FlowStatus| statuses.iter().find(|r| r.name == s.as_str()).map_or(0, |r| large(r.rows));
    Ok(Some(RunSummary {
        run: row.known()?,
        flows: FlowStatus::ALL.iter().map(|s| (*s, of_status(*s))).collect(),
        events: large(figure("events")),
        orders: large(figure("orders")),
        order_cents: figure("order_cents"),
        cycles_unbroken: large(figure("cycles_unbroken")),
        cycles_broken: large(figure("cycles_broken")),
        canonical_cycles: large(figure("canonical_cycles")),
        assignments: large(figure("assignments")),
        redemptions: large(figure("redemptions")),
        incidents: large(figure("incidents")),
    }))
}

/// A single number that a statement answers for a run; for checks.
#[dialect]
pub async fn number(c: &mut Conn, sql: String, run: RunId) -> Answer<i64> {
    let rows: Vec<NamedCount> =
        diesel::sql_query(sql).bind::<Text, _>(run.to_string()).load(c).await?;
    Ok(rows.into_iter().next().map_or(0, |r| r.rows))
}

/// Tables whose rows carry a run, in the order of their use.
pub(super) const RUN_TABLES: [&str; 13] = [
    "runs",
    "products",
    "coupons",
    "offer_cycles",
    "coupon_assignments",
    "cycles",
    "shopping_sessions",
    "shopping_session_events",
    "orders",
    "order_items",
    "coupon_interactions",
    "incidents",
    "seals",
];

/// One row per table: its name and how many rows of run $1 it has.
fn rows_per_table() -> String {
    let one =
        |t: &&str| format!("SELECT '{t}' AS name, COUNT(*) AS rows FROM {t} WHERE run_id = $1");
    RUN_TABLES.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")
}

/// The run itself.
const RUN: &str = "SELECT * FROM runs WHERE run_id = $1";

/// Rows of shopping_sessions by status.
const STATUSES: &str = "
SELECT status AS name, COUNT(*) AS rows FROM shopping_sessions WHERE run_id = $1 GROUP BY status";

/// The other figures of a run, one row each.
const FIGURES: &str = "
SELECT 'events' AS name, COUNT(*) AS rows FROM shopping_session_events WHERE run_id = $1
UNION ALL SELECT 'orders', COUNT(*) FROM orders WHERE run_id = $1
UNION ALL SELECT 'order_cents', CAST(COALESCE(SUM(final_total_cents), 0) AS BIGINT)
  FROM orders WHERE run_id = $1
UNION ALL SELECT 'cycles_unbroken', COUNT(*) FROM cycles WHERE run_id = $1 AND NOT broken
UNION ALL SELECT 'cycles_broken', COUNT(*) FROM cycles WHERE run_id = $1 AND broken
UNION ALL SELECT 'canonical_cycles', COUNT(*) FROM canonical_cycles WHERE run_id = $1
UNION ALL SELECT 'assignments', COUNT(*) FROM coupon_assignments WHERE run_id = $1
UNION ALL SELECT 'redemptions', COUNT(*) FROM coupon_assignments
  WHERE run_id = $1 AND redeemed_flow_id IS NOT NULL
UNION ALL SELECT 'incidents', COUNT(*) FROM incidents WHERE run_id = $1";
