//! Orders and agents as the reference's quantiles describe them (tests/realism/reference.py).

use super::detection::Detection;
use super::spread::Moments;

/// Orders of an agent below which it says nothing of what is its own.
pub const ORDERS_OF_AGENT_MIN: usize = 8;
/// Days that agents are described by.
pub const WINDOW_DAYS: i32 = 180;

/// An order, seen from outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// Since the first day of the run.
    pub day: i32,
    /// Its different products, sorted.
    pub products: Vec<u32>,
    /// Units.
    pub units: f64,
    /// Categories.
    pub categories: usize,
    /// What was paid, cents.
    pub paid: f64,
}

impl Order {
    fn lines(&self) -> f64 {
        self.products.len() as f64
    }

    /// The part of its lines that the order before had.
    fn kept_of(&self, before: &Self) -> f64 {
        let kept = self.products.iter().filter(|product| before.products.contains(product));
        kept.count() as f64 / self.lines().max(1.0)
    }
}

/// Adds one agent's orders, in their order.
pub fn orders(detection: &mut Detection, orders: &[Order]) {
    for order in orders.iter().filter(|order| !order.products.is_empty()) {
        detection.add("lines", order.lines());
        detection.add("units_per_line", order.units / order.lines());
        detection.add("lines_per_category", order.lines() / order.categories.max(1) as f64);
    }
    for pair in orders.windows(2) {
        let [before, order] = pair else { continue };
        detection.add("from_previous", order.kept_of(before));
        detection.add("days_since", f64::from(order.day - before.day));
    }
    let mean = orders.iter().map(|order| order.paid).sum::<f64>() / orders.len().max(1) as f64;
    if orders.len() >= ORDERS_OF_AGENT_MIN && mean > 0.0 {
        orders.iter().for_each(|order| detection.add("value_to_mean", order.paid / mean));
    }
}

/// Adds one agent, by its orders of the window.
pub fn agent(detection: &mut Detection, orders: &[Order]) {
    let orders: Vec<&Order> = orders.iter().filter(|order| order.day < WINDOW_DAYS).collect();
    if orders.len() < ORDERS_OF_AGENT_MIN {
        return;
    }
    let [mut lines, mut logs, mut values, mut gaps, mut kept] = [Moments::default(); 5];
    for order in &orders {
        lines.add(order.lines());
        logs.add(order.lines().max(1.0).ln());
        values.add(order.paid);
    }
    for pair in orders.windows(2) {
        let [before, order] = pair else { continue };
        gaps.add(f64::from(order.day - before.day));
        kept.add(order.kept_of(before));
    }
    let weeks = f64::from(WINDOW_DAYS) / 7.0;
    detection.add("orders_per_week", orders.len() as f64 / weeks);
    detection.add("mean_lines", lines.mean());
    detection.add("deviation_of_ln_lines", logs.deviation());
    detection.add("from_previous", kept.mean());
    for (name, moments) in [("variation_of_value", values), ("variation_of_gaps", gaps)] {
        detection.add(name, moments.deviation() / moments.mean());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(day: i32, products: &[u32]) -> Order {
        let units = products.len() as f64;
        Order { day, products: products.to_vec(), units, categories: 1, paid: 500.0 }
    }

    #[test]
    fn an_agent_is_described_from_eight_orders_in_the_window_on() {
        let seen = |days: std::ops::Range<i32>| {
            let mut detection = Detection::of_agents();
            let orders: Vec<Order> = days.map(|n| order(n, &[1, 2, 3])).collect();
            (0..100).for_each(|_| agent(&mut detection, &orders));
            detection.told().len()
        };
        assert_eq!((seen(0..7), seen(0..8), seen(173..400)), (0, 6, 0));
    }

    #[test]
    fn an_order_is_set_against_the_one_before() {
        assert_eq!(order(3, &[1, 2]).kept_of(&order(0, &[2, 9])), 0.5);
        let mut detection = Detection::of_baskets();
        (0..100).for_each(|_| orders(&mut detection, &[order(0, &[1])]));
        let told: Vec<String> = detection.told().into_iter().map(|told| told.feature).collect();
        assert_eq!(told, ["lines", "units_per_line", "lines_per_category"]);
    }
}
