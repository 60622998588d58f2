//! How unevenly something is spread: over products, over orders, over the orders of one agent.

use super::statistics::{Estimate, NORMAL_95};

/// Gini of counts, zeros included; the error is that of Poisson counts.
pub fn gini(counts: &[u64]) -> Option<Estimate> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let (n, sum) = (sorted.len() as f64, sorted.iter().sum::<u64>() as f64);
    if sorted.len() < 2 || sum == 0.0 {
        return None;
    }
    let ranked = || sorted.iter().enumerate().map(|(at, count)| (at as f64 + 1.0, *count as f64));
    let mean_rank = ranked().map(|(rank, count)| rank * count).sum::<f64>() / sum;
    let value = 2.0 * mean_rank / n - (n + 1.0) / n;
    let moved = |(rank, count): (f64, f64)| (2.0 * (rank - mean_rank) / (n * sum)).powi(2) * count;
    let variance: f64 = ranked().map(moved).sum();
    Some(Estimate { value, error: NORMAL_95 * variance.sqrt() })
}

/// Slope of ln count on ln rank over the upper half of the ranks, zeros left out.
pub fn zipf_slope(counts: &[u64]) -> Option<Estimate> {
    let mut sorted: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.truncate(counts.len() / 2);
    sorted.retain(|count| *count > 0.0);
    if sorted.len() < 5 {
        return None;
    }
    let ranks: Vec<f64> = (1..=sorted.len()).map(|rank| (rank as f64).ln()).collect();
    let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
    let squares: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    let weighted = || ranks.iter().map(|rank| (rank - mean) / squares).zip(&sorted);
    let value = weighted().map(|(weight, count)| weight * count.ln()).sum();
    let variance: f64 = weighted().map(|(weight, count)| weight * weight / count).sum();
    Some(Estimate { value, error: NORMAL_95 * variance.sqrt() })
}

/// Numbers added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many.
    pub n: u64,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// One more.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Their mean; 0 of none.
    pub fn mean(&self) -> f64 {
        self.sum / self.n.max(1) as f64
    }

    /// Squares of the distances from the mean, added up.
    fn within(&self) -> f64 {
        (self.squares - self.sum * self.mean()).max(0.0)
    }

    /// Standard deviation; 0 of fewer than two.
    pub fn deviation(&self) -> f64 {
        (self.within() / (self.n.max(2) - 1) as f64).sqrt()
    }

    /// Standard deviation over the mean.
    pub fn variation(&self) -> Option<Estimate> {
        if self.n < 2 || self.mean() <= 0.0 {
            return None;
        }
        let n = self.n as f64;
        let value = self.deviation() / self.mean();
        let error = NORMAL_95 * value * (0.5 / n + value * value / n).sqrt();
        Some(Estimate { value, error })
    }
}

/// Part of the variance that lies between groups (one-way analysis of variance, groups of unequal
/// size), with the error of Fisher's approximation.
pub fn intraclass(groups: &[Moments]) -> Option<Estimate> {
    let groups: Vec<&Moments> = groups.iter().filter(|group| group.n >= 2).collect();
    let k = groups.len() as f64;
    let n: f64 = groups.iter().map(|group| group.n as f64).sum();
    if groups.len() < 5 {
        return None;
    }
    let grand = groups.iter().map(|group| group.sum).sum::<f64>() / n;
    let between: f64 =
        groups.iter().map(|group| group.n as f64 * (group.mean() - grand).powi(2)).sum();
    let within: f64 = groups.iter().map(|group| group.within()).sum();
    let size =
        (n - groups.iter().map(|group| (group.n as f64).powi(2)).sum::<f64>() / n) / (k - 1.0);
    let (between, within) = (between / (k - 1.0), within / (n - k));
    let value = (between - within) / (between + (size - 1.0) * within);
    let spread = (2.0 / (size * (size - 1.0) * (k - 1.0))).sqrt();
    let error = NORMAL_95 * (1.0 - value) * (1.0 + (size - 1.0) * value) * spread;
    value.is_finite().then_some(Estimate { value, error })
}

/// A sum over a sum, both over agents: an agent's rows hang together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratio {
    above: f64,
    below: f64,
    above_squares: f64,
    below_squares: f64,
    products: f64,
}

impl Ratio {
    /// One agent's share of both sums.
    pub fn add(&mut self, above: f64, below: f64) {
        self.above += above;
        self.below += below;
        self.above_squares += above * above;
        self.below_squares += below * below;
        self.products += above * below;
    }

    /// The ratio, with the error of agents drawn anew.
    pub fn estimate(&self) -> Option<Estimate> {
        if self.below <= 0.0 {
            return None;
        }
        let value = self.above / self.below;
        let squares =
            self.above_squares - 2.0 * value * self.products + value * value * self.below_squares;
        Some(Estimate { value, error: NORMAL_95 * squares.max(0.0).sqrt() / self.below })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_counts_have_no_gini_and_one_that_has_all_has_nearly_one() {
        assert!(gini(&[7; 50]).unwrap().value.abs() < 1e-9);
        let mut one = vec![0; 100];
        one[3] = 1_000;
        assert!((gini(&one).unwrap().value - 0.99).abs() < 1e-9);
        assert!(gini(&[]).is_none() && gini(&[0, 0]).is_none());
        assert!((gini(&[1, 3]).unwrap().value - 0.25).abs() < 1e-9);
    }

    #[test]
    fn the_slope_of_zipfs_law_is_its_exponent() {
        let counts: Vec<u64> =
            (1..=72).map(|rank| (1e7 * f64::from(rank).powf(-0.6)) as u64).collect();
        let found = zipf_slope(&counts).unwrap();
        assert!((found.value + 0.6).abs() < 1e-3 && found.error < 0.01, "{found:?}");
        assert!(zipf_slope(&[10; 100]).unwrap().value.abs() < 1e-9);
        assert!(zipf_slope(&[5; 8]).is_none(), "four ranks are no slope");
    }

    #[test]
    fn what_lies_between_agents_is_found_and_nothing_where_all_are_alike() {
        let agents = |apart: f64| -> Vec<Moments> {
            (0..200).map(|agent| group(f64::from(agent % 2) * apart)).collect()
        };
        // Within: 1 and -1 around the agent's own mean; between: 0 and `apart`.
        let found = intraclass(&agents(2.0)).unwrap();
        assert!((0.4..0.55).contains(&found.value), "{found:?}");
        assert!(intraclass(&agents(0.0)).unwrap().value < 0.01);
        assert!(intraclass(&agents(2.0)[..4]).is_none());
    }

    fn group(mean: f64) -> Moments {
        let mut moments = Moments::default();
        (0..10).for_each(|n| moments.add(mean + if n % 2 == 0 { 1.0 } else { -1.0 }));
        moments
    }

    #[test]
    fn the_variation_is_the_deviation_over_the_mean() {
        let mut moments = Moments::default();
        (0..1_000).for_each(|n| moments.add(if n % 2 == 0 { 1.0 } else { 3.0 }));
        let found = moments.variation().unwrap();
        assert!((found.value - 0.5).abs() < 1e-3, "{found:?}");
        assert!(Moments::default().variation().is_none());
    }

    #[test]
    fn a_ratio_over_agents_is_as_sure_as_they_agree() {
        let mut alike = Ratio::default();
        let mut apart = Ratio::default();
        for agent in 0..100 {
            alike.add(3.0, 2.0);
            apart.add(if agent % 2 == 0 { 6.0 } else { 0.0 }, 2.0);
        }
        let (alike, apart) = (alike.estimate().unwrap(), apart.estimate().unwrap());
        assert!((alike.value - 1.5).abs() < 1e-9 && alike.error < 1e-6, "{alike:?}");
        assert!((apart.value - 1.5).abs() < 1e-9 && apart.error > 0.25, "{apart:?}");
        assert!(Ratio::default().estimate().is_none());
    }
}
