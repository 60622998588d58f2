//! `cartload experiment plan`: what is found, by which run, and what is refused.

use serde_json::Value;

use super::*;
use crate::support::binary::Place;

fn plan(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn without_any_run_a_plan_is_made_by_the_built_in_table() {
    let folder = folder();
    let args = ["experiment", "plan", "--agents", "2000", "--days", "28", "--json"];
    let found = plan(&stdout(&run(&folder, &args)));
    assert_eq!((&found["from_run"], &found["design"]["agents"]), (&Value::Null, &2_000.into()));
    let metrics = found["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 5);
    for metric in metrics {
        let lift = |how: &str| metric[how]["lift"].as_f64().unwrap();
        assert!(0.0 < lift("adjusted") && lift("adjusted") <= lift("plain"), "{metric}");
    }
    let told = stdout(&run(&folder, &args[..6]));
    assert!(told.contains("2000 agents, 28 days, arms of 50 %, 50 %"), "{told}");
    assert!(told.contains("a table measured on the preset lifelike"), "{told}");
}

#[test]
fn what_cannot_be_planned_is_refused_with_code_2_and_the_way_out() {
    let folder = folder();
    let refused = |more: &[&str], words: &[&str]| {
        super::refused(&run(&folder, &[&["experiment", "plan"], more].concat()), 2, words);
    };
    refused(&["--agents", "19"], &["9 agents", "raise --agents to 20"]);
    refused(&["--shares", "0.5,0.4"], &["whose sum is 1"]);
    refused(&["--arms", "1"], &["2 to 20"]);
    refused(&["--power", "1"], &["--power"]);
    refused(&["--days", "0"], &["--days"]);
    refused(&["--arms", "3", "--shares", "0.5,0.5"], &["--shares"]);
}

#[test]
fn a_plan_is_made_by_the_last_run_that_ended() {
    let place = Place::new();
    let fast = ["run", "--time-scale", "max", "--quiet", "--rate", "unlimited"];
    let more = ["--warm-up", "off", "--start", "2026-01-05", "--agents", "40"];
    place.expect(0, &[&fast[..], &more[..], &["--cycles", "10"]].concat());
    let (_, err) = place.expect(2, &["experiment", "plan"]);
    assert!(err.contains("a plan needs 30 agents and 2 days"), "{err}");
    place.expect(0, &[&fast[..], &more[..], &["--cycles", "48"]].concat());
    let found = plan(&place.expect(0, &["experiment", "plan", "--json"]).0);
    assert_eq!((&found["from_agents"], &found["from_days"]), (&40.into(), &2.0.into()));
    let run = found["from_run"].as_str().unwrap();
    let named = ["experiment", "plan", "--json", "--from-run", &run[..13], "--agents", "160"];
    let more = plan(&place.expect(0, &named).0);
    let lift = |plan: &Value| plan["metrics"][0]["plain"]["lift"].as_f64().unwrap();
    assert!((lift(&found) / lift(&more) - 2.0).abs() < 1e-9, "four times the agents");
    place.expect(2, &["experiment", "plan", "--from-run", "ffffffff"]);
}
