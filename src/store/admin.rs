//! What the command line asks of a database beside the actors' port.
//!
//! The same queries, pool and thread as the store: an `Admin` is another handle, not another
//! connection.

pub mod audit;

use chrono::{NaiveDateTime, TimeDelta};
use domain::ids::{AgentId, OwnerToken, RunId};
use domain::persona::{AgentStatus, Persona};
use ports::store::StoreError;
use questions::runs::known;

pub use super::rows::agents::AgentFilter;
pub use super::rows::runs::{RunSummary, TakeOver};
pub use questions::runs::{KnownRun, OWNER_SILENCE_S};

use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;

/// The database as the command line sees it.
#[derive(Clone)]
pub struct Admin {
    pub(super) backend: Backend,
    migrations_applied: usize,
}

#[derive(Clone)]
pub(super) enum Backend {
    Postgres(PostgresStore),
    Sqlite(SqliteStore),
}

/// Runs the same query on whichever backend there is, within the time limit of `$call`.
macro_rules! on_backend {
    ($admin:expr, $call:ident, |$c:ident, $q:ident| $query:expr) => {
        match &$admin.backend {
            $crate::admin::Backend::Postgres(store) => {
                use $crate::queries::postgres as $q;
                store.$call(move |$c| $q::answering($query))
            }
            $crate::admin::Backend::Sqlite(store) => {
                use $crate::queries::sqlite as $q;
                store.$call(move |$c| $q::answering($query))
            }
        }
        .await
    };
}
use on_backend;

impl Admin {
    pub(super) fn postgres(store: PostgresStore, migrations_applied: usize) -> Self {
        Self { backend: Backend::Postgres(store), migrations_applied }
    }

    pub(super) fn sqlite(store: SqliteStore, migrations_applied: usize) -> Self {
        Self { backend: Backend::Sqlite(store), migrations_applied }
    }

    /// How many migrations were applied when the database was opened.
    pub fn migrations_applied(&self) -> usize {
        self.migrations_applied
    }

    /// Inserts agents, in place of all there are with `replace`; without it those that exist stay
    /// as they are. Answers how many were inserted.
    pub async fn insert_agents(
        &self,
        personas: Vec<Persona>,
        replace: bool,
        at: NaiveDateTime,
    ) -> Result<u64, StoreError> {
        on_backend!(self, call_long, |c, q| q::insert_agents(c, personas, replace, at))
    }

    /// The agents that pass the filter, ordered by id.
    pub async fn list_agents(&self, filter: AgentFilter) -> Result<Vec<Persona>, StoreError> {
        on_backend!(self, call_long, |c, q| q::list_agents(c, filter))
    }

    /// Sets the status of these agents; answers how many of them exist.
    pub async fn set_agent_status(
        &self,
        agents: Vec<AgentId>,
        status: AgentStatus,
        at: NaiveDateTime,
    ) -> Result<u64, StoreError> {
        on_backend!(self, call_long, |c, q| q::set_agent_status(c, agents, status, at))
    }

    /// How many agents there are of a status, or in all.
    pub async fn count_agents(&self, status: Option<AgentStatus>) -> Result<u64, StoreError> {
        on_backend!(self, call_long, |c, q| q::count_agents(c, status))
    }

    /// Every run, the newest first.
    pub async fn list_runs(&self) -> Result<Vec<KnownRun>, StoreError> {
        known(self).await
    }

    /// Runs with rows still active, whether or not their owner lives.
    pub async fn runs_with_active_rows(&self) -> Result<Vec<RunId>, StoreError> {
        on_backend!(self, call_long, |c, q| q::runs_with_active_rows(c))
    }

    /// What a run left behind; `None` for a run that is not there.
    pub async fn run_summary(&self, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        on_backend!(self, call_long, |c, q| q::run_summary(c, run))
    }

    /// How many rows each table has of this run.
    pub async fn count_rows(&self, run: RunId) -> Result<Vec<(String, u64)>, StoreError> {
        on_backend!(self, call_long, |c, q| q::count_rows(c, run))
    }

    /// Makes `owner` the run's owner by one conditional UPDATE, if the present owner has been
    /// silent for 120 s or is `dead` (the process whose lock file this one holds).
    pub async fn take_over(
        &self,
        run: RunId,
        owner: OwnerToken,
        dead: Option<OwnerToken>,
        at: NaiveDateTime,
    ) -> Result<TakeOver, StoreError> {
        let when = (dead, at - TimeDelta::seconds(OWNER_SILENCE_S), at);
        on_backend!(self, call_long, |c, q| q::take_over(c, run, owner, when))
    }

    /// A number that a `SELECT ... AS name, ... AS rows` answers for run `$1`.
    pub async fn number(&self, sql: &str, run: RunId) -> Result<i64, StoreError> {
        let sql = sql.to_owned();
        on_backend!(self, call_long, |c, q| q::number(c, sql, run))
    }

    /// Waits for what was accepted and closes the database; later calls answer `Closed`.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Postgres(store) => store.close().await,
            Backend::Sqlite(store) => store.close().await,
        }
    }
}
