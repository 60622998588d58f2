//! Every statement, written once and compiled twice: asynchronous for Postgres, plain for SQLite.
//!
//! Each function runs inside a transaction its caller began; none begins or ends one. What the
//! statements call `Conn`, `RunQueryDsl` and `dialect` is declared here and nowhere else.

/// The statements over a Postgres connection.
#[path = "queries"]
pub mod postgres {
    pub use statements::*;

    use diesel::pg::Pg as Db;
    use diesel_async::{AsyncPgConnection as Conn, RunQueryDsl};
    use maybe_async::must_be_async as dialect;

    #[path = "statements.rs"]
    mod statements;
}

/// The statements over a SQLite connection.
#[path = "queries"]
pub mod sqlite {
    pub use statements::*;

    use diesel::sqlite::Sqlite as Db;
    use diesel::{RunQueryDsl, SqliteConnection as Conn};
    use maybe_async::must_be_sync as dialect;

    #[expect(clippy::duplicate_mod, reason = "both databases read the same files")]
    #[path = "statements.rs"]
    mod statements;
}
