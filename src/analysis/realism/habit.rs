//! What agents buy again: against their previous order, and by how often it was bought of late.

use std::collections::BTreeMap;

use super::spread::Ratio;
use super::statistics::{self, Estimate};

/// Orders that are looked back on.
const LOOK_BACK: usize = 5;

/// How often orders of each number of lines hold each product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sizes {
    lines: BTreeMap<(usize, u32), u64>,
    orders: BTreeMap<usize, f64>,
}

impl Sizes {
    /// So many orders of this size hold the product.
    pub fn add(&mut self, size: usize, product: u32, orders: u64) {
        *self.lines.entry((size, product)).or_default() += orders;
        *self.orders.entry(size).or_default() += orders as f64 / size.max(1) as f64;
    }

    /// The part of the orders of this size of everybody else that hold the product; `None` where
    /// nobody else has one.
    fn share_of_others(&self, size: usize, product: u32, own: &[Vec<u32>]) -> Option<f64> {
        let own: Vec<_> = own.iter().filter(|order| order.len() == size).collect();
        let own_lines = own.iter().filter(|order| order.contains(&product)).count() as f64;
        let orders = self.orders.get(&size)? - own.len() as f64;
        let lines = self.lines.get(&(size, product)).map_or(0.0, |lines| *lines as f64);
        (orders > 0.5).then(|| ((lines - own_lines) / orders).max(0.0))
    }
}

/// What was bought again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    lift: Ratio,
    lines: u64,
    /// Products that were in k of the last five orders, and of them in the next one.
    doses: [(u64, u64); LOOK_BACK + 1],
}

impl Again {
    /// The orders of one agent in their order, each with its different products.
    pub fn add(&mut self, orders: &[Vec<u32>], sizes: &Sizes) {
        let (mut seen, mut expected) = (0.0, 0.0);
        for pair in orders.windows(2) {
            let [previous, order] = pair else { continue };
            for product in order {
                let others = sizes.share_of_others(previous.len(), *product, orders);
                let Some(others) = others else { continue };
                self.lines += 1;
                expected += others;
                seen += f64::from(u8::from(previous.contains(product)));
            }
        }
        self.lift.add(seen, expected);
        for window in orders.windows(LOOK_BACK + 1) {
            let Some((next, before)) = window.split_last() else { continue };
            let mut times: BTreeMap<u32, usize> = BTreeMap::new();
            before.iter().flatten().for_each(|product| *times.entry(*product).or_default() += 1);
            for (product, k) in times {
                if let Some((of, bought)) = self.doses.get_mut(k) {
                    *of += 1;
                    *bought += u64::from(next.contains(&product));
                }
            }
        }
    }

    /// Lines that the lift is taken on.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// A line was in the agent's previous order, over: it was in an order of equal size of another
    /// agent.
    pub fn lift(&self) -> Option<Estimate> {
        self.lift.estimate()
    }

    /// Percent of the products in `k` of the last five orders that the next one holds, and how many
    /// they were.
    pub fn bought_again(&self, k: usize) -> (Option<Estimate>, u64) {
        let (of, bought) = self.doses.get(k).copied().unwrap_or_default();
        (statistics::percent(bought as f64 / of as f64, of), of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(agents: &[Vec<Vec<u32>>]) -> Sizes {
        let mut sizes = Sizes::default();
        for order in agents.iter().flatten() {
            order.iter().for_each(|product| sizes.add(order.len(), *product, 1));
        }
        sizes
    }

    fn again(agents: &[Vec<Vec<u32>>]) -> Again {
        let sizes = sizes(agents);
        let mut again = Again::default();
        agents.iter().for_each(|orders| again.add(orders, &sizes));
        again
    }

    #[test]
    fn agents_that_draw_at_random_have_a_lift_of_one() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32 % 20
        };
        let mut order = || {
            let mut products: Vec<u32> = (0..4).map(|_| draw()).collect();
            products.sort_unstable();
            products.dedup();
            products
        };
        let agents: Vec<Vec<Vec<u32>>> =
            (0..300).map(|_| (0..8).map(|_| order()).collect()).collect();
        let found = again(&agents).lift().unwrap();
        assert!((found.value - 1.0).abs() < found.error.max(0.05), "{found:?}");
        assert!(found.error < 0.1, "{found:?}");
    }

    #[test]
    fn agents_with_a_list_of_their_own_have_a_high_one() {
        let agents: Vec<Vec<Vec<u32>>> =
            (0..100).map(|agent| vec![vec![agent % 10, 10 + agent % 5]; 7]).collect();
        let again = again(&agents);
        assert!(again.lift().unwrap().value > 4.0, "{again:?}");
        assert_eq!(again.bought_again(5).0.map(|found| found.value), Some(100.0));
        assert_eq!(again.bought_again(5).1, 400);
        assert_eq!(again.bought_again(1), (None, 0));
    }

    #[test]
    fn only_five_orders_and_a_next_one_are_a_dose() {
        let five = again(&[vec![vec![1]; 5]]);
        assert_eq!(five.bought_again(5).1, 0);
        let mut orders = vec![vec![1]; 4];
        orders.extend([vec![2], vec![2]]);
        let six = again(&[orders]);
        assert_eq!((six.bought_again(4).1, six.bought_again(1).1), (1, 1));
        assert_eq!(six.bought_again(1).0.map(|found| found.value), Some(100.0));
        assert_eq!(six.lift(), None, "nobody else bought anything");
    }
}
