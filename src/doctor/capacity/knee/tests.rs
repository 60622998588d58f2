//! The search at simulated shops whose knee is known.

use super::queues::{Found, Limit, Service, Shop, Work, find};
use super::*;

const BOUNDS: Bounds = Bounds { cap: 100.0, seconds: 120.0, requests_max: None };

fn fifo(at_once: usize) -> Service {
    Service::Fifo { at_once }
}

/// Finds it, holds the search to its bounds and the rate to `from..=to`.
#[track_caller]
fn bears(shop: Shop, from: f64, to: f64) -> Found {
    let found = find(shop, BOUNDS);
    eprintln!("{found:?}");
    let good = found.verdict.good.unwrap();
    assert!((from..=to).contains(&good), "{found:?}");
    assert!(found.rate_max <= BOUNDS.cap && found.took_s <= BOUNDS.seconds + 5.0, "{found:?}");
    found
}

#[test]
fn a_fixed_service_time_with_so_many_servers() {
    for (at_once, work, capacity) in
        [(2, 0.060, 33.3), (1, 0.100, 10.0), (1, 0.500, 2.0), (20, 0.500, 40.0), (2, 0.090, 22.2)]
    {
        bears(Shop::of(fifo(at_once), Work::Fixed(work)), capacity * 0.85, capacity * 1.1);
    }
}

#[test]
fn exponential_service_times() {
    // Asked evenly, one place doubles its percentile at 0.72 of what it can do, eight near to all.
    for seed in 0..8 {
        bears(Shop::of(fifo(1), Work::Exponential(0.05)).seeded(seed), 10.0, 20.0);
        bears(Shop::of(fifo(8), Work::Exponential(0.2)).seeded(seed), 20.0, 55.0);
    }
}

#[test]
fn one_slow_step_is_not_hidden_by_the_fast_ones_nor_hides_what_it_does_to_them() {
    for seed in 0..8 {
        let shop = Shop::of(fifo(2), Work::SlowCheckout(0.06, 10.0)).seeded(seed);
        // By a long simulation: below 1.0 times at 6/s, 2.7 times at 8/s.
        let found = bears(shop, 4.0, 12.5);
        let Some((_, Bad::Doubled(doubled))) = found.verdict.bad else { panic!() };
        assert_ne!(doubled.step, "checkout");
    }
}

#[test]
fn a_shop_that_shares_itself_among_all() {
    bears(Shop::of(Service::Shared { at_once: 4 }, Work::Fixed(0.1)), 32.0, 90.0);
}

#[test]
fn a_shop_faster_than_the_cap_is_asked_up_to_it_and_no_further() {
    let found = bears(Shop::of(fifo(8), Work::Fixed(0.005)), 100.0, 100.0);
    assert_eq!((found.verdict.end, found.verdict.bad), (End::Cap, None));
    assert_eq!(found.rate_max, 100.0);
}

#[test]
fn a_window_of_a_minute_is_found_with_a_hint_and_without() {
    for limit in [Limit::Fixed(60, 60.0), Limit::Sliding(60, 60.0)] {
        for says in [true, false] {
            let bounds = Bounds { seconds: 150.0, ..BOUNDS };
            let found = find(Shop::limited(limit, says), bounds);
            let window = found.verdict.window.unwrap();
            assert!((window.rate() - 1.0).abs() < 0.1, "{limit:?} {says} {found:?}");
            assert!(found.took_s <= 150.0, "{found:?}");
        }
    }
}

#[test]
fn a_short_window_is_found_by_rates() {
    for limit in [Limit::Fixed(20, 1.0), Limit::Sliding(20, 1.0)] {
        let found = bears(Shop::limited(limit, false), 16.0, 20.5);
        assert_eq!(found.verdict.bad.unwrap().1, Bad::Limited);
    }
}

#[test]
fn a_slow_start_does_not_fool_it() {
    let cold = Shop { slow_start: (2.0, 8.0), ..Shop::of(fifo(2), Work::Fixed(0.06)) };
    bears(cold, 28.0, 37.0);
}

#[test]
fn noise_of_a_few_slow_answers_does_not_fool_it() {
    for seed in 0..8 {
        let noisy = Shop { noise_percent: 2.0, ..Shop::of(fifo(2), Work::Fixed(0.06)) };
        bears(noisy.seeded(seed), 26.0, 37.0);
    }
}

#[test]
fn at_the_first_that_breaks_it_steps_back_and_climbs_no_more() {
    let shop = Shop { breaks_at: 12, ..Shop::of(fifo(20), Work::Fixed(0.4)) };
    let found = find(shop, BOUNDS);
    let (rate, bad) = found.verdict.bad.clone().unwrap();
    assert!(matches!(bad, Bad::Harm(_)) && found.verdict.end == End::Harm, "{found:?}");
    assert_eq!(found.rate_max, rate, "no rate above the one that broke");
    assert!(found.verdict.good.is_some_and(|good| good < rate), "{found:?}");
}

#[test]
fn a_shop_that_dies_is_asked_once_more_and_then_left_alone() {
    let shop = Shop { gone_after: 20.0, ..Shop::of(fifo(2), Work::Fixed(0.06)) };
    let found = find(shop, BOUNDS);
    assert_eq!(found.verdict.end, End::Gone);
    assert!(found.took_s < 30.0, "{found:?}");
    let dead = find(Shop { gone_after: 0.0, ..Shop::of(fifo(2), Work::Fixed(0.06)) }, BOUNDS);
    assert_eq!((dead.verdict.end, dead.verdict.good, dead.requests), (End::Gone, None, 0));
}

#[test]
fn the_time_is_kept() {
    for seconds in [1.0, 15.0, 40.0] {
        let bounds = Bounds { seconds, ..BOUNDS };
        let found = find(Shop::of(fifo(1), Work::Fixed(0.5)), bounds);
        assert!(found.took_s <= seconds + 3.0, "{found:?}");
        assert_eq!(found.verdict.end, End::Time);
    }
}

#[test]
fn where_orders_are_counted_each_rate_has_few_of_them() {
    let bounds = Bounds { requests_max: Some(110.0), ..BOUNDS };
    let shop = Shop::of(fifo(2), Work::Fixed(0.06));
    let found = find(shop, bounds);
    assert!((28.0..=37.0).contains(&found.verdict.good.unwrap()), "{found:?}");
    assert!(found.requests <= 1_300, "{found:?}");
}
