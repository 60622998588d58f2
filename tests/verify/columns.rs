//! What docs/data.md says of each column: who holds it. It names every column of every table once.

use std::collections::BTreeMap;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use super::clean;

/// Who holds a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    ByCycle,
    ByRun,
    Checked,
    Free,
}

const HELD: [Held; 4] = [Held::ByCycle, Held::ByRun, Held::Checked, Held::Free];

/// A column of the schema.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub type_: String,
    pub held: Held,
}

#[derive(QueryableByName)]
struct Declared {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    type_: String,
}

/// Whether rows of the table are written once and stay: one too few or too many is wrong.
pub fn is_log(table: &str) -> bool {
    !["runs", "agents", "products", "coupons", "incidents"].contains(&table)
}

/// The lines below the heading, table by table: what holds which columns.
fn documented() -> BTreeMap<String, Vec<(Held, String)>> {
    let text = include_str!("../../docs/data.md");
    let (_, section) = text.split_once("## What verify holds").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("| table")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let columns = |row: &str| -> (String, Vec<(Held, String)>) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 1 + HELD.len(), "{row}");
        let names = HELD.iter().zip(&cells[1..]).flat_map(|(held, cell)| {
            let names = cell.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(|name| (*held, name.to_owned()))
        });
        (cells[0].to_owned(), names.collect())
    };
    rows.map(columns).collect()
}

/// The columns of each table, as the database declares them.
fn declared(database: &mut SqliteConnection) -> BTreeMap<String, Vec<Declared>> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' \
                  ESCAPE '\\' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<Table> = sql_query(tables).load(database).unwrap();
    let columns = |Table { name }| {
        let sql = format!("SELECT name, type AS type_ FROM pragma_table_info('{name}')");
        let columns = sql_query(sql).load(database).unwrap();
        (name, columns)
    };
    tables.into_iter().map(columns).collect()
}

/// Every column with who holds it.
pub fn held(database: &mut SqliteConnection) -> BTreeMap<String, Vec<Column>> {
    let documented = documented();
    let tables = declared(database).into_iter().map(|(table, columns)| {
        let of = &documented[&table];
        let columns = columns.into_iter().filter_map(|Declared { name, type_ }| {
            let (held, _) = of.iter().find(|(_, named)| *named == name)?;
            Some(Column { name, type_, held: *held })
        });
        let columns = columns.collect();
        (table, columns)
    });
    tables.collect()
}

#[test]
fn the_document_says_of_each_column_who_holds_it() {
    let declared = declared(&mut clean().sqlite());
    let documented = documented();
    assert_eq!(
        documented.keys().collect::<Vec<_>>(),
        declared.keys().collect::<Vec<_>>(),
        "tables of docs/data.md and of the schema"
    );
    for (table, columns) in &declared {
        let mut said: Vec<&str> = documented[table].iter().map(|(_, name)| name.as_str()).collect();
        let mut there: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        said.sort_unstable();
        there.sort_unstable();
        assert_eq!(said, there, "{table}: docs/data.md, and the schema");
    }
}
