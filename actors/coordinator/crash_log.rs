//! In which cycles something crashed, and whether that is too often.
//!
//! The same rule holds for an agent and for a service. "Within 10 cycles" are the run's cycles; an
//! agent's own are the same since it was released. A cycle that is run again as replay is the same
//! cycle.

use std::collections::VecDeque;

use crate::domain::cycle::Cycle;

/// The crash that is one too many: the fourth within [`CRASH_WINDOW_CYCLES`].
pub const CRASHES_TOO_MANY: usize = 4;

/// Crashes older than this many cycles are forgotten.
pub const CRASH_WINDOW_CYCLES: u32 = 10;

/// The crashes of one actor. Bounded by [`CRASHES_TOO_MANY`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrashLog(VecDeque<Cycle>);

impl CrashLog {
    /// A log as a checkpoint remembers it.
    pub fn recalled(crashes: &[Cycle]) -> Self {
        Self(crashes.iter().rev().take(CRASHES_TOO_MANY).rev().copied().collect())
    }

    /// Takes in a crash in `cycle`; answers whether it is one too many.
    pub fn record(&mut self, cycle: Cycle) -> bool {
        self.forget(cycle);
        self.0.push_back(cycle);
        if self.0.len() > CRASHES_TOO_MANY {
            self.0.pop_front();
        }
        self.0.len() >= CRASHES_TOO_MANY
    }

    /// The crashes that still count in `cycle`.
    pub fn recent(&self, cycle: Cycle) -> Vec<Cycle> {
        self.0.iter().copied().filter(|crash| is_recent(*crash, cycle)).collect()
    }

    fn forget(&mut self, cycle: Cycle) {
        self.0.retain(|crash| is_recent(*crash, cycle));
    }
}

fn is_recent(crash: Cycle, cycle: Cycle) -> bool {
    crash.0 + CRASH_WINDOW_CYCLES > cycle.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cycles: &[u32]) -> Vec<bool> {
        let mut log = CrashLog::default();
        cycles.iter().map(|c| log.record(Cycle(*c))).collect()
    }

    #[test]
    fn the_fourth_crash_within_ten_cycles_is_one_too_many_and_the_third_is_not() {
        assert_eq!(record(&[3, 4, 8, 12]), [false, false, false, true]);
        assert_eq!(record(&[5, 5, 5, 5]), [false, false, false, true]);
    }

    #[test]
    fn a_crash_ten_cycles_ago_is_forgotten() {
        assert_eq!(record(&[3, 4, 8, 13]), [false; 4]);
        assert_eq!(record(&[3, 4, 8, 13, 13]), [false, false, false, false, true]);
    }

    #[test]
    fn a_checkpoint_keeps_only_what_still_counts() {
        let mut log = CrashLog::default();
        log.record(Cycle(3));
        log.record(Cycle(9));
        assert_eq!(log.recent(Cycle(12)), [Cycle(3), Cycle(9)]);
        assert_eq!(log.recent(Cycle(13)), [Cycle(9)]);
        let mut back = CrashLog::recalled(&log.recent(Cycle(12)));
        assert!(!back.record(Cycle(12)));
        assert!(back.record(Cycle(12)));
    }
}
