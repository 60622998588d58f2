//! Whether a flow still gets anywhere: a mark at each step, and how long the next may take.
//!
//! Waits with bounds of their own (a permit, a retry, the store) are not counted, nor is the time
//! with the gate closed: what is left is work that nothing else would ever end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Without progress for so long a flow hangs: it is ended as one that crashed.
pub const HANG_AFTER: Duration = Duration::from_secs(60);

/// A hang is looked for at most so often: while the gate is closed the time left stands still.
pub const LOOK_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// The last step of the flow under way; shared by the flow and what watches it, on one thread.
#[derive(Clone, Debug, Default)]
pub struct ProgressMark(Rc<Cell<Option<Step>>>);

/// A step from which the flow's own time is counted.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: Instant,
    /// The gate's closed time up to `at`.
    parked: Duration,
}

impl ProgressMark {
    /// A step was made at `now`, when the gate had been closed for `parked` in all.
    pub fn step(&self, now: Instant, parked: Duration) {
        self.0.set(Some(Step { at: now, parked }));
    }

    /// A wait begins that has a bound of its own; the next step ends it.
    pub fn wait(&self) {
        self.0.set(None);
    }

    /// How long the flow may go on like this; zero: it hangs.
    pub fn left(&self, now: Instant, parked: Duration) -> Duration {
        let Some(step) = self.0.get() else { return HANG_AFTER };
        let closed = parked.saturating_sub(step.parked);
        let own = now.saturating_duration_since(step.at).saturating_sub(closed);
        HANG_AFTER.saturating_sub(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn hangs_after_60_s_without_a_step_and_not_before() {
        let (mark, start) = (ProgressMark::default(), Instant::now());
        mark.step(start, NONE);
        assert_eq!(mark.left(start + Duration::from_millis(59_999), NONE).as_millis(), 1);
        assert_eq!(mark.left(start + seconds(60), NONE), NONE);
        mark.step(start + seconds(60), NONE);
        assert_eq!(mark.left(start + seconds(61), NONE), seconds(59));
    }

    #[test]
    fn a_wait_with_a_bound_of_its_own_never_hangs() {
        let (mark, start) = (ProgressMark::default(), Instant::now());
        assert_eq!(mark.left(start, NONE), HANG_AFTER, "nothing has begun");
        mark.step(start, NONE);
        mark.wait();
        assert_eq!(mark.left(start + seconds(600), NONE), HANG_AFTER);
        mark.step(start + seconds(600), NONE);
        assert_eq!(mark.left(start + seconds(630), NONE), seconds(30));
    }

    #[test]
    fn time_with_the_gate_closed_is_taken_out() {
        let (mark, start) = (ProgressMark::default(), Instant::now());
        mark.step(start, seconds(500));
        let now = start + seconds(130);
        assert_eq!(mark.left(now, seconds(600)), seconds(30));
        assert_eq!(mark.left(start + seconds(160), seconds(600)), NONE);
    }
}
