//! The ledger of a run as it is read: attempts, sums of their rows, and rows that are wrong.

use chrono::NaiveDateTime;
use diesel::sql_types::{BigInt, Integer, Text, Timestamp};
use diesel::{Queryable, QueryableByName, Selectable};
use serde_json::Value;

use super::runs::KnownRun;
use crate::store::WALLET_CAP;
use crate::store::schema::cycles;

/// Cycles in a simulated day.
const CYCLES_PER_DAY: u64 = 24;
/// Days until a coupon may come back, where the run's settings do not say.
const NO_REPEAT_DAYS: u64 = 28;

/// A run's books, read in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// The run.
    pub run: KnownRun,
    /// Closed attempts, by cycle and replay.
    pub attempts: Vec<AttemptRow>,
    /// Rows of shopping_sessions of each attempt, closed or not, by status.
    pub flows: Vec<FlowCount>,
    /// Events of each attempt.
    pub events: Vec<EventCount>,
    /// Orders of each attempt.
    pub orders: Vec<OrderCount>,
    /// By check: its name, what it says, and the first rows it found.
    pub findings: Vec<(&'static str, &'static str, Vec<Finding>)>,
}

/// One attempt as its row claims it; agents unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = cycles)]
pub struct AttemptRow {
    /// The cycle.
    pub cycle: i32,
    /// The attempt.
    pub replay: i32,
    /// Whether a freeze, a stop or a crash broke it.
    pub broken: bool,
    /// Simulated begin.
    pub simulated_at: NaiveDateTime,
    /// With a tick.
    pub released: i32,
    /// Completed and abandoned.
    pub shopped: i32,
    /// With an order.
    pub completed: i32,
    /// Without one.
    pub abandoned: i32,
    /// Looked only.
    pub browsed: i32,
    /// Did nothing.
    pub idle: i32,
    /// Failed, recorded or not.
    pub failed: i32,
    /// Of `failed`: without a row.
    pub failed_unrecorded: i32,
    /// Their HTTP session was down.
    pub skipped_session_down: i32,
    /// In quarantine.
    pub skipped_quarantined: i32,
    /// Cut before they had a row.
    pub unfinished: i32,
    /// Events.
    pub events: i64,
    /// Orders.
    pub orders: i64,
    /// Paid, cents.
    pub revenue_cents: i64,
}

/// Rows of one attempt of one status.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FlowCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// As the column says.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub flows: i64,
}

/// Events of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct EventCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub first_at: NaiveDateTime,
    /// Simulated.
    #[diesel(sql_type = Timestamp)]
    pub last_at: NaiveDateTime,
}

/// Orders of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OrderCount {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub orders: i64,
    /// Paid, cents.
    #[diesel(sql_type = BigInt)]
    pub revenue_cents: i64,
}

/// A row, or a group of rows, that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Finding {
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// The agent, flow or assignment.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// What is wrong with it.
    #[diesel(sql_type = Text)]
    pub found: String,
    /// How many the check found in all.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

/// What the run's offers were bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferLimits {
    /// Open coupons of an agent.
    pub wallet_cap: u64,
    /// Cycles until a coupon may come back.
    pub no_repeat_cycles: u64,
}

impl OfferLimits {
    /// As the run's settings say.
    pub fn of(settings: &Value) -> Self {
        let number = |key: &str| settings.get("offers")?.get(key)?.as_u64();
        let days = number("no_repeat_days").unwrap_or(NO_REPEAT_DAYS);
        Self {
            wallet_cap: number("wallet_cap").unwrap_or(WALLET_CAP.unsigned_abs()),
            no_repeat_cycles: days.saturating_mul(CYCLES_PER_DAY),
        }
    }
}
