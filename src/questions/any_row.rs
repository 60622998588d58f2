//! A row of whatever columns a statement selects.
//!
//! SQLite keeps a bool as a number and a timestamp as text; who knows the column reads it as such.

use chrono::NaiveDateTime;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::{Pg, PgValue};
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::{BigInt, Bool, Double, Integer, SmallInt, Text, Timestamp};
use diesel::sqlite::{Sqlite, SqliteType};

/// One value as the database keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// Postgres only.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A fraction.
    Double(f64),
    /// Text, JSON, and SQLite's timestamps.
    Text(String),
    /// Postgres only.
    Instant(NaiveDateTime),
}

/// One row, its cells in the order of the SELECT.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyRow(
    /// The cells.
    pub Vec<Cell>,
);

impl QueryableByName<Sqlite> for AnyRow {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for at in 0..row.field_count() {
            let field = Row::get(row, at).ok_or("a column less than announced")?;
            let Some(value) = field.value() else {
                cells.push(Cell::Null);
                continue;
            };
            cells.push(match value.value_type() {
                None => Cell::Null,
                Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => {
                    Cell::Integer(FromSql::<BigInt, Sqlite>::from_sql(value)?)
                }
                Some(SqliteType::Float | SqliteType::Double) => {
                    Cell::Double(FromSql::<Double, Sqlite>::from_sql(value)?)
                }
                Some(SqliteType::Text) => Cell::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
                Some(SqliteType::Binary) => return Err("a blob, of which there are none".into()),
            });
        }
        Ok(Self(cells))
    }
}

impl QueryableByName<Pg> for AnyRow {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for at in 0..row.field_count() {
            let field = Row::get(row, at).ok_or("a column less than announced")?;
            cells.push(field.value().map_or(Ok(Cell::Null), pg_cell)?);
        }
        Ok(Self(cells))
    }
}

/// By the numbers of Postgres' own types, which never change.
fn pg_cell(value: PgValue<'_>) -> deserialize::Result<Cell> {
    Ok(match value.get_oid().get() {
        16 => Cell::Bool(FromSql::<Bool, Pg>::from_sql(value)?),
        20 => Cell::Integer(FromSql::<BigInt, Pg>::from_sql(value)?),
        21 => Cell::Integer(i64::from(<i16 as FromSql<SmallInt, Pg>>::from_sql(value)?)),
        23 => Cell::Integer(i64::from(<i32 as FromSql<Integer, Pg>>::from_sql(value)?)),
        // text, varchar, json: the same bytes on the wire.
        25 | 114 | 1043 => Cell::Text(std::str::from_utf8(value.as_bytes())?.to_owned()),
        701 => Cell::Double(FromSql::<Double, Pg>::from_sql(value)?),
        1114 => Cell::Instant(FromSql::<Timestamp, Pg>::from_sql(value)?),
        other => return Err(format!("a column of Postgres type {other}, unused here").into()),
    })
}
