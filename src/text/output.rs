//! Writing to stdout and stderr without dying of a closed pipe, and without a word that steers the
//! terminal: what is piped stays as it is.

use std::io::{self, IsTerminal, Write};

use crate::visible;

/// What an option that takes a file says for stdout.
pub const STDOUT: &str = "-";

/// Writes data and a line end to stdout. A reader that went away (`| head`) is no error.
pub fn data(text: &str) -> io::Result<()> {
    data_while_read(text).map(|_| ())
}

/// As [`data`]; false once the reader went away.
pub fn data_while_read(text: &str) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    let written = if stdout.is_terminal() {
        writeln!(stdout, "{}", visible::lines(text))
    } else {
        writeln!(stdout, "{text}")
    };
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a message to stderr; there is nowhere to complain if that fails.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible::lines(text));
}

/// Columns two spaces apart, each as wide as its widest cell; the last is not padded.
pub fn table(rows: &[Vec<String>]) -> String {
    let shown = |row: &Vec<String>| row.iter().map(|cell| visible::line(cell)).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_column_begin_below_each_other() {
        let rows = [vec!["a".into(), "bb".into()], vec!["ccc".into(), String::new()]];
        assert_eq!(table(&rows), "a    bb\nccc");
        let rows = [vec!["a\nb\u{202e}".into(), "c".into()], vec![String::new(), "d".into()]];
        assert_eq!(table(&rows), "a\\nb\\u{202e}  c\n              d");
    }
}
