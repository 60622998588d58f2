//! Opening the database that the settings name, for every run and every command in the same way.

use serde_json::Value;
use store::{
    Admin, OpenStore, PoolChoice, StoreOpenError, StoreOptions, StoreUrl, Survey, TableError,
};

use crate::config::db_url::DbUrl;
use crate::config::store::{POOL_BASE, POOL_OVERFLOW, StoreSettings};
use crate::config::{Origin, Settings};
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

/// The pool that a run of these settings would get now; `None` where there is none.
pub async fn pool_choice(settings: &Settings) -> Result<Option<PoolChoice>, StoreOpenError> {
    store::pool_choice(&url(settings)?, &options(settings)?).await
}

/// What there is to know of it before a run; an error where the settings name none.
pub async fn survey(settings: &Settings) -> Result<Survey, StoreOpenError> {
    Ok(store::survey(&url(settings)?, &options(settings)?).await)
}

fn options(settings: &Settings) -> Result<StoreOptions, StoreOpenError> {
    let migrate_url = match settings.store.migrate_url.as_ref().map(parsed).transpose()? {
        Some(StoreUrl::Postgres(url)) => Some(url),
        Some(StoreUrl::Sqlite(_)) | None => None,
    };
    Ok(StoreOptions {
        schema: settings.store.schema.clone(),
        pool_size: settings.store.pool_base + settings.store.pool_overflow,
        pool_set: pool_set(settings),
        migrate_url,
        ca_file: settings.store.ca_file.clone(),
    })
}

fn options_of_a_command(settings: &Settings) -> Result<StoreOptions, StoreOpenError> {
    Ok(StoreOptions { pool_size: POOL_OF_A_COMMAND, pool_set: 0, ..options(settings)? })
}

/// What of the pool somebody asked for. `config init` and checkpoints write every default down:
/// there the default's number is nobody's wish.
fn pool_set(settings: &Settings) -> u32 {
    let StoreSettings { pool_base, pool_overflow, .. } = settings.store;
    let knobs = [
        ("store.pool_base", pool_base, POOL_BASE),
        ("store.pool_overflow", pool_overflow, POOL_OVERFLOW),
    ];
    let is_set = |(key, connections, default): &(&str, u32, u32)| {
        connections != default
            || match settings.origin_of(key) {
                Origin::Environment { .. } | Origin::Flag { .. } => true,
                Origin::Default
                | Origin::Profile { .. }
                | Origin::Preset { .. }
                | Origin::File { .. }
                | Origin::Checkpoint { .. } => false,
            }
    };
    knobs.iter().filter(|&knob| is_set(knob)).map(|(_, connections, _)| connections).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::Environment;
    use crate::config::{FileLayer, Sources, TEMPLATE};

    /// Of a run with these variables.
    fn set(variables: &[(&str, &str)]) -> u32 {
        let said = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = Environment::from_pairs(variables.iter().map(said));
        let sources = Sources { environment, ..Sources::default() };
        pool_set(&Settings::load(sources).unwrap())
    }

    /// Of a run with this config file.
    fn set_in_file(text: &str) -> u32 {
        let layer = text::ron_text::parse("cartload.ron", text).unwrap();
        let scenario = Some(FileLayer { layer, ..FileLayer::default() });
        pool_set(&Settings::load(Sources { scenario, ..Sources::default() }).unwrap())
    }

    #[test]
    fn a_default_is_nobodys_wish_wherever_it_is_written() {
        assert_eq!(set(&[]), 0);
        assert_eq!(set_in_file(TEMPLATE), 0, "as `config init` writes it");
        assert_eq!(set_in_file("(store: (pool_base: 8, pool_overflow: 75))"), 8);
        assert_eq!(set_in_file("(store: (pool_base: 51, pool_overflow: 74))"), 125);
    }

    #[test]
    fn what_a_variable_says_is_meant() {
        let (base, overflow) = ("CARTLOAD_DB_POOL_BASE", "CARTLOAD_DB_POOL_OVERFLOW");
        assert_eq!(set(&[(base, "50"), (overflow, "0")]), 50);
        assert_eq!(set(&[(base, "4"), (overflow, "4")]), 8);
        assert_eq!(set(&[(base, "4")]), 4);
    }
}
