//! A customer of a history: sums of its orders, and the one whose lines are still coming.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::line::Line;

/// Products of an order that are remembered until the next one.
const REMEMBERED_MAX: usize = 64;
/// Categories of a customer that are counted.
const CATEGORIES_OF_ONE_MAX: usize = 8;

/// The sums of numbers and of their squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How many.
    pub n: u32,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
}

impl Sums {
    /// One more.
    pub fn add(&mut self, number: f64) {
        self.n += 1;
        self.sum += number;
        self.squares += number * number;
    }

    /// Those of both.
    pub fn join(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Their mean; 0 of none.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.n.max(1))
    }

    /// The variance, of n - 1.
    pub fn variance(&self) -> f64 {
        let n = f64::from(self.n);
        if self.n < 2 {
            0.0
        } else {
            ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0)
        }
    }

    /// The squares around the mean.
    pub fn within(&self) -> f64 {
        self.variance() * (f64::from(self.n) - 1.0).max(0.0)
    }
}

/// A customer.
#[derive(Clone, Debug, Default)]
pub struct Customer {
    /// Orders.
    pub orders: u32,
    /// Day of the first, from CE.
    pub first: i32,
    /// Orders by weekday, Monday first.
    pub weekdays: [u16; 7],
    /// Orders in the morning, afternoon, evening, as personas have them.
    pub parts: [u16; 3],
    /// Logarithm of the lines of an order.
    pub log_lines: Sums,
    /// Value of an order.
    pub value: Sums,
    /// What a week with an order cost.
    pub weeks: Sums,
    /// Orders with something taken off.
    pub discounted: u32,
    /// Orders of which that is known.
    pub known_discounts: u32,
    /// Lines by category.
    pub categories: Vec<(u16, u32)>,
    week: i32,
    week_value: f64,
    pub(super) previous: Vec<u64>,
    pub(super) open: Option<Open>,
}

/// An order whose lines are still coming.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) key: u64,
    pub(super) at: NaiveDateTime,
    pub(super) has_hour: bool,
    pub(super) lines: u32,
    pub(super) units: u32,
    pub(super) value: f64,
    pub(super) has_value: bool,
    pub(super) discounted: Option<bool>,
    pub(super) products: Vec<u64>,
}

/// The week of a day from CE, which was a Monday.
pub(super) fn week_of(day: i32) -> i32 {
    (day - 1).div_euclid(7)
}

impl Customer {
    /// Counts an order; true where an earlier one came later.
    pub(super) fn add(&mut self, order: &Open, weekday: usize) -> bool {
        let day = order.at.num_days_from_ce();
        let week = week_of(day);
        let is_disordered = self.orders > 0 && week < self.week;
        if self.orders == 0 || week != self.week {
            self.end_week();
            self.week = week;
        }
        self.first = if self.orders == 0 { day } else { self.first.min(day) };
        self.orders += 1;
        self.weekdays[weekday] = self.weekdays[weekday].saturating_add(1);
        if order.has_hour {
            let part = match order.at.hour() {
                5..=11 => 0,
                12..=16 => 1,
                _ => 2,
            };
            self.parts[part] = self.parts[part].saturating_add(1);
        }
        self.log_lines.add(f64::from(order.lines).ln());
        if order.has_value {
            self.value.add(order.value);
            self.week_value += order.value;
        }
        self.discounted += u32::from(order.discounted == Some(true));
        self.known_discounts += u32::from(order.discounted.is_some());
        is_disordered
    }

    /// The week of the last order is over.
    pub(super) fn end_week(&mut self) {
        if self.week_value > 0.0 {
            self.weeks.add(self.week_value);
        }
        self.week_value = 0.0;
    }

    /// Counts a line of this category.
    pub(super) fn count_category(&mut self, category: u16) {
        match self.categories.iter().position(|(known, _)| *known == category) {
            Some(at) => self.categories[at].1 += 1,
            None if self.categories.len() < CATEGORIES_OF_ONE_MAX => {
                self.categories.push((category, 1));
            }
            None => {}
        }
    }
}

impl Open {
    pub(super) fn at(key: u64, line: &Line) -> Self {
        Self {
            key,
            at: line.at,
            has_hour: line.has_hour,
            lines: 0,
            units: 0,
            value: 0.0,
            has_value: false,
            discounted: None,
            products: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, line: &Line) {
        self.units = self.units.saturating_add(line.units);
        if let Some(price) = line.price {
            self.value += price * f64::from(line.units);
            self.has_value = true;
        }
        if let Some(discounted) = line.discounted {
            self.discounted = Some(self.discounted.unwrap_or(false) || discounted);
        }
        // A product that stands on two lines of an order is one line of it.
        let is_known = line.product.is_some_and(|product| self.products.contains(&product));
        self.lines += u32::from(!is_known);
        if let Some(product) = line.product.filter(|_| !is_known)
            && self.products.len() < REMEMBERED_MAX
        {
            self.products.push(product);
        }
    }
}
