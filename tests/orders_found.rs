//! Orders whose answer was lost with its process or in a freeze: the shop keeps books that outlive
//! both. Every order in them is in exactly one row, or its visit says that its outcome is unknown.
//!
//! `CARTLOAD_KILLS` and `CARTLOAD_FREEZES` say how often (a few in CI; 100 and 50 for a release),
//! `CARTLOAD_SEED` which moments. See docs/testing.md.

mod books;
mod crashes;

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::Value;
use shops::practice_shop::{Habits, OrderReads, Route, RouteError};

use self::books::{Found, Scene};
use crate::support::amount;
use crate::support::binary::wait;

/// Kills of one run; a new run follows.
const KILLS_OF_A_RUN: usize = 10;

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(u64::try_from(amount("CARTLOAD_SEED", 1)).unwrap())
}

/// A shop that shows so much of its orders.
fn showing(order_reads: OrderReads) -> Habits {
    Habits { order_reads, ..Habits::default() }
}

/// Kills a run in the middle of its shopping and resumes it, again and again.
fn killed(kills: usize, scene: &Scene, rng: &mut Xoshiro256PlusPlus) -> Found {
    let said = || scene.place.log();
    // Slow enough that checkouts are under way whenever it is killed.
    scene.shop.faults().change(|faults| faults.latency_ms = 20).unwrap();
    let mut process = scene.place.start_of(&mut scene.run());
    wait(|| !scene.place.checkpoints().is_empty(), said);
    for _ in 0..kills {
        let before = scene.shop.books().orders.len();
        wait(|| scene.shop.books().orders.len() > before, said);
        std::thread::sleep(Duration::from_millis(rng.random_range(0..150)));
        process.kill();
        process = scene.place.start_of(&mut scene.resume());
    }
    let before = scene.shop.books().orders.len();
    wait(|| scene.shop.books().orders.len() > before, said);
    process.kill();
    scene.ends()
}

fn killed_in_all(kills: usize, make: impl Fn() -> Scene) -> Found {
    let (mut rng, mut found, mut left) = (rng(), Found::default(), kills);
    while left > 0 {
        let now = left.min(KILLS_OF_A_RUN);
        found.add(killed(now, &make(), &mut rng));
        left -= now;
    }
    found
}

#[test]
fn after_kills_every_order_at_the_shop_is_in_one_row() {
    let found = killed_in_all(amount("CARTLOAD_KILLS", 3), || Scene::new(Habits::default()));
    println!("killed: {found:?}");
    assert!(found.at_shop > 20, "{found:?}");
    assert_eq!(found.unknown_orders, 0, "a shop that names sessions proves each: {found:?}");
}

#[test]
fn after_kills_an_order_that_names_no_session_is_proven_by_its_time_or_counted_as_unknown() {
    let kills = amount("CARTLOAD_KILLS", 2);
    let found = killed_in_all(kills, || Scene::timed(showing(OrderReads::Anonymous)));
    println!("killed, orders without a session: {found:?}");
    assert!(found.at_shop > 20, "{found:?}");
}

#[test]
fn after_kills_orders_that_cannot_be_read_are_all_counted_as_unknown() {
    let kills = amount("CARTLOAD_KILLS", 2);
    let found = killed_in_all(kills, || Scene::new(showing(OrderReads::Refused)));
    println!("killed, orders not to be read: {found:?}");
    assert_eq!(found.recovered, 0, "{found:?}");
    assert!(found.unknown_flows > 0, "{found:?}");
}

/// Freezes a run by checkouts that are carried out and answered with an error, while nothing can be
/// read; the shop is well again before an operator opens the run.
fn frozen(freezes: usize, scene: &Scene) -> Found {
    let error = |route, after_work| RouteError {
        route: Some(route),
        status: 500,
        percent: 100.0,
        after_work,
    };
    let process = scene.place.start_of(&mut scene.run());
    for _ in 0..freezes {
        let before = scene.shop.books().orders.len();
        wait(|| scene.shop.books().orders.len() > before, || scene.place.log());
        let faults = scene.shop.faults();
        let errors = vec![error(Route::Checkout, true), error(Route::ReadCart, false)];
        faults.change(|faults| faults.errors = errors).unwrap();
        scene.until("frozen");
        faults.change(|faults| faults.errors.clear()).unwrap();
        let (answer, _) = scene.place.expect(0, &["ctl", "resume"]);
        assert!(answer.contains("may have had an order"), "{answer}");
    }
    let before = scene.shop.books().orders.len();
    wait(|| scene.shop.books().orders.len() > before, || scene.place.log());
    scene.place.expect(0, &["ctl", "quit"]);
    assert_eq!(process.wait(), Some(0), "{}", scene.place.log());
    scene.audited()
}

#[test]
fn after_freezes_every_order_at_the_shop_is_in_one_row() {
    let freezes = amount("CARTLOAD_FREEZES", 2);
    let found = frozen(freezes, &Scene::unforgiving(Habits::default()));
    println!("{freezes} freezes: {found:?}");
    assert!(found.recovered >= freezes, "each freeze loses orders: {found:?}");
    assert_eq!((found.unknown_orders, found.unknown_flows), (0, 0), "{found:?}");
}

#[test]
fn the_counts_of_summary_verify_and_report_are_the_same_after_a_kill() {
    let scene = Scene::new(Habits::default());
    let found = killed(1, &scene, &mut rng());
    let (said, _) = scene.place.expect(0, &["verify", "--json"]);
    let audit: Value = serde_json::from_str(&said).unwrap();
    let summary = scene.summary();
    for key in
        ["orders_canonical", "revenue_canonical_cents", "orders_recovered", "outcome_unknown"]
    {
        assert_eq!(summary[key], audit[key], "{key}");
    }
    assert_eq!(audit["orders_recovered"], found.recovered);
    let canonical = audit["orders_canonical"].as_i64().unwrap();
    assert_eq!(scene.place.count("canonical_orders"), canonical);
    let (said, _) = scene.place.expect(0, &["verify"]);
    assert!(said.contains(&format!("  orders     {canonical} orders worth ")), "{said}");
}
