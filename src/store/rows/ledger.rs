//! The ledger of a run as it is read: attempts, sums of their rows, and rows that are wrong.

use chrono::NaiveDateTime;
use diesel::sql_types::{BigInt, Integer, Text, Timestamp};
use diesel::{Queryable, QueryableByName, Selectable};
use domain::ids::AgentId;
use domain::offer::OfferPolicy;
use domain::offer::is_held_out;
use serde_json::Value;

use super::runs::KnownRun;
use crate::WALLET_CAP;
use crate::schema::cycles;

/// Cycles in a simulated day.
const CYCLES_PER_DAY: u64 = 24;
/// Days until a coupon may come back, where the run's settings do not say.
const NO_REPEAT_DAYS: u64 = 28;
/// Agents of the holdout that are shown.
const SHOWN_MAX: usize = 20;

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
#[derive(Clone, Debug, PartialEq)]
pub struct OfferLimits {
    /// Open coupons of an agent.
    pub wallet_cap: Limit,
    /// Cycles until a coupon may come back.
    pub no_repeat_cycles: Limit,
    /// Percent of the agents that get none.
    pub holdout_percent: f64,
}

/// A limit that arms of an experiment may have moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of the run.
    pub of_run: u64,
    /// Of arms with one of their own.
    pub by_arm: Vec<(String, u64)>,
}

impl Limit {
    /// As an expression of the column that holds the arm. Names are those that the config allows:
    /// nothing in them ends a literal.
    pub fn sql(&self, cohort: &str) -> String {
        if self.by_arm.is_empty() {
            return self.of_run.to_string();
        }
        let of_arm = |(name, limit): &(String, u64)| format!(" WHEN '{name}' THEN {limit}");
        let arms: String = self.by_arm.iter().map(of_arm).collect();
        format!("(CASE {cohort}{arms} ELSE {} END)", self.of_run)
    }
}

impl OfferLimits {
    /// As the run's settings say.
    pub fn of(settings: &Value) -> Self {
        let limit = |key: &str, default: u64, scale: u64| {
            let scaled = |value: &Value| value.as_u64().map(|n| n.saturating_mul(scale));
            let of_run = settings.pointer(&format!("/offers/{key}")).and_then(scaled);
            let arms = settings.pointer("/experiment/arms").and_then(Value::as_array);
            let of_arm = |arm: &Value| {
                let name = arm.get("name")?.as_str().filter(|name| is_name(name))?;
                let limit = arm.get("overrides")?.get(format!("offers.{key}")).and_then(scaled)?;
                Some((name.to_owned(), limit))
            };
            Limit {
                of_run: of_run.unwrap_or(default.saturating_mul(scale)),
                by_arm: arms.into_iter().flatten().filter_map(of_arm).collect(),
            }
        };
        let holdout = settings.pointer("/offers/holdout_percent").and_then(Value::as_f64);
        Self {
            wallet_cap: limit("wallet_cap", WALLET_CAP.unsigned_abs(), 1),
            no_repeat_cycles: limit("no_repeat_days", NO_REPEAT_DAYS, CYCLES_PER_DAY),
            holdout_percent: holdout.unwrap_or(OfferPolicy::default().holdout_percent),
        }
    }

    /// The check of whoever was handed coupons: nobody of the holdout may be among them.
    pub fn held_out(&self, holders: Vec<Finding>) -> (&'static str, &'static str, Vec<Finding>) {
        let policy =
            OfferPolicy { holdout_percent: self.holdout_percent, ..OfferPolicy::default() };
        let is_out = |row: &Finding| is_held_out(&AgentId::new(&row.subject), &policy);
        let mut found: Vec<Finding> = holders.into_iter().filter(is_out).collect();
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        found.truncate(SHOWN_MAX);
        for row in &mut found {
            row.total = total;
        }
        ("holdout", "an agent of the holdout that was handed coupons", found)
    }
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arms_limit_is_that_of_its_rows_and_a_hostile_name_reaches_no_statement() {
        let settings = json!({
            "offers": { "wallet_cap": 20, "holdout_percent": 0.0 },
            "experiment": { "arms": [
                { "name": "control", "share": 0.5 },
                { "name": "bold", "share": 0.5, "overrides": { "offers.wallet_cap": 8 } },
                { "name": "x' OR '1", "share": 0.1, "overrides": { "offers.wallet_cap": 9 } },
            ] },
        });
        let limits = OfferLimits::of(&settings);
        assert_eq!(
            limits.wallet_cap.sql("b.cohort"),
            "(CASE b.cohort WHEN 'bold' THEN 8 ELSE 20 END)"
        );
        assert_eq!(limits.no_repeat_cycles.sql("b.cohort"), "672");
        let defaults = OfferLimits::of(&json!({}));
        assert_eq!((defaults.wallet_cap.of_run, defaults.holdout_percent), (32, 10.0));
    }

    #[test]
    fn of_the_holders_those_of_the_holdout_are_wrong_and_all_of_them_are_counted() {
        let row = |n: usize| Finding {
            cycle: 0,
            replay: 0,
            subject: format!("agent_{n:03}"),
            found: "32 coupons".to_owned(),
            total: 0,
        };
        let limits = OfferLimits { holdout_percent: 50.0, ..OfferLimits::of(&json!({})) };
        let (name, _, found) = limits.held_out((0..200).map(row).collect());
        assert_eq!((name, found.len()), ("holdout", SHOWN_MAX));
        assert!((70..130).contains(&found[0].total), "{}", found[0].total);
        let nobody = OfferLimits { holdout_percent: 0.0, ..limits };
        assert_eq!(nobody.held_out((0..200).map(row).collect()).2, []);
    }
}
