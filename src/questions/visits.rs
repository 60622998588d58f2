//! Visits: when they came, which steps to an order they took, how they ended.
//!
//! Behaviour is read from canonical rows; how visits ended from every attempt, because the shop and
//! the database had to bear all of them.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use domain::ids::RunId;

use super::Question;

/// Visits of a day or an hour of the day.
#[derive(Clone, Debug, QueryableByName)]
pub struct SlotRow {
    /// Days since the day of cycle 0, or the hour of the day.
    #[diesel(sql_type = Integer)]
    pub slot: i32,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// With an order.
    #[diesel(sql_type = BigInt)]
    pub completed: i64,
    /// Shopped without one.
    #[diesel(sql_type = BigInt)]
    pub abandoned: i64,
    /// Looked only.
    #[diesel(sql_type = BigInt)]
    pub browsed: i64,
    /// Did not come to an end of their own.
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Sum of their final totals.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
    /// Sum of their discounts.
    #[diesel(sql_type = BigInt)]
    pub discount_cents: i64,
}

const BY_SLOT: &str = "\
SELECT {slot} AS slot, COUNT(*) AS visits,
  COUNT(CASE WHEN s.status = 'completed' THEN 1 END) AS completed,
  COUNT(CASE WHEN s.status = 'abandoned' THEN 1 END) AS abandoned,
  COUNT(CASE WHEN s.status = 'browsed' THEN 1 END) AS browsed,
  COUNT(CASE WHEN s.status = 'failed' THEN 1 END) AS failed,
  COUNT(o.flow_id) AS orders,
  CAST(COALESCE(SUM(o.final_total_cents), 0) AS BIGINT) AS revenue_cents,
  CAST(COALESCE(SUM(o.discount_total_cents), 0) AS BIGINT) AS discount_cents
FROM canonical_shopping_sessions s
LEFT JOIN orders o ON o.flow_id = s.flow_id AND NOT o.recovered
WHERE s.run_id = {run} GROUP BY {slot} ORDER BY slot";

/// By simulated day; `offset` is the hour of the day of cycle 0.
pub fn by_day(run: RunId, offset: i32) -> Question<SlotRow> {
    let asked = Question::new("visits by day", BY_SLOT).with("run", run);
    asked.with_sql("slot", "(s.cycle + {offset}) / 24").with("offset", offset)
}

/// By hour of the day; `offset` is that of cycle 0.
pub fn by_hour_of_day(run: RunId, offset: i32) -> Question<SlotRow> {
    let asked = Question::new("visits by hour of day", BY_SLOT).with("run", run);
    asked.with_sql("slot", "(s.cycle + {offset}) % 24").with("offset", offset)
}

/// Visits of an hour of the week that their shoppers ended themselves.
#[derive(Clone, Debug, QueryableByName)]
pub struct EndedRow {
    /// The hour of the week.
    #[diesel(sql_type = Integer)]
    pub slot: i32,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// With an order.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// With an item in the cart.
    #[diesel(sql_type = BigInt)]
    pub filled_carts: i64,
}

const ENDED: &str = "\
SELECT (cycle + {offset}) % 168 AS slot, COUNT(*) AS visits,
  COUNT(CASE WHEN status = 'completed' THEN 1 END) AS orders,
  COUNT(CASE WHEN cart_units > 0 THEN 1 END) AS filled_carts
FROM canonical_shopping_sessions WHERE run_id = {run}
  AND status IN ('completed', 'abandoned', 'browsed')
  AND end_reason IN ('done', 'cart_empty', 'checkout_declined', 'refused')
GROUP BY (cycle + {offset}) % 168";

/// By hour of the week, what shoppers ended themselves; `offset` from Monday 00:00.
pub fn ended_by_hour_of_week(run: RunId, offset: i32) -> Question<EndedRow> {
    Question::new("shopping sessions", ENDED).with("run", run).with("offset", offset)
}

/// Visits that came to a step on the way to an order, and how often they did.
#[derive(Clone, Debug, Default, QueryableByName)]
pub struct StepsRow {
    /// All visits, those without any event too.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// Visits that asked for a list.
    #[diesel(sql_type = BigInt)]
    pub with_list: i64,
    /// Lists.
    #[diesel(sql_type = BigInt)]
    pub lists: i64,
    /// Visits that looked at one product page and did nothing more.
    #[diesel(sql_type = BigInt)]
    pub bounces: i64,
    /// Visits that looked at a product.
    #[diesel(sql_type = BigInt)]
    pub with_view: i64,
    /// Product pages.
    #[diesel(sql_type = BigInt)]
    pub views: i64,
    /// Visits with an accepted product.
    #[diesel(sql_type = BigInt)]
    pub with_add: i64,
    /// Accepted products.
    #[diesel(sql_type = BigInt)]
    pub adds: i64,
    /// Visits that went to the checkout.
    #[diesel(sql_type = BigInt)]
    pub with_checkout: i64,
    /// Checkouts.
    #[diesel(sql_type = BigInt)]
    pub checkouts: i64,
    /// Visits with an order.
    #[diesel(sql_type = BigInt)]
    pub with_order: i64,
    /// Orders.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Visits with an accepted product and no order.
    #[diesel(sql_type = BigInt)]
    pub left_carts: i64,
}

const STEPS: &str = "\
SELECT COUNT(*) AS visits,
  COUNT(CASE WHEN v.lists > 0 THEN 1 END) AS with_list,
  CAST(COALESCE(SUM(v.lists), 0) AS BIGINT) AS lists,
  COUNT(CASE WHEN v.views = 1 AND v.adds = 0 AND v.checkouts = 0 THEN 1 END) AS bounces,
  COUNT(CASE WHEN v.views > 0 THEN 1 END) AS with_view,
  CAST(COALESCE(SUM(v.views), 0) AS BIGINT) AS views,
  COUNT(CASE WHEN v.adds > 0 THEN 1 END) AS with_add,
  CAST(COALESCE(SUM(v.adds), 0) AS BIGINT) AS adds,
  COUNT(CASE WHEN v.checkouts > 0 THEN 1 END) AS with_checkout,
  CAST(COALESCE(SUM(v.checkouts), 0) AS BIGINT) AS checkouts,
  COUNT(CASE WHEN v.orders > 0 THEN 1 END) AS with_order,
  CAST(COALESCE(SUM(v.orders), 0) AS BIGINT) AS orders,
  COUNT(CASE WHEN v.adds > 0 AND v.orders = 0 THEN 1 END) AS left_carts
FROM (SELECT s.flow_id,
    COUNT(CASE WHEN e.event_type = 'product_list' THEN 1 END) AS lists,
    COUNT(CASE WHEN e.event_type = 'view_product' THEN 1 END) AS views,
    COUNT(CASE WHEN e.event_type = 'cart_add_item'
      AND CAST(e.payload -> 'accepted' AS TEXT) = 'true' THEN 1 END) AS adds,
    COUNT(CASE WHEN e.event_type IN ('checkout_complete', 'checkout_failed') THEN 1 END)
      AS checkouts,
    COUNT(CASE WHEN e.event_type = 'checkout_complete' THEN 1 END) AS orders
  FROM canonical_shopping_sessions s
  LEFT JOIN shopping_session_events e ON e.flow_id = s.flow_id
  WHERE s.run_id = {run} GROUP BY s.flow_id) v";

/// The steps to an order. A cart needs one accepted product.
pub fn steps(run: RunId) -> Question<StepsRow> {
    Question::new("steps of visits", STEPS).with("run", run)
}

/// Visits that ended in one way.
#[derive(Clone, Debug, QueryableByName)]
pub struct EndRow {
    /// As column `status`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// As column `end_reason`; empty while active.
    #[diesel(sql_type = Text)]
    pub end_reason: String,
    /// In every attempt.
    #[diesel(sql_type = BigInt)]
    pub visits: i64,
    /// In attempts that count.
    #[diesel(sql_type = BigInt)]
    pub canonical: i64,
    /// What one of them said; the shop's or the database's words.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
}

const ENDS: &str = "\
SELECT s.status, COALESCE(s.end_reason, '') AS end_reason, COUNT(*) AS visits,
  COUNT(k.cycle) AS canonical, MIN(s.failure) AS failure
FROM shopping_sessions s LEFT JOIN canonical_attempts k
  ON k.run_id = s.run_id AND k.cycle = s.cycle AND k.replay = s.replay
WHERE s.run_id = {run} GROUP BY s.status, COALESCE(s.end_reason, '')
ORDER BY s.status, COALESCE(s.end_reason, '')";

/// How visits ended, every attempt.
pub fn ends(run: RunId) -> Question<EndRow> {
    Question::new("ends of visits", ENDS).with("run", run)
}
