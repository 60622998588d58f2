//! The row of a flow: opened as `active`, ended once.
//!
//! The row is dirty while active: a process that dies leaves a cart that may hold items.

use chrono::NaiveDateTime;
use diesel::{AsChangeset, QueryableByName, Selectable};
use domain::flow::{EndReason, FlowKey, FlowRecord, FlowStatus, OrderOutcome, ShopCart};

use super::{Tags, flow_row, integer, read, tagged};
use crate::error::Fault;
use crate::schema::shopping_sessions;

flow_row!(
    /// A row as it is inserted, active or ended.
    SessionRow in shopping_sessions, sealed as ShoppingSessions {
        /// Its HTTP session.
        http_session: i32,
        /// Which build of the agent's actor.
        incarnation: i32,
        /// A [`FlowStatus`].
        status: &'a str,
        /// An [`EndReason`]; none while active.
        end_reason: Option<&'a str>,
        /// A [`ShopCart`].
        shop_cart: &'a str,
        /// The branch.
        store_id: Option<&'a str>,
        /// Simulated begin.
        simulated_at: NaiveDateTime,
        /// Simulated end.
        simulated_end: Option<NaiveDateTime>,
        /// Wall clock.
        opened_at: NaiveDateTime,
        /// Wall clock of the last write.
        recorded_at: NaiveDateTime,
        /// Calls sent.
        calls: i32,
        /// Units in the cart.
        cart_units: i32,
        /// Worth of the cart, cents.
        cart_total_cents: i64,
        /// What failed.
        failure: Option<&'a str>,
        /// `runs.resumes` when it began.
        resumes: i32,
        /// An [`OrderOutcome`].
        order_outcome: Option<&'a str>,
    }
);

/// What CommitFlow and FailFlow set on an active row.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = shopping_sessions, treat_none_as_null = true)]
pub struct Ending<'a> {
    status: &'a str,
    end_reason: Option<&'a str>,
    shop_cart: &'a str,
    store_id: Option<&'a str>,
    simulated_end: Option<NaiveDateTime>,
    recorded_at: NaiveDateTime,
    calls: i32,
    cart_units: i32,
    cart_total_cents: i64,
    failure: Option<&'a str>,
    order_outcome: Option<&'a str>,
}

impl<'a> SessionRow<'a> {
    /// The row that OpenFlow inserts.
    pub fn active(key: &FlowKey, tags: &'a Tags) -> Self {
        tagged!(SessionRow, tags, {
            http_session: i32::from(key.http_session.0),
            incarnation: integer(key.incarnation.0),
            status: FlowStatus::Active.as_str(),
            end_reason: None,
            shop_cart: ShopCart::Dirty.as_str(),
            store_id: None,
            simulated_at: key.simulated_at,
            simulated_end: None,
            opened_at: key.opened_at,
            recorded_at: key.opened_at,
            calls: 0,
            cart_units: 0,
            cart_total_cents: 0,
            failure: None,
            resumes: integer(key.resumes.0),
            order_outcome: None,
        })
    }

    /// The row of a flow that was not opened.
    pub fn ended(record: &'a FlowRecord, tags: &'a Tags) -> Self {
        tagged!(SessionRow, tags, {
            http_session: i32::from(record.key.http_session.0),
            incarnation: integer(record.key.incarnation.0),
            status: record.status.as_str(),
            end_reason: Some(record.end_reason.as_str()),
            shop_cart: record.shop_cart.as_str(),
            store_id: record.store_id.as_ref().map(|s| s.as_str()),
            simulated_at: record.key.simulated_at,
            simulated_end: Some(record.simulated_end),
            opened_at: record.key.opened_at,
            recorded_at: record.ended_at,
            calls: integer(record.calls),
            cart_units: integer(record.cart_units),
            cart_total_cents: record.cart_total.0,
            failure: record.failure.as_deref(),
            resumes: integer(record.key.resumes.0),
            order_outcome: record.order_outcome.map(OrderOutcome::as_str),
        })
    }
}

impl<'a> Ending<'a> {
    /// How the flow ended.
    pub fn of(record: &'a FlowRecord) -> Self {
        Self {
            status: record.status.as_str(),
            end_reason: Some(record.end_reason.as_str()),
            shop_cart: record.shop_cart.as_str(),
            store_id: record.store_id.as_ref().map(|s| s.as_str()),
            simulated_end: Some(record.simulated_end),
            recorded_at: record.ended_at,
            calls: integer(record.calls),
            cart_units: integer(record.cart_units),
            cart_total_cents: record.cart_total.0,
            failure: record.failure.as_deref(),
            order_outcome: record.order_outcome.map(OrderOutcome::as_str),
        }
    }
}

/// How a row stands, read back after a write that found it there.
#[derive(Clone, Debug, diesel::Queryable, Selectable)]
#[diesel(table_name = shopping_sessions)]
pub struct Standing {
    status: String,
    end_reason: Option<String>,
}

impl Standing {
    /// The status, with the reason once it has ended.
    pub fn parse(&self) -> Result<(FlowStatus, Option<EndReason>), Fault> {
        let status = read("shopping_sessions.status", &self.status)?;
        let reason = self.end_reason.as_deref();
        Ok((status, reason.map(|r| read("shopping_sessions.end_reason", r)).transpose()?))
    }
}

/// An attempt that has rows but no `cycles` row: a crash cut it.
#[derive(Clone, Debug, QueryableByName)]
pub struct CutAttempt {
    /// The cycle.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pub replay: i32,
    /// Wall clock of its first flow.
    #[diesel(sql_type = diesel::sql_types::Timestamp)]
    pub started_at: NaiveDateTime,
    /// Rows.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub flows: i64,
    /// Of them completed.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub completed: i64,
    /// Of them abandoned.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub abandoned: i64,
    /// Of them browsed.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub browsed: i64,
    /// Of them failed.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub failed: i64,
    /// Calls sent.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub calls: i64,
    /// Rows of events.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub events: i64,
    /// Rows of orders.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub orders: i64,
    /// Sum of the orders' final totals, cents.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub revenue_cents: i64,
}
