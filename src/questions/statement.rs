//! A SELECT with its values: the one place where values become `$1`, `$2`, and the one that looks
//! for `{places}` in a text.
//!
//! A place is numbered when it first appears: SQLite numbers `$n` so, whatever n is.

use chrono::NaiveDateTime;
use serde_json::Value;

use super::any_row::Cell;

/// A value of a statement, of the type that its place has.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// Text.
    Text(String),
    /// A column of type INTEGER.
    Integer(i32),
    /// A column of type BIGINT.
    BigInt(i64),
    /// A timestamp.
    Instant(NaiveDateTime),
    /// JSON.
    Json(Value),
}

/// A SELECT and the values of its places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    says: &'static str,
    sql: String,
    binds: Vec<Bind>,
}

impl Statement {
    /// One that asks this, in words.
    pub fn saying(says: &'static str) -> Self {
        Self { says, ..Self::default() }
    }

    /// What it asks, in words; empty where nobody said.
    pub fn says(&self) -> &'static str {
        self.says
    }

    /// Adds text; it must hold nothing of an operator's.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a place with its value; answers the place's number.
    pub fn bind(&mut self, value: Bind) -> usize {
        self.binds.push(value);
        self.again(self.binds.len())
    }

    /// Adds a place that has its value already.
    pub fn again(&mut self, number: usize) -> usize {
        self.sql.push('$');
        self.sql.push_str(&number.to_string());
        number
    }

    /// Adds `($n, $m, ...)`.
    pub fn bind_list(&mut self, values: impl IntoIterator<Item = Bind>) {
        self.push("(");
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")");
    }

    /// Adds a text, with what `fill` adds in place of each `{place}`.
    pub fn expand<E>(
        &mut self,
        template: &str,
        mut fill: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').unwrap_or((after, ""));
            self.push(before);
            fill(self, place)?;
            rest = after;
        }
        self.push(rest);
        Ok(())
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

/// A value as the type of its place.
macro_rules! bind_of {
    ($($given:ty: |$value:ident| $bind:expr;)*) => {
        $(impl From<$given> for Bind {
            fn from($value: $given) -> Self {
                $bind
            }
        })*
    };
}

bind_of! {
    &str: |text| Self::Text(text.to_owned());
    domain::ids::RunId: |run| Self::Text(run.to_string());
    i32: |number| Self::Integer(number);
    i64: |number| Self::BigInt(number);
    NaiveDateTime: |at| Self::Instant(at);
    Value: |json| Self::Json(json);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_as_they_appear() {
        let mut statement = Statement::default();
        statement.push("a = ").bind(Bind::Integer(1));
        statement.push(" AND b IN ");
        statement.bind_list([Bind::Text("x".into()), Bind::Text("y".into())]);
        assert_eq!(statement.sql(), "a = $1 AND b IN ($2, $3)");
        assert_eq!(statement.binds().len(), 3);
    }

    #[test]
    fn a_text_is_added_with_its_places_filled() {
        let mut statement = Statement::default();
        let filled = statement.expand("a {x y} b {z", |out, place| match place {
            "x y" => {
                out.push("1");
                Ok(())
            }
            other => Err(other.to_owned()),
        });
        assert_eq!((filled, statement.sql()), (Err("z".to_owned()), "a 1 b "));
    }
}
