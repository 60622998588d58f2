//! Ratios over agents, their intervals, and whether two of them differ.
//!
//! A ratio of sums has no variance of its own: the delta method gives it one from the agents'
//! residuals (Deng, Knoblich, Lu 2018, "Applying the Delta Method in Metric Analytics"). Two ratios
//! are compared by Welch's t test, which needs no equal variances.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Of an interval: it holds the truth in so many of a hundred cases.
const CONFIDENCE: f64 = 0.95;
/// The chance with which an effect of the detectable size is found.
const POWER: f64 = 0.8;
/// The relative effect whose chance of being found is told.
const LIFT_OF_INTEREST: f64 = 0.1;

/// Sum of numerators / sum of denominators over agents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio.
    pub value: f64,
    /// Of the ratio, not of one agent.
    pub variance: f64,
    /// Agents, those without a denominator included.
    pub agents: usize,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// As estimated.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How one group differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Group - control, in the metric's unit.
    pub difference: Interval,
    /// Group / control - 1; `None` where the control has none of it.
    pub lift: Option<Interval>,
    /// The chance of a difference this large without any effect (Welch, two-sided).
    pub p_value: f64,
    /// The relative effect that such groups find with a chance of 80 %; `None` as `lift`.
    pub detectable_lift: Option<f64>,
    /// The chance with which such groups find a relative effect of 10 %; `None` as `lift`.
    pub power_at_10_percent: Option<f64>,
}

/// The ratio of these agents' (numerator, denominator); `None` for under two agents or where the
/// denominators sum to nothing.
pub fn ratio(agents: &[(f64, f64)]) -> Option<Ratio> {
    let count = agents.len() as f64;
    let (above, below) =
        agents.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    if agents.len() < 2 || below <= 0.0 {
        return None;
    }
    let value = above / below;
    let residuals: f64 = agents.iter().map(|(x, y)| (x - value * y).powi(2)).sum();
    let variance = count / (count - 1.0) * residuals / (below * below);
    Some(Ratio { value, variance, agents: agents.len() })
}

impl Ratio {
    /// The ratio with its interval; `None` where it is not a number.
    pub fn interval(&self) -> Option<Interval> {
        let t = critical((self.agents as f64 - 1.0).max(1.0))?;
        Some(around(self.value, t * self.variance.sqrt()))
    }
}

/// How `group` differs from `control`; `None` where neither varies, so that nothing can be said.
pub fn compare(control: &Ratio, group: &Ratio) -> Option<Comparison> {
    let variance = control.variance + group.variance;
    let error = variance.sqrt();
    if !(error > 0.0 && error.is_finite()) {
        return None;
    }
    let part = |ratio: &Ratio| ratio.variance.powi(2) / (ratio.agents as f64 - 1.0).max(1.0);
    // Welch and Satterthwaite.
    let freedom = variance.powi(2) / (part(control) + part(group));
    let t = critical(freedom)?;
    let difference = group.value - control.value;
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let p_value = (2.0 * student.sf((difference / error).abs())).min(1.0);
    let normal = Normal::standard();
    let z = normal.inverse_cdf(0.5 + CONFIDENCE / 2.0);
    let base = (control.value > 0.0).then_some(control.value);
    let power_at_10_percent = base.map(|base| {
        let shift = LIFT_OF_INTEREST * base / error;
        normal.cdf(shift - z) + normal.cdf(-shift - z)
    });
    Some(Comparison {
        difference: around(difference, t * error),
        lift: base.map(|_| lift(control, group, t)),
        p_value,
        detectable_lift: base.map(|base| (z + normal.inverse_cdf(POWER)) * error / base),
        power_at_10_percent,
    })
}

/// group / control - 1, by the delta method.
fn lift(control: &Ratio, group: &Ratio, t: f64) -> Interval {
    let quotient = group.value / control.value;
    let variance =
        (group.variance + quotient * quotient * control.variance) / (control.value * control.value);
    around(quotient - 1.0, t * variance.sqrt())
}

fn around(value: f64, reach: f64) -> Interval {
    Interval { value, low: value - reach, high: value + reach }
}

/// How many standard errors an interval reaches to either side.
fn critical(freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(0.5 + CONFIDENCE / 2.0))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-3 * expected.abs().max(1e-3), "{found}, {expected}");
    }

    fn means(values: &[f64]) -> Ratio {
        ratio(&values.iter().map(|value| (*value, 1.0)).collect::<Vec<_>>()).unwrap()
    }

    /// By R: `t.test(b, a)` of these two.
    #[test]
    fn over_agents_alone_it_is_welchs_t_test() {
        let a = [
            27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7,
            21.4,
        ];
        let b = [
            27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5,
            24.4,
        ];
        let found = compare(&means(&a), &means(&b)).unwrap();
        near(found.p_value, 0.021378);
        near(found.difference.value, 2.166_667);
        near(means(&a).variance, 7.867_43 / 15.0);
    }

    #[test]
    fn a_ratio_of_sums_is_not_the_mean_of_ratios() {
        let found = ratio(&[(1.0, 10.0), (1.0, 1.0)]).unwrap();
        near(found.value, 2.0 / 11.0);
        assert_eq!(ratio(&[(1.0, 1.0)]), None);
        assert_eq!(ratio(&[(0.0, 0.0), (0.0, 0.0)]), None);
        assert_eq!(ratio(&[]), None);
    }

    #[test]
    fn the_interval_of_a_ratio_holds_the_truth_in_95_of_100_cases() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let held = (0..2_000).filter(|_| {
            // Agents differ in how often they come and in how readily they buy: truth 1/3.
            let agents: Vec<(f64, f64)> = (0..200)
                .map(|_| {
                    let visits = rng.random_range(1..40_u32);
                    let readiness = rng.random_range(0.0..2.0 / 3.0);
                    let orders = (0..visits).filter(|_| rng.random_bool(readiness)).count();
                    (orders as f64, f64::from(visits))
                })
                .collect();
            let interval = ratio(&agents).unwrap().interval().unwrap();
            (interval.low..=interval.high).contains(&(1.0 / 3.0))
        });
        let held = held.count();
        assert!((1_860..=1_940).contains(&held), "{held} of 2,000");
    }

    #[test]
    fn an_effect_of_the_detectable_size_is_found_in_80_of_100_cases() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let mut sample = |mean: f64| -> Vec<f64> {
            (0..100)
                .map(|_| mean + (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0)
                .collect()
        };
        let plain = compare(&means(&sample(10.0)), &means(&sample(10.0))).unwrap();
        let lift = plain.detectable_lift.unwrap();
        assert!((0.036..0.044).contains(&lift), "{lift}");
        let found = (0..1_000)
            .filter(|_| {
                let pair = (means(&sample(10.0)), means(&sample(10.0 * (1.0 + 0.0396))));
                compare(&pair.0, &pair.1).unwrap().p_value < 0.05
            })
            .count();
        assert!((760..=840).contains(&found), "{found} of 1,000");
        assert!(plain.power_at_10_percent.unwrap() > 0.99);
    }

    #[test]
    fn where_nothing_varies_nothing_is_said_and_from_nothing_there_is_no_lift() {
        assert_eq!(compare(&means(&[1.0, 1.0]), &means(&[2.0, 2.0])), None);
        let found = compare(&means(&[0.0, 0.0, 0.0]), &means(&[1.0, 2.0, 3.0])).unwrap();
        assert_eq!((found.lift, found.detectable_lift), (None, None));
        assert!(found.p_value < 0.2);
    }
}
