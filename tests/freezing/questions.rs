//! Whether the shop is slow or gone, asked of whole runs: what a question holds back, what settles
//! it, and what a pause and a quit make of it (Q5.5).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::Quit;
use actors::domain::behavior::Behavior;
use actors::domain::freeze_reason::ShopSeen;
use actors::domain::incident::IncidentKind;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use crate::support::population::{always_shopping, load};
use crate::support::run::{Setup, run_of};
use crate::support::scripted_shop::{Act, Ask};

async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn timeout() -> Act {
    Act::FailAfter(Duration::from_secs(10), ApiErrorKind::CallTimeout)
}

/// 372 agents at a shop that answers nothing from cycle 1 on, until it is healed.
fn until_healed(behavior: Behavior) -> (Setup, Arc<AtomicBool>) {
    let healed = Arc::new(AtomicBool::new(false));
    let is_healed = Arc::clone(&healed);
    let script = move |ask: &Ask| match ask.cycle == 0 || is_healed.load(Ordering::SeqCst) {
        true => Act::Answer,
        false => timeout(),
    };
    (run_of(372).behavior(behavior).time_scale(48.0).cycles(3).shop(script), healed)
}

#[actix::test]
async fn a_quit_that_does_not_wait_ends_as_a_quit_however_silent_the_shop() {
    // Before any call has run out of time, and while the shop is being asked.
    for seconds in [1, 9, 11, 17] {
        let (setup, _) = until_healed(load());
        let mut run = setup.start().await;
        run.until_cycle(1).await;
        wait(seconds).await;
        run.quit(Quit::Now).await.unwrap();
        let run = run.finish().await;
        assert_eq!(run.state, RunState::Stopped, "after {seconds} s");
        assert_eq!(run.status.frozen, None, "after {seconds} s");
        assert!(run.store.incidents(IncidentKind::Freeze).is_empty());
        let attempts = super::attempts(&run.store.cycles());
        assert_eq!(attempts, [(0, 0, false), (1, 0, true)]);
    }
}

#[actix::test]
async fn what_fails_while_the_run_is_paused_is_asked_about_when_it_goes_on() {
    for heals in [true, false] {
        let (setup, healed) = until_healed(load());
        let mut run = setup.start().await;
        run.until_cycle(1).await;
        wait(5).await;
        run.pause().await.unwrap();
        let calls = run.shop.calls();
        wait(600).await;
        assert_eq!((run.shop.calls(), run.status().state), (calls, RunState::Paused));
        healed.store(heals, Ordering::SeqCst);
        run.resume().await.unwrap();
        let resumed = SystemPacing.now();
        if heals {
            let run = run.finish().await;
            assert_eq!(run.state, RunState::Completed);
            assert!(run.store.incidents(IncidentKind::Freeze).is_empty());
        } else {
            let frozen = run.until(|s| s.frozen.is_some()).await.frozen.unwrap();
            assert!(matches!(frozen, FreezeReason::Outage { .. }), "{frozen}");
            let took = SystemPacing.now() - resumed;
            assert!((8..10).contains(&took.as_secs()), "{took:?}");
        }
    }
}

#[actix::test]
async fn a_pause_in_the_middle_of_a_question_stops_its_clock_and_a_resume_starts_it() {
    let (setup, _) = until_healed(load());
    let mut run = setup.start().await;
    run.until_cycle(1).await;
    wait(13).await;
    run.pause().await.unwrap();
    wait(600).await;
    assert_eq!(run.status().state, RunState::Paused, "nobody may answer a run that asks nothing");
    run.resume().await.unwrap();
    wait(4).await;
    assert_eq!(run.status().frozen, None);
    wait(2).await;
    assert!(run.status().frozen.is_some());
}

#[actix::test]
async fn while_a_refused_connection_is_asked_about_nothing_but_probes_is_sent() {
    let script = |ask: &Ask| match ask.cycle > 0 && ask.replay == 0 {
        true => Act::Fail(ApiErrorKind::ConnectRefused),
        false => Act::Answer,
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(48.0).rate(50.0).shop(script);
    let mut run = setup.start().await;
    let frozen = run.until(|s| s.frozen.is_some()).await.frozen.unwrap();
    assert!(matches!(frozen, FreezeReason::Outage { .. }), "{frozen}");
    assert!(frozen.to_string().ends_with("it is silent"), "{frozen}");
    let failed: Vec<_> = run.shop.log().into_iter().filter(|sent| sent.failed).collect();
    let probes = failed.iter().filter(|sent| sent.call == "probe").count();
    // The burst of the bucket is under way before anybody hears of the first.
    assert_eq!((probes, failed.len() - probes <= 6), (3, true), "{}", failed.len());
    assert_eq!(run.status().attempt.current.failed, 0, "no flow has used up its tries");
}

#[actix::test]
async fn a_moment_without_connections_costs_no_flow_and_no_try() {
    // Two seconds in which every connection is refused: a deployment.
    let begun = Arc::new(std::sync::OnceLock::new());
    let script = move |ask: &Ask| {
        if ask.cycle == 0 || ask.agent.is_empty() && begun.get().is_none() {
            return Act::Answer;
        }
        let begun = *begun.get_or_init(|| SystemPacing.now());
        match SystemPacing.now() - begun < Duration::from_millis(1_500) {
            true => Act::Fail(ApiErrorKind::ConnectRefused),
            false => Act::Answer,
        }
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(48.0).cycles(2).shop(script);
    let run = setup.finish().await;
    assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
}

#[actix::test]
async fn a_slow_shop_is_not_gone_and_none_of_its_sessions_is_down() {
    let asked = AtomicU32::new(0);
    // Lists run out of time again and again, and are tried again; all else takes its time.
    let script = move |ask: &Ask| match ask.call {
        "list_products"
            if ask.in_flow && asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) =>
        {
            timeout()
        }
        _ if ask.in_flow => Act::After(Duration::from_secs(6)),
        _ => Act::Answer,
    };
    let setup = run_of(60).behavior(always_shopping()).time_scale(48.0).cycles(2).shop(script);
    let run = setup.finish().await;
    let freezes = run.store.incidents(IncidentKind::Freeze);
    assert_eq!((run.state, freezes), (RunState::Completed, Vec::new()));
}

#[actix::test]
async fn a_freeze_by_failures_says_that_a_slow_shop_is_slow_and_that_a_silent_one_is_silent() {
    let script = |ask: &Ask| match ask.call {
        "add_item" if ask.cycle == 1 && ask.replay == 0 => timeout(),
        _ if ask.cycle == 1 => Act::After(Duration::from_secs(3)),
        _ => Act::Answer,
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(48.0).shop(script);
    let mut run = setup.start().await;
    let frozen = run.until(|s| s.frozen.is_some()).await.frozen.unwrap();
    let FreezeReason::FailuresInCycle { shop, .. } = &frozen else { panic!("{frozen}") };
    assert_eq!(*shop, Some(ShopSeen::Slow), "{frozen}");
    assert!(frozen.to_string().contains("slow"), "{frozen}");
}
