//! How the columns of a foreign table become those of a persona (`agents import --mapping`).
//!
//! Renames columns, translates words, scales numbers, fills what is empty, sets what is out of its
//! range to the nearest end and divides shares by their sum, in this order; what comes out is read
//! and checked as any other row. A mistake in the file is named by its place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use actors::domain::persona::AgentStatus;
use serde::Deserialize;
use serde_json::{Map, Value};
use text::bounded_file::{self, WRITTEN_BYTES_MAX};
use text::ron_text::keys::{self, KeyPlace};
use text::ron_text::{self, RonError};

use super::columns::{self, COLUMNS};
use super::mending::{self, Mend, Mended, SUM_TOLERANCE, text};
use super::name_list;
use super::ranges::range_of;

/// Edits between a misspelt column and the one that is suggested, at most.
const SUGGESTION_EDITS_MAX: usize = 3;
/// The column whose text is a list of words.
const LIST: &str = "preferred_categories";
/// The column that a truth value may stand in for.
const STATUS: &str = "status";
/// A tolerance above this says nothing: three shares from 0 to 1 sum to 3 at most.
const SUM_TOLERANCE_MAX: f64 = 2.0;
/// Columns that hold numbers: only these can be scaled.
pub(super) const NUMBERS: &[&str] = &[
    "age",
    "household_size",
    "price_sensitivity",
    "brand_loyalty",
    "impulsivity",
    "tech_savviness",
    "coupon_affinity",
    "weekly_budget",
    "avg_cart_value",
    "weekday_affinity",
    "weekend_affinity",
    "pref_day_weekday",
    "pref_day_saturday",
    "pref_day_sunday",
    "pref_time_morning",
    "pref_time_afternoon",
    "pref_time_evening",
];

/// How one table is read; the default takes every column as it is.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    origin: String,
    places: Vec<KeyPlace>,
    written: Written,
}

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename = "mapping", default, deny_unknown_fields)]
struct Written {
    /// By column of a persona: the table's column.
    columns: BTreeMap<String, String>,
    /// By column of a persona: what each of the table's words means.
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// By column of a persona: what is done to its number.
    scale: BTreeMap<String, Scale>,
    /// By column of a persona: what stands where the table has nothing.
    defaults: BTreeMap<String, Value>,
    /// Words of the table that mean nothing, in any case: `NA`, `NULL`.
    nothing: BTreeSet<String>,
    /// Columns whose numbers are set to the nearest end of their range.
    clamp: BTreeSet<String>,
    /// How far the sum of three shares may be from 1, to be divided by it.
    sum_tolerance: Option<f64>,
}

/// What is done to a number.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Scale {
    /// Times this: `Factor(0.25)` makes a month's budget a week's.
    Factor(f64),
    /// This range becomes 0 to 1: `Range(min: 1, max: 5)` of a questionnaire.
    Range {
        /// Becomes 0.
        min: f64,
        /// Becomes 1.
        max: f64,
    },
}

impl Scale {
    fn of(self, number: f64) -> f64 {
        match self {
            Self::Factor(factor) => number * factor,
            Self::Range { min, max } => (number - min) / (max - min),
        }
    }

    fn is_possible(self) -> bool {
        match self {
            Self::Factor(factor) => factor.is_finite() && factor != 0.0,
            Self::Range { min, max } => min.is_finite() && max.is_finite() && min < max,
        }
    }
}

impl Mapping {
    /// The mapping in the file at `path`.
    pub fn read(path: &Path) -> Result<Self, RonError> {
        let origin = path.display().to_string();
        let unreadable = |cause: String| RonError {
            origin: origin.clone(),
            line: 1,
            column: 1,
            problem: format!("the mapping cannot be read: {cause}"),
        };
        let text = bounded_file::text(path, WRITTEN_BYTES_MAX);
        let text = text.map_err(|unread| unreadable(unread.to_string()))?;
        Self::parse(&origin, &text)
    }

    /// The mapping in `text`, which came from `origin`.
    pub fn parse(origin: &str, text: &str) -> Result<Self, RonError> {
        let written: Written = ron_text::parse(origin, text)?;
        let mapping = Self { origin: origin.to_owned(), places: keys::keys(text), written };
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), RonError> {
        let Written { columns, values, scale, defaults, nothing: _, clamp, sum_tolerance } =
            &self.written;
        let named = (columns.keys().map(|c| ("columns", c)))
            .chain(values.keys().map(|c| ("values", c)))
            .chain(scale.keys().map(|c| ("scale", c)))
            .chain(defaults.keys().map(|c| ("defaults", c)));
        for (section, column) in named {
            if !COLUMNS.contains(&column.as_str()) {
                return Err(self.error(section, column, &unknown(column)));
            }
        }
        for column in clamp {
            if range_of(column).is_none() {
                let problem = match COLUMNS.contains(&column.as_str()) {
                    true => format!("`{column}` holds no number; allowed: {}", NUMBERS.join(", ")),
                    false => format!("`{column}`: {}", unknown(column)),
                };
                return Err(self.error_at("clamp", &problem));
            }
        }
        if sum_tolerance.is_some_and(|off| !(0.0..=SUM_TOLERANCE_MAX).contains(&off)) {
            let allowed = format!("allowed: a number from 0 to {SUM_TOLERANCE_MAX}");
            return Err(self.error_at("sum_tolerance", &allowed));
        }
        for (column, scale) in scale {
            if !NUMBERS.contains(&column.as_str()) {
                let allowed = format!("it holds no number; allowed: {}", NUMBERS.join(", "));
                return Err(self.error("scale", column, &allowed));
            }
            if !scale.is_possible() {
                let allowed = "allowed: Factor(x) with x other than 0, Range(min: a, max: b) with \
                               a below b";
                return Err(self.error("scale", column, allowed));
            }
        }
        for (column, value) in defaults {
            if value.is_array() || value.is_object() || value.is_null() {
                return Err(self.error(
                    "defaults",
                    column,
                    "allowed: a text, a number, true, false",
                ));
            }
        }
        Ok(())
    }

    /// Refuses a mapping that names columns which a table with this header does not have.
    pub(super) fn check_sources(&self, table: &str, header: &[&str]) -> Result<(), RonError> {
        for (column, source) in &self.written.columns {
            if !header.contains(&source.as_str()) {
                let found = columns::found(header.iter().copied());
                let problem = format!("{table} has no column `{source}`; columns found: {found}");
                return Err(self.error("columns", column, &problem));
            }
        }
        Ok(())
    }

    fn error(&self, section: &str, column: &str, problem: &str) -> RonError {
        self.error_at(&format!("{section}.{column}"), problem)
    }

    fn error_at(&self, path: &str, problem: &str) -> RonError {
        let place = self.places.iter().find(|place| place.path == path);
        RonError {
            origin: self.origin.clone(),
            line: place.map_or(1, |place| place.line),
            column: place.map_or(1, |place| place.column),
            problem: format!("{path}: {problem}"),
        }
    }

    /// Whether rows with these columns have a value for `column`.
    pub(super) fn provides(&self, column: &str, has: impl Fn(&str) -> bool) -> bool {
        self.written.defaults.contains_key(column) || has(self.source(column))
    }

    /// The table's column for a persona's.
    pub(super) fn source<'a>(&'a self, column: &'a str) -> &'a str {
        self.written.columns.get(column).map_or(column, String::as_str)
    }

    /// The table's columns without a use among these.
    pub(super) fn unused(&self, fields: &Map<String, Value>) -> BTreeSet<String> {
        let used: BTreeSet<&str> = COLUMNS.iter().map(|column| self.source(column)).collect();
        fields.keys().filter(|name| !used.contains(name.as_str())).cloned().collect()
    }

    /// A persona's columns of a row, and what had to be changed for it.
    pub(super) fn apply(&self, fields: &Map<String, Value>) -> (Map<String, Value>, Vec<Mended>) {
        let mut row = Map::new();
        let mut mended = Vec::new();
        for column in COLUMNS.iter().copied() {
            let mut note = |mend, from: &Value, to: &Value| {
                mended.push(Mended { column, mend, from: text(from), to: text(to) });
            };
            let given = fields.get(self.source(column)).filter(|value| !is_empty(value));
            let given = given.filter(|value| {
                let is_nothing = self.is_nothing(value);
                if is_nothing {
                    note(Mend::Nothing, value, &Value::Null);
                }
                !is_nothing
            });
            let read = match (given, self.written.defaults.get(column)) {
                (Some(value), _) => self.scaled(column, self.translated(column, value.clone())),
                (None, Some(value)) => {
                    note(Mend::Default, &Value::Null, value);
                    value.clone()
                }
                (None, None) => continue,
            };
            let fitted = self.clamped(column, &read);
            if let Some(fitted) = &fitted {
                note(Mend::Clamp, &read, fitted);
            }
            let status = (column == STATUS).then(|| status_of(&read)).flatten();
            if let Some(status) = &status {
                note(Mend::Status, &read, status);
            }
            row.insert(column.to_owned(), fitted.or(status).unwrap_or(read));
        }
        let tolerance = self.written.sum_tolerance.unwrap_or(SUM_TOLERANCE);
        mended.extend(mending::normalise(&mut row, tolerance));
        (row, mended)
    }

    fn is_nothing(&self, value: &Value) -> bool {
        let word = value.as_str().unwrap_or_default().trim();
        self.written.nothing.iter().any(|nothing| nothing.eq_ignore_ascii_case(word))
    }

    /// The nearest end of its range, where the mapping wants it and the value lies outside.
    fn clamped(&self, column: &str, value: &Value) -> Option<Value> {
        let (from, to) = range_of(column).filter(|_| self.written.clamp.contains(column))?;
        let number = mending::number(value)?;
        let end = if number < from { from } else { to };
        (!(from..=to).contains(&number)).then(|| Value::String(end.to_string()))
    }

    fn translated(&self, column: &str, value: Value) -> Value {
        let Some(words) = self.written.values.get(column) else { return value };
        let text = text(&value);
        let meaning = |word: &str| {
            let is_it = |(known, _): &(&String, &String)| known.eq_ignore_ascii_case(word.trim());
            words.iter().find(is_it).map(|(_, meaning)| meaning.clone())
        };
        if column != LIST {
            return meaning(&text).map_or(value, Value::String);
        }
        // What can be read in two ways stays as it is: the row's reader refuses it.
        let Some(parts) = name_list::names(&text) else { return value };
        let parts = parts.into_iter().map(|part| Value::String(meaning(&part).unwrap_or(part)));
        Value::Array(parts.collect())
    }

    /// What is no number stays as it is: the row's reader says what is wrong with it.
    fn scaled(&self, column: &str, value: Value) -> Value {
        let Some(scale) = self.written.scale.get(column) else { return value };
        let scaled = mending::number(&value).map(|number| scale.of(number));
        let Some(scaled) = scaled.filter(|number| number.is_finite()) else { return value };
        let is_money = matches!(column, "weekly_budget" | "avg_cart_value");
        let is_whole = matches!(column, "age" | "household_size");
        Value::String(match (is_money, is_whole) {
            (true, _) => format!("{scaled:.2}"),
            (_, true) => format!("{scaled:.0}"),
            (false, false) => scaled.to_string(),
        })
    }
}

/// The status that a truth value says; a word is read by the row's reader.
fn status_of(value: &Value) -> Option<Value> {
    let status = match text(value).to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => AgentStatus::Active,
        "false" | "f" | "no" | "0" => AgentStatus::Inactive,
        _ => return None,
    };
    Some(Value::String(status.to_string()))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn unknown(column: &str) -> String {
    let edits = |known: &&str| strsim::damerau_levenshtein(column, known);
    let nearest = COLUMNS.iter().copied().min_by_key(|known| edits(known));
    match nearest.filter(|known| edits(known) <= SUGGESTION_EDITS_MAX) {
        Some(known) => format!("a persona has no such column; did you mean `{known}`?"),
        None => format!("a persona has no such column; allowed: {}", COLUMNS.join(", ")),
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod mapping_tests;
