//! A store under test with what a case needs around it.

use std::sync::Arc;

use actors::ports::store::Store;
use store::dry::DryStore;
use store::{Admin, StoreOpenError, StoreOptions, StoreUrl, open, open_to_read};

use crate::support::flows::{Owned, new_run, persona, wall};
use crate::support::{pgbouncer, postgres};

/// Agents every rig knows.
const AGENTS: usize = 4;

/// Poolers allow few clients: cases behind it take turns.
static POOLER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub struct Rig {
    pub store: Arc<dyn Store>,
    /// `None` for the dry store: it has no rows to count.
    pub admin: Option<Admin>,
    url: Option<StoreUrl>,
    _directory: Option<tempfile::TempDir>,
    _turn: Option<tokio::sync::MutexGuard<'static, ()>>,
}

impl Rig {
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/cartload.db", directory.path().display());
        Self { _directory: Some(directory), ..Self::opened(&url).await }
    }

    pub async fn postgres() -> Option<Self> {
        let port = postgres::shared()?;
        let database = postgres::fresh_database(port).await;
        Some(Self::opened(&format!("postgres://postgres@127.0.0.1:{port}/{database}")).await)
    }

    pub async fn pgbouncer() -> Option<Self> {
        let port = pgbouncer::shared()?;
        let turn = POOLER.lock().await;
        let database = postgres::fresh_database(postgres::shared()?).await;
        let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
        Some(Self { _turn: Some(turn), ..Self::opened(&url).await })
    }

    pub fn dry() -> Self {
        let store = DryStore::new((0..AGENTS).map(persona).collect());
        Self { store: Arc::new(store), admin: None, url: None, _directory: None, _turn: None }
    }

    async fn opened(url: &str) -> Self {
        let url = StoreUrl::parse(url).unwrap();
        let options = StoreOptions { pool_size: 25, ..StoreOptions::default() };
        let open = open(&url, &options).await.unwrap();
        assert!(open.admin.migrations_applied() > 0, "a fresh database");
        let personas = (0..AGENTS).map(persona).collect();
        let inserted = open.admin.insert_agents(personas, false, wall(0)).await.unwrap();
        assert_eq!(inserted, AGENTS as u64);
        let (admin, url) = (Some(open.admin), Some(url));
        Self { store: open.store, admin, url, _directory: None, _turn: None }
    }

    pub async fn run(&self) -> Owned {
        let run = new_run();
        let owned = Owned { run: run.run_id, owner: run.owner };
        self.store.open_run(run).await.unwrap();
        owned
    }

    /// Another handle to the same database, open to be looked at; `None` for the dry store.
    pub async fn reader(&self) -> Option<Result<Admin, StoreOpenError>> {
        let options = StoreOptions { pool_size: 2, ..StoreOptions::default() };
        Some(open_to_read(self.url.as_ref()?, &options).await)
    }

    /// How many rows `table` has of the run; `None` where there are no rows.
    pub async fn rows(&self, owned: Owned, table: &str) -> Option<u64> {
        let rows = self.admin.as_ref()?.count_rows(owned.run).await.unwrap();
        Some(rows.into_iter().find(|(name, _)| name == table).unwrap().1)
    }

    /// The number of rows that `FROM ... WHERE` finds of the run; `None` where there are no rows.
    pub async fn count(&self, owned: Owned, from: &str) -> Option<i64> {
        let sql = format!("SELECT 'n' AS name, COUNT(*) AS rows FROM {from} AND run_id = $1");
        Some(self.admin.as_ref()?.number(&sql, owned.run).await.unwrap())
    }

    pub async fn close(&self) {
        self.store.drain().await.unwrap();
        if let Some(admin) = &self.admin {
            admin.close().await;
        }
    }
}

/// Asserts an answer where there is one.
macro_rules! assert_rows {
    ($found:expr, $expected:expr) => {
        if let Some(found) = $found {
            assert_eq!(found, $expected, "{}", stringify!($found));
        }
    };
}
pub(super) use assert_rows;
