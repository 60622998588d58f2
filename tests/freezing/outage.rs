//! A shop that is gone: the probe decides, within 5 s of the first refused call and within 10 s of
//! the first that timed out (Q5.5).

use std::time::{Duration, Instant};

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::behavior::{Behavior, FrequencyBase};
use actors::domain::incident::IncidentKind;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use crate::support::population::{always_shopping, lifelike, load};
use crate::support::run::{Live, run_of};
use crate::support::scripted_shop::{Act, Ask};

/// About one in sixty agents shops in an hour, nobody browses: too few to fill a cycle with
/// failures.
fn quiet() -> Behavior {
    let base = 0.01;
    let shop_base = FrequencyBase { frequent: base, regular: base, occasional: base, rare: base };
    Behavior { shop_base, browse_base: 0.0, ..load() }
}

/// From cycle 1 on every call, probes included, fails so, until the run is attempted again.
fn gone(how: fn() -> Act) -> impl Fn(&Ask) -> Act + Send + Sync {
    move |ask: &Ask| match ask.cycle > 0 && ask.replay == 0 {
        true => how(),
        false => Act::Answer,
    }
}

fn refused() -> Act {
    Act::Fail(ApiErrorKind::ConnectRefused)
}

fn edge_down() -> Act {
    Act::Fail(ApiErrorKind::EdgeDown(502))
}

fn silent() -> Act {
    Act::FailAfter(Duration::from_secs(10), ApiErrorKind::CallTimeout)
}

/// When the run froze, and when its first failed call was sent.
async fn frozen_at(run: &mut Live) -> (Instant, Instant) {
    run.until(|s| s.frozen.is_some()).await;
    let first = run.shop.log().into_iter().find(|sent| sent.failed).unwrap();
    (SystemPacing.now(), first.at)
}

#[actix::test]
async fn refused_connections_and_502_freeze_within_five_seconds() {
    for how in [refused as fn() -> Act, edge_down] {
        for behavior in [load(), lifelike(), quiet()] {
            let setup = run_of(372).behavior(behavior).time_scale(48.0).shop(gone(how));
            let mut run = setup.start().await;
            let (frozen, failed) = frozen_at(&mut run).await;
            assert!(frozen - failed <= Duration::from_secs(5), "{:?}", frozen - failed);
        }
    }
}

#[actix::test]
async fn a_quiet_run_freezes_by_its_probe() {
    let setup = run_of(372).behavior(quiet()).time_scale(48.0).shop(gone(refused));
    let mut run = setup.start().await;
    let status = run.until_frozen().await;
    let frozen = status.frozen.unwrap();
    assert!(matches!(frozen, FreezeReason::Outage { .. }), "{frozen:?}");
    let probes = run.shop.log().into_iter().filter(|sent| sent.failed && sent.agent.is_empty());
    // Three of the outage probe; sessions in doubt are tried besides.
    assert!(probes.count() >= 3);
}

#[actix::test]
async fn a_silent_shop_freezes_within_ten_seconds_of_the_first_timeout() {
    for behavior in [load(), lifelike(), quiet()] {
        let setup = run_of(372).behavior(behavior).time_scale(48.0).shop(gone(silent));
        let mut run = setup.start().await;
        let (frozen, sent) = frozen_at(&mut run).await;
        let after_timeout = frozen - sent - Duration::from_secs(10);
        assert!(after_timeout <= Duration::from_secs(10), "{after_timeout:?}");
    }
}

#[actix::test]
async fn an_outage_ends_with_the_operators_resume_and_the_cycle_is_repeated() {
    let as_broken = [(0, 0, false), (1, 0, true), (1, 1, false), (2, 0, false)];
    // The few shoppers of a quiet hour may all have failed before the probe has told: then the
    // cycle is closed, and its hour is not repeated.
    let as_closed = [(0, 0, false), (1, 0, false), (2, 0, false)];
    for how in [refused as fn() -> Act, edge_down, silent] {
        assert_eq!(attempts_over_an_outage(how, load()).await, as_broken);
        let quiet = attempts_over_an_outage(how, lifelike()).await;
        assert!(quiet == as_broken || quiet == as_closed, "{quiet:?}");
    }
}

/// Cycle, replay and whether it was broken, of each attempt.
async fn attempts_over_an_outage(how: fn() -> Act, behavior: Behavior) -> Vec<(u32, u32, bool)> {
    let healed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (seen, broken) = (healed.clone(), gone(how));
    let script = move |ask: &Ask| match seen.load(std::sync::atomic::Ordering::Relaxed) {
        true => Act::Answer,
        false => broken(ask),
    };
    let setup = run_of(372).behavior(behavior).time_scale(48.0).cycles(3);
    let mut run = setup.shop(script).start().await;
    run.until_frozen().await;
    let calls = run.shop.calls();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(run.shop.calls(), calls, "nothing is sent while frozen");
    let refused = run.resume().await.unwrap_err().to_string();
    assert!(run.shop.calls() > calls, "the shop is asked whether it is back");
    assert_eq!(run.status().state, RunState::Frozen, "{refused}");
    healed.store(true, std::sync::atomic::Ordering::Relaxed);
    run.resume().await.unwrap();
    let run = run.finish().await;
    assert_eq!(run.state, RunState::Completed);
    super::attempts(&run.store.cycles())
}

#[actix::test]
async fn in_either_preset_a_shop_that_answers_500_to_everything_freezes_the_run() {
    for behavior in [load(), lifelike()] {
        let script = |ask: &Ask| match ask.in_flow {
            true => Act::Fail(ApiErrorKind::ServerError(500)),
            false => Act::Answer,
        };
        let setup = run_of(372).behavior(behavior).warm_up().time_scale(48.0).shop(script);
        let mut run = setup.start().await;
        let frozen = run.until_frozen().await.frozen.unwrap();
        let is_counted = matches!(
            frozen,
            FreezeReason::FailuresInCycle { .. } | FreezeReason::FailuresInARow { .. }
        );
        assert!(is_counted, "{frozen:?}");
        let calls = run.shop.calls();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(run.shop.calls(), calls, "nothing is sent while frozen");
    }
}

#[actix::test]
async fn in_a_quiet_run_failures_in_a_row_over_cycles_freeze() {
    let script = |ask: &Ask| match ask.in_flow {
        true => Act::Fail(ApiErrorKind::ServerError(500)),
        false => Act::Answer,
    };
    let setup = run_of(372).behavior(quiet()).time_scale(48.0).shop(script);
    let mut run = setup.start().await;
    let frozen = run.until_frozen().await.frozen.unwrap();
    assert!(matches!(frozen, FreezeReason::FailuresInARow { failures: 19, .. }), "{frozen:?}");
    assert!(run.store.cycles().len() > 1);
}

#[actix::test]
async fn a_hiccup_that_the_probe_disproves_does_not_freeze() {
    let hits = std::sync::atomic::AtomicU32::new(0);
    let script = move |ask: &Ask| {
        let is_hit = ask.in_flow && ask.cycle == 1;
        match is_hit && hits.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 10 {
            true => Act::Fail(ApiErrorKind::ConnectRefused),
            false => Act::Answer,
        }
    };
    let setup = run_of(372).behavior(always_shopping()).time_scale(48.0).cycles(3).shop(script);
    let run = setup.finish().await;
    assert_eq!(run.state, RunState::Completed);
    assert_eq!(run.status.totals.counts.failed, 0, "refused connections are tried again");
    assert!(run.shop.log().iter().filter(|sent| sent.agent.is_empty()).count() >= 1, "probed");
}

/// Its time-outs bring the bound on calls in flight to 1, behind which ten sessions would be looked
/// at one after the other.
#[actix::test]
async fn a_resume_at_a_silent_shop_is_refused_within_40_s_and_the_shop_is_never_called_slow() {
    let setup = run_of(372).behavior(load()).time_scale(48.0).shop(|ask: &Ask| match ask.cycle {
        0 => Act::Answer,
        _ => silent(),
    });
    let mut run = setup.start().await;
    run.until_frozen().await;
    let asked = SystemPacing.now();
    assert!(run.resume().await.is_err());
    let took = SystemPacing.now() - asked;
    assert!(took <= Duration::from_secs(40), "{took:?}");
    assert!(run.store.incidents(IncidentKind::SlowShop).is_empty());
}
