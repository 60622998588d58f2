//! How often customers order: a gamma mixture of Poisson rates (NBD) on repeat orders, by maximum
//! likelihood, and what of it falls into a preset's four frequencies.

use std::collections::HashMap;

use statrs::distribution::{ContinuousCDF, Gamma};
use statrs::function::gamma::ln_gamma;

use super::ledger::Ledger;

/// Shares of frequent, regular, occasional and rare shoppers, most frequent first.
pub const SHARES: [f64; 4] = [0.30, 0.30, 0.25, 0.15];
/// Points at which a class's mean rate is read.
const POINTS: usize = 200;
/// Rounds of the search in each direction.
const ROUNDS: usize = 60;

/// Half weeks of a week: exposures are rounded to them, so that customers share cells.
const HALVES: f64 = 2.0;

/// A gamma distribution of rates, orders a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Shape; small: few customers order most.
    pub shape: f64,
    /// Standard error of `shape`.
    pub shape_se: f64,
    /// Mean, orders a week.
    pub mean: f64,
    /// Standard error of `mean`.
    pub mean_se: f64,
    /// Customers with time to come again.
    pub customers: u64,
    /// Their repeat orders.
    pub repeats: u64,
}

/// Repeat orders and the half weeks they had, and how many customers have both.
type Cells = HashMap<(u32, u32), f64>;

impl Rates {
    /// Of the customers' repeat orders since their first: the first is what makes one a customer.
    /// `None` with fewer than 2 customers or without a repeat.
    pub fn of(ledger: &Ledger) -> Option<Self> {
        let (_, last) = ledger.days?;
        let mut cells = Cells::new();
        for customer in ledger.customers.values() {
            let halves = f64::from(last - customer.first) / 7.0 * HALVES;
            if halves >= HALVES && customer.orders >= 1 {
                let halves = halves.round() as u32;
                *cells.entry((customer.orders - 1, halves)).or_default() += 1.0;
            }
        }
        Self::fitted(&cells)
    }

    /// Of a run: every agent is there from its begin, whether it orders or not.
    pub fn of_run(ledger: &Ledger) -> Option<Self> {
        let halves = (ledger.span_weeks() * HALVES).round().max(1.0) as u32;
        let mut cells = Cells::new();
        for customer in ledger.customers.values() {
            *cells.entry((customer.orders, halves)).or_default() += 1.0;
        }
        Self::fitted(&cells)
    }

    fn fitted(cells: &Cells) -> Option<Self> {
        let customers: f64 = cells.values().sum();
        let orders: f64 = cells.iter().map(|((x, _), n)| f64::from(*x) * n).sum();
        let weeks: f64 = cells.iter().map(|((_, t), n)| f64::from(*t) / HALVES * n).sum();
        if customers < 2.0 || orders <= 0.0 {
            return None;
        }
        let (mut r, mut m) = (0.0, (orders / weeks).ln());
        for _ in 0..3 {
            r = best(|r| likelihood(cells, r, m), -5.0, 4.6);
            m = best(|m| likelihood(cells, r, m), m - 1.0, m + 1.0);
        }
        let error = |f: &dyn Fn(f64) -> f64, at: f64| {
            let h = 0.02;
            let bend = (f(at + h) - 2.0 * f(at) + f(at - h)) / (h * h);
            if bend < 0.0 { (-1.0 / bend).sqrt() } else { f64::INFINITY }
        };
        Some(Self {
            shape: r.exp(),
            shape_se: r.exp() * error(&|r| likelihood(cells, r, m), r),
            mean: m.exp(),
            mean_se: m.exp() * error(&|m| likelihood(cells, r, m), m),
            customers: customers as u64,
            repeats: orders as u64,
        })
    }

    /// The mean rate of each frequency, most frequent first: the customers in the order of their
    /// rates, cut at the population's shares.
    pub fn of_classes(&self) -> [f64; 4] {
        let Ok(gamma) = Gamma::new(self.shape, self.shape / self.mean) else {
            return [self.mean; 4];
        };
        let mut top = 1.0;
        SHARES.map(|share| {
            let point = |n: usize| top - share * (n as f64 + 0.5) / POINTS as f64;
            let sum: f64 = (0..POINTS).map(|n| gamma.inverse_cdf(point(n))).sum();
            top -= share;
            sum / POINTS as f64
        })
    }
}

/// Of ln shape and ln mean.
fn likelihood(cells: &Cells, ln_shape: f64, ln_mean: f64) -> f64 {
    let (r, mean) = (ln_shape.exp(), ln_mean.exp());
    let alpha = r / mean;
    let of_cell = |((x, t), n): (&(u32, u32), &f64)| {
        let (x, t) = (f64::from(*x), f64::from(*t) / HALVES);
        n * (ln_gamma(r + x) - ln_gamma(r)
            + r * (alpha / (alpha + t)).ln()
            + x * (t / (alpha + t)).ln())
    };
    cells.iter().map(of_cell).sum()
}

/// Where a function with one hill is highest (golden section).
fn best(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    for _ in 0..ROUNDS {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = f(b);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_distr::{Distribution, Gamma as Draw, Poisson};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn a_known_gamma_is_found_within_two_standard_errors() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let rates = Draw::new(1.2, 0.5).unwrap();
        let mut cells = Cells::new();
        for n in 0..4_000_u32 {
            let weeks = 8 + n % 20;
            let rate: f64 = rates.sample(&mut rng);
            let x: f64 =
                Poisson::new((rate * f64::from(weeks)).max(1e-9)).unwrap().sample(&mut rng);
            *cells.entry((x as u32, 2 * weeks)).or_default() += 1.0;
        }
        let found = Rates::fitted(&cells).unwrap();
        assert!((found.shape - 1.2).abs() < 2.0 * found.shape_se, "{found:?}");
        assert!((found.mean - 0.6).abs() < 2.0 * found.mean_se, "{found:?}");
        assert!(found.shape_se < 0.06 && found.mean_se < 0.015, "{found:?}");
    }

    #[test]
    fn the_classes_keep_the_mean_and_their_order() {
        let rates =
            Rates { shape: 1.2, shape_se: 0.0, mean: 0.6, mean_se: 0.0, customers: 0, repeats: 0 };
        let classes = rates.of_classes();
        assert!(classes.is_sorted_by(|a, b| a > b), "{classes:?}");
        let mean: f64 = classes.iter().zip(SHARES).map(|(rate, share)| rate * share).sum();
        assert!((mean - 0.6).abs() < 0.01, "{mean}");
    }

    #[test]
    fn without_a_repeat_there_is_no_rate() {
        assert_eq!(Rates::fitted(&Cells::from([((0, 8), 40.0)])), None);
        assert_eq!(Rates::fitted(&Cells::from([((3, 8), 1.0)])), None);
    }
}
