//! CSV text to rows, whatever a spreadsheet made of it: other delimiters, decimal commas, headers
//! with capitals and spaces are read and told; what could be read in two ways is refused.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::columns::{self, COLUMNS, REQUIRED};
use super::csv_form::{Delimiter, Lines, check_quotes};
use super::mapping::{Mapping, NUMBERS};
use super::row::Place;
use super::row_reader::RowReader;
use super::{Imported, PersonaFileError, Reading};

/// Reads CSV text; `delimiter` where neither `how` nor the text says.
pub fn read_csv(
    origin: &str,
    text: &str,
    delimiter: Option<Delimiter>,
    how: &Reading,
) -> Result<Imported, PersonaFileError> {
    let (named, text, before) = match Delimiter::of_first_line(text) {
        Some((named, rest)) => (Some(named), rest, 1),
        None => (None, text, 0),
    };
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = how.delimiter.or(named).or(delimiter);
    let delimiter = delimiter.unwrap_or_else(|| Delimiter::of_header(first));
    check_quotes(origin, text, delimiter, before)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter.byte())
        .from_reader(text.as_bytes());
    let mut lines = Lines::of(text, before);
    let header_line = lines.at(0);
    let header = reader.headers().cloned().map_err(|error| PersonaFileError::Malformed {
        origin: origin.to_owned(),
        line: usize::try_from(header_line).unwrap_or(usize::MAX),
        column: 1,
        cause: cause_of(&error),
    })?;
    if header.iter().all(str::is_empty) {
        return Err(PersonaFileError::Empty { origin: origin.to_owned() });
    }
    let header = Header::of(&header, delimiter, &how.mapping);
    header.check(&format!("{origin}:{header_line}"), first, how)?;
    let mut rows = RowReader::new(origin, how);
    let shared: Arc<str> = Arc::from(origin);
    let mut commas = 0;
    for (record, number) in reader.records().zip(1..) {
        let position = match &record {
            Ok(record) => record.position(),
            Err(error) => error.position(),
        };
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok());
        let line = byte.map(|byte| lines.at(byte));
        let place = Place { origin: Arc::clone(&shared), line, record: number, agent: None };
        let fields = record.map_err(|error| cause_of(&error));
        rows.take(place, fields.map(|record| header.object(&record, &mut commas)))?;
    }
    let mut imported = rows.finish()?;
    if delimiter != Delimiter::Comma {
        imported.notes.push(format!("columns are separated by `{delimiter}`"));
    }
    if commas > 0 {
        imported.notes.push(format!("{commas} numbers have a decimal comma"));
    }
    imported.notes.extend(header.renamed);
    Ok(imported)
}

/// The columns of a file.
struct Header {
    names: Vec<String>,
    /// Of each column, whether it holds numbers that may have a decimal comma.
    has_commas: Vec<bool>,
    /// What separates them.
    delimiter: Delimiter,
    /// Names that were read as a persona's column although they are spelt otherwise.
    renamed: Vec<String>,
}

impl Header {
    fn of(header: &csv::StringRecord, delimiter: Delimiter, mapping: &Mapping) -> Self {
        let mut renamed = Vec::new();
        let is_source = |name: &str| COLUMNS.iter().any(|column| mapping.source(column) == name);
        let name = |raw: &str| {
            let plain = raw.to_lowercase().replace([' ', '-'], "_");
            let is_column = COLUMNS.contains(&plain.as_str()) && mapping.source(&plain) == plain;
            if is_source(raw) || !is_column {
                return raw.to_owned();
            }
            renamed.push(format!("column `{raw}` is read as {plain}"));
            plain
        };
        let names: Vec<String> = header.iter().map(name).collect();
        let is_number = |name: &String| NUMBERS.iter().any(|column| mapping.source(column) == name);
        let has_commas = names.iter().map(|n| delimiter != Delimiter::Comma && is_number(n));
        Self { has_commas: has_commas.collect(), names, delimiter, renamed }
    }

    /// Refuses a header with a name twice, and one that lacks a column.
    fn check(&self, place: &str, text: &str, how: &Reading) -> Result<(), PersonaFileError> {
        for (index, name) in self.names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if let Some(first) = self.names[..index].iter().position(|known| known == name) {
                let delimiter = char::from(self.delimiter.byte());
                let before = text.split(delimiter).take(index).map(|cell| cell.chars().count() + 1);
                let column: usize = if text.contains('"') { 1 } else { before.sum::<usize>() + 1 };
                return Err(PersonaFileError::DoubledColumn {
                    place: format!("{place}:{column}"),
                    column: name.clone(),
                    columns: (first + 1, index + 1),
                });
            }
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let origin = place.rsplit_once(':').map_or(place, |(origin, _)| origin);
        how.mapping.check_sources(origin, &names)?;
        let has = |name: &str| names.contains(&name);
        if let Some(column) = REQUIRED.iter().find(|name| !how.mapping.provides(name, has)) {
            let (found, by) = (columns::found(names), self.delimiter);
            let found = format!("{found} (separated by `{by}`; --delimiter names another)");
            return Err(PersonaFileError::NoColumn { origin: place.to_owned(), column, found });
        }
        Ok(())
    }

    fn object(&self, record: &csv::StringRecord, commas: &mut u64) -> Map<String, Value> {
        let cells = self.names.iter().zip(&self.has_commas).zip(record.iter());
        let named = cells.filter(|((name, _), _)| !name.is_empty());
        let value = |((name, has_commas), cell): ((&String, &bool), &str)| {
            let plain = if *has_commas { with_a_point(cell) } else { None };
            *commas += u64::from(plain.is_some());
            (name.clone(), Value::String(plain.unwrap_or_else(|| cell.to_owned())))
        };
        named.map(value).collect()
    }
}

/// A number with a decimal comma with a point in its place. `1,500` stays: with three digits behind
/// it a comma may as well stand between thousands.
fn with_a_point(cell: &str) -> Option<String> {
    let (whole, places) = cell.split_once(',')?;
    let bare = whole.trim_start_matches(['-', '+', '$', '€']);
    let is_number =
        [bare, places].iter().all(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let is_either = places.len() == 3 && bare.len() <= 3 && !bare.starts_with('0');
    (is_number && !is_either).then(|| cell.replacen(',', ".", 1))
}

/// The error without its place, which is said once, in front.
fn cause_of(error: &csv::Error) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return format!(
            "{len} columns, the header has {expected_len}; a value that holds the delimiter stands \
             in quotes"
        );
    }
    error.to_string()
}
