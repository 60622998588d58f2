//! DuckDB, Polars and pandas read what is exported; the lines are those of docs/data.md.

use std::path::PathBuf;

use super::clean;
use crate::support::binary::Place;
use crate::support::python;

/// The block of docs/data.md that imports this package.
fn documented(import: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found: Vec<&str> = blocks.filter(|block| block.starts_with(import)).collect();
    assert_eq!(found.len(), 1, "one block begins with {import}");
    found[0].to_owned()
}

/// A copy of the clean run with both forms of its events.
fn exported() -> Place {
    let place = Place::copy_of(clean());
    place.expect(0, &["events", "--out", "events.parquet"]);
    place.expect(0, &["events", "--out-dir", "lake"]);
    place
}

#[test]
fn duckdb_reads_the_same_rows_and_sums() {
    if !python::require(&["duckdb"]) {
        return;
    }
    let place = exported();
    let said = python::run(place.path(), &documented("import duckdb"));
    assert!(said.contains("product_list") && said.contains("2026-01-06"), "{said}");
    place.expect(0, &["events", "--table", "orders", "--out", "orders.parquet"]);
    let sums = "import duckdb
print(*duckdb.sql(\"SELECT count(*) FROM 'lake/**/*.parquet'\").fetchall()[0])
print(*duckdb.sql(\"SELECT count(*), sum(final_total_cents) FROM 'orders.parquet'\").fetchall()[0])
print(*duckdb.sql(\"SELECT typeof(simulated_at) FROM 'orders.parquet' LIMIT 1\").fetchall()[0])";
    let said = python::run(place.path(), sums);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], place.count("shopping_session_events").to_string());
    let orders = place.count("orders");
    let paid = lines[1].strip_prefix(&format!("{orders} ")).unwrap();
    let same = format!("(SELECT SUM(final_total_cents) AS s FROM orders) WHERE s = {paid}");
    assert_eq!(place.count(&same), 1, "{paid}");
    assert_eq!(lines[2], "TIMESTAMP WITH TIME ZONE");
}

#[test]
fn polars_reads_the_folders() {
    if !python::require(&["polars"]) {
        return;
    }
    let place = exported();
    let said = python::run(place.path(), &documented("import polars"));
    assert!(said.contains("2026-01-05") && said.contains("len"), "{said}");
    let count = "import polars as pl; print(pl.scan_parquet('lake').collect().height)";
    let said = python::run(place.path(), count);
    assert_eq!(said.trim(), place.count("shopping_session_events").to_string());
}

#[test]
fn pandas_reads_the_folders() {
    if !python::require(&["pandas", "pyarrow"]) {
        return;
    }
    let place = exported();
    let said = python::run(place.path(), &documented("import pandas"));
    assert!(said.contains("2026-01-05") && said.contains("cart_add_item"), "{said}");
    let count = "import pandas as pd; print(len(pd.read_parquet('lake')))";
    let said = python::run(place.path(), count);
    assert_eq!(said.trim(), place.count("shopping_session_events").to_string());
}
