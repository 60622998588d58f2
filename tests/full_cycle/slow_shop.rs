//! Shops slower than the rate: the run takes as long as the shop does, and nothing else happens.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actors::domain::in_flight::InFlight;
use actors::domain::incident::IncidentKind;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::ApiErrorKind;
use actors::ports::store::RunState;

use crate::support::population::always_shopping;
use crate::support::run::{Finished, Setup, run_of};
use crate::support::scripted_shop::{Act, Ask};

/// What an adapter waits for an answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Two servers, first come first served; a call takes as long as `takes` says of the time since the
/// shop's first call. What nobody waits for any more is worked on all the same.
struct Desk {
    takes: fn(Duration) -> Duration,
    opened: Option<Instant>,
    free: [Instant; 2],
}

impl Desk {
    fn serve(&mut self, now: Instant) -> Act {
        let opened = *self.opened.get_or_insert(now);
        let first = usize::from(self.free[1] < self.free[0]);
        self.free[first] = self.free[first].max(now) + (self.takes)(now - opened);
        let wait = self.free[first] - now;
        match wait > CALL_TIMEOUT {
            true => Act::FailAfter(CALL_TIMEOUT, ApiErrorKind::CallTimeout),
            false => Act::After(wait),
        }
    }
}

/// 372 agents at 50 requests a second with a shop of two servers.
fn run_at(takes: fn(Duration) -> Duration) -> Setup {
    let now = SystemPacing.now();
    let desk = Arc::new(Mutex::new(Desk { takes, opened: None, free: [now; 2] }));
    let script = move |ask: &Ask| match ask.in_flow {
        true => desk.lock().unwrap().serve(SystemPacing.now()),
        false => Act::Answer,
    };
    run_of(372).behavior(always_shopping()).rate(50.0).cycles(2).shop(script)
}

/// Nothing failed, nothing timed out, the limit held, and these lines were said of the shop.
fn is_whole(run: &Finished, lines: usize) {
    assert_eq!(run.state, RunState::Completed);
    let counts = run.status.totals.counts;
    assert_eq!((counts.failed, counts.skipped(), counts.unfinished), (0, 0, 0));
    assert_eq!(run.shop.log().iter().filter(|sent| sent.failed).count(), 0, "timeouts");
    assert!(run.status.traffic.requests_max_in_1s <= 51);
    assert!(run.store.incidents(IncidentKind::SessionHealth).is_empty());
    let said = run.store.incidents(IncidentKind::SlowShop);
    assert_eq!(said.len(), lines, "{said:?}");
}

fn per_second(run: &Finished) -> f64 {
    run.shop.calls() as f64 / run.took.as_secs_f64()
}

#[actix::test]
async fn a_shop_of_ten_a_second_gets_ten_a_second_and_no_call_times_out() {
    let run = run_at(|_| Duration::from_millis(200)).finish().await;
    is_whole(&run, 1);
    let rate = per_second(&run);
    assert!((9.0..=10.1).contains(&rate), "{rate}");
    let said = run.store.incidents(IncidentKind::SlowShop);
    assert!(said[0].starts_with("rate 50 lowered to "), "{said:?}");
    let traffic = &run.status.traffic;
    assert!(traffic.held_back && traffic.calls_in_flight == 0, "{traffic:?}");
    let service = run.status.calls.whole_run.service.p95;
    assert!(service <= 3.0 * 200.0, "{service} ms of a call that takes 200 ms alone");
}

#[actix::test]
async fn without_a_bound_the_same_shop_drowns() {
    let mut setup = run_at(|_| Duration::from_millis(200));
    setup.plan.in_flight = InFlight::Off;
    let mut run = setup.start().await;
    run.until(|status| status.frozen.is_some() || status.attempt.current.failed > 18).await;
    assert!(run.shop.log().iter().any(|sent| sent.failed), "calls time out in their own queue");
    assert!(run.store.incidents(IncidentKind::SlowShop).is_empty());
}

#[actix::test]
async fn a_fixed_bound_is_kept() {
    let mut setup = run_at(|_| Duration::from_millis(200));
    setup.plan.in_flight = InFlight::Fixed(1);
    let run = setup.finish().await;
    is_whole(&run, 0);
    let rate = per_second(&run);
    assert!((4.8..=5.0).contains(&rate), "one at a time, each 200 ms: {rate}");
}

#[actix::test]
async fn a_fast_shop_is_never_held_back() {
    let run = run_at(|_| Duration::from_millis(5)).finish().await;
    is_whole(&run, 0);
    let rate = per_second(&run);
    assert!(rate >= 48.5, "{rate}");
}

#[actix::test]
async fn a_shop_that_is_only_far_away_is_not_held_back() {
    let far = |ask: &Ask| match ask.in_flow {
        true => Act::After(Duration::from_millis(300)),
        false => Act::Answer,
    };
    let setup = run_of(372).behavior(always_shopping()).rate(50.0).cycles(2).shop(far);
    let run = setup.finish().await;
    is_whole(&run, 0);
    let rate = per_second(&run);
    assert!(rate >= 46.0, "{rate}");
}

#[actix::test]
async fn a_shop_that_falls_behind_and_comes_back_is_told_of_once_each_way() {
    // 200/s, but for half a minute 5/s.
    let run = run_at(|since| match since.as_secs() {
        10..40 => Duration::from_millis(400),
        _ => Duration::from_millis(10),
    });
    let run = run.finish().await;
    is_whole(&run, 2);
    let said = run.store.incidents(IncidentKind::SlowShop);
    assert!(said[0].starts_with("rate 50 lowered to "), "{said:?}");
    assert_eq!(said[1], "rate 50 again: the shop keeps up");
    assert!(!run.status.traffic.held_back);
}
