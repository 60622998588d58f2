//! The one number: how well a simple classifier tells a run's orders, and its agents, from those of
//! a real panel, of which only quantiles are published.
//!
//! The classifier sees one feature at a time, in ten parts at most: the reference's tenths. It
//! calls a part the run's by how much more of the run lies in it than of the reference, which is
//! the best that any rule on these parts can do. 0.5: not at all; chance alone gives a little more.

use serde::{Deserialize, Serialize};

use super::reference;

/// Orders or agents below which nothing is said.
const SEEN_MIN: u64 = 100;

/// What the run is told by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Told {
    /// Of orders, by feature.
    pub baskets: Vec<ByFeature>,
    /// Of agents in their first 180 days; empty for a shorter run.
    pub agents: Vec<ByFeature>,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByFeature {
    /// As data/reference names it.
    pub feature: String,
    /// Area under the curve of the classifier, 0.5 to 1.
    pub auc: f64,
    /// Orders or agents of the run.
    pub n: u64,
}

/// A quantile of the reference.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Quantile {
    /// The feature.
    pub feature: String,
    /// Percent of the reference that is at most the value.
    pub quantile: u32,
    /// In the unit of the feature.
    pub value: f64,
}

/// A run's values of each feature, in the parts of the reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection(Vec<Feature>);

#[derive(Clone, Debug, PartialEq)]
struct Feature {
    name: String,
    /// Ends of the parts, each included; what lies above the last is a part of its own.
    ends: Vec<f64>,
    /// Of the reference, by part.
    shares: Vec<f64>,
    /// Of the run, by part.
    seen: Vec<u64>,
}

impl Detection {
    /// Against orders.
    pub fn of_baskets() -> Self {
        Self::against(&reference::basket_quantiles())
    }

    /// Against agents.
    pub fn of_agents() -> Self {
        Self::against(&reference::household_quantiles())
    }

    fn against(rows: &[Quantile]) -> Self {
        let features = rows.chunk_by(|a, b| a.feature == b.feature);
        Self(features.filter_map(Feature::of).collect())
    }

    /// A value of the run; an unknown feature is none.
    pub fn add(&mut self, name: &str, value: f64) {
        let Some(feature) = self.0.iter_mut().find(|feature| feature.name == name) else { return };
        let part = feature.ends.partition_point(|end| *end < value);
        if let Some(seen) = feature.seen.get_mut(part).filter(|_| value.is_finite()) {
            *seen += 1;
        }
    }

    /// Features with enough of the run in them.
    pub fn told(&self) -> Vec<ByFeature> {
        self.0.iter().filter_map(Feature::told).collect()
    }
}

impl Feature {
    fn of(rows: &[Quantile]) -> Option<Self> {
        let mut ends: Vec<f64> =
            rows.iter().filter(|row| row.quantile % 10 == 0).map(|row| row.value).collect();
        ends.dedup();
        let below = |end: &f64| rows.iter().filter(|row| row.value <= *end).count() as f64;
        let mut reached = 0.0;
        let mut shares = Vec::new();
        for end in &ends {
            let share = below(end) / (rows.len() as f64 + 1.0);
            shares.push(share - reached);
            reached = share;
        }
        shares.push(1.0 - reached);
        let seen = vec![0; shares.len()];
        Some(Self { name: rows.first()?.feature.clone(), ends, shares, seen })
    }

    fn told(&self) -> Option<ByFeature> {
        let n: u64 = self.seen.iter().sum();
        if n < SEEN_MIN {
            return None;
        }
        let mut parts: Vec<(f64, f64)> =
            self.seen.iter().map(|seen| *seen as f64 / n as f64).zip(self.shares.clone()).collect();
        parts.sort_by(|a, b| (a.0 * b.1).total_cmp(&(b.0 * a.1)));
        let mut below = 0.0;
        let mut auc = 0.0;
        for (run, reference) in parts {
            auc += run * (below + reference / 2.0);
            below += reference;
        }
        Some(ByFeature { feature: self.name.clone(), auc, n })
    }
}

impl Told {
    /// As `told from the reference: an order 0.71 (lines), mean of 6 features 0.60; an agent: needs
    /// 180 days and 100 agents with 8 orders`; 0.5 is not at all.
    pub fn line(&self) -> String {
        let orders = says(&self.baskets).unwrap_or("needs 100 orders".to_owned());
        let agents = says(&self.agents);
        let agents =
            agents.unwrap_or("needs 180 days and 100 agents with 8 orders in them".to_owned());
        format!("told from the reference (0.5: not at all): an order {orders}; an agent {agents}")
    }
}

fn says(features: &[ByFeature]) -> Option<String> {
    let most = features.iter().max_by(|a, b| a.auc.total_cmp(&b.auc))?;
    let mean = features.iter().map(|feature| feature.auc).sum::<f64>() / features.len() as f64;
    let (auc, feature) = (most.auc, &most.feature);
    Some(format!("{auc:.2} ({feature}), mean of {} features {mean:.2}", features.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of 0..1, drawn evenly.
    fn even() -> Detection {
        let quantile =
            |q| Quantile { feature: "x".into(), quantile: q, value: f64::from(q) / 100.0 };
        Detection::against(&(1..=99).map(quantile).collect::<Vec<_>>())
    }

    fn told(values: impl Iterator<Item = f64>) -> f64 {
        let mut detection = even();
        values.for_each(|value| detection.add("x", value));
        detection.told()[0].auc
    }

    #[test]
    fn the_reference_itself_is_not_told_and_what_lies_apart_is() {
        let itself = told((0..10_000).map(|n| (f64::from(n) + 0.5) / 10_000.0));
        assert!((itself - 0.5).abs() < 0.01, "{itself}");
        assert!(told((0..200).map(|_| 5.0)) > 0.94);
    }

    #[test]
    fn a_narrower_spread_is_told_though_its_middle_is_the_same() {
        let narrow = told((0..1_000).map(|n| 0.4 + 0.2 * f64::from(n) / 1_000.0));
        assert!(narrow > 0.85, "{narrow}");
    }

    #[test]
    fn few_orders_and_unknown_features_say_nothing() {
        let mut detection = even();
        (0..99).for_each(|_| detection.add("x", 0.5));
        detection.add("y", 0.5);
        detection.add("x", f64::NAN);
        assert!(detection.told().is_empty());
        detection.add("x", 0.5);
        assert_eq!(detection.told()[0].n, 100);
    }

    #[test]
    fn counts_that_many_share_are_one_part() {
        let value = |q: u32| if q <= 60 { 1.0 } else { 2.0 };
        let quantile = |q| Quantile { feature: "x".into(), quantile: q, value: value(q) };
        let mut detection = Detection::against(&(1..=99).map(quantile).collect::<Vec<_>>());
        assert_eq!(detection.0[0].ends, [1.0, 2.0]);
        (0..1_000).for_each(|n| detection.add("x", if n < 605 { 1.0 } else { 2.0 }));
        assert!((detection.told()[0].auc - 0.5).abs() < 0.02, "{detection:?}");
    }

    #[test]
    fn every_feature_of_the_tables_is_read() {
        assert!(Detection::of_baskets().0.len() >= 6 && Detection::of_agents().0.len() >= 6);
        let sum: f64 = Detection::of_baskets().0[0].shares.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
