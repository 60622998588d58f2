//! The statistics of the scorecard: pure functions of counts.
//!
//! A sampling error is half of a 95 % interval of independent draws. Agents shop more than once, so
//! between runs a value scatters somewhat more than that.

use std::collections::BTreeMap;

/// How often each value was seen.
pub type Histogram = BTreeMap<u64, u64>;

/// Of a normal distribution, half of its 95 % interval, in standard errors.
pub const NORMAL_95: f64 = 1.96;
/// Kolmogorov's distance at 95 %, times the root of n.
const KOLMOGOROV_95: f64 = 1.36;

/// A value and half of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What was measured.
    pub value: f64,
    /// How far chance alone moves it.
    pub error: f64,
}

/// The parts scaled to a sum of 1; `None` where there is nothing.
pub fn shares<const N: usize>(parts: [f64; N]) -> Option<[f64; N]> {
    let total: f64 = parts.iter().sum();
    (total.is_finite() && total > 0.0).then(|| parts.map(|part| part / total))
}

/// The greatest difference of both running sums; each is scaled to a sum of 1.
pub fn kolmogorov_smirnov<const N: usize>(one: [f64; N], other: [f64; N]) -> Option<f64> {
    let (one, other) = (shares(one)?, shares(other)?);
    let mut difference = 0.0_f64;
    let mut most = 0.0_f64;
    for (a, b) in one.into_iter().zip(other) {
        difference += a - b;
        most = most.max(difference.abs());
    }
    Some(most)
}

/// How far n draws of the reference itself may be from it, at 95 %.
pub fn kolmogorov_error(n: u64) -> f64 {
    KOLMOGOROV_95 / (n as f64).sqrt()
}

/// Half the sum of all differences; each is scaled to a sum of 1.
pub fn total_variation<const N: usize>(one: [f64; N], other: [f64; N]) -> Option<f64> {
    let (one, other) = (shares(one)?, shares(other)?);
    Some(one.into_iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0)
}

/// What n draws of the reference itself are from it in the mean, half the sum of the differences.
pub fn total_variation_error<const N: usize>(reference: [f64; N], n: u64) -> Option<f64> {
    let of_part = |p: f64| (2.0 * p * (1.0 - p) / (std::f64::consts::PI * n as f64)).sqrt();
    Some(shares(reference)?.into_iter().map(of_part).sum::<f64>() / 2.0)
}

/// A share of n in percent; the error is Wilson's, so that none of n is no certainty.
pub fn percent(share: f64, n: u64) -> Option<Estimate> {
    if n == 0 || !share.is_finite() {
        return None;
    }
    let n = n as f64;
    let square = NORMAL_95 * NORMAL_95;
    let spread = share * (1.0 - share) / n + square / (4.0 * n * n);
    let error = NORMAL_95 * spread.max(0.0).sqrt() / (1.0 + square / n);
    Some(Estimate { value: share * 100.0, error: error * 100.0 })
}

/// The ratio of two rates that were counted `counts` times.
pub fn ratio(rates: (f64, f64), counts: (u64, u64)) -> Option<Estimate> {
    let value = rates.0 / rates.1;
    let (one, other) = (counts.0 as f64, counts.1 as f64);
    let error = NORMAL_95 * value * (1.0 / one + 1.0 / other).sqrt();
    (value.is_finite() && error.is_finite()).then_some(Estimate { value, error })
}

/// How many values there are.
pub fn count(histogram: &Histogram) -> u64 {
    histogram.values().sum()
}

/// The median and half the distance of the two values that hold it between them at 95 %.
pub fn median(histogram: &Histogram) -> Option<Estimate> {
    let n = count(histogram);
    let half_range = NORMAL_95 / 2.0 * (n as f64).sqrt();
    let middle = n as f64 / 2.0;
    let (low, high) = ((middle - half_range).max(0.0), middle + half_range);
    let value = at_rank(histogram, middle)?;
    let (low, high) = (at_rank(histogram, low)?, at_rank(histogram, high.min(n as f64 - 1.0))?);
    Some(Estimate { value, error: (high - low) / 2.0 })
}

/// The value that `rank` others are below.
fn at_rank(histogram: &Histogram, rank: f64) -> Option<f64> {
    let mut below = 0;
    for (value, seen) in histogram {
        below += seen;
        if below as f64 > rank {
            return Some(*value as f64);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realism::reference;
    use proptest::prelude::*;

    #[test]
    fn a_flat_day_is_28_percent_away_from_the_reference() {
        let distance = kolmogorov_smirnov([1.0; 24], reference::hours()).unwrap();
        assert!((distance - 0.28).abs() < 0.005, "{distance}");
        assert_eq!(kolmogorov_smirnov([0.0; 24], reference::hours()), None);
        assert!((kolmogorov_error(700) - 0.0514).abs() < 1e-4);
    }

    #[test]
    fn distances_of_opposites_are_one() {
        assert_eq!(kolmogorov_smirnov([1.0, 0.0], [0.0, 5.0]), Some(1.0));
        assert_eq!(total_variation([1.0, 0.0], [0.0, 5.0]), Some(1.0));
        assert_eq!(total_variation([2.0, 6.0], [1.0, 3.0]), Some(0.0));
    }

    #[test]
    fn the_median_lies_between_the_values_at_its_ranks() {
        let even: Histogram = (0..=100).map(|value| (value, 1)).collect();
        let found = median(&even).unwrap();
        assert_eq!(found.value, 50.0);
        assert!((9.0..=11.0).contains(&found.error), "{found:?}");
        assert_eq!(median(&Histogram::new()), None);
        assert_eq!(median(&Histogram::from([(7, 1)])), Some(Estimate { value: 7.0, error: 0.0 }));
    }

    #[test]
    fn none_of_few_is_not_certain() {
        assert!(percent(0.0, 20).unwrap().error > 5.0);
        let half = percent(0.5, 10_000).unwrap();
        assert!((half.value - 50.0).abs() < 1e-9 && (half.error - 0.98).abs() < 0.01);
        assert_eq!(percent(0.5, 0), None);
    }

    #[test]
    fn a_ratio_with_nothing_below_is_none() {
        assert_eq!(ratio((1.0, 0.0), (10, 0)), None);
        let found = ratio((1.25, 1.0), (625, 500)).unwrap();
        assert!((found.value - 1.25).abs() < 1e-9 && (found.error - 0.147).abs() < 0.001);
    }

    proptest! {
        #[test]
        fn distances_stay_between_zero_and_one(
            one in prop::array::uniform7(0.0..1e9_f64),
            other in prop::array::uniform7(0.0..1e9_f64),
        ) {
            for distance in [kolmogorov_smirnov(one, other), total_variation(one, other)] {
                prop_assert!(distance.is_none_or(|d| (0.0..=1.0 + 1e-9).contains(&d)));
            }
        }

        #[test]
        fn a_median_is_a_value_that_was_seen(
            values in prop::collection::btree_map(0_u64..1_000, 1_u64..50, 1..20),
        ) {
            let found = median(&values).unwrap();
            prop_assert!(values.contains_key(&(found.value as u64)));
            prop_assert!(found.error >= 0.0);
        }
    }
}
