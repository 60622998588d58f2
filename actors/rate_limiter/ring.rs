//! The times of the last grants, as many as one second may carry: what makes the limit hold in any
//! window, not only on average (P3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How old the oldest of a full ring must be before the next grant. 10 ms more than the window that
/// is promised: a permit may be sent so much later than it was granted.
pub const RING_SPAN: Duration = Duration::from_millis(1_010);

/// The last `capacity` grants, and where that was more a moment ago, all of the last window.
/// Bounded: 51 at 50/s, at most about a million.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Oldest first.
    grants: VecDeque<Instant>,
    /// Grants that one window may carry, at least 1.
    capacity: usize,
}

impl Ring {
    /// An empty ring for `capacity` grants a window, taken as 1 when 0.
    pub fn new(capacity: usize) -> Self {
        Self { grants: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// A full ring: as many grants as a window may carry, all of them at `at`.
    pub fn full(capacity: usize, at: Instant) -> Self {
        let capacity = capacity.max(1);
        Self { grants: std::iter::repeat_n(at, capacity).collect(), capacity }
    }

    /// When the next grant is allowed; `None`: at any time.
    pub fn earliest(&self) -> Option<Instant> {
        let oldest = self.grants.len().checked_sub(self.capacity)?;
        self.grants.get(oldest).map(|grant| *grant + RING_SPAN)
    }

    /// Takes in a grant made at `at`.
    pub fn push(&mut self, at: Instant) {
        let is_past = |grant: &Instant| at.saturating_duration_since(*grant) >= RING_SPAN;
        while self.grants.len() >= self.capacity && self.grants.front().is_some_and(is_past) {
            self.grants.pop_front();
        }
        self.grants.push_back(at);
    }

    /// Takes out a grant made at `at` that was not used.
    pub fn take_back(&mut self, at: Instant) {
        if let Some(place) = self.grants.iter().rposition(|grant| *grant == at) {
            self.grants.remove(place);
        }
    }

    /// Changes how many grants a window may carry. None is forgotten: the capacity may grow again,
    /// or a grant come back, within the window.
    pub fn resize(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_waits_until_its_oldest_grant_is_1010_ms_old() {
        let start = Instant::now();
        let mut ring = Ring::new(2);
        ring.push(start);
        assert_eq!(ring.earliest(), None);
        ring.push(start + Duration::from_millis(5));
        assert_eq!(ring.earliest(), Some(start + Duration::from_millis(1_010)));
        ring.push(start + Duration::from_millis(1_010));
        assert_eq!(ring.earliest(), Some(start + Duration::from_millis(1_015)));
    }

    #[test]
    fn a_ring_that_begins_full_allows_nothing_for_1010_ms() {
        let start = Instant::now();
        let mut ring = Ring::full(2, start);
        for _ in 0..2 {
            assert_eq!(ring.earliest(), Some(start + RING_SPAN));
            ring.push(start + RING_SPAN);
        }
        assert_eq!(ring.earliest(), Some(start + 2 * RING_SPAN));
    }

    #[test]
    fn a_slot_that_was_given_back_is_free_at_once() {
        let start = Instant::now();
        let mut ring = Ring::new(2);
        let (first, second) = (start, start + Duration::from_millis(5));
        ring.push(first);
        ring.push(second);
        ring.take_back(second + Duration::from_millis(1));
        assert_eq!(ring.earliest(), Some(first + RING_SPAN), "no such grant");
        ring.take_back(second);
        assert_eq!(ring.earliest(), None);
        ring.push(second);
        assert_eq!(ring.earliest(), Some(first + RING_SPAN));
    }

    #[test]
    fn shrinking_and_growing_again_forgets_no_grant_of_the_window() {
        let start = Instant::now();
        let mut ring = Ring::new(3);
        for ms in [0, 10, 20] {
            ring.push(start + Duration::from_millis(ms));
        }
        ring.resize(1);
        assert_eq!(ring.earliest(), Some(start + Duration::from_millis(1_030)));
        ring.resize(2);
        assert_eq!(ring.earliest(), Some(start + Duration::from_millis(1_020)));
        ring.push(start + Duration::from_millis(1_020));
        assert_eq!(ring.grants.len(), 2, "what is older than a window is let go");
    }
}
