//! The migrations on Postgres: all pending ones in one transaction, so that they also run behind a
//! transaction pooler, and under a lock, so that two processes do not run them at once.

use diesel_async::{
    AnsiTransactionManager, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection,
    TransactionManager,
};
use diesel_migrations::MigrationHarness;

use super::connect::Connector;
use crate::error::chain;
use crate::migrations::{MIGRATIONS, pending};
use crate::open_error::StoreOpenError;

/// Creates the schema if need be and applies what is pending; answers how many were applied.
pub(super) async fn migrate(connector: &Connector, schema: &str) -> Result<usize, StoreOpenError> {
    // Says what is wrong with the way there in the words of an operator.
    connector.inquire().await?.close().await;
    let failed = |text: String| {
        let cause = connector.clean(&text);
        if cause.contains("read-only transaction") {
            StoreOpenError::ReadOnly { host: connector.host().to_owned(), cause }
        } else if cause.contains("permission denied") {
            StoreOpenError::MissingRights { schema: schema.to_owned(), cause }
        } else if cause.contains("already exists") {
            StoreOpenError::SchemaInUse { schema: schema.to_owned(), cause }
        } else {
            StoreOpenError::Migration { cause }
        }
    };
    let (mut connection, _) = connector.establish(None).await?;
    begin(&mut connection, schema).await.map_err(|e| failed(chain(&e)))?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let applied = harness.run_pending_migrations(MIGRATIONS).map(|versions| versions.len());
    let applied = applied.map_err(|e| failed(e.to_string()))?;
    let mut connection = harness.into_inner();
    AnsiTransactionManager::commit_transaction(&mut connection)
        .await
        .map_err(|e| failed(chain(&e)))?;
    Ok(applied)
}

/// Refuses a schema that lacks a migration; changes nothing.
pub(super) async fn check(connector: &Connector, schema: &str) -> Result<(), StoreOpenError> {
    let table = format!("\"{schema}\".__diesel_schema_migrations");
    let applied = match connector.ask(&format!("SELECT to_regclass('{table}')::text")).await? {
        None => Vec::new(),
        Some(_) => {
            let versions = format!("SELECT string_agg(version, ',') FROM {table}");
            let versions = connector.ask(&versions).await?.unwrap_or_default();
            versions.split(',').map(str::to_owned).collect()
        }
    };
    match pending(&applied) {
        0 => Ok(()),
        pending => {
            let place = format!("{}, schema {schema}", connector.host());
            Err(StoreOpenError::Outdated { place, pending })
        }
    }
}

async fn begin(
    connection: &mut AsyncPgConnection,
    schema: &str,
) -> Result<(), diesel::result::Error> {
    AnsiTransactionManager::begin_transaction_sql(&mut *connection, "BEGIN").await?;
    // CREATE SCHEMA IF NOT EXISTS wants the right to create even where the schema exists.
    connection
        .batch_execute(&format!(
            "SELECT pg_advisory_xact_lock(hashtext('cartload migrations'));
             DO $$ BEGIN
               IF to_regnamespace('\"{schema}\"') IS NULL THEN CREATE SCHEMA \"{schema}\"; END IF;
             END $$;
             SET LOCAL search_path TO \"{schema}\""
        ))
        .await
}
