//! What an agent learns from its own flows: brands, visits, and what is left of the week's budget.
//!
//! `spent_this_week` counts only while `week_of` is the simulated Monday of the time asked about;
//! nothing resets it when a week begins. Rows rebuilt by the store must lead to the same memory.

use chrono::{Datelike, NaiveDateTime, NaiveTime, TimeDelta};

use crate::flow::AgentMemory;
use crate::money::Cents;

/// Brands remembered at most.
pub const BRANDS_REMEMBERED_MAX: usize = 32;

/// Monday 00:00 of the simulated week of `at`.
pub fn monday_of(at: NaiveDateTime) -> NaiveDateTime {
    let days = TimeDelta::days(i64::from(at.weekday().num_days_from_monday()));
    let midnight = at.date().and_time(NaiveTime::MIN);
    midnight.checked_sub_signed(days).unwrap_or(midnight)
}

impl AgentMemory {
    /// What is left of `weekly_budget` since Monday 00:00 of the week of `at`; never below zero.
    pub fn budget_left(&self, weekly_budget: Cents, at: NaiveDateTime) -> Cents {
        if self.week_of == Some(monday_of(at)) {
            (weekly_budget - self.spent_this_week).at_least_zero()
        } else {
            weekly_budget
        }
    }

    /// Whether this brand was bought before.
    pub fn has_bought(&self, brand: Option<&str>) -> bool {
        brand.is_some_and(|brand| self.brands_bought.iter().any(|b| b == brand))
    }

    /// Takes note of a visit, whatever came of it.
    pub fn remember_visit(&mut self, at: NaiveDateTime) {
        self.last_visit = Some(at);
    }

    /// Takes note of an order: what was paid and the brands of its lines, in their order. A brand
    /// bought again moves to the young end; the oldest beyond `BRANDS_REMEMBERED_MAX` leave.
    pub fn remember_order<B: AsRef<str>>(
        &mut self,
        at: NaiveDateTime,
        paid: Cents,
        brands: impl IntoIterator<Item = B>,
    ) {
        let monday = monday_of(at);
        if self.week_of != Some(monday) {
            self.week_of = Some(monday);
            self.spent_this_week = Cents::ZERO;
        }
        self.spent_this_week += paid;
        self.last_order = Some(at);
        for brand in brands {
            let brand = brand.as_ref();
            self.brands_bought.retain(|b| b != brand);
            self.brands_bought.push(brand.to_owned());
        }
        let surplus = self.brands_bought.len().saturating_sub(BRANDS_REMEMBERED_MAX);
        self.brands_bought.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn at(day: u32, hour: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 6, day).unwrap().and_hms_opt(hour, 0, 0).unwrap()
    }

    #[test]
    fn the_budget_is_whole_again_on_monday_at_midnight() {
        let mut memory = AgentMemory::default();
        assert_eq!(memory.budget_left(Cents(10_000), at(1, 0)), Cents(10_000));
        memory.remember_order(at(1, 0), Cents(3_000), ["Oak"]); // Monday
        memory.remember_order(at(7, 23), Cents(2_000), ["Elm"]); // Sunday
        assert_eq!(memory.budget_left(Cents(10_000), at(7, 23)), Cents(5_000));
        assert_eq!(memory.budget_left(Cents(10_000), at(8, 0)), Cents(10_000));
        memory.remember_order(at(8, 0), Cents(700), ["Elm"]);
        assert_eq!(memory.budget_left(Cents(10_000), at(8, 1)), Cents(9_300));
        assert_eq!(memory.spent_this_week, Cents(700));
        assert_eq!(memory.last_order, Some(at(8, 0)));
    }

    #[test]
    fn an_overdrawn_budget_leaves_nothing() {
        let mut memory = AgentMemory::default();
        memory.remember_order(at(2, 9), Cents(10_001), Vec::<String>::new());
        assert_eq!(memory.budget_left(Cents(10_000), at(2, 9)), Cents::ZERO);
    }

    #[test]
    fn the_oldest_of_thirty_three_brands_leaves() {
        let mut memory = AgentMemory::default();
        memory.remember_order(at(2, 9), Cents(1), (0..32).map(|n| n.to_string()));
        memory.remember_order(at(2, 10), Cents(1), ["0"]);
        assert_eq!(memory.brands_bought.len(), 32);
        assert!(memory.has_bought(Some("1")));
        memory.remember_order(at(2, 11), Cents(1), ["32"]);
        assert_eq!(memory.brands_bought.len(), 32);
        assert!(!memory.has_bought(Some("1")));
        assert!(memory.has_bought(Some("0")));
        assert!(!memory.has_bought(None));
    }

    #[test]
    fn a_visit_is_remembered_without_an_order() {
        let mut memory = AgentMemory::default();
        memory.remember_visit(at(3, 4));
        assert_eq!((memory.last_visit, memory.last_order), (Some(at(3, 4)), None));
    }
}
