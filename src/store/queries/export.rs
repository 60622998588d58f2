//! Reading rows whose columns are known only to who asks, a page at a time.

use std::sync::Arc;

use diesel::sql_types::{Integer, Text, Timestamp};

use super::{Conn, Db, RunQueryDsl, dialect};
use crate::error::Answer;
use crate::rows::dynamic::DynamicRow;
use crate::rows::pages::{Page, PageRows, Step};
use crate::statement::{Bind, Statement};

/// The rows of a SELECT.
#[dialect]
pub async fn rows(c: &mut Conn, statement: Statement) -> Answer<Vec<DynamicRow>> {
    let mut query = diesel::sql_query(statement.sql()).into_boxed::<Db>();
    for value in statement.binds() {
        query = match value.clone() {
            Bind::Text(text) => query.bind::<Text, _>(text),
            Bind::Integer(number) => query.bind::<Integer, _>(number),
            Bind::Instant(at) => query.bind::<Timestamp, _>(at),
        };
    }
    Ok(query.load(c).await?)
}

/// The rows of each of several SELECTs, read at one moment; `step` is told which comes
/// next.
#[dialect]
pub async fn rows_of_each(
    c: &mut Conn,
    statements: Vec<Statement>,
    step: Step,
) -> Answer<Vec<Vec<DynamicRow>>> {
    let mut answers = Vec::with_capacity(statements.len());
    for (number, statement) in statements.into_iter().enumerate() {
        step(number);
        answers.push(rows(c, statement).await?);
    }
    Ok(answers)
}

/// Where a page ends, and its rows, read at one moment.
#[dialect]
pub async fn page(c: &mut Conn, page: Arc<dyn Page>) -> Answer<PageRows> {
    let end = rows(c, page.end()).await?.into_iter().next();
    let rows = rows(c, page.rows(end.as_ref())).await?;
    Ok(PageRows { rows, end })
}
