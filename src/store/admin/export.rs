//! Reading what only the asker knows the columns of: tables a page at a time, for exports, never
//! more than a page in memory; and the few rows of sums, for reports.

use std::sync::Arc;

use actors::ports::store::StoreError;
use futures::FutureExt;

pub use crate::store::rows::dynamic::{Cell, DynamicRow};
pub use crate::store::rows::pages::{Page, PageRows, Step};
pub use crate::store::statement::{Bind, Statement};

use super::{Admin, Backend};
use crate::store::queries::{postgres, sqlite};

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
        match &self.backend {
            Backend::Postgres(store) => {
                store.call_audit(move |c| postgres::rows(c, statement).boxed()).await
            }
            Backend::Sqlite(store) => store.call_audit(move |c| sqlite::rows(c, statement)).await,
        }
    }

    /// The rows of each of several SELECTs, read at one moment.
    pub async fn rows_of_each(
        &self,
        statements: Vec<Statement>,
        step: Step,
    ) -> Result<Vec<Vec<DynamicRow>>, StoreError> {
        match &self.backend {
            Backend::Postgres(store) => {
                store.call_audit(move |c| postgres::rows_of_each(c, statements, step).boxed()).await
            }
            Backend::Sqlite(store) => {
                store.call_audit(move |c| sqlite::rows_of_each(c, statements, step)).await
            }
        }
    }

    /// A page.
    pub async fn page(&self, page: Arc<dyn Page>) -> Result<PageRows, StoreError> {
        match &self.backend {
            Backend::Postgres(store) => {
                store.call_audit(move |c| postgres::page(c, page).boxed()).await
            }
            Backend::Sqlite(store) => store.call_audit(move |c| sqlite::page(c, page)).await,
        }
    }
}
