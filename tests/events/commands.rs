//! What may be asked, and what is refused before anything is touched.

use serde_json::Value;

use super::{clean, rows};
use crate::support::binary::Place;

#[test]
fn each_filter_finds_what_sql_finds() {
    let place = clean();
    let events = "shopping_session_events";
    let visit = "flow_id IN (SELECT flow_id FROM shopping_sessions WHERE";
    for (args, sql) in [
        (vec!["--cycles", "3..5"], format!("{events} WHERE cycle BETWEEN 3 AND 5")),
        (vec!["--cycles", "16.."], format!("{events} WHERE cycle >= 16")),
        (vec!["--agent", "agent_003"], format!("{events} WHERE agent_id = 'agent_003'")),
        (
            vec!["--agent", "agent_003", "--agent", "agent_007"],
            format!("{events} WHERE agent_id IN ('agent_003', 'agent_007')"),
        ),
        (vec!["--type", "cart_add_item"], format!("{events} WHERE event_type = 'cart_add_item'")),
        (vec!["--outcome", "abandoned"], format!("{events} WHERE {visit} status = 'abandoned')")),
        (
            vec!["--since", "2026-01-05T18:30", "--until", "2026-01-06"],
            format!(
                "{events} WHERE simulated_at >= '2026-01-05 18:30:00' \
                 AND simulated_at < '2026-01-06 00:00:00'"
            ),
        ),
        (vec!["--cohort", "nobody"], format!("{events} WHERE cohort = 'nobody'")),
        (
            vec!["--table", "incidents", "--type", "freeze"],
            "incidents WHERE kind = 'freeze'".into(),
        ),
        (
            vec!["--table", "coupon_interactions", "--type", "redeemed"],
            "coupon_interactions WHERE step = 'redeemed'".into(),
        ),
        (
            vec!["--table", "coupon_assignments", "--agent", "agent_003"],
            "coupon_assignments WHERE agent_id = 'agent_003'".into(),
        ),
    ] {
        assert_eq!(rows(place, &args).len() as i64, place.count(&sql), "{args:?}");
    }
    assert!(place.count(&format!("{events} WHERE agent_id = 'agent_003'")) > 0);
}

#[test]
fn rows_come_in_the_order_of_time_and_the_limit_cuts_them() {
    let place = clean();
    let all = rows(place, &[]);
    let cycles: Vec<i64> = all.iter().map(|row| row["cycle"].as_i64().unwrap()).collect();
    assert!(cycles.is_sorted());
    let (out, err) = place.expect(0, &["events", "--json", "--limit", "7"]);
    let first: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(first, all[..7]);
    assert!(err.contains("the first 7 rows"), "{err}");
    let (table, _) = place.expect(0, &["events", "--format", "table"]);
    assert_eq!(table.lines().count(), 51, "a head and the 50 rows of a terminal");
    let count = all.len().to_string();
    let (_, err) = place.expect(0, &["events", "--json", "--limit", &count]);
    assert!(!err.contains("the first"), "all rows are no cut: {err}");
}

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    // No database is there: none is looked for.
    let place = Place::new();
    for (args, says) in [
        (vec!["--table", "order_item"], "did you mean order_items?"),
        (vec!["--table", "orders", "--type", "x"], "table orders has no type"),
        (vec!["--table", "products", "--cycles", "3"], "table products has no cycle"),
        (vec!["--table", "agents", "--replay", "only"], "table agents has no attempts"),
        (vec!["--table", "agent_days", "--replay", "all"], "made of canonical rows"),
        (vec!["--type", "checkout"], "checkout_complete"),
        (vec!["--cycles", "9..3"], "9 comes after 3"),
        (vec!["--since", "tomorrow"], "2026-03-01T18:00"),
        (vec!["--outcome", "happy"], "completed"),
        (vec!["--format", "parquet"], "--out"),
        (vec!["--out", "events.xls"], "none of .csv, .jsonl and .parquet"),
        (vec!["--out-dir", "lake", "--format", "csv"], "folders hold Parquet"),
        (vec!["--format", "table", "--limit", "99999"], "at most 10000"),
        (vec!["--out", "a.csv", "--out-dir", "b"], "cannot be used with"),
    ] {
        let (out, err) = place.expect(2, &[&["events"][..], &args].concat());
        assert!(err.contains(says) && out.is_empty(), "{args:?}: {err}");
    }
    let (_, err) = place.expect(6, &["events"]);
    assert!(err.contains("there is no database"), "{err}");
    let left = std::fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left, 0, "nothing was made");
}

#[test]
fn an_export_is_not_overwritten_unless_forced() {
    let place = Place::copy_of(clean());
    place.expect(0, &["events", "--limit", "3", "--out", "e.csv"]);
    let before = std::fs::read(place.path().join("e.csv")).unwrap();
    let (_, err) = place.expect(2, &["events", "--out", "e.csv"]);
    assert!(err.contains("--force"), "{err}");
    assert_eq!(std::fs::read(place.path().join("e.csv")).unwrap(), before);
    place.expect(0, &["events", "--out", "e.csv", "--force"]);
    assert!(std::fs::read(place.path().join("e.csv")).unwrap().len() > before.len());
    std::fs::create_dir(place.path().join("thesis")).unwrap();
    std::fs::write(place.path().join("thesis/chapter.tex"), "x").unwrap();
    let (_, err) = place.expect(2, &["events", "--out-dir", "thesis", "--force"]);
    assert!(err.contains("chapter.tex"), "{err}");
    assert!(place.path().join("thesis/chapter.tex").exists());
}

#[test]
fn a_damaged_row_ends_the_export_and_leaves_nothing_behind() {
    let place = Place::copy_of(clean());
    place.sql("UPDATE orders SET simulated_at = 'yesterday' WHERE cycle = 5");
    let (_, err) = place.expect(1, &["events", "--table", "orders", "--out", "o.parquet"]);
    assert!(err.contains("orders.simulated_at") && err.contains("verify"), "{err}");
    let names: Vec<_> =
        std::fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["data"]);
}

#[test]
fn looking_writes_nothing() {
    let place = Place::copy_of(clean());
    let file = place.data().join("cartload.db");
    let before = std::fs::read(&file).unwrap();
    rows(&place, &["--table", "impressions", "--limit", "5"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn every_table_is_listed_with_what_a_row_is() {
    let (text, _) = Place::new().expect(0, &["events", "--list-tables"]);
    for word in ["impressions", "coupon_lifecycle", "agent_days", "replays", "order_items"] {
        assert!(text.contains(word), "{text}");
    }
    let (json, _) = Place::new().expect(0, &["events", "--list-tables", "--json"]);
    let tables: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(tables.iter().filter(|table| table["stored"] == true).count(), 13);
}
