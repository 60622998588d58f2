//! Seals: what a run's rows add up to, so that a row that is changed, lost or added afterwards is
//! found. The form that is hashed, the sums, and the chain; pure arithmetic.
//!
//! Of a row the values of its sealed columns are hashed, in a fixed order and a fixed text, which
//! [`VERSION`] names; neither keys of a layout nor how a database keeps a value are in it. Sums do
//! not depend on the order in which rows were written.

mod entry;
pub mod reading;
mod sums;
mod tables;

pub use self::entry::{Entry, Link, SealKind, SealRow, link_at};
pub use self::reading::SealedRow;
pub use self::sums::{Sum, Sums, TableSum};
pub use self::tables::Sealed;

use chrono::NaiveDateTime;
use domain::ids::RunId;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Question;

/// The form of the text that is hashed.
pub const VERSION: i32 = 1;

/// A row's text on its way into a hash. Values are told apart by their lengths, so that no two rows
/// have one text.
#[derive(Clone, Debug)]
pub struct RowText(Sha256);

impl RowText {
    /// The row of a table.
    pub fn of(table: Sealed) -> Self {
        let mut text = Self(Sha256::new());
        text.text(table.name());
        text
    }

    /// No value.
    pub fn nothing(&mut self) {
        self.0.update(b"~;");
    }

    /// Text, JSON as it is written included.
    pub fn text(&mut self, text: &str) {
        self.number(i64::try_from(text.len()).unwrap_or(i64::MAX));
        self.0.update(text.as_bytes());
        self.0.update(b";");
    }

    /// A whole number; a bool is 0 or 1.
    pub fn number(&mut self, number: i64) {
        self.0.update(number.to_string());
        self.0.update(b";");
    }

    /// A fraction: the shortest text that reads as it.
    pub fn fraction(&mut self, fraction: f64) {
        self.text(&format!("{fraction:?}"));
    }

    /// An instant, to the microsecond.
    pub fn instant(&mut self, at: NaiveDateTime) {
        self.number(at.and_utc().timestamp_micros());
    }

    /// What it adds to a sum.
    pub fn sum(self) -> Sum {
        Sum::of_hash(self.0.finalize().as_slice())
    }
}

/// A value as it is sealed.
pub trait SealedValue {
    /// Adds it to the text of its row.
    fn seal(&self, text: &mut RowText);
}

macro_rules! sealed_as {
    ($($type:ty => |$value:ident, $text:ident| $seal:expr;)+) => {
        $(impl SealedValue for $type {
            fn seal(&self, $text: &mut RowText) {
                let $value = self;
                $seal;
            }
        })+
    };
}

sealed_as! {
    &str => |value, text| text.text(value);
    String => |value, text| text.text(value);
    i32 => |value, text| text.number(i64::from(*value));
    i64 => |value, text| text.number(*value);
    bool => |value, text| text.number(i64::from(*value));
    f64 => |value, text| text.fraction(*value);
    NaiveDateTime => |value, text| text.instant(*value);
    Value => |value, text| text.text(&value.to_string());
    &Value => |value, text| text.text(&value.to_string());
}

impl<T: SealedValue> SealedValue for Option<T> {
    fn seal(&self, text: &mut RowText) {
        match self {
            Some(value) => value.seal(text),
            None => text.nothing(),
        }
    }
}

const ENTRIES: &str = "\
SELECT seq, version, kind, cycle, replay, CAST(sums AS TEXT) AS sums,
  CAST(agents AS TEXT) AS agents, chain, recorded_at
FROM seals WHERE run_id = {run} ORDER BY seq";

/// Every seal of a run, in the order of the chain.
pub fn entries(run: RunId) -> Question<SealRow> {
    Question::new("seals", ENTRIES).with("run", run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seal: impl Fn(&mut RowText)) -> Sum {
        let mut text = RowText::of(Sealed::Orders);
        seal(&mut text);
        text.sum()
    }

    #[test]
    fn values_that_read_alike_when_joined_are_other_rows() {
        let apart = row(|t| {
            "ab".seal(t);
            "c".seal(t);
        });
        let otherwise = row(|t| {
            "a".seal(t);
            "bc".seal(t);
        });
        assert_ne!(apart, otherwise);
        assert_ne!(row(|t| "1".seal(t)), row(|t| 1.seal(t)), "a text is no number");
        assert_ne!(row(|t| "".seal(t)), row(|t| None::<&str>.seal(t)), "empty is not nothing");
        assert_ne!(row(|t| "~".seal(t)), row(|t| None::<&str>.seal(t)));
    }

    #[test]
    fn an_instant_is_sealed_to_the_microsecond_as_both_databases_keep_it() {
        let at = |nanos| chrono::DateTime::from_timestamp(1_000, nanos).unwrap().naive_utc();
        assert_eq!(row(|t| at(1_999).seal(t)), row(|t| at(1_000).seal(t)));
        assert_ne!(row(|t| at(2_000).seal(t)), row(|t| at(1_999).seal(t)));
    }

    #[test]
    fn the_form_is_fixed() {
        let sum = row(|t| {
            "flow".seal(t);
            7_i32.seal(t);
            true.seal(t);
            None::<&str>.seal(t);
            0.1_f64.seal(t);
        });
        assert_eq!(sum.to_string(), "6c922f97adfdc98a286f245d1088da2c");
    }
}
