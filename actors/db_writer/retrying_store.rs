//! The store with patience: each call is tried again with the same arguments, ids included, until
//! it succeeds, fails for good, or its time is up. A lost acknowledgement is thus answered by
//! asking again (P1); the price is lateness only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand_xoshiro::Xoshiro256PlusPlus;

use super::in_flight::InFlight;
use super::retry::{Backoff, RetryPolicy};
use super::trouble::TroubleBoard;
use crate::ports::entropy::Entropy;
use crate::ports::pacing::Pacing;
use crate::ports::store::{Store, StoreError, StoreFuture};

/// What retries have cost so far; read by the status. Atomics: written from any thread.
#[derive(Debug, Default)]
pub struct RetryMeter {
    retries: AtomicU64,
    retrying_us: AtomicU64,
}

impl RetryMeter {
    /// Attempts after the first.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Time from first failures to the ends of their operations, summed over operations.
    pub fn time_retrying(&self) -> Duration {
        Duration::from_micros(self.retrying_us.load(Ordering::Relaxed))
    }

    fn add_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    fn add_time(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.retrying_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// A store whose calls are retried. Clones share the bound, the count and the meter.
#[derive(Clone)]
pub struct RetryingStore {
    store: Arc<dyn Store>,
    policy: RetryPolicy,
    in_flight: InFlight,
    meter: Arc<RetryMeter>,
    trouble: TroubleBoard,
    pacing: Arc<dyn Pacing>,
    /// What waits are drawn from; held for one draw.
    rng: Arc<Mutex<Xoshiro256PlusPlus>>,
}

impl RetryingStore {
    /// Retries calls to `store`, with at most `attempts_max` attempts at once (the pool's size).
    pub fn new(
        store: Arc<dyn Store>,
        attempts_max: usize,
        policy: RetryPolicy,
        pacing: Arc<dyn Pacing>,
        entropy: Entropy,
    ) -> Self {
        let in_flight = InFlight::new(attempts_max);
        let rng = Arc::new(Mutex::new(entropy.stream("store", "")));
        let (meter, trouble) = (Arc::default(), TroubleBoard::default());
        Self { store, policy, in_flight, meter, trouble, pacing, rng }
    }

    /// Whether it takes what it is given.
    pub fn trouble(&self) -> TroubleBoard {
        self.trouble.clone()
    }

    /// What retries have cost so far.
    pub fn meter(&self) -> Arc<RetryMeter> {
        Arc::clone(&self.meter)
    }

    /// The clock in use.
    pub fn pacing(&self) -> &dyn Pacing {
        self.pacing.as_ref()
    }

    /// Makes `call` until it succeeds, fails for good, or its time is up; then its last error.
    pub fn ask<T: Send + 'static>(
        &self,
        call: impl Fn(&dyn Store) -> StoreFuture<T> + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + 'static {
        // Counted from here on, not from the first poll: a drain must not overtake it.
        let operation = self.in_flight.begin();
        let this = self.clone();
        async move {
            let _operation = operation;
            let mut backoff = Backoff::new(this.policy, this.pacing.now());
            let mut noted = this.trouble.call(this.pacing.now());
            let mut first_failure = None;
            let result = loop {
                let error = match this.attempt(&call).await {
                    Err(error) if error.is_retryable() => error,
                    ended => break ended,
                };
                let now = this.pacing.now();
                first_failure = Some(noted.failed(now, &error));
                let Some(wait) = this.wait_after_failure(&mut backoff, now) else {
                    break Err(error);
                };
                tracing::debug!(error = %error, "the store is asked again");
                tokio::time::sleep(wait).await;
                this.meter.add_retry();
            };
            noted.ended(this.pacing.now(), &result);
            this.add_time_since(first_failure);
            result
        }
    }

    /// Waits until every operation accepted so far has ended, then until the store has, which may
    /// take as long as an attempt: a database that falls silent at the end holds up no run's end.
    pub fn drain(&self) -> impl Future<Output = Result<(), StoreError>> + 'static {
        let this = self.clone();
        async move {
            this.in_flight.ended().await;
            this.attempt(&|store: &dyn Store| store.drain()).await
        }
    }

    fn wait_after_failure(&self, backoff: &mut Backoff, now: Instant) -> Option<Duration> {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        backoff.after_failure(now, &mut *rng)
    }

    async fn attempt<T>(
        &self,
        call: &impl Fn(&dyn Store) -> StoreFuture<T>,
    ) -> Result<T, StoreError> {
        let _slot = self.in_flight.slot().await;
        let attempt_max = self.policy.attempt_max;
        tokio::time::timeout(attempt_max, call(self.store.as_ref())).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(format!("no answer within {attempt_max:?}")))
        })
    }

    fn add_time_since(&self, first_failure: Option<Instant>) {
        if let Some(since) = first_failure {
            self.meter.add_time(self.pacing.now().saturating_duration_since(since));
        }
    }
}
