//! A checkout whose answer is lost: the shop's reads decide, and where they cannot be made the row
//! admits it. No order is left at the shop that no row knows of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::domain::flow::{EndReason, FlowRecord, FlowStatus, ShopCart};
use actors::domain::ids::{AgentId, SessionId};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;
use actors::session_pool::assignment::{HTTP_SESSIONS, session_of};

use crate::support::population::keen;
use crate::support::run::{Finished, Live, run_of};
use crate::support::scripted_shop::{Act, Ask, Sent};

const BROKEN: SessionId = SessionId(3);

/// The flows of cycle 0, original attempt, of agents whose checkout reached the shop in it.
fn checked_out(flows: &[Arc<FlowRecord>], log: &[Sent]) -> Vec<Arc<FlowRecord>> {
    let sent = |flow: &FlowRecord| {
        let agent = flow.key.agent_id.as_str();
        log.iter().any(|sent| sent.call == "checkout" && sent.agent == agent)
    };
    let first = |flow: &FlowRecord| (flow.key.cycle.0, flow.key.replay.0) == (0, 0);
    flows.iter().filter(|flow| first(flow) && sent(flow)).cloned().collect()
}

fn are_unknown(flows: &[Arc<FlowRecord>]) {
    assert!(!flows.is_empty());
    for flow in flows {
        assert_eq!(flow.status, FlowStatus::Failed, "{flow:?}");
        assert_eq!(
            (flow.end_reason, flow.shop_cart),
            (EndReason::CheckoutUnknown, ShopCart::Dirty)
        );
    }
}

/// The first try of each checkout over the broken session is lost in cycle 0; then that session
/// carries nothing at all.
async fn lost_then(lost: ApiErrorKind, then: ApiErrorKind) -> Finished {
    let is_broken = AtomicBool::new(false);
    let script = move |ask: &Ask| {
        if ask.session != BROKEN || ask.cycle > 0 || !ask.in_flow && ask.call != "probe" {
            return Act::Answer;
        }
        if ask.call == "checkout" && !is_broken.swap(true, Ordering::SeqCst) {
            return Act::Fail(lost.clone());
        }
        if is_broken.load(Ordering::SeqCst) { Act::Fail(then.clone()) } else { Act::Answer }
    };
    run_of(372).behavior(keen()).cycles(2).shop(script).finish().await
}

#[actix::test]
async fn an_order_that_may_be_placed_is_admitted_though_its_session_goes_down_between_the_tries() {
    for lost in [ApiErrorKind::Disconnected, ApiErrorKind::ServerError(500)] {
        let run = lost_then(lost, ApiErrorKind::ConnectRefused).await;
        assert_eq!(run.state, RunState::Completed);
        let flows = run.store.read(|written| written.flows.clone());
        let log = run.shop.log();
        // The one whose try got through; checkouts that were refused provably were not sent.
        let first = log.iter().find(|s| s.call == "checkout" && s.failed).unwrap();
        let flows = checked_out(&flows, std::slice::from_ref(first));
        are_unknown(&flows);
        assert_eq!(session_of(&flows[0].key.agent_id, HTTP_SESSIONS), BROKEN);
    }
}

#[actix::test]
async fn a_checkout_that_never_left_over_a_session_that_goes_down_is_no_order() {
    let script = |ask: &Ask| {
        let is_hit = ask.session == BROKEN && ask.cycle == 0;
        match is_hit && ["checkout", "probe"].contains(&ask.call) {
            true => Act::Fail(ApiErrorKind::ConnectRefused),
            false => Act::Answer,
        }
    };
    let run = run_of(372).behavior(keen()).cycles(2).shop(script).finish().await;
    run.store.read(|written| {
        let unknown = written.flows.iter().filter(|f| f.end_reason == EndReason::CheckoutUnknown);
        assert_eq!(unknown.count(), 0);
    });
}

#[actix::test]
async fn a_frozen_run_admits_the_orders_it_cannot_look_for() {
    let in_cycle_0 = |ask: &Ask| ask.in_flow && (ask.cycle, ask.replay) == (0, 0);
    let script = move |ask: &Ask| match ask.call {
        // Late, so that the run has frozen by then.
        "checkout" if in_cycle_0(ask) => {
            Act::FailAfter(Duration::from_secs(2), ApiErrorKind::Disconnected)
        }
        "add_item" if in_cycle_0(ask) && is_struck(ask.agent) => {
            Act::FailAfter(Duration::from_secs(1), ApiErrorKind::Unauthorized(401))
        }
        _ => Act::Answer,
    };
    let mut run: Live = run_of(372).unbounded().behavior(keen()).shop(script).start().await;
    run.until_frozen().await;
    let log = run.shop.log();
    let flows = checked_out(&run.store.read(|written| written.flows.clone()), &log);
    assert!(flows.len() > 50, "{}", flows.len());
    are_unknown(&flows);
}

/// A third of the agents.
fn is_struck(agent: &str) -> bool {
    actors::domain::stable_hash::stable_hash("test", &AgentId::new(agent)).is_multiple_of(3)
}
