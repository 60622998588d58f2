//! The course of visits: what follows what, and whether a cart's fate can be seen in it.

use std::collections::BTreeMap;

use super::statistics::{Estimate, NORMAL_95};

/// What is known of a visit before its checkout.
pub const FEATURES: usize = 9;
/// Carts of either fate below which nothing is learnt.
const EITHER_MIN: usize = 30;
/// Steps of fitting; ranks of scores settle long before.
const STEPS: usize = 60;
const RIDGE: f64 = 1.0;

/// Mean entropy of the next event of a visit given the one before, bits, from (event, next, times);
/// and the events.
pub fn entropy<'a>(
    steps: impl Iterator<Item = (&'a str, &'a str, u64)> + Clone,
) -> (Option<Estimate>, u64) {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    steps.clone().for_each(|(event, _, times)| {
        *totals.entry(event).or_default() += times as f64;
    });
    let n: f64 = totals.values().sum();
    if n == 0.0 {
        return (None, 0);
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for (event, _, times) in steps.filter(|(_, _, times)| *times > 0) {
        let times = times as f64;
        let bits = -(times / totals.get(event).copied().unwrap_or(times)).log2();
        sum += times * bits;
        squares += times * bits * bits;
    }
    let value = sum / n;
    let error = NORMAL_95 * ((squares / n - value * value).max(0.0) / n).sqrt();
    (Some(Estimate { value, error }), n as u64)
}

/// A visit with a filled cart, and whether it was ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cart {
    /// What is known of it.
    pub features: [f64; FEATURES],
    /// What became of it.
    pub ordered: bool,
}

impl Cart {
    /// Counts, seconds and the hour of the day.
    pub fn new(counts: [f64; 5], seconds: f64, hour: f64, ordered: bool) -> Self {
        let [views, products, adds, removals, searches] = counts;
        let angle = hour / 24.0 * std::f64::consts::TAU;
        let features = [
            views.ln_1p(),
            (views - products).max(0.0).ln_1p(),
            adds.ln_1p(),
            removals.ln_1p(),
            searches.ln_1p(),
            seconds.max(0.0).ln_1p(),
            adds / views.max(1.0),
            angle.sin(),
            angle.cos(),
        ];
        Self { features, ordered }
    }
}

/// Area under the curve of a logistic regression that tells ordered carts from others, learnt on
/// one half and asked of the other, both ways.
pub fn auc_of_carts(carts: &[Cart]) -> Option<Estimate> {
    let ordered = carts.iter().filter(|cart| cart.ordered).count();
    let left = carts.len() - ordered;
    if ordered.min(left) < EITHER_MIN {
        return None;
    }
    let rows = standardized(carts);
    let half = |fold: usize| rows.iter().enumerate().filter(move |(at, _)| at % 2 == fold);
    let mut aucs = Vec::new();
    for fold in 0..2 {
        let weights = fitted(&half(1 - fold).map(|(_, row)| *row).collect::<Vec<_>>());
        let scored = half(fold).map(|(_, row)| (dot(&weights, &row.0), row.1)).collect();
        aucs.push(area(scored)?);
    }
    let value = aucs.iter().sum::<f64>() / 2.0;
    // Both halves are judged by what they have in common: together they are as sure as one.
    let error = NORMAL_95 * area_deviation(value, ordered / 2, left / 2);
    Some(Estimate { value, error })
}

/// The chance that one of the first kind scores above one of the other; ties are half of it.
pub fn area(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut positives) = (0.0, 0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let ones = tied.iter().filter(|(_, is_one)| *is_one).count() as f64;
        let others = tied.len() as f64 - ones;
        sum += ones * (below + others / 2.0);
        below += others;
        positives += ones;
    }
    let area = sum / (below * positives);
    area.is_finite().then_some(area)
}

/// Its standard deviation (Hanley and McNeil, 1982).
fn area_deviation(area: f64, positives: usize, negatives: usize) -> f64 {
    let (p, n) = (positives as f64, negatives as f64);
    let (one, other) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let square = area * area;
    let sum = area - square + (p - 1.0) * (one - square) + (n - 1.0) * (other - square);
    (sum / (p * n)).max(0.0).sqrt()
}

const WIDTH: usize = FEATURES + 1;

/// Features of mean 0 and deviation 1, after a constant 1.
fn standardized(carts: &[Cart]) -> Vec<([f64; WIDTH], bool)> {
    let n = carts.len() as f64;
    let means: [f64; FEATURES] =
        std::array::from_fn(|f| carts.iter().map(|cart| cart.features[f]).sum::<f64>() / n);
    let deviations: [f64; FEATURES] = std::array::from_fn(|f| {
        let square = |cart: &Cart| (cart.features[f] - means[f]).powi(2);
        (carts.iter().map(square).sum::<f64>() / n).sqrt()
    });
    let row = |cart: &Cart| {
        let features = std::array::from_fn(|at| match at.checked_sub(1) {
            None => 1.0,
            Some(f) => (cart.features[f] - means[f]) / deviations[f].max(1e-9),
        });
        (features, cart.ordered)
    };
    carts.iter().map(row).collect()
}

fn dot(weights: &[f64; WIDTH], row: &[f64; WIDTH]) -> f64 {
    weights.iter().zip(row).map(|(weight, value)| weight * value).sum()
}

/// Maximum likelihood with a small ridge, by steps under a bound of the curvature: each of them
/// gains, so that none overshoots.
fn fitted(rows: &[([f64; WIDTH], bool)]) -> [f64; WIDTH] {
    let mut bound = [[0.0; WIDTH]; WIDTH];
    for (at, line) in bound.iter_mut().enumerate() {
        line[at] = RIDGE;
        for (row, _) in rows {
            line.iter_mut().zip(row).for_each(|(cell, value)| *cell += row[at] * value / 4.0);
        }
    }
    let mut weights = [0.0; WIDTH];
    for _ in 0..STEPS {
        let mut slope: [f64; WIDTH] = std::array::from_fn(|at| -RIDGE * weights[at]);
        for (row, ordered) in rows {
            let p = 1.0 / (1.0 + (-dot(&weights, row)).exp());
            let missing = f64::from(u8::from(*ordered)) - p;
            slope.iter_mut().zip(row).for_each(|(slope, value)| *slope += missing * value);
        }
        let step = solved(bound, slope);
        weights.iter_mut().zip(step).for_each(|(weight, step)| *weight += step);
    }
    weights
}

/// Gauss' elimination; the ridge keeps the matrix positive definite, so that no pivot is 0.
fn solved(mut matrix: [[f64; WIDTH]; WIDTH], mut right: [f64; WIDTH]) -> [f64; WIDTH] {
    for pivot in 0..WIDTH {
        let pivot_row = matrix[pivot];
        for row in pivot + 1..WIDTH {
            let factor = matrix[row][pivot] / pivot_row[pivot];
            for column in pivot..WIDTH {
                matrix[row][column] -= factor * pivot_row[column];
            }
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..WIDTH).rev() {
        let known: f64 = (row + 1..WIDTH).map(|at| matrix[row][at] * right[at]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn a_fixed_course_has_no_entropy_and_a_coin_one_bit() {
        let fixed = [("list", "view", 10), ("view", "", 10)];
        let (found, n) = entropy(fixed.into_iter());
        assert_eq!((found.unwrap().value, n), (0.0, 20));
        let coin = [("view", "view", 500), ("view", "", 500)];
        let found = entropy(coin.into_iter()).0.unwrap();
        assert!((found.value - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(entropy(std::iter::empty()), (None, 0));
    }

    #[test]
    fn the_area_is_one_for_a_perfect_score_and_half_for_none() {
        let scored = |score: fn(u32) -> f64| (0..10).map(|n| (score(n), n >= 5)).collect();
        assert_eq!(area(scored(f64::from)), Some(1.0));
        assert_eq!(area(scored(|_| 0.0)), Some(0.5));
        assert_eq!(area(vec![(1.0, true)]), None);
    }

    fn carts(strength: f64) -> Vec<Cart> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut cart = || {
            let views = 1.0 + (rng.random::<f64>() * 20.0).floor();
            let removals = (rng.random::<f64>() * 3.0).floor();
            let wanted = strength * (views - 10.0) / 5.0 - strength * removals;
            let ordered = rng.random::<f64>() < 1.0 / (1.0 + (-wanted).exp());
            Cart::new([views, views, 3.0, removals, 0.0], 60.0 * views, 12.0, ordered)
        };
        (0..3_000).map(|_| cart()).collect()
    }

    #[test]
    fn a_fate_that_hangs_on_the_visit_is_seen_in_it_and_a_drawn_one_is_not() {
        let found = auc_of_carts(&carts(1.5)).unwrap();
        assert!(found.value > 0.85, "{found:?}");
        let found = auc_of_carts(&carts(0.0)).unwrap();
        assert!((found.value - 0.5).abs() < 0.04, "{found:?}");
        assert!((0.01..0.04).contains(&found.error), "{found:?}");
    }

    #[test]
    fn few_carts_teach_nothing() {
        let few: Vec<Cart> = carts(1.5).into_iter().take(40).collect();
        assert_eq!(auc_of_carts(&few), None);
    }
}
