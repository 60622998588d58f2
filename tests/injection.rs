//! Injected messages: each does what the list says, to the actor it is for and to nobody else, and
//! leaves an incident. Whole runs on a paused clock.

mod catalogue;
mod services;

use std::time::Duration;

use actors::agent::messages::{AgentInjection, ErrorStatus};
use actors::circuit_breaker::messages::{CircuitBreakerInjection, FreezeReason};
use actors::coordinator::agenda::Moment;
use actors::coordinator::command::{Command, CommandRefused};
use actors::domain::cycle::Cycle;
use actors::domain::flow::{EndReason, FlowStatus};
use actors::domain::ids::{AgentId, SessionId};
use actors::domain::incident::IncidentKind;
use actors::injection::Injection;
use actors::ports::store::RunState;
use actors::session_pool::messages::{SessionInjection, SessionPoolInjection};
use serde_json::json;

use crate::support::population::always_shopping;
use crate::support::run::{Live, Setup, run_of};

fn tick(cycle: u32) -> Moment {
    Moment::Tick(Cycle(cycle))
}

fn status(status: u16) -> ErrorStatus {
    ErrorStatus::new(status).unwrap()
}

/// Everybody shops in every hour, which takes 75 s.
fn busy(agents: usize, cycles: u32) -> Setup {
    run_of(agents).behavior(always_shopping()).time_scale(48.0).cycles(cycles)
}

/// Causes of the flows that failed in `cycle`.
fn failed(run: &Live, cycle: u32) -> Vec<(EndReason, String)> {
    run.store.read(|written| {
        let failed = written.flows.iter().filter(|f| f.status == FlowStatus::Failed);
        let of_cycle = failed.filter(|f| f.key.cycle == Cycle(cycle));
        of_cycle.map(|f| (f.end_reason, f.failure.clone().unwrap_or_default())).collect()
    })
}

async fn until_closed(run: &mut Live, cycle: u32) {
    run.until(|s| s.attempt.last.as_ref().is_some_and(|last| last.cycle.0 >= cycle)).await;
}

#[actix::test]
async fn so_many_agents_crash_at_the_tick_of_their_cycle_and_the_row_says_drill() {
    for (count, is_frozen) in [(18, false), (19, true)] {
        let mut run = busy(372, 4).start().await;
        let crash = Injection::Agents(count, AgentInjection::Crash);
        let noted = run.inject_at(2, crash).await.unwrap();
        assert!(noted.message.contains("waits for the tick of cycle 2"), "{}", noted.message);
        until_closed(&mut run, 1).await;
        assert_eq!(run.status().totals.restarts, 0);
        until_closed(&mut run, 2).await;
        assert_eq!(run.status().totals.restarts, u64::from(count));
        assert_eq!(run.status().frozen.is_some(), is_frozen);
        let causes = failed(&run, 2);
        assert_eq!(causes.len(), count as usize);
        assert!(causes.iter().all(|(_, cause)| cause.contains("a drill")), "{causes:?}");
        let incidents = run.store.incidents(IncidentKind::Injection);
        assert_eq!(incidents, [format!("injected Agents({count},Crash) (door: program)")]);
    }
}

#[actix::test]
async fn a_checkout_told_to_fail_fails_once_and_costs_that_flow_alone() {
    let mut run = busy(20, 3).start().await;
    until_closed(&mut run, 0).await;
    let what = AgentInjection::FailNextCheckout { status: status(500) };
    run.inject(Injection::Agents(1, what)).await.unwrap();
    let mut causes = Vec::new();
    for cycle in 1..3 {
        until_closed(&mut run, cycle).await;
        causes.extend(failed(&run, cycle));
    }
    let expected = "checkout: 500, server error: a drill".to_owned();
    assert_eq!(causes, [(EndReason::CheckoutFailed, expected)]);
}

#[actix::test]
async fn a_call_told_to_fail_fails_with_the_status_given() {
    let mut run = busy(20, 2).start().await;
    until_closed(&mut run, 0).await;
    let agent = "agent_003";
    run.drill(agent, AgentInjection::FailNextCall { status: status(401) }).await.unwrap();
    until_closed(&mut run, 1).await;
    let causes = failed(&run, 1);
    assert_eq!(causes.len(), 1);
    assert!(causes[0].1.ends_with("401, not authorised: a drill"), "{}", causes[0].1);
    let incidents = run.store.read(|written| written.incidents.clone());
    let injected = incidents.iter().find(|i| i.kind == IncidentKind::Injection).unwrap();
    assert_eq!(injected.agent_id, Some(AgentId::new(agent)));
    let message = r#"Agent("agent_003",FailNextCall(status:401))"#;
    let expected =
        json!({ "door": "program", "message": message, "outcome": "done", "drill": true });
    assert_eq!(injected.detail, expected);
}

#[actix::test]
async fn a_flow_told_to_hang_is_cut_after_a_minute_and_its_cause_says_drill() {
    let mut run = busy(20, 2).start().await;
    run.inject(Injection::Agents(1, AgentInjection::Hang)).await.unwrap();
    until_closed(&mut run, 1).await;
    let hung = [failed(&run, 0), failed(&run, 1)].concat();
    assert_eq!(hung, [(EndReason::Hang, "no progress for 60 s, a drill".to_owned())]);
    let restarts = run.store.incidents(IncidentKind::Restart);
    assert!(restarts.len() == 1 && restarts[0].contains("a drill"), "{restarts:?}");
}

#[actix::test]
async fn a_session_told_to_break_goes_down_and_comes_back_when_its_time_is_up() {
    let mut run = busy(100, 6).start().await;
    let broken = SessionInjection::Break { for_s: 150 };
    run.inject_at(1, Injection::Session(SessionId(4), broken)).await.unwrap();
    until_closed(&mut run, 5).await;
    let told = run.store.incidents(IncidentKind::SessionHealth);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("session 4 is down") && told[0].contains("a drill"), "{told:?}");
    assert!(told[1].contains("session 4 is back"), "{told:?}");
    let skipped: Vec<u32> =
        run.store.cycles().iter().map(|c| c.counts.skipped_session_down).collect();
    assert!(skipped[2] > 0 && skipped[5] == 0, "{skipped:?}");
    assert_eq!(run.status().totals.cycles_completed, 6);
}

#[actix::test]
async fn a_session_told_to_be_slow_delays_its_own_agents_only() {
    let mut run = busy(100, 2).start().await;
    until_closed(&mut run, 0).await;
    assert!(run.status().attempt.last.unwrap().latency.service.p99 < 1.0);
    let slow = SessionInjection::Delay { ms: 700, for_s: 600 };
    run.inject(Injection::Session(SessionId(0), slow)).await.unwrap();
    until_closed(&mut run, 1).await;
    let latency = run.status().attempt.last.unwrap().latency.service;
    assert!(latency.p50 < 1.0 && (650.0..=750.0).contains(&latency.p99), "{latency:?}");
    assert_eq!(run.status().totals.counts.failed, 0);
}

#[actix::test]
async fn a_session_marked_down_is_skipped_until_its_probe_is_answered() {
    let mut run = busy(100, 4).start().await;
    let down = Injection::SessionPool(SessionPoolInjection::MarkDown(SessionId(4)));
    run.inject_at(1, down).await.unwrap();
    until_closed(&mut run, 3).await;
    let skipped: Vec<u32> =
        run.store.cycles().iter().map(|c| c.counts.skipped_session_down).collect();
    assert!(skipped[1] > 0 && skipped[0] == 0 && skipped[3] == 0, "{skipped:?}");
}

#[actix::test]
async fn a_tripped_breaker_freezes_with_the_reason_given_and_an_operator_opens_it() {
    let mut run = busy(20, 3).start().await;
    let reason = "drill".to_owned();
    let trip = CircuitBreakerInjection::Trip { reason: reason.clone() };
    run.inject_at(1, Injection::CircuitBreaker(trip)).await.unwrap();
    let frozen = run.until_frozen().await;
    assert_eq!(
        (frozen.attempt.cycle, frozen.frozen),
        (Cycle(1), Some(FreezeReason::Tripped { reason }))
    );
    let calls = run.shop.calls();
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    assert_eq!(run.shop.calls(), calls);
    run.resume().await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.status.totals.cycles_completed, 3);
}

#[actix::test]
async fn a_message_for_a_cycle_that_is_past_or_for_nobody_is_refused_and_written_down() {
    let mut run = busy(20, 9).start().await;
    run.until_cycle(2).await;
    let crash = |agent: &str| Injection::Agent(AgentId::new(agent), AgentInjection::Crash);
    let past = run.inject_at(2, crash("agent_001")).await.unwrap_err();
    assert_eq!(past, CommandRefused::Past { moment: tick(2), next: tick(3) });
    run.inject_at(3, crash("agent_001")).await.unwrap();
    let nobody = run.inject(crash("agent_999")).await.unwrap_err();
    assert_eq!(nobody.to_string(), "agent_999 is no agent of this run");
    let broken = SessionInjection::Die;
    let nowhere = run.inject(Injection::Session(SessionId(10), broken)).await.unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no HTTP session 10: they are 0 to 9");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let told = run.store.incidents(IncidentKind::Injection);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|t| t.contains("was refused")), "{told:?}");
}

#[actix::test]
async fn the_thousand_and_first_message_that_waits_is_refused() {
    let run = busy(20, 9).start().await;
    let crash = || Injection::Agents(1, AgentInjection::Crash);
    for _ in 0..1_000 {
        run.inject_at(7, crash()).await.unwrap();
    }
    assert_eq!(run.inject_at(7, crash()).await.unwrap_err(), CommandRefused::AgendaFull);
    run.inject(crash()).await.unwrap();
}

#[actix::test]
async fn an_operators_command_can_be_injected_at_a_tick_and_is_one_incident() {
    let mut run = busy(20, 9).start().await;
    run.inject_at(2, Injection::Coordinator(Command::Pause)).await.unwrap();
    let paused = run.until(|s| s.state == RunState::Paused).await;
    assert_eq!(paused.attempt.cycle, Cycle(2));
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    assert_eq!((run.status().attempt.cycle, run.status().attempt.outstanding), (Cycle(2), 20));
    assert_eq!(run.store.incidents(IncidentKind::Pause), ["the run is paused (door: injection)"]);
    assert!(run.store.incidents(IncidentKind::Injection).is_empty());
}
