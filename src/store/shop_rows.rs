//! The shop's own rows, where shop and run share a database: marked as simulated, with the run's
//! simulated times. All statements are one transaction: an error leaves everything as it was.

mod names;
mod statements;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::ids::RunId;
use futures::FutureExt;
use ports::store::StoreError;

pub use self::names::{NameError, ShopNames};
pub use self::statements::Change;

use self::names::literal;
use self::statements::{Columns, Wanted, plan};
use super::admin::{Admin, Backend};
use super::error::{Answer, Fault};

/// A row of the shop that somebody else holds is waited for no longer than this.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '30s'";

/// What is to be marked.
#[derive(Clone, Debug)]
pub struct Marking {
    /// What the shop's tables are called.
    pub names: ShopNames,
    /// The schema of cartload's own tables.
    pub ours: String,
    /// Rows of these runs; `None` for every run of the database.
    pub runs: Option<Vec<RunId>>,
    /// Whether the shop's times become simulated ones.
    pub times: bool,
    /// Whether it is done; else it is only counted.
    pub apply: bool,
}

/// What was marked, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// Each statement with the number of rows that it changes, in their order.
    pub changes: Vec<(Change, u64)>,
    /// What the shop's tables do not have, and what else cannot be touched.
    pub left_out: Vec<String>,
}

/// Why the shop's rows cannot be marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// A file is nobody's database but cartload's.
    #[error(
        "the run's rows are in a SQLite file, which no shop shares: only where both are in one \
         PostgreSQL database can the shop's rows be marked (--db or DATABASE_URL). The shop's \
         session ids are the flow_id of `cartload events --table shopping_sessions`"
    )]
    NotShared,
    /// Those are our own tables.
    #[error("schema {0} holds cartload's own tables; --schema names the shop's")]
    OwnSchema(
        /// The schema.
        String,
    ),
    /// Nothing of the shop is here.
    #[error(
        "nothing can be marked: {}; is it the shop's database? --schema and --name say what its \
         tables are called", .0.join("; ")
    )]
    Nothing(
        /// What is missing.
        Vec<String>,
    ),
    /// The database refused.
    #[error("{0}; nothing was changed")]
    Store(
        #[from]
        /// What it said.
        StoreError,
    ),
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Marks the shop's rows of these runs, or counts what it would.
pub async fn mark(admin: &Admin, marking: Marking) -> Result<Marked, MarkError> {
    let Backend::Postgres(store) = &admin.backend else { return Err(MarkError::NotShared) };
    if marking.names.schema() == marking.ours {
        return Err(MarkError::OwnSchema(marking.ours));
    }
    let marked = store.call_audit(move |c| carry_out(c, marking).boxed()).await?;
    if marked.changes.is_empty() { Err(MarkError::Nothing(marked.left_out)) } else { Ok(marked) }
}

async fn carry_out(c: &mut AsyncPgConnection, marking: Marking) -> Answer<Marked> {
    let columns = columns(c, &marking.names).await?;
    let runs = marking.runs.map(|runs| runs.iter().map(RunId::to_string).collect::<Vec<_>>());
    let wanted = Wanted {
        names: &marking.names,
        ours: &marking.ours,
        runs: runs.as_deref(),
        times: marking.times,
    };
    let plan = plan(&wanted, &columns);
    if marking.apply {
        execute(c, LOCK_TIMEOUT).await?;
    }
    let mut changes = Vec::new();
    for change in plan.changes {
        let rows = if marking.apply {
            execute(c, &change.update()).await?
        } else {
            let counted = diesel::sql_query(change.count()).get_result::<CountRow>(c).await?;
            u64::try_from(counted.rows).unwrap_or(0)
        };
        changes.push((change, rows));
    }
    Ok(Marked { changes, left_out: plan.left_out })
}

async fn execute(c: &mut AsyncPgConnection, sql: &str) -> Result<u64, Fault> {
    let rows = diesel::sql_query(sql).execute(c).await?;
    Ok(u64::try_from(rows).unwrap_or(u64::MAX))
}

/// What the shop's tables have; columns that the database computes cannot be set.
async fn columns(c: &mut AsyncPgConnection, names: &ShopNames) -> Answer<Columns> {
    let tables = ["sessions", "events", "orders"].iter().filter_map(|role| names.of(role));
    let tables: Vec<String> = tables.map(literal).collect();
    if tables.is_empty() {
        return Ok(Columns::new());
    }
    let sql = format!(
        "SELECT c.relname::text AS of, a.attname::text AS name, \
           format_type(a.atttypid, NULL) AS kind \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname IN ({}) AND c.relkind IN ('r', 'p', 'v', 'f') \
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''",
        literal(names.schema()),
        tables.join(", ")
    );
    let mut columns = Columns::new();
    for row in diesel::sql_query(sql).load::<ColumnRow>(c).await? {
        columns.entry(row.of).or_default().insert(row.name, row.kind);
    }
    Ok(columns)
}
