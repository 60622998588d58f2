//! A run as a row, and what is read about runs.
//!
//! `heartbeat_at` is the owner's sign of life; who may write is decided by `owner_token` alone.

use chrono::NaiveDateTime;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel::{Insertable, QueryableByName};
use domain::flow::{FlowStatus, ShopCart};
use ports::store::{NewRun, RunState};
use questions::runs::KnownRun;
use serde_json::Value;

use super::{integer, read, sealed_row};
use crate::error::Fault;
use crate::schema::runs;

/// One run that begins.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = runs, treat_none_as_default_value = false)]
pub struct RunRow {
    run_id: String,
    owner_token: String,
    state: String,
    resumes: i32,
    agents: i32,
    is_simulated: bool,
    simulated_start: NaiveDateTime,
    started_at: NaiveDateTime,
    heartbeat_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
    settings: Value,
}

/// What a run left behind, over all attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: KnownRun,
    /// Rows of shopping_sessions by status, every status named.
    pub flows: Vec<(FlowStatus, u64)>,
    /// Rows of shopping_session_events.
    pub events: u64,
    /// Rows of orders.
    pub orders: u64,
    /// Sum of their final totals, cents.
    pub order_cents: i64,
    /// Closed attempts that nothing broke.
    pub cycles_unbroken: u64,
    /// Attempts that a freeze, a stop or a crash broke.
    pub cycles_broken: u64,
    /// Cycles with an attempt that counts: the hours claimed (P8).
    pub canonical_cycles: u64,
    /// Coupons handed out.
    pub assignments: u64,
    /// Of them redeemed.
    pub redemptions: u64,
    /// Rows of incidents.
    pub incidents: u64,
}

/// Whether a run could be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeOver {
    /// It could; the owner given may write.
    Taken,
    /// Its owner lives.
    Owned {
        /// The owner's last sign of life; wall clock, UTC.
        heartbeat_at: NaiveDateTime,
    },
    /// There is no such run.
    Unknown,
}

sealed_row!(RunRow, in Runs:
    run_id, is_simulated, simulated_start, started_at, agents, settings,
);

impl RunRow {
    /// Its row.
    pub fn begin(run: &NewRun) -> Self {
        Self {
            run_id: run.run_id.to_string(),
            owner_token: run.owner.to_string(),
            state: RunState::Running.as_str().to_owned(),
            resumes: 0,
            agents: integer(run.agents),
            is_simulated: true,
            simulated_start: run.simulated_start,
            started_at: run.started_at,
            heartbeat_at: run.started_at,
            ended_at: None,
            settings: run.settings.clone(),
        }
    }
}

/// A name with a number.
#[derive(Clone, Debug, QueryableByName)]
pub struct NamedCount {
    /// The name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

/// The last visit and the orders of one agent.
#[derive(Clone, Debug, QueryableByName)]
pub struct VisitRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// Simulated start of the last visit.
    #[diesel(sql_type = Timestamp)]
    pub last_visit: NaiveDateTime,
    /// Simulated time of the last order.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub last_order: Option<NaiveDateTime>,
    /// Paid since the Monday asked for, cents.
    #[diesel(sql_type = BigInt)]
    pub spent: i64,
}

/// A product that an agent bought.
#[derive(Clone, Debug, QueryableByName)]
pub struct BoughtRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Its brand.
    #[diesel(sql_type = Nullable<Text>)]
    pub brand: Option<String>,
    /// Orders that held it.
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    /// Simulated time of the last of them.
    #[diesel(sql_type = Timestamp)]
    pub last_at: NaiveDateTime,
}

/// An add or a removal of a visit whose cart was left.
#[derive(Clone, Debug, QueryableByName)]
pub struct LeftRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// Simulated start of the visit.
    #[diesel(sql_type = Timestamp)]
    pub left_at: NaiveDateTime,
    /// Add or removal.
    #[diesel(sql_type = Text)]
    pub event_type: String,
    /// Of what.
    #[diesel(sql_type = Nullable<Text>)]
    pub product_id: Option<String>,
    /// Whether the shop took an add.
    #[diesel(sql_type = Bool)]
    pub accepted: bool,
}

/// An agent's cart at the shop, as its last row of any attempt has it.
#[derive(Clone, Debug, QueryableByName)]
pub struct CartRow {
    /// The agent.
    #[diesel(sql_type = Text)]
    pub agent_id: String,
    /// Its user at the shop.
    #[diesel(sql_type = Text)]
    pub user_id: String,
    /// A [`ShopCart`].
    #[diesel(sql_type = Text)]
    pub shop_cart: String,
    /// The branch it last shopped at.
    #[diesel(sql_type = Nullable<Text>)]
    pub store_id: Option<String>,
}

impl CartRow {
    /// What the cart may hold.
    pub fn holds(&self) -> Result<ShopCart, Fault> {
        read("shopping_sessions.shop_cart", &self.shop_cart)
    }
}

/// A row as JSON.
#[derive(Clone, Debug, QueryableByName)]
pub struct JsonRow {
    /// The row.
    #[diesel(sql_type = diesel::sql_types::Json)]
    pub row: Value,
}
