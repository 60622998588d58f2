//! Who may ask the pool next: first in, first out, at most as many as connections can be had.
//!
//! bb8 cannot shrink its limit; this can. A server that says "too many clients" is asked for no
//! more than it gave; each new connection says what is free by then, and that sets the width anew.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8::Pool;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::share::{Seen, Wish};

/// A narrowed gate lets one more in after this long: the connection that one opens says how many
/// may follow, or is refused. Connections that are wanted are tried every second, so that a server
/// that is still full has said so by then.
const RECOVERY: Duration = Duration::from_secs(5);

/// The gate before the pool.
pub(super) struct Gate {
    turns: Semaphore,
    wish: Wish,
    /// What was known when it was made.
    seen: Seen,
    /// The size it was made with: never more.
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
    narrowed_at: Option<Instant>,
}

/// The right to ask the pool once.
pub(super) struct Turn<'g> {
    gate: &'g Gate,
    permit: Option<SemaphorePermit<'g>>,
}

impl Gate {
    /// A gate for as many callers at a time as this wish may have.
    pub(super) fn new(wish: Wish, seen: Seen) -> Self {
        let size = wish.share(seen);
        Self {
            turns: Semaphore::new(size as usize),
            wish,
            seen,
            full: size,
            waiting: AtomicU32::new(0),
            width: Mutex::new(Width { size, surplus: 0, narrowed_at: None }),
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
        self.fit(self.open(), now)
    }

    /// A connection was opened, and the server said meanwhile what is free beside this pool's. One
    /// that cannot say may be asked for as much again.
    pub(super) fn grown(&self, seen: Seen, now: Instant) {
        let had = self.size();
        let to = match seen {
            Seen::Room(_) => self.wish.share(seen),
            Seen::Pooled | Seen::Unread => had.saturating_mul(2),
        };
        if self.fit(to, now) {
            let why = self.wish.why(seen);
            tracing::info!("pool {} instead of {had}: {why}", self.size());
        }
    }

    /// Sets the size to what can be had, at least 1 and never more than at first; answers whether
    /// it was lowered.
    fn fit(&self, to: u32, now: Instant) -> bool {
        let mut width = self.lock();
        let to = to.clamp(1, self.full);
        width.narrowed_at = (to < self.full).then_some(now);
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
        if width.narrowed_at.is_none_or(|at| now.duration_since(at) < RECOVERY) {
            return;
        }
        let to = width.size + 1;
        self.widen(&mut width, to);
        width.narrowed_at = (to < self.full).then_some(now);
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

    /// The most turns there can be.
    pub(super) fn full(&self) -> u32 {
        self.full
    }

    /// Whether one more connection may be opened.
    pub(super) fn has_room(&self) -> bool {
        self.open() < self.size()
    }

    /// Why it is that many.
    pub(super) fn why(&self) -> String {
        self.wish.why(self.seen).to_string()
    }

    /// Whether the server says how many connections are free.
    pub(super) fn is_told(&self) -> bool {
        self.seen.room().is_some()
    }

    /// All connections of the server; 0 where it does not say.
    pub(super) fn total(&self) -> u32 {
        self.seen.room().map_or(0, |room| room.total)
    }

    /// Puts a connection into the pool, the first to be taken; a pool that is full needs none.
    pub(super) fn put(&self, connection: AsyncPgConnection) {
        let refused = self.pool.get().and_then(|pool| pool.add(connection).err());
        if refused.is_some() {
            tracing::debug!("a connection is not needed any more");
        }
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> u32 {
        self.pool.get().map_or(0, |pool| pool.state().connections)
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
    use super::super::share::Room;
    use super::*;
    use futures::FutureExt;
    use std::pin::Pin;

    /// One for `size` callers.
    fn gate(size: u32) -> Gate {
        Gate::new(Wish { ceiling: size, set: size }, room(1_000))
    }

    fn room(free: u32) -> Seen {
        Seen::Room(Room { free, total: 1_003 })
    }

    /// So many turns that are free now, and not one more.
    fn all(gate: &Gate, turns: usize) -> Vec<Turn<'_>> {
        let had: Vec<_> = (0..turns).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.enter().now_or_never().is_none());
        had
    }

    #[test]
    fn a_shrunk_gate_withdraws_turns_as_they_come_back_and_lets_one_more_in_after_a_while() {
        let gate = gate(4);
        let now = Instant::now();
        let held: Vec<_> = (0..3).map(|_| gate.enter().now_or_never().unwrap()).collect();
        assert!(gate.fit(2, now), "4 turns become 2: one free and one held are surplus");
        assert!(!gate.fit(2, now));
        assert!(gate.enter().now_or_never().is_none());
        drop(held);
        drop(all(&gate, 2));
        gate.widen_after_a_while(now + RECOVERY - Duration::from_millis(1));
        assert_eq!(gate.size(), 2);
        gate.widen_after_a_while(now + RECOVERY);
        assert_eq!(gate.size(), 3, "one more to ask with, not all at once");
        gate.widen_after_a_while(now + RECOVERY);
        assert_eq!(gate.size(), 3);
        gate.widen_after_a_while(now + 2 * RECOVERY);
        gate.widen_after_a_while(now + 3 * RECOVERY);
        assert_eq!(gate.size(), 4, "never more than at first");
        drop(all(&gate, 4));
    }

    #[test]
    fn what_the_server_gave_before_it_refused_again_is_had() {
        let gate = gate(4);
        let now = Instant::now();
        assert!(gate.fit(1, now));
        assert!(!gate.fit(3, now));
        drop(all(&gate, 3));
        assert!(!gate.fit(9, now));
        assert_eq!(gate.size(), 4, "never more than at first");
    }

    #[test]
    fn never_shrinks_below_one() {
        let gate = gate(2);
        assert!(gate.fit(0, Instant::now()));
        assert_eq!(gate.size(), 1);
        assert!(gate.enter().now_or_never().is_some());
    }

    #[test]
    fn a_connection_that_is_opened_says_how_many_there_may_be_by_then() {
        let gate = Gate::new(Wish { ceiling: 125, set: 0 }, room(57));
        let now = Instant::now();
        assert_eq!(gate.full(), 28);
        for (free, size) in [(57, 28), (30, 15), (31, 15), (2, 1), (0, 1), (20, 10), (900, 28)] {
            gate.grown(room(free), now);
            assert_eq!(gate.size(), size, "{free} free");
            drop(all(&gate, size as usize));
        }
    }

    #[test]
    fn behind_a_pooler_each_connection_that_is_had_doubles_what_is_asked_for() {
        let gate = Gate::new(Wish { ceiling: 125, set: 0 }, Seen::Pooled);
        let now = Instant::now();
        assert_eq!(gate.full(), 20);
        assert!(gate.fit(3, now));
        for size in [6, 12, 20, 20] {
            gate.grown(Seen::Pooled, now);
            assert_eq!(gate.size(), size);
        }
    }

    /// Lets each caller that is not served yet ask for its turn, until one has had it.
    fn serve_one<F: Future>(line: &mut [Pin<Box<F>>], served: &mut Vec<usize>) {
        for (n, caller) in line.iter_mut().enumerate() {
            if !served.contains(&n) && caller.as_mut().now_or_never().is_some() {
                // The turn was given back at once: the next in line may have it.
                served.push(n);
                return;
            }
        }
    }

    #[test]
    fn who_came_first_is_served_first_while_the_gate_widens_and_narrows() {
        let gate = gate(3);
        let now = Instant::now();
        assert!(gate.fit(1, now));
        let held = gate.enter().now_or_never().unwrap();
        let mut line: Vec<_> = (0..4).map(|_| Box::pin(gate.enter())).collect();
        let mut served = Vec::new();
        serve_one(&mut line, &mut served);
        assert_eq!(served, [0; 0], "the one turn is held");
        gate.fit(2, now);
        for n in 0..3 {
            serve_one(&mut line, &mut served);
            assert_eq!(served.last(), Some(&n));
        }
        gate.fit(1, now);
        assert_eq!(gate.waiting(), 1);
        drop(held);
        serve_one(&mut line, &mut served);
        assert_eq!(served, [0, 1, 2, 3]);
        drop(all(&gate, 1));
    }
}
