//! When shoppers came: by hour of the day, weekday and simulated day, beside the reference.
//!
//! A share is of what a lived hour brings: a run that lived its evenings twice would else seem to
//! shop at night.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};
use questions::hours::DayRow;
use questions::visits::SlotRow;
use serde::Serialize;

use super::reading::{Answers, count};
use crate::realism::reference::{self, HOURS_SOURCE, WEEKDAYS_SOURCE};

/// Visits and what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Visits {
    /// All of them.
    pub visits: u64,
    /// With an order.
    pub completed: u64,
    /// Shopped without one.
    pub abandoned: u64,
    /// Looked only.
    pub browsed: u64,
    /// Did not come to an end of their own.
    pub failed: u64,
    /// Orders.
    pub orders: u64,
    /// Sum of their final totals.
    pub revenue_cents: i64,
    /// Sum of their discounts.
    pub discount_cents: i64,
}

/// One hour of the day or one weekday.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Slot {
    /// 0-23, or 0 for Monday to 6.
    pub slot: u32,
    /// Simulated hours that count.
    pub hours_lived: u64,
    /// What happened in them.
    #[serde(flatten)]
    pub sums: Visits,
    /// Orders a lived hour, as a share of all slots; `null` without orders.
    pub order_share: Option<f64>,
    /// Visits likewise.
    pub visit_share: Option<f64>,
    /// The reference's share of orders.
    pub reference_share: f64,
}

/// One simulated day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// The date.
    pub date: NaiveDate,
    /// Simulated hours that count, 1-24.
    pub hours_lived: u64,
    /// Agents given an hour, summed over the hours.
    pub released: u64,
    /// Of them those that did nothing.
    pub idle: u64,
    /// What happened.
    #[serde(flatten)]
    pub sums: Visits,
}

/// When shoppers came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Activity {
    /// Whose hours of the day stand beside the run's.
    pub hours_reference: &'static str,
    /// Whose weekdays.
    pub weekdays_reference: &'static str,
    /// 24 hours of the day.
    pub hours: Vec<Slot>,
    /// 7 weekdays, Monday first.
    pub weekdays: Vec<Slot>,
    /// Days with hours that count.
    pub days: Vec<Day>,
    /// Over all days.
    pub total: Visits,
}

impl Visits {
    fn of(row: &SlotRow) -> Self {
        Self {
            visits: count(row.visits),
            completed: count(row.completed),
            abandoned: count(row.abandoned),
            browsed: count(row.browsed),
            failed: count(row.failed),
            orders: count(row.orders),
            revenue_cents: row.revenue_cents,
            discount_cents: row.discount_cents,
        }
    }

    fn add(&mut self, other: &Self) {
        self.visits += other.visits;
        self.completed += other.completed;
        self.abandoned += other.abandoned;
        self.browsed += other.browsed;
        self.failed += other.failed;
        self.orders += other.orders;
        self.revenue_cents += other.revenue_cents;
        self.discount_cents += other.discount_cents;
    }
}

impl Activity {
    /// From the answers, of a run that began at this simulated instant.
    pub fn of(answers: &Answers, start: NaiveDateTime) -> Self {
        let first = start.date();
        let date = |day: i32| {
            let day = Days::new(count(day));
            first.checked_add_days(day).unwrap_or(NaiveDate::MAX)
        };
        let day = |row: &DayRow| Day {
            date: date(row.day),
            hours_lived: count(row.hours),
            released: count(row.released),
            idle: count(row.idle),
            sums: Visits::default(),
        };
        let mut days: Vec<Day> = answers.days_lived.iter().map(day).collect();
        for row in &answers.visits_by_day {
            if let Ok(at) = days.binary_search_by_key(&date(row.slot), |day| day.date) {
                days[at].sums = Visits::of(row);
            }
        }
        let mut hours = slots(&reference::hours());
        for row in &answers.hours_lived {
            if let Some(slot) = slot(&mut hours, count(row.slot)) {
                slot.hours_lived = count(row.hours);
            }
        }
        for row in &answers.visits_by_hour {
            if let Some(slot) = slot(&mut hours, count(row.slot)) {
                slot.sums = Visits::of(row);
            }
        }
        let mut weekdays = slots(&reference::weekdays());
        let mut total = Visits::default();
        for day in &days {
            total.add(&day.sums);
            let weekday = day.date.weekday().num_days_from_monday();
            if let Some(slot) = slot(&mut weekdays, weekday.into()) {
                slot.hours_lived += day.hours_lived;
                slot.sums.add(&day.sums);
            }
        }
        fill_shares(&mut hours);
        fill_shares(&mut weekdays);
        Self {
            hours_reference: HOURS_SOURCE,
            weekdays_reference: WEEKDAYS_SOURCE,
            hours,
            weekdays,
            days,
            total,
        }
    }

    /// Whether every weekday has been lived.
    pub fn has_week(&self) -> bool {
        self.weekdays.iter().all(|slot| slot.hours_lived > 0)
    }
}

fn slots(reference: &[f64]) -> Vec<Slot> {
    let total: f64 = reference.iter().sum();
    let slot = |(slot, share): (u32, &f64)| Slot {
        slot,
        reference_share: share / total,
        ..Slot::default()
    };
    (0..).zip(reference).map(slot).collect()
}

fn slot(slots: &mut [Slot], number: u64) -> Option<&mut Slot> {
    slots.get_mut(usize::try_from(number).ok()?)
}

fn fill_shares(slots: &mut [Slot]) {
    let rate = |count: u64, slot: &Slot| match slot.hours_lived {
        0 => 0.0,
        hours => count as f64 / hours as f64,
    };
    let orders: f64 = slots.iter().map(|slot| rate(slot.sums.orders, slot)).sum();
    let visits: f64 = slots.iter().map(|slot| rate(slot.sums.visits, slot)).sum();
    for slot in slots {
        let lived = slot.hours_lived > 0;
        slot.order_share = (lived && orders > 0.0).then(|| rate(slot.sums.orders, slot) / orders);
        slot.visit_share = (lived && visits > 0.0).then(|| rate(slot.sums.visits, slot) / visits);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use questions::hours;

    fn lived(slot: i32, hours: i64) -> hours::SlotRow {
        hours::SlotRow { slot, hours, released: 0 }
    }

    fn visits(slot: i32, visits: i64, revenue_cents: i64) -> SlotRow {
        SlotRow {
            slot,
            visits,
            completed: visits,
            abandoned: 0,
            browsed: 0,
            failed: 0,
            orders: visits,
            revenue_cents,
            discount_cents: 0,
        }
    }

    #[test]
    fn an_hour_that_was_lived_twice_weighs_no_more_than_one_lived_once() {
        let mut answers = Answers::of_nothing(Arc::new(drop));
        answers.days_lived = vec![DayRow { day: 0, hours: 3, released: 30, idle: 0 }];
        answers.hours_lived = vec![lived(8, 2), lived(9, 1)];
        answers.visits_by_day = vec![visits(0, 30, 3_000)];
        answers.visits_by_hour = vec![visits(8, 20, 2_000), visits(9, 10, 1_000)];
        let start = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
        let activity = Activity::of(&answers, start);
        assert_eq!(activity.hours[8].order_share, Some(0.5));
        assert_eq!(activity.hours[9].order_share, Some(0.5));
        assert_eq!(activity.hours[10].order_share, None, "an hour that was not lived");
        assert_eq!(activity.weekdays[0].sums.orders, 30, "a Monday");
        assert_eq!(activity.total.revenue_cents, 3_000);
        assert!(!activity.has_week());
    }
}
