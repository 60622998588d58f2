//! One actor's failure costs that actor's flow and nothing else (P7).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::messages::StartError;
use actors::domain::flow::{EndReason, FlowStatus};
use actors::domain::incident::IncidentKind;
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use crate::support::population::{always_shopping, first_released};
use crate::support::run::{Setup, run_of};
use crate::support::scripted_shop::{Act, Ask};

fn everybody_shops() -> Setup {
    run_of(372).behavior(always_shopping())
}

fn chosen(count: usize) -> BTreeSet<String> {
    first_released(372, count).into_iter().collect()
}

/// The flows of the first `count` agents panic at their first list in cycle 0.
fn flows_panic(count: usize) -> impl Fn(&Ask) -> Act + Send + Sync {
    let chosen = chosen(count);
    move |ask: &Ask| match ask.call {
        "list_products"
            if ask.in_flow && (ask.cycle, ask.replay) == (0, 0) && chosen.contains(ask.agent) =>
        {
            Act::PanicFlow
        }
        _ => Act::Answer,
    }
}

#[actix::test]
async fn one_and_eighteen_panicking_flows_cost_those_flows_only() {
    for count in [1, 18] {
        let run = everybody_shops().cycles(2).shop(flows_panic(count)).finish().await;
        assert_eq!(run.state, RunState::Completed);
        let cycles = run.store.cycles();
        assert_eq!(cycles[0].counts.failed as usize, count);
        assert_eq!(cycles[0].counts.shopped as usize, 372 - count);
        assert!(!cycles[0].broken);
        // Fresh agents take their places at the next tick.
        assert_eq!((cycles[1].counts.shopped, cycles[1].counts.failed), (372, 0));
        assert_eq!(run.status.totals.restarts as usize, count);
        assert_eq!(run.store.incidents(IncidentKind::Restart).len(), count);
        run.store.read(|written| {
            let failed = written.flows.iter().filter(|f| f.status == FlowStatus::Failed);
            assert!(failed.clone().all(|f| f.end_reason == EndReason::Panic));
            assert_eq!(failed.count(), count);
        });
    }
}

#[actix::test]
async fn a_restarted_agent_clears_the_cart_at_the_shop_before_it_shops_again() {
    let run = everybody_shops().cycles(2).shop(flows_panic(18)).finish().await;
    let restarted: BTreeSet<String> = run.store.read(|written| {
        let failed = written.flows.iter().filter(|f| f.status == FlowStatus::Failed);
        failed.map(|f| f.key.agent_id.as_str().to_owned()).collect()
    });
    let log = run.shop.log();
    for agent in &restarted {
        let calls: Vec<&str> =
            log.iter().filter(|sent| sent.agent == *agent).map(|sent| sent.call).collect();
        // The start-up look is the first agent's too.
        let looked = calls.iter().take_while(|call| !call.starts_with("select")).count();
        let mut flow = calls[looked..].iter();
        assert!(flow.any(|call| *call == "list_products"), "{calls:?}");
        let next: Vec<_> = flow.take_while(|call| **call != "list_products").collect();
        assert!(next.contains(&&"clear_cart"), "{calls:?}");
    }
}

#[actix::test]
async fn nineteen_and_all_panicking_flows_freeze_the_run() {
    for count in [19, 372] {
        let mut run = everybody_shops().cycles(2).shop(flows_panic(count)).start().await;
        let frozen = run.until_frozen().await.frozen;
        assert!(
            matches!(frozen, Some(FreezeReason::FailuresInCycle { failures: 19, .. })),
            "{frozen:?}"
        );
        let broken = run.store.cycles().remove(0);
        assert_eq!((broken.broken, broken.counts.accounted()), (true, 372));
        run.resume().await.unwrap();
        let run = run.finish().await;
        assert_eq!(run.state, RunState::Completed);
        let replay = run.store.cycles().remove(1);
        assert_eq!((replay.replay.0, replay.counts.shopped), (1, 372));
    }
}

#[actix::test]
async fn a_panic_of_the_adapter_fails_the_flow_and_restarts_nobody() {
    let chosen = chosen(1);
    let script = move |ask: &Ask| match ask.in_flow && ask.cycle == 0 {
        true if chosen.contains(ask.agent) => Act::PanicAdapter,
        _ => Act::Answer,
    };
    let run = everybody_shops().cycles(2).shop(script).finish().await;
    assert_eq!(run.state, RunState::Completed);
    let cycles = run.store.cycles();
    assert_eq!((cycles[0].counts.failed, cycles[0].counts.shopped), (1, 371));
    assert_eq!((cycles[1].counts.failed, cycles[1].counts.shopped), (0, 372));
    assert_eq!(run.status.totals.restarts, 0);
}

#[actix::test]
async fn a_panic_of_the_store_costs_its_flow_alone() {
    let chosen = chosen(18);
    let setup = everybody_shops()
        .cycles(2)
        .store_panics_on(move |flow| flow.cycle.0 == 0 && chosen.contains(flow.agent_id.as_str()));
    let run = setup.finish().await;
    assert_eq!(run.state, RunState::Completed);
    let cycles = run.store.cycles();
    assert_eq!((cycles[0].counts.failed, cycles[0].counts.shopped), (18, 354));
    assert_eq!((cycles[1].counts.failed, cycles[1].counts.shopped), (0, 372));
    run.store.read(|written| {
        let failed = written.flows.iter().filter(|f| f.status == FlowStatus::Failed);
        assert!(failed.clone().count() == 18);
        assert!(failed.into_iter().all(|f| f.end_reason == EndReason::Store));
    });
}

#[actix::test]
async fn the_fourth_crash_in_ten_cycles_quarantines_and_leaves_the_breaker_its_headroom() {
    let (crashing, failing) = (chosen(18), chosen(36));
    let script = move |ask: &Ask| match ask.in_flow {
        true if ask.cycle < 4 && crashing.contains(ask.agent) => Act::PanicFlow,
        // By then the crashing ones get no tick: these are eighteen others.
        true if ask.cycle == 4 && failing.contains(ask.agent) => {
            Act::Fail(ApiErrorKind::ServerError(500))
        }
        _ => Act::Answer,
    };
    let run = everybody_shops().cycles(6).shop(script).finish().await;
    assert_eq!(run.state, RunState::Completed);
    let counts: Vec<_> = run
        .store
        .cycles()
        .iter()
        .map(|c| (c.counts.released, c.counts.failed, c.counts.skipped_quarantined))
        .collect();
    let expected =
        [(372, 18, 0), (372, 18, 0), (372, 18, 0), (372, 18, 0), (372, 18, 18), (372, 0, 18)];
    assert_eq!(counts, expected);
    assert_eq!(run.store.incidents(IncidentKind::Quarantine).len(), 18);
    assert_eq!(run.files.last().quarantined.len(), 18);
}

#[actix::test]
async fn a_panic_of_the_start_up_check_is_an_error_and_nothing_is_begun() {
    let script = |ask: &Ask| if ask.in_flow { Act::Answer } else { Act::PanicFlow };
    let error = everybody_shops().shop(script).refused().await;
    assert!(matches!(error, StartError::Panicked(_)), "{error}");
    assert!(error.to_string().starts_with("the start-up check panicked: "), "{error}");
}

#[actix::test]
async fn a_panic_of_the_check_before_a_resume_leaves_the_run_frozen() {
    let panics = Arc::new(AtomicBool::new(false));
    let (is_set, failing) = (Arc::clone(&panics), chosen(19));
    let script = move |ask: &Ask| match ask.in_flow {
        true if (ask.cycle, ask.replay) == (0, 0) && failing.contains(ask.agent) => {
            Act::Fail(ApiErrorKind::ServerError(500))
        }
        false if is_set.load(Ordering::SeqCst) => Act::PanicFlow,
        _ => Act::Answer,
    };
    let mut run = everybody_shops().cycles(2).shop(script).start().await;
    run.until_frozen().await;
    panics.store(true, Ordering::SeqCst);
    let refused = run.resume().await.unwrap_err();
    assert!(refused.to_string().contains("panicked"), "{refused}");
    assert_eq!(run.status().state, RunState::Frozen);
    panics.store(false, Ordering::SeqCst);
    run.resume().await.unwrap();
    assert_eq!(run.finish().await.state, RunState::Completed);
}
