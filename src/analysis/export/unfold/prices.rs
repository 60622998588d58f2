//! The prices of a product over time, a row for each day and price: what shoppers were shown.
//!
//! Only the day under way is kept: visits come in the order of their hours.

use std::collections::BTreeMap;

use super::fact::{Fact, What};
use crate::export::agent_days::day_of;
use crate::export::value::{Row, Value};

/// A price on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    times: i64,
    /// Microseconds since 1970.
    first: i64,
    last: i64,
}

/// The prices of the day under way, by product and price.
#[derive(Debug, Default)]
pub struct DayPrices {
    day: i32,
    shown: BTreeMap<(String, i64), Shown>,
}

impl DayPrices {
    /// Takes a fact up; answers the rows of the day before once another one begins.
    pub fn see(&mut self, run: &str, fact: &Fact) -> Vec<Row> {
        let What::Event(word, details) = &fact.what else { return Vec::new() };
        let own = fact.product_id.as_ref();
        let of_product = |price: Option<i64>| own.into_iter().zip(price).collect();
        let seen: Vec<(&String, i64)> = match word.as_str() {
            "product_list" | "product_search" => {
                let prices = details.prices_cents.iter().flatten().copied();
                details.product_ids.iter().flatten().zip(prices).collect()
            }
            "view_product" => of_product(details.price_cents),
            "cart_add_item" => of_product(details.unit_price_cents),
            _ => Vec::new(),
        };
        if seen.is_empty() {
            return Vec::new();
        }
        let at = fact.simulated_at;
        let mut ended = Vec::new();
        if day_of(at) != self.day {
            ended = std::mem::take(self).rows(run);
            self.day = day_of(at);
        }
        for (product, price) in seen {
            let shown = self.shown.entry((product.clone(), price));
            let shown = shown.or_insert(Shown { times: 0, first: at, last: at });
            shown.times += 1;
            (shown.first, shown.last) = (shown.first.min(at), shown.last.max(at));
        }
        ended
    }

    /// The rows of the day.
    pub fn rows(self, run: &str) -> Vec<Row> {
        let day = self.day;
        let row = |((product, price), shown): ((String, i64), Shown)| {
            vec![
                Value::Text(run.to_owned()),
                Value::Text(product),
                Value::Day(day),
                Value::Null,
                Value::Integer(price),
                Value::Integer(shown.times),
                Value::Instant(shown.first),
                Value::Instant(shown.last),
                Value::Bool(true),
            ]
        };
        self.shown.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact::Details;
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn fact(word: &str, product: &str, price: i64, at: i64) -> Fact {
        let (price_cents, unit_price_cents) = match word {
            "view_product" => (Some(price), None),
            _ => (None, Some(price)),
        };
        Fact {
            what: What::Event(
                word.to_owned(),
                Details { price_cents, unit_price_cents, ..Details::default() },
            ),
            seq: 0,
            product_id: Some(product.to_owned()),
            coupon_id: None,
            simulated_at: at,
            recorded_at: 0,
        }
    }

    #[test]
    fn a_price_has_a_row_a_day_from_its_first_sight_to_its_last() {
        let mut prices = DayPrices::default();
        let seen = [
            fact("view_product", "a", 100, 2 * HOUR),
            fact("cart_add_item", "a", 100, HOUR),
            fact("view_product", "a", 90, 23 * HOUR),
            fact("coupon_apply", "a", 1, 23 * HOUR),
        ];
        for fact in &seen {
            assert!(prices.see("run", fact).is_empty());
        }
        let ended = prices.see("run", &fact("view_product", "a", 90, 24 * HOUR));
        let texts: Vec<Vec<String>> =
            ended.iter().map(|row| row[1..8].iter().map(Value::text).collect()).collect();
        let at = |hour: &str| format!("1970-01-01T{hour}:00:00.000000Z");
        let row = |price: &str, times: &str, first: &str, last: &str| {
            let row = ["a", "1970-01-01", "", price, times, &at(first), &at(last)];
            row.map(str::to_owned).to_vec()
        };
        assert_eq!(texts, [row("90", "1", "23", "23"), row("100", "2", "01", "02")]);
        assert_eq!(prices.rows("run").len(), 1, "the next day has begun");
    }
}
