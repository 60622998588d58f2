//! What of a run is worth an alert: the journal's incidents of some kinds, and the run's end. Pure.

use actors::coordinator::journal::JournalLine;
use actors::coordinator::status::RunStatus;
use actors::domain::cycle::Cycle;
use actors::domain::incident::IncidentKind;
use actors::domain::money::Cents;
use actors::ports::store::RunState;
use chrono::NaiveDateTime;
use serde::Serialize;

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// When there is time.
    Warning,
    /// The run does not go on, or would not survive a crash.
    Critical,
}

impl Severity {
    /// The word used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The run froze.
    Freeze,
    /// It goes on.
    Resume,
    /// An agent crashed too often.
    Quarantine,
    /// An HTTP session went down or came back.
    SessionHealth,
    /// A checkpoint could not be written.
    CheckpointFailed,
    /// Nothing follows.
    RunEnd,
    /// More happened at once than a picture holds.
    Missed,
}

impl AlertKind {
    /// The word used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Resume => "resume",
            Self::Quarantine => "quarantine",
            Self::SessionHealth => "session health",
            Self::CheckpointFailed => "checkpoint failed",
            Self::RunEnd => "run end",
            Self::Missed => "missed",
        }
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
    let (kind, severity) = match line.kind {
        IncidentKind::Freeze => (AlertKind::Freeze, Severity::Critical),
        IncidentKind::Resume => (AlertKind::Resume, Severity::Info),
        IncidentKind::Quarantine => (AlertKind::Quarantine, Severity::Warning),
        IncidentKind::SessionHealth => (AlertKind::SessionHealth, Severity::Warning),
        IncidentKind::CheckpointFailed => (AlertKind::CheckpointFailed, Severity::Critical),
        IncidentKind::Pause
        | IncidentKind::Restart
        | IncidentKind::Revive
        | IncidentKind::Replay
        | IncidentKind::CleanUp
        | IncidentKind::Command
        | IncidentKind::Injection
        | IncidentKind::ClockJump
        | IncidentKind::Refusals
        | IncidentKind::Unrecorded
        | IncidentKind::OffersFailed
        | IncidentKind::SettingChanged
        | IncidentKind::Exposure => return None,
    };
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
        RunEnd::In(RunState::Frozen) => {
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
