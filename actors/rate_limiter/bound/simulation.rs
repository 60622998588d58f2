//! The bound against simulated shops: 372 shoppers through the limiter's own bucket and seats.
//!
//! What is expected of each shop stands in its row ([`table`]). By default one seed at the pace of
//! `--time-scale max`; `CARTLOAD_SIMULATED_SHOPS=N` makes N seeds, cycles of 75 s as well, and
//! measures anew what the shares are of.

mod shop;
mod table;
mod world;

use self::table::{FOUND, HELD_OUT, Row, TUNED};
use self::world::{Outcome, Setup, run};
use crate::domain::in_flight::InFlight;

/// Bounds of which the best is what a shop can do.
const FIXED: [u32; 18] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 26, 37, 50, 75, 100, 200, 372];
/// Simulated seconds of a shop: all changes are over by then.
const LENGTH_S: f64 = 480.0;
/// Real time between two hours at `--time-scale 48`, s.
const INTERVAL_S: f64 = 75.0;

fn seeds() -> Option<u64> {
    let asked = std::env::var("CARTLOAD_SIMULATED_SHOPS").ok()?;
    Some(asked.parse().expect("CARTLOAD_SIMULATED_SHOPS is a number of seeds"))
}

fn simulate(row: &Row, bound: InFlight, interval_s: f64, seed: u64) -> Outcome {
    run(Setup { shop: row.shop, bound, interval_s, length_s: LENGTH_S, seed })
}

/// What a shop made of some seeds.
struct Seen {
    share: f64,
    p95: f64,
    timeouts: f64,
    most_in_1s: usize,
    lines: usize,
}

fn see(row: &Row, seeds: u64) -> Seen {
    let outcomes: Vec<_> =
        (1..=seeds).map(|seed| simulate(row, InFlight::Automatic, 0.0, seed)).collect();
    let mean = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / seeds as f64;
    Seen {
        share: mean(|o| o.per_second) / row.best,
        p95: mean(|o| o.p95_s) / row.alone_s,
        timeouts: mean(|o| o.timeouts as f64),
        most_in_1s: outcomes.iter().map(|o| o.most_in_1s).max().unwrap_or(0),
        lines: outcomes.iter().map(|o| o.told_s.len()).max().unwrap_or(0),
    }
}

/// What is wrong with it, if anything.
fn broken(row: &Row, seen: &Seen) -> Option<String> {
    let Seen { share, p95, timeouts, most_in_1s, lines } = seen;
    let text = format!(
        "{}: {share:.2} of the best, p95 {p95:.1} x, {timeouts:.1} timeouts, \
         {most_in_1s} in 1 s, {lines} lines",
        row.name
    );
    println!("{text}");
    let is_well = *share >= row.share
        && *p95 <= row.p95
        && *timeouts <= row.timeouts
        && *most_in_1s <= 51
        && (*lines == row.lines || row.lines == table::ANY);
    (!is_well).then_some(text)
}

fn hold(rows: &[Row]) {
    let broken: Vec<_> =
        rows.iter().filter_map(|row| broken(row, &see(row, seeds().unwrap_or(1)))).collect();
    assert!(broken.is_empty(), "not what the table says:\n  {}", broken.join("\n  "));
}

#[test]
fn a_slow_shop_is_used_in_full_and_not_drowned_and_a_fast_one_is_left_alone() {
    hold(&TUNED);
}

#[test]
fn shops_that_the_constants_were_not_made_for_fare_as_the_table_says() {
    hold(&HELD_OUT);
}

#[test]
fn a_shop_that_turns_far_slower_and_has_room_for_all_is_used_again_within_half_a_minute() {
    hold(&FOUND);
}

#[test]
fn the_bound_is_where_it_must_be_within_seconds() {
    for (name, within_s) in [("fast 5 ms", 1.0), ("far 300 ms", 2.5), ("far 2 s", 15.0)] {
        let row = TUNED.iter().find(|row| row.name == name).expect("a shop of the table");
        let reached_s = simulate(row, InFlight::Automatic, 0.0, 1).reached_s;
        assert!(reached_s.is_some_and(|s| s <= within_s), "{name}: {reached_s:?}");
    }
}

#[test]
fn without_a_bound_a_slow_shop_drowns() {
    let row = TUNED.iter().find(|row| row.name == "1 x 500 ms fixed").expect("a shop");
    let drowned = simulate(row, InFlight::Off, 0.0, 1);
    assert!(drowned.per_second < 0.9 * row.best, "{drowned:?}");
    assert!(drowned.timeouts > 0 && drowned.told_s.is_empty(), "{drowned:?}");
}

#[test]
fn what_a_shop_can_do_is_what_the_table_says() {
    // The slowest by default, which cost least: it takes 19 runs a shop.
    let is_measured = |row: &&Row| seeds().is_some() || row.best < 1.0;
    for row in TUNED.iter().chain(&HELD_OUT).filter(is_measured) {
        let at = |calls| simulate(row, InFlight::Fixed(calls), 0.0, 1);
        let best = FIXED.map(|calls| at(calls).per_second).into_iter().fold(0.0, f64::max);
        let alone_s = at(1).p95_s;
        println!("{}: best {best:.2}/s, alone {alone_s:.3} s", row.name);
        assert!((best / row.best - 1.0).abs() < 0.02, "{}: {best}/s", row.name);
        assert!((alone_s / row.alone_s - 1.0).abs() < 0.05, "{}: {alone_s} s", row.name);
    }
}

#[test]
fn cycles_of_75_s_cost_no_throughput() {
    let is_tried = |row: &&Row| seeds().is_some() || row.name.starts_with("2 x 200 ms");
    for row in TUNED.iter().filter(is_tried).filter(|row| row.shop.lost == 0.0) {
        let of = |bound| simulate(row, bound, INTERVAL_S, 1);
        let seen = of(InFlight::Automatic);
        let best = FIXED.map(|calls| of(InFlight::Fixed(calls)).per_second);
        let share = seen.per_second / best.into_iter().fold(0.0, f64::max);
        println!("{} at 75 s: {share:.2}, lines {:?}", row.name, seen.told_s);
        assert!(share >= row.share.min(0.94) - 0.01, "{}: {share:.2}", row.name);
        assert!(seen.most_in_1s <= 51);
    }
}
