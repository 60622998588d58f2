//! The command as an operator meets it.

use std::fs;

use super::report;
use crate::events::clean;
use crate::support::binary::Place;

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    let place = Place::copy_of(clean());
    fs::write(place.path().join("there.html"), "mine").unwrap();
    for (args, says) in [
        (vec!["ffff"], "run ffff is not in this database; it knows\nRUN"),
        (vec!["--compare", "eeee"], "run eeee is not in this database"),
        (vec!["--compare", ""], "a run beside itself"),
        (vec!["-o", "there.html"], "say --force"),
        (vec!["-o", "nowhere/r.html"], "there is no folder nowhere"),
        (vec!["-o", "data"], "it is a folder; name a file"),
    ] {
        let (out, err) = place.expect(2, &[&["report"][..], &args].concat());
        assert!(err.contains(says) && out.is_empty(), "{args:?}: {err}");
    }
    assert_eq!(fs::read_to_string(place.path().join("there.html")).unwrap(), "mine");
    place.expect(0, &["report", "-o", "there.html", "--force"]);
    assert!(fs::read_to_string(place.path().join("there.html")).unwrap().starts_with("<!doctype"));
    let (_, err) = Place::new().expect(6, &["report"]);
    assert!(err.contains("there is no database"), "{err}");
}

#[test]
fn a_page_gets_a_name_and_json_makes_none() {
    let place = Place::copy_of(clean());
    let database = place.data().join("cartload.db");
    let before = fs::read(&database).unwrap();
    let id = report(&place, &[])["run"]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "JSON leaves no file");
    let (out, err) = place.expect(0, &["report", &id[..13]]);
    let name = format!("report-{}.html", &id[..8]);
    assert!(out.is_empty() && err.contains(&name), "{err}");
    assert!(place.path().join(&name).exists());
    assert_eq!(fs::read(&database).unwrap(), before, "reading writes nothing");
}

#[test]
fn a_damaged_run_gets_its_page_with_what_is_wrong_on_it() {
    let place = Place::copy_of(clean());
    place.sql("DELETE FROM orders WHERE flow_id = (SELECT MIN(flow_id) FROM orders)");
    place.expect(0, &["report", "-o", "r.html"]);
    let page = fs::read_to_string(place.path().join("r.html")).unwrap();
    assert!(page.contains("verdict wrong") && page.contains("in the books"));
    place.sql("UPDATE incidents SET recorded_at = 'yesterday'; UPDATE cycles SET latency = '{}'");
    let (out, _) = place.expect(0, &["report", "--json"]);
    assert!(out.contains("\"p95_max_ms\":null"), "percentiles that are not there are not zero");
}

#[test]
fn what_the_shop_said_stands_on_the_page_as_text() {
    let place = Place::copy_of(clean());
    let evil = "</td></svg><script>alert(1)</script><img src=x onerror=alert(2)>";
    place.sql(&format!(
        "INSERT INTO coupon_interactions SELECT flow_id, 9000, run_id, cycle, replay, is_replay, \
           is_simulated, agent_id, cohort, 'c', NULL, 'rejected', '{evil}', simulated_at, \
           recorded_at, FALSE, FALSE FROM coupon_interactions LIMIT 1; \
         UPDATE shopping_sessions SET status = 'failed', end_reason = '{evil}', failure = '{evil}' \
           WHERE flow_id = (SELECT MIN(flow_id) FROM shopping_sessions); \
         INSERT INTO incidents SELECT 'x', run_id, 1, 0, 0, 1, NULL, NULL, '{evil}', '{evil}', \
           '{{}}', simulated_at, recorded_at FROM cycles LIMIT 1; \
         UPDATE agents SET archetype = '{evil}'; \
         UPDATE runs SET settings = json_set(settings, '$.population.preset', '{evil}')"
    ));
    place.expect(0, &["report", "-o", "r.html"]);
    let page = fs::read_to_string(place.path().join("r.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(page.matches("&lt;script&gt;").count() + page.matches("&#60;script&#62;").count() >= 5);
    let json = report(&place, &[]);
    assert_eq!(json["coupons"]["rejected_by_reason"].as_array().unwrap().len(), 1);
    assert_eq!(json["coupons"]["rejected_by_reason"][0]["reason"], evil, "JSON has it as it is");
}

#[test]
fn the_gate_says_which_band_is_missed_and_what_drives_it() {
    let place = Place::copy_of(clean());
    let gate = |bands: &[(&str, &str)], code| {
        let mut command = place.command(&["report", "--json", "--gate", "realism"]);
        command.envs(bands.iter().copied());
        place.expect_of(code, &mut command)
    };
    let target = |name| ("CARTLOAD_REALISM_TARGETS", name);
    let band = |ends| ("CARTLOAD_REALISM_SINGLE_ITEM", ends);
    let (out, err) = gate(&[target("single_item"), band("97,99")], 11);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(err.contains("97-99") && err.contains("avg_cart_value"), "what drives it: {err}");
    assert_eq!(err.matches("single_item").count(), 1, "a line for each: {err}");
    let single = json["realism"]["dimensions"].as_array().unwrap();
    let single = single.iter().find(|dimension| dimension["name"] == "single_item").unwrap();
    assert!(single["verdict"] != "met" && single["targeted"] == true, "{single}");
    gate(&[target("single_item"), band("0,100")], 0);
    let (_, err) = gate(&[target("night_share")], 11);
    assert!(err.contains("too few data"), "not every hour was lived: {err}");
    let (_, err) = place.expect(2, &["report", "--gate", "beauty"]);
    assert!(err.contains("realism"), "{err}");
}

#[test]
fn an_experiment_has_its_section_and_its_numbers_in_json() {
    let place = Place::new();
    let args = ["run", "--agents", "40", "--cycles", "10", "--time-scale", "max", "--quiet"];
    let more = ["--rate", "unlimited", "--warm-up", "off", "--start", "2026-01-05T10:00"];
    let mut command = place.command(&[&args[..], &more[..]].concat());
    command.env("CARTLOAD_EXPERIMENT_NAME", "checkout").env(
        "CARTLOAD_EXPERIMENT_ARMS",
        r#"{"name":"control","share":0.5},
           {"name":"bold","share":0.5,"overrides":{"behavior.checkout.base":0.9}}"#,
    );
    place.expect_of(0, &mut command);
    let json = report(&place, &["-o", "r.html"]);
    assert_eq!(json["cohorts"]["control"], "control");
    assert_eq!(json["cohorts"]["arms"].as_array().unwrap().len(), 2);
    let page = fs::read_to_string(place.path().join("r.html")).unwrap();
    assert!(page.contains("id=\"experiment\"") && page.contains("bold"));
    let (why, adjusted) = (&json["cohorts"]["adjustments"][0]["why_not"], "interval_shrink");
    let is_adjusted = json["cohorts"]["comparisons"][0]["adjusted"][adjusted].is_number();
    assert_ne!(is_adjusted, why.is_string(), "adjusted, or it is said why not: {why}");
    assert!(page.contains("Adjusted by the personas"));
    let without = report(clean(), &[]);
    assert_eq!(without["cohorts"], serde_json::Value::Null);
}
