//! A page of rows whose columns only the asker knows, and how the next one is asked for.
//!
//! The key of a page is read before its rows: a page ends where the database says, not where a
//! count of rows would.

use std::sync::Arc;

use super::dynamic::DynamicRow;
use crate::statement::Statement;

/// What to read next.
pub trait Page: Send + Sync {
    /// Answers the key of the page's last row; no row where no full page is left.
    fn end(&self) -> Statement;
    /// The rows up to that key, or all that are left.
    fn rows(&self, end: Option<&DynamicRow>) -> Statement;
}

/// Is told the number of the SELECT that comes next, from 0; on the store's thread.
pub type Step = Arc<dyn Fn(usize) + Send + Sync>;

/// One page.
#[derive(Clone, Debug)]
pub struct PageRows {
    /// Its rows.
    pub rows: Vec<DynamicRow>,
    /// The key of its last row; `None`: nothing comes after it.
    pub end: Option<DynamicRow>,
}
