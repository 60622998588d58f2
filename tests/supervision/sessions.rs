//! One HTTP session of ten breaks, two do, all do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::flow::{EndReason, FlowStatus, ShopCart};
use actors::domain::ids::{AgentId, SessionId};
use actors::domain::incident::IncidentKind;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;
use actors::session_pool::assignment::session_of;

use super::{alone, flows, until_closed};
use crate::support::population::{keen, load};
use crate::support::run::{Live, run_of};
use crate::support::scripted_shop::{Act, Ask};

const BROKEN: SessionId = SessionId(3);
const HALF_A_SECOND: Duration = Duration::from_millis(500);

fn blackhole() -> Act {
    Act::FailAfter(Duration::from_secs(10), ApiErrorKind::CallTimeout)
}

fn agents_of(session: SessionId) -> u32 {
    let ids = (1..=372).map(|n| AgentId::new(format!("agent_{n:03}")));
    ids.filter(|id| session_of(id, 10) == session).count() as u32
}

/// What `incidents` says of HTTP sessions: which, and whether down.
fn health(run: &Live) -> Vec<(u8, bool)> {
    run.store.read(|written| {
        let such = written.incidents.iter().filter(|i| i.kind == IncidentKind::SessionHealth);
        such.map(|i| (i.http_session.unwrap().0, i.detail["standing"] == "down")).collect()
    })
}

/// Blackholes one session during cycles 2 to 11 and looks at every cycle up to 14.
async fn blackholed_for_ten_cycles(
    limit: Option<f64>,
    behavior: actors::domain::behavior::Behavior,
) {
    let keen = behavior.shop_probability_max >= 1.0;
    let probes: Arc<Mutex<BTreeMap<u32, u32>>> = Arc::default();
    let seen = Arc::clone(&probes);
    let script = move |ask: &Ask| {
        if ask.session != BROKEN || !(2..12).contains(&ask.cycle) {
            return Act::Answer;
        }
        if ask.call == "probe" {
            *seen.lock().unwrap().entry(ask.cycle).or_default() += 1;
        }
        blackhole()
    };
    let setup = run_of(372).behavior(behavior).time_scale(48.0).shop(script);
    let setup = if let Some(limit) = limit { setup.rate(limit) } else { setup };
    let mut run = setup.start().await;
    until_closed(&mut run, 14).await;
    assert_eq!(run.status().state, RunState::Running, "{:?}", run.status().frozen);
    assert_eq!(health(&run), [(3, true), (3, false)], "named down once and back once");
    for cycle in run.store.cycles() {
        let (n, counts) = (cycle.cycle.0, cycle.counts);
        assert!(!cycle.broken && counts.accounted() == 372, "cycle {n}: {counts:?}");
        let ended = flows(&run, n);
        let elsewhere = ended.iter().filter(|f| f.key.http_session != BROKEN);
        for flow in elsewhere {
            assert_ne!(flow.status, FlowStatus::Failed, "cycle {n}: the others are unaffected");
            assert_ne!(flow.end_reason, EndReason::SessionDown);
        }
        let down = ended.iter().filter(|f| f.end_reason == EndReason::SessionDown).count();
        if n == 2 {
            assert!(down > 0 && counts.skipped_session_down == 0, "under way: {down} {counts:?}");
        } else {
            assert_eq!((down, counts.failed), (0, 0), "cycle {n}: {counts:?}");
        }
        let skips = (3..=12).contains(&n);
        assert_eq!(counts.skipped_session_down > 0, skips, "cycle {n}: {counts:?}");
        if skips && keen {
            assert_eq!(counts.skipped_session_down, agents_of(BROKEN));
        }
    }
    let probes = probes.lock().unwrap();
    assert!((3..12).all(|n| probes[&n] == 1), "one probe a cycle: {probes:?}");
    if limit.is_some() {
        assert!(run.status().traffic.requests_max_in_1s <= 51);
    }
}

#[actix::test]
async fn a_blackholed_session_is_named_its_agents_skipped_the_others_unaffected_and_it_comes_back()
{
    blackholed_for_ten_cycles(Some(50.0), load()).await;
}

#[actix::test]
async fn a_blackholed_session_of_keen_shoppers_is_skipped_whole() {
    blackholed_for_ten_cycles(None, keen()).await;
}

#[actix::test]
async fn timeouts_of_a_whole_session_at_one_moment_do_not_freeze_the_run() {
    // More agents than the breaker allows failures; an add is not tried again, so all fail at once,
    // before any other session can have got through.
    assert!(agents_of(BROKEN) > 18);
    let script = |ask: &Ask| {
        let fails = ["add_item", "probe"].contains(&ask.call);
        if fails && ask.session == BROKEN && ask.cycle == 1 { blackhole() } else { Act::Answer }
    };
    let setup = run_of(372).unbounded().behavior(keen()).time_scale(48.0);
    let mut run = setup.shop(script).start().await;
    until_closed(&mut run, 3).await;
    assert_eq!(run.status().state, RunState::Running, "{:?}", run.status().frozen);
    assert_eq!(health(&run), [(3, true), (3, false)]);
    let counts: Vec<_> = run.store.cycles().iter().map(|c| c.counts).collect();
    // The first are failures of the rows, and nobody's in the eyes of the breaker; from the fifth
    // lost call on the session is down.
    let ended = flows(&run, 1);
    let cut = ended.iter().filter(|flow| flow.end_reason == EndReason::SessionDown).count() as u32;
    assert!(counts[1].failed < 5, "{:?}", counts[1]);
    assert_eq!(counts[1].failed + cut, agents_of(BROKEN));
    assert_eq!(counts[2].skipped_session_down, agents_of(BROKEN));
    assert_eq!((counts[3].failed, counts[3].skipped()), (0, 0));
}

#[actix::test]
async fn failures_over_a_session_whose_probe_is_answered_count() {
    let script = |ask: &Ask| {
        let fails = ask.call == "add_item" && ask.session == BROKEN && ask.cycle == 1;
        // All at one moment, at which no other session gets through.
        let reset = Act::FailAfter(Duration::from_secs(10), ApiErrorKind::Disconnected);
        if fails { reset } else { Act::Answer }
    };
    let setup = run_of(372).unbounded().behavior(keen()).time_scale(48.0);
    let mut run = setup.shop(script).start().await;
    run.until(|s| s.frozen.is_some() || s.attempt.cycle.0 > 1).await;
    let frozen = run.status().frozen.clone().expect("frozen in the cycle of the fault");
    assert!(matches!(frozen, FreezeReason::FailuresInCycle { failures: 19, .. }), "{frozen}");
    assert!(health(&run).is_empty());
}

#[actix::test]
async fn a_slow_shop_that_loses_calls_of_every_session_takes_none_down() {
    let asked = AtomicU32::new(0);
    // Every third list of a flow is lost, and whatever is answered takes five seconds: of every
    // second one a session would now and then lose five in a row by chance.
    let script = move |ask: &Ask| match ask.call {
        _ if ask.cycle == 0 || !ask.in_flow => Act::Answer,
        "list_products" if asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) => blackhole(),
        _ => Act::After(Duration::from_secs(5)),
    };
    let mut run = run_of(120).behavior(load()).time_scale(48.0).shop(script).start().await;
    run.until(|s| s.attempt.cycle.0 >= 2 || s.frozen.is_some()).await;
    assert_eq!(health(&run), [], "a slow shop is no session's fault");
    let lost = run.shop.log().iter().filter(|sent| sent.failed).count();
    assert!(lost > 30, "{lost} calls were lost");
}

#[actix::test]
async fn flows_under_way_leave_dirty_carts_behind_and_clear_them_when_the_session_is_back() {
    let mut run = run_of(372)
        .behavior(keen())
        .time_scale(48.0)
        .shop(|ask| {
            let after_adding = ["eligible_coupons", "probe"].contains(&ask.call);
            let fails = ask.session == BROKEN && ask.cycle == 1 && after_adding;
            if fails { Act::Fail(ApiErrorKind::ConnectRefused) } else { Act::Answer }
        })
        .start()
        .await;
    until_closed(&mut run, 3).await;
    let cut: Vec<_> =
        flows(&run, 1).into_iter().filter(|f| f.end_reason == EndReason::SessionDown).collect();
    assert!(!cut.is_empty());
    for flow in &cut {
        assert_eq!((flow.status, flow.shop_cart), (FlowStatus::Abandoned, ShopCart::Dirty));
        assert!(flow.cart_units > 0 && flow.failure.is_none());
    }
    // Skipped at the tick that probes it, back at the next.
    let counts: Vec<u32> =
        run.store.cycles().iter().map(|c| c.counts.skipped_session_down).collect();
    assert_eq!(counts, [0, 0, agents_of(BROKEN), 0]);
    let log = run.shop.log();
    for flow in &cut {
        let agent = flow.key.agent_id.as_str();
        let clears = log.iter().filter(|sent| sent.agent == agent && sent.call == "clear_cart");
        assert!(clears.count() >= 1, "{agent} never cleared its cart");
    }
}

#[actix::test]
async fn two_sessions_down_at_once_start_a_probe_and_do_not_freeze_while_the_shop_answers() {
    let mut run = run_of(372)
        .behavior(keen())
        .time_scale(48.0)
        .shop(|ask| {
            let broken = [SessionId(3), SessionId(4)].contains(&ask.session);
            if broken && ask.cycle == 1 { blackhole() } else { Act::Answer }
        })
        .start()
        .await;
    until_closed(&mut run, 4).await;
    assert_eq!(run.status().state, RunState::Running);
    let mut health = health(&run);
    health.sort_unstable();
    assert_eq!(health, [(3, false), (3, true), (4, false), (4, true)]);
}

#[actix::test]
async fn a_shop_that_is_gone_for_a_moment_takes_no_session_down() {
    let (calls, gone_at) = (AtomicU32::new(0), OnceLock::new());
    let mut run = run_of(372)
        .behavior(keen())
        .time_scale(48.0)
        .rate(200.0)
        .shop(move |ask| {
            // For half a second in the middle of a cycle.
            let n = if ask.cycle == 1 { calls.fetch_add(1, Ordering::SeqCst) } else { 0 };
            let now = SystemPacing.now();
            let is_gone = n >= 200 && now - *gone_at.get_or_init(|| now) < HALF_A_SECOND;
            if is_gone { Act::Fail(ApiErrorKind::ConnectRefused) } else { Act::Answer }
        })
        .start()
        .await;
    until_closed(&mut run, 2).await;
    assert_eq!((run.status().state, health(&run).len()), (RunState::Running, 0));
    assert_eq!(run.status().totals.counts.failed, 0);
}

#[test]
fn a_shop_that_is_gone_freezes_as_an_outage_whatever_its_sessions_look_like() {
    let refused = || Act::Fail(ApiErrorKind::ConnectRefused);
    alone(gone(refused, Duration::ZERO, Duration::from_secs(5)));
    alone(gone(blackhole, Duration::from_secs(10), Duration::from_secs(10)));
}

/// `fails_after`: how long the first call takes to fail.
async fn gone(act: fn() -> Act, fails_after: Duration, limit: Duration) {
    let script = move |ask: &Ask| if ask.cycle >= 1 { act() } else { Act::Answer };
    let setup = run_of(372).behavior(keen()).time_scale(48.0).rate(50.0);
    let mut run = setup.shop(script).start().await;
    run.until_cycle(1).await;
    let first_failure = run.passed() + fails_after;
    let frozen = run.until(|s| s.frozen.is_some()).await.frozen.unwrap();
    assert!(matches!(frozen, FreezeReason::Outage { .. }), "{frozen}");
    let took = run.passed().saturating_sub(first_failure);
    assert!(took <= limit, "{took:?}");
    assert!(health(&run).is_empty());
}
