//! What processes said was written, held against the database: their logs outlive them.
//!
//! Each flow becomes one line: its id, status, end_reason, whether it is a replay, its events.

use std::collections::BTreeSet;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};
use serde_json::Value;

use super::binary::Place;

/// With these variables a process says in its log what was acknowledged.
pub const LOG: [(&str, &str); 2] =
    [("CARTLOAD_LOG", "warn,actors::db_writer=debug"), ("CARTLOAD_LOG_FORMAT", "json")];

/// Every row of the database as the log would say it.
const ROWS: &str = "
SELECT s.flow_id || ' ' || s.status || ' ' || COALESCE(s.end_reason, '-') || ' '
  || CASE WHEN s.is_replay THEN 'replay' ELSE 'original' END || ' '
  || CAST((SELECT COUNT(*) FROM shopping_session_events e WHERE e.flow_id = s.flow_id) AS TEXT)
  AS line
FROM shopping_sessions s";

/// Originals of which there are several for one run, cycle and agent.
const DOUBLES: &str = "
SELECT run_id || ' ' || CAST(cycle AS TEXT) || ' ' || agent_id AS line
FROM shopping_sessions WHERE NOT is_replay GROUP BY run_id, cycle, agent_id HAVING COUNT(*) > 1";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The database, as a test reads it.
pub enum Database<'a> {
    /// The file in this place.
    Sqlite(&'a Place),
    /// The server at this URL, not a pooler before it.
    Postgres(&'a str),
}

impl Database<'_> {
    /// What a statement with one column `line` finds. On Postgres not from inside a future.
    pub fn lines(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(place) => {
                let rows: Vec<Row> = diesel::sql_query(sql).load(&mut place.sqlite()).expect(sql);
                rows.into_iter().map(|row| row.line).collect()
            }
            Self::Postgres(url) => tokio::runtime::Handle::current().block_on(async {
                let (client, driver) =
                    tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a server");
                let driver = tokio::spawn(driver);
                client.batch_execute("SET search_path TO cartload").await.expect("a schema");
                let rows = client.query(sql, &[]).await.expect(sql);
                drop(client);
                driver.await.expect("no panic").expect("a clean end");
                rows.iter().map(|row| row.get("line")).collect()
            }),
        }
    }
}

/// Flows that processes of one database have acknowledged.
#[derive(Default)]
pub struct Acknowledged(BTreeSet<String>);

impl Acknowledged {
    /// Takes in what a process said; answers how many flows it acknowledged.
    pub fn take_in(&mut self, log: &str) -> usize {
        // A kill may cut the last line.
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let said = whole.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_flow = said.filter(|line| line["fields"]["message"] == "acknowledged");
        let lines: Vec<String> = of_flow.map(|line| as_row(&line["fields"])).collect();
        let count = lines.len();
        self.0.extend(lines);
        count
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each is in the database as it was acknowledged, and no original is there twice; answers how
    /// many rows there are.
    #[track_caller]
    pub fn assert_is_in(&self, database: &Database<'_>, case: &str) -> usize {
        let rows: BTreeSet<String> = database.lines(ROWS).into_iter().collect();
        let missing: Vec<&String> = self.0.difference(&rows).collect();
        assert!(missing.is_empty(), "{case}: {} missing: {missing:?}", missing.len());
        assert_eq!(database.lines(DOUBLES), Vec::<String>::new(), "{case}: doubled originals");
        rows.len()
    }
}

fn as_row(flow: &Value) -> String {
    let text = |key: &str| flow[key].as_str().unwrap_or_else(|| panic!("{key}: {flow}"));
    let number = |key: &str| flow[key].as_u64().unwrap_or_else(|| panic!("{key}: {flow}"));
    let attempt = if number("flow.replay") > 0 { "replay" } else { "original" };
    format!(
        "{} {} {} {attempt} {}",
        text("flow.id"),
        text("flow.status"),
        text("flow.end_reason"),
        number("flow.events")
    )
}
