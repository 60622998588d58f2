//! What is to be done at the ticks of cycles to come.

use std::collections::BTreeMap;

use crate::domain::cycle::Cycle;

/// Entries at most: an agenda is written by hand.
pub const AGENDA_MAX: usize = 1_000;

/// Entries by cycle, those of one cycle in the order in which they came.
#[derive(Debug)]
pub struct Agenda<T> {
    entries: BTreeMap<Cycle, Vec<T>>,
    len: usize,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), len: 0 }
    }
}

impl<T> Agenda<T> {
    /// Takes an entry in for the tick of `cycle`; false when it is full.
    #[must_use]
    pub fn add(&mut self, cycle: Cycle, entry: T) -> bool {
        let has_room = self.len < AGENDA_MAX;
        if has_room {
            self.entries.entry(cycle).or_default().push(entry);
            self.len += 1;
        }
        has_room
    }

    /// Takes out what is due at the tick of `cycle`.
    pub fn due(&mut self, cycle: Cycle) -> Vec<T> {
        let later = self.entries.split_off(&cycle.next());
        let due = std::mem::replace(&mut self.entries, later);
        let due: Vec<T> = due.into_values().flatten().collect();
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

    #[test]
    fn what_is_due_comes_once_in_order_and_nothing_comes_early() {
        let mut agenda = Agenda::default();
        for (cycle, entry) in [(3, "c"), (1, "a"), (3, "d"), (2, "b")] {
            assert!(agenda.add(Cycle(cycle), entry));
        }
        assert!(agenda.due(Cycle(0)).is_empty());
        assert_eq!(agenda.due(Cycle(2)), ["a", "b"]);
        assert_eq!(agenda.due(Cycle(3)), ["c", "d"]);
        assert!(agenda.is_empty());
    }

    #[test]
    fn the_thousandth_entry_is_the_last() {
        let mut agenda = Agenda::default();
        assert!((0..1_000).all(|n| agenda.add(Cycle(n), n)));
        assert!(!agenda.add(Cycle(0), 0));
        assert_eq!(agenda.due(Cycle(0)).len(), 1);
        assert!(agenda.add(Cycle(0), 0));
    }
}
