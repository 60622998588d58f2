//! What was ordered: sizes of baskets, products bought again, days between orders. Canonical rows.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use domain::ids::RunId;

use super::Question;
use super::bins::BinRow;

const SIZES: &str = "\
SELECT b.size AS value, COUNT(*) AS seen
FROM (SELECT i.flow_id, CAST({size} AS BIGINT) AS size FROM canonical_order_items i
  WHERE i.run_id = {run} GROUP BY i.flow_id) b
GROUP BY b.size ORDER BY b.size";

/// Orders by their lines, which are different products.
pub fn lines(run: RunId) -> Question<BinRow> {
    Question::new("lines of orders", SIZES).with("run", run).with_sql("size", "COUNT(*)")
}

/// Orders by their units, quantities added up.
pub fn units(run: RunId) -> Question<BinRow> {
    Question::new("units of orders", SIZES).with("run", run).with_sql("size", "SUM(i.quantity)")
}

const RETURNS: &str = "\
SELECT CAST(o.days AS BIGINT) AS value, COUNT(*) AS seen
FROM (SELECT (cycle + {offset}) / 24
    - LAG((cycle + {offset}) / 24) OVER (PARTITION BY agent_id ORDER BY cycle) AS days
  FROM canonical_orders WHERE run_id = {run}) o
WHERE o.days IS NOT NULL GROUP BY o.days";

/// Days from an order to the agent's next; `offset` is the hour of the day of cycle 0, or of its
/// week.
pub fn returns(run: RunId, offset: i32) -> Question<BinRow> {
    Question::new("days between orders", RETURNS).with("run", run).with("offset", offset)
}

/// Lines of all orders, and how many of them an agent had bought before.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct RepeatsRow {
    /// Pairs of agent and product.
    #[diesel(sql_type = BigInt)]
    pub pairs: i64,
    /// Lines.
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
}

const REPEATS: &str = "\
SELECT COUNT(*) AS pairs, CAST(COALESCE(SUM(times), 0) AS BIGINT) AS lines
FROM (SELECT COUNT(*) AS times FROM canonical_order_items WHERE run_id = {run}
  GROUP BY agent_id, product_id) p";

/// What agents bought again.
pub fn repeats(run: RunId) -> Question<RepeatsRow> {
    Question::new("products bought again", REPEATS).with("run", run)
}

/// Units sold, of all products and of those that sell best.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct ProductsRow {
    /// Of all.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
    /// Of the top 1 % of products, at least of one.
    #[diesel(sql_type = BigInt)]
    pub top_units: i64,
}

const PRODUCTS: &str = "\
SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) AS units,
  CAST(COALESCE(SUM(CASE WHEN (place - 1) * 100 < products THEN units ELSE 0 END), 0) AS BIGINT)
    AS top_units
FROM (SELECT SUM(quantity) AS units,
    ROW_NUMBER() OVER (ORDER BY SUM(quantity) DESC) AS place, COUNT(*) OVER () AS products
  FROM canonical_order_items WHERE run_id = {run} GROUP BY product_id) p";

/// How much of the sales the best products make.
pub fn products(run: RunId) -> Question<ProductsRow> {
    Question::new("units of products", PRODUCTS).with("run", run)
}
