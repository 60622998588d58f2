//! One line of an order history, read from the texts of its cells.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use domain::stable_hash::stable_hash_of;

use super::columns::{FIELDS, Field};

/// Epoch seconds from which on a number is one of milliseconds: the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// Units of one line that can be meant.
const UNITS_MAX: f64 = 100_000.0;
/// Price of one unit that can be meant.
const PRICE_MAX: f64 = 10_000_000.0;

/// A line of an order; names are kept as hashes only.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Who.
    pub customer: u64,
    /// When, local to the shop.
    pub at: NaiveDateTime,
    /// Whether `at` knows its hour.
    pub has_hour: bool,
    /// Which order, where a column says so.
    pub order: Option<u64>,
    /// What.
    pub product: Option<u64>,
    /// Its kind.
    pub category: Option<String>,
    /// Units, at least 1.
    pub units: u32,
    /// Of one unit, before what was taken off.
    pub price: Option<f64>,
    /// Whether something was taken off; `None` where no column says so.
    pub discounted: Option<bool>,
}

/// A value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} = `{value}` is impossible; allowed: {allowed}")]
pub struct BadValue {
    /// The column's meaning.
    pub column: Field,
    /// The text, cut to 40 characters.
    pub value: String,
    /// What it may be.
    pub allowed: &'static str,
}

/// The texts of one row by field; empty where there is none.
pub type Cells<'a> = [&'a str; FIELDS];

impl Line {
    /// Reads the cells; those of fields without a column are empty.
    pub fn of(cells: &Cells<'_>) -> Result<Self, BadValue> {
        let [customer, time, product, category, quantity, price, discount, order] =
            cells.map(str::trim);
        if customer.is_empty() {
            return Err(bad(Field::Customer, customer, "a name or number"));
        }
        let allowed = "an ISO date or time, YYYYMMDD, or epoch seconds or milliseconds";
        let (at, has_hour) = time_of(time).ok_or_else(|| bad(Field::Time, time, allowed))?;
        let number = |field, text: &str, max: f64, allowed| {
            let number = text.parse::<f64>().ok();
            let fits = number.filter(|n| (0.0..=max).contains(n));
            if text.is_empty() { Ok(None) } else { fits.map(Some).ok_or(bad(field, text, allowed)) }
        };
        let allowed = "1 to 100000 units (a return is no order: leave it out)";
        let units = number(Field::Quantity, quantity, UNITS_MAX, allowed)?.unwrap_or(1.0);
        if units < 1.0 {
            return Err(bad(Field::Quantity, quantity, allowed));
        }
        let price = number(Field::Price, price, PRICE_MAX, "a number from 0 to 10000000")?;
        let hash = |kind: &str, text: &str| (!text.is_empty()).then(|| stable_hash_of(kind, text));
        Ok(Self {
            customer: stable_hash_of("customer", customer),
            at,
            has_hour,
            order: hash("order", order),
            product: hash("product", product),
            category: (!category.is_empty()).then(|| category.chars().take(100).collect()),
            units: units as u32,
            price,
            discounted: discounted(discount)?,
        })
    }
}

fn bad(column: Field, value: &str, allowed: &'static str) -> BadValue {
    BadValue { column, value: value.chars().take(40).collect(), allowed }
}

fn discounted(text: &str) -> Result<Option<bool>, BadValue> {
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "t" | "yes" | "y" => Ok(Some(true)),
        "false" | "f" | "no" | "n" => Ok(Some(false)),
        // Some shops write what was taken off below zero.
        number => match number.parse::<f64>() {
            Ok(off) if off.is_finite() => Ok(Some(off != 0.0)),
            Ok(_) | Err(_) => Err(bad(Field::Discount, text, "a number, true or false")),
        },
    }
}

/// The instant, and whether it has an hour.
fn time_of(text: &str) -> Option<(NaiveDateTime, bool)> {
    let midnight = |date: NaiveDate| (date.and_time(NaiveTime::MIN), false);
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number && text.len() == 8 {
        return NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(midnight);
    }
    if is_number {
        let number: i64 = text.parse().ok()?;
        let ms = if number >= MILLISECONDS_FROM { number } else { number.checked_mul(1000)? };
        return DateTime::from_timestamp_millis(ms).map(|at| (at.naive_utc(), true));
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(midnight(date));
    }
    // An offset is the shop's own: its clock on the wall counts.
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some((at.naive_local(), true));
    }
    let forms =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|at| (at, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time: &str, quantity: &str, price: &str, discount: &str) -> Result<Line, BadValue> {
        Line::of(&["c", time, "p", "Dairy", quantity, price, discount, ""])
    }

    #[test]
    fn times_are_read_in_the_usual_forms() {
        for (text, expected, has_hour) in [
            ("2026-06-01T10:30:00", "2026-06-01T10:30:00", true),
            ("2026-06-01 10:30", "2026-06-01T10:30:00", true),
            ("2026-06-01T10:30:00+05:00", "2026-06-01T10:30:00", true),
            ("2026-06-01", "2026-06-01T00:00:00", false),
            ("19970103", "1997-01-03T00:00:00", false),
            ("1780309800", "2026-06-01T10:30:00", true),
            ("1780309800000", "2026-06-01T10:30:00", true),
        ] {
            let line = line(text, "", "", "").unwrap();
            let said = line.at.format("%Y-%m-%dT%H:%M:%S").to_string();
            assert_eq!((said.as_str(), line.has_hour), (expected, has_hour), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "99999999999999999999", "01.02.2026"] {
            assert_eq!(line(text, "", "", "").unwrap_err().column, Field::Time, "{text}");
        }
    }

    #[test]
    fn numbers_are_held_to_their_ranges_at_both_ends() {
        for (quantity, fits) in [
            ("0", false),
            ("0.9", false),
            ("1", true),
            ("100000", true),
            ("100001", false),
            ("-1", false),
            ("x", false),
        ] {
            assert_eq!(line("2026-06-01", quantity, "", "").is_ok(), fits, "{quantity}");
        }
        for (price, fits) in
            [("0", true), ("-0.01", false), ("10000000", true), ("10000001", false), ("NaN", false)]
        {
            assert_eq!(line("2026-06-01", "1", price, "").is_ok(), fits, "{price}");
        }
        for (text, expected) in
            [("", None), ("0", Some(false)), ("-0.40", Some(true)), ("yes", Some(true))]
        {
            assert_eq!(line("2026-06-01", "1", "1", text).unwrap().discounted, expected);
        }
        assert!(line("2026-06-01", "1", "1", "much").is_err());
    }
}
