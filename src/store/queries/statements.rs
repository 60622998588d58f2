//! The statements by subject, and beside them the parts of the port that ask for them. This file
//! and those it names are compiled once for each database.
//!
//! `#[dialect] async fn` is a plain function over SQLite, every `.await` taken out of it. One that
//! is forgotten is an error of the Postgres side alone.

mod agents;
mod cycles;
mod dead_runs;
mod flow;
mod flow_parts;
mod lost_orders;
mod memory;
mod offers;
mod runs;
mod seals;
mod summary;

pub use agents::*;
pub use dead_runs::*;
pub use lost_orders::*;
pub use runs::*;
pub use summary::*;

use super::{Adapter, Conn, Db, RunQueryDsl, acknowledged, answering, dialect};

/// Rows of one INSERT: the widest of these rows has 15 columns, and SQLite binds at most 32,766.
const ROWS_PER_INSERT: usize = 2_000;
/// Values of one IN list.
const VALUES_PER_LIST: usize = 10_000;
