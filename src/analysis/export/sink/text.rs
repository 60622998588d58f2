//! CSV: a header, timestamps as RFC 3339, nothing for NULL. Texts are those of a shop and of
//! agents: a spreadsheet runs what begins like a formula, unless a sign stands before it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::Sink;
use crate::export::ExportError;
use crate::export::place::{Place, Written};
use crate::export::tables::Table;
use crate::export::value::{Row, Value, day_text, instant_text};

/// Writes CSV.
pub struct CsvSink {
    writer: csv::Writer<Place>,
    path: PathBuf,
    rows: u64,
    guards: bool,
}

impl CsvSink {
    /// Writes the header; with `guards` texts that begin like a formula get a sign before them.
    pub fn new(place: Place, table: &Arc<Table>, guards: bool) -> Result<Self, ExportError> {
        let path = place.path().to_owned();
        let mut writer = csv::WriterBuilder::new().from_writer(place);
        let header = writer.write_record(table.columns.iter().map(|column| column.name));
        header.map_err(|error| io(&path, error))?;
        Ok(Self { writer, path, rows: 0, guards })
    }
}

impl Sink for CsvSink {
    fn write(&mut self, rows: &[Row]) -> Result<(), ExportError> {
        for row in rows {
            for value in row {
                let field = match value {
                    Value::Null => self.writer.write_field(""),
                    Value::Bool(true) => self.writer.write_field("true"),
                    Value::Bool(false) => self.writer.write_field("false"),
                    Value::Integer(number) => self.writer.write_field(number.to_string()),
                    Value::Double(number) => self.writer.write_field(number.to_string()),
                    Value::Text(text) if self.guards && is_formula(text) => {
                        self.writer.write_field(format!("'{text}"))
                    }
                    Value::Text(text) => self.writer.write_field(text),
                    Value::Instant(at) => self.writer.write_field(instant_text(*at)),
                    Value::Day(day) => self.writer.write_field(day_text(*day)),
                };
                field.map_err(|error| io(&self.path, error))?;
            }
            let end = self.writer.write_record(None::<&[u8]>);
            end.map_err(|error| io(&self.path, error))?;
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Written>, ExportError> {
        self.writer.flush().map_err(ExportError::io(&self.path))?;
        let path = self.path.clone();
        let place = self.writer.into_inner().map_err(|error| ExportError::Io {
            path,
            source: std::io::Error::other(error.to_string()),
        })?;
        Ok(vec![place.finish(self.rows)?])
    }
}

/// Whether a spreadsheet runs it.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn io(path: &std::path::Path, error: csv::Error) -> ExportError {
    let text = error.to_string();
    // Its kind tells a reader that went away from a full disk.
    let source = if let csv::ErrorKind::Io(source) = error.into_kind() {
        source
    } else {
        std::io::Error::other(text)
    };
    ExportError::Io { path: path.to_owned(), source }
}

/// For sinks that write bytes.
pub fn write_all(place: &mut Place, bytes: &[u8]) -> Result<(), ExportError> {
    place.write_all(bytes).map_err(|source| ExportError::Io { path: place.path().into(), source })
}
