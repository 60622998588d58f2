//! Reading an order history in one pass: CSV with a header, or a JSON object a line.
//!
//! Customers are split by a stable hash: one half is fitted to, the other only scores.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use domain::stable_hash::{blend, share_of};
use serde_json::{Map, Value};

use super::columns::{Columns, ColumnsError, FIELDS, Field, Named};
use super::ledger::Ledger;
use super::line::{BadValue, Line};

/// Rows that may be broken, percent.
const BAD_PERCENT_MAX: u64 = 5;
/// Broken rows that are listed.
const BAD_LISTED_MAX: usize = 5;
/// Bytes of one row.
const ROW_BYTES_MAX: u64 = 1024 * 1024;
/// Rows between two words of progress.
const TOLD_EVERY: u64 = 100_000;
/// Purpose of the split.
const SPLIT: u64 = 0x6669_745f_6861_6c66;

/// Why a history is not read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be read.
    #[error("{origin}: {cause}")]
    Unreadable {
        /// The file.
        origin: String,
        /// What the system said.
        cause: String,
    },
    /// Its name says nothing of its form.
    #[error("{origin}: a history is a .csv, .tsv, .jsonl or .ndjson file")]
    UnknownKind {
        /// The file.
        origin: String,
    },
    /// Its columns cannot be told.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// Too much of it is broken.
    #[error(
        "{origin}: {bad} of {rows} rows are broken, allowed are 5 %; the first: {}",
        first.first().map_or("", String::as_str)
    )]
    TooManyBad {
        /// The file.
        origin: String,
        /// Broken ones.
        bad: u64,
        /// All.
        rows: u64,
        /// Some of them, with line, column and value.
        first: Vec<String>,
    },
    /// There is no row.
    #[error("{origin}: it has no row that can be read")]
    Empty {
        /// The file.
        origin: String,
    },
}

/// What was read.
#[derive(Debug)]
pub struct History {
    /// The half that is fitted to.
    pub fit: Ledger,
    /// The half that only scores.
    pub score: Ledger,
    /// Rows of the source.
    pub rows: u64,
    /// Broken ones, left out.
    pub bad: u64,
    /// Some of them, with line, column and value.
    pub bad_listed: Vec<String>,
    /// What there is a column for.
    pub columns: Columns,
}

/// Takes rows one after the other.
struct Reader<'t> {
    origin: String,
    history: History,
    told: &'t mut dyn FnMut(u64),
}

impl Reader<'_> {
    fn take(&mut self, place: u64, cells: &[&str; FIELDS]) {
        self.judge(place, Line::of(cells).map_err(|error: BadValue| error.to_string()));
    }

    fn judge(&mut self, place: u64, line: Result<Line, String>) {
        let history = &mut self.history;
        history.rows += 1;
        match line {
            Ok(line) if share_of(blend(line.customer, SPLIT)) < 0.5 => history.fit.take(&line),
            Ok(line) => history.score.take(&line),
            Err(error) => {
                history.bad += 1;
                if history.bad_listed.len() < BAD_LISTED_MAX {
                    history.bad_listed.push(format!("{}:{place}: {error}", self.origin));
                }
            }
        }
        if history.rows.is_multiple_of(TOLD_EVERY) {
            (self.told)(history.rows);
        }
    }

    fn finish(mut self) -> Result<History, HistoryError> {
        let History { rows, bad, .. } = self.history;
        if bad * 100 > rows * BAD_PERCENT_MAX {
            let first = self.history.bad_listed;
            return Err(HistoryError::TooManyBad { origin: self.origin, bad, rows, first });
        }
        if rows == bad {
            return Err(HistoryError::Empty { origin: self.origin });
        }
        self.history.fit.close();
        self.history.score.close();
        Ok(self.history)
    }
}

/// Reads a file; `told` hears the rows read so far now and then.
pub fn read(
    path: &Path,
    named: &Named,
    told: &mut dyn FnMut(u64),
) -> Result<History, HistoryError> {
    let origin = path.display().to_string();
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let unreadable = |cause: std::io::Error| HistoryError::Unreadable {
        origin: origin.clone(),
        cause: cause.to_string(),
    };
    let open = || File::open(path).map(BufReader::new).map_err(unreadable);
    match ending.as_deref() {
        Some("csv") => read_csv(&origin, open()?, b',', named, told),
        Some("tsv") => read_csv(&origin, open()?, b'\t', named, told),
        Some("jsonl" | "ndjson") => read_json(&origin, open()?, named, told),
        Some(_) | None => Err(HistoryError::UnknownKind { origin }),
    }
}

fn reader<'t>(origin: &str, columns: Columns, told: &'t mut dyn FnMut(u64)) -> Reader<'t> {
    let history = History {
        fit: Ledger::default(),
        score: Ledger::default(),
        rows: 0,
        bad: 0,
        bad_listed: Vec::new(),
        columns,
    };
    Reader { origin: origin.to_owned(), history, told }
}

/// Reads CSV with a header.
pub fn read_csv(
    origin: &str,
    text: impl Read,
    delimiter: u8,
    named: &Named,
    told: &mut dyn FnMut(u64),
) -> Result<History, HistoryError> {
    let unreadable = |cause: csv::Error| HistoryError::Unreadable {
        origin: origin.to_owned(),
        cause: cause.to_string(),
    };
    let mut csv = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
    let header: Vec<String> =
        csv.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
    let columns = Columns::of(origin, &header, named)?;
    let at = columns.0;
    let mut reader = reader(origin, columns, told);
    let mut record = csv::ByteRecord::new();
    while csv.read_byte_record(&mut record).map_err(unreadable)? {
        let place = record.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let mut cells = [""; FIELDS];
        let mut is_text = true;
        for (text, at) in cells.iter_mut().zip(at) {
            match std::str::from_utf8(cell(at)) {
                Ok(said) => *text = said,
                Err(_) => is_text = false,
            }
        }
        match is_text {
            true => reader.take(place, &cells),
            false => reader.judge(place, Err("the row is no UTF-8".to_owned())),
        }
    }
    reader.finish()
}

/// Reads a JSON object a line; the first one names the columns.
pub fn read_json(
    origin: &str,
    mut text: impl BufRead,
    named: &Named,
    told: &mut dyn FnMut(u64),
) -> Result<History, HistoryError> {
    let mut rows = None;
    let mut told = Some(told);
    let mut bytes = Vec::new();
    for place in 1.. {
        bytes.clear();
        let read = text.by_ref().take(ROW_BYTES_MAX).read_until(b'\n', &mut bytes);
        let read = read.map_err(|cause| HistoryError::Unreadable {
            origin: origin.to_owned(),
            cause: cause.to_string(),
        })?;
        if read == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let object = serde_json::from_slice::<Map<String, Value>>(&bytes);
        if rows.is_none()
            && let Ok(first) = &object
        {
            let names: Vec<String> = first.keys().cloned().collect();
            let columns = Columns::of(origin, &names, named)?;
            let Some(told) = told.take() else { continue };
            rows = Some((reader(origin, columns, told), names));
        }
        let Some((reader, names)) = rows.as_mut() else {
            let cause = format!("line {place}: the first row is no JSON object");
            return Err(HistoryError::Unreadable { origin: origin.to_owned(), cause });
        };
        match object {
            Ok(object) => {
                let texts = texts(&object, names, reader.history.columns.0);
                reader.take(place, &texts.each_ref().map(String::as_str));
            }
            Err(error) => reader.judge(place, Err(format!("no JSON object: {error}"))),
        }
    }
    match rows {
        Some((reader, _)) => reader.finish(),
        None => Err(HistoryError::Empty { origin: origin.to_owned() }),
    }
}

fn texts(
    object: &Map<String, Value>,
    names: &[String],
    at: [Option<usize>; FIELDS],
) -> [String; FIELDS] {
    at.map(|at| match at.and_then(|at| names.get(at)).and_then(|name| object.get(name)) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            value.to_string()
        }
    })
}

impl History {
    /// Whether a column stands for this.
    pub fn has(&self, field: Field) -> bool {
        self.columns.has(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<History, HistoryError> {
        read_csv("h.csv", text.as_bytes(), b',', &Named::default(), &mut |_| ())
    }

    #[test]
    fn five_percent_of_broken_rows_are_told_and_more_refuse_the_file() {
        let good = "c1,2026-06-01\n".repeat(19);
        let history = csv(&format!("customer,time\n{good},2026-06-01\n")).unwrap();
        assert_eq!((history.rows, history.bad), (20, 1));
        assert_eq!(history.bad_listed.len(), 1);
        assert!(history.bad_listed[0].starts_with("h.csv:21: customer = ``"));
        let good = "c1,2026-06-01\n".repeat(18);
        let error = csv(&format!("customer,time\n{good}c2,never\n")).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("h.csv: 1 of 19 rows are broken"), "{said}");
        assert!(said.contains("h.csv:20: time = `never`"), "{said}");
    }

    #[test]
    fn json_lines_say_what_csv_says() {
        let text = "{\"user_id\": 7, \"date\": \"2026-06-01\", \"price\": 2.5}\n\n\
                    {\"date\": \"2026-06-02\", \"user_id\": 7}\n";
        let json = read_json("h.jsonl", text.as_bytes(), &Named::default(), &mut |_| ()).unwrap();
        let csv = csv("user_id,date,price\n7,2026-06-01,2.5\n7,2026-06-02,\n").unwrap();
        assert_eq!((json.rows, json.bad), (2, 0));
        assert_eq!(json.fit.orders() + json.score.orders(), 2);
        assert_eq!(json.fit.orders(), csv.fit.orders());
        let none = read_json("h.jsonl", "7\n".as_bytes(), &Named::default(), &mut |_| ());
        assert!(none.is_err());
    }

    #[test]
    fn a_history_without_rows_is_none() {
        assert!(matches!(csv("customer,time\n"), Err(HistoryError::Empty { .. })));
    }
}
