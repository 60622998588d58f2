//! What shoppers were shown, by visit and by day, agrees with the events it is made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{clean, interrupted, rows, sum};
use crate::support::binary::Place;

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

/// Visit and product.
fn key(row: &Value, product: &Value) -> (String, String) {
    (text(row, "flow_id").to_owned(), product.as_str().unwrap().to_owned())
}

#[test]
fn each_product_of_a_visit_has_one_row_that_sums_up_its_events() {
    for place in [clean(), interrupted()] {
        sums_up(place);
    }
}

#[track_caller]
fn sums_up(place: &Place) {
    let products = rows(place, &["--table", "visit_products"]);
    let by_key: HashMap<_, _> =
        products.iter().map(|row| (key(row, &row["product_id"]), row)).collect();
    assert_eq!(by_key.len(), products.len(), "one row each");
    let mut expected: BTreeMap<(String, String), [i64; 4]> = BTreeMap::new();
    let mut places: HashMap<(String, String), i64> = HashMap::new();
    for event in rows(place, &[]) {
        let payload = &event["payload"];
        match text(&event, "event_type") {
            "product_list" => {
                for (at, id) in payload["product_ids"].as_array().unwrap().iter().enumerate() {
                    expected.entry(key(&event, id)).or_default()[0] += 1;
                    places.entry(key(&event, id)).or_insert(at as i64);
                }
            }
            "view_product" => {
                expected.entry(key(&event, &event["product_id"])).or_default()[1] += 1;
            }
            "cart_add_item" => {
                let accepted = payload["accepted"] == true;
                let units = if accepted { &payload["quantity"] } else { &payload["taken"] };
                expected.entry(key(&event, &event["product_id"])).or_default()[2] +=
                    units.as_i64().unwrap_or(0);
            }
            _ => {}
        }
    }
    for item in rows(place, &["--table", "order_items"]) {
        let units = item["quantity"].as_i64().unwrap();
        expected.entry(key(&item, &item["product_id"])).or_default()[3] += units;
    }
    assert_eq!(expected.len(), products.len());
    for (key, sums) in &expected {
        let row = by_key[key];
        let columns = ["times_shown", "views", "units_added", "units_ordered"];
        assert_eq!(columns.map(|column| row[column].as_i64().unwrap()), *sums, "{row}");
        assert_eq!(row["first_place"].as_i64(), places.get(key).copied(), "{row}");
        assert_eq!(row["carted"], sums[2] > 0, "{row}");
        assert_eq!(row["ordered"], sums[3] > 0, "{row}");
    }
    let ordered = products.iter().filter(|row| row["ordered"] == true).count();
    assert!(ordered > 2 && ordered < products.len());
    assert!(products.iter().any(|row| row["first_price_cents"].as_i64() > Some(0)));
}

#[test]
fn a_price_has_a_row_for_each_day_on_which_it_was_seen() {
    let place = clean();
    let prices = rows(place, &["--table", "prices"]);
    let mut expected: BTreeMap<(String, String, i64), Vec<String>> = BTreeMap::new();
    for event in rows(place, &[]) {
        let column = match text(&event, "event_type") {
            "view_product" => "price_cents",
            "cart_add_item" => "unit_price_cents",
            _ => continue,
        };
        let at = text(&event, "simulated_at");
        let price = event["payload"][column].as_i64().unwrap();
        let key = (at[..10].to_owned(), text(&event, "product_id").to_owned(), price);
        expected.entry(key).or_default().push(at.to_owned());
    }
    assert_eq!(prices.len(), expected.len());
    for (row, ((day, product, price), seen)) in prices.iter().zip(&expected) {
        assert_eq!((text(row, "day"), text(row, "product_id")), (day.as_str(), product.as_str()));
        assert_eq!(row["price_cents"], *price);
        assert_eq!(row["times_seen"], seen.len());
        assert_eq!(text(row, "first_seen_at"), seen.iter().min().unwrap());
        assert_eq!(text(row, "last_seen_at"), seen.iter().max().unwrap());
    }
    let days: BTreeSet<&str> = prices.iter().map(|row| text(row, "day")).collect();
    assert_eq!(days, BTreeSet::from(["2026-01-05", "2026-01-06"]));
}

#[test]
fn a_filter_of_time_takes_rows_away_and_no_label() {
    let place = clean();
    let all = rows(place, &["--table", "visit_products"]);
    let noon = "2026-01-05T20:30";
    let (first, second) = (
        rows(place, &["--table", "visit_products", "--until", noon]),
        rows(place, &["--table", "visit_products", "--since", noon]),
    );
    assert!(!first.is_empty() && !second.is_empty());
    // Within an hour rows come by agent.
    let sorted = |rows: Vec<Value>| {
        let mut texts: Vec<String> = rows.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    assert!(sorted([first, second].concat()) == sorted(all), "rows are lost or told otherwise");
}

#[test]
fn the_last_day_of_two_tests_and_named_dates_come_before_that() {
    let place = clean();
    for table in ["events", "orders", "shopping_sessions", "impressions", "visit_products"] {
        for row in rows(place, &["--table", table]) {
            let is_first = text(&row, "simulated_at").starts_with("2026-01-05");
            assert_eq!(row["period"], if is_first { "train" } else { "test" }, "{table}");
            assert!(["train", "validation"].contains(&text(&row, "split")), "{table}");
        }
    }
    let named = ["--train-until", "2026-01-05", "--test-from", "2026-01-06"];
    let days = rows(place, &[&["--table", "agent_days"][..], &named].concat());
    for day in &days {
        let expected = if day["day"] == "2026-01-05" { "gap" } else { "test" };
        assert_eq!(day["period"], expected);
    }
    assert!(sum(&days, "orders") > 0);
    let agents = rows(place, &["--table", "agents"]);
    assert!(agents.iter().all(|row| !row["split"].is_null()));
    let crossed = ["events", "--train-until", "2026-01-07", "--test-from", "2026-01-06"];
    let (_, said) = place.expect(2, &crossed);
    assert!(said.contains("--train-until"), "{said}");
}
