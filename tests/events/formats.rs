//! Every table in every form has the rows and sums of the database.

use std::fs::File;

use analysis::export::tables::{self, Origin};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use super::{clean, rows, sum};

#[derive(QueryableByName)]
struct TableColumn {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    r#type: String,
    #[diesel(sql_type = Integer)]
    notnull: i32,
}

#[test]
fn a_stored_table_has_the_columns_of_its_migration() {
    let mut connection = clean().sqlite();
    for table in tables::all().into_iter().filter(|table| table.is_stored) {
        let sql =
            format!("SELECT name, type, \"notnull\" FROM pragma_table_info('{}')", table.name);
        let stored: Vec<TableColumn> = diesel::sql_query(sql).load(&mut connection).unwrap();
        let stored: Vec<String> =
            stored.iter().map(|c| format!("{} {} {}", c.name, c.r#type, c.notnull == 0)).collect();
        let word = |column: &tables::Column| match column.kind.as_str() {
            "boolean" => "BOOLEAN",
            "int32" => "INTEGER",
            "int64" => "BIGINT",
            "double" => "DOUBLE PRECISION",
            "string" | "string (few words)" | "uuid" => "TEXT",
            "string (JSON)" | "list of strings" => "JSON",
            _ => "TIMESTAMP",
        };
        let exported: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.origin == Origin::Stored)
            .map(|column| format!("{} {} {}", column.name, word(column), column.nullable))
            .collect();
        assert_eq!(exported, stored, "{}", table.name);
    }
}

#[test]
fn every_stored_table_has_all_its_rows() {
    let place = clean();
    for table in tables::all().into_iter().filter(|table| table.is_stored) {
        let exported = rows(place, &["--table", table.name]);
        assert_eq!(exported.len() as i64, place.count(table.name), "{}", table.name);
    }
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "any other type is a failure")]
fn csv_json_and_parquet_say_the_same() {
    let place = clean();
    let json = rows(place, &["--table", "orders"]);
    place.expect(0, &["events", "--table", "orders", "--out", "same.csv", "--force"]);
    place.expect(0, &["events", "--table", "orders", "--out", "same.parquet", "--force"]);

    let mut csv = csv::Reader::from_path(place.path().join("same.csv")).unwrap();
    let heads: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let lines: Vec<Vec<String>> =
        csv.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(lines.len(), json.len());
    for (line, row) in lines.iter().zip(&json) {
        for (field, head) in line.iter().zip(&heads) {
            let value = &row[head];
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(field, if value.is_null() { "" } else { &text }, "{head}");
        }
    }

    let file = File::open(place.path().join("same.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr();
    for (name, expected) in [
        ("recorded_at", Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ("agent_id", Some(LogicalType::String)),
        ("flow_id", Some(LogicalType::Uuid)),
        ("final_total_cents", None),
    ] {
        let column = schema.columns().iter().find(|column| column.name() == name).unwrap();
        assert_eq!(column.logical_type_ref(), expected.as_ref(), "{name}");
    }
    let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(read.len(), json.len());
    for (row, expected) in read.iter().zip(&json) {
        for (name, field) in row.get_column_iter() {
            let expected = &expected[name.as_str()];
            match field {
                Field::Null => assert!(expected.is_null(), "{name}"),
                Field::Str(text) => assert_eq!(Some(text.as_str()), expected.as_str(), "{name}"),
                Field::Bytes(bytes) => {
                    let uuid = uuid::Uuid::from_slice(bytes.data()).unwrap().to_string();
                    assert_eq!(Some(uuid.as_str()), expected.as_str(), "{name}");
                }
                Field::Bool(value) => assert_eq!(Some(*value), expected.as_bool(), "{name}"),
                Field::Int(number) => {
                    assert_eq!(Some(i64::from(*number)), expected.as_i64(), "{name}");
                }
                Field::Long(number) => assert_eq!(Some(*number), expected.as_i64(), "{name}"),
                Field::TimestampMicros(at) => {
                    let at = chrono::DateTime::from_timestamp_micros(*at).unwrap();
                    let text = at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
                    assert_eq!(Some(text.as_str()), expected.as_str(), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    let paid = "orders WHERE final_total_cents IS NOT NULL";
    assert_eq!(json.len() as i64, place.count(paid));
}

#[test]
fn folders_by_run_and_day_hold_all_rows_once() {
    let place = clean();
    place.expect(0, &["events", "--out-dir", "lake", "--force"]);
    let card = std::fs::read_to_string(place.path().join("lake.card.json")).unwrap();
    let card: Value = serde_json::from_str(&card).unwrap();
    let files = card["files"].as_array().unwrap();
    let run = card["runs"][0]["run_id"].as_str().unwrap();
    let mut read = 0;
    for (file, day) in files.iter().zip(["2026-01-05", "2026-01-06"]) {
        let name = file["file"].as_str().unwrap();
        assert_eq!(name, format!("run_id={run}/day={day}/part-00000.parquet"));
        let file = File::open(place.path().join("lake").join(name)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let of_day = reader.metadata().file_metadata().num_rows();
        let sql = format!("shopping_session_events WHERE simulated_at LIKE '{day}%'");
        assert_eq!(of_day, place.count(&sql));
        let schema = reader.metadata().file_metadata().schema_descr();
        assert!(schema.columns().iter().all(|column| column.name() != "run_id"));
        read += of_day;
    }
    assert_eq!(files.len(), 2);
    assert_eq!(read, place.count("shopping_session_events"));
}

#[test]
fn the_card_knows_its_files_and_its_run() {
    let place = clean();
    place.expect(0, &["events", "--out", "carded.jsonl", "--force"]);
    let text = std::fs::read(place.path().join("carded.jsonl")).unwrap();
    let card = std::fs::read_to_string(place.path().join("carded.jsonl.card.json")).unwrap();
    let card: Value = serde_json::from_str(&card).unwrap();
    use sha2::Digest;
    let digest = sha2::Sha256::digest(&text);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(card["files"][0]["sha256"].as_str(), Some(digest.as_str()));
    assert_eq!(card["files"][0]["bytes"].as_u64(), Some(text.len() as u64));
    assert_eq!(card["rows"].as_i64(), Some(place.count("shopping_session_events")));
    let run = &card["runs"][0];
    assert_eq!(run["preset"], "load");
    assert_eq!(run["cycles"], 18);
    assert_eq!(run["simulated_until"], "2026-01-06T08:00:00");
    assert_eq!(run["attempts"]["visits"].as_i64(), Some(place.count("shopping_sessions")));
    assert!(run["settings"]["rate"].is_object());
    assert_eq!(card["replay_share"].as_f64(), Some(0.0));
    assert_eq!(card["population"]["active"].as_i64(), Some(place.count("agents")));
    let single = &run["realism"][5];
    assert_eq!(
        (&single["name"], &single["denominator"]),
        (&json!("single_item"), &json!("orders"))
    );
    assert_eq!(single["n"].as_i64(), Some(place.count("orders")));
    assert!(single["value"].as_f64().unwrap() > 0.0, "{single}");
    assert_eq!(single["verdict"], "not targeted", "the preset is load");
    let markdown = std::fs::read_to_string(place.path().join("carded.jsonl.card.md")).unwrap();
    assert!(markdown.contains(&digest) && markdown.contains("## Known limits"), "{markdown}");
    assert!(markdown.contains("- single_item "), "{markdown}");
}

#[test]
fn sums_are_those_of_the_database() {
    let place = clean();
    let orders = rows(place, &["--table", "orders"]);
    let paid = sum(&orders, "final_total_cents");
    assert_eq!(
        place.count(&format!("(SELECT SUM(final_total_cents) AS s FROM orders) WHERE s = {paid}")),
        1
    );
    let items = rows(place, &["--table", "order_items"]);
    assert_eq!(
        sum(&orders, "subtotal_cents"),
        items
            .iter()
            .map(|item| {
                item["quantity"].as_i64().unwrap() * item["unit_price_cents"].as_i64().unwrap()
            })
            .sum::<i64>()
    );
}
