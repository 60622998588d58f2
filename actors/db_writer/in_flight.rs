//! How much of the store's work goes on: attempts at once are bounded, operations are counted until
//! they have ended, so that a shutdown can wait for them.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Shared by everybody who writes; clones are the same bound and the same count.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Attempts at once: the pool's size. Served in order: the pool's own queue starves waiters.
    slots: Arc<Semaphore>,
    /// Operations accepted and not ended, their waits for a retry included.
    operations: Arc<watch::Sender<usize>>,
}

/// One operation under way; its end is its drop, so that a panic ends it too.
#[derive(Debug)]
pub struct Operation(Arc<watch::Sender<usize>>);

impl InFlight {
    /// At most `attempts_max` attempts at once, at least 1.
    pub fn new(attempts_max: usize) -> Self {
        let slots = Arc::new(Semaphore::new(attempts_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { slots, operations: Arc::new(watch::Sender::new(0)) }
    }

    /// Begins an operation.
    pub fn begin(&self) -> Operation {
        self.operations.send_modify(|count| *count += 1);
        Operation(Arc::clone(&self.operations))
    }

    /// The right to make one attempt, in order of asking.
    pub async fn slot(&self) -> SemaphorePermit<'_> {
        self.slots.acquire().await.expect("the slots are never closed")
    }

    /// Operations under way.
    pub fn operations(&self) -> usize {
        *self.operations.borrow()
    }

    /// Waits until no operation is under way.
    pub async fn ended(&self) {
        let mut operations = self.operations.subscribe();
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = operations.wait_for(|count| *count == 0).await;
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn ended_waits_for_every_operation() {
        let in_flight = InFlight::new(1);
        let (first, second) = (in_flight.begin(), in_flight.begin());
        drop(first);
        assert_eq!(in_flight.operations(), 1);
        assert!(in_flight.ended().now_or_never().is_none());
        drop(second);
        assert!(in_flight.ended().now_or_never().is_some());
    }

    #[tokio::test]
    async fn slots_are_bounded_and_at_least_one() {
        let in_flight = InFlight::new(0);
        let slot = in_flight.slot().await;
        assert!(in_flight.slot().now_or_never().is_none());
        drop(slot);
        assert!(in_flight.slot().now_or_never().is_some());
    }
}
