//! What an operator had to know about: how often, when, and in which words.
//!
//! Of each kind the first few are listed, all are counted: a thousand restarts must not hide the
//! one freeze.

use chrono::NaiveDateTime;
use domain::incident::IncidentKind;
use questions::incidents::{BucketRow, IncidentRow, KindRow};
use serde::Serialize;

use super::reading::{Answers, count};

/// Incidents of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// As column `kind`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The cycle of the first.
    pub first_cycle: u64,
    /// The cycle of the last.
    pub last_cycle: u64,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// The cycle.
    pub cycle: u64,
    /// The attempt.
    pub replay: u64,
    /// As column `kind`.
    pub kind: String,
    /// One sentence; it may quote the shop.
    pub message: String,
    /// Whether somebody made it happen.
    pub is_drill: bool,
    /// The agent concerned.
    pub agent_id: Option<String>,
    /// Simulated.
    pub simulated_at: Option<NaiveDateTime>,
    /// Wall clock, UTC.
    pub recorded_at: Option<NaiveDateTime>,
}

/// Incidents of one kind in some cycles in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InBucket {
    /// The first cycle, as of the technical buckets.
    pub first_cycle: u64,
    /// As column `kind`.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incidents {
    /// By kind.
    pub kinds: Vec<Kind>,
    /// The first of each kind, in the order in which they happened.
    pub first_of_each: Vec<Incident>,
    /// When they were.
    pub timeline: Vec<InBucket>,
}

impl Incidents {
    /// From the answers, by time in buckets of so many cycles.
    pub fn of(answers: &Answers, cycles_per_bucket: u64) -> Self {
        let kind = |row: &KindRow| Kind {
            kind: row.kind.clone(),
            count: count(row.incidents),
            first_cycle: count(row.first_cycle),
            last_cycle: count(row.last_cycle),
        };
        let in_bucket = |row: &BucketRow| InBucket {
            first_cycle: count(row.bucket) * cycles_per_bucket,
            kind: row.kind.clone(),
            count: count(row.incidents),
        };
        Self {
            kinds: answers.incident_kinds.iter().map(kind).collect(),
            first_of_each: answers.incidents.iter().map(Incident::of).collect(),
            timeline: answers.incident_times.iter().map(in_bucket).collect(),
        }
    }

    /// All of all kinds.
    pub fn total(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }
}

impl Incident {
    fn of(row: &IncidentRow) -> Self {
        let is_marked = row.drill.as_deref() == Some("true");
        Self {
            cycle: count(row.cycle),
            replay: count(row.replay),
            kind: row.kind.clone(),
            message: row.message.clone(),
            is_drill: is_marked || is_drill(&row.kind, &row.message),
            agent_id: row.agent_id.clone(),
            simulated_at: Some(row.simulated_at),
            recorded_at: Some(row.recorded_at),
        }
    }
}

/// An injected message, or what it led to: actors say so in words.
fn is_drill(kind: &str, message: &str) -> bool {
    kind == "injection" || message.to_lowercase().contains("drill")
}

/// A kind in words; a word of a later release stays as it is.
pub fn words(kind: &str) -> &str {
    kind.parse().map_or(kind, |known: IncidentKind| known.says())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_words() {
        for kind in IncidentKind::ALL {
            assert_ne!(words(kind.as_str()), kind.as_str());
        }
    }

    #[test]
    fn drills_are_told_from_what_happened_by_itself() {
        assert!(is_drill("injection", "Agent(\"agent_017\", Crash)"));
        assert!(is_drill("restart", "hang: no progress for 60 s, a drill"));
        assert!(!is_drill("freeze", "frozen: 19 of 372 agents failed"));
    }
}
