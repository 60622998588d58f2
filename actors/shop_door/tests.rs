//! The way to the shop between a limiter and a session that count, on a paused clock (P3).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::domain::in_flight::InFlight;
use crate::domain::rate::Rate;
use crate::ports::pacing::{Pacing, SystemPacing};
use crate::ports::shop_api::{Part, ShopReply};
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::gate::Gate;
use crate::rate_limiter::messages::SetGate;
use crate::rate_limiter::pressure::Pressure;

/// What the stub session makes of a call.
#[derive(Clone, Copy)]
enum Shop {
    Answers,
    /// With a status.
    Fails,
    IsGone,
    IsSilent,
    /// Lets so many permits expire before it answers.
    IsLate(usize),
}

/// When each permit that came to the session had been granted.
#[derive(Clone, Default)]
struct Came(Arc<Mutex<Vec<Instant>>>);

impl Came {
    fn granted(&self) -> Vec<Instant> {
        self.0.lock().unwrap().clone()
    }
}

struct StubSession(Shop, Came);

impl Actor for StubSession {
    type Context = Context<Self>;
}

impl Handler<Call> for StubSession {
    type Result = ResponseFuture<Result<Answered, ApiError>>;

    fn handle(&mut self, call: Call, ctx: &mut Context<Self>) -> Self::Result {
        self.1.0.lock().unwrap().push(call.permit.granted_at());
        let (shop, came, now) = (self.0, self.1.granted().len(), SystemPacing.now());
        if matches!(call.request.call, ShopCall::ClearCart) {
            ctx.stop();
        }
        Box::pin(async move {
            let failed = |kind, sent_at| ApiError {
                call: "x",
                part: Part::Whole,
                kind,
                detail: None,
                sent_at,
                failed_at: now,
            };
            match shop {
                Shop::Fails => Err(failed(ApiErrorKind::ServerError(500), Some(now))),
                Shop::IsSilent => std::future::pending().await,
                Shop::IsGone => Err(failed(ApiErrorKind::ConnectRefused, None)),
                Shop::IsLate(n) if came <= n => Err(failed(ApiErrorKind::PermitExpired, None)),
                Shop::IsLate(_) | Shop::Answers => Ok(Answered::new(ShopReply::Done, now, now)),
            }
        })
    }
}

struct Bench {
    door: ShopDoor,
    limiter: Addr<RateLimiter>,
    came: Came,
    pressure: Pressure,
}

fn bench(shop: Shop) -> Bench {
    tokio::time::pause();
    on_a_paused_clock(shop)
}

fn on_a_paused_clock(shop: Shop) -> Bench {
    let (came, pacing) = (Came::default(), Arc::new(SystemPacing));
    let (parked, queue, throttle) = Default::default();
    let pressure = Pressure::new(InFlight::Fixed(8), SystemPacing.now());
    let shared = pressure.clone();
    let limiter = RateLimiter::new(Rate::DEFAULT, parked, queue, throttle, shared, pacing).start();
    let session = StubSession(shop, came.clone()).start().recipient();
    let (permits, http_session) = (limiter.clone().recipient(), SessionId(0));
    Bench { door: ShopDoor { permits, session, http_session }, limiter, came, pressure }
}

fn request(call: ShopCall) -> ShopRequest {
    ShopRequest::new(None, call)
}

#[actix::test]
async fn requests_leave_no_faster_than_permits_are_granted_whoever_sends_them() {
    let bench = bench(Shop::Answers);
    let begin = SystemPacing.now();
    for number in 0..202 {
        if number % 2 == 0 {
            assert!(bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await.is_ok());
        } else {
            assert_eq!(bench.door.probe(Place::Head, |_| {}).await, Probed::Answered);
        }
    }
    let granted = bench.came.granted();
    assert_eq!(granted.len(), 202, "each request brought a permit");
    let most = granted.iter().map(|from| {
        let window = |at: &&Instant| **at >= *from && **at - *from < Duration::from_secs(1);
        granted.iter().filter(window).count()
    });
    assert!(most.max().unwrap() <= 51, "P3 at 50/s");
    assert!(SystemPacing.now() - begin > Duration::from_millis(3_900));
}

#[actix::test]
async fn who_asks_whether_the_shop_is_back_needs_no_seat_beside_calls_that_are_lost() {
    let bench = bench(Shop::IsSilent);
    for _ in 0..8 {
        let door = bench.door.clone();
        actix::spawn(async move { door.call(&request(ShopCall::ReadCart), Place::Tail).await });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.came.granted().len(), 8, "all the seats");
    let read = request(ShopCall::ReadCart);
    let seated = bench.door.call(&read, Place::Head);
    assert!(tokio::time::timeout(Duration::from_secs(1), seated).await.is_err());
    assert_eq!(bench.came.granted().len(), 8);
    let unseated = bench.door.call_as(Asker::Probe, &read, Place::Head, |_| {});
    assert!(tokio::time::timeout(Duration::from_secs(1), unseated).await.is_err());
    assert_eq!(bench.came.granted().len(), 9, "it was sent, and nobody answered");
}

#[actix::test]
async fn a_permit_that_expired_is_replaced_by_another_and_the_caller_never_hears_of_it() {
    let bench = bench(Shop::IsLate(7));
    assert!(bench.door.call(&request(ShopCall::Checkout), Place::Tail).await.is_ok());
    assert_eq!(bench.came.granted().len(), 8, "seven expired, the eighth was sent");
}

#[actix::test]
async fn a_failure_is_handed_on_after_one_try() {
    let bench = bench(Shop::Fails);
    let end = bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await;
    assert!(matches!(end, Err(Stop::Failed(error)) if error.sent_at.is_some()));
    assert_eq!(bench.came.granted().len(), 1);
}

#[actix::test]
async fn a_probe_has_found_the_shop_whatever_that_says_and_not_where_nobody_answers() {
    let answered = bench(Shop::Fails).door.probe(Place::Tail, |_| {}).await;
    assert_eq!(answered, Probed::Answered, "a 500 is an answer");
    let gone = on_a_paused_clock(Shop::IsGone);
    assert_eq!(gone.door.probe(Place::Tail, |_| {}).await, Probed::Failed);
}

#[actix::test]
async fn a_probe_may_still_be_sent_with_its_third_permit() {
    let bench = bench(Shop::IsLate(2));
    assert_eq!(bench.door.probe(Place::Tail, |_| {}).await, Probed::Answered);
}

#[actix::test]
async fn a_probe_takes_no_fourth_permit() {
    let bench = bench(Shop::IsLate(3));
    assert_eq!(bench.door.probe(Place::Tail, |_| {}).await, Probed::Unsent);
    assert_eq!(bench.came.granted().len(), 3);
}

#[actix::test]
async fn nothing_is_sent_without_a_permit() {
    let bench = bench(Shop::Answers);
    bench.limiter.send(SetGate(Gate::Refusing(Refused::Frozen))).await.unwrap();
    let end = bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await;
    assert!(matches!(end, Err(Stop::NoPermit(Refused::Frozen))));
    assert_eq!(bench.door.probe(Place::Head, |_| {}).await, Probed::NoPermit);
    assert!(bench.came.granted().is_empty());
}

#[actix::test]
async fn a_session_that_is_gone_is_no_fault_of_the_shop() {
    let bench = bench(Shop::Answers);
    drop(bench.door.call(&request(ShopCall::ClearCart), Place::Tail).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let end = bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await;
    assert!(matches!(end, Err(Stop::SessionGone)));
    assert_eq!(bench.door.probe(Place::Tail, |_| {}).await, Probed::Unsent);
}

#[actix::test]
async fn whoever_watches_hears_of_each_stage_in_order() {
    let bench = bench(Shop::IsLate(1));
    let stages = std::cell::RefCell::<Vec<Stage>>::default();
    let note = |stage| stages.borrow_mut().push(stage);
    let end = bench.door.call_watched(&request(ShopCall::ReadCart), Place::Tail, note).await;
    assert!(end.is_ok());
    let twice = [Stage::InLine, Stage::Sending, Stage::InLine, Stage::Sending];
    assert_eq!(*stages.borrow(), twice);
}

#[actix::test]
async fn whatever_becomes_of_a_call_its_seat_comes_back() {
    for shop in [Shop::Answers, Shop::Fails, Shop::IsLate(3)] {
        let bench = bench(shop);
        for _ in 0..20 {
            drop(bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await);
        }
        drop(bench.door.call(&request(ShopCall::ClearCart), Place::Tail).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(bench.pressure.taken(SystemPacing.now()).in_flight, 0);
        tokio::time::resume();
    }
    let bench = bench(Shop::IsSilent);
    let patience = Duration::from_secs(1);
    let given_up = request(ShopCall::ReadCart);
    let call = bench.door.call(&given_up, Place::Tail);
    assert!(tokio::time::timeout(patience, call).await.is_err());
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(bench.pressure.taken(SystemPacing.now()).in_flight, 0);
}

#[actix::test]
async fn permits_that_expired_unsent_cost_nothing_of_the_limit() {
    let bench = bench(Shop::IsLate(30));
    let begin = SystemPacing.now();
    assert!(bench.door.call(&request(ShopCall::ReadCart), Place::Tail).await.is_ok());
    assert_eq!(bench.came.granted().len(), 31);
    assert!(SystemPacing.now() - begin < Duration::from_millis(1), "one token of the burst");
}

#[test]
fn only_the_shops_own_answer_says_how_fast_it_works() {
    use crate::ports::shop_api::Refusal;
    let now = Instant::now();
    let door = |kind, sent_at| {
        let error =
            ApiError { call: "x", part: Part::Whole, kind, detail: None, sent_at, failed_at: now };
        match call_end("x", SessionId(0), &Err(Stop::Failed(error))) {
            CallEnd::Answered { .. } => "answered",
            CallEnd::TimedOut { .. } => "timed out",
            CallEnd::Other => "other",
        }
    };
    for (kind, is) in [
        (ApiErrorKind::Refused(Refusal::Stock), "answered"),
        (ApiErrorKind::Unauthorized(401), "answered"),
        (ApiErrorKind::UnexpectedStatus(499), "answered"),
        (ApiErrorKind::UnexpectedStatus(505), "other"),
        (ApiErrorKind::RateLimited { retry_after: None }, "other"),
        (ApiErrorKind::ServerError(500), "other"),
        (ApiErrorKind::EdgeDown(502), "other"),
        (ApiErrorKind::Disconnected, "other"),
        (ApiErrorKind::CallTimeout, "timed out"),
    ] {
        assert_eq!(door(kind.clone(), Some(now)), is, "{kind}");
        assert_eq!(door(kind.clone(), None), "other", "{kind}, unsent");
    }
}
