//! Things an operator or analyst must be able to find afterwards (table `incidents`).

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cycle::{Cycle, ReplayNumber};
use super::ids::{AgentId, RunId, SessionId};
use super::persona::words;

words!(
    /// What kind of thing it was.
    IncidentKind, "incident kind" {
        /// The run froze.
        Freeze = "freeze",
        /// An operator unfroze it or continued after a pause.
        Resume = "resume",
        /// An operator paused it.
        Pause = "pause",
        /// An agent's or a service's actor was rebuilt.
        Restart = "restart",
        /// An agent crashed too often.
        Quarantine = "quarantine",
        /// An operator brought a quarantined agent back.
        Revive = "revive",
        /// Cycles are being run again.
        Replay = "replay",
        /// Orphans of a dead run were cleaned up.
        CleanUp = "clean_up",
        /// An operator's or a developer's command.
        Command = "command",
        /// An injected message.
        Injection = "injection",
        /// An HTTP session went down or came back.
        SessionHealth = "session_health",
        /// The clock jumped or nothing ran: the machine slept, or somebody stopped the process.
        ClockJump = "clock_jump",
        /// More than half of a cycle's adds or checkouts were refused.
        Refusals = "refusals",
        /// A flow that could be written neither as itself nor as failed.
        Unrecorded = "unrecorded",
        /// A checkpoint could not be written.
        CheckpointFailed = "checkpoint_failed",
        /// An offer refresh failed.
        OffersFailed = "offers_failed",
        /// A setting differs from the checkpoint's.
        SettingChanged = "setting_changed",
        /// Agents were released into an experiment: from here on their arm's overrides can act.
        Exposure = "exposure",
    }
);

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The run.
    pub run_id: RunId,
    /// The cycle it belongs to.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// What kind.
    pub kind: IncidentKind,
    /// The agent concerned, if one.
    pub agent_id: Option<AgentId>,
    /// The HTTP session concerned, if one.
    pub http_session: Option<SessionId>,
    /// One sentence in plain words, redacted.
    pub message: String,
    /// Details, an object.
    pub detail: Value,
    /// Simulated.
    pub simulated_at: NaiveDateTime,
    /// Wall clock, UTC.
    pub recorded_at: NaiveDateTime,
}
