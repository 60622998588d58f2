//! Reading what only the asker knows the columns of: tables a page at a time, for exports, never
//! more than a page in memory; and the few rows of sums, for reports.

use std::sync::Arc;

use ports::store::StoreError;

pub use crate::rows::dynamic::{Cell, DynamicRow};
pub use crate::rows::pages::{Page, PageRows, Step};
pub use crate::statement::{Bind, Statement};

use super::{Admin, Backend, on_backend};

/// Which SQL a statement is written for, where both databases do not share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Admin {
    /// Which SQL the database speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.backend {
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The rows of a SELECT.
    pub async fn rows(&self, statement: Statement) -> Result<Vec<DynamicRow>, StoreError> {
        on_backend!(self, call_audit, |c, q| q::rows(c, statement))
    }

    /// The rows of each of several SELECTs, read at one moment.
    pub async fn rows_of_each(
        &self,
        statements: Vec<Statement>,
        step: Step,
    ) -> Result<Vec<Vec<DynamicRow>>, StoreError> {
        on_backend!(self, call_audit, |c, q| q::rows_of_each(c, statements, step))
    }

    /// A page.
    pub async fn page(&self, page: Arc<dyn Page>) -> Result<PageRows, StoreError> {
        on_backend!(self, call_audit, |c, q| q::page(c, page))
    }
}
