//! A run that was killed and resumed: what was run again, why, and what counts.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{by, interrupted, rows};

fn flows(rows: &[Value]) -> HashSet<&str> {
    rows.iter().map(|row| row["flow_id"].as_str().unwrap()).collect()
}

#[test]
fn what_was_run_again_is_shown_with_crash_and_checkpoint() {
    let place = interrupted();
    let (out, err) = place.expect(0, &["events", "--replay", "only", "--json"]);
    let again: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(again.len() as i64, place.count("shopping_session_events WHERE is_replay"));
    assert!(!again.is_empty());
    for row in &again {
        assert!(row["replay_cause"].as_str().unwrap().starts_with("crash"), "{row}");
        let file = row["replay_checkpoint"].as_str().unwrap();
        assert!(file.starts_with("checkpoint-") && file.contains("-0000000004-"), "{file}");
    }
    assert!(err.contains("replay 1: cycles 4-") && err.contains("why: crash"), "{err}");
    let replays = rows(place, &["--table", "replays"]);
    assert_eq!(replays.len(), 1);
    let replay = &replays[0];
    assert_eq!((&replay["first_cycle"], &replay["boundary"]), (&4.into(), &4.into()));
    assert_eq!(replay["cause"], "crash");
    let replayed = place.count("shopping_sessions WHERE is_replay");
    assert_eq!(replay["replayed_flows"].as_i64(), Some(replayed));
}

#[test]
fn first_attempts_and_replays_are_all_attempts() {
    let place = interrupted();
    let of = |replay| rows(place, &["--table", "shopping_sessions", "--replay", replay]);
    let (exclude, only, all) = (of("exclude"), of("only"), of("all"));
    assert_eq!(exclude.len() + only.len(), all.len());
    assert_eq!(&flows(&exclude) | &flows(&only), flows(&all));
    assert!(flows(&exclude).is_disjoint(&flows(&only)));
    assert_eq!(all.len() as i64, place.count("shopping_sessions"));
}

#[test]
fn canonical_is_the_view_and_has_each_agent_once_an_hour() {
    let place = interrupted();
    for table in ["shopping_sessions", "shopping_session_events", "orders", "order_items"] {
        let canonical = rows(place, &["--table", table]);
        assert_eq!(canonical.len() as i64, place.count(&format!("canonical_{table}")), "{table}");
        assert!(place.count(table) >= canonical.len() as i64);
    }
    assert!(place.count("shopping_sessions") > place.count("canonical_shopping_sessions"));
    let mut seen = HashSet::new();
    let mut attempt: HashMap<i64, i64> = HashMap::new();
    for row in rows(place, &["--table", "shopping_sessions"]) {
        let (cycle, replay) = (row["cycle"].as_i64().unwrap(), row["replay"].as_i64().unwrap());
        assert!(seen.insert((cycle, row["agent_id"].to_string())), "twice: {row}");
        assert_eq!(*attempt.entry(cycle).or_insert(replay), replay, "two attempts of {cycle}");
    }
    let broken = rows(place, &["--table", "cycles", "--replay", "all"]);
    let broken = broken.iter().filter(|row| row["broken"] == true).count();
    assert!(broken >= 1);
}

#[test]
fn the_card_says_how_much_was_run_again_and_why() {
    let place = interrupted();
    place.expect(0, &["events", "--replay", "all", "--out", "all.parquet", "--force"]);
    let card = std::fs::read_to_string(place.path().join("all.parquet.card.json")).unwrap();
    let card: Value = serde_json::from_str(&card).unwrap();
    let again = place.count("shopping_session_events WHERE is_replay");
    assert_eq!(card["replay_rows"].as_i64(), Some(again));
    let share = again as f64 / place.count("shopping_session_events") as f64;
    assert!((card["replay_share"].as_f64().unwrap() - share).abs() < 1e-9);
    let limits = card["limits"].to_string();
    assert!(limits.contains("Not only canonical attempts"), "{limits}");
    let run = &card["runs"][0];
    assert!(run["replays"][0].as_str().unwrap().contains("crash"), "{run}");
    assert_eq!(
        run["attempts"]["replayed_visits"].as_i64(),
        Some(place.count("shopping_sessions WHERE is_replay"))
    );
    assert!(run["attempts"]["broken"].as_i64().unwrap() >= 1);
}

#[test]
fn a_run_without_replays_says_so() {
    let place = super::clean();
    let (out, err) = place.expect(0, &["events", "--replay", "only", "--json"]);
    assert!(out.is_empty() && err.contains("nothing was run again"), "{err}");
    assert!(by(&rows(place, &["--table", "replays"]), "cause").is_empty());
}
