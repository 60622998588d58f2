//! A kill in the middle of the search itself: the next one goes on, and doubles nothing.

use std::cell::RefCell;

use shops::practice_shop::Habits;

use super::books::Scene;
use super::{killed, rng};
use crate::support::binary::wait;

/// How often a resume dies at its point before one is let through.
const DEATHS: usize = 2;

#[test]
fn a_resume_that_dies_while_it_asks_writes_or_answers_is_followed_by_one_that_doubles_nothing() {
    let mut deaths = 0;
    for point in ["order_ask", "order_commit", "order_acknowledge"] {
        let scene = Scene::new(Habits::default());
        scene.shop.faults().change(|faults| faults.latency_ms = 20).unwrap();
        let process = scene.place.start_of(&mut scene.run());
        let orders = || scene.shop.books().orders.len();
        wait(|| !scene.place.checkpoints().is_empty() && orders() > 5, || scene.place.log());
        process.kill();
        for _ in 0..DEATHS {
            // At the third flow that is asked about; of what is found at the first already.
            let first = if point == "order_ask" { "2*off->" } else { "" };
            let mut resume = scene.resume();
            resume.env("FAILPOINTS", format!("{point}={first}return(kill)"));
            let resumed = RefCell::new(scene.place.start_of(&mut resume));
            // Nothing may be left to be found: then it does not come by, and shops.
            let before = orders();
            let is_through = || resumed.borrow_mut().has_ended() || orders() > before + 5;
            wait(is_through, || scene.place.log());
            deaths += usize::from(resumed.borrow_mut().has_ended());
            resumed.into_inner().kill();
        }
        let found = scene.ends();
        assert_eq!(found.unknown_orders, 0, "{point}: {found:?}");
    }
    assert!(deaths > DEATHS, "{deaths} died: the points are hardly come by");
}

#[test]
fn a_second_search_after_a_whole_one_finds_nothing_more() {
    let scene = Scene::new(Habits::default());
    let first = killed(1, &scene, &mut rng());
    let process = scene
        .place
        .start_of(&mut scene.place.command(&["resume", "--quiet", "--cycles", "100000"]));
    let before = scene.shop.books().orders.len();
    wait(|| scene.shop.books().orders.len() > before, || scene.place.log());
    scene.place.expect(0, &["ctl", "quit"]);
    assert_eq!(process.wait(), Some(0), "{}", scene.place.log());
    let again = scene.audited();
    assert_eq!(again.recovered, first.recovered, "{first:?} {again:?}");
}
