//! The CircuitBreaker: freezes the run when too much fails, or when the shop is gone.
//!
//! *Owns*: the count of failures, what the shop is being asked. *Accepts*: [`RecordOutcome`],
//! [`OutageSignal`], [`ShopAnswered`], [`DropQuestions`], [`ProbeVia`], [`Trip`], [`Forgive`],
//! [`ResetByOperator`], [`CircuitBreakerInjection`]. *Sends*: [`HoldBack`] to the RateLimiter;
//! [`Frozen`] to the Coordinator, once a freeze; probe calls to the HTTP sessions. *When it fails*:
//! the Coordinator finds its mailbox closed. *Bounds*: two questions at a time, three probes each.

pub mod asking;
pub mod breaker;
mod causes;
pub mod messages;
pub mod probe;
pub mod pulse;
pub mod question;
pub mod questions;

use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;

use self::asking::End;
use self::breaker::Breaker;
use self::messages::{
    CircuitBreakerInjection, DropQuestions, Forgive, FreezeReason, OutageSignal, ProbeVia,
    RecordOutcome, ResetByOperator, ShopAnswered, Trip, Verdict,
};
use self::pulse::SharedPulse;
use self::question::Question;
use self::questions::Questions;
use crate::coordinator::messages::Frozen;
use crate::domain::ids::SessionId;
use crate::panic_words;
use crate::ports::pacing::Pacing;
use crate::ports::shop_api::Doubt;
use crate::rate_limiter::holds::Held;
use crate::rate_limiter::messages::{HoldBack, TakePermit};
use crate::rate_limiter::parked::ParkedTime;
use crate::shop_door::ShopDoor;

/// Messages that may wait: an outcome and a signal of every agent at once.
const MAILBOX_CAPACITY: usize = 16_384;

/// Characters of the reason that a developer gives for a freeze.
const REASON_CHARS_MAX: usize = 200;

/// Freezes the run; only an operator thaws it.
pub struct CircuitBreaker {
    /// The RateLimiter, which holds back flows while a lost connection is asked about, and
    /// everything from a freeze on.
    limiter: Recipient<HoldBack>,
    /// The Coordinator, which breaks the cycle on a freeze.
    coordinator: Recipient<Frozen>,
    /// The RateLimiter again: probes take permits like everybody, from the head of the line.
    permits: Recipient<TakePermit>,
    /// Ways to the shop for probes, over session 0 first; empty until the topology has sent them.
    doors: Vec<ShopDoor>,
    /// Running or frozen.
    breaker: Breaker,
    /// What the shop is being asked.
    questions: Questions<SpawnHandle>,
    /// What is seen of the shop, and when.
    watch: Watch,
}

/// What a breaker goes by.
pub struct Watch {
    /// The shop's signs of life, noted by the HTTP sessions.
    pub pulse: SharedPulse,
    /// How long the run was parked: no question grows older meanwhile.
    pub parked: ParkedTime,
    /// The clock, shared with everybody.
    pub pacing: Arc<dyn Pacing>,
}

impl Watch {
    fn now(&self) -> Instant {
        self.pacing.now()
    }

    /// A clock that stands while the run is parked.
    fn clock(&self) -> impl Fn() -> Instant + 'static {
        let (pacing, parked) = (Arc::clone(&self.pacing), self.parked.clone());
        move || {
            let now = pacing.now();
            now.checked_sub(parked.total(now)).unwrap_or(now)
        }
    }
}

impl CircuitBreaker {
    /// A breaker that runs. [`ProbeVia`] must follow before outages can be probed.
    pub fn new(
        limiter: Recipient<HoldBack>,
        coordinator: Recipient<Frozen>,
        permits: Recipient<TakePermit>,
        watch: Watch,
    ) -> Self {
        let (breaker, questions) = (Breaker::default(), Questions::default());
        Self { limiter, coordinator, permits, doors: Vec::new(), breaker, questions, watch }
    }
}

impl Actor for CircuitBreaker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<RecordOutcome> for CircuitBreaker {
    type Result = Verdict;

    fn handle(&mut self, ended: RecordOutcome, ctx: &mut Self::Context) -> Verdict {
        let was_frozen = self.breaker.is_frozen();
        let now = self.watch.now();
        let seen = self.watch.pulse.with(|pulse| pulse.seen(now));
        let verdict = self.breaker.record(now, &ended, seen);
        match &verdict {
            Verdict::Frozen { reason } if !was_frozen => self.announce(reason.clone(), ctx),
            Verdict::Frozen { .. } | Verdict::Running { .. } => {}
        }
        verdict
    }
}

impl Handler<OutageSignal> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, signal: OutageSignal, ctx: &mut Self::Context) {
        // A probe that fails is the answer to a question, not another one.
        let is_own = signal.is_probe && self.questions.is_any_open();
        if !self.breaker.is_frozen() && !is_own && !self.is_answered(&signal) {
            self.raise(signal, ctx);
        }
    }
}

impl Handler<ShopAnswered> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: ShopAnswered, ctx: &mut Self::Context) {
        for doubt in [Doubt::Connection, Doubt::Silence] {
            let settled = self.questions.open(doubt).is_some_and(|asked| self.is_answered(asked));
            if settled {
                tracing::info!("the shop answers: it is slow, not gone");
                self.settle(doubt, None, ctx);
            }
        }
    }
}

impl Handler<DropQuestions> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: DropQuestions, ctx: &mut Self::Context) {
        self.drop_questions(ctx);
        self.hold();
    }
}

impl Handler<ProbeVia> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, ProbeVia(sessions): ProbeVia, _: &mut Self::Context) {
        let door = |(n, session)| {
            let (permits, http_session) = (self.permits.clone(), SessionId(n));
            ShopDoor { permits, session, http_session }
        };
        self.doors = (0..=u8::MAX).zip(sessions).map(door).collect();
    }
}

impl Handler<Trip> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, Trip(reason): Trip, ctx: &mut Self::Context) {
        self.freeze(reason, ctx);
    }
}

impl Handler<Forgive> for CircuitBreaker {
    type Result = Verdict;

    fn handle(&mut self, Forgive(http_session): Forgive, _: &mut Self::Context) -> Verdict {
        let forgiven = self.breaker.forgive(http_session);
        tracing::info!(http_session = http_session.0, forgiven, "failures were taken back");
        self.breaker.verdict()
    }
}

impl Handler<ResetByOperator> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: ResetByOperator, _: &mut Self::Context) {
        self.breaker.reset();
        self.hold();
    }
}

impl Handler<CircuitBreakerInjection> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, injection: CircuitBreakerInjection, ctx: &mut Self::Context) {
        match injection {
            CircuitBreakerInjection::Trip { reason } => {
                let reason = reason.chars().take(REASON_CHARS_MAX).collect();
                self.freeze(FreezeReason::Tripped { reason }, ctx);
            }
            CircuitBreakerInjection::SignalOutage(http_session) => {
                let (cause, failed_at) = ("a drill".to_owned(), self.watch.now());
                let doubt = Doubt::Connection;
                let signal =
                    OutageSignal { http_session, cause, doubt, is_probe: false, failed_at };
                Handler::handle(self, signal, ctx);
            }
            CircuitBreakerInjection::Die => {
                panic_words::drill("a drill: the breaker was told to die")
            }
        }
    }
}

impl CircuitBreaker {
    /// Whether the shop has answered since: then it is slow at most.
    fn is_answered(&self, signal: &OutageSignal) -> bool {
        self.watch.pulse.with(|pulse| pulse.has_answered(signal.doubt, signal.failed_at))
    }

    /// Asks, or notes that it is to be asked again.
    fn raise(&mut self, signal: OutageSignal, ctx: &mut Context<Self>) {
        if let Some(signal) = self.questions.later(signal) {
            self.ask(signal, ctx);
        }
    }

    fn ask(&mut self, signal: OutageSignal, ctx: &mut Context<Self>) {
        let doubt = signal.doubt;
        let route = probe::route(signal.http_session, self.doors.len());
        if route.is_empty() {
            tracing::warn!(cause = signal.cause, "an outage signal came before any HTTP session");
            return;
        }
        tracing::info!(
            http_session = signal.http_session.0,
            cause = signal.cause,
            "probing the shop after an outage-class error"
        );
        self.watch.pulse.with(|pulse| pulse.ask(doubt, Some(signal.failed_at)));
        let doors = route.into_iter().map(|session| self.doors[session].clone()).collect();
        let begun = self.watch.now();
        let asking = asking::ask(Question::new(doubt), doors, self.watch.clock()).into_actor(self);
        let asking = asking.map(move |end, breaker, ctx| breaker.ended(doubt, end, begun, ctx));
        self.questions.begin(signal, ctx.spawn(asking));
        self.hold();
    }

    fn ended(&mut self, doubt: Doubt, end: End, begun: Instant, ctx: &mut Context<Self>) {
        match end {
            End::Answered => {
                tracing::info!("the shop answers its probe");
                self.settle(doubt, Some(begun), ctx);
            }
            End::Cut => {
                tracing::info!("the question is dropped: there are no permits");
                self.drop_questions(ctx);
                self.hold();
            }
            End::Gone => {
                let Some((asked, _)) = self.questions.end(doubt) else { return };
                let took = self.watch.now().saturating_duration_since(asked.failed_at);
                tracing::warn!(
                    after_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "the shop does not answer its probes"
                );
                let OutageSignal { cause, http_session, .. } = asked;
                self.freeze(FreezeReason::Outage { cause, http_session }, ctx);
            }
        }
    }

    /// The shop is there. What failed since asks again, unless it is answered too: by a probe that
    /// was asked for `since`, or by another call.
    fn settle(&mut self, doubt: Doubt, since: Option<Instant>, ctx: &mut Context<Self>) {
        let Some((_, asking)) = self.questions.end(doubt) else { return };
        ctx.cancel_future(asking);
        self.watch.pulse.with(|pulse| pulse.ask(doubt, None));
        let again = self.questions.again(doubt).filter(|again| {
            let by_probe = since.is_some_and(|since| match doubt {
                Doubt::Silence => true,
                Doubt::Connection => since >= again.failed_at,
            });
            !by_probe && !self.is_answered(again)
        });
        match again {
            Some(again) => self.ask(again, ctx),
            None => self.hold(),
        }
    }

    fn drop_questions(&mut self, ctx: &mut Context<Self>) {
        for doubt in [Doubt::Connection, Doubt::Silence] {
            self.questions.again(doubt);
            if let Some((_, asking)) = self.questions.end(doubt) {
                ctx.cancel_future(asking);
            }
            self.watch.pulse.with(|pulse| pulse.ask(doubt, None));
        }
    }

    /// Holds back what is to be held back as things stand.
    #[expect(
        clippy::disallowed_methods,
        reason = "two a question, one a freeze and an operator's resume"
    )]
    fn hold(&self) {
        let held = match self.breaker.is_frozen() {
            true => Held::Everything,
            false if self.questions.open(Doubt::Connection).is_some() => Held::Flows,
            false => Held::Nothing,
        };
        self.limiter.do_send(HoldBack(held));
    }

    fn freeze(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        if self.breaker.trip(self.watch.now(), reason.clone()) {
            self.announce(reason, ctx);
        }
    }

    /// Tells of the freeze that has just happened.
    #[expect(clippy::disallowed_methods, reason = "one a freeze, and freezes need an operator")]
    fn announce(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        // A question that outlives the freeze must not freeze the run again after an operator's
        // reset.
        self.drop_questions(ctx);
        // First no more permits, then the news: no flow may begin a call in between.
        self.hold();
        self.coordinator.do_send(Frozen(reason));
    }
}

#[cfg(test)]
mod tests;
