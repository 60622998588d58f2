//! Differences of arms as they would be with the same agents in both, and how much surer that is.

use serde::Serialize;

use super::covariates::Covariates;
use super::metrics::{AgentFigures, Metric};
use super::regression::{Group, NotAdjusted, adjust, independent};
use super::statistics::{self, Comparison};

/// What an arm's comparisons are adjusted by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adjustment {
    /// The arm that is compared with the control.
    pub arm: String,
    /// Traits of the personas; a word beside a name is 1 where the trait has it.
    pub covariates: Vec<String>,
    /// Traits that hardly vary in one of the arms, or say what others say.
    pub dropped: Vec<String>,
    /// Why nothing is adjusted.
    pub why_not: Option<String>,
    #[serde(skip)]
    kept: Vec<usize>,
}

/// A comparison with the same agents in both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Adjusted {
    /// As the plain one.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Of the variance within the arms, what the traits explain, 0-1.
    pub r_squared: f64,
    /// By which part the interval is shorter than the plain one; below 0 where it is longer.
    pub interval_shrink: f64,
}

impl Adjustment {
    /// Between these agents of the control and of an arm.
    pub fn of(
        arm: &str,
        (control, group): (&[&AgentFigures], &[&AgentFigures]),
        covariates: &Covariates,
    ) -> Self {
        let (of_control, of_group) = (rows(control, covariates), rows(group, covariates));
        let kept = independent(&[&of_control, &of_group]);
        let zeros = |rows: Vec<_>| Group { values: vec![0.0; rows.len()], columns: rows };
        let tried = adjust(&zeros(of_control), &zeros(of_group), &kept);
        let named = |is_kept: bool| {
            let names = covariates.names().iter().enumerate();
            let named = names.filter(|(at, _)| kept.contains(at) == is_kept);
            named.map(|(_, name)| name.clone()).collect()
        };
        Self {
            arm: arm.to_owned(),
            covariates: named(true),
            dropped: named(false),
            why_not: tried.err().map(|why: NotAdjusted| why.to_string()),
            kept,
        }
    }

    /// By a metric; `None` where [`Self::why_not`] tells, or where nothing varies.
    pub fn adjust(
        &self,
        metric: Metric,
        (control, group): (&[&AgentFigures], &[&AgentFigures]),
        covariates: &Covariates,
        plain: &Comparison,
    ) -> Option<Adjusted> {
        let of = |agents: &[&AgentFigures]| {
            let values = metric.added(agents)?;
            Some(Group { values, columns: rows(agents, covariates) })
        };
        let found = adjust(&of(control)?, &of(group)?, &self.kept).ok()?;
        let comparison = statistics::compare(&found.control, &found.group)?;
        let width =
            |comparison: &Comparison| comparison.difference.high - comparison.difference.low;
        let interval_shrink = 1.0 - width(&comparison) / width(plain);
        Some(Adjusted { comparison, r_squared: found.r_squared, interval_shrink })
    }
}

/// The columns of these agents.
pub(super) fn rows<'c>(agents: &[&AgentFigures], covariates: &'c Covariates) -> Vec<&'c [f64]> {
    agents.iter().map(|agent| covariates.row(&agent.agent_id)).collect()
}
