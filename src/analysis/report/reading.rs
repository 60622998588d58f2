//! From the cells of an answer to numbers, naming the column that holds what it cannot.

use std::vec::IntoIter;

use chrono::{DateTime, NaiveDateTime};
use store::admin::export::{Cell, DynamicRow};

use crate::export::ExportError;
use crate::export::value::{Kind, Value};

/// One row, read from left to right.
#[derive(Debug)]
pub struct Cells {
    table: &'static str,
    cells: IntoIter<Cell>,
}

impl Cells {
    /// The cells of a row of this table.
    pub fn of(table: &'static str, row: DynamicRow) -> Self {
        Self { table, cells: row.0.into_iter() }
    }

    /// The cells of the only row; every cell of a missing one is NULL.
    pub fn of_first(table: &'static str, rows: Vec<DynamicRow>) -> Self {
        let row = rows.into_iter().next().map_or(Vec::new(), |row| row.0);
        Self { table, cells: row.into_iter() }
    }

    fn next(&mut self, kind: Kind, column: &str) -> Result<Value, ExportError> {
        kind.read(self.table, column, self.cells.next().unwrap_or(Cell::Null))
    }

    /// A whole number; NULL, which is what no rows sum up to, is 0.
    pub fn integer(&mut self, column: &str) -> Result<i64, ExportError> {
        Ok(self.next(Kind::BigInt, column)?.integer().unwrap_or(0))
    }

    /// As [`Cells::integer`], of what cannot be below zero.
    pub fn count(&mut self, column: &str) -> Result<u64, ExportError> {
        Ok(u64::try_from(self.integer(column)?).unwrap_or(0))
    }

    /// A fraction.
    pub fn number(&mut self, column: &str) -> Result<Option<f64>, ExportError> {
        let value = self.next(Kind::Double, column)?;
        Ok(if let Value::Double(number) = value { Some(number) } else { None })
    }

    /// Text, or nothing.
    pub fn text(&mut self, column: &str) -> Result<Option<String>, ExportError> {
        let value = self.next(Kind::Text, column)?;
        Ok(if let Value::Text(text) = value { Some(text) } else { None })
    }

    /// A timestamp, or nothing.
    pub fn instant(&mut self, column: &str) -> Result<Option<NaiveDateTime>, ExportError> {
        let micros = self.next(Kind::Instant, column)?.instant();
        Ok(micros.and_then(DateTime::from_timestamp_micros).map(|at| at.naive_utc()))
    }
}

/// One of two numbers as a share; `None` of nothing.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
