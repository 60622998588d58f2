//! The RateLimiter: no request reaches the shop without one of its permits (Q6.1, Q6.2).
//!
//! *Owns*: the bucket with its ring, the line of waiters, the holds, the seats at the shop.
//! *Accepts*: [`TakePermit`], [`SeatBack`], [`SetGate`], [`HoldBack`], [`Retune`], [`Rebound`],
//! [`RateLimiterInjection`]. *Sends*: nothing; it answers.
//! *When it fails*: every waiter hears [`Refused::Gone`](messages::Refused::Gone). *Bounds*: one
//! waiter an agent, one timer; calls in flight ([`bound`]).

pub mod bound;
pub mod bucket;
pub mod gate;
pub mod grant;
pub mod granting;
pub mod holds;
pub mod line;
pub mod messages;
pub mod parked;
pub mod pressure;
pub mod queue_length;
pub mod ring;
pub mod seats;
pub mod throttle;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use self::bucket::Bucket;
use self::gate::Gate;
use self::grant::Grant;
use self::granting::Granting;
use self::holds::{Grants, Holds};
use self::line::{Line, Served, Waiter};
use self::messages::{
    Asker, HoldBack, RateLimiterInjection, Rebound, Retune, Returned, SeatBack, SetGate, TakePermit,
};
use self::parked::ParkedTime;
use self::pressure::Pressure;
use self::queue_length::QueueLength;
use self::throttle::SharedThrottle;
use crate::domain::rate::Rate;
use crate::panic_words;
use crate::ports::pacing::Pacing;

/// Messages that may wait: more than there are agents, so that asking never loses its place.
const MAILBOX_CAPACITY: usize = 16_384;
/// The longest a timer is set for; a slower rate wakes once more. Timers end at some two years.
const TIMER_MAX: Duration = Duration::from_secs(3_600);

/// Grants permits in order of arrival, never faster than the rate.
pub struct RateLimiter {
    /// When the next permit is due.
    bucket: Bucket,
    /// Who waits for one.
    line: Line,
    /// Whether any is given at all.
    holds: Holds,
    /// The one timer, set while somebody waits for a token; all due tokens are given at each wake.
    timer: Option<SpawnHandle>,
    /// How long the run was parked, shared with the agents that wait.
    parked: ParkedTime,
    /// How long the line is, shared with the status.
    queue: QueueLength,
    /// The seats at the shop, shared with whoever asks how it keeps up.
    pressure: Pressure,
    /// The clock, shared with everybody.
    pacing: Arc<dyn Pacing>,
}

impl RateLimiter {
    /// A limiter with a full bucket, which nobody holds.
    pub fn new(
        rate: Rate,
        parked: ParkedTime,
        queue: QueueLength,
        throttle: SharedThrottle,
        pressure: Pressure,
        pacing: Arc<dyn Pacing>,
    ) -> Self {
        let (bucket, line) = (Bucket::new(rate, pacing.now()), Line::default());
        let holds = Holds { throttle, ..Holds::default() };
        Self { bucket, line, holds, timer: None, parked, queue, pressure, pacing }
    }

    /// Goes on where another process stopped, a moment ago for all it knows (P3).
    pub fn taking_over(self, rate: Rate) -> Self {
        Self { bucket: Bucket::spent(rate, self.pacing.now()), ..self }
    }
}

impl Actor for RateLimiter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<TakePermit> for RateLimiter {
    type Result = Granting;

    fn handle(&mut self, ask: TakePermit, ctx: &mut Self::Context) -> Granting {
        let (answer, granted) = oneshot::channel();
        self.line.join(ask.place, Waiter { asker: ask.asker, answer });
        self.serve(ctx);
        Granting::new(granted)
    }
}

impl Handler<SeatBack> for RateLimiter {
    type Result = ();

    fn handle(&mut self, back: SeatBack, ctx: &mut Self::Context) {
        let now = self.pacing.now();
        match (back.end, back.in_flight) {
            (Returned::Unsent { granted_at }, in_flight) => {
                self.bucket.take_back(granted_at);
                if in_flight.is_some() {
                    self.pressure.with(|seats| seats.leave_unused(now));
                }
                // The timer waits for a token; there is one.
                return self.serve_anew(ctx);
            }
            (Returned::Sent(end), Some(in_flight)) => {
                self.pressure.with(|seats| seats.give_back(in_flight, end, now));
            }
            (Returned::Sent(_), None) => return,
        }
        self.serve(ctx);
    }
}

impl Handler<SetGate> for RateLimiter {
    type Result = ();

    fn handle(&mut self, SetGate(gate): SetGate, ctx: &mut Self::Context) {
        self.holds.run = gate;
        let now = self.pacing.now();
        match gate {
            Gate::Closed => self.parked.close(now),
            Gate::Open | Gate::Refusing(_) => self.parked.open(now),
        }
        self.serve_anew(ctx);
    }
}

impl Handler<HoldBack> for RateLimiter {
    type Result = ();

    fn handle(&mut self, HoldBack(held): HoldBack, ctx: &mut Self::Context) {
        self.holds.breaker = held;
        self.serve_anew(ctx);
    }
}

impl Handler<Retune> for RateLimiter {
    type Result = ();

    fn handle(&mut self, Retune(rate): Retune, ctx: &mut Self::Context) {
        self.bucket.retune(rate, self.pacing.now());
        self.serve_anew(ctx);
    }
}

impl Handler<Rebound> for RateLimiter {
    type Result = ();

    fn handle(&mut self, Rebound(bound): Rebound, ctx: &mut Self::Context) {
        let now = self.pacing.now();
        self.pressure.with(|seats| seats.set_mode(bound, now));
        self.serve(ctx);
    }
}

impl Handler<RateLimiterInjection> for RateLimiter {
    type Result = ();

    fn handle(&mut self, injection: RateLimiterInjection, ctx: &mut Self::Context) {
        match injection {
            RateLimiterInjection::CloseGate => self.stand_in(Gate::Open, Gate::Closed, ctx),
            RateLimiterInjection::OpenGate => self.stand_in(Gate::Closed, Gate::Open, ctx),
            RateLimiterInjection::Retune(rate) => Handler::handle(self, Retune(rate), ctx),
            RateLimiterInjection::Die => {
                panic_words::drill("a drill: the rate limiter was told to die")
            }
        }
    }
}

impl RateLimiter {
    /// A drill stands in for the run, where the run has set its gate to `from`: a gate that refuses
    /// is left to the run.
    fn stand_in(&mut self, from: Gate, to: Gate, ctx: &mut Context<Self>) {
        if self.holds.run == from {
            Handler::handle(self, SetGate(to), ctx);
        }
    }

    /// Serves the line after a change of what may be granted.
    fn serve_anew(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.serve(ctx);
    }

    /// Serves the line, and says how long it is then and what those in it wait for.
    fn serve(&mut self, ctx: &mut Context<Self>) {
        let now = self.pacing.now();
        let served = match self.holds.grants(now) {
            Grants::All => Some(Served::Everybody),
            Grants::Probes => Some(Served::Probes),
            Grants::Nobody(until) => {
                self.look_again(until, now, ctx);
                None
            }
            Grants::Refused(why) => {
                self.line.refuse_all(why);
                None
            }
        };
        if let Some(served) = served {
            self.grant_due(served, now, ctx);
        }
        if served == Some(Served::Everybody) {
            let waits = self.line.next(Served::Everybody).map(|_| self.bucket.earliest());
            self.pressure.with(|seats| seats.wait(waits, now));
        } else {
            self.pressure.with(|seats| seats.close(now));
        }
        self.queue.set(self.line.waiting());
    }

    /// Gives out every permit that is due and has a seat, and sets the timer for the next one where
    /// only a token is missing.
    fn grant_due(&mut self, served: Served, now: Instant, ctx: &mut Context<Self>) {
        while let Some(asker) = self.line.next(served) {
            let is_call = asker == Asker::Call;
            // While the timer is set there is no token: an arrival only takes its place.
            if self.timer.is_some() || is_call && !self.pressure.with(|seats| seats.is_free()) {
                return;
            }
            match self.bucket.grant(now) {
                Ok(permit) => {
                    let in_flight = is_call.then(|| self.pressure.with(|seats| seats.take(now)));
                    let grant = Grant::new(permit, in_flight, ctx.address().downgrade());
                    // Who goes away at this moment drops it, which gives it back.
                    self.line.pop(served).map(|waiter| waiter.answer.send(Ok(grant)));
                }
                Err(earliest) => self.look_again(Some(earliest), now, ctx),
            }
        }
    }

    /// Sets the one timer, if there is one to set and it is not set.
    fn look_again(&mut self, at: Option<Instant>, now: Instant, ctx: &mut Context<Self>) {
        let Some(at) = at.filter(|_| self.timer.is_none()) else { return };
        let wait = at.saturating_duration_since(now).min(TIMER_MAX);
        self.timer = Some(ctx.run_later(wait, |limiter, ctx| {
            limiter.timer = None;
            limiter.serve(ctx);
        }));
    }
}

#[cfg(test)]
mod tests;
