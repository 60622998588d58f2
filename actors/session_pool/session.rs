//! A Session: one HTTP session with the shop, one of ten.
//!
//! *Owns*: its adapter, built inside its own arbiter, and its slots. *Accepts*: [`Call`],
//! [`SessionInjection`]. *Sends*: [`OutageSignal`] and [`ShopAnswered`] to the CircuitBreaker,
//! [`SessionNews`] to the Coordinator.
//! *When it fails*: callers hear a closed mailbox and the Coordinator has it rebuilt;
//! an adapter's panic costs that call alone (P7) and the adapter, which is built anew. *Bounds*:
//! calls in flight; further ones wait in order. Calls run side by side: an answer in order of
//! arrival would make one slow call slow them all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use futures::FutureExt;
use tokio::sync::Semaphore;

use super::board::{Change, HealthBoard};
use super::health::tried;
use super::messages::{Call, SessionInjection};
use crate::circuit_breaker::messages::{OutageSignal, ShopAnswered};
use crate::circuit_breaker::pulse::SharedPulse;
use crate::coordinator::messages::{News, SessionNews};
use crate::domain::ids::{AgentId, SessionId};
use crate::panic_words;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::{
    Answered, ApiError, ApiErrorKind, Part, ShopApi, ShopApiFactory, ShopCall,
};
use crate::rate_limiter::pressure::Pressure;
use crate::rate_limiter::throttle::SharedThrottle;

/// Messages that may wait: above the agents of one session, so that none is turned away.
const MAILBOX_CAPACITY: usize = 4_096;

/// Whom a session tells what its calls came to.
#[derive(Clone, Default)]
pub struct Reports {
    /// Who hears of errors that say the shop may be gone.
    pub outages: Option<Recipient<OutageSignal>>,
    /// Who hears that it is not.
    pub answers: Option<Recipient<ShopAnswered>>,
    /// Who hears that it went down, came back or lost its adapter.
    pub news: Option<Recipient<SessionNews>>,
    /// Where each try is noted; shared by all sessions.
    pub board: HealthBoard,
    /// Where the shop's signs of life are noted; shared by all sessions.
    pub pulse: SharedPulse,
    /// Where its 429 are noted; shared by all sessions.
    pub throttle: SharedThrottle,
    /// Tells a slow shop from a broken session: whether others wait in a queue at the shop.
    pub pressure: Option<Pressure>,
}

impl Reports {
    /// Notes the try before its caller hears of it, so that the caller already sees the flag and
    /// the hold.
    fn note(&self, id: SessionId, result: &Result<Answered, ApiError>, asked: &Asked) {
        let is_probe = asked.is_probe;
        if let Some(agent) = asked.agent.as_ref().filter(|_| !is_probe) {
            self.throttle.with(|throttle| throttle.note(agent, result));
        }
        if self.pulse.with(|pulse| pulse.note(result)) {
            self.tell_answered();
        }
        let at = match result {
            Ok(answered) => answered.answered_at,
            Err(error) => error.failed_at,
        };
        let has_queue = |sent, waited| self.pressure.as_ref()?.queue_elsewhere(sent, waited, id);
        let change = tried(result).and_then(|t| self.board.record(id, at, t, is_probe, has_queue));
        match (change, result) {
            (Some(Change::Down), Err(error)) => {
                self.tell(id, News::Down { cause: error.to_string() })
            }
            (Some(Change::Back), _) => self.tell(id, News::Back),
            (Some(Change::Down), Ok(_)) | (None, _) => {}
        }
        if let Err(error) = result {
            self.signal(id, error, is_probe);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "one a question")]
    fn tell_answered(&self) {
        if let Some(breaker) = &self.answers {
            breaker.do_send(ShopAnswered);
        }
    }

    fn signal(&self, id: SessionId, error: &ApiError, is_probe: bool) {
        let Some((outages, doubt)) = self.outages.as_ref().zip(error.doubt()) else { return };
        let (cause, failed_at) = (error.to_string(), error.failed_at);
        let signal = OutageSignal { http_session: id, cause, doubt, is_probe, failed_at };
        if outages.try_send(signal).is_err() {
            // A full mailbox holds such signals already; a closed one is the Coordinator's concern.
            tracing::warn!(http_session = id.0, "an outage signal could not be delivered");
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "two a change of standing, and one a panic: as many as calls in flight"
    )]
    fn tell(&self, id: SessionId, news: News) {
        if let Some(coordinator) = &self.news {
            coordinator.do_send(SessionNews { http_session: id, news });
        }
    }
}

/// What was asked, as far as its end is judged by it.
struct Asked {
    is_probe: bool,
    agent: Option<AgentId>,
}

/// One HTTP session.
pub struct Session {
    /// Whom it tells what its calls came to.
    reports: Reports,
    /// Which of the ten.
    id: SessionId,
    /// Builds `api`; adapters are not `Send`.
    factory: ShopApiFactory,
    /// The way to the shop, there from `started` on; shared with the calls in flight.
    api: Option<Rc<dyn ShopApi>>,
    /// Calls that may be in flight; its waiters are served in order.
    slots: Arc<Semaphore>,
    /// The clock, shared with everybody.
    pacing: Arc<dyn Pacing>,
    /// What a developer does to its calls, and until when.
    drill: Option<(SessionDrill, Instant)>,
}

/// What is done to calls on purpose.
#[derive(Clone, Copy, Debug)]
enum SessionDrill {
    Break,
    Delay(Duration),
}

impl Session {
    /// A session with at most `in_flight_max` calls at once (its number of agents), at least 1.
    pub fn new(
        id: SessionId,
        factory: ShopApiFactory,
        in_flight_max: usize,
        reports: Reports,
        pacing: Arc<dyn Pacing>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(in_flight_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { reports, id, factory, api: None, slots, pacing, drill: None }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        self.api = Some(Rc::from((self.factory)(self.id)));
    }
}

impl Handler<Call> for Session {
    type Result = ResponseActFuture<Self, Result<Answered, ApiError>>;

    fn handle(&mut self, call: Call, _: &mut Self::Context) -> Self::Result {
        let api = Rc::clone(self.api.as_ref().expect("started() runs before any message"));
        let slots = Arc::clone(&self.slots);
        let pacing = Arc::clone(&self.pacing);
        let name = call.request.call.name();
        let asked = Asked {
            is_probe: call.request.call == ShopCall::Probe,
            agent: call.request.caller.as_ref().map(|caller| caller.agent_id.clone()),
        };
        let drill = self.drill_now();
        let work = async move {
            let _slot = slots.acquire_owned().await.expect("the slots are never closed");
            if let Some(SessionDrill::Break) = drill {
                return Ok(Err(cut(name, pacing.as_ref())));
            }
            let calling = AssertUnwindSafe(async { api.call(call.permit, call.request).await });
            let end = calling.catch_unwind().await.map_err(|_| broken(name, pacing.as_ref()));
            match drill {
                Some(SessionDrill::Delay(time)) => end.map(later(time, pacing.as_ref()).await),
                Some(SessionDrill::Break) | None => end,
            }
        };
        Box::pin(work.into_actor(self).map(move |end, session, _| {
            if end.is_err() {
                session.renew_adapter();
            }
            // A panic counts against the session: one that always panics must not freeze the run.
            let result = end.unwrap_or_else(Err);
            session.reports.note(session.id, &result, &asked);
            result
        }))
    }
}

impl Handler<SessionInjection> for Session {
    type Result = ();

    fn handle(&mut self, injection: SessionInjection, _: &mut Self::Context) {
        let (drill, for_s) = match injection {
            SessionInjection::Break { for_s } => (SessionDrill::Break, for_s),
            SessionInjection::Delay { ms, for_s } => {
                (SessionDrill::Delay(Duration::from_millis(ms.into())), for_s)
            }
            SessionInjection::Die => panic_words::drill("a drill: an HTTP session was told to die"),
        };
        self.drill = Some((drill, self.pacing.now() + Duration::from_secs(for_s.into())));
    }
}

impl Session {
    fn drill_now(&self) -> Option<SessionDrill> {
        let (drill, until) = self.drill?;
        (self.pacing.now() < until).then_some(drill)
    }

    /// What a panic left of an adapter is not trusted; calls in flight keep the one they have.
    fn renew_adapter(&mut self) {
        match catch_unwind(AssertUnwindSafe(|| (self.factory)(self.id))) {
            Ok(api) => {
                self.api = Some(Rc::from(api));
                self.reports.tell(self.id, News::AdapterRebuilt);
            }
            Err(_) => tracing::error!(http_session = self.id.0, "its adapter cannot be rebuilt"),
        }
    }
}

/// Puts the end of a call off: the permit was good when it was sent.
async fn later(
    time: Duration,
    pacing: &dyn Pacing,
) -> impl FnOnce(Result<Answered, ApiError>) -> Result<Answered, ApiError> + use<> {
    tokio::time::sleep(time).await;
    let now = pacing.now();
    move |result| match result {
        Ok(answered) => Ok(Answered { answered_at: now, ..answered }),
        Err(error) => Err(ApiError { failed_at: now, ..error }),
    }
}

/// What a caller is told during a drill; as with a real break it may have been sent.
fn cut(call: &'static str, pacing: &dyn Pacing) -> ApiError {
    let now = pacing.now();
    let detail = Some("a drill".to_owned());
    ApiError {
        call,
        part: Part::Whole,
        kind: ApiErrorKind::Disconnected,
        detail,
        sent_at: Some(now),
        failed_at: now,
    }
}

/// What a caller is told when the adapter panicked: the request may have been sent.
fn broken(call: &'static str, pacing: &dyn Pacing) -> ApiError {
    let now = pacing.now();
    ApiError {
        call,
        part: Part::Whole,
        kind: ApiErrorKind::Disconnected,
        detail: Some("the HTTP session's adapter panicked during the call".to_owned()),
        sent_at: Some(now),
        failed_at: now,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use futures::future::{LocalBoxFuture, join_all};

    use super::*;
    use crate::domain::permit::Permit;
    use crate::ports::pacing::SystemPacing;
    use crate::ports::shop_api::{ShopReply, ShopRequest};

    /// A shop that answers a probe after 20 ms, refuses connections for the branches and panics
    /// when an agent visits first.
    struct StubShop;

    impl ShopApi for StubShop {
        fn call(
            &self,
            _: Permit,
            request: ShopRequest,
        ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
            assert_ne!(request.call, ShopCall::FirstVisit, "a fault of the adapter");
            Box::pin(async move {
                let sent_at = SystemPacing.now();
                tokio::time::sleep(Duration::from_millis(20)).await;
                let answered_at = SystemPacing.now();
                let failed = |kind| ApiError {
                    call: request.call.name(),
                    part: Part::Whole,
                    kind,
                    detail: None,
                    sent_at: None,
                    failed_at: answered_at,
                };
                if request.call == ShopCall::ListStores {
                    return Err(failed(ApiErrorKind::ConnectRefused));
                }
                if request.call == ShopCall::ReadCart {
                    return Err(failed(ApiErrorKind::ServerError(500)));
                }
                Ok(Answered::new(ShopReply::Done, sent_at, answered_at))
            })
        }
    }

    /// Notes the signals it is sent.
    struct Signals(Arc<Mutex<Vec<OutageSignal>>>);

    impl Actor for Signals {
        type Context = Context<Self>;
    }

    impl Handler<OutageSignal> for Signals {
        type Result = ();
        fn handle(&mut self, signal: OutageSignal, _: &mut Context<Self>) {
            self.0.lock().unwrap().push(signal);
        }
    }

    fn start(in_flight_max: usize, signals: &Arc<Mutex<Vec<OutageSignal>>>) -> Addr<Session> {
        let outages = Signals(Arc::clone(signals)).start().recipient();
        let factory: ShopApiFactory = Arc::new(|_| Box::new(StubShop));
        let id = SessionId(3);
        let reports = Reports { outages: Some(outages), ..Reports::default() };
        Session::new(id, factory, in_flight_max, reports, Arc::new(SystemPacing)).start()
    }

    fn call(call: ShopCall) -> Call {
        use crate::domain::rate::Rate;
        use crate::rate_limiter::bucket::Bucket;
        let now = SystemPacing.now();
        let permit = Bucket::new(Rate::Unlimited, now).grant(now).unwrap();
        Call { permit, request: ShopRequest::new(None, call) }
    }

    async fn time_of_37_calls(in_flight_max: usize) -> u128 {
        tokio::time::pause();
        let session = start(in_flight_max, &Arc::default());
        let begin = SystemPacing.now();
        let answers = join_all((0..37).map(|_| session.send(call(ShopCall::Probe)))).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().is_ok()));
        (SystemPacing.now() - begin).as_millis()
    }

    #[actix::test]
    async fn calls_of_its_agents_run_side_by_side() {
        assert!((20..=22).contains(&time_of_37_calls(37).await));
    }

    #[actix::test]
    async fn calls_beyond_the_cap_wait_their_turn() {
        assert!((80..=88).contains(&time_of_37_calls(10).await));
    }

    #[actix::test]
    async fn an_outage_class_error_is_reported_and_any_other_is_not() {
        tokio::time::pause();
        let signals = Arc::default();
        let session = start(4, &signals);
        assert!(session.send(call(ShopCall::ReadCart)).await.unwrap().is_err());
        assert!(session.send(call(ShopCall::Probe)).await.unwrap().is_ok());
        assert!(session.send(call(ShopCall::ListStores)).await.unwrap().is_err());
        tokio::time::sleep(Duration::from_millis(1)).await;
        let signals = signals.lock().unwrap();
        assert_eq!(signals.len(), 1);
        assert_eq!(signals[0].http_session, SessionId(3));
        assert!(signals[0].cause.contains("list_stores"), "{}", signals[0].cause);
    }

    #[actix::test]
    async fn a_panic_of_the_adapter_costs_that_call_alone() {
        tokio::time::pause();
        let session = start(1, &Arc::default());
        let error = session.send(call(ShopCall::FirstVisit)).await.unwrap().unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Disconnected);
        assert!(!error.is_provably_unsent());
        assert!(session.send(call(ShopCall::Probe)).await.unwrap().is_ok());
    }
}
