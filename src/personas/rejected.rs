//! What an import changed and left out, and why: counted by reason, and row by row.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::mending::{Change, Mend, MendCount, by_mend};
use super::{Imported, PersonaFileError, RowError};

/// Names the form of [`ImportReport`] in JSON.
pub const SCHEMA: &str = "cartload.import/1";

/// What became of the rows of a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImportReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Rows in all.
    pub rows: usize,
    /// Whether nothing was written: what is said is what would be.
    pub dry_run: bool,
    /// Written; in a dry run, fit to be.
    pub imported: u64,
    /// Of agents that are in the database and stay as they are.
    pub already_there: u64,
    /// Left out.
    pub rejected: Vec<RejectedRow>,
    /// Of them by reason and column, the most frequent first.
    pub by_reason: Vec<ReasonCount>,
    /// Values that were changed so that their rows fit.
    pub changed: Vec<ChangedValue>,
    /// Of them by kind and column, the most frequent first.
    pub by_change: Vec<MendCount>,
    /// Columns without a use.
    pub ignored_columns: Vec<String>,
    /// How the source was read, where it could have been read otherwise.
    pub notes: Vec<String>,
}

/// A value that was changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedValue {
    /// Its line, where the source has lines.
    pub line: Option<u64>,
    /// Its number among the rows, 1-based.
    pub record: u64,
    /// The agent, where the source has no order: a table.
    pub agent_id: Option<String>,
    /// The persona's column.
    pub column: &'static str,
    /// `default`, `clamp`, `normalise`, `status` or `nothing`.
    pub change: Mend,
    /// What the source had.
    pub from: String,
    /// What was taken.
    pub to: String,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RejectedRow {
    /// Its line, where the source has lines.
    pub line: Option<u64>,
    /// Its number among the rows, 1-based.
    pub record: u64,
    /// The persona's column at fault.
    pub column: Option<&'static str>,
    /// `missing`, `impossible`, `duplicate` or `unreadable`.
    pub reason: &'static str,
    /// In plain words.
    pub message: String,
    /// The row as the source has it.
    pub row: Value,
}

/// How often something was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// As in [`RejectedRow`].
    pub reason: &'static str,
    /// As in [`RejectedRow`].
    pub column: Option<&'static str>,
    /// Rows.
    pub rows: usize,
}

impl From<&RowError> for RejectedRow {
    fn from(error: &RowError) -> Self {
        Self {
            line: error.place.line,
            record: error.place.record,
            column: error.problem.column(),
            reason: error.problem.reason(),
            message: error.problem.to_string(),
            row: error
                .row
                .as_deref()
                .and_then(|row| serde_json::from_str(row).ok())
                .unwrap_or_default(),
        }
    }
}

impl From<&Change> for ChangedValue {
    fn from(Change { place, mended }: &Change) -> Self {
        Self {
            line: place.line,
            record: place.record,
            agent_id: place.agent.clone(),
            column: mended.column,
            change: mended.mend,
            from: mended.from.clone(),
            to: mended.to.clone(),
        }
    }
}

impl ImportReport {
    /// Of an import of which so many were `written`; `None` in a dry run.
    pub fn of(imported: &Imported, written: Option<u64>) -> Self {
        let personas = imported.personas.len();
        let (dry_run, written) = (written.is_none(), written.unwrap_or(personas as u64));
        let rejected: Vec<RejectedRow> = imported.skipped.iter().map(Into::into).collect();
        Self {
            schema: SCHEMA,
            rows: personas + rejected.len(),
            dry_run,
            imported: written,
            already_there: (personas as u64).saturating_sub(written),
            by_reason: by_reason(&imported.skipped),
            rejected,
            changed: imported.changes.iter().map(Into::into).collect(),
            by_change: by_mend(&imported.changes),
            ignored_columns: imported.ignored_columns.iter().cloned().collect(),
            notes: imported.notes.clone(),
        }
    }
}

/// How often each reason occurs, the most frequent first.
pub fn by_reason(errors: &[RowError]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<(&'static str, Option<&'static str>), usize> = BTreeMap::new();
    for error in errors {
        *counts.entry((error.problem.reason(), error.problem.column())).or_default() += 1;
    }
    let mut counts: Vec<ReasonCount> = counts
        .into_iter()
        .map(|((reason, column), rows)| ReasonCount { reason, column, rows })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.rows));
    counts
}

/// Writes the rows to a CSV file: `line,record,column,reason,message,row`, the row as JSON.
pub fn write(path: &Path, errors: &[RowError]) -> Result<(), PersonaFileError> {
    let fail = |cause: String| PersonaFileError::Io { path: path.to_path_buf(), cause };
    let mut writer = csv::Writer::from_path(path).map_err(|e| fail(e.to_string()))?;
    let header = ["line", "record", "column", "reason", "message", "row"];
    writer.write_record(header).map_err(|e| fail(e.to_string()))?;
    for error in errors {
        let rejected = RejectedRow::from(error);
        let cells = [
            rejected.line.map_or_else(String::new, |line| line.to_string()),
            rejected.record.to_string(),
            rejected.column.unwrap_or_default().to_owned(),
            rejected.reason.to_owned(),
            rejected.message,
            error.row.clone().unwrap_or_default(),
        ];
        writer.write_record(cells).map_err(|e| fail(e.to_string()))?;
    }
    writer.flush().map_err(|e| fail(e.to_string()))
}
