//! Who may ask the pool next: first in, first out, at most as many as connections can be had.
//!
//! bb8 cannot shrink its limit; this can. A server that says "too many clients" is asked for no
//! more than it gave, until it has not said so for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8::Pool;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A shrunk gate opens wide again after this long without a refusal: connections that are wanted
/// are tried every second, so that a server that is still full has said so by then.
const RECOVERY: Duration = Duration::from_secs(5);

/// The gate before the pool.
pub(super) struct Gate {
    turns: Semaphore,
    /// The size it was made with.
    full: u32,
    waiting: AtomicU32,
    width: Mutex<Width>,
    /// Behind the gate; set once, after both are built.
    pool: OnceLock<Pool<AsyncPgConnection>>,
}

struct Width {
    /// Turns there are, given out or not.
    size: u32,
    /// Turns to withdraw when they come back.
    surplus: u32,
    refused_at: Option<Instant>,
}

/// The right to ask the pool once.
pub(super) struct Turn<'g> {
    gate: &'g Gate,
    permit: Option<SemaphorePermit<'g>>,
}

impl Gate {
    /// A gate for `size` callers at a time.
    pub(super) fn new(size: u32) -> Self {
        Self {
            turns: Semaphore::new(size as usize),
            full: size,
            waiting: AtomicU32::new(0),
            width: Mutex::new(Width { size, surplus: 0, refused_at: None }),
            pool: OnceLock::new(),
        }
    }

    /// Waits for a turn.
    pub(super) async fn enter(&self) -> Turn<'_> {
        self.widen_after_a_while(Instant::now());
        let _waiting = Waiting::enter(&self.waiting);
        // The semaphore is never closed; without a permit a turn is harmless.
        Turn { gate: self, permit: self.turns.acquire().await.ok() }
    }

    /// Names the pool behind it.
    pub(super) fn watch(&self, pool: &Pool<AsyncPgConnection>) {
        // Set twice, the first stays: there is one pool.
        drop(self.pool.set(pool.clone()));
    }

    /// The server refused a connection: those that are open are what can be had. Answers whether
    /// the size was lowered.
    pub(super) fn refused(&self, now: Instant) -> bool {
        self.pool.get().is_some_and(|pool| self.fit(pool.state().connections, now))
    }

    /// Sets the size to what can be had, at least 1; answers whether it was lowered.
    pub(super) fn fit(&self, to: u32, now: Instant) -> bool {
        let mut width = self.lock();
        width.refused_at = Some(now);
        let to = to.clamp(1, self.full);
        if to >= width.size {
            self.widen(&mut width, to);
            return false;
        }
        let excess = width.size - to;
        width.size = to;
        let taken = self.turns.forget_permits(excess as usize);
        width.surplus += excess - u32::try_from(taken).unwrap_or(excess).min(excess);
        true
    }

    fn widen_after_a_while(&self, now: Instant) {
        let mut width = self.lock();
        let due = width.refused_at.is_some_and(|at| now.duration_since(at) >= RECOVERY);
        if !due {
            return;
        }
        self.widen(&mut width, self.full);
        width.refused_at = None;
    }

    fn widen(&self, width: &mut Width, to: u32) {
        let missing = to - width.size;
        // Turns still to be withdrawn simply stay.
        let kept = missing.min(width.surplus);
        width.surplus -= kept;
        self.turns.add_permits((missing - kept) as usize);
        width.size = to;
    }

    /// Turns there are.
    pub(super) fn size(&self) -> u32 {
        self.lock().size
    }

    /// Callers without a turn.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Width> {
        self.width.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut width = self.gate.lock();
        if width.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            width.surplus -= 1;
            permit.forget();
        }
    }
}

struct Waiting<'g>(&'g AtomicU32);

impl<'g> Waiting<'g> {
    fn enter(count: &'g AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_shrunk_gate_withdraws_turns_as_they_come_back_and_widens_after_a_while() {
        let gate = Gate::new(4);
        let now = Instant::now();
        let held: Vec<_> = (0..3).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.fit(2, now), "4 turns become 2: one free and one held are surplus");
        assert!(!gate.fit(2, now));
        assert!(gate.enter().now_or_never().is_none());
        drop(held);
        let again: Vec<_> = (0..2).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.enter().now_or_never().is_none());
        gate.widen_after_a_while(now + RECOVERY - Duration::from_millis(1));
        assert_eq!(gate.size(), 2);
        gate.widen_after_a_while(now + RECOVERY);
        assert_eq!(gate.size(), 4);
        let more: Vec<_> = (0..2).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.enter().now_or_never().is_none());
        drop((again, more));
    }

    #[test]
    fn what_the_server_gave_before_it_refused_again_is_had() {
        let gate = Gate::new(4);
        let now = Instant::now();
        assert!(gate.fit(1, now));
        assert!(!gate.fit(3, now));
        assert_eq!(gate.size(), 3);
        let held: Vec<_> = (0..3).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.enter().now_or_never().is_none());
        assert!(!gate.fit(9, now));
        assert_eq!(gate.size(), 4, "never more than at first");
        drop(held);
    }

    #[test]
    fn never_shrinks_below_one() {
        let gate = Gate::new(2);
        assert!(gate.fit(0, Instant::now()));
        assert_eq!(gate.size(), 1);
        assert!(gate.enter().now_or_never().is_some());
    }
}
