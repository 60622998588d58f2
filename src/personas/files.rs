//! Persona files: CSV with a header line, a JSON array, or one JSON object a line.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::columns::REQUIRED;
use super::row::{Place, read_rows};
use super::{Imported, PersonaFileError, Reading};

/// A persona file is not longer, bytes: 100,000 personas with long backstories.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Reads the personas of a file; its name's ending says whether it is CSV or JSON.
pub fn read_file(path: &Path, how: &Reading) -> Result<Imported, PersonaFileError> {
    let kind = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let read: fn(&str, &str, &Reading) -> Result<Imported, PersonaFileError> = match kind.as_deref()
    {
        Some("csv") => read_csv,
        Some("json" | "jsonl" | "ndjson") => read_json,
        Some(_) | None => return Err(PersonaFileError::UnknownKind { path: path.to_path_buf() }),
    };
    let text = read_text(path)?;
    let origin = path.display().to_string();
    read(&origin, text.strip_prefix('\u{feff}').unwrap_or(&text), how)
}

fn read_text(path: &Path) -> Result<String, PersonaFileError> {
    let fail = |cause: String| PersonaFileError::Io { path: path.to_path_buf(), cause };
    let length = fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fail(format!("{length} bytes are too many; {FILE_BYTES_MAX} are allowed")));
    }
    fs::read_to_string(path).map_err(|error| {
        let is_text = error.kind() != io::ErrorKind::InvalidData;
        fail(if is_text { error.to_string() } else { "the text is not UTF-8".to_owned() })
    })
}

/// Reads CSV text.
pub fn read_csv(origin: &str, text: &str, how: &Reading) -> Result<Imported, PersonaFileError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(malformed(origin, &error)),
    };
    if header.iter().all(str::is_empty) {
        return Err(PersonaFileError::Empty { origin: origin.to_owned() });
    }
    let names: Vec<&str> = header.iter().collect();
    how.mapping.check_sources(origin, &names)?;
    let has = |name: &str| names.contains(&name);
    if let Some(column) = REQUIRED.iter().find(|name| !how.mapping.provides(name, has)) {
        let found = header.iter().collect::<Vec<_>>().join(", ");
        return Err(PersonaFileError::NoColumn { origin: format!("{origin}:1"), column, found });
    }
    let shared: Arc<str> = Arc::from(origin);
    let rows = reader.into_records().zip(1..).map(|(record, number)| {
        let line = match &record {
            Ok(record) => record.position().map(csv::Position::line),
            Err(error) => error.position().map(csv::Position::line),
        };
        let place = Place { origin: Arc::clone(&shared), line, record: number, agent: None };
        let fields = record.map_err(|error| csv_cause(&error));
        (place, fields.map(|record| object(&header, &record)))
    });
    read_rows(origin, rows, how)
}

fn object(header: &csv::StringRecord, record: &csv::StringRecord) -> Map<String, Value> {
    let pairs = header.iter().zip(record.iter());
    pairs.map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect()
}

fn malformed(origin: &str, error: &csv::Error) -> PersonaFileError {
    let line = error.position().map_or(1, |p| usize::try_from(p.line()).unwrap_or(usize::MAX));
    let cause = csv_cause(error);
    PersonaFileError::Malformed { origin: origin.to_owned(), line, column: 1, cause }
}

/// The error without its place, which is said once, in front.
fn csv_cause(error: &csv::Error) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return format!("{len} columns, the header has {expected_len}");
    }
    error.to_string()
}

/// Reads JSON text: an array of objects, or one object a line.
pub fn read_json(origin: &str, text: &str, how: &Reading) -> Result<Imported, PersonaFileError> {
    let shared: Arc<str> = Arc::from(origin);
    if text.trim_start().starts_with('[') {
        let values: Vec<Value> =
            serde_json::from_str(text).map_err(|error| PersonaFileError::Malformed {
                origin: origin.to_owned(),
                line: error.line(),
                column: error.column(),
                cause: "this is no JSON array of objects".to_owned() + &cause_of(&error),
            })?;
        let rows = values.into_iter().zip(1..).map(|(value, record)| {
            (
                Place { origin: Arc::clone(&shared), line: None, record, agent: None },
                fields_of(value),
            )
        });
        return read_rows(origin, rows, how);
    }
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let rows = lines.zip(1..).map(|((line, number), record)| {
        let place = Place { origin: Arc::clone(&shared), line: Some(number), record, agent: None };
        let fields = serde_json::from_str::<Value>(line)
            .map_err(|e| format!("column {}: no JSON object{}", e.column(), cause_of(&e)))
            .and_then(fields_of);
        (place, fields)
    });
    read_rows(origin, rows, how)
}

/// Reads the rows of a table, as they come from a query; each is an object by column name.
pub fn read_table(
    table: &str,
    rows: Vec<Value>,
    how: &Reading,
) -> Result<Imported, PersonaFileError> {
    let columns = rows.first().and_then(Value::as_object);
    let missing = |fields: &Map<String, Value>| {
        let has = |name: &str| fields.contains_key(name);
        REQUIRED.iter().copied().find(|column| !how.mapping.provides(column, has))
    };
    if let Some(fields) = columns {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        how.mapping.check_sources(table, &names)?;
    }
    if let Some(column) = columns.and_then(missing) {
        let found = columns.into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>().join(", ");
        return Err(PersonaFileError::NoColumn { origin: table.to_owned(), column, found });
    }
    let shared: Arc<str> = Arc::from(table);
    let rows = rows.into_iter().zip(1..).map(|(value, record)| {
        let agent =
            value.get(how.mapping.source("agent_id")).and_then(Value::as_str).map(str::to_owned);
        (Place { origin: Arc::clone(&shared), line: None, record, agent }, fields_of(value))
    });
    read_rows(table, rows, how)
}

fn fields_of(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("a persona is a JSON object with a column's name before each value".to_owned())
        }
    }
}

fn cause_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let bare = text.rsplit_once(" at line ").map_or(text.as_str(), |(bare, _)| bare);
    format!(" ({bare})")
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod import_tests;
