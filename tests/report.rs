//! `cartload report`: its numbers are the database's, on the page and in JSON, of any run and on
//! both backends; the page is one file that anybody can read anywhere.

mod backends;
mod commands;
mod numbers;
mod page;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl};
use serde_json::Value;

use crate::support::binary::Place;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The number that `SELECT ... AS n` answers.
#[track_caller]
fn number(place: &Place, sql: &str) -> i64 {
    let sql = format!("SELECT CAST(COALESCE(({sql}), 0) AS BIGINT) AS n");
    let rows: Vec<Number> = diesel::sql_query(&sql).load(&mut place.sqlite()).expect(&sql);
    rows[0].n
}

/// The report of the newest run as JSON.
#[track_caller]
fn report(place: &Place, args: &[&str]) -> Value {
    let (out, _) = place.expect(0, &[&["report", "--json"][..], args].concat());
    serde_json::from_str(&out).unwrap()
}
