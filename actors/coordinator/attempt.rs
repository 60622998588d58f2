//! Which attempt a cycle is: original, or a replay after a crash or an unfreeze.

use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::ports::store::Replay;

/// The cycles that are run again, and under which number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    number: ReplayNumber,
    /// Cycles up to this one are replays; later ones are originals.
    until: Option<Cycle>,
}

impl Attempts {
    /// After a resume: cycles up to the last with any row are replays under its number.
    pub fn after(replay: Replay) -> Self {
        Self { number: replay.number, until: replay.last_cycle_with_rows }
    }

    /// The attempt that `cycle` is.
    pub fn of(&self, cycle: Cycle) -> ReplayNumber {
        match self.until {
            Some(until) if cycle <= until => self.number,
            Some(_) | None => ReplayNumber::ORIGINAL,
        }
    }

    /// `runs.resumes`.
    pub fn resumes(&self) -> ReplayNumber {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_with_rows_are_replays_and_later_ones_originals() {
        let attempts = Attempts::after(Replay {
            number: ReplayNumber(2),
            last_cycle_with_rows: Some(Cycle(13)),
            ended_rows: 5,
            lost_from: None,
        });
        assert_eq!(attempts.of(Cycle(10)), ReplayNumber(2));
        assert_eq!(attempts.of(Cycle(13)), ReplayNumber(2));
        assert_eq!(attempts.of(Cycle(14)), ReplayNumber::ORIGINAL);
        assert_eq!(Attempts::default().of(Cycle(0)), ReplayNumber::ORIGINAL);
    }
}
