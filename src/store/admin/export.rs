//! Reading tables a page at a time, for exports: never more than a page is in memory.

use std::sync::Arc;

use actors::ports::store::StoreError;
use futures::FutureExt;

pub use crate::store::rows::dynamic::{Cell, DynamicRow};
pub use crate::store::statement::{Bind, Statement};

use super::{Admin, Backend};
use crate::store::queries::{postgres, sqlite};

/// What to read next.
pub trait Page: Send + Sync {
    /// Answers the key of the page's last row; no row where no full page is left.
    fn end(&self) -> Statement;
    /// The rows up to that key, or all that are left.
    fn rows(&self, end: Option<&DynamicRow>) -> Statement;
}

/// One page.
#[derive(Clone, Debug)]
pub struct PageRows {
    /// Its rows.
    pub rows: Vec<DynamicRow>,
    /// The key of its last row; `None`: nothing comes after it.
    pub end: Option<DynamicRow>,
}

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
