//! Every message that `inject --list` documents, sent by the real binary to a live run: its
//! incident is written, and what the list says of it happens.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use cartload::injection;
use serde_json::Value;

use super::{status, until_up};
use crate::support::binary::{Place, Process, wait};

/// Six agents may fail in a cycle. It takes half a second, or what the machine needs.
const RUN: [&str; 11] = [
    "run",
    "--agents",
    "120",
    "--time-scale",
    "7200",
    "--rate",
    "unlimited",
    "--warm-up",
    "off",
    "--start",
    "2026-01-05T10:00",
];

/// A live run, and what was sent to it.
struct Rig {
    place: Place,
    sent: RefCell<BTreeSet<String>>,
}

impl Rig {
    /// Sends a message of the list; its incident must be there.
    #[track_caller]
    fn inject(&self, message: &str) {
        self.said(0, message);
    }

    #[track_caller]
    fn said(&self, code: i32, message: &str) -> String {
        self.sent.borrow_mut().insert(message.to_owned());
        let before = self.incidents();
        let (_, err) = self.place.expect(code, &["inject", message]);
        wait(|| self.incidents() > before, || format!("the incident of {message}"));
        err
    }

    fn incidents(&self) -> i64 {
        self.place.count("incidents WHERE json_extract(detail, '$.drill') = 1")
    }

    /// Waits for a row that was not there before.
    #[track_caller]
    fn until_one_more(&self, from: &str, before: i64) {
        wait(|| self.place.count(from) > before, || format!("{from}\n{}", self.place.log()));
    }

    /// Sends it, and waits for a row that was not there before.
    #[track_caller]
    fn inject_and_find(&self, message: &str, from: &str) {
        let before = self.place.count(from);
        self.inject(message);
        self.until_one_more(from, before);
    }

    /// Sends it, and waits for a picture.
    #[track_caller]
    fn inject_and_see(&self, message: &str, is_such: impl Fn(&Value) -> bool) {
        self.inject(message);
        self.see(message, is_such);
    }

    #[track_caller]
    fn see(&self, what: &str, is_such: impl Fn(&Value) -> bool) {
        let seen = || status(&self.place).to_string();
        wait(|| is_such(&status(&self.place)), || format!("{what}: {}", seen()));
    }

    /// Sends it, and waits until a number of the picture has grown.
    #[track_caller]
    fn inject_and_count(&self, message: &str, pointer: &str) {
        let number = |status: &Value| status.pointer(pointer).unwrap().as_u64().unwrap();
        let before = number(&status(&self.place));
        self.inject_and_see(message, |status| number(status) > before);
    }

    /// Waits until the run is frozen and has come to rest, and opens it.
    #[track_caller]
    fn open(&self) {
        self.see("a freeze", |status| status["state"] == "frozen");
        let resumed = || self.place.run(&["ctl", "resume"]).status.success();
        wait(resumed, || "a resume".to_owned());
    }

    fn agents_are_told(&self) {
        let failed = |agent: &str, cause: &str| {
            format!(
                "shopping_sessions WHERE agent_id = '{agent}' AND failure LIKE '%{cause}%a drill%'"
            )
        };
        self.inject_and_find(r#"Agent("agent_017", Crash)"#, &failed("agent_017", ""));
        let checkout = r#"Agent("agent_003", FailNextCheckout(status: 500))"#;
        self.inject_and_find(checkout, &failed("agent_003", "checkout: 500"));
        let call = r#"Agent("agent_003", FailNextCall(status: 401))"#;
        self.inject_and_find(call, &failed("agent_003", "401"));
        self.inject("Agents(19, Crash)");
        self.open();
    }

    fn sessions_are_told(&self) {
        let session = |status: &Value| status["sessions"][4]["standing"].clone();
        let p99 = |status: &Value| status["last"]["latency"]["service"]["p99"].as_f64();
        let slow = |status: &Value| p99(status).is_some_and(|ms| ms >= 500.0);
        self.inject_and_see("Session(4, Delay(ms: 500, for_s: 30))", slow);
        self.inject_and_count("Session(4, Die)", "/totals/restarts");
        self.inject_and_see("SessionPool(MarkDown(4))", |status| session(status) == "down");
        self.see("a probe brings it back", |status| session(status) == "up");
        self.inject_and_see("Session(4, Break(for_s: 30))", |status| session(status) == "down");
    }

    fn services_are_told(&self) {
        let sent = |status: &Value| status["requests_sent"].as_u64().unwrap();
        self.inject("RateLimiter(CloseGate)");
        let still = || sent(&status(&self.place));
        let is_still = || {
            let before = still();
            std::thread::sleep(Duration::from_millis(1_500));
            still() == before
        };
        wait(is_still, || "no more requests".to_owned());
        assert_eq!(status(&self.place)["state"], "running");
        let before = still();
        self.inject_and_see("RateLimiter(OpenGate)", |status| sent(status) > before);
        let slow =
            |status: &Value| (1..=6).contains(&status["requests_per_second"].as_u64().unwrap());
        self.inject_and_see("RateLimiter(Retune(5))", slow);
        self.inject("RateLimiter(Retune(5000))");

        self.inject(r#"CircuitBreaker(Trip(reason: "drill"))"#);
        self.open();
        self.inject("CircuitBreaker(SignalOutage(4))");
        self.inject("DbWriter(Delay(ms: 200, writes: 50))");
        self.inject("DbWriter(Fail(writes: 3))");
        assert_ne!(
            status(&self.place)["state"],
            "frozen",
            "a living shop, a database that comes back"
        );
        let lost = "shopping_sessions WHERE end_reason = 'store' AND failure LIKE '%a drill%'";
        self.inject_and_find("DbWriter(Refuse(writes: 3))", lost);

        self.inject_and_find(
            "OfferRefresher(Fail(refreshes: 1))",
            "incidents WHERE kind = 'injection'",
        );
        let failed = "incidents WHERE kind = 'offers_failed'";
        self.inject_and_find("OfferRefresher(Refresh)", failed);
        self.inject_and_count("OfferRefresher(Die)", "/totals/restarts");
        self.inject_and_count("Checkpointer(Save)", "/totals/checkpoints");
        self.inject("Checkpointer(Fail(saves: 1))");
        let unsaved = "incidents WHERE kind = 'checkpoint_failed'";
        wait(|| self.place.count(unsaved) > 0, || "a checkpoint that fails".to_owned());
        self.inject_and_count("Checkpointer(Die)", "/totals/restarts");
    }

    fn the_shop_is_told(&self) {
        let p50 = |status: &Value| status["last"]["latency"]["service"]["p50"].as_f64();
        let slow = |status: &Value| p50(status).is_some_and(|ms| ms >= 800.0);
        self.inject_and_see("Shop(Fault(latency_ms: 800))", slow);
        let declined =
            "shopping_sessions WHERE end_reason = 'checkout_failed' AND failure LIKE '%503%'";
        let errors = "Shop(Fault(errors: [(route: checkout, status: 503, percent: 20)]))";
        self.inject_and_find(errors, declined);
        // More checkouts than may fail may have failed already.
        self.inject("Shop(Fault(down: reset))");
        self.see("a freeze", |status| status["state"] == "frozen");
        self.inject("Shop(Heal)");
        self.open();
    }

    fn the_coordinator_is_told(&self) {
        let state = |word: &'static str| move |status: &Value| status["state"] == word;
        self.inject_and_see("Coordinator(Pause)", state("paused"));
        self.inject_and_see("Coordinator(Resume)", state("running"));
        self.inject_and_count("Coordinator(Checkpoint)", "/totals/checkpoints");
        let refused = self.said(9, r#"Coordinator(Revive("agent_017"))"#);
        assert!(refused.contains("agent_017 is not in quarantine"), "{refused}");
        self.inject_and_see("Coordinator(Rate(20))", |status| status["rate_limit"] == 20.0);
        self.inject_and_see("Coordinator(TimeScale(720))", |s| s["interval_ms"] == 5_000);
        let unbounded = |status: &Value| status["calls_in_flight_max"].is_null();
        self.inject_and_see("Coordinator(FixedRate(20))", unbounded);
        let bounded = |status: &Value| status["calls_in_flight_max"].is_u64();
        self.inject_and_see(r#"Coordinator(InFlight("auto"))"#, bounded);
        self.inject("Coordinator(Rate(5000))");
        self.inject("Coordinator(TimeScale(7200))");
    }

    /// A part that cannot be rebuilt dies: nothing opens the run but another process.
    fn is_frozen_for_good_by(&self, process: Process, message: &str) -> Process {
        self.inject_and_see(message, |status| status["state"] == "frozen");
        let (_, err) = self.place.expect(9, &["ctl", "resume"]);
        assert!(!err.is_empty());
        self.place.expect(0, &["ctl", "quit", "--now"]);
        assert_eq!(process.wait(), Some(7), "{}", self.place.log());
        let resumed = self.place.start(&["resume", "--unfreeze", "--quiet"]);
        until_up(&self.place);
        resumed
    }

    /// The run is told to end, and its ledger is clean.
    fn ends(&self, process: Process) {
        self.place.expect(0, &["ctl", "quit"]);
        assert_eq!(process.wait(), Some(0), "{}", self.place.log());
        self.place.expect(0, &["verify"]);
    }
}

fn rig() -> (Rig, Process) {
    let place = Place::new();
    let process = place.start(&[&RUN[..], &["--quiet"]].concat());
    until_up(&place);
    (Rig { place, sent: RefCell::default() }, process)
}

/// What cannot be taken back: not for a run that others follow on.
const DEATHS: [&str; 4] =
    ["SessionPool(Die)", "RateLimiter(Die)", "CircuitBreaker(Die)", "DbWriter(Die)"];
/// Takes a minute.
const HANG: &str = r#"Agent("agent_003", Hang)"#;

#[test]
fn every_documented_message_does_on_a_live_run_what_the_list_says() {
    let (rig, process) = rig();
    rig.agents_are_told();
    rig.sessions_are_told();
    rig.services_are_told();
    rig.the_shop_is_told();
    rig.the_coordinator_is_told();
    rig.inject("Coordinator(Quit(AfterCycle))");
    assert_eq!(process.wait(), Some(0), "{}", rig.place.log());
    rig.place.expect(0, &["verify"]);
    let mut tried = rig.sent.take();
    tried.extend(DEATHS.into_iter().chain([HANG]).map(str::to_owned));
    let listed: BTreeSet<String> = injection::examples().map(|e| e.message.to_owned()).collect();
    let missing: Vec<&String> = listed.difference(&tried).collect();
    assert!(missing.is_empty(), "not tried: {missing:?}");
}

#[test]
fn a_service_that_dies_freezes_a_live_run_for_good() {
    let (rig, mut process) = rig();
    for service in DEATHS {
        process = rig.is_frozen_for_good_by(process, service);
    }
    rig.ends(process);
}

#[test]
fn a_hang_is_cut_after_a_minute() {
    let (rig, process) = rig();
    rig.inject(HANG);
    let hung = "shopping_sessions WHERE end_reason = 'hang' AND failure LIKE '%a drill%'";
    // It strikes within some cycles and is cut a minute later.
    std::thread::sleep(Duration::from_secs(60));
    for _ in 0..120 {
        if rig.place.count(hung) == 0 {
            std::thread::sleep(Duration::from_millis(250));
        }
    }
    rig.until_one_more(hung, 0);
    rig.ends(process);
}
