//! Every statement and the port over them, written once and compiled twice: asynchronous for
//! Postgres, plain for SQLite.
//!
//! Each function runs inside a transaction its caller began; none begins or ends one. What the two
//! databases do not share is declared here and nowhere else.

use futures::FutureExt;
use ports::failpoint::{self, Failpoint};
use ports::store::{StoreError, StoreFuture};

/// The statements over a Postgres connection.
#[path = "queries"]
pub mod postgres {
    pub use statements::*;

    use diesel::pg::Pg as Db;
    use diesel_async::{AsyncPgConnection as Conn, RunQueryDsl};
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use maybe_async::must_be_async as dialect;

    use super::acknowledged;
    use crate::postgres::PostgresStore as Adapter;

    #[path = "statements.rs"]
    mod statements;

    /// What a transaction of the adapter runs.
    pub fn answering<'c, T>(query: impl Future<Output = T> + Send + 'c) -> BoxFuture<'c, T> {
        query.boxed()
    }
}

/// The statements over a SQLite connection.
#[path = "queries"]
pub mod sqlite {
    pub use statements::*;

    use diesel::sqlite::Sqlite as Db;
    use diesel::{RunQueryDsl, SqliteConnection as Conn};
    use maybe_async::must_be_sync as dialect;

    use super::acknowledged;
    use crate::sqlite::SqliteStore as Adapter;

    #[expect(clippy::duplicate_mod, reason = "both databases read the same files")]
    #[path = "statements.rs"]
    mod statements;

    /// What a transaction of the adapter ran.
    pub fn answering<T>(answer: T) -> T {
        answer
    }
}

/// Comes by `point` between the COMMIT and its answer: an error there is an answer that was lost.
fn acknowledged<T: Send + 'static>(point: Failpoint, call: StoreFuture<T>) -> StoreFuture<T> {
    let answered = async move {
        let value = call.await?;
        failpoint::reach(point).map_err(|lost| StoreError::Unavailable(lost.to_string()))?;
        Ok(value)
    };
    answered.boxed()
}
