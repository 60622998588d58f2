//! `agents fit`: what it writes loads, what it cannot tell it says, and nothing is written over.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use crate::support::binary::Place;

/// `customers` that order every second week for `weeks`, at 10 h on days of their own.
fn orders(customers: u32, weeks: u32) -> String {
    let mut text = String::from("buyer,paid_at,sku,category,qty,price\n");
    for week in 0..weeks {
        for customer in (0..customers).filter(|customer| (customer + week).is_multiple_of(2)) {
            let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
                + chrono::Days::new(u64::from(7 * week + customer % 7));
            for line in 0..=customer % 3 {
                let (product, kind) = ((customer * 7 + line) % 30, customer % 4);
                let _ = writeln!(text, "c{customer},{day} 10:15,p{product},k{kind},1,4.50");
            }
        }
    }
    text
}

const COLUMNS: [&str; 8] = [
    "agents",
    "fit",
    "--orders",
    "orders.csv",
    "--columns",
    "customer=buyer,time=paid_at",
    "--out",
    "mine",
];

#[test]
fn a_fit_writes_a_preset_and_personas_that_load_and_nothing_over_them() {
    let place = Place::new();
    fs::write(place.path().join("orders.csv"), orders(400, 12)).unwrap();
    let small = ["--agents", "40", "--days", "7", "--json"];
    let (out, err) = place.expect(0, &[&COLUMNS[..], &small].concat());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["schema"], "cartload.fit/1", "{err}");
    let names: Vec<_> = report["scorecard"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|row| row["name"] == "hours" && row["distance_after"].is_number()));
    let (_, err) = place.expect(3, &COLUMNS);
    assert!(err.contains("preset.ron is there; --force writes over it"), "{err}");

    let (_, err) = place.expect(0, &["agents", "import", "mine/agents.json", "--replace"]);
    assert!(!err.contains("warning"), "{err}");
    let run = ["run", "--preset", "mine/preset.ron", "--mock-api", "--time-scale", "max"];
    let end = ["--rate", "unlimited", "--cycles", "2", "--warm-up", "off", "--plain"];
    place.expect(0, &[&run[..], &end].concat());
}

#[test]
fn a_small_young_shop_is_told_what_is_missing_and_nothing_is_written() {
    let place = Place::new();
    fs::write(place.path().join("orders.csv"), orders(50, 3)).unwrap();
    let (out, err) = place.expect(3, &COLUMNS);
    assert!(out.contains("| orders_per_week | needs 100 customers, has "), "{out}");
    assert!(err.contains("orders_per_week cannot be estimated"), "{err}");
    assert!(!place.path().join("mine").exists());
    let (_, err) = place.expect(3, &["agents", "fit", "--orders", "orders.csv", "--out", "mine"]);
    assert!(err.contains("no column looks like customer; say --columns customer=..."), "{err}");
}
