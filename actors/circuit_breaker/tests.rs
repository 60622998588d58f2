//! The CircuitBreaker between stub neighbours, on a paused clock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::messages::Outcome;
use super::*;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{AgentId, SessionId};
use crate::domain::in_flight::InFlight;
use crate::domain::rate::Rate;
use crate::ports::pacing::SystemPacing;
use crate::ports::shop_api::{Answered, ApiError, ApiErrorKind, Part, ShopReply};
use crate::rate_limiter::RateLimiter;
use crate::rate_limiter::gate::Gate;
use crate::rate_limiter::messages::{Asker, Place, Refused, SetGate};
use crate::rate_limiter::pressure::Pressure;
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
    fn probes(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| matches!(seen, Seen::Probed(_))).collect()
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
                Shop::Answers => Ok(Answered::new(ShopReply::Done, now, now)),
                Shop::Refuses => Err(ApiError {
                    call: "probe",
                    part: Part::Whole,
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
    pulse: SharedPulse,
    log: Log,
}

impl Bench {
    /// A call that was sent then is answered now.
    async fn answered(&self, sent_at: Instant) {
        let answered_at = SystemPacing.now();
        let end = Ok(Answered::new(ShopReply::Done, sent_at, answered_at));
        if self.pulse.with(|pulse| pulse.note(&end)) {
            self.breaker.send(ShopAnswered).await.unwrap();
        }
    }

    fn is_frozen(&self) -> bool {
        self.log.seen().iter().any(|seen| matches!(seen, Seen::Frozen(_)))
    }
}

async fn bench(shop: [Shop; 4]) -> Bench {
    tokio::time::pause();
    on_a_paused_clock(shop).await
}

async fn on_a_paused_clock(shop: [Shop; 4]) -> Bench {
    let log = Log::default();
    let neighbour = Neighbour(log.clone()).start();
    let pacing = Arc::new(SystemPacing);
    let parked = ParkedTime::default();
    let pressure = Pressure::new(InFlight::Off, SystemPacing.now());
    let limiter = RateLimiter::new(
        Rate::DEFAULT,
        parked.clone(),
        Default::default(),
        Default::default(),
        pressure,
        pacing.clone(),
    )
    .start();
    let pulse = SharedPulse::default();
    let watch = Watch { pulse: pulse.clone(), parked: parked.clone(), pacing };
    let breaker = CircuitBreaker::new(
        neighbour.clone().recipient(),
        neighbour.recipient(),
        limiter.clone().recipient(),
        watch,
    )
    .start();
    let session = |id| StubSession(id, shop[usize::from(id)], log.clone()).start().recipient();
    breaker.send(ProbeVia((0..4).map(session).collect())).await.unwrap();
    Bench { breaker, limiter, pulse, log }
}

fn signal() -> OutageSignal {
    let (cause, failed_at) = ("add_item: ConnectRefused".to_owned(), SystemPacing.now());
    let (http_session, doubt) = (SessionId(1), Doubt::Connection);
    OutageSignal { http_session, cause, doubt, is_probe: false, failed_at }
}

fn timeout() -> OutageSignal {
    OutageSignal { doubt: Doubt::Silence, ..signal() }
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
    assert_eq!(seen[0], Seen::Held(Held::Flows), "flows are held back while it is asked");
    assert_eq!(seen[1..4], probes);
    assert_eq!(seen[4..], [Seen::Held(Held::Everything), Seen::Frozen(outage())]);
    assert!(bench.log.at(1) - begin < Duration::from_millis(2), "the first goes at once");
    assert!(bench.log.at(2) - bench.log.at(1) >= Duration::from_secs(1));
    assert!(bench.log.at(5) - begin < Duration::from_secs(5));
}

#[actix::test]
async fn a_silent_shop_freezes_within_ten_seconds() {
    tokio::time::pause();
    for signal in [signal, timeout] {
        let bench = on_a_paused_clock([Shop::IsSilent; 4]).await;
        let begin = SystemPacing.now();
        bench.breaker.send(signal()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
        let seen = bench.log.seen();
        assert_eq!(seen.last(), Some(&Seen::Frozen(outage())));
        let took = bench.log.at(seen.len() - 1) - begin;
        assert!((8_000..8_100).contains(&took.as_millis()), "{took:?}");
    }
}

#[actix::test]
async fn an_answer_to_any_call_settles_a_timeout_before_the_eighth_second_and_not_after() {
    tokio::time::pause();
    for (answer_ms, freezes) in [(1, false), (7_900, false), (8_100, true)] {
        let bench = on_a_paused_clock([Shop::IsSilent; 4]).await;
        bench.breaker.send(timeout()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(answer_ms)).await;
        bench.answered(SystemPacing.now() - Duration::from_secs(9)).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(bench.is_frozen(), freezes, "answered after {answer_ms} ms");
    }
}

#[actix::test]
async fn an_answer_settles_a_connection_fault_only_where_the_call_was_sent_after_it() {
    tokio::time::pause();
    for (is_after, freezes) in [(true, false), (false, true)] {
        let bench = on_a_paused_clock([Shop::IsSilent; 4]).await;
        let sent_before = SystemPacing.now() - Duration::from_millis(1);
        bench.breaker.send(signal()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let sent = if is_after { SystemPacing.now() } else { sent_before };
        bench.answered(sent).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(bench.is_frozen(), freezes, "sent after it: {is_after}");
        let held = if freezes { Held::Everything } else { Held::Nothing };
        let last = bench.log.seen().into_iter().rfind(|seen| matches!(seen, Seen::Held(_)));
        assert_eq!(last, Some(Seen::Held(held)));
    }
}

#[actix::test]
async fn a_failure_that_was_answered_before_it_is_heard_of_asks_nothing() {
    let bench = bench([Shop::IsSilent; 4]).await;
    let failed = timeout();
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.answered(failed.failed_at).await;
    bench.breaker.send(failed).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(bench.log.seen().is_empty());
}

#[actix::test]
async fn a_failure_that_comes_while_a_question_is_open_asks_again_when_that_is_settled() {
    let bench = bench([Shop::IsSilent; 4]).await;
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent_between = SystemPacing.now();
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.breaker.send(signal()).await.unwrap();
    bench.answered(sent_between).await;
    let settled = SystemPacing.now();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(bench.is_frozen(), "the second fault was never answered");
    let took = bench.log.at(bench.log.seen().len() - 1) - settled;
    assert!((8_000..8_100).contains(&took.as_millis()), "{took:?}");
}

#[actix::test]
async fn both_kinds_are_asked_at_once_and_a_refused_connection_tells_sooner() {
    let bench = bench([Shop::Refuses; 4]).await;
    let begin = SystemPacing.now();
    bench.breaker.send(timeout()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!bench.log.seen().contains(&Seen::Held(Held::Flows)), "a timeout closes no gate");
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(bench.is_frozen());
    let took = bench.log.at(bench.log.seen().len() - 1) - begin;
    assert!((3_000..3_100).contains(&took.as_millis()), "{took:?}");
    let freezes = bench.log.seen().into_iter().filter(|seen| matches!(seen, Seen::Frozen(_)));
    assert_eq!(freezes.count(), 1);
}

#[actix::test]
async fn a_probe_that_fails_is_no_other_failure() {
    let bench = bench([Shop::Refuses, Shop::Refuses, Shop::Refuses, Shop::Answers]).await;
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let probe = OutageSignal { is_probe: true, ..signal() };
    bench.breaker.send(probe).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.probes(), [Seen::Probed(2), Seen::Probed(3)]);
}

#[actix::test]
async fn one_answer_ends_the_probe_and_the_next_signal_begins_another() {
    let bench = bench([Shop::Refuses, Shop::Refuses, Shop::Refuses, Shop::Answers]).await;
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.probes(), [Seen::Probed(2), Seen::Probed(3)]);
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(bench.log.probes().len(), 4);
    assert_eq!(bench.log.seen().last(), Some(&Seen::Held(Held::Nothing)));
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
    assert_eq!(bench.log.probes().len(), 3);
    let freezes = bench.log.seen().into_iter().filter(|seen| matches!(seen, Seen::Frozen(_)));
    assert_eq!(freezes.count(), 1);
}

#[actix::test]
async fn a_probe_takes_the_next_permit_before_everybody_who_waits() {
    let bench = bench([Shop::Answers; 4]).await;
    let line: Vec<_> = (0..200)
        .map(|_| bench.limiter.send(TakePermit { place: Place::Tail, asker: Asker::Call }))
        .collect();
    let begin = SystemPacing.now();
    bench.breaker.send(signal()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.log.seen()[1], Seen::Probed(2));
    assert!(bench.log.at(1) - begin <= Duration::from_millis(22));
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
    assert_eq!(bench.log.seen(), [Seen::Held(Held::Flows), Seen::Held(Held::Nothing)]);
}

#[actix::test]
async fn a_failure_while_parked_asks_its_question_when_that_ends() {
    let bench = bench([Shop::IsSilent; 4]).await;
    bench.limiter.send(SetGate(Gate::Closed)).await.unwrap();
    bench.breaker.send(timeout()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!bench.is_frozen() && bench.log.probes().is_empty());
    let resumed = SystemPacing.now();
    bench.limiter.send(SetGate(Gate::Open)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(bench.is_frozen());
    let took = bench.log.at(bench.log.seen().len() - 1) - resumed;
    assert!((8_000..8_100).contains(&took.as_millis()), "{took:?}");
}

#[actix::test]
async fn an_open_question_grows_no_older_while_the_run_is_parked() {
    let bench = bench([Shop::IsSilent; 4]).await;
    bench.breaker.send(timeout()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.limiter.send(SetGate(Gate::Closed)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!bench.is_frozen(), "nobody may answer a run that asks nothing");
    bench.limiter.send(SetGate(Gate::Open)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_900)).await;
    assert!(!bench.is_frozen());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(bench.is_frozen());
}

#[actix::test]
async fn a_question_that_is_dropped_freezes_nothing_however_silent_the_shop() {
    tokio::time::pause();
    for signal in [signal, timeout] {
        let bench = on_a_paused_clock([Shop::IsSilent; 4]).await;
        bench.breaker.send(signal()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(7_500)).await;
        bench.breaker.send(DropQuestions).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!bench.is_frozen());
        assert_eq!(bench.log.seen().last(), Some(&Seen::Held(Held::Nothing)));
    }
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
