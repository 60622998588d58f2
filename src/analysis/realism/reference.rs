//! Published figures that runs are measured against, from data/reference.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::detection::Quantile;
use super::measure::Measure;

const HOURS: &str = include_str!("../../../data/reference/hour_of_day.csv");
const WEEKDAYS: &str = include_str!("../../../data/reference/weekday.csv");
const BASKETS: &str = include_str!("../../../data/reference/basket_quantiles.csv");
const HOUSEHOLDS: &str = include_str!("../../../data/reference/household_quantiles.csv");
const FIGURES: &str = include_str!("../../../data/reference/figures.csv");

/// The weekdays as the table names them.
pub const WEEKDAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Whose hours of the day.
pub const HOURS_SOURCE: &str = "Instacart 2017";
/// Whose week.
pub const WEEKDAYS_SOURCE: &str = "dunnhumby (in-store)";

/// A published figure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Figure {
    dimension: Measure,
    /// In the unit of the dimension.
    pub value: f64,
    /// What it is a share of, or counts.
    pub of: String,
    /// Whose.
    pub source: String,
}

#[derive(Deserialize)]
struct Share {
    /// Hour or weekday.
    #[serde(alias = "hour", alias = "weekday")]
    label: String,
    percent: f64,
}

/// Percent of orders by hour of day, 0..23 h.
pub fn hours() -> [f64; 24] {
    shares(HOURS, |n| n.to_string())
}

/// Percent of trips by weekday, Monday first.
pub fn weekdays() -> [f64; 7] {
    shares(WEEKDAYS, |n| WEEKDAY_NAMES[n].to_owned())
}

/// Single figures by dimension.
pub fn figures() -> BTreeMap<Measure, Figure> {
    rows::<Figure>(FIGURES).into_iter().map(|figure| (figure.dimension, figure)).collect()
}

/// Of the orders of the panel, by feature.
pub fn basket_quantiles() -> Vec<Quantile> {
    rows(BASKETS)
}

/// Of its households.
pub fn household_quantiles() -> Vec<Quantile> {
    rows(HOUSEHOLDS)
}

fn shares<const N: usize>(table: &str, label: fn(usize) -> String) -> [f64; N] {
    let rows: Vec<Share> = rows(table);
    std::array::from_fn(|n| {
        let found = rows.iter().find(|row| row.label == label(n));
        found.map(|row| row.percent).expect("a table of data/reference names each of its rows")
    })
}

fn rows<T: for<'a> Deserialize<'a>>(table: &str) -> Vec<T> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
    let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
    rows.expect("the tables of data/reference are read by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert!((hours().iter().sum::<f64>() - 100.0).abs() < 0.05, "{:?}", hours());
        assert!((weekdays().iter().sum::<f64>() - 100.0).abs() < 0.15, "{:?}", weekdays());
        let figures = figures();
        for measure in Measure::ALL {
            let is_profile = matches!(
                measure,
                Measure::HourOfDay | Measure::HourOfDaySessions | Measure::WeekdayProfile
            );
            assert_eq!(figures.contains_key(measure), !is_profile, "{measure}");
        }
    }
}
