//! SIGTERM while the shop answers nothing: what does not end within its time is ended, and nothing
//! is left open. SIGSTOP for longer than a call may take: the run goes on and says so.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use shops::practice_shop::{Down, Faults, PracticeConfig, PracticeShop, Route};

use crate::support::binary::{Place, wait};

/// A practice shop whose calls may take longer than a stop waits.
fn patient_profile(place: &Place) -> String {
    let text = include_str!("../config/shops/practice.ron");
    let patient = text.replace("call_ms: 10000", "call_ms: 60000");
    assert_ne!(text, patient);
    let path = place.path().join("patient.ron");
    std::fs::write(&path, patient).unwrap();
    path.display().to_string()
}

#[test]
fn sigterm_ends_flows_that_do_not_end_as_stopped_with_events_and_cart() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let (api, profile) = (shop.base_url(), patient_profile(&place));
    let run = ["run", "--api", &api, "--profile", &profile, "--rate", "100", "--agents", "60"];
    let of = ["--warm-up", "off", "--start", "2026-01-05T10:00", "--time-scale", "max"];
    // Many calls are to be under way when the shop falls silent.
    let many = ["--in-flight", "off"];
    let process = place.start(&[&run[..], &of[..], &many[..]].concat());
    place.wait_for("cycles WHERE cycle = 1");
    let added = || shop.ledger().routes[&Route::AddItem].ok;
    let before = added();
    wait(|| added() >= before + 40, || place.log());
    let faults = Faults { down: Some(Down::Blackhole), ..Faults::default() };
    shop.faults().set(faults).unwrap();
    let open = place.count("shopping_sessions WHERE status = 'active'");
    assert!(open > 0);
    let arrived = shop.ledger().requests_total;
    wait(|| shop.ledger().requests_total >= arrived + 20, || place.log());
    let begun = Instant::now();
    let kill = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(kill.success());
    assert_eq!(process.wait(), Some(143), "{}", place.log());
    let took = begun.elapsed().as_secs();
    assert!((9..25).contains(&took), "{took} s");

    assert_eq!(place.count("shopping_sessions WHERE status = 'active'"), 0);
    assert_eq!(place.count("shopping_sessions WHERE end_reason = 'crash'"), 0);
    let stopped = "shopping_sessions s WHERE status = 'abandoned' AND end_reason = 'stopped'";
    assert!(place.count(stopped) > 0);
    let full = format!(
        "{stopped} AND shop_cart = 'dirty' AND cart_units > 0 AND EXISTS (
           SELECT 1 FROM shopping_session_events e
           WHERE e.flow_id = s.flow_id AND e.event_type = 'cart_add_item')"
    );
    assert!(place.count(&full) > 0);
    assert_eq!(place.count("runs WHERE state = 'stopped'"), 1);
    let audit = place.expect(0, &["verify", "--json"]).0;
    let audit: Value = serde_json::from_str(&audit).unwrap();
    assert_eq!((&audit["clean"], &audit["attempts_broken"]), (&true.into(), &1.into()), "{audit}");

    shop.faults().clear();
    let fast = ["--time-scale", "max", "--rate", "unlimited", "--quiet"];
    place.expect(0, &[&["resume", "--cycles", "4"][..], &fast[..]].concat());
    assert_eq!(place.count("incidents WHERE kind = 'clean_up' AND message LIKE '% 0 open %'"), 1);
    place.expect(0, &["verify"]);
}

#[test]
fn a_run_that_was_stopped_for_longer_than_a_call_may_take_says_so_and_goes_on() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    shop.faults().set(Faults { latency_ms: 200, ..Faults::default() }).unwrap();
    let place = Place::new();
    let api = shop.base_url();
    let run = ["run", "--api", &api, "--profile", "practice", "--rate", "300", "--agents", "120"];
    let of = ["--warm-up", "off", "--start", "2026-01-05T10:00", "--time-scale", "max", "--quiet"];
    let process = place.start(&[&run[..], &of[..]].concat());
    place.wait_for("cycles WHERE cycle = 0");
    // In the middle of a cycle, with calls under way.
    place.wait_for("shopping_sessions WHERE cycle = 1");
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &process.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    std::thread::sleep(std::time::Duration::from_secs(12));
    signal("-CONT");
    place.wait_for("incidents WHERE kind = 'clock_jump' AND message LIKE 'nothing ran for 1% s%'");
    place.wait_for("cycles WHERE cycle = 2 AND broken = 0");
    assert_eq!(place.count("incidents WHERE kind = 'freeze'"), 0, "{}", place.log());
    place.expect(0, &["ctl", "quit"]);
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    place.expect(0, &["verify"]);
}
