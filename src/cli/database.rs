//! Opening the database that the settings name, for every subcommand in the same way.

use std::sync::Arc;

use actors::domain::behavior::Behavior;
use actors::domain::offer::Coupon;
use actors::domain::persona::Persona;
use actors::domain::population::{Archetypes, generate};
use anyhow::Result;

use super::ExitCode;
use super::exit_code::WithCode;
use crate::config::Settings;
use crate::config::db_url::DbUrl;
use crate::coupon_book;
use crate::data_dir::DataDir;
use crate::practice_shop::catalog;
use crate::ron_text::{self, RonError};
use crate::store::{self, OpenStore, StoreOptions, StoreUrl};

/// Agents made where there are none (Q3.1).
pub const AGENTS_GENERATED: u32 = 372;

/// The database, open and migrated. An error has code 6 and the fix.
pub async fn open(settings: &Settings, data: &DataDir) -> Result<OpenStore> {
    let parse = |url: &DbUrl| StoreUrl::parse(url.expose()).code(ExitCode::Database);
    let url = match &settings.store.url {
        Some(url) => parse(url)?,
        None => StoreUrl::Sqlite(data.sqlite_file()),
    };
    let migrate_url = match settings.store.migrate_url.as_ref().map(parse).transpose()? {
        Some(StoreUrl::Postgres(url)) => Some(url),
        Some(StoreUrl::Sqlite(_)) | None => None,
    };
    let options = StoreOptions {
        schema: settings.store.schema.clone(),
        pool_size: settings.store.pool_base + settings.store.pool_overflow,
        pool_idle: settings.store.pool_base,
        migrate_url,
        ca_file: settings.store.ca_file.clone(),
    };
    Ok(store::open(&url, &options).await.code(ExitCode::Database)?)
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
