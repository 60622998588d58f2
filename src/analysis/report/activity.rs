//! When shoppers came: by hour of the day, weekday and simulated day, beside the reference.
//!
//! A share is of what a lived hour brings: a run that lived its evenings twice would else seem to
//! shop at night.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};
use serde::Serialize;
use store::admin::export::DynamicRow;

use super::reading::Cells;
use crate::export::ExportError;
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
    fn read(cells: &mut Cells) -> Result<Self, ExportError> {
        Ok(Self {
            visits: cells.count("visits")?,
            completed: cells.count("status")?,
            abandoned: cells.count("status")?,
            browsed: cells.count("status")?,
            failed: cells.count("status")?,
            orders: cells.count("orders")?,
            revenue_cents: cells.integer("final_total_cents")?,
            discount_cents: cells.integer("discount_total_cents")?,
        })
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

/// The answers it is made of.
pub struct Answers {
    /// Lived hours by day.
    pub days_lived: Vec<DynamicRow>,
    /// Lived hours by hour of the day.
    pub hours_lived: Vec<DynamicRow>,
    /// Visits by day.
    pub by_day: Vec<DynamicRow>,
    /// Visits by hour of the day.
    pub by_hour: Vec<DynamicRow>,
}

impl Activity {
    /// From the answers, of a run that began at this simulated instant.
    pub fn of(answers: Answers, start: NaiveDateTime) -> Result<Self, ExportError> {
        let first = start.date();
        let date = |day: u64| first.checked_add_days(Days::new(day)).unwrap_or(NaiveDate::MAX);
        let mut days = Vec::with_capacity(answers.days_lived.len());
        for row in answers.days_lived {
            let mut cells = Cells::of("cycles", row);
            days.push(Day {
                date: date(cells.count("cycle")?),
                hours_lived: cells.count("cycle")?,
                released: cells.count("released")?,
                idle: cells.count("idle")?,
                sums: Visits::default(),
            });
        }
        for row in answers.by_day {
            let mut cells = Cells::of("shopping_sessions", row);
            let date = date(cells.count("cycle")?);
            if let Ok(at) = days.binary_search_by_key(&date, |day| day.date) {
                days[at].sums = Visits::read(&mut cells)?;
            }
        }
        let mut hours = slots(&reference::hours());
        for row in answers.hours_lived {
            let mut cells = Cells::of("cycles", row);
            let hour = cells.count("cycle")?;
            if let Some(slot) = slot(&mut hours, hour) {
                slot.hours_lived = cells.count("cycle")?;
            }
        }
        for row in answers.by_hour {
            let mut cells = Cells::of("shopping_sessions", row);
            let hour = cells.count("cycle")?;
            if let Some(slot) = slot(&mut hours, hour) {
                slot.sums = Visits::read(&mut cells)?;
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
        Ok(Self {
            hours_reference: HOURS_SOURCE,
            weekdays_reference: WEEKDAYS_SOURCE,
            hours,
            weekdays,
            days,
            total,
        })
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
    use super::*;
    use store::admin::export::Cell;

    fn row(cells: &[i64]) -> DynamicRow {
        DynamicRow(cells.iter().map(|n| Cell::Integer(*n)).collect())
    }

    #[test]
    fn an_hour_that_was_lived_twice_weighs_no_more_than_one_lived_once() {
        let answers = Answers {
            days_lived: vec![row(&[0, 3, 30, 0])],
            hours_lived: vec![row(&[8, 2]), row(&[9, 1])],
            by_day: vec![row(&[0, 30, 30, 0, 0, 0, 30, 3_000, 0])],
            by_hour: vec![
                row(&[8, 20, 20, 0, 0, 0, 20, 2_000, 0]),
                row(&[9, 10, 10, 0, 0, 0, 10, 1_000, 0]),
            ],
        };
        let start = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap().and_hms_opt(8, 0, 0).unwrap();
        let activity = Activity::of(answers, start).unwrap();
        assert_eq!(activity.hours[8].order_share, Some(0.5));
        assert_eq!(activity.hours[9].order_share, Some(0.5));
        assert_eq!(activity.hours[10].order_share, None, "an hour that was not lived");
        assert_eq!(activity.weekdays[0].sums.orders, 30, "a Monday");
        assert_eq!(activity.total.revenue_cents, 3_000);
        assert!(!activity.has_week());
    }
}
