//! What of a run is worth an alert: the journal's incidents of some kinds, and the run's end. Pure.

use std::fmt;

use actors::coordinator::journal::JournalLine;
use actors::coordinator::status::RunStatus;
use actors::domain::cycle::Cycle;
use actors::domain::incident::{IncidentKind, Severity};
use actors::domain::money::Cents;
use actors::ports::store::RunState;
use chrono::NaiveDateTime;
use serde::{Serialize, Serializer};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// An incident whose kind says that somebody should look.
    Incident(IncidentKind),
    /// Nothing follows.
    RunEnd,
    /// More happened at once than a picture holds.
    Missed,
}

impl AlertKind {
    fn word(self) -> &'static str {
        match self {
            Self::Incident(kind) => kind.as_str(),
            Self::RunEnd => "run_end",
            Self::Missed => "missed",
        }
    }
}

impl Serialize for AlertKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl fmt::Display for AlertKind {
    /// As in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word().replace('_', " "))
    }
}

/// One thing an operator must hear of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// What kind.
    pub kind: AlertKind,
    /// How soon somebody should look.
    pub severity: Severity,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
    /// The cycle it belongs to.
    pub cycle: Cycle,
    /// One sentence, redacted.
    pub message: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// In this state.
    In(RunState),
    /// Before its first tick, for this reason, redacted.
    NotStarted(String),
}

/// Remembers what has been looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookout {
    /// The newest incident seen, by the journal's number.
    seen: u64,
}

impl Lookout {
    /// What has happened since the last look and is worth an alert.
    pub fn look(&mut self, status: &RunStatus) -> Vec<Alert> {
        let fresh = status.news.incidents.iter().filter(|line| line.number > self.seen);
        let mut alerts: Vec<Alert> = Vec::new();
        if let Some(first) = fresh.clone().next()
            && first.number > self.seen + 1
        {
            let missed = first.number - self.seen - 1;
            let message =
                format!("{missed} incidents came too fast; the table `incidents` has all");
            alerts.push(Alert {
                kind: AlertKind::Missed,
                severity: Severity::Warning,
                at: first.at,
                cycle: first.cycle,
                message,
            });
        }
        alerts.extend(fresh.filter_map(alert_of));
        self.seen =
            status.news.incidents.last().map_or(self.seen, |line| self.seen.max(line.number));
        alerts
    }
}

fn alert_of(line: &JournalLine) -> Option<Alert> {
    let (kind, severity) = (AlertKind::Incident(line.kind), line.kind.alert()?);
    let message = line.message.clone();
    Some(Alert { kind, severity, at: line.at, cycle: line.cycle, message })
}

/// The alert that says how the run ended.
pub fn end_of_run(status: &RunStatus, end: &RunEnd) -> Alert {
    let totals = &status.totals;
    let so_far = || {
        format!(
            "{} cycles, {} orders, revenue {}, {} failed flows",
            totals.cycles_completed,
            totals.volume.orders,
            Cents(totals.volume.revenue_cents),
            totals.counts.failed
        )
    };
    let (severity, message) = match end {
        RunEnd::In(RunState::Completed) => {
            (Severity::Info, format!("the run is completed: {}", so_far()))
        }
        RunEnd::In(RunState::Freezing | RunState::Frozen) => {
            (Severity::Critical, format!("the process ended while the run is frozen: {}", so_far()))
        }
        RunEnd::In(RunState::Running | RunState::Paused | RunState::Stopped) => {
            (Severity::Info, format!("the run was stopped: {}", so_far()))
        }
        RunEnd::NotStarted(why) => (Severity::Critical, format!("the run did not start: {why}")),
    };
    let (at, cycle) = (status.at, status.attempt.cycle);
    Alert { kind: AlertKind::RunEnd, severity, at, cycle, message }
}
