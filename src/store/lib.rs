//! The database: one set of queries over Postgres and SQLite, and a dry store for `--mock-db`.
//!
//! Opening applies the migrations. The actors get the port, the command line gets [`Admin`]; both
//! are handles to the same pool or thread.

pub mod admin;
mod asking;
pub mod dry;
mod error;
mod migrations;
mod open_error;
mod postgres;
mod queries;
mod rows;
mod schema;
pub mod shop_rows;
mod sqlite;
pub mod survey;
mod tally;
mod tls;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ports::store::Store;

pub use admin::Admin;
pub use open_error::{StoreOpenError, TableError};
pub use postgres::{holding, says_full, table};
pub use survey::{Survey, survey};
pub use url::{PostgresUrl, StoreUrl};

/// Coupons in a wallet at most.
const WALLET_CAP: i64 = 32;

/// How a Postgres database is opened; a file has no options.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The schema of all tables; default `cartload`.
    pub schema: String,
    /// Connections at most (Q2.2); default 125, lowered to half of what the server has free.
    pub pool_size: u32,
    /// Of these: what an operator set, lowered only to all that the server has free; default 0.
    pub pool_set: u32,
    /// A direct or session URL for migrations where the other goes through a transaction pooler
    /// (`CARTLOAD_MIGRATE_URL`). Its presence says that the other is pooled.
    pub migrate_url: Option<Box<PostgresUrl>>,
    /// The CA that signed the server's certificate, where the URL has no `sslrootcert`.
    pub ca_file: Option<PathBuf>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            schema: "cartload".into(),
            pool_size: 125,
            pool_set: 0,
            migrate_url: None,
            ca_file: None,
        }
    }
}

/// An open database.
#[derive(Clone)]
pub struct OpenStore {
    /// For the actors.
    pub store: Arc<dyn Store>,
    /// For the command line.
    pub admin: Admin,
    /// The pool, where there is one.
    pub pool: Option<PoolChoice>,
}

/// How many connections a pool has at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolChoice {
    /// So many.
    pub size: u32,
    /// For this reason.
    pub why: String,
}

impl fmt::Display for PoolChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool {}: {}", self.size, self.why)
    }
}

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A run or a change by an operator: the migrations are applied.
    Write,
    /// Looking only: nothing is written, not even a missing file or table.
    Read,
}

/// Opens the database and applies the migrations.
///
/// # Errors
/// Whatever an operator has to put right, with the fix.
pub async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<OpenStore, StoreOpenError> {
    open_for(Access::Write, url, options).await
}

/// Opens the database to look at it.
///
/// # Errors
/// As [`open`], and where the tables are not there or not those of this version.
pub async fn open_to_read(url: &StoreUrl, options: &StoreOptions) -> Result<Admin, StoreOpenError> {
    Ok(open_for(Access::Read, url, options).await?.admin)
}

/// The pool that this database would get, without opening it; `None` where there is none.
///
/// # Errors
/// Where the server cannot be asked.
pub async fn pool_choice(
    url: &StoreUrl,
    options: &StoreOptions,
) -> Result<Option<PoolChoice>, StoreOpenError> {
    match url {
        StoreUrl::Sqlite(_) => Ok(None),
        StoreUrl::Postgres(url) => postgres::pool_choice(url, options).await.map(Some),
    }
}

async fn open_for(
    access: Access,
    url: &StoreUrl,
    options: &StoreOptions,
) -> Result<OpenStore, StoreOpenError> {
    match url {
        StoreUrl::Sqlite(path) => {
            let (store, applied) = sqlite::SqliteStore::open(path.clone(), access).await?;
            let admin = Admin::sqlite(store.clone(), applied);
            Ok(OpenStore { store: Arc::new(store), admin, pool: None })
        }
        StoreUrl::Postgres(url) => {
            let schema = &options.schema;
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if schema.is_empty() || schema.len() > 63 || !schema.chars().all(legal) {
                let given = schema.chars().take(63).collect();
                return Err(StoreOpenError::BadSchema { given });
            }
            let (store, applied) = postgres::PostgresStore::open(url, options, access).await?;
            let admin = Admin::postgres(store.clone(), applied);
            let pool = Some(store.pool_choice());
            Ok(OpenStore { store: Arc::new(store), admin, pool })
        }
    }
}
