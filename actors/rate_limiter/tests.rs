//! The RateLimiter between callers, on a paused clock where time is measured.

use futures::future::join_all;

use super::grant::Seat;
use super::holds::Held;
use super::messages::{Place, Refused};
use super::seats::CallEnd;
use super::*;
use crate::domain::ids::SessionId;
use crate::domain::in_flight::InFlight;
use crate::domain::permit::Permit;
use crate::ports::pacing::SystemPacing;

const TAIL: TakePermit = TakePermit { place: Place::Tail, asker: Asker::Call };
const HEAD: TakePermit = TakePermit { place: Place::Head, asker: Asker::Probe };

/// One that only the rate limits.
fn start(rate: Rate) -> Addr<RateLimiter> {
    start_with(rate, InFlight::Off).0
}

fn start_with(rate: Rate, in_flight: InFlight) -> (Addr<RateLimiter>, Pressure) {
    let (parked, queue) = (ParkedTime::default(), QueueLength::default());
    let pressure = Pressure::new(in_flight, SystemPacing.now());
    let pacing = Arc::new(SystemPacing);
    let limiter =
        RateLimiter::new(rate, parked, queue, SharedThrottle::default(), pressure.clone(), pacing);
    (limiter.start(), pressure)
}

/// Asks `callers` times at once; answers when each was granted, in order of asking.
async fn ask_at_once(limiter: &Addr<RateLimiter>, callers: usize) -> Vec<Duration> {
    let start = SystemPacing.now();
    let asks: Vec<_> = (0..callers).map(|_| limiter.send(TAIL)).collect();
    let permits = join_all(asks.into_iter().map(|ask| async { sent(ask.await) })).await;
    permits.into_iter().map(|at| at - start).collect()
}

/// Sends with what was granted; answers when that was.
fn sent(answer: Result<Result<Grant, Refused>, MailboxError>) -> Instant {
    answer.unwrap().unwrap().send().0.granted_at()
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn the_372nd_of_372_callers_at_once_is_served_after_7_34_seconds() {
    tokio::time::pause();
    let granted = ask_at_once(&start(Rate::DEFAULT), 372).await;
    assert!(granted.is_sorted());
    // tokio's timers round up to the millisecond.
    assert!((7_340..=7_341).contains(&granted[371].as_millis()), "{:?}", granted[371]);
    let in_first_second = granted.iter().filter(|at| at.as_millis() < 1_000).count();
    assert!(in_first_second <= 51, "{in_first_second}");
}

#[actix::test]
async fn on_a_real_clock_the_372nd_permit_is_never_early() {
    let granted = ask_at_once(&start(Rate::DEFAULT), 372).await;
    assert!(granted[371] >= Duration::from_millis(7_300), "{:?}", granted[371]);
}

#[actix::test]
async fn an_idle_gap_does_not_open_a_window_of_more_than_51() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    let begin = SystemPacing.now();
    let mut all = Vec::new();
    for gap_ms in [0, 700, 5_000] {
        tokio::time::sleep(Duration::from_millis(gap_ms)).await;
        let offset = SystemPacing.now() - begin;
        all.extend(ask_at_once(&limiter, 120).await.into_iter().map(|at| at + offset));
    }
    let beyond = all.iter().skip(51);
    assert!(all.iter().zip(beyond).all(|(a, b)| *b - *a >= Duration::from_millis(1_010)));
}

#[actix::test]
async fn every_rate_serves_its_callers_in_time() {
    tokio::time::pause();
    for (rate, callers, least_ms, most_ms) in [
        (0.5, 4, 4_000, 4_002),
        (1.0, 4, 2_000, 2_012),
        (1_000.0, 1_200, 1_100, 1_101),
        (50_000.0, 12_000, 140, 141),
    ] {
        let granted = ask_at_once(&start(Rate::PerSecond(rate)), callers).await;
        let last_ms = granted[callers - 1].as_millis();
        assert!((least_ms..=most_ms).contains(&last_ms), "{rate}/s: {last_ms} ms");
        assert!(granted.is_sorted(), "{rate}/s");
    }
}

#[actix::test]
async fn unlimited_serves_everybody_at_once_but_keeps_the_gate() {
    tokio::time::pause();
    let limiter = start(Rate::Unlimited);
    assert_eq!(ask_at_once(&limiter, 5_000).await[4_999], Duration::ZERO);
    limiter.send(SetGate(Gate::Closed)).await.unwrap();
    let waiting = limiter.send(TAIL);
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_err());
}

#[actix::test]
async fn a_closed_gate_gives_none_and_opening_goes_on_in_order() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    let begin = SystemPacing.now();
    let asks: Vec<_> = (0..20).map(|_| limiter.send(TAIL)).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    limiter.send(SetGate(Gate::Closed)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    limiter.send(SetGate(Gate::Open)).await.unwrap();
    let asks = asks.into_iter().map(|ask| async { sent(ask.await) });
    let granted: Vec<_> =
        join_all(asks).await.into_iter().map(|at| (at - begin).as_millis()).collect();
    assert!(granted.is_sorted());
    let paused = |at: &&u128| (51..100_050).contains(*at);
    assert_eq!(granted.iter().filter(paused).count(), 0, "{granted:?}");
    assert_eq!(granted.iter().filter(|at| **at < 51).count(), 7, "{granted:?}");
}

#[actix::test]
async fn refusing_answers_all_waiters_and_later_callers_until_the_gate_opens() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    let asks: Vec<_> = (0..10).map(|_| limiter.send(TAIL)).collect();
    limiter.send(SetGate(Gate::Refusing(Refused::Frozen))).await.unwrap();
    let refused =
        join_all(asks).await.into_iter().filter(|p| matches!(p, Ok(Err(Refused::Frozen))));
    assert_eq!(refused.count(), 5);
    limiter.send(RateLimiterInjection::OpenGate).await.unwrap();
    limiter.send(RateLimiterInjection::CloseGate).await.unwrap();
    assert_eq!(limiter.send(HEAD).await.unwrap().unwrap_err(), Refused::Frozen);
    limiter.send(SetGate(Gate::Open)).await.unwrap();
    assert!(limiter.send(TAIL).await.unwrap().is_ok());
}

#[actix::test]
async fn a_probe_goes_to_the_head_of_the_line() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    let asks: Vec<_> = (0..50).map(|_| limiter.send(TAIL)).collect();
    settle().await;
    let probe = sent(limiter.send(HEAD).await);
    let granted = join_all(asks).await.into_iter().map(sent).collect::<Vec<_>>();
    assert!(granted[4] < probe && probe < granted[5]);
}

#[actix::test]
async fn while_the_breaker_asks_only_probes_are_served_and_that_time_is_not_parked() {
    tokio::time::pause();
    let parked = ParkedTime::default();
    let (pacing, queue) = (Arc::new(SystemPacing), QueueLength::default());
    let pressure = Pressure::new(InFlight::Off, SystemPacing.now());
    let throttle = SharedThrottle::default();
    let limiter =
        RateLimiter::new(Rate::DEFAULT, parked.clone(), queue, throttle, pressure, pacing).start();
    limiter.send(HoldBack(Held::Flows)).await.unwrap();
    let flow = limiter.send(TAIL);
    settle().await;
    assert!(limiter.send(HEAD).await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(parked.total(SystemPacing.now()), Duration::ZERO);
    let begin = SystemPacing.now();
    limiter.send(HoldBack(Held::Nothing)).await.unwrap();
    let granted = flow.await.unwrap().unwrap().granted_at();
    assert!(granted >= begin, "it was granted while the breaker asked");
}

#[actix::test]
async fn a_resume_does_not_open_what_the_breaker_holds_nor_the_breaker_what_is_parked() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    limiter.send(SetGate(Gate::Closed)).await.unwrap();
    limiter.send(HoldBack(Held::Everything)).await.unwrap();
    let flow = limiter.send(TAIL);
    let probe = limiter.send(HEAD);
    tokio::pin!(flow, probe);
    let is_held = async |wait: &mut (dyn Future<Output = _> + Unpin)| {
        tokio::time::timeout(Duration::from_secs(60), wait).await.is_err()
    };
    limiter.send(SetGate(Gate::Open)).await.unwrap();
    assert!(is_held(&mut probe).await && is_held(&mut flow).await);
    limiter.send(SetGate(Gate::Closed)).await.unwrap();
    limiter.send(HoldBack(Held::Flows)).await.unwrap();
    assert!(is_held(&mut probe).await, "parked means no probe either");
    limiter.send(SetGate(Gate::Open)).await.unwrap();
    assert!(!is_held(&mut probe).await && is_held(&mut flow).await);
    limiter.send(HoldBack(Held::Nothing)).await.unwrap();
    assert!(!is_held(&mut flow).await);
}

#[actix::test]
async fn a_caller_that_gives_up_costs_no_permit() {
    tokio::time::pause();
    let limiter = start(Rate::DEFAULT);
    ask_at_once(&limiter, 5).await;
    let gone: Vec<_> = (0..100).map(|_| limiter.send(TAIL)).collect();
    settle().await;
    drop(gone);
    settle().await;
    let granted = ask_at_once(&limiter, 1).await;
    assert!(granted[0] <= Duration::from_millis(21), "{:?}", granted[0]);
}

#[actix::test]
async fn retuning_serves_those_who_wait_at_the_other_rate() {
    tokio::time::pause();
    let limiter = start(Rate::PerSecond(0.001));
    let asks: Vec<_> = (0..12).map(|_| limiter.send(TAIL)).collect();
    settle().await;
    let begin = SystemPacing.now();
    limiter.send(Retune(Rate::PerSecond(10.0))).await.unwrap();
    let last = join_all(asks.into_iter().map(|ask| async { sent(ask.await) })).await;
    let took = last[11] - begin;
    assert!(took < Duration::from_millis(2_200), "{took:?}");
}

#[actix::test]
async fn waiters_of_a_limiter_that_ends_hear_of_it() {
    struct End;
    impl Message for End {
        type Result = ();
    }
    impl Handler<End> for RateLimiter {
        type Result = ();
        fn handle(&mut self, _: End, ctx: &mut Self::Context) {
            ctx.stop();
        }
    }
    let limiter = start(Rate::PerSecond(0.001));
    let asks: Vec<_> = (0..4).map(|_| limiter.send(TAIL)).collect();
    limiter.send(End).await.unwrap();
    let answers = join_all(asks).await;
    assert_eq!(answers[3].as_ref().unwrap().as_ref().unwrap_err(), &Refused::Gone);
}

/// A call that its shop answers after `takes`; answers when it left.
async fn call(limiter: Addr<RateLimiter>, takes: Duration) -> Instant {
    let (permit, seat) = limiter.send(TAIL).await.unwrap().unwrap().send();
    tokio::time::sleep(takes).await;
    answered(permit, seat)
}

fn answered(permit: Permit, seat: Seat) -> Instant {
    let (sent, answered) = (permit.granted_at(), SystemPacing.now());
    let (step, http_session) = ("list_products", SessionId(0));
    seat.ended(CallEnd::Answered { step, http_session, sent, answered });
    sent
}

#[actix::test]
async fn no_more_calls_are_in_flight_than_the_bound_and_each_answer_lets_the_next_go() {
    tokio::time::pause();
    let (limiter, pressure) = start_with(Rate::DEFAULT, InFlight::Fixed(2));
    let begin = SystemPacing.now();
    let calls: Vec<_> =
        (0..5).map(|_| actix::spawn(call(limiter.clone(), Duration::from_secs(1)))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 2);
    let left = join_all(calls).await.into_iter().map(|at| (at.unwrap() - begin).as_secs());
    assert_eq!(left.collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
    settle().await;
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 0);
}

#[actix::test]
async fn a_probe_goes_while_every_seat_is_held() {
    tokio::time::pause();
    let (limiter, _) = start_with(Rate::DEFAULT, InFlight::Fixed(1));
    let held = limiter.send(TAIL).await.unwrap().unwrap().send();
    let blocked = limiter.send(TAIL);
    settle().await;
    let begin = SystemPacing.now();
    assert!(sent(limiter.send(HEAD).await) - begin < Duration::from_millis(1));
    drop(held);
    assert!(sent(blocked.await) - begin < Duration::from_millis(30));
}

#[actix::test]
async fn a_call_that_is_cut_gives_its_seat_back() {
    tokio::time::pause();
    let (limiter, pressure) = start_with(Rate::DEFAULT, InFlight::Fixed(1));
    let cut = actix::spawn(call(limiter.clone(), Duration::from_secs(600)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    cut.abort();
    settle().await;
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 0);
    assert!(limiter.send(TAIL).await.unwrap().is_ok());
}

#[actix::test]
async fn a_permit_that_was_not_used_is_there_for_the_next_and_one_that_was_is_not() {
    tokio::time::pause();
    // Two tokens, and none more for 1,000 s.
    let (limiter, pressure) = start_with(Rate::PerSecond(0.001), InFlight::Fixed(8));
    drop(limiter.send(TAIL).await.unwrap().unwrap());
    let (_, seat) = limiter.send(TAIL).await.unwrap().unwrap().send();
    seat.unsent();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..2 {
        sent(limiter.send(TAIL).await);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let third = tokio::time::timeout(Duration::from_secs(900), limiter.send(TAIL));
    assert!(third.await.is_err());
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 0);
}

#[actix::test]
async fn taking_the_bound_away_lets_everybody_go_who_has_a_token() {
    tokio::time::pause();
    let (limiter, pressure) = start_with(Rate::Unlimited, InFlight::Fixed(1));
    let asks: Vec<_> = (0..20).map(|_| limiter.send(TAIL)).collect();
    settle().await;
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 1);
    limiter.send(Rebound(InFlight::Off)).await.unwrap();
    let held: Vec<_> = join_all(asks).await.into_iter().map(|a| a.unwrap().unwrap()).collect();
    assert_eq!(pressure.taken(SystemPacing.now()).in_flight, 20);
    drop(held);
}

#[actix::test]
async fn unlimited_and_bounded_a_slow_shop_gets_no_more_than_it_works_on() {
    tokio::time::pause();
    let (limiter, pressure) = start_with(Rate::Unlimited, InFlight::Automatic);
    // It works on one call at a time, for 100 ms.
    let desk = Arc::new(tokio::sync::Semaphore::new(1));
    let shoppers = (0..100).map(|_| {
        let (limiter, desk) = (limiter.clone(), Arc::clone(&desk));
        actix::spawn(async move {
            for _ in 0..10 {
                let (permit, seat) = limiter.send(TAIL).await.unwrap().unwrap().send();
                let turn = desk.acquire().await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(turn);
                answered(permit, seat);
            }
        })
    });
    let shoppers: Vec<_> = shoppers.collect();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let in_flight = pressure.taken(SystemPacing.now()).in_flight;
        assert!((1..=4).contains(&in_flight), "{in_flight}");
    }
    assert!(pressure.taken(SystemPacing.now()).is_slow);
    shoppers.into_iter().for_each(|shopper| shopper.abort());
}
