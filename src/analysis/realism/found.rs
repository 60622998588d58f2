//! A dimension that was taken on rows and not on sums.

use std::collections::BTreeMap;

use super::measure::Measure;
use super::statistics::Estimate;

/// What was found of one dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// The value; `None` where there is nothing to take it on.
    pub estimate: Option<Estimate>,
    /// What it is taken on.
    pub n: u64,
    /// Why the run cannot answer, however long it is; empty where it can.
    pub reason: &'static str,
}

/// By dimension.
pub type Findings = BTreeMap<Measure, Found>;

impl From<(Option<Estimate>, u64)> for Found {
    fn from((estimate, n): (Option<Estimate>, u64)) -> Self {
        Self { estimate, n, reason: "" }
    }
}

impl Found {
    /// The same, `reason` given where nothing was found on something.
    pub fn or_says(self, reason: &'static str) -> Self {
        let says_nothing = self.estimate.is_none() && self.n > 0;
        Self { reason: if says_nothing { reason } else { "" }, ..self }
    }

    /// Not asked of this run, for this reason.
    pub fn refused(self, reason: &'static str) -> Self {
        Self { estimate: None, reason, ..self }
    }
}
