//! What is changed of a row so that it fits, and the record of it: nothing is mended unsaid.
//!
//! Sums of shares are judged in billionths: 0.99 is as far from 1 as 0.01 says, and floats differ.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::row::Place;

/// How far a sum of shares may be from 1 where the mapping says nothing.
pub const SUM_TOLERANCE: f64 = 0.01;
/// Fixed places that sums of shares are judged by.
const BILLION: f64 = 1e9;
/// Shares of which three belong together, the day's and the hour's.
pub const TRIPLES: [[&str; 3]; 2] = [
    ["pref_day_weekday", "pref_day_saturday", "pref_day_sunday"],
    ["pref_time_morning", "pref_time_afternoon", "pref_time_evening"],
];

/// Why a value was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mend {
    /// It had none: the mapping's default.
    Default,
    /// It was out of its range: the nearest end.
    Clamp,
    /// Its three summed to something else: divided by the sum.
    Normalise,
    /// A truth value in a column of words.
    Status,
    /// A word for nothing: no value.
    Nothing,
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Clamp => "clamp",
            Self::Normalise => "normalise",
            Self::Status => "status",
            Self::Nothing => "nothing",
        })
    }
}

/// A value that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Which column of a persona.
    pub column: &'static str,
    /// Why.
    pub mend: Mend,
    /// What the source had.
    pub from: String,
    /// What it is now.
    pub to: String,
}

/// A value of a row that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which row.
    pub place: Place,
    /// What was changed.
    pub mended: Mended,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, mended: Mended { column, mend, from, to } } = self;
        let from = if from.is_empty() { "nothing" } else { from };
        let to = if to.is_empty() { "nothing" } else { to };
        write!(f, "{place}: {column} {from} -> {to} ({mend})")
    }
}

/// How often something was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MendCount {
    /// Why.
    pub mend: Mend,
    /// Which column.
    pub column: &'static str,
    /// Rows.
    pub rows: usize,
}

/// How often each column was changed and why, the most frequent first.
pub fn by_mend(changes: &[Change]) -> Vec<MendCount> {
    let mut counts: BTreeMap<(Mend, &'static str), usize> = BTreeMap::new();
    for Change { mended, .. } in changes {
        *counts.entry((mended.mend, mended.column)).or_default() += 1;
    }
    let counts = counts.into_iter();
    let mut counts: Vec<MendCount> =
        counts.map(|((mend, column), rows)| MendCount { mend, column, rows }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.rows));
    counts
}

/// Whether three shares sum to 1 within `tolerance`, the border included.
pub fn sums_to_one(shares: &[f64; 3], tolerance: f64) -> bool {
    let billionths = |share: &f64| (share * BILLION).round();
    let off = shares.iter().map(billionths).sum::<f64>() - BILLION;
    off.abs() <= billionths(&tolerance)
}

/// Divides the shares of a row that sum to 1 within `tolerance` by their sum. What is negative, no
/// number, all zero or further off stays: the row's reader says what is wrong with it.
pub fn normalise(fields: &mut Map<String, Value>, tolerance: f64) -> Vec<Mended> {
    let mut mended = Vec::new();
    for columns in TRIPLES {
        let shares = columns.map(|column| fields.get(column).and_then(number));
        let [Some(one), Some(two), Some(three)] = shares else { continue };
        let shares = [one, two, three];
        let sum: f64 = shares.iter().sum();
        let is_whole = sums_to_one(&shares, 0.0);
        let is_negative = shares.iter().any(|share| *share < 0.0);
        if is_whole || is_negative || sum <= 0.0 || !sums_to_one(&shares, tolerance) {
            continue;
        }
        for (column, share) in columns.into_iter().zip(shares) {
            let (from, to) = (share.to_string(), (share / sum).to_string());
            if from != to {
                fields.insert(column.to_owned(), Value::String(to.clone()));
                mended.push(Mended { column, mend: Mend::Normalise, from, to });
            }
        }
    }
    mended
}

/// The finite number that a value is, or that its text says.
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().trim_start_matches('$').parse::<f64>().ok(),
        Value::Number(number) => number.as_f64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

/// A value as a text.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(shares: [Value; 3]) -> Map<String, Value> {
        TRIPLES[1].into_iter().map(str::to_owned).zip(shares).collect()
    }

    #[test]
    fn the_border_of_the_tolerance_lies_inside_it_at_every_hundredth() {
        for hundredths in 0..=200_i32 {
            let shares = [0.3, 0.3, f64::from(hundredths - 60) / 100.0];
            let off = f64::from((hundredths - 100).abs()) / 100.0;
            assert!(sums_to_one(&shares, off), "{shares:?} {off}");
            assert!(off < 0.01 || !sums_to_one(&shares, off - 0.000_000_001), "{shares:?} {off}");
        }
    }

    #[test]
    fn shares_within_the_tolerance_are_divided_and_each_change_is_told() {
        let mut fields = row([json!(0.33), json!("0.33"), json!("0.33")]);
        let mended = normalise(&mut fields, 0.01);
        assert_eq!(mended.len(), 3);
        assert_eq!((&*mended[0].from, mended[0].column), ("0.33", "pref_time_morning"));
        let sum: f64 = fields.values().filter_map(number).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{fields:?}");
        assert!(normalise(&mut fields, 0.01).is_empty(), "what sums to 1 is left alone");
        let mut wide = row([json!(1), json!(0.5), json!(0.35)]);
        assert!(normalise(&mut wide.clone(), 0.84).is_empty());
        assert_eq!(normalise(&mut wide, 0.85).len(), 3);
        let mut zero = row([json!(0.99), json!(0), json!(0)]);
        assert_eq!(normalise(&mut zero, 0.01).len(), 1, "0 stays 0");
    }

    #[test]
    fn what_cannot_be_divided_stays_as_it_is() {
        for shares in [
            [json!(0), json!(0), json!(0)],
            [json!(-0.1), json!(0.6), json!(0.49)],
            [json!("NaN"), json!(0.5), json!(0.5)],
            [json!("Infinity"), json!(0.5), json!(0.5)],
            [json!(null), json!(0.5), json!(0.5)],
            [json!("a third"), json!(0.5), json!(0.5)],
        ] {
            let mut fields = row(shares.clone());
            assert!(normalise(&mut fields, 10.0).is_empty(), "{shares:?}");
            assert_eq!(fields, row(shares));
        }
    }
}
