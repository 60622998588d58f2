//! A shop that says 429, to whole runs: windows that hold the run, calls that come back, and what
//! a pause and a shop that never says anything else make of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use actors::circuit_breaker::messages::FreezeReason;
use actors::domain::incident::IncidentKind;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use crate::support::population::always_shopping;
use crate::support::run::{Finished, Live, Setup, run_of};
use crate::support::scripted_shop::{Act, Ask, Sent};

fn refused(retry_after_s: Option<u64>) -> Act {
    Act::Fail(ApiErrorKind::RateLimited { retry_after: retry_after_s.map(Duration::from_secs) })
}

/// A shop that answers so many calls in each window.
fn windows(calls: u32, window: Duration) -> impl Fn(&Ask) -> Act + Send + Sync {
    let answered = Mutex::new(BTreeMap::<u128, u32>::new());
    let begun = OnceLock::new();
    move |ask: &Ask| {
        if !ask.in_flow {
            return Act::Answer;
        }
        let now = SystemPacing.now();
        let window = (now - *begun.get_or_init(|| now)).as_nanos() / window.as_nanos();
        let mut answered = answered.lock().unwrap();
        let here = answered.entry(window).or_default();
        *here += 1;
        if *here <= calls { Act::After(Duration::from_millis(5)) } else { refused(None) }
    }
}

fn shoppers(agents: usize) -> Setup {
    run_of(agents).behavior(always_shopping()).rate(50.0)
}

/// From the first 429 on, all is refused for so long.
struct Closed {
    since: Arc<OnceLock<Instant>>,
    until: Duration,
}

impl Closed {
    fn for_s(seconds: u64) -> Self {
        Self { since: Arc::default(), until: Duration::from_secs(seconds) }
    }

    fn script(&self, retry_after_s: Option<u64>) -> impl Fn(&Ask) -> Act + Send + Sync + use<> {
        let (since, until) = (Arc::clone(&self.since), self.until);
        move |ask: &Ask| {
            if ask.cycle == 0 || !ask.in_flow {
                return Act::Answer;
            }
            let now = SystemPacing.now();
            match now - *since.get_or_init(|| now) < until {
                true => refused(retry_after_s),
                false => Act::Answer,
            }
        }
    }

    /// What was sent between two moments after the first 429.
    fn sent(&self, log: &[Sent], from_ms: u64, to_ms: u64) -> usize {
        let since = *self.since.get().expect("the shop has refused something");
        let at = |ms| since + Duration::from_millis(ms);
        log.iter().filter(|sent| sent.at >= at(from_ms) && sent.at < at(to_ms)).count()
    }
}

fn turned_back(run: &Finished) -> usize {
    run.shop.log().iter().filter(|sent| sent.failed).count()
}

#[actix::test]
async fn windows_cost_time_and_no_flow_and_few_calls_are_turned_back() {
    for (calls, window_s, share_max) in [(60, 60, 0.4), (600, 60, 0.1), (100, 10, 0.2)] {
        let script = windows(calls, Duration::from_secs(window_s));
        let run = shoppers(60).cycles(2).shop(script).finish().await;
        assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
        let share = turned_back(&run) as f64 / run.shop.calls() as f64;
        assert!(share <= share_max, "{calls} in {window_s} s: {share} were 429");
        let throttle = run.status.traffic.throttle;
        assert!(throttle.holds > 0 && throttle.held_ms > 0, "{throttle:?}");
        let told = run.store.incidents(IncidentKind::Throttled);
        assert!((1..=8).contains(&told.len()), "{told:#?}");
        assert!(told[0].starts_with("held 1 s: the shop says 429"), "{told:#?}");
    }
}

#[actix::test]
async fn retry_after_holds_the_whole_run_for_so_long_and_not_longer() {
    let shop = Closed::for_s(20);
    let mut run = shoppers(60).cycles(2).shop(shop.script(Some(20))).start().await;
    run.until(|s| s.traffic.throttled_for_ms > 0).await;
    let run = run.finish().await;
    let log = run.shop.log();
    assert_eq!(shop.sent(&log, 100, 19_990), 0, "nothing is sent meanwhile");
    assert!(shop.sent(&log, 20_000, 21_000) > 0, "and then it goes on");
    assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
}

#[actix::test]
async fn one_agent_alone_waits_alone() {
    let script = |ask: &Ask| match ask.agent == "agent_007" && ask.cycle == 1 && ask.in_flow {
        true => refused(Some(5)),
        false => Act::Answer,
    };
    let run = shoppers(60).cycles(2).shop(script).finish().await;
    assert_eq!(run.status.traffic.throttle.holds, 0);
    assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 1));
}

#[actix::test]
async fn a_shop_that_says_nothing_else_for_two_minutes_is_left_to_the_breaker() {
    let shop = Closed::for_s(100_000);
    let mut run = shoppers(60).shop(shop.script(None)).start().await;
    let frozen = run.until(|s| s.frozen.is_some()).await.frozen.unwrap();
    assert!(matches!(frozen, FreezeReason::FailuresInCycle { .. }), "{frozen}");
    assert!(frozen.to_string().contains("429"), "{frozen}");
    let took = SystemPacing.now() - *shop.since.get().unwrap();
    assert!((120..900).contains(&took.as_secs()), "{took:?}");
}

async fn held(shop: &Closed, retry_after_s: u64) -> Live {
    let mut run = shoppers(60).cycles(2).shop(shop.script(Some(retry_after_s))).start().await;
    run.until(|s| s.traffic.throttled_for_ms > 0).await;
    run
}

#[actix::test]
async fn a_resume_does_not_open_what_a_429_holds() {
    let shop = Closed::for_s(40);
    let run = held(&shop, 40).await;
    run.pause().await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    run.resume().await.unwrap();
    let run = run.finish().await;
    assert_eq!(shop.sent(&run.shop.log(), 100, 39_990), 0, "the hold runs on");
    assert_eq!((run.state, run.status.totals.counts.failed), (RunState::Completed, 0));
}

#[actix::test]
async fn a_429_that_ends_while_the_run_is_paused_opens_nothing() {
    let shop = Closed::for_s(20);
    let run = held(&shop, 20).await;
    run.pause().await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(shop.sent(&run.shop.log(), 100, 100_000), 0);
    run.resume().await.unwrap();
    assert_eq!(run.finish().await.state, RunState::Completed);
}

#[actix::test]
async fn a_call_that_ran_out_of_time_is_answered_by_a_429() {
    let lost = OnceLock::new();
    let shop = Closed::for_s(5);
    let closed = shop.script(None);
    let script = move |ask: &Ask| {
        if ask.cycle == 1 && ask.in_flow && ask.call != "checkout" && lost.set(()).is_ok() {
            return Act::FailAfter(Duration::from_secs(10), ApiErrorKind::CallTimeout);
        }
        let act = closed(ask);
        // Late enough to come while the question about the lost call is open.
        let late = Duration::from_secs(9);
        if let Act::Fail(kind) = act { Act::FailAfter(late, kind) } else { act }
    };
    let run = shoppers(60).cycles(2).shop(script).finish().await;
    assert_eq!(run.state, RunState::Completed);
    assert!(run.store.incidents(IncidentKind::Freeze).is_empty());
}
