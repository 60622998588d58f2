//! The state of a shopper day by day: a pure fold over its visits and coupons.
//!
//! What stands on the left of a day is known at its 00:00, what happens on it is a label: nothing
//! of the label leaks into the state. Days are simulated ones, and only hours that count are lived.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::value::{Row, Value};

/// Days from 1970 to a Monday: 1970-01-05.
const FIRST_MONDAY: i32 = 4;
/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// A visit that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its day since 1970, simulated.
    pub day: i32,
    /// Whether it looked only.
    pub browsed: bool,
    /// What its order cost, if it ended in one, cents.
    pub paid: Option<i64>,
}

/// A coupon in the shopper's wallet; simulated microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Handed out.
    pub from: i64,
    /// Expired.
    pub until: i64,
    /// Used.
    pub redeemed: Option<i64>,
}

/// What is known of a shopper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shopper {
    /// Who.
    pub agent_id: String,
    /// Its arm.
    pub cohort: Option<String>,
    /// Its budget a week, cents; `None` for one that is no longer in the database.
    pub weekly_budget: Option<i64>,
    /// By day.
    pub visits: Vec<Visit>,
    /// In any order.
    pub coupons: Vec<Held>,
}

/// The day since 1970 of an instant in microseconds.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
}

/// The days of a run with hours that count, each with how many.
pub fn days_lived(scope: &Scope) -> BTreeMap<i32, i32> {
    let first = day_of(super::value::micros(scope.run.simulated_start));
    let mut days = BTreeMap::new();
    for (cycle, _) in &scope.canonical {
        *days.entry(first + scope.day_of(*cycle)).or_insert(0) += 1;
    }
    days
}

/// Sums that grow from day to day.
#[derive(Default)]
struct Memory {
    visits: i64,
    orders: i64,
    paid: i64,
    last_visit: Option<i32>,
    last_order: Option<i32>,
    /// The Monday of the sum, and what was paid since.
    week: (i32, i64),
}

/// One row for each of the days; its computed columns are empty.
pub fn rows(scope: &Scope, shopper: &Shopper, days: &BTreeMap<i32, i32>) -> Vec<Row> {
    let mut memory = Memory::default();
    let mut visits = shopper.visits.iter().peekable();
    let mut rows = Vec::with_capacity(days.len());
    for (day, hours) in days {
        let monday = day - (day - FIRST_MONDAY).rem_euclid(7);
        if memory.week.0 != monday {
            memory.week = (monday, 0);
        }
        let begin = i64::from(*day) * DAY_MICROS;
        let since =
            |last: Option<i32>| last.map_or(Value::Null, |l| Value::Integer((day - l).into()));
        let left = shopper.weekly_budget.map(|budget| budget - memory.week.1);
        let amount = |cents: Option<i64>| cents.map_or(Value::Null, Value::Integer);
        let mut row = vec![
            Value::Text(scope.run_id.clone()),
            Value::Text(shopper.agent_id.clone()),
            Value::of_text(shopper.cohort.clone()),
            // split, period and held_out, which are computed.
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Day(*day),
            Value::Integer((*hours).into()),
            amount(shopper.weekly_budget),
            amount(left),
            since(memory.last_visit),
            since(memory.last_order),
            Value::Integer(memory.visits),
            Value::Integer(memory.orders),
            Value::Integer(memory.paid),
            Value::Integer(count(&shopper.coupons, |c| c.is_held(begin))),
        ];
        let (mut seen, mut browsed, mut orders, mut paid) = (0, 0, 0, 0);
        while let Some(visit) = visits.next_if(|visit| visit.day <= *day) {
            seen += 1;
            browsed += i64::from(visit.browsed);
            memory.last_visit = Some(visit.day);
            if let Some(cents) = visit.paid {
                orders += 1;
                paid += cents;
                memory.last_order = Some(visit.day);
            }
        }
        memory.visits += seen;
        memory.orders += orders;
        memory.paid += paid;
        memory.week.1 += paid;
        let on_the_day = begin..begin + DAY_MICROS;
        let used =
            count(&shopper.coupons, |c| c.redeemed.is_some_and(|at| on_the_day.contains(&at)));
        row.extend([seen, browsed, orders, paid, used].map(Value::Integer));
        rows.push(row);
    }
    rows
}

impl Held {
    fn is_held(&self, at: i64) -> bool {
        self.from <= at && at < self.until && self.redeemed.is_none_or(|redeemed| redeemed >= at)
    }
}

fn count(coupons: &[Held], is: impl Fn(&Held) -> bool) -> i64 {
    coupons.iter().filter(|coupon| is(coupon)).count() as i64
}
