//! Opening the database that the settings name, for every subcommand in the same way.

use std::sync::Arc;

use actors::domain::behavior::Behavior;
use actors::domain::offer::Coupon;
use actors::domain::persona::Persona;
use actors::domain::population::{Archetypes, generate};
use anyhow::Result;
use shops::coupon_book;
use shops::practice_shop::catalog;
use store::{self, Admin, OpenStore, StoreOpenError, StoreOptions, StoreUrl};
use text::ron_text::{self, RonError};

use super::ExitCode;
use super::exit_code::WithCode;
use crate::config::Settings;
use crate::config::db_url::DbUrl;
use crate::data_dir::{DataDir, SQLITE_FILE};

/// Agents made where there are none (Q3.1).
pub const AGENTS_GENERATED: u32 = 372;

/// Connections of a command that asks one thing after the other.
const POOL_OF_A_COMMAND: u32 = 2;

/// The database, open and migrated. An error has code 6 and the fix.
pub async fn open(settings: &Settings, data: &DataDir) -> Result<OpenStore> {
    let url = match &settings.store.url {
        Some(url) => parsed(url)?,
        None => StoreUrl::Sqlite(data.sqlite_file()),
    };
    Ok(store::open(&url, &options(settings)?).await.code(ExitCode::Database)?)
}

/// As `open`, for a command that changes what is there and makes nothing that is not.
pub async fn open_existing(settings: &Settings) -> Result<Admin> {
    must_be_there(settings)?;
    let options = StoreOptions { pool_size: POOL_OF_A_COMMAND, pool_idle: 1, ..options(settings)? };
    Ok(store::open(&url(settings)?, &options).await.code(ExitCode::Database)?.admin)
}

/// The database, open to be looked at: nothing is written, no migration applied, no file made.
pub async fn open_to_read(settings: &Settings) -> Result<Admin> {
    let options = StoreOptions { pool_size: POOL_OF_A_COMMAND, pool_idle: 1, ..options(settings)? };
    Ok(store::open_to_read(&url(settings)?, &options).await.code(ExitCode::Database)?)
}

/// Refuses a SQLite file that is not there: opening it would make one.
pub fn must_be_there(settings: &Settings) -> Result<()> {
    match url(settings)? {
        StoreUrl::Sqlite(path) if !path.exists() => {
            Err(StoreOpenError::Missing { path }).code(ExitCode::Database).map_err(Into::into)
        }
        StoreUrl::Sqlite(_) | StoreUrl::Postgres(_) => Ok(()),
    }
}

/// Where it is, without making the data directory.
fn url(settings: &Settings) -> Result<StoreUrl> {
    match &settings.store.url {
        Some(url) => parsed(url),
        None => Ok(StoreUrl::Sqlite(settings.store.data_dir.join(SQLITE_FILE))),
    }
}

fn parsed(url: &DbUrl) -> Result<StoreUrl> {
    Ok(StoreUrl::parse(url.expose()).code(ExitCode::Database)?)
}

fn options(settings: &Settings) -> Result<StoreOptions> {
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

/// Personas from the archetypes that ship with cartload, for these categories or, where there are
/// none, the practice shop's.
pub fn generated(count: u32, categories: &[String]) -> Result<Vec<Persona>> {
    let text = include_str!("../../config/personas.ron");
    let archetypes: Archetypes = ron_text::parse("config/personas.ron", text)?;
    let categories = match categories {
        [] => practice_categories()?,
        given => given.to_vec(),
    };
    let count = usize::try_from(count)?;
    Ok(generate(count, &archetypes, &categories, &mut rand::rng()))
}

fn practice_categories() -> Result<Vec<String>, RonError> {
    let mut names: Vec<String> =
        catalog::builtin()?.products.into_iter().map(|product| product.category).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The preset of this name, or in this file.
pub fn preset(name: &str) -> Result<Arc<Behavior>> {
    let behavior = match name {
        "load" => ron_text::parse(
            "config/behavior/load.ron",
            include_str!("../../config/behavior/load.ron"),
        )?,
        "lifelike" => ron_text::parse(
            "config/behavior/lifelike.ron",
            include_str!("../../config/behavior/lifelike.ron"),
        )?,
        file => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| anyhow::anyhow!("preset {file}: {error}"))
                .code(ExitCode::Config)?;
            ron_text::parse(file, &text)?
        }
    };
    Ok(Arc::new(behavior))
}

/// The coupon definitions that the settings name.
pub fn coupons(settings: &Settings) -> Result<Arc<Vec<Coupon>>> {
    let coupons = match &settings.offers.coupons_file {
        Some(path) => coupon_book::read(path)?,
        None => coupon_book::builtin()?,
    };
    Ok(Arc::new(coupons))
}
