//! What is kept of an order history while it is read: compact sums a customer, counts of the whole.
//!
//! Bounds: at most 500,000 customers (beyond that an even half of them, by hash, is forgotten, as
//! often as needed), 100,000 products, 400,000 weeks of a product, 400 categories. Lines of an
//! order stand together among the lines of their customer; whoever bought in disorder is counted.

use std::collections::HashMap;

use chrono::{Datelike, Timelike};
use domain::stable_hash::blend;

use super::customer::{Customer, Open, Sums, week_of};
use super::line::Line;

const CUSTOMERS_MAX: usize = 500_000;
const PRODUCTS_MAX: usize = 100_000;
const PRODUCT_WEEKS_MAX: usize = 400_000;
const CATEGORIES_MAX: usize = 400;
/// The last bin of lines.
pub const LINES_BINS: usize = 60;
/// Bins of values, each 12 % wider than the last, from 0.10 on.
pub const VALUE_BINS: usize = 160;
const VALUE_STEP: f64 = 1.12;
const VALUE_LEAST: f64 = 0.1;

/// One week of a product.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductWeek {
    /// Units sold.
    pub units: f64,
    /// What they cost.
    pub value: f64,
}

/// What consecutive orders share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repeats {
    /// Lines that were in the customer's previous order.
    pub own: u64,
    /// Lines that were in another customer's latest order of the same size as that.
    pub others: u64,
    /// Orders compared.
    pub orders: u64,
}

/// What is kept of a history or a run.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By hash of the name.
    pub customers: HashMap<u64, Customer>,
    /// Halvings of the customers.
    pub halvings: u32,
    /// First and last day, from CE.
    pub days: Option<(i32, i32)>,
    /// Orders by hour, those that know it.
    pub hours: [u64; 24],
    /// Orders by weekday, Monday first.
    pub weekdays: [u64; 7],
    /// Orders by lines, the last bin open.
    pub lines: Vec<u64>,
    /// Orders by value.
    pub values: Vec<u64>,
    /// Lines and their units.
    pub line_units: Sums,
    /// Orders of which it is known whether something was taken off, and those where it was.
    pub discounts: (u64, u64),
    /// Units by product.
    pub products: HashMap<u64, f64>,
    /// Units of products beyond the bound.
    pub other_products: u64,
    /// By product and week.
    pub product_weeks: HashMap<(u64, i32), ProductWeek>,
    /// Names.
    pub categories: Vec<String>,
    /// What consecutive orders share.
    pub repeats: Repeats,
    /// Orders that came after a later one of their customer.
    pub disordered: u64,
    by_size: HashMap<usize, (u64, Vec<u64>)>,
    category_of: HashMap<String, u16>,
    orders: u64,
}

impl Ledger {
    /// Closed orders.
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// Weeks from the first day to the last.
    pub fn span_weeks(&self) -> f64 {
        self.days.map_or(0.0, |(first, last)| f64::from(last - first + 1) / 7.0)
    }

    /// One line.
    pub fn take(&mut self, line: &Line) {
        if self.is_forgotten(line.customer) {
            return;
        }
        let day = line.at.num_days_from_ce();
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
        let category = line.category.as_deref().and_then(|name| self.category(name));
        self.count_product(line, week_of(day));
        let key = line.order.unwrap_or_else(|| line.at.and_utc().timestamp() as u64);
        let customer = self.customers.entry(line.customer).or_default();
        if let Some(category) = category {
            customer.count_category(category);
        }
        let is_same = customer.open.as_ref().is_some_and(|open| open.key == key);
        let closed = if is_same { None } else { customer.open.take() };
        let open = customer.open.get_or_insert_with(|| Open::at(key, line));
        open.add(line);
        if let Some(order) = closed {
            self.count(line.customer, order);
        }
        if self.customers.len() > CUSTOMERS_MAX {
            self.halvings += 1;
            let halvings = self.halvings;
            self.customers.retain(|customer, _| !is_forgotten(*customer, halvings));
        }
    }

    /// Every order has all its lines.
    pub fn close(&mut self) {
        let mut open: Vec<(u64, Open)> = self
            .customers
            .iter_mut()
            .filter_map(|(who, customer)| Some((*who, customer.open.take()?)))
            .collect();
        open.sort_by_key(|(who, order)| (order.at, *who));
        for (who, order) in open {
            self.count(who, order);
        }
        for customer in self.customers.values_mut() {
            customer.end_week();
        }
    }

    /// Customers that never ordered, as agents of a run that stayed away.
    pub fn add_idle(&mut self, customers: usize) {
        let first = self.days.map_or(0, |(first, _)| first);
        for n in 0..customers as u64 {
            self.customers.entry(blend(n, 0x1d1e)).or_default().first = first;
        }
    }

    fn is_forgotten(&self, customer: u64) -> bool {
        is_forgotten(customer, self.halvings)
    }

    fn category(&mut self, name: &str) -> Option<u16> {
        if let Some(known) = self.category_of.get(name) {
            return Some(*known);
        }
        let next = u16::try_from(self.categories.len()).ok()?;
        if self.categories.len() >= CATEGORIES_MAX {
            return None;
        }
        self.categories.push(name.to_owned());
        self.category_of.insert(name.to_owned(), next);
        Some(next)
    }

    fn count_product(&mut self, line: &Line, week: i32) {
        self.line_units.add(f64::from(line.units));
        let Some(product) = line.product else { return };
        let is_full = self.products.len() >= PRODUCTS_MAX;
        if is_full && !self.products.contains_key(&product) {
            self.other_products += u64::from(line.units);
            return;
        }
        *self.products.entry(product).or_default() += f64::from(line.units);
        let Some(price) = line.price else { return };
        let key = (product, week);
        let is_full = self.product_weeks.len() >= PRODUCT_WEEKS_MAX;
        if is_full && !self.product_weeks.contains_key(&key) {
            return;
        }
        let cell = self.product_weeks.entry(key).or_default();
        cell.units += f64::from(line.units);
        cell.value += price * f64::from(line.units);
    }

    fn count(&mut self, who: u64, order: Open) {
        self.orders += 1;
        let weekday = order.at.weekday() as usize;
        self.weekdays[weekday] += 1;
        if order.has_hour {
            self.hours[order.at.hour() as usize] += 1;
        }
        bin(&mut self.lines, LINES_BINS, order.lines as usize);
        if order.has_value {
            bin(&mut self.values, VALUE_BINS, value_bin(order.value));
        }
        if let Some(discounted) = order.discounted {
            self.discounts.0 += 1;
            self.discounts.1 += u64::from(discounted);
        }
        let Some(customer) = self.customers.get_mut(&who) else { return };
        let previous = std::mem::take(&mut customer.previous);
        self.disordered += u64::from(customer.add(&order, weekday));
        customer.previous.clone_from(&order.products);
        if !previous.is_empty() && !order.products.is_empty() {
            self.compare(who, &previous, &order.products);
        }
        if !order.products.is_empty() {
            self.by_size.insert(order.products.len(), (who, order.products));
        }
    }

    fn compare(&mut self, who: u64, previous: &[u64], products: &[u64]) {
        let Some((other, others)) = self.by_size.get(&previous.len()) else { return };
        if *other == who {
            return;
        }
        let shared = |with: &[u64]| products.iter().filter(|p| with.contains(p)).count() as u64;
        self.repeats.own += shared(previous);
        self.repeats.others += shared(others);
        self.repeats.orders += 1;
    }
}

fn is_forgotten(customer: u64, halvings: u32) -> bool {
    halvings > 0 && customer >> 64_u32.saturating_sub(halvings) != 0
}

fn bin(bins: &mut Vec<u64>, last: usize, at: usize) {
    bins.resize(last + 1, 0);
    bins[at.min(last)] += 1;
}

fn value_bin(value: f64) -> usize {
    ((value / VALUE_LEAST).ln() / VALUE_STEP.ln()).max(0.0) as usize
}

/// The middle of a bin of values.
pub fn value_of(bin: usize) -> f64 {
    VALUE_LEAST * VALUE_STEP.powf(bin as f64 + 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(customer: &str, time: &str, product: &str) -> Line {
        Line::of(&[customer, time, product, "Dairy", "2", "1.50", "0", ""]).unwrap()
    }

    #[test]
    fn lines_of_one_instant_are_an_order_and_a_product_twice_is_one_line() {
        let mut ledger = Ledger::default();
        for (who, time, product) in [
            ("a", "2026-06-01T10:00", "x"),
            ("b", "2026-06-01T10:00", "x"),
            ("a", "2026-06-01T10:00", "y"),
            ("a", "2026-06-01T10:00", "y"),
            ("a", "2026-06-02T18:00", "x"),
        ] {
            ledger.take(&line(who, time, product));
        }
        assert_eq!(ledger.orders(), 1, "two wait for their last lines");
        ledger.close();
        assert_eq!(ledger.orders(), 3);
        assert_eq!((ledger.lines[1], ledger.lines[2]), (2, 1));
        assert_eq!((ledger.hours[10], ledger.hours[18]), (2, 1));
        let a = &ledger.customers[&line("a", "2026-06-01", "x").customer];
        assert_eq!((a.orders, a.weeks.n, a.weeks.sum), (2, 1, 12.0));
        assert_eq!(a.parts, [1, 0, 1]);
    }

    #[test]
    fn a_week_begins_on_monday() {
        let day = |date: &str| line("a", date, "x").at.num_days_from_ce();
        assert_eq!(week_of(day("2026-06-01")), week_of(day("2026-06-07")));
        assert_eq!(week_of(day("2026-06-07")) + 1, week_of(day("2026-06-08")));
    }

    #[test]
    fn an_order_column_counts_more_than_the_instant() {
        let mut ledger = Ledger::default();
        for (minute, order) in [(0, "1"), (1, "1"), (1, "2")] {
            let time = format!("2026-06-01T10:0{minute}");
            ledger.take(&Line::of(&["a", &time, "", "", "", "", "", order]).unwrap());
        }
        ledger.close();
        assert_eq!(ledger.orders(), 2);
    }

    #[test]
    fn of_too_many_customers_an_even_half_stays() {
        let mut ledger = Ledger::default();
        let mut line = line("a", "2026-06-01", "x");
        for n in 0..=CUSTOMERS_MAX as u64 {
            line.customer = blend(n, 1);
            ledger.take(&line);
        }
        assert_eq!(ledger.halvings, 1);
        let kept = ledger.customers.len() as f64 / CUSTOMERS_MAX as f64;
        assert!((kept - 0.5).abs() < 0.01, "{kept}");
    }

    #[test]
    fn what_is_bought_again_is_told_from_what_everybody_buys() {
        let mut ledger = Ledger::default();
        for day in 1..=8 {
            for who in ["a", "b"] {
                ledger.take(&line(who, &format!("2026-06-0{day}"), who));
                ledger.take(&line(who, &format!("2026-06-0{day}"), "milk"));
            }
        }
        ledger.close();
        let Repeats { own, others, orders } = ledger.repeats;
        assert!(orders >= 7 && own == 2 * orders && others == orders, "{own} {others} {orders}");
    }
}
