//! What is to be done at moments to come.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::cycle::Cycle;

/// Entries at most: an agenda is written by hand.
pub const AGENDA_MAX: usize = 1_000;

/// A moment of a run that nobody who watches from outside would catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// The tick of a cycle, before any agent hears of it.
    Tick(Cycle),
    /// A cycle has closed, broken or not, and its row and checkpoint are written.
    End(Cycle),
}

impl Moment {
    /// The cycle it belongs to.
    pub fn cycle(self) -> Cycle {
        match self {
            Self::Tick(cycle) | Self::End(cycle) => cycle,
        }
    }

    /// A cycle's end comes after its tick and before the next one.
    fn place(self) -> (Cycle, bool) {
        (self.cycle(), matches!(self, Self::End(_)))
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick(cycle) => write!(f, "the tick of cycle {cycle}"),
            Self::End(cycle) => write!(f, "the end of cycle {cycle}"),
        }
    }
}

/// Entries by moment, those of one moment in the order in which they came.
#[derive(Debug)]
pub struct Agenda<T> {
    entries: BTreeMap<Moment, Vec<T>>,
    len: usize,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), len: 0 }
    }
}

impl<T> Agenda<T> {
    /// Takes an entry in for `moment`; false when it is full.
    #[must_use]
    pub fn add(&mut self, moment: Moment, entry: T) -> bool {
        let has_room = self.len < AGENDA_MAX;
        if has_room {
            self.entries.entry(moment).or_default().push(entry);
            self.len += 1;
        }
        has_room
    }

    /// Takes out what is due at `moment`.
    pub fn due(&mut self, moment: Moment) -> Vec<T> {
        let mut later = self.entries.split_off(&moment);
        let now = later.remove(&moment);
        let due = std::mem::replace(&mut self.entries, later);
        let due: Vec<T> = due.into_values().chain(now).flatten().collect();
        self.len -= due.len();
        due
    }

    /// Entries that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(cycle: u32) -> Moment {
        Moment::Tick(Cycle(cycle))
    }

    #[test]
    fn what_is_due_comes_once_in_order_and_nothing_comes_early() {
        let mut agenda = Agenda::default();
        for (cycle, entry) in [(3, "c"), (1, "a"), (3, "d"), (2, "b")] {
            assert!(agenda.add(tick(cycle), entry));
        }
        assert!(agenda.due(tick(0)).is_empty());
        assert_eq!(agenda.due(tick(2)), ["a", "b"]);
        assert_eq!(agenda.due(tick(3)), ["c", "d"]);
        assert!(agenda.is_empty());
    }

    #[test]
    fn the_end_of_a_cycle_comes_after_its_tick_and_before_the_next_one() {
        let mut agenda = Agenda::default();
        for (moment, entry) in
            [(tick(4), "next"), (Moment::End(Cycle(3)), "end"), (tick(3), "tick")]
        {
            assert!(agenda.add(moment, entry));
        }
        assert_eq!(agenda.due(tick(3)), ["tick"]);
        assert_eq!(agenda.due(Moment::End(Cycle(3))), ["end"]);
        assert_eq!(agenda.due(tick(4)), ["next"]);
    }

    #[test]
    fn the_thousandth_entry_is_the_last() {
        let mut agenda = Agenda::default();
        assert!((0..1_000).all(|n| agenda.add(tick(n), n)));
        assert!(!agenda.add(tick(0), 0));
        assert_eq!(agenda.due(tick(0)).len(), 1);
        assert!(agenda.add(tick(0), 0));
    }
}
