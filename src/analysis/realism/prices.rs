//! What prices do: how much is bought below the usual price, and what a promotion moves.

use std::collections::BTreeMap;

use super::statistics::{self, Estimate, NORMAL_95};

/// A price is a promotion from this part of the usual one down.
const PROMOTED: f64 = 0.95;
/// The part of a product's lines that are bought at its usual price or below it.
const USUAL: f64 = 0.95;
/// Units a week below which a product's weeks are mostly chance and zeros.
const UNITS_A_WEEK_MIN: f64 = 5.0;
/// Products and weeks below which effects of both leave nothing.
const PRODUCTS_MIN: usize = 5;
const WEEKS_MIN: usize = 4;
/// Rounds in which the means of products and of weeks are taken away.
const ROUNDS: usize = 200;

/// A product in one whole week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Which product.
    pub product: u32,
    /// Which week.
    pub week: i32,
    /// Bought.
    pub units: f64,
    /// Mean of what was shown, cents.
    pub price: f64,
}

/// Usual prices by product: the 95th percentile of the lines, of (product, price, lines) in order
/// of product and price. A median would be a promotion where most is bought on promotion.
pub fn usual(lines: &[(u32, f64, u64)]) -> BTreeMap<u32, f64> {
    let mut totals: BTreeMap<u32, u64> = BTreeMap::new();
    lines.iter().for_each(|(product, _, n)| *totals.entry(*product).or_default() += n);
    let mut below: BTreeMap<u32, u64> = BTreeMap::new();
    let mut usual = BTreeMap::new();
    for (product, price, n) in lines {
        let below = below.entry(*product).or_default();
        let total = totals.get(product).copied().unwrap_or(0) as f64;
        if (*below as f64) < USUAL * total {
            usual.insert(*product, *price);
        }
        *below += n;
    }
    usual
}

/// Percent of the lines below the usual price, and the lines; `None` where no price moved.
pub fn discounted(
    lines: &[(u32, f64, u64)],
    usual: &BTreeMap<u32, f64>,
) -> (Option<Estimate>, u64) {
    let is_promoted =
        |product: &u32, price: &f64| usual.get(product).is_some_and(|u| *price <= u * PROMOTED);
    let n: u64 = lines.iter().map(|(_, _, n)| n).sum();
    let below: u64 = lines.iter().filter(|(p, price, _)| is_promoted(p, price)).map(|l| l.2).sum();
    let share = below as f64 / n as f64;
    (statistics::percent(share, n).filter(|_| below > 0), n)
}

/// Units in promotion weeks over what the product's other weeks would have given, and those weeks.
pub fn promotion_lift(weeks: &[Week], usual: &BTreeMap<u32, f64>) -> (Option<Estimate>, u64) {
    let mut products: BTreeMap<u32, [(f64, f64); 2]> = BTreeMap::new();
    for week in weeks {
        let promoted = usual.get(&week.product).is_some_and(|u| week.price <= u * PROMOTED);
        let (n, units) = &mut products.entry(week.product).or_default()[usize::from(promoted)];
        *n += 1.0;
        *units += week.units;
    }
    let mut sums = (0.0, 0.0, 0.0, 0.0);
    for [(weeks, units), (promoted, promoted_units)] in products.values() {
        if *weeks > 0.0 && *promoted > 0.0 {
            sums.0 += promoted_units;
            sums.1 += units / weeks * promoted;
            sums.2 += units;
            sums.3 += promoted;
        }
    }
    let (seen, expected, units, promoted) = sums;
    let value = seen / expected;
    let error = NORMAL_95 * value * (1.0 / seen + 1.0 / units).sqrt();
    let found = (value.is_finite() && error.is_finite()).then_some(Estimate { value, error });
    (found, promoted as u64)
}

/// Slope of ln units on ln price, with an effect of each product and each week, and the weeks it
/// is taken on. The error is that of products drawn anew.
pub fn elasticity(weeks: &[Week]) -> (Option<Estimate>, u64) {
    let mut sold: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for week in weeks {
        let (n, units) = sold.entry(week.product).or_default();
        *n += 1.0;
        *units += week.units;
    }
    let is_sold = |product| sold.get(product).is_some_and(|(n, u)| u / n >= UNITS_A_WEEK_MIN);
    let kept: Vec<&Week> = weeks
        .iter()
        .filter(|week| is_sold(&week.product) && week.units > 0.0 && week.price > 0.0)
        .collect();
    let n = kept.len() as u64;
    let products = index(kept.iter().map(|week| i64::from(week.product)));
    let times = index(kept.iter().map(|week| i64::from(week.week)));
    let count = |of: &[usize]| of.iter().max().map_or(0, |most| most + 1);
    if count(&products) < PRODUCTS_MIN || count(&times) < WEEKS_MIN {
        return (None, n);
    }
    let own = |value: fn(&Week) -> f64| {
        let mut values: Vec<f64> = kept.iter().map(|week| value(week).ln()).collect();
        for _ in 0..ROUNDS {
            take_means(&mut values, &products);
            take_means(&mut values, &times);
        }
        values
    };
    let (units, prices) = (own(|week| week.units), own(|week| week.price));
    let squares: f64 = prices.iter().map(|x| x * x).sum();
    // Promotions of 5 % in a tenth of the weeks move more than this.
    if squares / (n as f64) < 1e-4 {
        return (None, n);
    }
    let value = prices.iter().zip(&units).map(|(x, y)| x * y).sum::<f64>() / squares;
    let mut scores = vec![0.0; count(&products)];
    for ((x, y), product) in prices.iter().zip(&units).zip(&products) {
        scores[*product] += x * (y - value * x);
    }
    let variance = scores.iter().map(|score| score * score).sum::<f64>() / (squares * squares);
    (Some(Estimate { value, error: NORMAL_95 * variance.sqrt() }), n)
}

/// Numbers from 0 on for what is named.
fn index(names: impl Iterator<Item = i64>) -> Vec<usize> {
    let mut known = BTreeMap::new();
    names
        .map(|name| {
            let next = known.len();
            *known.entry(name).or_insert(next)
        })
        .collect()
}

fn take_means(values: &mut [f64], groups: &[usize]) {
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (value, group) in values.iter().zip(groups) {
        let (n, sum) = sums.entry(*group).or_default();
        *n += 1.0;
        *sum += value;
    }
    for (value, group) in values.iter_mut().zip(groups) {
        *value -= sums.get(group).map_or(0.0, |(n, sum)| sum / n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// 40 products over 26 weeks, a third of them at three quarters of the price.
    fn weeks(elasticity: f64) -> Vec<Week> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
        let mut weeks = Vec::new();
        for product in 0..40 {
            for week in 0..26 {
                let price = if rng.random::<f64>() < 0.35 { 300.0 } else { 400.0 };
                let noise = 0.9 + 0.2 * rng.random::<f64>();
                let season = 1.0 + 0.3 * f64::from(week % 4);
                let size = 20.0 + f64::from(product);
                let units = size * season * noise * (price / 400.0_f64).powf(elasticity);
                weeks.push(Week { product, week, units, price });
            }
        }
        weeks
    }

    #[test]
    fn the_elasticity_put_in_is_found() {
        for elasticity_in in [-0.5, -1.8, -2.6] {
            let (found, n) = elasticity(&weeks(elasticity_in));
            let found = found.unwrap();
            assert!((found.value - elasticity_in).abs() < 0.05, "{elasticity_in}: {found:?}");
            assert!(found.error < 0.1 && n == 40 * 26, "{found:?} over {n}");
        }
    }

    #[test]
    fn prices_that_stay_have_no_elasticity_and_no_discount() {
        let mut still = weeks(-1.8);
        still.iter_mut().for_each(|week| week.price = 400.0);
        assert_eq!(elasticity(&still).0, None);
        let lines = [(1, 400.0, 50), (2, 300.0, 10)];
        assert_eq!(discounted(&lines, &usual(&lines)), (None, 60));
        assert_eq!(promotion_lift(&still, &BTreeMap::from([(1, 400.0)])).0, None);
    }

    #[test]
    fn a_promotion_is_five_percent_below_the_usual_price() {
        let lines = [(1, 379.0, 25), (1, 380.0, 25), (1, 381.0, 25), (1, 400.0, 25)];
        let usual = usual(&lines);
        assert_eq!(usual, BTreeMap::from([(1, 400.0)]));
        let (found, n) = discounted(&lines, &usual);
        assert!((found.unwrap().value - 50.0).abs() < 1e-9 && n == 100, "{found:?}");
    }

    #[test]
    fn a_price_of_few_lines_is_not_the_usual_one() {
        let lines = [(1, 300.0, 60), (1, 400.0, 38), (1, 999.0, 2)];
        assert_eq!(usual(&lines), BTreeMap::from([(1, 400.0)]));
    }

    #[test]
    fn promotion_weeks_are_set_against_the_other_weeks_of_the_product() {
        let usual = (0..40).map(|product| (product, 400.0)).collect();
        let (found, _) = promotion_lift(&weeks(-1.8), &usual);
        let expected = 0.75_f64.powf(-1.8);
        assert!((found.unwrap().value - expected).abs() < 0.1, "{found:?} {expected}");
        assert!((promotion_lift(&weeks(0.0), &usual).0.unwrap().value - 1.0).abs() < 0.05);
    }

    #[test]
    fn weeks_of_hardly_a_unit_are_left_out() {
        let rare: Vec<Week> =
            weeks(-1.8).into_iter().map(|week| Week { units: 1.0, ..week }).collect();
        assert_eq!(elasticity(&rare), (None, 0));
    }
}
