//! Personas that an operator brings along: read from CSV, JSON or a table's rows, and written back.
//!
//! All three sources become JSON objects by column name and pass through one reader, so a broken
//! value is named the same way wherever it comes from.

pub(crate) mod columns;
pub(crate) mod csv_form;
pub(crate) mod csv_rows;
pub(crate) mod describe;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod json_rows;
pub(crate) mod mapping;
pub(crate) mod mending;
pub(crate) mod name_list;
pub(crate) mod ranges;
pub(crate) mod rejected;
pub(crate) mod row;
pub(crate) mod row_reader;

use std::collections::BTreeSet;
use std::path::PathBuf;

use self::csv_form::Delimiter;
use self::mapping::Mapping;
use self::mending::Change;
use actors::domain::persona::Persona;

pub use self::export::to_json;
pub use self::files::read_file;
pub use self::row::Place;

/// What to do with a row that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBroken {
    /// Take nothing at all.
    Refuse,
    /// Leave it out, list it and take the others (`--skip-bad`).
    Skip,
}

/// How a source is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What a broken row does.
    pub on_broken: OnBroken,
    /// What its columns mean.
    pub mapping: Mapping,
    /// What separates the columns of a CSV file; `None` where the file says it.
    pub delimiter: Option<Delimiter>,
}

impl From<OnBroken> for Reading {
    /// Columns have a persona's names.
    fn from(on_broken: OnBroken) -> Self {
        Self { on_broken, mapping: Mapping::default(), delimiter: None }
    }
}

/// The personas of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// In the order of the source; each agent_id once.
    pub personas: Vec<Persona>,
    /// What was changed of them so that they fit, in the same order.
    pub changes: Vec<Change>,
    /// Rows left out, each with its reason.
    pub skipped: Vec<RowError>,
    /// Columns that cartload has no use for, in alphabetical order.
    pub ignored_columns: BTreeSet<String>,
    /// How the source was read, where it could have been read otherwise; a sentence each.
    pub notes: Vec<String>,
}

/// Why one row was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct RowError {
    /// Which row.
    pub place: Place,
    /// What is wrong with it.
    pub problem: RowProblem,
    /// The row as the source has it, as a JSON object by its column names; `None` where it could
    /// not be split into columns.
    pub row: Option<String>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// A column that must be there is not, or is empty.
    #[error("{column} is missing; allowed: {allowed}{}", or_default(column))]
    Missing {
        /// Which.
        column: &'static str,
        /// What it may hold.
        allowed: &'static str,
    },
    /// A value that cannot be.
    #[error("{column} = {value} is impossible; allowed: {allowed}")]
    Impossible {
        /// Which.
        column: &'static str,
        /// The value, cut to 40 characters.
        value: String,
        /// What it may hold.
        allowed: String,
    },
    /// Two rows say the same where each must say something else.
    #[error("{column} {value} was given before, in {first}; each agent has its own")]
    Duplicate {
        /// Which.
        column: &'static str,
        /// The value.
        value: String,
        /// The row that said it first.
        first: Place,
    },
    /// The row itself cannot be read.
    #[error("{0}")]
    Unreadable(
        /// What was expected.
        String,
    ),
}

impl RowProblem {
    /// The column at fault, if it is one's.
    pub fn column(&self) -> Option<&'static str> {
        match self {
            Self::Missing { column, .. }
            | Self::Impossible { column, .. }
            | Self::Duplicate { column, .. } => Some(column),
            Self::Unreadable(_) => None,
        }
    }

    /// A word for the kind of problem.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Impossible { .. } => "impossible",
            Self::Duplicate { .. } => "duplicate",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What a mapping may say of an empty column; whose row it is nobody can say.
fn or_default(column: &str) -> String {
    match column {
        "agent_id" => String::new(),
        _ => format!("; `defaults: {{{column:?}: ...}}` in a mapping fills it"),
    }
}

/// Why a source was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PersonaFileError {
    /// It could not be read.
    #[error("{path}: {cause}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The mapping does not fit.
    #[error(transparent)]
    Mapping(
        /// Where in it, and why.
        #[from]
        text::ron_text::RonError,
    ),
    /// Neither CSV nor JSON by its name.
    #[error(
        "{path}: the name says neither CSV nor JSON; allowed endings: .csv, .tsv, .json, \
         .jsonl, .ndjson",
        path = path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// It has no rows.
    #[error("{origin}: there are no personas in it")]
    Empty {
        /// The file or table.
        origin: String,
    },
    /// More rows than there may be agents.
    #[error(
        "{origin}: more than {} rows; there are no more agents than that",
        row_reader::ROWS_MAX
    )]
    TooMany {
        /// The file or table.
        origin: String,
    },
    /// Two columns of a header have one name.
    #[error(
        "{place}: columns {} and {} of the header are both `{column}`; rename or remove one",
        columns.0, columns.1
    )]
    DoubledColumn {
        /// The file, its line and column.
        place: String,
        /// The name.
        column: String,
        /// Their numbers, 1-based.
        columns: (usize, usize),
    },
    /// The text as a whole is broken.
    #[error("{origin}:{line}:{column}: {cause}")]
    Malformed {
        /// The file.
        origin: String,
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// What was expected.
        cause: String,
    },
    /// A column that must be there is not in the header.
    #[error("{origin}: no column {column}; columns found: {found}")]
    NoColumn {
        /// The file's header or the table.
        origin: String,
        /// Which.
        column: &'static str,
        /// What is there.
        found: String,
    },
    /// The database has tables of its own only: a file.
    #[error(
        "--from-table {table}: only a Postgres database has tables to import from; name one with \
         --db or DATABASE_URL, read it from another one with --from URL --table {table}, or import \
         a file"
    )]
    NoTables {
        /// What was asked for.
        table: String,
    },
    /// The database has no such table.
    #[error(
        "{asked} {table}: there is no such table ({cause}); name it as TABLE or \
         SCHEMA.TABLE, spelt as in the database and without quotes"
    )]
    NoTable {
        /// The flag that asked.
        asked: &'static str,
        /// What was asked for.
        table: String,
        /// What the database said.
        cause: String,
    },
    /// Some rows are broken, and nothing was taken.
    #[error("{}", broken_text(errors, *rows))]
    Broken {
        /// Each broken row.
        errors: Vec<RowError>,
        /// Rows in all.
        rows: usize,
    },
}

/// How many broken rows an error lists.
const ERRORS_LISTED_MAX: usize = 20;

fn broken_text(errors: &[RowError], rows: usize) -> String {
    let mut lines: Vec<String> =
        errors.iter().take(ERRORS_LISTED_MAX).map(ToString::to_string).collect();
    if errors.len() > ERRORS_LISTED_MAX {
        lines.push(format!("... and {} more", errors.len() - ERRORS_LISTED_MAX));
    }
    lines.push(format!(
        "{} of {rows} rows are broken, nothing was taken; --skip-bad takes the others",
        errors.len()
    ));
    lines.join("\n")
}
