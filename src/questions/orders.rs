//! How many orders a run has, and which count is which: every face that counts them asks here.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Text, Timestamp};
use domain::ids::RunId;
use domain::money::Cents;
use serde::Serialize;

use super::Question;

/// The orders of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName, Serialize)]
pub struct OrderCounts {
    /// Of the attempts that count (`canonical_orders`).
    #[diesel(sql_type = BigInt)]
    pub orders_canonical: i64,
    /// Sum of their final totals.
    #[diesel(sql_type = BigInt)]
    pub revenue_canonical_cents: i64,
    /// Of all attempts, those found later left out.
    #[diesel(sql_type = BigInt)]
    pub orders_of_all_attempts: i64,
    /// Found at the shop after their visit had ended.
    #[diesel(sql_type = BigInt)]
    pub orders_recovered: i64,
    /// Sum of their final totals.
    #[diesel(sql_type = BigInt)]
    pub revenue_recovered_cents: i64,
    /// Ended visits that may have an order which no row names.
    #[diesel(sql_type = BigInt)]
    pub outcome_unknown: i64,
}

const COUNTS: &str = "\
SELECT c.orders_canonical, c.revenue_canonical_cents, o.orders_of_all_attempts,
  o.orders_recovered, o.revenue_recovered_cents,
  (SELECT COUNT(*) FROM shopping_sessions s
   WHERE s.run_id = {run} AND s.order_outcome = 'unknown') AS outcome_unknown
FROM (SELECT COUNT(*) AS orders_canonical,
        CAST(COALESCE(SUM(final_total_cents), 0) AS BIGINT) AS revenue_canonical_cents
      FROM canonical_orders WHERE run_id = {run}) c
CROSS JOIN (SELECT COUNT(CASE WHEN NOT recovered THEN 1 END) AS orders_of_all_attempts,
        COUNT(CASE WHEN recovered THEN 1 END) AS orders_recovered,
        CAST(COALESCE(SUM(CASE WHEN recovered THEN final_total_cents END), 0) AS BIGINT)
          AS revenue_recovered_cents
      FROM orders WHERE run_id = {run}) o";

/// How many orders this run has.
pub fn counts(run: RunId) -> Question<OrderCounts> {
    Question::new("counts of orders", COUNTS).with("run", run)
}

/// A visit that may have an order which no row names.
#[derive(Clone, Debug, QueryableByName)]
pub struct UnknownRow {
    /// The flow: the shop's session id.
    #[diesel(sql_type = Text)]
    pub flow_id: String,
    /// Whose.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Wall clock (UTC) of its last write.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
}

const UNKNOWN: &str = "\
SELECT flow_id, agent_id, cycle, replay, recorded_at FROM shopping_sessions
WHERE run_id = {run} AND order_outcome = 'unknown' ORDER BY cycle, replay, agent_id";

/// Its visits whose outcome is unknown.
pub fn unknown(run: RunId) -> Question<UnknownRow> {
    Question::new("visits whose outcome is unknown", UNKNOWN).with("run", run)
}

impl OrderCounts {
    /// `838 orders worth 14919.49, 13 more of attempts that do not count, 4 more recovered,
    /// 2 visits whose outcome is unknown`; what there is none of is left out.
    pub fn says(&self) -> String {
        let worth = Cents(self.revenue_canonical_cents);
        let mut says = format!("{} orders worth {worth}", self.orders_canonical);
        let others = self.orders_of_all_attempts - self.orders_canonical;
        for (count, what) in [
            (others, "more of attempts that do not count"),
            (self.orders_recovered, "more recovered"),
            (self.outcome_unknown, "visits whose outcome is unknown"),
        ] {
            if count > 0 {
                says.push_str(&format!(", {count} {what}"));
            }
        }
        says
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_is_named_and_one_of_nothing_is_left_out() {
        let counts = OrderCounts {
            orders_canonical: 838,
            revenue_canonical_cents: 1_491_949,
            orders_of_all_attempts: 851,
            orders_recovered: 4,
            revenue_recovered_cents: 6_459,
            outcome_unknown: 2,
        };
        let says = counts.says();
        assert!(says.starts_with("838 orders worth "), "{says}");
        let rest = "13 more of attempts that do not count, 4 more recovered, 2 visits whose";
        assert!(says.contains(rest), "{says}");
        let plain = OrderCounts { orders_canonical: 3, orders_of_all_attempts: 3, ..counts };
        let plain = OrderCounts { orders_recovered: 0, outcome_unknown: 0, ..plain };
        assert!(plain.says().ends_with("14919.49"), "{}", plain.says());
    }
}
