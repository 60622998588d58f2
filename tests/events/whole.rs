//! `events --all`: every table in one folder with one card, read by the tools of analysts.

use analysis::export::tables;
use serde_json::Value;

use super::{clean, rows};
use crate::support::binary::Place;
use crate::support::python;

/// A copy of the clean run with all tables of it in `tables`; answers the summary too.
fn exported() -> (Place, Value) {
    let place = Place::copy_of(clean());
    let (out, said) = place.expect(0, &["events", "--all", "--out-dir", "tables", "--json"]);
    assert!(said.contains("with a data card"), "{said}");
    (place, serde_json::from_str(&out).unwrap())
}

fn card(place: &Place) -> Value {
    let text = std::fs::read_to_string(place.path().join("tables.card.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_table_is_there_with_all_its_rows_and_one_card_tells_of_them() {
    let (place, summary) = exported();
    let card = card(&place);
    let of = |list: &Value| -> Vec<(String, u64)> {
        let row = |row: &Value| {
            (row["table"].as_str().unwrap().to_owned(), row["rows"].as_u64().unwrap())
        };
        list.as_array().unwrap().iter().map(row).collect()
    };
    let expected: Vec<(String, u64)> = tables::all()
        .iter()
        .map(|table| (table.name.to_owned(), rows(&place, &["--table", table.name]).len() as u64))
        .collect();
    assert_eq!(of(&card["tables"]), expected);
    assert_eq!(of(&summary["tables"]), expected);
    for file in
        card["tables"].as_array().unwrap().iter().flat_map(|t| t["files"].as_array().unwrap())
    {
        let path = place.path().join("tables").join(file["file"].as_str().unwrap());
        let length = std::fs::metadata(&path).unwrap().len();
        assert_eq!(Some(length), file["bytes"].as_u64(), "{}", path.display());
    }
    let run = &card["runs"][0];
    assert_eq!(run["time_split"]["test_from"], "2026-01-06");
    assert!(!run["realism"].as_array().unwrap().is_empty());
    let markdown = std::fs::read_to_string(place.path().join("tables.card.md")).unwrap();
    assert!(markdown.contains("## Table visit_products"), "{markdown}");
    assert!(markdown.contains("train before 2026-01-06, test from 2026-01-06 on"), "{markdown}");
}

#[test]
fn it_is_replaced_with_force_only_and_takes_no_filter() {
    let (place, _) = exported();
    let again = ["events", "--all", "--out-dir", "tables"];
    let (_, said) = place.expect(2, &again);
    assert!(said.contains("--force"), "{said}");
    place.expect(0, &[&again[..], &["--force"]].concat());
    for refused in [&["--table", "orders"][..], &["--limit", "5"], &["--agent", "agent_001"]] {
        place.expect(2, &[&["events", "--all", "--out-dir", "other"][..], refused].concat());
    }
    place.expect(2, &["events", "--all"]);
    assert!(!place.path().join("other").exists());
}

#[test]
fn duckdb_pandas_and_polars_know_uuids_lists_and_words() {
    if !python::require(&["duckdb", "pandas", "polars", "pyarrow"]) {
        return;
    }
    let (place, _) = exported();
    let said = python::run(
        place.path(),
        "import duckdb, pandas as pd, polars as pl, pyarrow.parquet as pq, glob
def one(sql): print(duckdb.sql(sql).fetchall()[0])
one(\"SELECT typeof(flow_id), typeof(period) FROM 'tables/orders/**/*.parquet' LIMIT 1\")
one(\"SELECT typeof(preferred_categories), min(len(preferred_categories)) > 0 \
FROM 'tables/agents/*.parquet' GROUP BY 1\")
one(\"SELECT count(*) FROM 'tables/orders/**/*.parquet' o \
JOIN 'tables/shopping_sessions/**/*.parquet' s USING (flow_id)\")
print(len(pd.read_parquet('tables/orders')))
print(type(pd.read_parquet('tables/agents').preferred_categories[0][0]).__name__)
print(pl.read_parquet('tables/agents/*.parquet').schema['preferred_categories'])
print(pl.scan_parquet('tables/visit_products').select('ordered').sum().collect().item())
meta = pq.ParquetFile(glob.glob('tables/shopping_session_events/*/*/*.parquet')[0]).metadata
columns = [meta.row_group(0).column(at) for at in range(meta.num_columns)]
kinds = {c.path_in_schema: c.encodings for c in columns}
print('RLE_DICTIONARY' in kinds['event_type'], 'RLE_DICTIONARY' in kinds['payload'])",
    );
    let orders = place.count("orders");
    let bought = place.count("(SELECT DISTINCT flow_id, product_id FROM order_items)");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "('UUID', 'VARCHAR')");
    assert_eq!(lines[1], "('VARCHAR[]', True)");
    assert_eq!(lines[2], format!("({orders},)"));
    assert_eq!(lines[3], orders.to_string());
    assert_eq!(lines[4], "str");
    assert_eq!(lines[5], "List(String)");
    assert_eq!(lines[6], bought.to_string());
    assert_eq!(lines[7], "True False");
}

#[test]
fn an_ended_run_is_scored_once_and_scored_again_for_other_bands() {
    let (place, _) = exported();
    let kept = || {
        let entries = std::fs::read_dir(place.data().join("scorecards")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let realism = |place: &Place| card(place)["runs"][0]["realism"].clone();
    let first = realism(&place);
    let [file] = kept().try_into().unwrap();
    let again = ["events", "--all", "--out-dir", "tables", "--force"];
    place.expect(0, &again);
    assert_eq!(realism(&place), first);
    // What is said is what was kept: another figure in the file stands on the next card.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"n\":", "\"n\":1")).unwrap();
    place.expect(0, &again);
    assert_ne!(realism(&place), first);
    std::fs::write(&file, "damaged").unwrap();
    place.expect(0, &again);
    assert_eq!(realism(&place), first);
    let mut command = place.command(&again);
    command.env("CARTLOAD_REALISM_SINGLE_ITEM", "1,2");
    place.expect_of(0, &mut command);
    assert_eq!(kept().len(), 2);
    assert_ne!(realism(&place), first);
}
