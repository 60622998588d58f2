//! A statement with its values, for reading what no row type describes.
//!
//! A place is numbered when its value is added: SQLite numbers `$n` by first appearance.

use chrono::NaiveDateTime;

use super::rows::dynamic::Cell;

/// A value of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// Text.
    Text(String),
    /// A column of type INTEGER.
    Integer(i32),
    /// A timestamp.
    Instant(NaiveDateTime),
}

/// A SELECT and the values of its places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    sql: String,
    binds: Vec<Bind>,
}

impl Statement {
    /// Text that names its places itself: `$1` is the first of the values and appears first. It
    /// must hold nothing of an operator's.
    pub fn of(sql: impl Into<String>, binds: Vec<Bind>) -> Self {
        Self { sql: sql.into(), binds }
    }

    /// Adds text; it must hold nothing of an operator's.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a place with its value.
    pub fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self.sql.push('$');
        self.sql.push_str(&self.binds.len().to_string());
        self
    }

    /// Adds `($n, $m, ...)`.
    pub fn bind_list(&mut self, values: impl IntoIterator<Item = Bind>) -> &mut Self {
        self.push("(");
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")")
    }

    /// The text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, in the order of their places.
    pub fn binds(&self) -> &[Bind] {
        &self.binds
    }
}

impl Bind {
    /// The value to compare a column with that held this cell; `None` for what no key holds.
    pub fn of_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Text(text) => Some(Self::Text(text.clone())),
            Cell::Integer(number) => i32::try_from(*number).ok().map(Self::Integer),
            Cell::Instant(at) => Some(Self::Instant(*at)),
            Cell::Null | Cell::Bool(_) | Cell::Double(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_as_they_appear() {
        let mut statement = Statement::default();
        statement.push("a = ").bind(Bind::Integer(1)).push(" AND b IN ");
        statement.bind_list([Bind::Text("x".into()), Bind::Text("y".into())]);
        assert_eq!(statement.sql(), "a = $1 AND b IN ($2, $3)");
        assert_eq!(statement.binds().len(), 3);
    }
}
