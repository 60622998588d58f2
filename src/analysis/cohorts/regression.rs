//! Means of two groups as they would be with the same agents in both: least squares on what was
//! known of the agents before, in each group by itself (Lin 2013, "Agnostic notes on regression
//! adjustments to experimental data").
//!
//! The columns of a group are made orthogonal (Gram-Schmidt, twice), which solves the least
//! squares, tells leverages and finds columns that say nothing new, all by the same few sums.
//! Errors may differ in size from agent to agent: HC2, which without columns is Welch's.

use super::statistics::Ratio;

/// A column whose part that is new is under this share of it says nothing new.
const NEW_MIN: f64 = 1e-6;
/// Agents of a group that must differ from its commonest value for a column to be of use.
const DIFFERING_MIN: usize = 5;
/// Agents of a group for each coefficient, at least.
const AGENTS_PER_COEFFICIENT: usize = 4;

/// Agents of one group: an outcome and the columns of each.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The outcome.
    pub values: Vec<f64>,
    /// As many columns for each agent.
    pub columns: Vec<&'a [f64]>,
}

/// Two groups made alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// The control's mean; its agents are less the columns, for the degrees of freedom.
    pub control: Ratio,
    /// The group's.
    pub group: Ratio,
    /// Of the outcome's variance within the groups, what the columns explain, 0-1.
    pub r_squared: f64,
}

/// Why a comparison is not adjusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdjusted {
    /// Nothing to adjust by.
    #[error("nothing that is known of these agents tells them apart")]
    NoCovariates,
    /// Too many columns for so few agents.
    #[error(
        "{agents} agents in the smaller arm are too few for {covariates} traits; at least {least}"
    )]
    TooFewAgents {
        /// Of the smaller group.
        agents: usize,
        /// That could be used.
        covariates: usize,
        /// Agents that each group would need.
        least: usize,
    },
}

/// The columns that are of use in each of these groups: they vary, and none is a sum of others.
pub fn independent(groups: &[&[&[f64]]]) -> Vec<usize> {
    let count = groups.iter().flat_map(|rows| rows.first()).map(|row| row.len()).min();
    let mut bases: Vec<Basis> = groups.iter().map(|_| Basis::default()).collect();
    let mut kept = Vec::new();
    for column in 0..count.unwrap_or(0) {
        let new: Option<Vec<Direction>> = groups
            .iter()
            .zip(&bases)
            .map(|(rows, basis)| basis.direction(rows.iter().map(|row| row[column]).collect()))
            .collect();
        let Some(new) = new else { continue };
        bases.iter_mut().zip(new).for_each(|(basis, direction)| basis.push(direction));
        kept.push(column);
    }
    kept
}

/// Makes `control` and `group` alike in the columns `kept`, as [`independent`] found them.
///
/// # Errors
/// No columns, or too many for the agents.
pub fn adjust(control: &Group, group: &Group, kept: &[usize]) -> Result<Adjusted, NotAdjusted> {
    let agents = control.values.len().min(group.values.len());
    let least = AGENTS_PER_COEFFICIENT * (kept.len() + 1);
    if kept.is_empty() {
        return Err(NotAdjusted::NoCovariates);
    }
    if agents < least {
        return Err(NotAdjusted::TooFewAgents { agents, covariates: kept.len(), least });
    }
    let both: Vec<&[f64]> = control.columns.iter().chain(&group.columns).copied().collect();
    let centre: Vec<f64> = kept.iter().map(|at| mean(both.iter().map(|row| row[*at]))).collect();
    let fits = [Fit::of(control, kept, &centre), Fit::of(group, kept, &centre)];
    let [Some(of_control), Some(of_group)] = fits else {
        return Err(NotAdjusted::NoCovariates);
    };
    // Agents are a sample too: where slopes differ, another draw of them has another difference.
    let slopes = of_control.slopes.iter().zip(&of_group.slopes).map(|(one, other)| other - one);
    let slopes: Vec<f64> = slopes.collect();
    let tilt = |row: &&[f64]| -> f64 {
        let parts = kept.iter().zip(&centre).zip(&slopes);
        parts.map(|((at, centre), slope)| (row[*at] - centre) * slope).sum()
    };
    let agents = both.len() as f64;
    let drawn = both.iter().map(|row| tilt(row).powi(2)).sum::<f64>() / (agents - 1.0) / agents;
    let total = of_control.total + of_group.total;
    let left = of_control.left + of_group.left;
    let ratio = |fit: &Fit, agents: usize| Ratio {
        value: fit.at_centre,
        variance: fit.variance + drawn / 2.0,
        agents: agents - kept.len(),
    };
    Ok(Adjusted {
        control: ratio(&of_control, control.values.len()),
        group: ratio(&of_group, group.values.len()),
        r_squared: if total > 0.0 { (1.0 - left / total).clamp(0.0, 1.0) } else { 0.0 },
    })
}

/// Of the variance of these agents' outcome, what the columns explain (corrected for their
/// number), 0-1.
///
/// # Errors
/// As [`adjust`].
pub fn explained(agents: &Group) -> Result<f64, NotAdjusted> {
    let kept = independent(&[&agents.columns]);
    let least = AGENTS_PER_COEFFICIENT * (kept.len() + 1);
    let (count, covariates) = (agents.values.len(), kept.len());
    if kept.is_empty() {
        return Err(NotAdjusted::NoCovariates);
    }
    if count < least {
        return Err(NotAdjusted::TooFewAgents { agents: count, covariates, least });
    }
    let fit = Fit::of(agents, &kept, &vec![0.0; covariates]).ok_or(NotAdjusted::NoCovariates)?;
    let free = |coefficients: usize| (count - coefficients) as f64;
    let share = (fit.left / free(covariates + 1)) / (fit.total / free(1));
    Ok(if fit.total > 0.0 { (1.0 - share).clamp(0.0, 1.0) } else { 0.0 })
}

/// A column without its mean and without what the columns before it say.
struct Direction {
    /// Of length 1.
    unit: Vec<f64>,
    /// What of the column lies along each direction before it, and along its own.
    parts: Vec<f64>,
}

/// Columns of one group, made orthogonal.
#[derive(Default)]
struct Basis(Vec<Direction>);

impl Basis {
    /// What is new of a column; `None` where it hardly varies or says nothing new.
    fn direction(&self, mut column: Vec<f64>) -> Option<Direction> {
        if differing(&column) < DIFFERING_MIN {
            return None;
        }
        let middle = mean(column.iter().copied());
        column.iter_mut().for_each(|value| *value -= middle);
        let whole = dot(&column, &column);
        let mut parts = vec![0.0; self.0.len()];
        // Once more for what rounding left.
        for _ in 0..2 {
            for (direction, part) in self.0.iter().zip(&mut parts) {
                let along = dot(&column, &direction.unit);
                *part += along;
                let pairs = column.iter_mut().zip(&direction.unit);
                pairs.for_each(|(value, unit)| *value -= along * unit);
            }
        }
        let new = dot(&column, &column);
        if !(whole > 0.0 && new > NEW_MIN * whole) {
            return None;
        }
        let length = new.sqrt();
        column.iter_mut().for_each(|value| *value /= length);
        parts.push(length);
        Some(Direction { unit: column, parts })
    }

    fn push(&mut self, direction: Direction) {
        self.0.push(direction);
    }
}

/// Least squares of one group.
struct Fit {
    /// The mean at the centre.
    at_centre: f64,
    /// Its variance, HC2.
    variance: f64,
    slopes: Vec<f64>,
    /// Sum of squares around the mean.
    total: f64,
    /// Around the fit.
    left: f64,
}

impl Fit {
    /// `None` where a column says nothing new in this group.
    fn of(group: &Group, kept: &[usize], centre: &[f64]) -> Option<Self> {
        let mut basis = Basis::default();
        let mut means = Vec::new();
        for at in kept {
            let column: Vec<f64> = group.columns.iter().map(|row| row[*at]).collect();
            means.push(mean(column.iter().copied()));
            let direction = basis.direction(column)?;
            basis.push(direction);
        }
        let directions = &basis.0;
        let middle = mean(group.values.iter().copied());
        let mut rest: Vec<f64> = group.values.iter().map(|value| value - middle).collect();
        let total = dot(&rest, &rest);
        let mut along = Vec::new();
        for direction in directions {
            let part = dot(&rest, &direction.unit);
            let pairs = rest.iter_mut().zip(&direction.unit);
            pairs.for_each(|(value, unit)| *value -= part * unit);
            along.push(part);
        }
        // Columns are directions x parts: backwards for slopes, forwards for the way to the centre.
        let mut slopes = along.clone();
        for at in (0..slopes.len()).rev() {
            for later in at + 1..slopes.len() {
                slopes[at] -= directions[later].parts[at] * slopes[later];
            }
            slopes[at] /= directions[at].parts[at];
        }
        let mut way: Vec<f64> = centre.iter().zip(&means).map(|(to, from)| to - from).collect();
        for at in 0..way.len() {
            for before in 0..at {
                way[at] -= directions[at].parts[before] * way[before];
            }
            way[at] /= directions[at].parts[at];
        }
        let share = 1.0 / group.values.len() as f64;
        let variance = rest.iter().enumerate().map(|(agent, rest)| {
            let units = || directions.iter().map(|direction| direction.unit[agent]);
            let weight = share + units().zip(&way).map(|(unit, way)| unit * way).sum::<f64>();
            let free = 1.0 - share - units().map(|unit| unit * unit).sum::<f64>();
            // Who alone decides a slope has no error that could be seen.
            if free > 1e-9 { (weight * rest).powi(2) / free } else { 0.0 }
        });
        Some(Self {
            at_centre: middle + along.iter().zip(&way).map(|(one, other)| one * other).sum::<f64>(),
            variance: variance.sum(),
            left: dot(&rest, &rest),
            slopes,
            total,
        })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// How many differ from the commonest value.
fn differing(column: &[f64]) -> usize {
    let mut sorted = column.to_vec();
    sorted.sort_by(f64::total_cmp);
    let commonest = sorted.chunk_by(|one, other| one == other).map(<[f64]>::len).max();
    column.len() - commonest.unwrap_or(0)
}

#[cfg(test)]
mod tests;
