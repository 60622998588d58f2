//! Where data goes.

use std::path::PathBuf;

use super::concern::concern;
use super::db_url::DbUrl;

/// Connections at most, unless somebody says more or less (Q2.2).
pub(crate) const POOL_BASE: u32 = 50;
/// And so many beyond these (Q2.2).
pub(crate) const POOL_OVERFLOW: u32 = 75;

concern!(
    /// `store`: the data directory and the database.
    StoreSettings, "store" {
        /// `store.data_dir`, default `./data`: the SQLite file, checkpoints and the lock.
        data_dir: PathBuf = PathBuf::from("./data"),
            flag "data", env "CARTLOAD_DATA", unit "folder", decision "",
            allowed "the path of a folder", check |path| !path.as_os_str().is_empty();
        /// `store.url`, default none: `cartload.db` in the data directory. A secret: its password
        /// is never shown (Q1.4).
        url: Option<DbUrl> = None,
            flag "db", env "CARTLOAD_DB", unit "URL", decision "Q1.4",
            allowed "sqlite://PATH, postgres://... or postgresql://...", check |_| true;
        /// `store.migrate_url`, default none: a direct or session URL for migrations where
        /// `store.url` goes through a transaction pooler. A secret too (Q1.4).
        migrate_url: Option<DbUrl> = None,
            env "CARTLOAD_MIGRATE_URL", unit "URL", decision "Q1.4",
            allowed "postgres://... or postgresql://..., or none",
            check |url| url.as_ref().is_none_or(DbUrl::is_postgres);
        /// `store.mock`, default false: writes are logged, not made (Q9.3).
        mock: bool = false,
            flag "mock-db" as bool, place 14, ()
                "Log what would be written: no database",
            env "CARTLOAD_MOCK_DB", unit "", decision "Q9.3",
            allowed "true or false", check |_| true;
        /// `store.schema`, default `cartload`: the Postgres schema all tables live in.
        schema: String = "cartload".to_owned(),
            env "CARTLOAD_DB_SCHEMA", unit "", decision "",
            allowed "a to z, 0 to 9 and _, beginning with a letter, at most 63 characters",
            check |name| is_schema(name);
        /// `store.ca_file`, default none (the platform's roots): certificates that Postgres' TLS is
        /// checked against, PEM.
        ca_file: Option<PathBuf> = None,
            env "CARTLOAD_DB_CA_FILE", unit "file", decision "",
            allowed "the path of a PEM file, or none", check |_| true;
        /// `store.pool_base`, default 50, Postgres connections at most, with `store.pool_overflow`
        /// (Q2.2). As defaults both give way to who shares the server: half of what is free.
        pool_base: u32 = POOL_BASE,
            env "CARTLOAD_DB_POOL_BASE", unit "connections", decision "Q2.2",
            allowed "a whole number from 1 to 1000", check |n| (1..=1000).contains(n);
        /// `store.pool_overflow`, default 75, Postgres connections beyond these (Q2.2).
        pool_overflow: u32 = POOL_OVERFLOW,
            env "CARTLOAD_DB_POOL_OVERFLOW", unit "connections", decision "Q2.2",
            allowed "a whole number from 0 to 1000", check |n| (0..=1000).contains(n);
    }
);

fn is_schema(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(allowed)
        && name.len() <= 63
}
