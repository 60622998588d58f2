//! Opening the database that the settings name, for every run and every command in the same way.

use serde_json::Value;
use store::{Admin, OpenStore, StoreOpenError, StoreOptions, StoreUrl, TableError};

use crate::config::Settings;
use crate::config::db_url::DbUrl;
use crate::data_dir::{DataDir, SQLITE_FILE};

/// Connections of a command that asks one thing after the other.
const POOL_OF_A_COMMAND: u32 = 2;

/// The database, open and migrated. An error says the fix.
pub async fn open(settings: &Settings, data: &DataDir) -> Result<OpenStore, StoreOpenError> {
    let url = match &settings.store.url {
        Some(url) => parsed(url)?,
        None => StoreUrl::Sqlite(data.sqlite_file()),
    };
    store::open(&url, &options(settings)?).await
}

/// As `open`, for a command that changes what is there and makes nothing that is not.
pub async fn open_existing(settings: &Settings) -> Result<Admin, StoreOpenError> {
    must_be_there(settings)?;
    Ok(store::open(&url(settings)?, &options_of_a_command(settings)?).await?.admin)
}

/// The database, open to be looked at: nothing is written, no migration applied, no file made.
pub async fn open_to_read(settings: &Settings) -> Result<Admin, StoreOpenError> {
    store::open_to_read(&url(settings)?, &options_of_a_command(settings)?).await
}

/// The rows of a table in the database at `url`, each as JSON by column name: nothing of cartload's
/// is looked for there.
pub async fn table(settings: &Settings, url: &str, table: &str) -> Result<Vec<Value>, TableError> {
    match StoreUrl::parse(url)? {
        StoreUrl::Postgres(url) => {
            store::table(&url, settings.store.ca_file.as_deref(), table).await
        }
        StoreUrl::Sqlite(_) => Err(StoreOpenError::Other {
            cause: "only a Postgres database has tables to import from".to_owned(),
        }
        .into()),
    }
}

/// Refuses a SQLite file that is not there: opening it would make one.
pub fn must_be_there(settings: &Settings) -> Result<(), StoreOpenError> {
    match url(settings)? {
        StoreUrl::Sqlite(path) if !path.exists() => Err(StoreOpenError::Missing { path }),
        StoreUrl::Sqlite(_) | StoreUrl::Postgres(_) => Ok(()),
    }
}

/// Where it is, without making the data directory.
fn url(settings: &Settings) -> Result<StoreUrl, StoreOpenError> {
    match &settings.store.url {
        Some(url) => parsed(url),
        None => Ok(StoreUrl::Sqlite(settings.store.data_dir.join(SQLITE_FILE))),
    }
}

fn parsed(url: &DbUrl) -> Result<StoreUrl, StoreOpenError> {
    StoreUrl::parse(url.expose())
}

fn options(settings: &Settings) -> Result<StoreOptions, StoreOpenError> {
    let migrate_url = match settings.store.migrate_url.as_ref().map(parsed).transpose()? {
        Some(StoreUrl::Postgres(url)) => Some(url),
        Some(StoreUrl::Sqlite(_)) | None => None,
    };
    Ok(StoreOptions {
        schema: settings.store.schema.clone(),
        pool_size: settings.store.pool_base + settings.store.pool_overflow,
        pool_idle: settings.store.pool_base,
        migrate_url,
        ca_file: settings.store.ca_file.clone(),
    })
}

fn options_of_a_command(settings: &Settings) -> Result<StoreOptions, StoreOpenError> {
    Ok(StoreOptions { pool_size: POOL_OF_A_COMMAND, pool_idle: 1, ..options(settings)? })
}
