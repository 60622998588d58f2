//! `cartload doctor --ramp`: the real binary at practice shops, slow in known ways; nothing is left
//! behind, whatever ends it.
//!
//! `CARTLOAD_RAMPS=1` holds what it finds against the shops' known knees, and makes a run with what
//! it recommends: minutes each, and a machine that is not busy with another thing.

mod by_hand;

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use shops::practice_shop::{
    Faults, Habits, Pace, PracticeConfig, PracticeShop, RateLimit, Route, RunningShop,
};

use crate::support::amount;
use crate::support::binary::{Place, wait};
use crate::support::real_run::TURN;
use crate::support::scripted_server::Scripted;

/// Whether minutes are taken.
fn is_long() -> bool {
    amount("CARTLOAD_RAMPS", 0) > 0
}

fn paced(pace: Pace) -> PracticeConfig {
    let habits = Habits { pace: Some(pace), ..Habits::default() };
    PracticeConfig { habits, ..PracticeConfig::default() }
}

fn slow_checkout() -> Pace {
    Pace { factors: [(Route::Checkout, 10.0)].into(), ..Pace::of(2, 60.0) }
}

fn far_database() -> Pace {
    Pace { round_trips: 18, round_trip_ms: 5.0, ..Pace::of(2, 0.0) }
}

fn a_minute(per_minute: u32, retry_after: bool) -> PracticeConfig {
    let limit = RateLimit { route: None, per_minute, retry_after };
    let faults = Faults { rate_limits: vec![limit], ..Faults::default() };
    PracticeConfig { faults, ..PracticeConfig::default() }
}

/// The doctor at this shop, with a ramp of this kind.
fn doctor(place: &Place, url: &str, more: &[&str]) -> Command {
    let args = ["doctor", "--api", url, "--profile", "practice", "--json", "--ramp"];
    place.command(&[&args[..], more].concat())
}

/// Its report, and the code that it ended with.
fn report(mut doctor: Command) -> (Value, Option<i32>) {
    let output = doctor.output().expect("the binary runs");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")), output.status.code())
}

/// The finding of this check.
#[track_caller]
fn finding<'a>(report: &'a Value, check: &str) -> &'a Value {
    let all = report["findings"].as_array().expect("findings");
    let is_it = |finding: &&Value| finding["area"] == "capacity" && finding["check"] == check;
    all.iter().find(is_it).unwrap_or_else(|| panic!("{check}: {report:#}"))
}

#[track_caller]
fn says(report: &Value, check: &str, state: &str, parts: &[&str]) {
    let found = finding(report, check);
    assert_eq!(found["state"], state, "{report:#}");
    for part in parts {
        assert!(found["says"].as_str().is_some_and(|says| says.contains(part)), "{part}: {found}");
    }
}

/// Nothing is in any cart; answers how many orders there are.
#[track_caller]
fn orders_of_a_clean(shop: &RunningShop) -> usize {
    let books = shop.books();
    assert!(books.carts.is_empty(), "{:?}", books.carts);
    books.orders.len()
}

fn interrupt(id: u32, signal: &str) {
    let killed = Command::new("kill").args([signal, &id.to_string()]).status().expect("kill");
    assert!(killed.success());
}

#[test]
fn without_the_flag_no_shop_is_asked_and_a_line_says_so() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let url = shop.base_url();
    let (out, _) = place.expect(0, &["doctor", "--api", &url, "--profile", "practice"]);
    assert!(out.contains("SKIP  capacity    knee         not tried: --ramp"), "{out}");
    place.expect(2, &["doctor", "--ramp-orders", "3"]);
    place.expect(2, &["doctor", "--ramp", "everything"]);
}

#[test]
fn a_ramp_of_carts_ends_at_its_cap_orders_nothing_and_never_goes_faster() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let times = Arc::new(Mutex::new(Vec::new()));
    let (seen, address) = (Arc::clone(&times), shop.base_url());
    let address = address.trim_start_matches("http://").parse().unwrap();
    let front = Scripted::before(address, move |_| {
        seen.lock().unwrap().push(Instant::now());
        None
    });
    let place = Place::new();
    let more = ["--ramp-max", "24", "--ramp-seconds", "60", "--rate", "12"];
    let (report, code) = report(doctor(&place, &front.url(), &more));
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(orders_of_a_clean(&shop), 0);
    says(&report, "left", "OK", &["nothing was ordered; no cart is left behind"]);
    // On a busy machine the asking itself may be slow, and the shop is taken for it.
    if finding(&report, "knee")["state"] == "OK" {
        says(&report, "knee", "OK", &["the run's limit is 12/s", "checkouts are not in it"]);
    }
    let times = times.lock().unwrap();
    assert_eq!(report["requests"], times.len(), "what it says it asked is what came");
    let most = times.iter().map(|from| {
        let within = |at: &&Instant| **at >= *from && **at - *from < Duration::from_secs(1);
        times.iter().filter(within).count()
    });
    // 25 leave in any second; on a busy machine some arrive late, together with the next ones.
    let most = most.max().unwrap();
    assert!((6..=48).contains(&most), "{most} in 1 s");
}

#[test]
fn no_more_than_is_there_is_found_at_a_slow_shop() {
    let shop = PracticeShop::start(paced(Pace::of(2, 120.0))).unwrap();
    let place = Place::new();
    let more = ["--ramp-seconds", "60", "--time-scale", "1000"];
    let (report, _) = report(doctor(&place, &shop.base_url(), &more));
    assert_eq!(orders_of_a_clean(&shop), 0);
    // 2 in 0.12 s are 16.7/s, however busy the machine is that asks.
    let found = finding(&report, "knee");
    let fix = found["fix"].as_str().unwrap_or_else(|| panic!("{report:#}"));
    assert!(flag(fix, "--rate") <= 16.7 && flag(fix, "--time-scale") < 1000.0, "{fix}");
    says(&report, "knee", "WARN", &["twice as long", "the run's limit is 50/s"]);
}

#[test]
fn a_shop_that_breaks_at_once_is_asked_no_more() {
    let faults = Faults { all_500: true, ..Faults::default() };
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let handle = shop.faults();
    let doctor = place.start_of(&mut doctor(&place, &shop.base_url(), &[]));
    wait(|| shop.ledger().requests_total > 20, || place.log());
    handle.set(faults).unwrap();
    assert_eq!(doctor.wait(), Some(5), "{}", place.log());
    let report: Value = serde_json::from_str(&place.log()).unwrap();
    says(&report, "errors", "FAIL", &["500"]);
    let asked = shop.ledger().requests_total;
    assert!(asked < 200, "{asked}");
}

#[test]
fn a_shop_that_dies_during_the_ramp_is_told_with_the_carts_that_are_left() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let doctor = place.start_of(&mut doctor(&place, &shop.base_url(), &[]));
    wait(|| shop.ledger().requests_total > 60, || place.log());
    shop.stop().unwrap();
    assert_eq!(doctor.wait(), Some(5), "{}", place.log());
    let report: Value = serde_json::from_str(&place.log()).unwrap();
    let errors = finding(&report, "errors");
    assert_eq!(errors["state"], "FAIL", "{report:#}");
    assert!(errors["says"].as_str().unwrap().contains("connection"), "{errors}");
    finding(&report, "left");
}

#[test]
fn ctrl_c_leaves_no_cart_and_says_the_orders() {
    let config = paced(Pace::of(4, 30.0));
    let shop = PracticeShop::start(config).unwrap();
    let place = Place::new();
    let doctor = place.start_of(&mut doctor(&place, &shop.base_url(), &["orders"]));
    let has_ordered = || shop.books().orders.len() > 1 && !shop.books().carts.is_empty();
    wait(has_ordered, || place.log());
    interrupt(doctor.id(), "-INT");
    assert_eq!(doctor.wait(), Some(130), "{}", place.log());
    let report: Value = serde_json::from_str(&place.log()).unwrap();
    let orders = orders_of_a_clean(&shop);
    says(&report, "left", "OK", &[&format!("{orders} REAL ORDERS were placed")]);
    says(&report, "knee", "SKIP", &["Ctrl-C ended the ramp early"]);
}

#[test]
fn sigterm_leaves_no_cart_and_no_order_at_a_ramp_of_carts() {
    let shop = PracticeShop::start(paced(Pace::of(4, 30.0))).unwrap();
    let place = Place::new();
    let doctor = place.start_of(&mut doctor(&place, &shop.base_url(), &["carts"]));
    wait(|| !shop.books().carts.is_empty(), || place.log());
    interrupt(doctor.id(), "-TERM");
    assert_eq!(doctor.wait(), Some(143), "{}", place.log());
    assert_eq!(orders_of_a_clean(&shop), 0);
}

#[test]
fn no_more_orders_are_placed_than_were_allowed() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let more = ["orders", "--ramp-orders", "7", "--ramp-seconds", "60"];
    let (report, _) = report(doctor(&place, &shop.base_url(), &more));
    let orders = orders_of_a_clean(&shop);
    assert!((1..=7).contains(&orders), "{orders}");
    says(&report, "left", "OK", &[&format!("{orders} REAL ORDERS were placed")]);
}

/// The number behind a flag.
fn flag(fix: &str, name: &str) -> f64 {
    let mut words = fix.split(' ');
    words.find(|word| *word == name).unwrap_or_else(|| panic!("{name}: {fix}"));
    words.next().unwrap().parse().unwrap()
}

/// Ramps the shop, holds the rate to what is known, and makes six cycles with what is recommended.
fn is_recommended(
    what: &str,
    config: &PracticeConfig,
    (check, kind, agents): (&str, &str, &str),
    best: f64,
) {
    if !is_long() {
        eprintln!("{what}: skipped: CARTLOAD_RAMPS=1 takes minutes");
        return;
    }
    let _turn = TURN.blocking_lock();
    let shop = PracticeShop::start(config.clone()).unwrap();
    let place = Place::new();
    let more = [kind, "--agents", agents, "--time-scale", "2000", "--ramp-seconds", "150"];
    let (report, code) = report(doctor(&place, &shop.base_url(), &more));
    assert_eq!(code, Some(0), "{report:#}");
    let found = finding(&report, check);
    let fix = found["fix"].as_str().unwrap_or_else(|| panic!("{report:#}"));
    let bears = flag(fix, "--rate") / 0.9;
    eprintln!("{what}: {found:#}; best {best}, found {bears:.1}, {:.0} %", bears / best * 100.0);
    orders_of_a_clean(&shop);
    assert!((0.8..=1.2).contains(&(bears / best)), "{bears} {best}");
    let url = shop.base_url();
    let mut args = vec!["run", "--api", &url, "--profile", "practice", "--agents", agents];
    args.extend(["--warm-up", "off", "--cycles", "6", "--plain"]);
    args.extend(fix.split(' '));
    let (_, log) = place.expect(0, &args);
    assert!(!log.contains("FROZEN"), "{log}");
    assert_eq!(place.count("cycles WHERE lateness_ms > 1000"), 0, "{log}");
    assert_eq!(place.count("cycles"), 6);
    assert_eq!(place.count("shopping_sessions WHERE status = 'failed'"), 0, "{log}");
}

#[test]
fn two_at_a_time_of_60_ms() {
    is_recommended("2 x 60 ms", &paced(Pace::of(2, 60.0)), ("knee", "carts", "100"), 33.0);
}

#[test]
fn a_checkout_ten_times_as_slow() {
    is_recommended("checkout 10 x", &paced(slow_checkout()), ("knee", "orders", "40"), 7.0);
}

#[test]
fn a_database_5_ms_away() {
    is_recommended("18 x 5 ms", &paced(far_database()), ("knee", "carts", "80"), 22.0);
}

#[test]
fn sixty_a_minute_with_a_hint_and_without() {
    for says_when in [true, false] {
        let shop = a_minute(60, says_when);
        is_recommended("60 a minute", &shop, ("window", "carts", "8"), 1.0);
    }
}
