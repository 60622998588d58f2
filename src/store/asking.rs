//! The store as whoever answers questions: each inquiry in one transaction, on either database.
//!
//! One inquiry is one call of the store, with time to look at every row of a run. On SQLite it has
//! the thread to itself meanwhile.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::result::Error;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer, Json, Text, Timestamp};
use diesel::sqlite::Sqlite;
use diesel::{SqliteConnection, sql_query};
use diesel_async::AsyncPgConnection;
use futures::FutureExt;
use ports::store::StoreError;
use questions::{Ask, Bind, Dialect, Inquiry, Moment, QuestionError, Row, Statement, at_hand};

use super::admin::{self, Admin};
use super::error::{Answer, Fault};

impl From<QuestionError> for Fault {
    fn from(error: QuestionError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl Ask for Admin {
    async fn at_once<I: Inquiry>(&self, inquiry: I) -> Result<I::Answers, StoreError> {
        match &self.backend {
            admin::Backend::Postgres(store) => {
                store.call_audit(|c| async { inquiry.read(&mut OnPostgres(c)).await }.boxed()).await
            }
            admin::Backend::Sqlite(store) => {
                store.call_audit(|c| at_hand(inquiry.read(&mut OnSqlite(c)))).await
            }
        }
    }
}

/// A transaction of Postgres.
struct OnPostgres<'c>(&'c mut AsyncPgConnection);

impl Moment for OnPostgres<'_> {
    type Fault = Fault;

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn rows<R: Row>(&mut self, statement: Statement) -> Answer<Vec<R>> {
        let rows = diesel_async::RunQueryDsl::load(bound::<Pg>(&statement), self.0).await;
        rows.map_err(|error| naming(&statement, error))
    }
}

/// A transaction of SQLite: it answers at once.
struct OnSqlite<'c>(&'c mut SqliteConnection);

impl Moment for OnSqlite<'_> {
    type Fault = Fault;

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn rows<R: Row>(&mut self, statement: Statement) -> Answer<Vec<R>> {
        let rows = diesel::RunQueryDsl::load(bound::<Sqlite>(&statement), self.0);
        std::future::ready(rows.map_err(|error| naming(&statement, error))).await
    }
}

/// What cannot be read is named by what was asked for: a database says no more than that.
fn naming(statement: &Statement, error: Error) -> Fault {
    if let Error::DeserializationError(why) = &error
        && !statement.says().is_empty()
    {
        return Fault::Unreadable(format!("{}: a row cannot be read: {why}", statement.says()));
    }
    Fault::from(error)
}

pub(crate) fn bound<DB>(statement: &Statement) -> BoxedSqlQuery<'static, DB, SqlQuery>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<Integer> + HasSqlType<BigInt>,
    DB: HasSqlType<Timestamp> + HasSqlType<Json>,
    String: ToSql<Text, DB>,
    i32: ToSql<Integer, DB>,
    i64: ToSql<BigInt, DB>,
    chrono::NaiveDateTime: ToSql<Timestamp, DB>,
    serde_json::Value: ToSql<Json, DB>,
{
    let query = sql_query(statement.sql()).into_boxed::<DB>();
    statement.binds().iter().fold(query, |query, value| match value.clone() {
        Bind::Text(text) => query.bind::<Text, _>(text),
        Bind::Integer(number) => query.bind::<Integer, _>(number),
        Bind::BigInt(number) => query.bind::<BigInt, _>(number),
        Bind::Instant(at) => query.bind::<Timestamp, _>(at),
        Bind::Json(json) => query.bind::<Json, _>(json),
    })
}
