//! Persona files and tables: which reader reads what, and how much of it at most.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use text::bounded_file;

use super::columns::{self, REQUIRED};
use super::csv_form::Delimiter;
use super::row::Place;
use super::row_reader::RowReader;
use super::{Imported, PersonaFileError, Reading};

pub use super::csv_rows::read_csv;
pub use super::json_rows::read_json;

/// A persona file is not longer, bytes: 100,000 personas of 670 bytes, backstories included.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads the personas of a file; its name's ending says whether it is CSV or JSON.
pub fn read_file(path: &Path, how: &Reading) -> Result<Imported, PersonaFileError> {
    let kind = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let kind = match kind.as_deref() {
        Some("csv") => Kind::Csv(None),
        Some("tsv" | "tab") => Kind::Csv(Some(Delimiter::Tab)),
        Some("json" | "jsonl" | "ndjson") => Kind::Json,
        Some(_) | None => return Err(PersonaFileError::UnknownKind { path: path.to_path_buf() }),
    };
    let text = bounded_file::text(path, FILE_BYTES_MAX).map_err(|unread| PersonaFileError::Io {
        path: path.to_path_buf(),
        cause: unread.to_string(),
    })?;
    let origin = path.display().to_string();
    match kind {
        Kind::Csv(delimiter) => read_csv(&origin, &text, delimiter, how),
        Kind::Json => read_json(&origin, &text, how),
    }
}

/// What a file's name says of it.
enum Kind {
    Csv(Option<Delimiter>),
    Json,
}

/// Reads the rows of a table, as they come from a query; each is an object by column name.
pub fn read_table(
    table: &str,
    rows: Vec<Value>,
    how: &Reading,
) -> Result<Imported, PersonaFileError> {
    let first = rows.first().and_then(Value::as_object);
    let missing = |fields: &Map<String, Value>| {
        let has = |name: &str| fields.contains_key(name);
        REQUIRED.iter().copied().find(|column| !how.mapping.provides(column, has))
    };
    if let Some(fields) = first {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        how.mapping.check_sources(table, &names)?;
    }
    if let Some(column) = first.and_then(missing) {
        let found = columns::found(first.into_iter().flat_map(Map::keys).map(String::as_str));
        return Err(PersonaFileError::NoColumn { origin: table.to_owned(), column, found });
    }
    let shared: Arc<str> = Arc::from(table);
    let mut reader = RowReader::new(table, how);
    for (value, record) in rows.into_iter().zip(1..) {
        let agent =
            value.get(how.mapping.source("agent_id")).and_then(Value::as_str).map(str::to_owned);
        let place = Place { origin: Arc::clone(&shared), line: None, record, agent };
        let fields = match value {
            Value::Object(fields) => Ok(fields),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err("a row is an object by column name".to_owned()),
        };
        reader.take(place, fields)?;
    }
    reader.finish()
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod import_tests;

#[cfg(test)]
#[path = "foreign_file_tests.rs"]
mod foreign_file_tests;
