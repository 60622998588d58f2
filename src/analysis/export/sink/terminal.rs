//! A table for people: the columns that tell something, cut to be read.

use std::sync::Arc;

use text::output;

use super::Sink;
use crate::export::ExportError;
use crate::export::place::Written;
use crate::export::tables::Table;
use crate::export::value::{Kind, Row, Value};

/// Rows that are kept to align their columns, at most.
pub const ROWS_MAX: u64 = 10_000;
/// Characters of a cell.
const CELL_CHARS_MAX: usize = 44;
/// The same in each row of a run, or said by another column.
const LEFT_OUT: [&str; 8] = [
    "run_id",
    "flow_id",
    "is_simulated",
    "is_replay",
    "recorded_at",
    "incarnation",
    "owner_token",
    "backstory",
];

/// Collects a table.
pub struct TerminalSink {
    table: Arc<Table>,
    rows: Vec<Vec<String>>,
}

impl TerminalSink {
    /// Begins with the heads.
    pub fn new(table: &Arc<Table>) -> Self {
        let heads = table.columns.iter().filter(|column| !LEFT_OUT.contains(&column.name));
        let heads = heads.map(|column| column.name.to_uppercase()).collect();
        Self { table: Arc::clone(table), rows: vec![heads] }
    }
}

impl Sink for TerminalSink {
    fn write(&mut self, rows: &[Row]) -> Result<(), ExportError> {
        for row in rows {
            let cells = row.iter().zip(&self.table.columns);
            let cells = cells.filter(|(_, column)| !LEFT_OUT.contains(&column.name));
            self.rows.push(cells.map(|(value, column)| cell(value, column.kind)).collect());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<Written>, ExportError> {
        output::data(&output::table(&self.rows)).map_err(ExportError::io("stdout"))?;
        Ok(Vec::new())
    }
}

fn cell(value: &Value, kind: Kind) -> String {
    let text = value.text();
    // A name from a shop must not steer the terminal.
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if kind == Kind::Instant && shown.len() > 19 {
        shown.truncate(19);
        shown = shown.replace('T', " ");
    }
    if shown.chars().count() > CELL_CHARS_MAX {
        shown = shown.chars().take(CELL_CHARS_MAX - 3).chain("...".chars()).collect();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_and_cannot_steer_the_terminal() {
        let text = Value::Text("\u{1b}[31mred\n".into());
        assert_eq!(cell(&text, Kind::Text), " [31mred ");
        assert_eq!(cell(&Value::Instant(0), Kind::Instant), "1970-01-01 00:00:00");
        let long = cell(&Value::Text("x".repeat(100)), Kind::Text);
        assert!(long.len() == CELL_CHARS_MAX && long.ends_with("..."), "{long}");
    }
}
