//! One question: its SQL with `{names}`, the values by name, and what it asks in words.
//!
//! A name may stand in the SQL more than once; it is numbered once. A piece of SQL can be given in
//! place of a value, where two questions differ by it: only text of the program itself can be one.

use std::marker::PhantomData;

use super::statement::{Bind, Statement};
use super::{Dialect, QuestionError};

/// A question that rows of `R` answer.
#[derive(Clone, Debug)]
pub struct Question<R> {
    says: &'static str,
    sql: &'static str,
    given: Vec<(&'static str, Given)>,
    row: PhantomData<fn() -> R>,
}

/// What stands for a name.
#[derive(Clone, Debug)]
enum Given {
    Value(Bind),
    /// For Postgres and for SQLite.
    Sql(&'static str, &'static str),
}

/// What was found of a name so far.
#[derive(Clone, Copy)]
enum Found {
    Not,
    /// Under this number; pieces of SQL have none.
    At(usize),
}

impl<R> Question<R> {
    /// Asks this, in words for a progress line.
    pub fn new(says: &'static str, sql: &'static str) -> Self {
        Self { says, sql, given: Vec::new(), row: PhantomData }
    }

    /// The value of `{name}`.
    pub fn with(mut self, name: &'static str, value: impl Into<Bind>) -> Self {
        self.given.push((name, Given::Value(value.into())));
        self
    }

    /// The SQL of `{name}`, which may name values.
    pub fn with_sql(self, name: &'static str, sql: &'static str) -> Self {
        self.with_dialects(name, sql, sql)
    }

    /// The SQL of `{name}` in each dialect.
    pub fn with_dialects(
        mut self,
        name: &'static str,
        postgres: &'static str,
        sqlite: &'static str,
    ) -> Self {
        self.given.push((name, Given::Sql(postgres, sqlite)));
        self
    }

    /// What is asked, in words.
    pub fn says(&self) -> &'static str {
        self.says
    }

    /// Its statement; every name of the SQL must be given, and every name given must be used.
    pub fn statement(&self, dialect: Dialect) -> Result<Statement, QuestionError> {
        let mut statement = Statement::saying(self.says);
        let mut found = vec![Found::Not; self.given.len()];
        statement.expand(self.sql, |out, name| {
            let at = self.place_of(name)?;
            match &self.given[at].1 {
                Given::Value(value) => found[at] = value_at(out, found[at], value),
                Given::Sql(postgres, sqlite) => {
                    found[at] = Found::At(0);
                    let sql = match dialect {
                        Dialect::Postgres => postgres,
                        Dialect::Sqlite => sqlite,
                    };
                    out.expand(sql, |out, name| {
                        let at = self.place_of(name)?;
                        let Given::Value(value) = &self.given[at].1 else {
                            return Err(self.missing(name));
                        };
                        found[at] = value_at(out, found[at], value);
                        Ok(())
                    })?;
                }
            }
            Ok(())
        })?;
        let unused = found.iter().position(|found| matches!(found, Found::Not));
        match unused {
            Some(at) => Err(QuestionError::Unknown { says: self.says, name: self.given[at].0 }),
            None => Ok(statement),
        }
    }

    fn place_of(&self, name: &str) -> Result<usize, QuestionError> {
        let place = self.given.iter().position(|(given, _)| *given == name);
        place.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> QuestionError {
        QuestionError::Missing { says: self.says, name: name.to_owned() }
    }
}

fn value_at(out: &mut Statement, found: Found, value: &Bind) -> Found {
    Found::At(match found {
        Found::Not => out.bind(value.clone()),
        Found::At(number) => out.again(number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(sql: &'static str) -> Question<()> {
        Question::new("a test", sql)
    }

    #[test]
    fn a_name_is_numbered_once_where_it_first_appears() {
        let asked = question("a < {until} AND r = {run} AND b > {until}");
        let asked = asked.with("run", "r1").with("until", 7_i64);
        let statement = asked.statement(Dialect::Sqlite).unwrap();
        assert_eq!(statement.sql(), "a < $1 AND r = $2 AND b > $1");
        assert_eq!(statement.binds(), [Bind::BigInt(7), Bind::Text("r1".into())]);
    }

    #[test]
    fn a_piece_of_sql_shares_the_numbers_and_knows_its_dialect() {
        let asked = question("{key}, r = {run}, {key}, {age}");
        let asked = asked.with("hour", 8).with("run", "r1").with_sql("key", "c + {hour}");
        let asked = asked.with_dialects("age", "EXTRACT(x)", "julianday(x)");
        let of = |dialect| asked.statement(dialect).unwrap().sql().to_owned();
        assert_eq!(of(Dialect::Postgres), "c + $1, r = $2, c + $1, EXTRACT(x)");
        assert_eq!(of(Dialect::Sqlite), "c + $1, r = $2, c + $1, julianday(x)");
    }

    #[test]
    fn a_name_that_was_not_given_and_one_that_is_not_there_are_errors() {
        let says = "a test";
        let missing = question("r = {run} AND a < {until}").with("run", "r1");
        let name = "until".to_owned();
        let error = missing.statement(Dialect::Sqlite).unwrap_err();
        assert_eq!(error, QuestionError::Missing { says, name });
        let unknown = question("r = {run}").with("run", "r1").with("untill", 7);
        let error = unknown.statement(Dialect::Postgres).unwrap_err();
        assert_eq!(error, QuestionError::Unknown { says, name: "untill" });
        let nested = question("{one}").with_sql("one", "{two}").with_sql("two", "1");
        assert!(nested.statement(Dialect::Sqlite).is_err(), "a piece names values only");
    }
}
