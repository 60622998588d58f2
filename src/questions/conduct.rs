//! What the scorecard needs beyond sums of single rows: which products are bought together, again
//! and at which price, and the course of visits. Canonical rows.
//!
//! Tables are grouped by the database; what depends on the order of an agent's visits is read for a
//! few agents at a time.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text};
use domain::ids::RunId;

use super::Question;

/// Orders of one number of lines that hold a product.
#[derive(Clone, Debug, QueryableByName)]
pub struct SizeRow {
    /// Lines of the orders.
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Units.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
}

const BY_SIZE: &str = "\
SELECT b.size, i.product_id, COUNT(*) AS orders, CAST(SUM(i.quantity) AS BIGINT) AS units
FROM canonical_order_items i
JOIN (SELECT flow_id, COUNT(*) AS size FROM canonical_order_items WHERE run_id = {run}
    GROUP BY flow_id) b ON b.flow_id = i.flow_id
WHERE i.run_id = {run} GROUP BY b.size, i.product_id ORDER BY b.size, i.product_id";

/// How often orders of each size hold each product.
pub fn by_size(run: RunId) -> Question<SizeRow> {
    Question::new("products by the size of orders", BY_SIZE).with("run", run)
}

/// Lines at one price.
#[derive(Clone, Debug, QueryableByName)]
pub struct PriceRow {
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Of one unit.
    #[diesel(sql_type = BigInt)]
    pub price_cents: i64,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
}

const PRICES: &str = "\
SELECT product_id, unit_price_cents AS price_cents, COUNT(*) AS lines
FROM canonical_order_items WHERE run_id = {run}
GROUP BY product_id, unit_price_cents ORDER BY product_id, unit_price_cents";

/// The prices that products were bought at.
pub fn prices(run: RunId) -> Question<PriceRow> {
    Question::new("prices of lines", PRICES).with("run", run)
}

/// Units of a product in one week.
#[derive(Clone, Debug, QueryableByName)]
pub struct SoldRow {
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Weeks from Monday, since that of cycle 0.
    #[diesel(sql_type = Integer)]
    pub week: i32,
    /// Bought.
    #[diesel(sql_type = BigInt)]
    pub units: i64,
}

const SOLD: &str = "\
SELECT product_id, (cycle + {offset}) / 168 AS week, CAST(SUM(quantity) AS BIGINT) AS units
FROM canonical_order_items WHERE run_id = {run}
GROUP BY product_id, (cycle + {offset}) / 168 ORDER BY product_id, (cycle + {offset}) / 168";

/// Units by product and week; `offset` is the hour of its week of cycle 0.
pub fn sold(run: RunId, offset: i32) -> Question<SoldRow> {
    Question::new("units by week", SOLD).with("run", run).with("offset", offset)
}

/// What a product cost in one week.
#[derive(Clone, Debug, QueryableByName)]
pub struct ShownRow {
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Weeks from Monday, since that of cycle 0.
    #[diesel(sql_type = Integer)]
    pub week: i32,
    /// Mean of its pages.
    #[diesel(sql_type = Double)]
    pub price_cents: f64,
}

const SHOWN: &str = "\
SELECT product_id, (cycle + {offset}) / 168 AS week,
  CAST(AVG(CAST(payload ->> 'price_cents' AS BIGINT)) AS DOUBLE PRECISION) AS price_cents
FROM canonical_shopping_session_events
WHERE run_id = {run} AND event_type = 'view_product' AND product_id IS NOT NULL
  AND payload ->> 'price_cents' IS NOT NULL
GROUP BY product_id, (cycle + {offset}) / 168 ORDER BY product_id, (cycle + {offset}) / 168";

/// Prices by product and week, as its pages showed them; `offset` is the hour of its week of
/// cycle 0.
pub fn shown(run: RunId, offset: i32) -> Question<ShownRow> {
    Question::new("prices by week", SHOWN).with("run", run).with("offset", offset)
}

/// One event after another of the same visit.
#[derive(Clone, Debug, QueryableByName)]
pub struct StepRow {
    /// As column `event_type`.
    #[diesel(sql_type = Text)]
    pub event_type: String,
    /// The next one's; empty at the end of the visit.
    #[diesel(sql_type = Text)]
    pub next_type: String,
    /// How often.
    #[diesel(sql_type = BigInt)]
    pub times: i64,
}

const STEPS: &str = "\
SELECT event_type, next_type, COUNT(*) AS times
FROM (SELECT e.event_type,
    COALESCE(LEAD(e.event_type) OVER (PARTITION BY e.flow_id ORDER BY e.seq), '') AS next_type
  FROM canonical_shopping_sessions s JOIN shopping_session_events e ON e.flow_id = s.flow_id
  WHERE s.run_id = {run} AND s.status IN ('completed', 'abandoned', 'browsed')
    AND s.end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')) t
GROUP BY event_type, next_type ORDER BY event_type, next_type";

/// Which event follows which, in visits that their shoppers ended themselves.
pub fn steps(run: RunId) -> Question<StepRow> {
    Question::new("one event after another", STEPS).with("run", run)
}

/// Product pages, and those that led to an add.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct PagesRow {
    /// Product pages.
    #[diesel(sql_type = BigInt)]
    pub views: i64,
    /// Whose product went into the cart later in the visit.
    #[diesel(sql_type = BigInt)]
    pub taken: i64,
}

const PAGES: &str = "\
SELECT COUNT(*) AS views,
  COUNT(CASE WHEN EXISTS (SELECT 1 FROM shopping_session_events a
    WHERE a.flow_id = e.flow_id AND a.seq > e.seq AND a.event_type = 'cart_add_item'
      AND a.product_id = e.product_id
      AND CAST(a.payload -> 'accepted' AS TEXT) = 'true') THEN 1 END) AS taken
FROM canonical_shopping_sessions s JOIN shopping_session_events e ON e.flow_id = s.flow_id
WHERE s.run_id = {run} AND s.status IN ('completed', 'abandoned', 'browsed')
  AND s.end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')
  AND e.event_type = 'view_product'";

/// Product pages of visits that their shoppers ended themselves.
pub fn pages(run: RunId) -> Question<PagesRow> {
    Question::new("product pages and what came of them", PAGES).with("run", run)
}

/// A line of an order.
#[derive(Clone, Debug, QueryableByName)]
pub struct LineRow {
    /// Whose.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// The cycle of the order, one at most for each agent.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// What.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// How many.
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    /// What its order cost, cents.
    #[diesel(sql_type = BigInt)]
    pub paid_cents: i64,
}

const LINES: &str = "\
SELECT o.agent_id, o.cycle, i.product_id, i.quantity, o.final_total_cents AS paid_cents
FROM canonical_orders o JOIN order_items i ON i.flow_id = o.flow_id
WHERE o.run_id = {run} AND o.agent_id >= {first} AND o.agent_id <= {last}
ORDER BY o.agent_id, o.cycle, i.line";

/// What these agents bought, each agent's orders in their order.
pub fn lines(run: RunId, (first, last): (&str, &str)) -> Question<LineRow> {
    Question::new("lines of agents", LINES).with("run", run).with("first", first).with("last", last)
}

/// A visit that its shopper ended, with what it put into the cart before the checkout.
#[derive(Clone, Debug, QueryableByName)]
pub struct VisitRow {
    /// Whose.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// When.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// As column `status`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Units in the cart at its end.
    #[diesel(sql_type = Integer)]
    pub cart_units: i32,
    /// What its order cost, cents.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub paid_cents: Option<i64>,
    /// What the agent may spend in a week; none of one that is no longer in the database.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub weekly_budget_cents: Option<i64>,
    /// What an order of the agent is to cost.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub avg_cart_value_cents: Option<i64>,
}

const VISITS: &str = "\
SELECT s.agent_id, s.cycle, s.status, s.cart_units, o.final_total_cents AS paid_cents,
  a.weekly_budget_cents, a.avg_cart_value_cents
FROM canonical_shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
LEFT JOIN agents a ON a.agent_id = s.agent_id
WHERE s.run_id = {run} AND s.agent_id >= {first} AND s.agent_id <= {last}
  AND s.status IN ('completed', 'abandoned', 'browsed')
  AND s.end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')
ORDER BY s.agent_id, s.cycle";

/// The visits of these agents that they ended themselves, in order.
pub fn visits(run: RunId, (first, last): (&str, &str)) -> Question<VisitRow> {
    let asked = Question::new("visits of agents", VISITS).with("run", run);
    asked.with("first", first).with("last", last)
}

/// What a visit with a filled cart looked like before its checkout.
#[derive(Clone, Debug, QueryableByName)]
pub struct CartRow {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// 1 with an order, else 0.
    #[diesel(sql_type = Integer)]
    pub ordered: i32,
    /// Product pages.
    #[diesel(sql_type = BigInt)]
    pub views: i64,
    /// Different products among them.
    #[diesel(sql_type = BigInt)]
    pub products: i64,
    /// Accepted products.
    #[diesel(sql_type = BigInt)]
    pub adds: i64,
    /// Products taken out again.
    #[diesel(sql_type = BigInt)]
    pub removals: i64,
    /// Searches.
    #[diesel(sql_type = BigInt)]
    pub searches: i64,
    /// Simulated seconds from the first of these to the last.
    #[diesel(sql_type = Double)]
    pub seconds: f64,
}

const CARTS: &str = "\
SELECT s.cycle, CASE s.status WHEN 'completed' THEN 1 ELSE 0 END AS ordered,
  COUNT(CASE WHEN e.event_type = 'view_product' THEN 1 END) AS views,
  COUNT(DISTINCT CASE WHEN e.event_type = 'view_product' THEN e.product_id END) AS products,
  COUNT(CASE WHEN e.event_type = 'cart_add_item'
    AND CAST(e.payload -> 'accepted' AS TEXT) = 'true' THEN 1 END) AS adds,
  COUNT(CASE WHEN e.event_type = 'cart_remove_item' THEN 1 END) AS removals,
  COUNT(CASE WHEN e.event_type = 'product_search' THEN 1 END) AS searches,
  CAST({seconds} AS DOUBLE PRECISION) AS seconds
FROM canonical_shopping_sessions s JOIN shopping_session_events e ON e.flow_id = s.flow_id
WHERE s.run_id = {run} AND s.agent_id >= {first} AND s.agent_id <= {last} AND s.cart_units > 0
  AND s.status IN ('completed', 'abandoned')
  AND s.end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')
  AND e.event_type IN ('product_list', 'product_search', 'view_product', 'cart_add_item',
    'cart_remove_item')
GROUP BY s.flow_id, s.cycle, s.status ORDER BY s.flow_id";

/// The visits of these agents that filled a cart.
pub fn carts(run: RunId, (first, last): (&str, &str)) -> Question<CartRow> {
    let asked = Question::new("filled carts of agents", CARTS).with("run", run);
    asked.with("first", first).with("last", last).with_dialects(
        "seconds",
        "EXTRACT(EPOCH FROM (MAX(e.simulated_at) - MIN(e.simulated_at)))",
        "(julianday(MAX(e.simulated_at)) - julianday(MIN(e.simulated_at))) * 86400.0",
    )
}

/// Coupons of one discount whose life has ended.
#[derive(Clone, Debug, QueryableByName)]
pub struct DepthRow {
    /// Off the price, hundredths of a percent.
    #[diesel(sql_type = BigInt)]
    pub depth: i64,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub coupons: i64,
    /// Of them redeemed in a visit that counts.
    #[diesel(sql_type = BigInt)]
    pub redeemed: i64,
}

const DEPTHS: &str = "\
SELECT c.discount_value AS depth, COUNT(*) AS coupons, COUNT(u.assignment_id) AS redeemed
FROM coupon_assignments a
JOIN coupons c ON c.run_id = a.run_id AND c.coupon_id = a.coupon_id
LEFT JOIN (SELECT DISTINCT assignment_id FROM canonical_coupon_interactions
    WHERE run_id = {run} AND step = 'redeemed') u ON u.assignment_id = a.assignment_id
WHERE a.run_id = {run} AND a.expires_at <= {until} AND c.discount_type = 'percent_off'
GROUP BY c.discount_value ORDER BY c.discount_value";

/// Coupons that take a part off the price and expired until then, by that part.
pub fn depths(run: RunId, until: chrono::NaiveDateTime) -> Question<DepthRow> {
    Question::new("coupons by their discount", DEPTHS).with("run", run).with("until", until)
}

/// Orders with a coupon.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct WithCouponRow {
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
}

const WITH_COUPON: &str = "\
SELECT COUNT(DISTINCT flow_id) AS orders
FROM canonical_coupon_interactions WHERE run_id = {run} AND step = 'redeemed'";

/// How many orders had a coupon.
pub fn with_coupon(run: RunId) -> Question<WithCouponRow> {
    Question::new("orders with a coupon", WITH_COUPON).with("run", run)
}
