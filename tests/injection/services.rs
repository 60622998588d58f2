//! What may be injected into the services below the Coordinator.

use std::time::Duration;

use actors::checkpointer::messages::CheckpointerInjection;
use actors::circuit_breaker::messages::{CircuitBreakerInjection, FreezeReason};
use actors::coordinator::command::CommandRefused;
use actors::db_writer::messages::DbWriterInjection;
use actors::domain::cycle::Cycle;
use actors::domain::flow::EndReason;
use actors::domain::ids::SessionId;
use actors::domain::incident::IncidentKind;
use actors::domain::rate::Rate;
use actors::injection::Injection;
use actors::offer_refresher::messages::OfferRefresherInjection;
use actors::ports::store::RunState;
use actors::rate_limiter::messages::RateLimiterInjection;
use actors::session_pool::messages::{SessionInjection, SessionPoolInjection};

use super::{busy, failed, until_closed};
use crate::support::run::Live;

async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[actix::test]
async fn a_closed_gate_parks_the_cycle_until_it_is_opened() {
    let mut run = busy(20, 3).start().await;
    let gate = |what| Injection::RateLimiter(what);
    run.inject_at(1, gate(RateLimiterInjection::CloseGate)).await.unwrap();
    run.until_cycle(1).await;
    let calls = run.shop.calls();
    wait(1_000).await;
    assert_eq!((run.shop.calls(), run.status().state), (calls, RunState::Running));
    run.inject(gate(RateLimiterInjection::OpenGate)).await.unwrap();
    until_closed(&mut run, 1).await;
    assert_eq!(run.status().attempt.last.unwrap().counts.shopped, 20);
}

#[actix::test]
async fn no_message_opens_the_gate_of_a_run_that_is_paused_or_frozen() {
    let mut run = busy(20, 3).start().await;
    run.until_cycle(1).await;
    let open = || Injection::RateLimiter(RateLimiterInjection::OpenGate);
    run.pause().await.unwrap();
    let refused = run.inject(open()).await.unwrap_err();
    assert!(matches!(refused, CommandRefused::WrongState { .. }), "{refused}");
    run.resume().await.unwrap();
    let trip = CircuitBreakerInjection::Trip { reason: "drill".to_owned() };
    run.inject(Injection::CircuitBreaker(trip)).await.unwrap();
    run.until_frozen().await;
    let refused = run.inject(open()).await.unwrap_err();
    assert!(matches!(refused, CommandRefused::WrongState { .. }), "{refused}");
}

#[actix::test]
async fn a_limiter_told_another_rate_slows_down_and_the_run_does_not_know() {
    let mut run = busy(20, 3).rate(1_000.0).start().await;
    let slow = RateLimiterInjection::Retune(Rate::PerSecond(5.0));
    run.inject_at(1, Injection::RateLimiter(slow)).await.unwrap();
    run.until_cycle(1).await;
    let before = run.shop.calls();
    wait(10).await;
    assert!((49..=53).contains(&(run.shop.calls() - before)), "{}", run.shop.calls() - before);
    assert_eq!(run.status().traffic.rate_limit, Some(1_000.0));
}

#[actix::test]
async fn an_outage_signal_probes_a_living_shop_and_nothing_follows() {
    let mut run = busy(20, 2).start().await;
    until_closed(&mut run, 0).await;
    let probes = |run: &Live| run.shop.log().iter().filter(|sent| sent.call == "probe").count();
    let before = probes(&run);
    let signal = CircuitBreakerInjection::SignalOutage(SessionId(4));
    run.inject(Injection::CircuitBreaker(signal)).await.unwrap();
    wait(10).await;
    assert_eq!((probes(&run) - before, run.status().state), (1, RunState::Running));
}

#[actix::test]
async fn writes_that_find_no_database_cost_time_and_refused_ones_their_flows() {
    let mut run = busy(40, 4).start().await;
    until_closed(&mut run, 0).await;
    let writer = |what| Injection::DbWriter(what);
    run.inject_at(1, writer(DbWriterInjection::Fail { writes: 30 })).await.unwrap();
    run.inject_at(2, writer(DbWriterInjection::Refuse { writes: 2 })).await.unwrap();
    run.inject_at(3, writer(DbWriterInjection::Delay { ms: 5_000, writes: 1 })).await.unwrap();
    until_closed(&mut run, 1).await;
    assert_eq!(run.status().totals.counts.failed, 0);
    until_closed(&mut run, 2).await;
    let causes = failed(&run, 2);
    assert_eq!(causes.len(), 2);
    assert!(causes.iter().all(|(reason, _)| *reason == EndReason::Store), "{causes:?}");
    assert!(causes.iter().all(|(_, cause)| cause.contains("a drill")), "{causes:?}");
    until_closed(&mut run, 3).await;
    let cycle = run.store.cycles().pop().unwrap();
    assert_eq!((cycle.ended_at - cycle.started_at).num_seconds(), 5);
}

#[actix::test]
async fn a_refresh_out_of_turn_assigns_and_one_told_to_fail_is_made_up_for() {
    let mut run = busy(20, 3).start().await;
    until_closed(&mut run, 0).await;
    let offers = |what| Injection::OfferRefresher(what);
    run.inject(offers(OfferRefresherInjection::Fail { refreshes: 1 })).await.unwrap();
    run.inject(offers(OfferRefresherInjection::Refresh)).await.unwrap();
    wait(1).await;
    let told = run.store.incidents(IncidentKind::OffersFailed);
    assert!(told.len() == 1 && told[0].contains("a drill"), "{told:?}");
    let batches = run.store.read(|written| written.batches.len());
    run.inject(offers(OfferRefresherInjection::Refresh)).await.unwrap();
    wait(1).await;
    assert_eq!(run.store.read(|written| written.batches.len()), batches + 1);
}

#[actix::test]
async fn a_checkpoint_is_written_out_of_turn_and_one_told_to_fail_is_an_incident() {
    let mut run = busy(20, 3).start().await;
    run.until_cycle(1).await;
    let files = |what| Injection::Checkpointer(what);
    run.inject(files(CheckpointerInjection::Save)).await.unwrap();
    wait(1).await;
    assert_eq!((run.files.all().len(), run.files.last().boundary), (2, Cycle(1)));
    run.inject(files(CheckpointerInjection::Fail { saves: 1 })).await.unwrap();
    let failed = run.checkpoint().await.unwrap_err();
    assert!(failed.to_string().contains("a drill"), "{failed}");
    assert_eq!(run.store.incidents(IncidentKind::CheckpointFailed).len(), 1);
    run.checkpoint().await.unwrap();
}

#[actix::test]
async fn a_part_that_can_be_rebuilt_dies_and_the_run_goes_on() {
    let mut run = busy(40, 4).start().await;
    until_closed(&mut run, 0).await;
    for injection in [
        Injection::Session(SessionId(4), SessionInjection::Die),
        Injection::OfferRefresher(OfferRefresherInjection::Die),
        Injection::Checkpointer(CheckpointerInjection::Die),
    ] {
        run.inject(injection).await.unwrap();
    }
    // What is rebuilt can be reached again.
    wait(1).await;
    let slow = SessionInjection::Delay { ms: 700, for_s: 600 };
    run.inject(Injection::Session(SessionId(4), slow)).await.unwrap();
    until_closed(&mut run, 1).await;
    assert!(run.status().attempt.last.unwrap().latency.service.p99 > 650.0);
    let run = run.finish().await;
    assert_eq!((run.state, run.status.totals.restarts), (RunState::Completed, 3));
    assert_eq!(run.store.incidents(IncidentKind::Restart).len(), 3);
}

#[actix::test]
async fn a_part_that_cannot_be_rebuilt_freezes_the_run_for_good() {
    for (injection, service) in [
        (Injection::SessionPool(SessionPoolInjection::Die), "the session pool"),
        (Injection::RateLimiter(RateLimiterInjection::Die), "the rate limiter"),
        (Injection::CircuitBreaker(CircuitBreakerInjection::Die), "the circuit breaker"),
        (Injection::DbWriter(DbWriterInjection::Die), "the database writer"),
    ] {
        let mut run = busy(20, 3).start().await;
        until_closed(&mut run, 0).await;
        run.inject(injection).await.unwrap();
        let frozen = run.until(|s| s.state == RunState::Frozen).await;
        let reason = FreezeReason::ServiceDied { service: service.to_owned() };
        assert_eq!(frozen.frozen, Some(reason));
        assert!(run.resume().await.is_err());
    }
}
