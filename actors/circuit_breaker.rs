//! The CircuitBreaker: freezes the run when too much fails, or when the shop is gone.
//!
//! *Owns*: the count of failures, the probe under way. *Accepts*: [`RecordOutcome`],
//! [`OutageSignal`], [`ProbeVia`], [`Trip`], [`Forgive`], [`ResetByOperator`],
//! [`CircuitBreakerInjection`]. *Sends*: [`HoldBack`] to the RateLimiter, then [`Frozen`] to the
//! Coordinator, once a freeze; probe calls to the HTTP sessions. *When it fails*: the Coordinator
//! finds its mailbox closed. *Bounds*: one probe at a time.

pub mod breaker;
pub mod messages;
pub mod probe;

use std::sync::Arc;

use actix::prelude::*;

use self::breaker::Breaker;
use self::messages::{
    CircuitBreakerInjection, Forgive, FreezeReason, OutageSignal, ProbeVia, RecordOutcome,
    ResetByOperator, Trip, Verdict,
};
use self::probe::{PROBE_CALL_MAX, PROBE_PAUSE};
use crate::coordinator::messages::Frozen;
use crate::ports::pacing::Pacing;
use crate::rate_limiter::holds::Held;
use crate::rate_limiter::messages::{HoldBack, Place, TakePermit};
use crate::shop_door::{Probed, ShopDoor};

/// Messages that may wait: an outcome and a signal of every agent at once.
const MAILBOX_CAPACITY: usize = 16_384;

/// Characters of the reason that a developer gives for a freeze.
const REASON_CHARS_MAX: usize = 200;

/// Freezes the run; only an operator thaws it.
pub struct CircuitBreaker {
    /// The RateLimiter, which gives no permit from a freeze on.
    limiter: Recipient<HoldBack>,
    /// The Coordinator, which breaks the cycle on a freeze.
    coordinator: Recipient<Frozen>,
    /// The RateLimiter again: probes take permits like everybody, from the head of the line.
    permits: Recipient<TakePermit>,
    /// Ways to the shop for probes, over session 0 first; empty until the topology has sent them.
    doors: Vec<ShopDoor>,
    /// Running or frozen.
    breaker: Breaker,
    /// The probe under way, at most one.
    probe: Option<SpawnHandle>,
    /// The clock, shared with everybody.
    pacing: Arc<dyn Pacing>,
}

impl CircuitBreaker {
    /// A breaker that runs. [`ProbeVia`] must follow before outages can be probed.
    pub fn new(
        limiter: Recipient<HoldBack>,
        coordinator: Recipient<Frozen>,
        permits: Recipient<TakePermit>,
        pacing: Arc<dyn Pacing>,
    ) -> Self {
        let breaker = Breaker::default();
        Self { limiter, coordinator, permits, doors: Vec::new(), breaker, probe: None, pacing }
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
        let verdict = self.breaker.record(self.pacing.now(), &ended);
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
        if self.breaker.is_frozen() || self.probe.is_some() {
            return;
        }
        let route: Vec<_> = probe::route(signal.http_session, self.doors.len())
            .into_iter()
            .map(|session| self.doors[session].clone())
            .collect();
        if route.is_empty() {
            tracing::warn!(cause = signal.cause, "an outage signal came before any HTTP session");
            return;
        }
        tracing::info!(
            http_session = signal.http_session.0,
            cause = signal.cause,
            "probing the shop after an outage-class error"
        );
        let work = run_probe(route).into_actor(self);
        self.probe = Some(ctx.spawn(work.map(|end, breaker, ctx| {
            breaker.probe = None;
            breaker.end_probe(end, signal, ctx);
        })));
    }
}

impl Handler<ProbeVia> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, ProbeVia(sessions): ProbeVia, _: &mut Self::Context) {
        let door = |session| ShopDoor { permits: self.permits.clone(), session };
        self.doors = sessions.into_iter().map(door).collect();
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

    #[expect(clippy::disallowed_methods, reason = "one an operator's resume")]
    fn handle(&mut self, _: ResetByOperator, _: &mut Self::Context) {
        self.breaker.reset();
        self.limiter.do_send(HoldBack(Held::Nothing));
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
                let (cause, failed_at) = ("a drill".to_owned(), self.pacing.now());
                let signal = OutageSignal { http_session, cause, failed_at };
                Handler::handle(self, signal, ctx);
            }
            CircuitBreakerInjection::Die => panic!("a drill: the breaker was told to die"),
        }
    }
}

impl CircuitBreaker {
    fn end_probe(&mut self, end: ProbeEnd, signal: OutageSignal, ctx: &mut Context<Self>) {
        match end {
            ProbeEnd::Answered => tracing::info!("the shop answers its probe"),
            ProbeEnd::Cut => tracing::info!("the probe was cut: there are no permits"),
            ProbeEnd::AllFailed => {
                let took = self.pacing.now().saturating_duration_since(signal.failed_at);
                tracing::warn!(
                    after_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "the shop does not answer its probe"
                );
                let http_session = signal.http_session;
                self.freeze(FreezeReason::Outage { cause: signal.cause, http_session }, ctx);
            }
        }
    }

    fn freeze(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        if self.breaker.trip(self.pacing.now(), reason.clone()) {
            self.announce(reason, ctx);
        }
    }

    /// Tells of the freeze that has just happened.
    #[expect(
        clippy::disallowed_methods,
        reason = "one each a freeze, and freezes need an operator"
    )]
    fn announce(&mut self, reason: FreezeReason, ctx: &mut Context<Self>) {
        // A probe that outlives the freeze must not freeze the run again after an operator's reset.
        if let Some(probe) = self.probe.take() {
            ctx.cancel_future(probe);
        }
        // First no more permits, then the news: no flow may begin a call in between.
        self.limiter.do_send(HoldBack(Held::Everything));
        self.coordinator.do_send(Frozen(reason));
    }
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProbeEnd {
    /// A call got its 2xx: the shop is there.
    Answered,
    /// All calls failed.
    AllFailed,
    /// The limiter refuses: the run is frozen or ends anyway.
    Cut,
}

async fn run_probe(route: Vec<ShopDoor>) -> ProbeEnd {
    for (number, door) in route.into_iter().enumerate() {
        if number > 0 {
            tokio::time::sleep(PROBE_PAUSE).await;
        }
        match door.probe(Place::Head, Some(PROBE_CALL_MAX)).await {
            Probed::Answered => return ProbeEnd::Answered,
            Probed::Failed | Probed::Unsent => {}
            Probed::NoPermit => return ProbeEnd::Cut,
        }
    }
    ProbeEnd::AllFailed
}

#[cfg(test)]
mod tests;
