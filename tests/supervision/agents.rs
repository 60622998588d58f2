//! Agents that panic, again and again, or hang.

use std::time::Duration;

use actors::agent::messages::AgentInjection;
use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::CommandRefused;
use actors::domain::event::EventKind;
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::incident::IncidentKind;
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use super::{alone, flows, strike, until_closed};
use crate::support::population::{first_released, keen};
use crate::support::run::{Live, run_of};
use crate::support::scripted_shop::{Act, Ask};

/// A run at rest after its first cycle, all agents released.
async fn at_rest(agents: usize) -> Live {
    let setup = run_of(agents).unbounded().behavior(keen()).time_scale(48.0);
    let mut run = setup.start().await;
    until_closed(&mut run, 0).await;
    run
}

#[test]
fn one_and_18_panics_restart_those_agents_with_empty_carts_and_the_cycle_completes() {
    alone(panics_that_are_survived(1));
    alone(panics_that_are_survived(18));
}

async fn panics_that_are_survived(count: usize) {
    let mut run = at_rest(372).await;
    let victims = first_released(372, count);
    strike(&run, &victims, AgentInjection::Crash).await;
    until_closed(&mut run, 1).await;
    let (before, status) = (run.shop.calls(), run.status());
    assert_eq!(status.state, RunState::Running);
    let last = status.attempt.last.unwrap();
    assert_eq!((last.counts.failed as usize, last.counts.released), (count, 372));
    assert!(!last.broken);
    let is_victim = |agent: &str| victims.iter().any(|v| v == agent);
    for flow in flows(&run, 1) {
        let struck = is_victim(flow.key.agent_id.as_str());
        assert_eq!(flow.end_reason == EndReason::Panic, struck);
        assert_eq!(flow.status == FlowStatus::Failed, struck, "neighbours are unaffected");
        let added = flow.events.iter().filter(|e| e.kind == EventKind::CartAddItem).count();
        assert!(!struck || (added > 0 && flow.shop_cart == ShopCart::Dirty));
    }
    until_closed(&mut run, 2).await;
    let log = run.shop.log();
    for flow in flows(&run, 2) {
        let agent = flow.key.agent_id.as_str();
        assert_ne!(flow.status, FlowStatus::Failed);
        assert_eq!(flow.key.incarnation.0, u32::from(is_victim(agent)));
        let mut calls = log[before..].iter().filter(|sent| sent.agent == agent);
        let first = calls.find(|sent| ["clear_cart", "add_item"].contains(&sent.call)).unwrap();
        assert_eq!(first.call == "clear_cart", is_victim(agent), "{agent}");
    }
    assert_eq!(run.store.incidents(IncidentKind::Restart).len(), count);
    assert_eq!(run.status().totals.restarts as usize, count);
}

#[test]
fn the_19th_panic_freezes_and_so_do_372_and_the_replay_completes() {
    alone(panics_that_freeze(19));
    alone(panics_that_freeze(372));
}

async fn panics_that_freeze(count: usize) {
    let mut run = at_rest(372).await;
    strike(&run, &first_released(372, count), AgentInjection::Crash).await;
    let frozen = run.until_frozen().await.frozen.unwrap();
    let FreezeReason::FailuresInCycle { failures, allowed, released, .. } = frozen else {
        panic!("{frozen}")
    };
    assert_eq!((failures, allowed, released), (19, 18, 372));
    let cycle = run.store.cycles().pop().unwrap();
    assert!(cycle.broken && cycle.counts.accounted() == 372, "{:?}", cycle.counts);
    assert_eq!(run.store.incidents(IncidentKind::Restart).len(), count);
    run.resume().await.unwrap();
    run.until(|s| s.totals.replayed_cycles == 1).await;
    let replay = run.store.cycles().pop().unwrap();
    assert_eq!((replay.cycle.0, replay.counts.failed), (1, 0));
}

#[test]
fn the_border_holds_at_every_size_of_the_warm_up() {
    // In the second cycle of each size: the first lets the run be found at rest.
    for (cycle, released, allowed) in [(1, 37, 1), (3, 93, 4), (5, 186, 9), (7, 279, 13)] {
        for count in [allowed, allowed + 1] {
            alone(async move {
                let setup = run_of(372).warm_up().behavior(keen()).time_scale(48.0);
                let mut run = setup.start().await;
                until_closed(&mut run, cycle - 1).await;
                assert_border(&mut run, 372, cycle, released, (count, allowed)).await;
            });
        }
    }
}

#[test]
fn of_ten_agents_the_second_freezes_and_the_first_does_not() {
    for count in [1, 2] {
        alone(async move {
            let mut run = at_rest(10).await;
            assert_border(&mut run, 10, 1, 10, (count, 1)).await;
        });
    }
}

async fn assert_border(
    run: &mut Live,
    agents: usize,
    cycle: u32,
    released: u32,
    (count, allowed): (usize, usize),
) {
    strike(run, &first_released(agents, count), AgentInjection::Crash).await;
    until_closed(run, cycle).await;
    let closed = run.store.cycles().pop().unwrap();
    assert_eq!((closed.cycle.0, closed.counts.released), (cycle, released));
    assert_eq!(closed.counts.failed as usize, count);
    assert_eq!(closed.broken, count > allowed, "{count} of {released}");
    assert_eq!(run.status().frozen.is_some(), count > allowed, "{count} of {released}");
}

#[actix::test]
async fn the_fourth_crash_within_ten_cycles_quarantines_until_an_operator_revives() {
    let mut run = at_rest(40).await;
    let agent = first_released(40, 1);
    for cycle in [1, 4, 7, 10] {
        until_closed(&mut run, cycle - 1).await;
        assert!(run.store.incidents(IncidentKind::Quarantine).is_empty());
        strike(&run, &agent, AgentInjection::Crash).await;
        until_closed(&mut run, cycle).await;
    }
    let named = run.store.incidents(IncidentKind::Quarantine);
    assert!(named.len() == 1 && named[0].contains(&agent[0]), "{named:?}");
    until_closed(&mut run, 11).await;
    let counts = run.store.cycles().pop().unwrap().counts;
    assert_eq!((counts.released, counts.skipped_quarantined), (40, 1));
    let refused = run.drill(&agent[0], AgentInjection::Crash).await.unwrap_err();
    assert!(matches!(refused, CommandRefused::Agent { .. }), "{refused}");
    run.revive(&agent[0]).await.unwrap();
    assert_eq!(
        run.revive(&agent[0]).await.unwrap_err().to_string(),
        format!("{} is not in quarantine", agent[0])
    );
    assert!(run.revive("nobody").await.is_err());
    assert_eq!(run.store.incidents(IncidentKind::Revive).len(), 1);
    until_closed(&mut run, 12).await;
    assert_eq!(run.store.cycles().pop().unwrap().counts.skipped_quarantined, 0);
}

#[actix::test]
async fn four_crashes_in_eleven_cycles_do_not_quarantine() {
    let mut run = at_rest(40).await;
    let agent = first_released(40, 1);
    for cycle in [1, 4, 7, 11] {
        until_closed(&mut run, cycle - 1).await;
        strike(&run, &agent, AgentInjection::Crash).await;
        until_closed(&mut run, cycle).await;
    }
    assert!(run.store.incidents(IncidentKind::Quarantine).is_empty());
    assert_eq!(run.store.incidents(IncidentKind::Restart).len(), 4);
}

/// 18 of 372 agents in quarantine, at rest.
async fn with_18_quarantined() -> Live {
    let mut run = at_rest(372).await;
    for cycle in 1..=4 {
        strike(&run, &first_released(372, 18), AgentInjection::Crash).await;
        until_closed(&mut run, cycle).await;
    }
    let quarantined = run.store.incidents(IncidentKind::Quarantine).len();
    assert_eq!((quarantined, run.status().state), (18, RunState::Running));
    run
}

#[test]
fn eighteen_in_quarantine_leave_the_breaker_its_full_headroom() {
    for count in [18, 19] {
        alone(async move {
            let mut run = with_18_quarantined().await;
            strike(&run, &first_released(372, 18 + count)[18..], AgentInjection::Crash).await;
            until_closed(&mut run, 5).await;
            let closed = run.store.cycles().pop().unwrap();
            let counts = closed.counts;
            assert_eq!((counts.released, counts.skipped_quarantined), (372, 18));
            assert_eq!((counts.failed as usize, closed.broken), (count, count == 19));
        });
    }
}

#[actix::test]
async fn the_19th_agent_in_quarantine_freezes() {
    let mut run = with_18_quarantined().await;
    for cycle in 5..=8 {
        assert_eq!(run.status().state, RunState::Running);
        strike(&run, &first_released(372, 19)[18..], AgentInjection::Crash).await;
        until_closed(&mut run, cycle).await;
    }
    let frozen = run.until_frozen().await.frozen.unwrap();
    assert_eq!(frozen, FreezeReason::Quarantines { quarantined: 19, active: 372 });
    assert_eq!(run.files.last().quarantined.len(), 19);
}

#[actix::test]
async fn a_flow_without_progress_ends_after_60_s_and_its_agent_is_rebuilt() {
    let mut run = at_rest(40).await;
    let agent = first_released(40, 1);
    strike(&run, &agent, AgentInjection::Hang).await;
    until_closed(&mut run, 1).await;
    let closed = run.store.cycles().pop().unwrap();
    assert_eq!((closed.counts.failed, closed.broken), (1, false));
    let took = (closed.ended_at - closed.started_at).num_milliseconds();
    assert!((60_000..62_000).contains(&took), "{took} ms");
    let hung = flows(&run, 1).into_iter().find(|f| f.status == FlowStatus::Failed).unwrap();
    assert_eq!((hung.end_reason, hung.key.agent_id.as_str()), (EndReason::Hang, agent[0].as_str()));
    until_closed(&mut run, 2).await;
    let again = flows(&run, 2).into_iter().find(|f| f.key.agent_id.as_str() == agent[0]).unwrap();
    assert_eq!((again.key.incarnation.0, again.status == FlowStatus::Failed), (1, false));
}

#[actix::test]
async fn a_pause_is_not_counted_as_time_without_progress() {
    let mut run = at_rest(40).await;
    strike(&run, &first_released(40, 1), AgentInjection::Hang).await;
    run.until_cycle(1).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    run.pause().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(run.status().attempt.outstanding, 1);
    run.resume().await.unwrap();
    until_closed(&mut run, 1).await;
    let closed = run.store.cycles().pop().unwrap();
    let took = (closed.ended_at - closed.started_at).num_milliseconds();
    assert!((660_000..662_000).contains(&took), "{took} ms");
}

#[actix::test]
async fn waiting_for_a_permit_is_no_hang() {
    // The last of 40 agents waits some 600 s for its permits.
    let run = run_of(40).behavior(keen()).rate(0.4).cycles(1).finish().await;
    assert!(run.took > Duration::from_secs(300), "{:?}", run.took);
    assert_eq!(run.status.totals.counts.failed, 0);
}

#[actix::test]
async fn waiting_for_a_retry_is_no_hang() {
    let retry_after = Some(Duration::from_secs(60));
    let busy = move |ask: &Ask| match ask.call {
        "eligible_coupons" => Act::Fail(ApiErrorKind::RateLimited { retry_after }),
        _ => Act::Answer,
    };
    let run = run_of(1).behavior(keen()).cycles(1).shop(busy).finish().await;
    assert!(run.took > Duration::from_secs(120), "{:?}", run.took);
    let ended = run.store.read(|written| written.flows[0].end_reason);
    assert_eq!(ended, EndReason::CallFailed);
    assert!(run.store.incidents(IncidentKind::Restart).is_empty());
}
