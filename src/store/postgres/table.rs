//! A table of the operator, read once over a connection of its own. Nothing of cartload's is looked
//! for in that database, and nothing is written.

use std::path::Path;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::FutureExt;
use ports::store::StoreError;
use serde_json::Value;

use super::connect::Connector;
use super::{Access, begin, transact};
use crate::error::Answer;
use crate::open_error::TableError;
use crate::rows::runs::JsonRow;
use crate::url::PostgresUrl;

/// Time to read a whole table.
const LIMIT: Duration = Duration::from_secs(60);

/// The rows of `table` or `schema.table`, a view as well, each as JSON by column name.
pub async fn table(
    url: &PostgresUrl,
    ca_file: Option<&Path>,
    table: &str,
) -> Result<Vec<Value>, TableError> {
    let connector = Connector::new(url, crate::tls::settings(url, ca_file)?);
    // Tells what is wrong with the server, the login or the database.
    connector.ask("SELECT 1").await?;
    let (mut connection, _) = connector.establish(None).await?;
    let sql = format!("SELECT row_to_json(t) AS row FROM {} t", quoted(table));
    let reading = transact(&mut connection, begin(Access::Read), |c| rows(c, sql).boxed());
    let late = |_| StoreError::Unavailable(format!("no answer within {} s", LIMIT.as_secs()));
    let rows = tokio::time::timeout(LIMIT, reading).await.map_err(late)?;
    let rows = rows.map_err(|fault| fault.into_store_error(&url.redactor))?;
    Ok(rows.into_iter().map(|row| row.row).collect())
}

async fn rows(c: &mut AsyncPgConnection, sql: String) -> Answer<Vec<JsonRow>> {
    Ok(diesel::sql_query(sql).load(c).await?)
}

/// Each part of the name as an identifier, whatever it holds.
fn quoted(table: &str) -> String {
    let parts = table.splitn(2, '.').map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("public.agents"), "\"public\".\"agents\"");
        assert_eq!(quoted("Shop.Agents"), "\"Shop\".\"Agents\"");
        assert_eq!(quoted("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
    }
}
