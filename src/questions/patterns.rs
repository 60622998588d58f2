//! What long runs are looked at for: who comes back, how sales and spending are spread, how deep
//! discounts are, what promotions sell. Canonical rows; as many rows as days or bins, never as many
//! as orders.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double};
use domain::ids::RunId;

use super::Question;
use super::bins::BinRow;

const SECOND: &str = "\
SELECT CAST(o.days AS BIGINT) AS value, COUNT(*) AS seen
FROM (SELECT (cycle + {offset}) / 24
    - LAG((cycle + {offset}) / 24) OVER (PARTITION BY agent_id ORDER BY cycle) AS days,
    ROW_NUMBER() OVER (PARTITION BY agent_id ORDER BY cycle) AS place
  FROM canonical_orders WHERE run_id = {run}) o
WHERE o.place = 2 GROUP BY o.days ORDER BY o.days";

/// Days from agents' first orders to their second ones; `offset` is the hour of the day of cycle 0.
pub fn second_orders(run: RunId, offset: i32) -> Question<BinRow> {
    Question::new("second orders", SECOND).with("run", run).with("offset", offset)
}

const SINGLE: &str = "\
SELECT CAST(o.day AS BIGINT) AS value, COUNT(CASE WHEN o.orders = 1 THEN 1 END) AS seen
FROM (SELECT (MIN(cycle) + {offset}) / 24 AS day, COUNT(*) AS orders
  FROM canonical_orders WHERE run_id = {run} GROUP BY agent_id) o
GROUP BY o.day ORDER BY o.day";

/// Days (since the day of cycle 0) of first orders, and how many of them stayed the only one;
/// `offset` as above.
pub fn single_orders(run: RunId, offset: i32) -> Question<BinRow> {
    Question::new("single orders", SINGLE).with("run", run).with("offset", offset)
}

/// Agents of one week that ordered in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct RetainedRow {
    /// The week of their first order, since cycle 0.
    #[diesel(sql_type = BigInt)]
    pub first: i64,
    /// Weeks after it; 0 for itself.
    #[diesel(sql_type = BigInt)]
    pub later: i64,
    /// Agents.
    #[diesel(sql_type = BigInt)]
    pub agents: i64,
}

const RETAINED: &str = "\
SELECT CAST(o.first AS BIGINT) AS first, CAST(o.week - o.first AS BIGINT) AS later,
  COUNT(DISTINCT o.agent_id) AS agents
FROM (SELECT agent_id, cycle / 168 AS week,
    MIN(cycle / 168) OVER (PARTITION BY agent_id) AS first
  FROM canonical_orders WHERE run_id = {run}) o
WHERE o.first < {cohorts} AND o.week - o.first <= {later}
GROUP BY o.first, o.week - o.first ORDER BY o.first, o.week - o.first";

/// Of the agents of each of the first `cohorts` weeks, those that ordered up to `later` weeks on.
pub fn retained(run: RunId, cohorts: i32, later: i32) -> Question<RetainedRow> {
    let asked = Question::new("agents that come back", RETAINED).with("run", run);
    asked.with("cohorts", cohorts).with("later", later)
}

/// A hundredth of those who have something, the poorest first.
#[derive(Clone, Copy, Debug, PartialEq, QueryableByName)]
pub struct TileRow {
    /// How many they are.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
    /// What they have together.
    #[diesel(sql_type = BigInt)]
    pub amount: i64,
    /// Sum of what each has times its place among all, the poorest at 1.
    #[diesel(sql_type = Double)]
    pub by_place: f64,
}

const TILES: &str = "\
SELECT COUNT(*) AS members, CAST(SUM(t.amount) AS BIGINT) AS amount,
  CAST(SUM(CAST(t.amount AS DOUBLE PRECISION) * t.place) AS DOUBLE PRECISION) AS by_place
FROM (SELECT s.amount, NTILE(100) OVER (ORDER BY s.amount, s.who) AS tile,
    ROW_NUMBER() OVER (ORDER BY s.amount, s.who) AS place
  FROM ({sums}) s) t
GROUP BY t.tile ORDER BY t.tile";

/// Units of products that were sold at all.
pub fn product_units(run: RunId) -> Question<TileRow> {
    Question::new("how sales are spread", TILES).with("run", run).with_sql(
        "sums",
        "SELECT product_id AS who, SUM(quantity) AS amount
    FROM canonical_order_items WHERE run_id = {run} GROUP BY product_id",
    )
}

/// What agents paid that ordered at all.
pub fn spending(run: RunId) -> Question<TileRow> {
    Question::new("how spending is spread", TILES).with("run", run).with_sql(
        "sums",
        "SELECT agent_id AS who, SUM(final_total_cents) AS amount
    FROM canonical_orders WHERE run_id = {run} GROUP BY agent_id",
    )
}

const DEPTHS: &str = "\
SELECT CAST(d.depth AS BIGINT) AS value, COUNT(*) AS seen
FROM (SELECT CASE WHEN discount_cents <= 0 OR unit_price_cents * quantity <= 0 THEN 0
    ELSE 1 + discount_cents * 20 / (unit_price_cents * quantity) END AS depth
  FROM canonical_order_items WHERE run_id = {run}) d
GROUP BY d.depth ORDER BY d.depth";

/// Lines by what was taken off: 0 for nothing, 1 for under 5 % of the line, 2 for under 10 %, ...
pub fn discount_depths(run: RunId) -> Question<BinRow> {
    Question::new("depth of discounts", DEPTHS).with("run", run)
}

/// Weeks of products at one depth below their dearest week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct PriceRow {
    /// Tenths off, rounded down; -1 for less than a twentieth.
    #[diesel(sql_type = BigInt)]
    pub depth: i64,
    /// Weeks of products in which any was sold.
    #[diesel(sql_type = BigInt)]
    pub product_weeks: i64,
    /// Units sold in them.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
}

const PRICES: &str = "\
SELECT CAST(p.depth AS BIGINT) AS depth, COUNT(*) AS product_weeks,
  CAST(SUM(p.units) AS BIGINT) AS units
FROM (SELECT w.units,
    CASE WHEN (w.dearest - w.price) * 20 < w.dearest THEN -1
      ELSE (w.dearest - w.price) * 10 / w.dearest END AS depth
  FROM (SELECT product_id, MIN(unit_price_cents) AS price, SUM(quantity) AS units,
      MAX(MIN(unit_price_cents)) OVER (PARTITION BY product_id) AS dearest
    FROM canonical_order_items WHERE run_id = {run} AND unit_price_cents > 0
    GROUP BY product_id, (cycle + {offset}) / 168) w) p
GROUP BY p.depth ORDER BY p.depth";

/// What products sold at which depth below their dearest week; `offset` is the hour of the week of
/// cycle 0.
pub fn prices(run: RunId, offset: i32) -> Question<PriceRow> {
    Question::new("prices of weeks", PRICES).with("run", run).with("offset", offset)
}
