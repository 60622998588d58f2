//! Carts at the shop: what one flow leaves there no other one orders, and what a run leaves there
//! it clears before it ends, or says so. Whole runs on a paused clock.

mod at_the_shop;
mod ending;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::agent::messages::AgentInjection;
use actors::circuit_breaker::messages::CircuitBreakerInjection;
use actors::domain::event::EventKind;
use actors::domain::flow::{EndReason, FlowRecord, FlowStatus, ShopCart};
use actors::domain::incident::IncidentKind;
use actors::injection::Injection;
use actors::ports::shop_api::{ApiErrorKind, CartMode, Refusal, ShopReply};
use actors::ports::store::RunState;
use actors::session_pool::assignment::HTTP_SESSIONS;

use crate::support::population::{always_shopping, first_released, keen, lifelike, load};
use crate::support::run::{Live, Setup, run_of};
use crate::support::scripted_shop::{Act, Ask, Sent};

/// Products of the order, by units, that no accepted add of the flow put in; and the other way.
fn strange(flow: &FlowRecord) -> BTreeMap<String, i64> {
    let mut units = BTreeMap::new();
    let Some(order) = &flow.order else { return units };
    for line in &order.lines {
        *units.entry(line.product_id.as_str().to_owned()).or_default() += i64::from(line.quantity);
    }
    let adds = flow.events.iter().filter(|event| event.kind == EventKind::CartAddItem);
    for add in adds.filter(|add| add.payload["accepted"] == true) {
        let product = add.product_id.as_ref().unwrap().as_str().to_owned();
        *units.entry(product).or_default() -= add.payload["quantity"].as_i64().unwrap();
    }
    units.retain(|_, units| *units != 0);
    units
}

fn orders_hold_what_was_put_in(flows: &[Arc<FlowRecord>]) {
    assert!(flows.iter().filter(|flow| flow.order.is_some()).count() > 20, "few orders");
    for flow in flows {
        assert_eq!(strange(flow), BTreeMap::new(), "{:?}", flow.key);
    }
}

/// Every cart that was left full is so in each later row of its agent until one that emptied it.
fn nothing_washes(flows: &[Arc<FlowRecord>], log: &[Sent]) {
    let mut carts: BTreeMap<&str, ShopCart> = BTreeMap::new();
    for flow in flows {
        let agent = flow.key.agent_id.as_str();
        let before = carts.insert(agent, flow.shop_cart);
        if flow.status == FlowStatus::Browsed {
            assert_eq!(flow.shop_cart, before.unwrap_or_default(), "{:?}", flow.key);
        }
        if flow.shop_cart == ShopCart::Clean && before.is_none_or(|cart| cart != ShopCart::Clean) {
            let emptied = log.iter().any(|sent| sent.agent == agent && sent.call == "clear_cart");
            assert!(emptied, "{agent} was never emptied");
        }
    }
}

fn calls_of(log: &[Sent], agent: &str) -> Vec<&'static str> {
    log.iter().filter(|sent| sent.agent == agent).map(|sent| sent.call).collect()
}

#[actix::test]
async fn an_agents_first_adding_flow_of_a_run_clears_first_once_and_its_row_does_not_count_it() {
    let run = run_of(40).behavior(keen()).cycles(3).finish().await;
    let log = run.shop.log();
    let flows = run.store.read(|written| written.flows.clone());
    for agent in first_released(40, 40) {
        let calls = calls_of(&log, &agent);
        let at = |name| calls.iter().position(|call| *call == name).unwrap();
        assert!(at("select_store") < at("clear_cart"), "{calls:?}");
        assert_eq!(at("clear_cart") + 1, at("add_item"), "{calls:?}");
        // Later clears are those of visits that left their cart.
        let own = flows.iter().filter(|flow| flow.key.agent_id.as_str() == agent);
        let left = own.filter(|flow| flow.end_reason == EndReason::CheckoutDeclined).count();
        let clears = calls.iter().filter(|call| **call == "clear_cart").count();
        assert_eq!(clears, 1 + left, "{calls:?}");
        let first = flows.iter().find(|flow| flow.key.agent_id.as_str() == agent).unwrap();
        let ends = calls.iter().position(|call| *call == "checkout");
        if let (true, Some(end)) = (first.status == FlowStatus::Completed, ends) {
            // The look before the first tick selects a store for some of them, too.
            let upto = &calls[..at("clear_cart")];
            let begin = upto.iter().rposition(|call| *call == "select_store").unwrap();
            let own = end + 1 - begin;
            assert_eq!(first.calls as usize, own - 1, "all its calls but the clear");
        }
    }
    orders_hold_what_was_put_in(&flows);
    assert!(flows.iter().all(|flow| flow.shop_cart == ShopCart::Clean));
}

#[actix::test]
async fn an_agent_that_puts_nothing_in_clears_nothing_and_knows_nothing_of_its_cart() {
    let mut behavior = always_shopping();
    (behavior.add.base, behavior.add.impulsivity_gain) = (0.0, 0.0);
    let run = run_of(20).behavior(behavior).cycles(2).finish().await;
    assert!(run.shop.log().iter().all(|sent| sent.call != "clear_cart"));
    run.store.read(|written| {
        assert!(written.flows.iter().all(|flow| flow.shop_cart == ShopCart::Unknown));
    });
}

#[actix::test]
async fn carts_that_are_a_flows_own_are_never_cleared_but_by_who_leaves_them() {
    let mut setup = run_of(40).behavior(keen()).cycles(3);
    setup.plan.shop.carts = CartMode::Private;
    let run = setup.shop(|ask| match (ask.call, ask.cycle) {
        ("eligible_coupons", 2) => Act::Fail(ApiErrorKind::Unauthorized(401)),
        _ => Act::Answer,
    });
    let mut run = run.start().await;
    run.until_frozen().await;
    run.quit(actors::coordinator::command::Quit::Now).await.unwrap();
    let run = run.finish().await;
    let flows = run.store.read(|written| written.flows.clone());
    let left = flows.iter().filter(|flow| flow.end_reason == EndReason::CheckoutDeclined).count();
    let clears = run.shop.log().iter().filter(|sent| sent.call == "clear_cart").count();
    assert!(left > 0 && clears == left, "{clears} clears of {left} that left");
    assert_eq!(run.status.health.carts_dirty, 0, "nobody will meet what they hold");
    assert_eq!(run.store.incidents(IncidentKind::CartsLeft), [""; 0]);
}

/// `load` at a shop whose calls take a second: there is always somebody in the middle of a cart.
fn unhurried(agents: usize) -> Setup {
    let slow = |ask: &Ask| match ask.in_flow {
        true => Act::After(Duration::from_secs(1)),
        false => Act::Answer,
    };
    run_of(agents).behavior(load()).shop(slow)
}

#[actix::test]
async fn eight_freezes_in_one_cycle_leave_no_cart_to_another_flow() {
    let mut run = unhurried(120).unbounded().cycles(20).start().await;
    for _ in 0..8 {
        run.until_cycle(0).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        let trip = CircuitBreakerInjection::Trip { reason: "drill".to_owned() };
        run.inject(Injection::CircuitBreaker(trip)).await.unwrap();
        run.until_frozen().await;
        run.resume().await.unwrap();
    }
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Completed);
    let flows = run.store.read(|written| written.flows.clone());
    let dirty = flows.iter().filter(|flow| flow.shop_cart == ShopCart::Dirty).count();
    assert!(dirty > 20, "only {dirty} carts were left full");
    nothing_washes(&flows, &run.shop.log());
    orders_hold_what_was_put_in(&flows);
    assert_eq!(run.store.incidents(IncidentKind::ForeignGoods), [""; 0]);
    assert_eq!(run.status.health.carts_dirty, 0);
}

async fn struck(what: AgentInjection) {
    let mut run = run_of(60).behavior(keen()).time_scale(48.0).cycles(4).start().await;
    run.until(|seen| seen.attempt.last.is_some()).await;
    let victims = first_released(60, 3);
    for agent in &victims {
        run.drill(agent, what).await.unwrap();
    }
    let run = run.finish().await;
    let flows = run.store.read(|written| written.flows.clone());
    for agent in &victims {
        let mut own = flows.iter().filter(|flow| flow.key.agent_id.as_str() == agent);
        let broken = own.find(|flow| flow.status == FlowStatus::Failed).unwrap();
        assert_eq!(broken.shop_cart, ShopCart::Dirty);
    }
    orders_hold_what_was_put_in(&flows);
    assert_eq!(run.status.health.carts_dirty, 0);
}

#[actix::test]
async fn a_panic_after_an_add_leaves_nothing_to_the_next_flow() {
    struck(AgentInjection::Crash).await;
}

#[actix::test]
async fn a_hang_after_an_add_leaves_nothing_to_the_next_flow() {
    struck(AgentInjection::Hang).await;
}

#[actix::test]
async fn an_agent_that_only_browses_after_its_flow_broke_carries_its_cart_on() {
    // Who browses is drawn anew each hour; after the first cycle nobody shops.
    let has_shopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&has_shopped);
    let script = move |ask: &Ask| match ask.call {
        "eligible_coupons" if ask.cycle == 0 => {
            seen.store(true, Ordering::SeqCst);
            Act::Fail(ApiErrorKind::Unauthorized(401))
        }
        _ => Act::Answer,
    };
    let mut run = unhurried(60).shop(script).start().await;
    run.until_frozen().await;
    assert!(has_shopped.load(Ordering::SeqCst));
    run.quit(actors::coordinator::command::Quit::Now).await.unwrap();
    let frozen = run.finish().await;
    let dirty = frozen.status.health.carts_dirty;
    assert!(dirty > 1);
    let left = frozen.store.incidents(IncidentKind::CartsLeft);
    assert_eq!(left.len(), 1);
    assert!(left[0].starts_with(&format!("{dirty} carts were left with goods")), "{left:?}");

    // The process that goes on knows them from rows, and ends without having shopped.
    let mut quiet = lifelike();
    quiet.shop_base = actors::domain::behavior::FrequencyBase {
        frequent: 0.0,
        regular: 0.0,
        occasional: 0.0,
        rare: 0.0,
    };
    let mut next = run_of(60).behavior(quiet).cycles(30).resuming(&frozen);
    next.plan.resume_from.as_mut().unwrap().unfreeze = true;
    let next = next.finish().await;
    let flows = next.store.read(|written| written.flows.clone());
    nothing_washes(&flows, &[frozen.shop.log(), next.shop.log()].concat());
    let cleared = next.shop.log().iter().filter(|sent| sent.call == "clear_cart").count();
    assert_eq!(cleared, dirty as usize, "at its planned end, each of them once");
    assert_eq!(next.status.health.carts_dirty, 0);
}

#[actix::test]
async fn an_add_whose_answer_is_lost_or_refused_leaves_the_cart_dirty_and_one_never_sent_does_not()
{
    for (kind, cart) in [
        (ApiErrorKind::CallTimeout, ShopCart::Dirty),
        (ApiErrorKind::ServerError(500), ShopCart::Dirty),
        (ApiErrorKind::Refused(Refusal::Stock), ShopCart::Dirty),
        (ApiErrorKind::ConnectRefused, ShopCart::Clean),
    ] {
        let (struck, lost) = (first_released(60, 2), kind.clone());
        let script = move |ask: &Ask| {
            let is_hit = ask.call == "add_item" && ask.cycle == 1;
            match is_hit && struck.iter().any(|agent| agent == ask.agent) {
                true => Act::Lose(lost.clone()),
                false => Act::Answer,
            }
        };
        let run = run_of(60).behavior(keen()).cycles(4).shop(script).finish().await;
        let flows = run.store.read(|written| written.flows.clone());
        let hit: Vec<_> = first_released(60, 2);
        let of_hit = |flow: &&Arc<FlowRecord>| hit.iter().any(|a| a == flow.key.agent_id.as_str());
        let broken = flows.iter().filter(of_hit).filter(|flow| flow.key.cycle.0 == 1);
        let carts: Vec<ShopCart> = broken.map(|flow| flow.shop_cart).collect();
        assert_eq!(carts, [cart, cart], "{kind:?}");
        orders_hold_what_was_put_in(&flows);
    }
}

#[actix::test]
async fn a_cart_that_is_none_yet_may_be_refused_to_be_cleared() {
    let script = |ask: &Ask| match ask.call {
        "clear_cart" => Act::Fail(ApiErrorKind::Refused(Refusal::CartEmpty)),
        _ => Act::Answer,
    };
    let run = run_of(20).behavior(keen()).cycles(1).shop(script).finish().await;
    run.store.read(|written| {
        assert!(written.flows.iter().all(|flow| flow.status != FlowStatus::Failed));
        assert!(written.flows.iter().all(|flow| flow.shop_cart == ShopCart::Clean));
    });
}

#[actix::test]
async fn an_order_with_goods_that_nobody_put_in_is_told_once_and_the_others_are_counted() {
    // Clears are answered and not done: what broken flows left is sold to the next ones.
    let struck = first_released(60, 3);
    let script = move |ask: &Ask| match ask.call {
        "clear_cart" => Act::Say(ShopReply::CartCleared { items_removed: 0 }),
        "eligible_coupons" if ask.cycle == 0 && struck.iter().any(|a| a == ask.agent) => {
            Act::Fail(ApiErrorKind::Unauthorized(401))
        }
        _ => Act::Answer,
    };
    let mut run = run_of(60).behavior(keen()).cycles(6).shop(script).start().await;
    run.until(|seen| seen.attempt.cycle.0 > 4).await;
    let run = run.finish().await;
    let flows = run.store.read(|written| written.flows.clone());
    let foreign = flows.iter().filter(|flow| strange(flow).values().any(|units| *units > 0));
    let foreign = foreign.count();
    assert!(foreign > 1);
    let told = run.store.incidents(IncidentKind::ForeignGoods);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("holds goods that its flow did not put in"), "{told:?}");
    assert!(told[1].starts_with(&format!("{foreign} orders of this run")), "{told:?}");
}

/// The carts of these agents are full when cycle 0 has ended: its flows failed at the coupons.
fn left_full(agents: Vec<String>) -> impl Fn(&Ask) -> bool + Send + Sync + 'static {
    move |ask| {
        ask.call == "eligible_coupons" && ask.cycle == 0 && agents.iter().any(|a| a == ask.agent)
    }
}

/// A run of 60 whose first ten agents of ten HTTP sessions broke off in cycle 0; at rest after it.
async fn with_full_carts(count: usize, clears: impl Fn() -> Act + Send + Sync + 'static) -> Live {
    assert!(count <= usize::from(HTTP_SESSIONS));
    let is_left = left_full(first_released(372, count));
    let script = move |ask: &Ask| match ask.call {
        _ if is_left(ask) => Act::Fail(ApiErrorKind::Unauthorized(401)),
        "clear_cart" if !ask.in_flow => clears(),
        _ => Act::Answer,
    };
    let mut run = run_of(372).behavior(keen()).time_scale(48.0).shop(script).start().await;
    run.until(|seen| seen.attempt.last.is_some()).await;
    assert_eq!(run.status().health.carts_dirty as usize, count);
    run
}
