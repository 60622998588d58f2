//! What an operator had to know about: how often, when, and in which words.
//!
//! Of each kind the first few are listed, all are counted: a thousand restarts must not hide the
//! one freeze.

use chrono::NaiveDateTime;
use domain::incident::IncidentKind;
use serde::Serialize;
use store::admin::export::DynamicRow;

use super::reading::Cells;
use crate::export::ExportError;

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
    /// From the answers.
    pub fn of(
        kinds: Vec<DynamicRow>,
        list: Vec<DynamicRow>,
        times: Vec<DynamicRow>,
        cycles_per_bucket: u64,
    ) -> Result<Self, ExportError> {
        let table = "incidents";
        let mut incidents =
            Self { kinds: Vec::new(), first_of_each: Vec::new(), timeline: Vec::new() };
        for row in kinds {
            let mut cells = Cells::of(table, row);
            incidents.kinds.push(Kind {
                kind: cells.text("kind")?.unwrap_or_default(),
                count: cells.count("kind")?,
                first_cycle: cells.count("cycle")?,
                last_cycle: cells.count("cycle")?,
            });
        }
        for row in list {
            let mut cells = Cells::of(table, row);
            let (cycle, replay) = (cells.count("cycle")?, cells.count("replay")?);
            let kind = cells.text("kind")?.unwrap_or_default();
            let message = cells.text("message")?.unwrap_or_default();
            let agent_id = cells.text("agent_id")?;
            let simulated_at = cells.instant("simulated_at")?;
            let recorded_at = cells.instant("recorded_at")?;
            let is_marked = cells.text("detail")?.as_deref() == Some("true");
            incidents.first_of_each.push(Incident {
                cycle,
                replay,
                is_drill: is_marked || is_drill(&kind, &message),
                kind,
                message,
                agent_id,
                simulated_at,
                recorded_at,
            });
        }
        for row in times {
            let mut cells = Cells::of(table, row);
            incidents.timeline.push(InBucket {
                first_cycle: cells.count("cycle")? * cycles_per_bucket,
                kind: cells.text("kind")?.unwrap_or_default(),
                count: cells.count("kind")?,
            });
        }
        Ok(incidents)
    }

    /// All of all kinds.
    pub fn total(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
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
