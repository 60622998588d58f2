//! A value as it leaves: typed, whatever the database made of it.
//!
//! Timestamps are microseconds since 1970 in UTC, on the simulated clock and on the wall's alike.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use questions::any_row::Cell;

use super::ExportError;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// 32 bits.
    Integer,
    /// 64 bits.
    BigInt,
    /// A double.
    Double,
    /// UTF-8.
    Text,
    /// One of a few words.
    Word,
    /// A uuid, as text outside of Parquet.
    Uuid,
    /// Texts, kept as a JSON array.
    Texts,
    /// UTF-8 that is JSON.
    Json,
    /// A timestamp, UTC, to the microsecond.
    Instant,
    /// A date.
    Day,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A fraction.
    Double(f64),
    /// Text or JSON.
    Text(String),
    /// Microseconds since 1970.
    Instant(i64),
    /// Days since 1970.
    Day(i32),
}

/// One row, its values in the order of the table's columns.
pub type Row = Vec<Value>;

impl Kind {
    /// The word for it in a data card.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Integer => "int32",
            Self::BigInt => "int64",
            Self::Double => "double",
            Self::Text => "string",
            Self::Word => "string (few words)",
            Self::Uuid => "uuid",
            Self::Texts => "list of strings",
            Self::Json => "string (JSON)",
            Self::Instant => "timestamp (UTC, microseconds)",
            Self::Day => "date",
        }
    }

    /// The value that a cell of a column of this kind means.
    pub fn read(self, table: &'static str, column: &str, cell: Cell) -> Result<Value, ExportError> {
        let value = match (self, cell) {
            (_, Cell::Null) => Value::Null,
            (Self::Bool, Cell::Bool(value)) => Value::Bool(value),
            (Self::Bool, Cell::Integer(value @ (0 | 1))) => Value::Bool(value == 1),
            (Self::Integer | Self::BigInt, Cell::Integer(number)) => Value::Integer(number),
            (Self::Double, Cell::Double(number)) => Value::Double(number),
            // SQLite keeps 1.0 as 1 where it can.
            (Self::Double, Cell::Integer(number)) => Value::Double(number as f64),
            (Self::Text | Self::Word | Self::Uuid | Self::Texts | Self::Json, Cell::Text(text)) => {
                Value::Text(text)
            }
            (Self::Instant, Cell::Instant(at)) => Value::Instant(micros(at)),
            (Self::Instant, Cell::Text(text)) => match parse_instant(&text) {
                Some(at) => Value::Instant(at),
                None => return Err(self.unreadable(table, column, &text)),
            },
            (_, cell) => return Err(self.unreadable(table, column, &format!("{cell:?}"))),
        };
        Ok(value)
    }

    fn unreadable(self, table: &'static str, column: &str, given: &str) -> ExportError {
        ExportError::Unreadable {
            table,
            column: column.to_owned(),
            kind: self.as_str(),
            given: given.chars().take(60).collect(),
        }
    }
}

impl Value {
    /// The value as text, empty for nothing.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Double(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Instant(at) => instant_text(*at),
            Self::Day(day) => day_text(*day),
        }
    }

    /// A whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// An instant in microseconds, if it is one.
    pub fn instant(&self) -> Option<i64> {
        if let Self::Instant(at) = self { Some(*at) } else { None }
    }

    /// A day since 1970, if it is one.
    pub fn day(&self) -> Option<i32> {
        if let Self::Day(day) = self { Some(*day) } else { None }
    }

    /// Text, or nothing.
    pub fn of_text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }
}

/// Microseconds since 1970.
pub fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}

/// `2026-01-05T08:05:00.000000Z`.
pub fn instant_text(micros: i64) -> String {
    let Some(at) = DateTime::from_timestamp_micros(micros) else { return String::new() };
    // By hand: chrono's formatter takes as long as all else that is done with a row.
    let (date, time) = (at.date_naive(), at.time());
    let year = match u32::try_from(date.year()) {
        Ok(year) if year < 10_000 => year,
        Ok(_) | Err(_) => return at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    };
    let mut text = String::with_capacity(27);
    let parts = [
        (year, 4, '-'),
        (date.month(), 2, '-'),
        (date.day(), 2, 'T'),
        (time.hour(), 2, ':'),
        (time.minute(), 2, ':'),
        (time.second(), 2, '.'),
        (time.nanosecond() / 1_000, 6, 'Z'),
    ];
    for (number, digits, mark) in parts {
        for place in (0..digits).rev() {
            let digit = number / 10_u32.pow(place) % 10;
            text.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
        text.push(mark);
    }
    text
}

/// `2026-01-05`.
pub fn day_text(day: i32) -> String {
    NaiveDate::from_epoch_days(day).map_or_else(String::new, |date| date.to_string())
}

/// `2026-01-05 08:05:00`, with or without a fraction, as SQLite has it.
fn parse_instant(text: &str) -> Option<i64> {
    let fast = || {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| {
            bytes.get(from..to)?.iter().try_fold(0_u32, |sum, byte| {
                byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
            })
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
        let has_marks = marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark));
        if !has_marks {
            return None;
        }
        let fraction = match bytes.get(19..) {
            Some([]) => 0,
            Some([b'.', digits @ ..]) if digits.len() <= 6 => {
                let scale = 10_u32.pow(6 - u32::try_from(digits.len()).ok()?);
                number(20, bytes.len())? * scale
            }
            Some(_) | None => return None,
        };
        let date = NaiveDate::from_ymd_opt(
            i32::try_from(number(0, 4)?).ok()?,
            number(5, 7)?,
            number(8, 10)?,
        )?;
        date.and_hms_micro_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, fraction)
    };
    let slow = || text.parse::<NaiveDateTime>().ok();
    fast().or_else(slow).map(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_of_sqlite_are_read_to_the_microsecond() {
        for (text, expected) in [
            ("2026-01-05 08:05:00", "2026-01-05T08:05:00.000000Z"),
            ("2026-01-05 08:05:00.5", "2026-01-05T08:05:00.500000Z"),
            ("2026-09-01 12:00:00.123456", "2026-09-01T12:00:00.123456Z"),
            ("2026-09-01T12:00:00", "2026-09-01T12:00:00.000000Z"),
            ("1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(parse_instant(text).map(instant_text).as_deref(), Some(expected));
        }
        for text in ["", "2026-13-05 08:05:00", "2026-01-05 08:05", "yesterday"] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn an_instant_is_written_as_chrono_writes_it() {
        for micros in [0, 1, -1, 1_767_600_300_123_456, 253_402_300_799_999_999, i64::MAX / 100] {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            let expected = at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            assert_eq!(instant_text(micros), expected);
        }
    }

    #[test]
    fn a_cell_that_its_column_cannot_hold_is_named() {
        let read = |kind: Kind, cell| kind.read("orders", "total", cell);
        assert_eq!(read(Kind::Bool, Cell::Integer(1)).unwrap(), Value::Bool(true));
        assert_eq!(read(Kind::Double, Cell::Integer(2)).unwrap(), Value::Double(2.0));
        let error = read(Kind::Bool, Cell::Integer(2)).unwrap_err().to_string();
        assert!(error.contains("orders.total") && error.contains("boolean"), "{error}");
        assert!(read(Kind::Instant, Cell::Text("soon".into())).is_err());
        assert!(read(Kind::Integer, Cell::Text("7".into())).is_err());
    }
}
