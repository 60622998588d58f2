//! Which things are bought together more than chance has it: the spread of their lifts.
//!
//! Big orders hold much of everything. What chance gives is therefore taken order by order: given
//! how many lines an order has and how often each thing is bought at all.

use std::collections::BTreeMap;

use super::statistics::{Estimate, NORMAL_95};

/// A pair that chance gives less often is too rare to be judged.
const EXPECTED_MIN: f64 = 5.0;
/// Pairs below which there is no spread.
const PAIRS_MIN: usize = 20;
/// The most frequent things are compared, the pairs of so many.
const THINGS_MAX: usize = 200;
/// Rounds of fitting; the last one moves nothing that is seen.
const ROUNDS: usize = 40;

/// What is bought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Products: each once in an order at most.
    Products,
    /// Categories: a line may be of one that the order has already.
    Categories,
}

/// Orders, and what they hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// By lines.
    orders: BTreeMap<usize, f64>,
    holding: BTreeMap<u32, f64>,
    together: BTreeMap<(u32, u32), f64>,
}

impl Pairs {
    /// An order of so many lines with these things, each once.
    pub fn add(&mut self, lines: usize, things: &[u32]) {
        *self.orders.entry(lines).or_default() += 1.0;
        for (at, thing) in things.iter().enumerate() {
            *self.holding.entry(*thing).or_default() += 1.0;
            for other in things.iter().skip(at + 1) {
                let pair = (*thing.min(other), *thing.max(other));
                *self.together.entry(pair).or_default() += 1.0;
            }
        }
    }

    /// Standard deviation of ln(seen / given by chance) over pairs, less what Poisson's noise makes
    /// of it; and the pairs.
    pub fn spread(&self, of: Of) -> (Option<Estimate>, u64) {
        let mut logs = Vec::new();
        let mut noise = 0.0;
        let most = self.most_frequent();
        let chance = match of {
            Of::Products => self.distinct_draws(),
            Of::Categories => self.repeated_draws(),
        };
        for (at, one) in most.iter().enumerate() {
            for other in most.iter().skip(at + 1) {
                let expected = chance.together(&self.orders, *one, *other);
                if expected < EXPECTED_MIN {
                    continue;
                }
                let pair = (*one.min(other), *one.max(other));
                let seen = self.together.get(&pair).copied().unwrap_or(0.0);
                logs.push(((seen + 0.5) / (expected + 0.5)).ln());
                noise += 1.0 / expected;
            }
        }
        let n = logs.len();
        if n < PAIRS_MIN {
            return (None, n as u64);
        }
        let (n, mean) = (n as f64, logs.iter().sum::<f64>() / n as f64);
        let total = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let value = (total - noise / n).max(0.0).sqrt();
        let error = NORMAL_95 * total * (2.0 / (n - 1.0)).sqrt();
        // The root of a variance about 0 is as unsure as the root of its error.
        let error = (error / (2.0 * value.max(1e-9))).min(error.sqrt());
        (Some(Estimate { value, error }), logs.len() as u64)
    }

    fn most_frequent(&self) -> Vec<u32> {
        let mut things: Vec<(u32, f64)> = self.holding.iter().map(|(t, n)| (*t, *n)).collect();
        things.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        things.into_iter().take(THINGS_MAX).map(|(thing, _)| thing).collect()
    }

    /// Odds of each thing and a factor for each size, such that sizes and frequencies are met.
    fn distinct_draws(&self) -> Chance {
        let total: f64 = self.holding.values().sum();
        let mut odds: BTreeMap<u32, f64> =
            self.holding.iter().map(|(thing, n)| (*thing, n / total.max(1.0))).collect();
        let mut factors = BTreeMap::new();
        for _ in 0..ROUNDS {
            factors = self.orders.keys().map(|size| (*size, factor(&odds, *size as f64))).collect();
            for (thing, odds) in &mut odds {
                let of_size = |(size, orders): (&usize, &f64)| {
                    orders * part(*odds * factors.get(size).copied().unwrap_or(0.0))
                };
                let given: f64 = self.orders.iter().map(of_size).sum();
                let wanted = self.holding.get(thing).copied().unwrap_or(0.0);
                *odds *= wanted / given.max(f64::MIN_POSITIVE);
            }
        }
        let spread = factors.iter().map(|(size, factor)| {
            let variance = |odds: &f64| part(odds * factor) * (1.0 - part(odds * factor));
            (*size, odds.values().map(variance).sum())
        });
        Chance::Distinct { spread: spread.collect(), odds, factors }
    }

    /// The chance that one line is of the thing, such that frequencies are met.
    fn repeated_draws(&self) -> Chance {
        let shares = self.holding.iter().map(|(thing, wanted)| {
            let given = |share: f64| -> f64 {
                let of_size = |(size, orders): (&usize, &f64)| orders * holds(share, *size);
                self.orders.iter().map(of_size).sum()
            };
            (*thing, rising(0.0, 1.0, |share| given(share) < *wanted))
        });
        Chance::Repeated { shares: shares.collect() }
    }
}

/// What chance gives.
enum Chance {
    Distinct {
        odds: BTreeMap<u32, f64>,
        factors: BTreeMap<usize, f64>,
        spread: BTreeMap<usize, f64>,
    },
    Repeated {
        shares: BTreeMap<u32, f64>,
    },
}

impl Chance {
    /// Orders that hold both.
    fn together(&self, orders: &BTreeMap<usize, f64>, one: u32, other: u32) -> f64 {
        let of = |map: &BTreeMap<u32, f64>, thing| map.get(&thing).copied().unwrap_or(0.0);
        let of_size = |(size, orders): (&usize, &f64)| match self {
            Self::Distinct { odds, factors, spread } => {
                let factor = factors.get(size).copied().unwrap_or(0.0);
                let (one, other) = (part(of(odds, one) * factor), part(of(odds, other) * factor));
                // Hajek's approximation: who takes one of a fixed number has one less to take.
                let spread = spread.get(size).copied().unwrap_or(0.0).max(1e-9);
                orders * one * other * (1.0 - (1.0 - one) * (1.0 - other) / spread).max(0.0)
            }
            Self::Repeated { shares } => {
                let (one, other) = (of(shares, one), of(shares, other));
                let either = holds((one + other).min(1.0), *size);
                orders * (holds(one, *size) + holds(other, *size) - either).max(0.0)
            }
        };
        orders.iter().map(of_size).sum()
    }
}

fn part(odds: f64) -> f64 {
    odds / (1.0 + odds)
}

/// The chance that one of so many lines is of a thing with this share.
fn holds(share: f64, lines: usize) -> f64 {
    1.0 - (1.0 - share).powf(lines as f64)
}

/// The factor by which odds give an order of this size.
fn factor(odds: &BTreeMap<u32, f64>, size: f64) -> f64 {
    let given = |factor: f64| -> f64 { odds.values().map(|odds| part(odds * factor)).sum() };
    rising(0.0, 1e9, |factor| given(factor) < size)
}

/// Where a rising function is no longer too low; halved in logarithms where the range is wide.
fn rising(mut low: f64, mut high: f64, is_low: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = if high > 4.0 { (low.max(1e-6) * high).sqrt() } else { (low + high) / 2.0 };
        if is_low(middle) { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// Orders of 1 to 12 of 40 products, popular ones more; `mission` adds weight to a quarter.
    fn orders(mission: f64) -> Pairs {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut pairs = Pairs::default();
        for n in 0..6_000 {
            let kind = n % 4;
            let weight = |product: u32| {
                let wanted = if product % 4 == kind { mission } else { 0.0 };
                wanted - 0.6 * f64::from(product + 1).ln()
            };
            let gumbel = |u: f64| -(-u.max(1e-12).ln()).ln();
            let mut wanted: Vec<(f64, u32)> = (0..40)
                .map(|product| (weight(product) + gumbel(rng.random::<f64>()), product))
                .collect();
            wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
            let size = 1 + (n as usize) % 12;
            let things: Vec<u32> = wanted[..size].iter().map(|(_, product)| *product).collect();
            pairs.add(size, &things);
        }
        pairs
    }

    #[test]
    fn independent_draws_have_no_spread_above_noise() {
        let (found, pairs) = orders(0.0).spread(Of::Products);
        let found = found.unwrap();
        assert!(found.value < 0.06, "{found:?} over {pairs}");
        assert!(pairs > 300, "{pairs}");
    }

    #[test]
    fn missions_have_one_that_grows_with_them() {
        let spread = |mission| orders(mission).spread(Of::Products).0.unwrap();
        let (weak, strong) = (spread(1.0), spread(2.0));
        assert!((0.08..0.15).contains(&weak.value), "{weak:?}");
        assert!(strong.value > 2.0 * weak.value, "{strong:?}");
    }

    #[test]
    fn lines_of_categories_that_come_at_random_have_none() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut pairs = Pairs::default();
        for n in 0..6_000_usize {
            let lines = 1 + n % 15;
            let mut things: Vec<u32> =
                (0..lines).map(|_| (rng.random::<f64>().powi(2) * 10.0) as u32).collect();
            things.sort_unstable();
            things.dedup();
            pairs.add(lines, &things);
        }
        let (found, n) = pairs.spread(Of::Categories);
        assert_eq!(n, 45);
        assert!(found.unwrap().value < 0.04, "{found:?}");
    }

    #[test]
    fn few_pairs_are_no_spread() {
        let mut pairs = Pairs::default();
        (0..100).for_each(|_| pairs.add(2, &[1, 2]));
        assert_eq!(pairs.spread(Of::Products), (None, 1));
    }
}
