//! `cartload inject` against a live run.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use super::{started, status};
use crate::support::binary::{Place, wait};

#[test]
fn messages_come_by_argument_file_and_stdin_and_leave_an_incident_each() {
    let place = Place::new();
    let process = started(&place, &[]);
    let (out, _) = place.expect(0, &["inject", "Shop(Fault(latency_ms: 30))"]);
    assert_eq!(out, "injected Shop(Fault(latency_ms:30))\n");
    fs::write(place.path().join("drill.ron"), "// a drill\nRateLimiter(Retune(70))\n").unwrap();
    place.expect(0, &["inject", "--file", "drill.ron"]);
    let mut command = place.command(&["inject", "-", "--json"]);
    let mut piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"OfferRefresher(Refresh)").unwrap();
    let output = piped.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("injected OfferRefresher(Refresh)"));
    wait(|| place.count("incidents WHERE kind = 'injection'") == 3, || place.log());

    let cycle = status(&place)["cycle"].as_u64().unwrap();
    let later = (cycle + 3).to_string();
    let crash = ["inject", "Agents(1, Crash)", "--at-cycle"];
    let (out, _) = place.expect(0, &[&crash[..], &[&later]].concat());
    assert!(out.contains(&format!("waits for the tick of cycle {later}")), "{out}");
    let (_, err) = place.expect(9, &[&crash[..], &["0"]].concat());
    assert!(err.contains("the tick of cycle 0 is past"), "{err}");
    let (_, err) = place.expect(9, &["inject", r#"Agent("agent_999", Crash)"#]);
    assert!(err.contains("agent_999 is no agent of this run"), "{err}");
    let drilled = "shopping_sessions WHERE failure LIKE '%a drill%'";
    place.wait_for(drilled);
    assert_eq!(place.count(drilled), 1);
    place.expect(0, &["inject", "Shop(Heal)"]);
    place.expect(0, &["ctl", "quit", "--now"]);
    assert_eq!(process.wait(), Some(0));
}

#[test]
fn a_message_that_is_none_is_refused_by_place_before_any_run_is_looked_for() {
    let place = Place::new();
    let (_, err) = place.expect(2, &["inject", r#"Agent("agent_017", Crahs)"#]);
    for part in ["message:1:20", "Crahs", "`Crash`, `Hang`", "--list"] {
        assert!(err.contains(part), "`{part}` is not in {err}");
    }
    fs::write(place.path().join("drill.ron"), "\n  Sesion(4, Die)").unwrap();
    let (_, err) = place.expect(2, &["inject", "--file", "drill.ron"]);
    assert!(err.contains("drill.ron:2:3") && err.contains("`Session`"), "{err}");
    place.expect(2, &["inject"]);
    place.expect(2, &["inject", "--file", "nowhere.ron"]);
    place.expect(8, &["inject", "Shop(Heal)"]);
}

#[test]
fn the_list_shows_every_message() {
    let place = Place::new();
    let (text, _) = place.expect(0, &["inject", "--list"]);
    assert!(text.contains(r#"Agent("agent_017", Crash)"#) && text.contains("Shop(Heal)"));
    let (json, _) = place.expect(0, &["inject", "--list", "--json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(list.len(), text.lines().count());
}
