//! What a run leaves in carts, at its end: cleared, or said.

use std::time::Duration;

use actors::coordinator::command::{CommandRefused, Quit};
use actors::domain::incident::IncidentKind;
use actors::domain::rate::Rate;
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;
use actors::rate_limiter::messages::RateLimiterInjection;

use super::with_full_carts;
use crate::support::run::{Finished, Live};
use crate::support::scripted_shop::Act;

/// Calls of the end: those that belong to no flow.
fn cleared_at_the_end(run: &Finished, before: usize) -> usize {
    run.shop.log()[before..].iter().filter(|sent| sent.call == "clear_cart").count()
}

async fn clearing(run: &mut Live) {
    run.until(|seen| seen.health.is_clearing_carts).await;
}

fn said(run: &Finished) -> Vec<String> {
    run.store.incidents(IncidentKind::CartsLeft)
}

#[actix::test]
async fn a_quit_after_the_cycle_clears_what_flows_left_and_no_cart_more() {
    let run = with_full_carts(7, || Act::Answer).await;
    let before = run.shop.calls();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Stopped);
    assert_eq!(cleared_at_the_end(&run, before), 7);
    assert_eq!((run.status.health.carts_dirty, said(&run).len()), (0, 0));
}

#[actix::test]
async fn a_quit_that_does_not_wait_sends_nothing_and_says_what_stays() {
    let run = with_full_carts(7, || Act::Answer).await;
    let before = run.shop.calls();
    run.quit(Quit::Now).await.unwrap();
    let run = run.finish().await;
    assert_eq!((run.state, run.shop.calls()), (RunState::Stopped, before));
    let said = said(&run);
    assert_eq!(said, ["7 carts were left with goods at the shop; the next run clears them"]);
    assert_eq!(run.status.health.carts_dirty, 7);
}

#[actix::test]
async fn a_parked_run_that_is_quit_sends_nothing() {
    let run = with_full_carts(2, || Act::Answer).await;
    run.pause().await.unwrap();
    let before = run.shop.calls();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.shop.calls(), before);
    assert_eq!(said(&run).len(), 1);
}

#[actix::test]
async fn a_shop_that_does_not_answer_is_waited_for_for_ten_seconds_in_all() {
    let run = with_full_carts(7, || Act::After(Duration::from_secs(60))).await;
    let begun = run.passed();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    let took = (run.took - begun).as_secs_f64();
    assert!((10.0..10.5).contains(&took), "{took} s");
    assert_eq!(said(&run).len(), 1);
    assert_eq!((run.state, run.status.health.carts_dirty), (RunState::Stopped, 7));
}

#[actix::test]
async fn a_shop_that_has_gone_away_is_said_and_the_run_ends_as_it_was_to_end() {
    let run = with_full_carts(7, || Act::Fail(ApiErrorKind::ConnectRefused)).await;
    let begun = run.passed();
    run.quit(Quit::AfterCycle).await.unwrap();
    let run = run.finish().await;
    assert!(run.took - begun < Duration::from_secs(11), "{:?}", run.took - begun);
    assert_eq!((run.state, run.status.frozen.is_none()), (RunState::Stopped, true));
    assert_eq!(said(&run).len(), 1);
}

#[actix::test]
async fn a_second_quit_that_does_not_wait_ends_the_clearing_and_counts_what_was_cleared() {
    let mut run = with_full_carts(7, || Act::After(Duration::from_secs(3))).await;
    // One permit in two seconds: after three a clear is on its way, and others are in line.
    let slow = RateLimiterInjection::Retune(Rate::PerSecond(0.5));
    run.inject(actors::injection::Injection::RateLimiter(slow)).await.unwrap();
    let before = run.shop.calls();
    run.quit(Quit::AfterCycle).await.unwrap();
    clearing(&mut run).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begun = run.passed();
    assert_eq!(run.quit(Quit::Now).await.unwrap().message, "the run ends now");
    let run = run.finish().await;
    let sent = cleared_at_the_end(&run, before);
    assert!((1..7).contains(&sent), "{sent}");
    assert_eq!(run.status.health.carts_dirty as usize, 7 - sent, "what was on its way ended");
    assert!(run.took - begun < Duration::from_secs(4), "{:?}", run.took - begun);
    assert_eq!(run.status.ending, Some(Quit::Now));
}

#[actix::test]
async fn a_pause_and_a_weaker_quit_while_carts_are_cleared_change_nothing() {
    let mut run = with_full_carts(7, || Act::After(Duration::from_secs(3))).await;
    let before = run.shop.calls();
    run.quit(Quit::AfterCycle).await.unwrap();
    clearing(&mut run).await;
    let refused = run.pause().await.unwrap_err();
    assert!(matches!(refused, CommandRefused::WrongState { state: "ending", .. }), "{refused}");
    assert_eq!(run.quit(Quit::AfterCycle).await.unwrap().message, "the run is ending");
    let run = run.finish().await;
    assert_eq!((cleared_at_the_end(&run, before), run.status.health.carts_dirty), (7, 0));
}
