//! Services whose actors end: rebuilt where that is safe, else the run freezes with their name.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::messages::Service;
use actors::domain::ids::SessionId;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;

use super::{alone, until_closed};
use crate::support::population::keen;
use crate::support::run::{Live, run_of};
use crate::support::scripted_shop::{Act, Ask};

async fn at_rest() -> Live {
    let mut run = run_of(40).behavior(keen()).time_scale(48.0).start().await;
    until_closed(&mut run, 0).await;
    run
}

#[test]
fn a_session_the_refresher_and_the_checkpointer_are_rebuilt_and_the_run_goes_on() {
    let session = Service::HttpSession(SessionId(3));
    for service in [session, Service::OfferRefresher, Service::Checkpointer] {
        alone(async move {
            let mut run = at_rest().await;
            run.lose(service).await;
            until_closed(&mut run, 1).await;
            run.checkpoint().await.unwrap();
            let status = run.status();
            assert_eq!((status.state, status.totals.counts.failed), (RunState::Running, 0));
            let restarts = run.store.incidents(IncidentKind::Restart);
            assert_eq!(restarts, [format!("{service} died and was rebuilt")]);
        });
    }
}

#[test]
fn any_other_service_freezes_the_run_with_its_name_and_no_operator_opens_it() {
    use Service::{CircuitBreaker, DbWriter, RateLimiter, SessionPool};
    for service in [RateLimiter, DbWriter, SessionPool, CircuitBreaker] {
        alone(async move {
            let mut run = at_rest().await;
            run.lose(service).await;
            let frozen = run.until_frozen().await.frozen.unwrap();
            assert_eq!(frozen, FreezeReason::ServiceDied { service: service.to_string() });
            let sent = run.shop.calls();
            let refused = run.resume().await.unwrap_err().to_string();
            assert!(refused.contains("frozen for good"), "{refused}");
            tokio::time::sleep(Duration::from_secs(600)).await;
            assert_eq!(run.shop.calls(), sent, "{service}");
        });
    }
}

#[actix::test]
async fn the_fourth_death_of_a_service_within_ten_cycles_freezes() {
    let mut run = at_rest().await;
    for cycle in 1..=3 {
        run.lose(Service::Checkpointer).await;
        until_closed(&mut run, cycle).await;
        assert_eq!(run.status().state, RunState::Running);
    }
    run.lose(Service::Checkpointer).await;
    let frozen = run.until_frozen().await.frozen.unwrap();
    assert_eq!(frozen.to_string(), "the checkpointer died");
}

#[actix::test]
async fn a_refresher_that_panics_is_rebuilt_and_asked_again() {
    let mut run = at_rest().await;
    let panics_left = |run: &Live| run.store.refreshes_that_panic.load(Ordering::SeqCst);
    run.store.refreshes_that_panic.store(2, Ordering::SeqCst);
    let mut cycle = 0;
    while panics_left(&run) > 0 {
        cycle += 1;
        until_closed(&mut run, cycle).await;
    }
    let restarts = run.store.incidents(IncidentKind::Restart);
    assert_eq!(restarts, ["the offer refresher died and was rebuilt"; 2]);
    let refreshed = run.store.read(|w| w.batches.iter().any(|batch| batch.cycle.0 == cycle));
    assert!(refreshed, "the third try of cycle {cycle} hands out what was due");
    let status = run.status();
    assert_eq!((status.state, status.totals.counts.failed), (RunState::Running, 0));
}

#[actix::test]
async fn an_adapter_that_panics_costs_its_calls_alone_and_is_named_once_a_cycle() {
    let panics = AtomicU32::new(0);
    let script = move |ask: &Ask| {
        let may = ask.call == "add_item" && ask.cycle == 1 && ask.session == SessionId(3);
        let strikes = may && panics.fetch_add(1, Ordering::SeqCst) < 4;
        if strikes { Act::PanicAdapter } else { Act::Answer }
    };
    let setup = run_of(372).behavior(keen()).time_scale(48.0);
    let mut run = setup.shop(script).start().await;
    until_closed(&mut run, 2).await;
    assert_eq!(run.status().state, RunState::Running);
    let restarts = run.store.incidents(IncidentKind::Restart);
    assert_eq!(restarts, ["the adapter of HTTP session 3 panicked"]);
    let failed: Vec<u32> = run.store.cycles().iter().map(|c| c.counts.failed).collect();
    assert_eq!(failed, [0, 4, 0]);
}
