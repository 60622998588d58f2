//! Before and after beside the half of the history that nothing was fitted to, each distance beside
//! what the two halves differ by chance.

use serde::Serialize;

use super::estimate::{Shape, Statistic};
use super::portrait::Portrait;

/// One line of the scorecard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The statistic or distribution.
    pub name: &'static str,
    /// `relative` or `ks`.
    pub measure: &'static str,
    /// The scoring half; of a distribution nothing.
    pub history: Option<f64>,
    /// The run as shipped.
    pub before: Option<f64>,
    /// The run as fitted.
    pub after: Option<f64>,
    /// How far the shipped run is from the scoring half.
    pub distance_before: Option<f64>,
    /// How far the fitted run is.
    pub distance_after: Option<f64>,
    /// How far the fitting half is.
    pub noise: Option<f64>,
}

/// The portraits that are put beside each other.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The half that was fitted to.
    pub fit: &'a Portrait,
    /// The other.
    pub score: &'a Portrait,
    /// The run as shipped.
    pub before: &'a Portrait,
    /// The run as fitted.
    pub after: &'a Portrait,
}

/// All lines for which the scoring half has something.
pub fn scorecard(sides: &Sides<'_>) -> Vec<Row> {
    let numbers = Statistic::ALL.into_iter().filter_map(|statistic| number(sides, statistic));
    let shapes = Shape::ALL.into_iter().filter_map(|shape| distribution(sides, shape));
    numbers.chain(shapes).collect()
}

fn number(sides: &Sides<'_>, statistic: Statistic) -> Option<Row> {
    let history = sides.score.value(statistic)?;
    let (before, after) = (sides.before.value(statistic), sides.after.value(statistic));
    let far = |value: Option<f64>| value.map(|value| (value - history).abs() / history.abs());
    Some(Row {
        name: statistic.name(),
        measure: "relative",
        history: Some(history),
        before,
        after,
        distance_before: far(before),
        distance_after: far(after),
        noise: far(sides.fit.value(statistic)),
    })
}

fn distribution(sides: &Sides<'_>, shape: Shape) -> Option<Row> {
    let history = sides.score.shares(shape).ok()?;
    let far = |side: &Portrait| side.shares(shape).ok().map(|shares| ks(history, shares));
    Some(Row {
        name: shape.name(),
        measure: "ks",
        history: None,
        before: None,
        after: None,
        distance_before: far(sides.before),
        distance_after: far(sides.after),
        noise: far(sides.fit),
    })
}

/// The largest distance of the sums.
fn ks(one: &[f64], other: &[f64]) -> f64 {
    let mut apart: f64 = 0.0;
    let mut farthest: f64 = 0.0;
    for (a, b) in one.iter().zip(other) {
        apart += a - b;
        farthest = farthest.max(apart.abs());
    }
    farthest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_no_way_from_itself_and_1_from_its_opposite() {
        assert_eq!(ks(&[0.5, 0.5], &[0.5, 0.5]), 0.0);
        assert_eq!(ks(&[1.0, 0.0], &[0.0, 1.0]), 1.0);
        assert_eq!(ks(&[0.25, 0.5, 0.25], &[0.5, 0.25, 0.25]), 0.25);
    }
}
