//! The CircuitBreaker between stub neighbours, on a paused clock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::messages::Outcome;
use super::*;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::rate::Rate;
use crate::ports::pacing::SystemPacing;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind, ShopReply};
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::gate::Gate;
use crate::rate_limiter::messages::{Refused, SetGate};
use crate::session_pool::messages::Call;

/// What the neighbours saw, in order.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Held(Held),
    Frozen(FreezeReason),
    Probed(u8),
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Seen, Instant)>>>);

impl Log {
    fn note(&self, seen: Seen) {
        self.0.lock().unwrap().push((seen, SystemPacing.now()));
    }
    fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().iter().map(|(seen, _)| seen.clone()).collect()
    }
    fn at(&self, index: usize) -> Instant {
        self.0.lock().unwrap()[index].1
    }
}

/// Stands for the Coordinator, and for the limiter where that is asked to refuse.
struct Neighbour(Log);

impl Actor for Neighbour {
    type Context = Context<Self>;
}

impl Handler<HoldBack> for Neighbour {
    type Result = ();
    fn handle(&mut self, HoldBack(held): HoldBack, _: &mut Context<Self>) {
        self.0.note(Seen::Held(held));
    }
}

impl Handler<Frozen> for Neighbour {
    type Result = ();
    fn handle(&mut self, Frozen(reason): Frozen, _: &mut Context<Self>) {
        self.0.note(Seen::Frozen(reason));
    }
}

/// What a stub session makes of a probe call.
#[derive(Clone, Copy)]
enum Shop {
    Answers,
    Refuses,
    IsSilent,
}

struct StubSession(u8, Shop, Log);

impl Actor for StubSession {
    type Context = Context<Self>;
}

impl Handler<Call> for StubSession {
    type Result = ResponseFuture<Result<Answered, ApiError>>;
    fn handle(&mut self, _: Call, _: &mut Context<Self>) -> Self::Result {
        self.2.note(Seen::Probed(self.0));
        let now = SystemPacing.now();
        let shop = self.1;
        Box::pin(async move {
            match shop {
                Shop::Answers => {
                    Ok(Answered { reply: ShopReply::Done, sent_at: now, answered_at: now })
                }
                Shop::Refuses => Err(ApiError {
                    call: "probe",
                    kind: ApiErrorKind::ConnectRefused,
                    detail: None,
                    sent_at: None,
                    failed_at: now,
                }),
                Shop::IsSilent => std::future::pending().await,
            }
        })
    }
}

struct Bench {
    breaker: Addr<CircuitBreaker>,
    limiter: Addr<RateLimiter>,
    log: Log,
}

async fn bench(shop: [Shop; 4]) -> Bench {
    tokio::time::pause();
    let log = Log::default();
    let neighbour = Neighbour(log.clone()).start();
    let pacing = Arc::new(SystemPacing);
    let limiter =
        RateLimiter::new(Rate::DEFAULT, Default::default(), Default::default(), pacing.clone())
            .start();
    let breaker = CircuitBreaker::new(
        neighbour.clone().recipient(),
        neighbour.recipient(),
        limiter.clone().recipient(),
        pacing,
    )
    .start();
    let session = |id| StubSession(id, shop[usize::from(id)], log.clone()).start().recipient();
    breaker.send(ProbeVia((0..4).map(session).collect())).await.unwrap();
    Bench { breaker, limiter, log }
}

fn signal() -> OutageSignal {
    let cause = "add_item: ConnectRefused".to_owned();
    OutageSignal { http_session: SessionId(1), cause, failed_at: SystemPacing.now() }
}

fn failed(agent: u32) -> RecordOutcome {
    RecordOutcome {
        cycle: Cycle(0),
        replay: ReplayNumber::ORIGINAL,
        released: 372,
        agent_id: AgentId::new(format!("agent_{agent:03}")),
        http_session: SessionId(0),
        outcome: Outcome::Failed { cause: "checkout: 500".to_owned() },
    }
}

fn outage() -> FreezeReason {
    FreezeReason::Outage {
        cause: "add_item: ConnectRefused".to_owned(),
        http_session: SessionId(1),
    }
}

#[actix::test]
async fn the_19th_failure_refuses_permits_first_and_tells_the_coordinator_once() {
    let bench = bench([Shop::Answers; 4]).await;
    for agent in 0..18 {
        let verdict = bench.breaker.send(failed(agent)).await.unwrap();
        assert_eq!(verdict, Verdict::Running { failures: agent + 1, allowed: 18 });
    }
    assert!(bench.log.seen().is_empty());
    for agent in 18..30 {
        let verdict = bench.breaker.send(failed(agent)).await.unwrap();
        assert!(matches!(verdict, Verdict::Frozen { .. }));
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let seen = bench.log.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0], Seen::Held(Held::Everything));
    assert!(matches!(seen[1], Seen::Frozen(FreezeReason::FailuresInCycle { failures: 19, .. })));
}

#[actix::test]
async fn three_refused_probes_over_other_sessions_freeze_within_five_seconds() {
    let bench = bench([Shop::Refuses; 4]).await;
    let begin = SystemPacing.now();
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let probes = [Seen::Probed(2), Seen::Probed(3), Seen::Probed(0)];
    let seen = bench.log.seen();
    assert_eq!(seen[..3], probes);
    assert_eq!(seen[3..], [Seen::Held(Held::Everything), Seen::Frozen(outage())]);
    assert!(bench.log.at(0) - begin < Duration::from_millis(2), "the first goes at once");
    assert!(bench.log.at(1) - bench.log.at(0) >= Duration::from_secs(1));
    assert!(bench.log.at(4) - begin < Duration::from_secs(5));
}

#[actix::test]
async fn a_silent_shop_freezes_within_ten_seconds() {
    let bench = bench([Shop::IsSilent; 4]).await;
    let begin = SystemPacing.now();
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.seen().last(), Some(&Seen::Frozen(outage())));
    assert!(bench.log.at(4) - begin < Duration::from_secs(10));
}

#[actix::test]
async fn one_answer_ends_the_probe_and_the_next_signal_begins_another() {
    let bench = bench([Shop::Refuses, Shop::Refuses, Shop::Refuses, Shop::Answers]).await;
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.seen(), [Seen::Probed(2), Seen::Probed(3)]);
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.seen().len(), 4);
}

#[actix::test]
async fn one_probe_runs_at_a_time_however_many_signals_come() {
    let bench = bench([Shop::Refuses; 4]).await;
    for _ in 0..37 {
        bench.breaker.send(signal()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.seen().len(), 5, "three probes, one refusal, one freeze");
}

#[actix::test]
async fn a_probe_takes_the_next_permit_before_everybody_who_waits() {
    let bench = bench([Shop::Answers; 4]).await;
    let line: Vec<_> =
        (0..200).map(|_| bench.limiter.send(TakePermit { place: Place::Tail })).collect();
    let begin = SystemPacing.now();
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(bench.log.at(0) - begin <= Duration::from_millis(22));
    drop(line);
}

#[actix::test]
async fn a_closed_gate_holds_the_probe_back_and_a_refusing_one_ends_it() {
    let bench = bench([Shop::Refuses; 4]).await;
    bench.limiter.send(SetGate(Gate::Closed)).await.unwrap();
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    bench.limiter.send(SetGate(Gate::Refusing(Refused::Stopped))).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(bench.log.seen().is_empty());
}

#[actix::test]
async fn a_trip_freezes_once_and_only_an_operator_opens_it() {
    let bench = bench([Shop::Refuses; 4]).await;
    let drill = FreezeReason::Tripped { reason: "drill".to_owned() };
    bench.breaker.send(signal()).await.unwrap();
    bench.breaker.send(Trip(drill.clone())).await.unwrap();
    bench.breaker.send(Trip(outage())).await.unwrap();
    bench.breaker.send(ResetByOperator).await.unwrap();
    let verdict = bench.breaker.send(failed(1)).await.unwrap();
    assert_eq!(verdict, Verdict::Running { failures: 1, allowed: 18 });
    tokio::time::sleep(Duration::from_secs(60)).await;
    // The probe begun before the trip went with it.
    let seen = bench.log.seen();
    let freezes = seen.iter().filter(|seen| matches!(seen, Seen::Frozen(_)));
    assert_eq!(freezes.collect::<Vec<_>>(), [&Seen::Frozen(drill)]);
}
