//! Where rows go: a terminal, text, or Parquet; never more than one group of rows in memory.

pub(crate) mod jsonl;
pub(crate) mod parquet;
pub(crate) mod partitions;
pub mod terminal;
pub(crate) mod text;

use super::ExportError;
use super::place::Written;
use super::value::Row;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, at most 10,000 rows
    Table,
    /// Comma separated, with a header
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Typed columns, snappy
    Parquet,
}

impl Format {
    /// The word, which is also the file's extension.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// A run's simulated day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The run; `None` for a table without one.
    pub run_id: Option<String>,
    /// As `2026-01-05`; `None` for a table that is not read in the order of its days.
    pub day: Option<String>,
}

/// What takes rows.
pub trait Sink {
    /// Says where the rows that follow belong. Most sinks have one place.
    fn enter(&mut self, _: &Partition) -> Result<(), ExportError> {
        Ok(())
    }

    /// Takes rows.
    fn write(&mut self, rows: &[Row]) -> Result<(), ExportError>;

    /// No more rows come: what was written appears under its name, or not at all.
    fn finish(self: Box<Self>) -> Result<Vec<Written>, ExportError>;
}
