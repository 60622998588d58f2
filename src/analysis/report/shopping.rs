//! What became of visits: the steps to an order, the size of baskets, how visits ended.

use questions::bins::BinRow;
use questions::visits::{EndRow, StepsRow};
use serde::Serialize;

use super::activity::Visits;
use super::reading::{Answers, count, share};

/// One step on the way to an order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// list, view, add, checkout or order.
    pub step: &'static str,
    /// Visits with at least one.
    pub visits: u64,
    /// How many in all.
    pub events: u64,
    /// Of all visits.
    pub share_of_visits: Option<f64>,
    /// Of the visits of the step before.
    pub share_of_step_before: Option<f64>,
}

/// The steps to an order; canonical rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Funnel {
    /// All visits, those without any event too.
    pub visits: u64,
    /// In their order.
    pub steps: Vec<Step>,
    /// Visits with an accepted product and no order.
    pub carts_abandoned: u64,
    /// Of the visits with an accepted product.
    pub cart_abandonment: Option<f64>,
    /// Visits that looked at one product page and did nothing more.
    pub bounces: u64,
    /// Of all visits.
    pub bounce_rate: Option<f64>,
    /// Orders of all visits.
    pub conversion: Option<f64>,
}

impl Funnel {
    /// From the sums.
    pub fn of(row: &StepsRow) -> Self {
        let visits = count(row.visits);
        let mut steps: Vec<Step> = Vec::new();
        for (step, with, events) in [
            ("list", row.with_list, row.lists),
            ("view", row.with_view, row.views),
            ("add", row.with_add, row.adds),
            ("checkout", row.with_checkout, row.checkouts),
            ("order", row.with_order, row.orders),
        ] {
            let with = count(with);
            steps.push(Step {
                step,
                visits: with,
                events: count(events),
                share_of_visits: share(with, visits),
                share_of_step_before: share(with, steps.last().map_or(visits, |s| s.visits)),
            });
        }
        let carts_abandoned = count(row.left_carts);
        Self {
            visits,
            carts_abandoned,
            cart_abandonment: share(carts_abandoned, count(row.with_add)),
            bounces: count(row.bounces),
            bounce_rate: share(count(row.bounces), visits),
            conversion: share(count(row.with_order), visits),
            steps,
        }
    }
}

/// Orders of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OfSize {
    /// Products (lines) or units.
    pub size: u64,
    /// So many orders.
    pub orders: u64,
}

/// How many orders have how many of something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sizes {
    /// The smallest size first.
    pub orders: Vec<OfSize>,
    /// Of an order.
    pub mean: Option<f64>,
    /// Of an order.
    pub median: Option<f64>,
}

/// Baskets that were ordered; canonical rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baskets {
    /// Different products.
    pub products: Sizes,
    /// Units, quantities added up.
    pub units: Sizes,
    /// Orders of one product.
    pub single_product_share: Option<f64>,
    /// Mean of the final totals, cents.
    pub order_value_mean_cents: Option<f64>,
    /// Discounts of subtotals.
    pub discount_share: Option<f64>,
}

impl Sizes {
    fn of(rows: &[BinRow]) -> Self {
        let of_size = |row: &BinRow| OfSize { size: count(row.value), orders: count(row.seen) };
        let orders: Vec<OfSize> = rows.iter().map(of_size).collect();
        let all: u64 = orders.iter().map(|o| o.orders).sum();
        let sum: u64 = orders.iter().map(|o| o.size * o.orders).sum();
        Self { mean: share(sum, all), median: median(&orders, all), orders }
    }

    /// Orders of all sizes.
    pub fn count(&self) -> u64 {
        self.orders.iter().map(|of| of.orders).sum()
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(orders: &[OfSize], all: u64) -> Option<f64> {
    let at = |place: u64| {
        let mut passed = 0;
        orders.iter().find(|of| {
            passed += of.orders;
            passed > place
        })
    };
    let last = all.checked_sub(1)?;
    let (low, high) = (at(last / 2)?, at(all / 2)?);
    Some((low.size + high.size) as f64 / 2.0)
}

impl Baskets {
    /// From the sizes and what the orders cost.
    pub fn of(answers: &Answers, paid: &Visits) -> Self {
        let products = Sizes::of(&answers.lines);
        let single = products.orders.iter().find(|of| of.size == 1).map_or(0, |of| of.orders);
        let &Visits { orders, revenue_cents, discount_cents, .. } = paid;
        let subtotal = revenue_cents + discount_cents;
        Self {
            single_product_share: share(single, products.count()),
            order_value_mean_cents: (orders > 0).then(|| revenue_cents as f64 / orders as f64),
            discount_share: (subtotal > 0).then(|| discount_cents as f64 / subtotal as f64),
            products,
            units: Sizes::of(&answers.units),
        }
    }
}

/// Visits that ended in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// As column `status`.
    pub status: String,
    /// As column `end_reason`; empty while active.
    pub reason: String,
    /// In every attempt.
    pub visits: u64,
    /// In attempts that count.
    pub canonical: u64,
    /// What one of them said; the shop's or the database's words.
    pub example: Option<String>,
}

/// How visits ended.
pub fn ends(rows: Vec<EndRow>) -> Vec<End> {
    let end = |row: EndRow| End {
        status: row.status,
        reason: row.end_reason,
        visits: count(row.visits),
        canonical: count(row.canonical),
        example: row.failure,
    };
    rows.into_iter().map(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let sizes = |pairs: &[(u64, u64)]| {
            pairs.iter().map(|(size, orders)| OfSize { size: *size, orders: *orders }).collect()
        };
        let of = |pairs: &[(u64, u64)]| {
            let orders: Vec<OfSize> = sizes(pairs);
            median(&orders, orders.iter().map(|o| o.orders).sum())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(3, 1)]), Some(3.0));
        assert_eq!(of(&[(1, 1), (4, 1)]), Some(2.5));
        assert_eq!(of(&[(1, 2), (4, 3)]), Some(4.0));
        assert_eq!(of(&[(1, 5), (9, 4)]), Some(1.0));
    }
}
