//! `run --scenario`: the real binary plays the scenarios it ships, and files that expect too much,
//! too late or nonsense.

use std::fs;

use serde_json::Value;

use crate::support::binary::Place;

/// Nothing leaves the process; as fast as the work allows.
const DRY: &str = "time: (scale: \"max\", cycles: 40), rate: (per_second: \"unlimited\"), \
                   warm_up: (enabled: false), population: (agents: 20), \
                   shop: (mock: true), store: (mock: true)";

/// A place with a scenario `drill.ron` of these settings and steps.
fn place(more: &str, settings: &str, steps: &str) -> Place {
    let place = Place::new();
    let text = format!("(about: \"a drill\", {more} settings: ({settings}), steps: [{steps}])");
    fs::write(place.path().join("drill.ron"), text).unwrap();
    place
}

/// Plays `drill.ron`, which must end with this code; answers its lines.
#[track_caller]
fn play(place: &Place, code: i32) -> Vec<String> {
    let (out, _) = place.expect(code, &["run", "--scenario", "./drill.ron", "--quiet"]);
    let lines = out.lines().skip_while(|line| !line.starts_with("scenario drill: "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// A scenario of the binary on its default target; then the ledger must be clean.
#[track_caller]
fn holds(name: &str) -> Place {
    let place = Place::new();
    let (out, _) = place.expect(0, &["run", "--scenario", name, "--json", "--quiet"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["scenario"]["name"], name);
    assert_eq!(report["scenario"]["failed"], 0, "{out}");
    place.expect(0, &["verify"]);
    let drills = "incidents WHERE json_extract(detail, '$.door') = 'scenario' \
                  AND json_extract(detail, '$.drill') = 1";
    assert!(place.count(drills) > 0);
    place
}

#[test]
fn a_slow_shop_costs_time_and_no_flow() {
    holds("slow_shop");
}

#[test]
fn an_outage_freezes_and_a_resume_loses_nothing() {
    let place = holds("outage_and_recovery");
    let resumed = "incidents WHERE kind = 'resume' AND json_extract(detail, '$.drill') = 1";
    assert_eq!(place.count(resumed), 1);
}

#[test]
fn eighteen_crashes_are_survived_and_nineteen_freeze() {
    let place = holds("crashes_at_the_border");
    assert_eq!(place.count("shopping_sessions WHERE failure LIKE '%a drill%'"), 37);
}

#[test]
fn a_coupon_rush_on_a_slow_database_loses_no_flow() {
    let place = holds("coupon_rush");
    assert!(place.count("coupon_interactions WHERE step = 'rejected'") > 0);
}

#[test]
fn no_moment_is_missed_however_fast_the_run_goes() {
    let steps: Vec<String> = (0..30)
        .map(|n| {
            format!(
                "(at: Tick({n}), expect: [CyclesCompleted(exactly: {n}), State(running)]), \
                 (at: End({n}), expect: [CyclesCompleted(exactly: {})])",
                n + 1
            )
        })
        .collect();
    let place = place("", DRY, &steps.join(", "));
    let lines = play(&place, 0);
    assert_eq!(lines[0], "scenario drill: 90 of 90 held");
}

#[test]
fn an_expectation_that_does_not_hold_is_a_clear_line_and_a_code_of_its_own() {
    let steps = "(at: End(1), expect: [State(running), Orders(at_least: 100000), \
                 Session(4, down)]), (at: End(2), expect: [State(running)])";
    let place = place("", DRY, steps);
    let lines = play(&place, 10);
    assert_eq!(lines[0], "scenario drill: 2 of 4 held");
    assert_eq!(lines[1], "held          step 1, the end of cycle 1: state running");
    let begin = "did not hold  step 1, the end of cycle 1: expected orders: at least 100000, saw ";
    assert!(lines[2].starts_with(begin) && lines[2].ends_with(" at cycle 2"), "{}", lines[2]);
    let session = "did not hold  step 1, the end of cycle 1: expected HTTP session 4 down, saw up";
    assert!(lines[3].starts_with(session), "{}", lines[3]);
    assert_eq!(lines[4], "held          step 2, the end of cycle 2: state running");
    let (out, err) = place.expect(10, &["run", "--scenario", "./drill.ron", "--quiet", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let line = &report["scenario"]["lines"][1];
    assert_eq!(
        (&line["held"], &line["step"], &line["cycle"]),
        (&false.into(), &1.into(), &2.into())
    );
    assert!(err.contains("did not hold"), "told at once, on stderr: {err}");
}

#[test]
fn what_is_refused_fails_where_it_must_be_done_and_holds_where_it_must_be_refused() {
    let steps = "(at: End(1), do: [Coordinator(Resume)], refused: [Coordinator(Resume)], \
                 expect: [State(running)]), (at: Tick(3), refused: [Agents(1, Crash)])";
    let place = place("", DRY, steps);
    let lines = play(&place, 10);
    assert_eq!(lines[0], "scenario drill: 2 of 4 held");
    assert!(lines[1].contains("expected Coordinator(Resume), saw refused: the run is running"));
    assert!(lines[2].starts_with("held          step 1, the end of cycle 1: refusal of"));
    assert!(lines[4].contains("expected refusal of Agents(1,Crash), saw done"), "{}", lines[4]);
}

#[test]
fn a_drill_that_leaves_the_run_frozen_as_expected_has_held() {
    let steps = "(at: Tick(2), do: [CircuitBreaker(Trip(reason: \"drill\"))], \
                 expect: [State(frozen), FrozenBecause(\"drill\")], within: Seconds(20)), \
                 (at: End(2), expect: [State(frozen)]), \
                 (expect: [RequestsMeanwhile(exactly: 0)], hold: Seconds(2))";
    let lines = play(&place("", DRY, steps), 0);
    assert_eq!(lines[0], "scenario drill: 5 of 5 held");
}

#[test]
fn what_the_run_never_comes_to_has_not_held() {
    let steps = "(at: End(2), expect: [State(running)]), (at: End(99), do: [Agents(1, Crash)], \
                 expect: [State(running)])";
    let lines = play(&place("", DRY, steps), 10);
    let begin = "did not hold  step 2, the end of cycle 99: expected ";
    let end = ", not reached: the run ended at cycle 40";
    for line in &lines[2..4] {
        assert!(line.starts_with(begin) && line.ends_with(end), "{line}");
    }
    let frozen = "(at: Tick(2), do: [CircuitBreaker(Trip(reason: \"drill\"))]), \
                  (at: End(9), expect: [State(running)])";
    let lines = play(&place("limit_s: 3,", DRY, frozen), 10);
    let end = "not reached: the 3 s of `limit_s` were over, frozen at cycle 2: tripped by hand: \
               drill";
    assert!(lines[2].ends_with(end), "{}", lines[2]);
}

#[test]
fn a_file_that_is_wrong_is_refused_by_place_before_anything_is_written() {
    let place = place("", DRY, "(at: End(1), expects: [])");
    let (_, err) = place.expect(3, &["run", "--scenario", "./drill.ron"]);
    assert!(err.contains("./drill.ron:1:") && err.contains("`expect`"), "{err}");
    let (_, err) = place.expect(3, &["run", "--scenario", "drills"]);
    assert!(err.contains("outage_and_recovery"), "{err}");
    let settings = "time: (cycles: 0)";
    let text =
        format!("(about: \"x\", settings: ({settings}), steps: [(expect: [State(running)])])");
    fs::write(place.path().join("drill.ron"), text).unwrap();
    let (_, err) = place.expect(3, &["run", "--scenario", "./drill.ron"]);
    assert!(err.contains("./drill.ron:1:32: time.cycles = 0"), "{err}");
    assert!(!place.data().exists());
    let (_, err) = place.expect(2, &["resume", "--scenario", "slow_shop"]);
    assert!(err.contains("a drill is a run of its own"), "{err}");
}
