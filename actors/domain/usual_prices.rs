//! What a product usually costs: the median of the prices seen in a run, one a simulated day.
//!
//! Shared by all agents of a run and never written down: a process that goes on with a run learns
//! it anew. Until a second day was seen, every price is the usual one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;

use crate::catalog::Product;
use crate::ids::ProductId;
use crate::money::Cents;

/// Days kept of a product, the latest: half a year of days, at 16 bytes each.
const DAYS_MAX: usize = 183;
/// Products kept; further ones have no usual price.
const PRODUCTS_MAX: usize = 100_000;

/// The prices seen in a run.
#[derive(Debug, Default)]
pub struct UsualPrices(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    products: HashMap<ProductId, Days>,
    /// Of each product's last price.
    sum: i64,
}

#[derive(Debug)]
struct Days {
    last: (NaiveDate, i64),
    /// Of the days kept, in their order.
    kept: VecDeque<i64>,
    /// The same, rising.
    sorted: Vec<i64>,
}

impl UsualPrices {
    /// Takes in the prices of a list seen on `day` and answers ln(price / usual price) of each.
    pub fn see(&self, day: NaiveDate, list: &[Product]) -> Vec<f64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().map(|product| seen.against_usual(day, product)).collect()
    }

    /// The mean price shown; `None` before the first.
    pub fn mean(&self) -> Option<Cents> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = i64::try_from(seen.products.len()).ok().filter(|count| *count > 0)?;
        Some(Cents(seen.sum / count))
    }
}

impl Seen {
    fn against_usual(&mut self, day: NaiveDate, product: &Product) -> f64 {
        let price = product.price.0;
        if let Some(days) = self.products.get_mut(&product.id) {
            if days.last.0 != day {
                self.sum += price - days.last.1;
                days.begin(day, price);
            }
            return ratio(price, days.sorted[days.sorted.len() / 2]);
        }
        if self.products.len() < PRODUCTS_MAX {
            let days = Days { last: (day, price), kept: [price].into(), sorted: vec![price] };
            self.products.insert(product.id.clone(), days);
            self.sum += price;
        }
        0.0
    }
}

impl Days {
    /// A further day; the oldest beyond the bound leaves.
    fn begin(&mut self, day: NaiveDate, price: i64) {
        if self.kept.len() >= DAYS_MAX
            && let Some(oldest) = self.kept.pop_front()
            && let Ok(place) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(place);
        }
        self.kept.push_back(price);
        self.sorted.insert(self.sorted.partition_point(|seen| *seen <= price), price);
        self.last = (day, price);
    }
}

/// ln(price / usual); 0 where either is free.
fn ratio(price: i64, usual: i64) -> f64 {
    if price > 0 && usual > 0 { (price as f64 / usual as f64).ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(price: i64) -> Product {
        Product {
            id: ProductId::new("milk"),
            name: "Milk".to_owned(),
            category: "Dairy".to_owned(),
            brand: None,
            price: Cents(price),
            in_stock: true,
            handle: Default::default(),
        }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, day).unwrap()
    }

    #[test]
    fn the_first_price_is_the_usual_one_and_a_cut_is_told_from_the_median_of_the_days() {
        let prices = UsualPrices::default();
        assert_eq!(prices.mean(), None);
        assert_eq!(prices.see(day(1), &[product(400)]), [0.0]);
        assert_eq!(prices.see(day(2), &[product(400)]), [0.0]);
        let cut = prices.see(day(3), &[product(200)])[0];
        assert!((cut - 0.5_f64.ln()).abs() < 1e-12, "{cut}");
        assert_eq!(prices.mean(), Some(Cents(200)));
    }

    #[test]
    fn a_day_counts_once_however_often_its_price_is_seen() {
        let prices = UsualPrices::default();
        prices.see(day(1), &[product(400)]);
        prices.see(day(2), &[product(400)]);
        for _ in 0..10 {
            prices.see(day(3), &[product(100)]);
        }
        assert!(prices.see(day(4), &[product(400)])[0].abs() < 1e-12);
    }

    #[test]
    fn the_oldest_day_leaves_and_a_price_that_stays_becomes_the_usual_one() {
        let prices = UsualPrices::default();
        let see = |n: usize, price| {
            let day = day(1) + chrono::Days::new(n as u64);
            prices.see(day, &[product(price)])[0]
        };
        (0..DAYS_MAX).for_each(|n| assert_eq!(see(n, 399), 0.0));
        // Of 183 days the middle one: the 92nd day of the new price is it.
        (0..91).for_each(|n| assert!(see(DAYS_MAX + n, 499) > 0.2, "day {n}"));
        assert_eq!(see(DAYS_MAX + 91, 499), 0.0);
    }

    #[test]
    fn what_is_free_has_no_ratio() {
        let prices = UsualPrices::default();
        prices.see(day(1), &[product(0)]);
        assert_eq!(prices.see(day(2), &[product(5)]), [0.0]);
    }
}
