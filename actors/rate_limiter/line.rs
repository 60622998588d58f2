//! Who waits for a permit, first come first served. A waiter that has gone away costs no permit.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::messages::{Place, Refused};
use crate::domain::permit::Permit;

/// Below so many waiters the line is not searched for those that have gone.
const SWEEP_FROM: usize = 1_024;

/// Where a waiter hears of its permit.
pub type Waiter = oneshot::Sender<Result<Permit, Refused>>;

/// The line. Bounded by its callers (one waiter an agent); those that went away are swept out.
#[derive(Debug)]
pub struct Line {
    /// First to be served first.
    waiters: VecDeque<Waiter>,
    /// Length at which the gone ones are searched for; keeps the search cheap on average.
    sweep_at: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { waiters: VecDeque::new(), sweep_at: SWEEP_FROM }
    }
}

impl Line {
    /// Takes a place.
    pub fn join(&mut self, place: Place, waiter: Waiter) {
        if self.waiters.len() >= self.sweep_at {
            self.waiters.retain(|waiter| !waiter.is_closed());
            self.sweep_at = SWEEP_FROM.max(self.waiters.len() * 2);
        }
        match place {
            Place::Tail => self.waiters.push_back(waiter),
            Place::Head => self.waiters.push_front(waiter),
        }
    }

    /// How many wait; some may have gone.
    pub fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Whether somebody waits who is still there; those in front who have gone are dropped.
    pub fn is_waiting(&mut self) -> bool {
        while self.waiters.front().is_some_and(Waiter::is_closed) {
            self.waiters.pop_front();
        }
        !self.waiters.is_empty()
    }

    /// Gives the permit to the first who is still there.
    pub fn give(&mut self, permit: Permit) {
        let mut answer = Ok(permit);
        while let Some(waiter) = self.waiters.pop_front() {
            // It may go away between the check and this: the permit passes on to the next.
            match waiter.send(answer) {
                Ok(()) => return,
                Err(back) => answer = back,
            }
        }
    }

    /// Tells everybody that there will be none.
    pub fn refuse_all(&mut self, why: Refused) {
        for waiter in self.waiters.drain(..) {
            // Whoever has gone needs no answer.
            let _ = waiter.send(Err(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_waiter_that_went_away_is_passed_over() {
        let mut line = Line::default();
        let (gone, receiver) = oneshot::channel();
        line.join(Place::Tail, gone);
        drop(receiver);
        assert!(!line.is_waiting());
        let (gone, receiver) = oneshot::channel();
        line.join(Place::Tail, gone);
        let (there, mut answer) = oneshot::channel();
        line.join(Place::Tail, there);
        drop(receiver);
        line.give(Permit::unlimited(Instant::now()));
        assert!(answer.try_recv().is_ok());
    }

    #[test]
    fn a_line_of_the_gone_does_not_grow() {
        let mut line = Line::default();
        for _ in 0..100_000 {
            let (gone, _) = oneshot::channel();
            line.join(Place::Tail, gone);
        }
        assert!(line.waiters.len() <= 2 * SWEEP_FROM, "{}", line.waiters.len());
    }
}
