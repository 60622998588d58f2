//! A finished run with everything in it, mutated at random: table, column, row and kind are drawn.
//! What docs/data.md calls sealed or checked is found, and nothing there is found where nothing is
//! mutated.
//!
//! `CARTLOAD_MUTATIONS` says how many (a few in CI), `CARTLOAD_SEED` the first draw. Each is made
//! in a transaction, looked at, and undone.

use std::collections::BTreeMap;

use analysis::verify::Audit;
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Integer, Json, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use questions::ledger::Books;
use questions::{Bind, Dialect, Inquiry, Moment, QuestionError, Row, Statement, at_hand};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::columns::{self, Held};
use crate::support::amount;
use crate::support::binary::Place;

/// Mutations in CI.
const A_FEW: usize = 40;
/// Of those that are held, so many are found at least, percent.
const FOUND_MIN_PERCENT: usize = 99;

/// Eight hours of an experiment, killed in the middle and gone on with.
fn finished() -> Place {
    let place = Place::new();
    let arms = r#"{"name": "plain", "share": 0.5},
        {"name": "bold", "share": 0.5, "overrides": {"offers.wallet_cap": 20}}"#;
    let with = |args: &[&str]| {
        let mut command = place.command(args);
        command.env("CARTLOAD_EXPERIMENT_NAME", "mutations").env("CARTLOAD_EXPERIMENT_ARMS", arms);
        command.env("CARTLOAD_CHECKPOINT_EVERY_CYCLES", "2");
        command
    };
    let ends = ["--time-scale", "3600", "--rate", "unlimited", "--quiet"];
    let begin = ["run", "--agents", "40", "--cycles", "8", "--start", "2026-01-05T10:00"];
    let process = place.start_of(&mut with(&[&begin[..], &ends].concat()));
    place.wait_for("cycles WHERE cycle = 3");
    place.wait_for("shopping_sessions WHERE cycle = 4");
    process.kill();
    let on = ["resume", "--cycles", "8", "--time-scale", "max", "--rate", "unlimited", "--quiet"];
    place.expect_of(0, &mut with(&on));
    for rows in ["orders", "cycles WHERE replay = 1", "coupon_interactions WHERE step = 'redeemed'"]
    {
        assert!(place.count(rows) > 0, "{rows}");
    }
    place
}

/// What is done to a cell or a row.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Null,
    PlusOne,
    Swapped,
    Text,
    Moved,
    Deleted,
    Doubled,
}

const KINDS: [Kind; 7] = [
    Kind::Null,
    Kind::PlusOne,
    Kind::Swapped,
    Kind::Text,
    Kind::Moved,
    Kind::Deleted,
    Kind::Doubled,
];

#[test]
fn what_is_sealed_or_checked_is_found_however_it_is_mutated() {
    let place = finished();
    let mut database = place.sqlite();
    let run = place.texts("run_id", "runs").remove(0);
    assert_eq!(found(&mut database, &run), Vec::<String>::new(), "nothing was done to it yet");
    let columns: Vec<(String, columns::Column)> = columns::held(&mut database)
        .into_iter()
        .flat_map(|(table, columns)| columns.into_iter().map(move |c| (table.clone(), c)))
        .filter(|(_, column)| column.held != Held::Free)
        .collect();
    let seed = amount("CARTLOAD_SEED", 1) as u64;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (wanted, mut drawn) = (amount("CARTLOAD_MUTATIONS", A_FEW), 0);
    let mut unseen: BTreeMap<String, usize> = BTreeMap::new();
    while drawn < wanted {
        let (table, column) = columns.choose(&mut rng).unwrap();
        let kind = *KINDS.choose(&mut rng).unwrap();
        database.batch_execute("BEGIN").unwrap();
        if mutate(&mut database, &run, (table, column, kind), &mut rng) {
            drawn += 1;
            if found(&mut database, &run).is_empty() {
                *unseen.entry(format!("{table}.{} {kind:?}", column.name)).or_default() += 1;
            }
        }
        database.batch_execute("ROLLBACK").unwrap();
    }
    let missed: usize = unseen.values().sum();
    eprintln!("seed {seed}: {} of {drawn} mutations were found", drawn - missed);
    eprintln!("{unseen:#?}");
    assert!((drawn - missed) * 100 >= FOUND_MIN_PERCENT * drawn, "seed {seed}: {unseen:#?}");
}

/// Makes the mutation; `false` where there is nothing to mutate so, or the database refuses it.
fn mutate(
    database: &mut SqliteConnection,
    run: &str,
    (table, column, kind): (&str, &columns::Column, Kind),
    rng: &mut Xoshiro256PlusPlus,
) -> bool {
    let of_run = if table == "agents" { "1".to_owned() } else { format!("run_id = '{run}'") };
    let rows = format!("SELECT rowid AS n FROM {table} WHERE {of_run}");
    let rows: Vec<Number> = sql_query(rows).load(database).unwrap();
    let (Some(row), Some(other)) = (rows.choose(rng), rows.choose(rng)) else { return false };
    let (row, other, name) = (row.n, other.n, &column.name);
    let as_is = format!("SELECT {name} FROM {table} WHERE rowid = {row}");
    let value = match (kind, column.type_.as_str()) {
        (Kind::Null, _) => "NULL".to_owned(),
        (Kind::PlusOne, "INTEGER" | "BIGINT" | "DOUBLE PRECISION") => format!("{name} + 1"),
        (Kind::PlusOne, "BOOLEAN") => format!("1 - {name}"),
        (Kind::Swapped, _) => format!("(SELECT {name} FROM {table} WHERE rowid = {other})"),
        (Kind::Text, "TEXT") => format!("{name} || 'x'"),
        (Kind::Text, "JSON") => format!("json_set({name}, '$.mutated', 1)"),
        (Kind::Moved, "TIMESTAMP") => {
            let minutes = *[-95, -7, 7, 95].choose(rng).unwrap();
            format!("strftime('%Y-%m-%d %H:%M:%f', {name}, '{minutes} minutes')")
        }
        (Kind::Deleted, _) if columns::is_log(table) => {
            let deleted = format!("DELETE FROM {table} WHERE rowid = {row}");
            return sql_query(deleted).execute(database).is_ok_and(|rows| rows == 1);
        }
        (Kind::Doubled, _) if columns::is_log(table) => return double(database, table, row),
        (Kind::PlusOne | Kind::Text | Kind::Moved | Kind::Deleted | Kind::Doubled, _) => {
            return false;
        }
    };
    let set = format!(
        "UPDATE {table} SET {name} = {value} WHERE rowid = {row} AND {name} IS NOT ({value})"
    );
    let was: Option<Cell> = cell(database, &as_is);
    let changed = sql_query(set).execute(database).is_ok_and(|rows| rows == 1);
    changed && cell(database, &as_is).map(|cell| cell.says) != was.map(|cell| cell.says)
}

/// The row once more, under a key that no row has.
fn double(database: &mut SqliteConnection, table: &str, row: i64) -> bool {
    let key = match table {
        "cycles" | "offer_cycles" => "replay = replay + 1",
        "seals" => "seq = seq + 1000",
        "shopping_session_events" | "coupon_interactions" => {
            &format!("seq = (SELECT MAX(t.seq) + 1 FROM {table} t WHERE t.flow_id = d.flow_id)")
        }
        "order_items" => {
            "line = (SELECT MAX(t.line) + 1 FROM order_items t WHERE t.flow_id = d.flow_id)"
        }
        "coupon_assignments" => "assignment_id = 'doubled-' || assignment_id",
        _ => "flow_id = 'doubled-' || flow_id",
    };
    let double = format!(
        "CREATE TEMP TABLE d AS SELECT * FROM {table} WHERE rowid = {row};
         UPDATE d SET {key}; INSERT INTO {table} SELECT * FROM d; DROP TABLE d"
    );
    database.batch_execute(&double).is_ok()
}

/// The checks that find something; an audit that cannot be made finds it too.
fn found(database: &mut SqliteConnection, run: &str) -> Vec<String> {
    let run = run.parse().map(actors::domain::ids::RunId).unwrap();
    match at_hand(Books(run).read(&mut OneConnection(database))) {
        Ok(Some(ledger)) => {
            let audit = Audit::of(&ledger, false);
            audit.problems.iter().map(|problem| problem.check.to_owned()).collect()
        }
        Ok(None) => vec!["gone".to_owned()],
        Err(Fault(error)) => vec![error],
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<Text>)]
    says: Option<String>,
}

fn cell(database: &mut SqliteConnection, select: &str) -> Option<Cell> {
    let rows = sql_query(format!("SELECT CAST(({select}) AS TEXT) AS says"));
    rows.load(database).ok()?.pop()
}

/// The database as one connection sees it, its own transaction and all.
struct OneConnection<'c>(&'c mut SqliteConnection);

/// Why it does not answer.
struct Fault(String);

impl From<QuestionError> for Fault {
    fn from(error: QuestionError) -> Self {
        Self(error.to_string())
    }
}

impl Moment for OneConnection<'_> {
    type Fault = Fault;

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn rows<R: Row>(&mut self, statement: Statement) -> Result<Vec<R>, Fault> {
        let query: BoxedSqlQuery<'static, Sqlite, SqlQuery> =
            sql_query(statement.sql()).into_boxed();
        let query = statement.binds().iter().fold(query, |query, value| match value.clone() {
            Bind::Text(text) => query.bind::<Text, _>(text),
            Bind::Integer(number) => query.bind::<Integer, _>(number),
            Bind::BigInt(number) => query.bind::<BigInt, _>(number),
            Bind::Instant(at) => query.bind::<Timestamp, NaiveDateTime>(at),
            Bind::Json(json) => query.bind::<Json, _>(json),
        });
        let rows = query.load(self.0).map_err(|error| Fault(error.to_string()));
        std::future::ready(rows).await
    }
}
