//! Calls whose answers were lost on their way: each held its place until it was given up, as no
//! work did.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over so long they are averaged: they are noticed in bursts, a call timeout after they left.
const AVERAGED: Duration = Duration::from_secs(20);

/// The lost calls of the last 20 s, oldest first. Bounded by the callers: each has one at a time.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    calls: VecDeque<(Instant, Duration)>,
}

impl Lost {
    /// A call was given up after `waited`.
    pub fn push(&mut self, waited: Duration, now: Instant) {
        self.calls.push_back((now, waited));
        self.forget(now);
    }

    /// Places that such calls hold, in the mean.
    pub fn held(&mut self, now: Instant) -> f64 {
        self.forget(now);
        let waited: Duration = self.calls.iter().map(|(_, waited)| *waited).sum();
        waited.as_secs_f64() / AVERAGED.as_secs_f64()
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > AVERAGED;
        while self.calls.front().is_some_and(|(at, _)| is_old(*at)) {
            self.calls.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_call_of_10_s_is_half_a_place_for_20_s() {
        let (mut lost, start) = (Lost::default(), Instant::now());
        lost.push(Duration::from_secs(10), start);
        assert!((lost.held(start + AVERAGED) - 0.5).abs() < 1e-9);
        assert!(lost.held(start + AVERAGED + Duration::from_millis(1)) < 1e-9);
    }
}
