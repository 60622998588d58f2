//! The last incidents in plain words, for whoever watches the run; all of them are rows.

use std::collections::{BTreeMap, VecDeque};

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::domain::cycle::Cycle;
use crate::domain::incident::{Incident, IncidentKind};

use super::status::News;

/// Lines kept for watchers.
pub const LINES_KEPT: usize = 20;

/// One incident as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Counts the incidents of this process from 1: a watcher sees what it has missed.
    pub number: u64,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
    /// The cycle it belongs to.
    pub cycle: Cycle,
    /// What kind.
    pub kind: IncidentKind,
    /// One sentence, redacted.
    pub message: String,
}

impl JournalLine {
    /// What is shown of an incident; the journal gives it its number.
    pub fn of(incident: &Incident) -> Self {
        Self {
            number: 0,
            at: incident.recorded_at,
            cycle: incident.cycle,
            kind: incident.kind,
            message: incident.message.clone(),
        }
    }
}

/// The newest [`LINES_KEPT`] lines.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    lines: VecDeque<JournalLine>,
    written: u64,
    counts: BTreeMap<IncidentKind, u64>,
}

impl Journal {
    /// Takes in a line; the oldest goes where there is no room.
    pub fn add(&mut self, mut line: JournalLine) {
        self.written += 1;
        line.number = self.written;
        *self.counts.entry(line.kind).or_default() += 1;
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// For the picture: the lines, oldest first, and the incidents of this process by kind, those
    /// whose lines are gone included.
    pub fn news(&self) -> News {
        News {
            incidents: self.lines.iter().cloned().collect(),
            incident_counts: self.counts.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_line_takes_the_place_of_the_first() {
        let mut journal = Journal::default();
        for _ in 0..21 {
            journal.add(JournalLine {
                number: 0,
                at: NaiveDateTime::default(),
                cycle: Cycle(3),
                kind: IncidentKind::Pause,
                message: "an operator paused the run".to_owned(),
            });
        }
        let news = journal.news();
        let numbers: Vec<u64> = news.incidents.iter().map(|line| line.number).collect();
        assert_eq!(numbers, (2..=21).collect::<Vec<u64>>());
        assert_eq!(news.incident_counts, BTreeMap::from([(IncidentKind::Pause, 21)]));
    }
}
