//! The times of the last grants, as many as one second may carry: what makes the limit hold in any
//! window, not only on average (P3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How old the oldest of a full ring must be before the next grant. 10 ms more than the window that
/// is promised: a permit may be sent so much later than it was granted.
pub const RING_SPAN: Duration = Duration::from_millis(1_010);

/// The last `capacity` grants. Bounded: 51 at 50/s, at most about a million.
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
        if self.grants.len() < self.capacity {
            return None;
        }
        self.grants.front().map(|oldest| *oldest + RING_SPAN)
    }

    /// Takes in a grant made at `at`.
    pub fn push(&mut self, at: Instant) {
        if self.grants.len() >= self.capacity {
            self.grants.pop_front();
        }
        self.grants.push_back(at);
    }

    /// Changes how many grants a window may carry. The newest grants stay: those forgotten are more
    /// than a window older than anything that is still to come.
    pub fn resize(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        while self.grants.len() > self.capacity {
            self.grants.pop_front();
        }
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
    fn shrinking_keeps_the_newest_grants() {
        let start = Instant::now();
        let mut ring = Ring::new(3);
        for ms in [0, 10, 20] {
            ring.push(start + Duration::from_millis(ms));
        }
        ring.resize(1);
        assert_eq!(ring.earliest(), Some(start + Duration::from_millis(1_030)));
        ring.resize(2);
        assert_eq!(ring.earliest(), None);
    }
}
