//! How lifelike a run is, on its data card: the dimensions with a band (docs/realism.md).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::realism::band::Band;
use crate::realism::measure::Measure;
use crate::realism::{Dimension, Scorecard};

/// A dimension of the scorecard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardDimension {
    /// Which.
    pub name: Measure,
    /// What was measured; `null` where there is nothing to measure it on.
    pub value: Option<f64>,
    /// Half of the 95 % interval.
    pub sampling_error: Option<f64>,
    /// Of value, error and band; empty for ratios and distances.
    pub unit: Cow<'static, str>,
    /// What is counted as one.
    pub denominator: Cow<'static, str>,
    /// How many there were.
    pub n: u64,
    /// Where the value should lie, both ends included.
    pub band: Band,
    /// met, missed, not targeted, too few data.
    pub verdict: Cow<'static, str>,
}

/// Those of a scorecard that have a band, in its order.
pub fn of(scorecard: &Scorecard) -> Vec<CardDimension> {
    scorecard.dimensions.iter().filter_map(CardDimension::of).collect()
}

impl CardDimension {
    fn of(dimension: &Dimension) -> Option<Self> {
        Some(Self {
            name: dimension.name,
            value: dimension.value,
            sampling_error: dimension.sampling_error,
            unit: dimension.unit.into(),
            denominator: dimension.denominator.name.into(),
            n: dimension.denominator.n,
            band: dimension.band?,
            verdict: dimension.verdict.as_str().into(),
        })
    }

    /// As `hour_of_day 0.03 in 0-0.08: met`.
    pub fn line(&self) -> String {
        let value = self.value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        let Band { min, max } = self.band;
        format!("{} {value} {} in {min}-{max}: {}", self.name, self.unit, self.verdict)
    }
}
