//! The RateLimiter: no request reaches the shop without one of its permits (Q6.1, Q6.2).
//!
//! *Owns*: the bucket with its ring, the line of waiters, the gate. *Accepts*: [`TakePermit`],
//! [`CloseGate`], [`OpenGate`], [`Refuse`], [`Retune`], [`RateLimiterInjection`]. *Sends*: nothing;
//! it answers.
//! *When it fails*: every waiter hears [`Refused::Gone`](messages::Refused::Gone). *Bounds*: one
//! waiter an agent, one timer.

pub mod bound;
pub mod bucket;
pub mod gate;
pub mod granting;
pub mod line;
pub mod messages;
pub mod parked;
pub mod queue_length;
pub mod ring;
pub mod seats;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::oneshot;

use self::bucket::Bucket;
use self::gate::Gate;
use self::granting::Granting;
use self::line::Line;
use self::messages::{CloseGate, OpenGate, RateLimiterInjection, Refuse, Retune, TakePermit};
use self::parked::ParkedTime;
use self::queue_length::QueueLength;
use crate::domain::rate::Rate;
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
    gate: Gate,
    /// The one timer, set while somebody waits for a token; all due tokens are given at each wake.
    timer: Option<SpawnHandle>,
    /// How long the gate was closed, shared with the agents that wait.
    parked: ParkedTime,
    /// How long the line is, shared with the status.
    queue: QueueLength,
    /// The clock, shared with everybody.
    pacing: Arc<dyn Pacing>,
}

impl RateLimiter {
    /// A limiter with a full bucket and an open gate.
    pub fn new(
        rate: Rate,
        parked: ParkedTime,
        queue: QueueLength,
        pacing: Arc<dyn Pacing>,
    ) -> Self {
        let bucket = Bucket::new(rate, pacing.now());
        let (line, gate) = (Line::default(), Gate::default());
        Self { bucket, line, gate, timer: None, parked, queue, pacing }
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
        let (waiter, granted) = oneshot::channel();
        self.line.join(ask.place, waiter);
        self.serve(ctx);
        Granting::new(granted)
    }
}

impl Handler<CloseGate> for RateLimiter {
    type Result = ();

    fn handle(&mut self, _: CloseGate, ctx: &mut Self::Context) {
        self.gate.close();
        if self.gate == Gate::Closed {
            self.parked.close(self.pacing.now());
        }
        self.stop_timer(ctx);
    }
}

impl Handler<OpenGate> for RateLimiter {
    type Result = ();

    fn handle(&mut self, _: OpenGate, ctx: &mut Self::Context) {
        self.gate.open();
        self.parked.open(self.pacing.now());
        self.serve(ctx);
    }
}

impl Handler<Refuse> for RateLimiter {
    type Result = ();

    fn handle(&mut self, Refuse(why): Refuse, ctx: &mut Self::Context) {
        self.gate.refuse(why);
        self.parked.open(self.pacing.now());
        self.stop_timer(ctx);
        self.serve(ctx);
    }
}

impl Handler<Retune> for RateLimiter {
    type Result = ();

    fn handle(&mut self, Retune(rate): Retune, ctx: &mut Self::Context) {
        self.bucket.retune(rate, self.pacing.now());
        self.stop_timer(ctx);
        self.serve(ctx);
    }
}

impl Handler<RateLimiterInjection> for RateLimiter {
    type Result = ();

    fn handle(&mut self, injection: RateLimiterInjection, ctx: &mut Self::Context) {
        match injection {
            RateLimiterInjection::CloseGate => Handler::handle(self, CloseGate, ctx),
            RateLimiterInjection::OpenGate => Handler::handle(self, OpenGate, ctx),
            RateLimiterInjection::Retune(rate) => Handler::handle(self, Retune(rate), ctx),
            RateLimiterInjection::Die => panic!("a drill: the rate limiter was told to die"),
        }
    }
}

impl RateLimiter {
    /// Serves the line and says how long it is then.
    fn serve(&mut self, ctx: &mut Context<Self>) {
        self.grant_due(ctx);
        self.queue.set(self.line.waiting());
    }

    /// Gives out every permit that is due, and sets the timer for the next where somebody waits.
    fn grant_due(&mut self, ctx: &mut Context<Self>) {
        match self.gate {
            Gate::Closed => return,
            Gate::Refusing(why) => return self.line.refuse_all(why),
            Gate::Open => {}
        }
        // While the timer is set there is no token: an arrival only takes its place.
        if self.timer.is_some() {
            return;
        }
        let now = self.pacing.now();
        while self.line.is_waiting() {
            match self.bucket.grant(now) {
                Ok(permit) => self.line.give(permit),
                Err(earliest) => return self.set_timer(earliest, now, ctx),
            }
        }
    }

    fn set_timer(&mut self, earliest: Instant, now: Instant, ctx: &mut Context<Self>) {
        let wait = earliest.saturating_duration_since(now).min(TIMER_MAX);
        self.timer = Some(ctx.run_later(wait, |limiter, ctx| {
            limiter.timer = None;
            limiter.serve(ctx);
        }));
    }

    fn stop_timer(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::messages::{Place, Refused};
    use super::*;
    use crate::ports::pacing::SystemPacing;

    const TAIL: TakePermit = TakePermit { place: Place::Tail };
    const HEAD: TakePermit = TakePermit { place: Place::Head };

    fn start(rate: Rate) -> Addr<RateLimiter> {
        RateLimiter::new(rate, Default::default(), Default::default(), Arc::new(SystemPacing))
            .start()
    }

    /// Asks `callers` times at once; answers when each was granted, in order of asking.
    async fn ask_at_once(limiter: &Addr<RateLimiter>, callers: usize) -> Vec<Duration> {
        let start = SystemPacing.now();
        let asks: Vec<_> = (0..callers).map(|_| limiter.send(TAIL)).collect();
        let permits = join_all(asks).await;
        permits.into_iter().map(|p| p.unwrap().unwrap().granted_at() - start).collect()
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
        limiter.send(CloseGate).await.unwrap();
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
        limiter.send(CloseGate).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
        limiter.send(OpenGate).await.unwrap();
        let granted: Vec<_> = join_all(asks)
            .await
            .into_iter()
            .map(|p| (p.unwrap().unwrap().granted_at() - begin).as_millis())
            .collect();
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
        limiter.send(Refuse(Refused::Frozen)).await.unwrap();
        let refused =
            join_all(asks).await.into_iter().filter(|p| matches!(p, Ok(Err(Refused::Frozen))));
        assert_eq!(refused.count(), 5);
        limiter.send(CloseGate).await.unwrap();
        assert_eq!(limiter.send(HEAD).await.unwrap().unwrap_err(), Refused::Frozen);
        limiter.send(OpenGate).await.unwrap();
        assert!(limiter.send(TAIL).await.unwrap().is_ok());
    }

    #[actix::test]
    async fn a_probe_goes_to_the_head_of_the_line() {
        tokio::time::pause();
        let limiter = start(Rate::DEFAULT);
        let asks: Vec<_> = (0..50).map(|_| limiter.send(TAIL)).collect();
        settle().await;
        let probe = limiter.send(HEAD).await.unwrap().unwrap();
        let permits = join_all(asks).await;
        let granted = |n: usize| permits[n].as_ref().unwrap().as_ref().unwrap().granted_at();
        assert!(granted(4) < probe.granted_at() && probe.granted_at() < granted(5));
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
        let last = join_all(asks).await.pop().unwrap().unwrap().unwrap();
        let took = last.granted_at() - begin;
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
}
