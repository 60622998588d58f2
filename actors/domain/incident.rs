//! Things an operator or analyst must be able to find afterwards (table `incidents`).
//!
//! A kind is one row here: its word, what reports say, how loud the log is, who is told.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cycle::{Cycle, ReplayNumber};
use super::ids::{AgentId, RunId, SessionId};
use super::persona::words;

words!(
    /// How soon somebody should look.
    Severity, "severity" {
        /// For the record.
        Info = "info",
        /// When there is time.
        Warning = "warning",
        /// The run does not go on, or would not survive a crash.
        Critical = "critical",
    }
);

/// How loud the log is about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// As it was meant to be.
    Info,
    /// An operator may want to know.
    Warn,
}

/// Declares the kinds of incidents: a row holds all that is said and done about one.
macro_rules! incident_kinds {
    ($(
        $(#[$doc:meta])+
        $variant:ident = $word:literal, says $says:literal, log $level:ident, alert $alert:expr;
    )+) => {
        words!(
            /// What kind of thing it was.
            IncidentKind, "incident kind" { $($(#[$doc])+ $variant = $word,)+ }
        );

        impl IncidentKind {
            /// In words, for reports.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }

            /// How loud the log is about it.
            pub const fn log_level(self) -> LogLevel {
                match self { $(Self::$variant => LogLevel::$level,)+ }
            }

            /// How soon somebody should look who is told of it; `None`: nobody is.
            pub const fn alert(self) -> Option<Severity> {
                match self { $(Self::$variant => $alert,)+ }
            }
        }
    };
}

incident_kinds! {
    /// The run froze.
    Freeze = "freeze", says "frozen",
        log Warn, alert Some(Severity::Critical);
    /// An operator unfroze it or continued after a pause.
    Resume = "resume", says "resumed by an operator",
        log Warn, alert Some(Severity::Info);
    /// An operator paused it.
    Pause = "pause", says "paused by an operator",
        log Warn, alert None;
    /// An agent's or a service's actor was rebuilt.
    Restart = "restart", says "an actor was rebuilt",
        log Warn, alert None;
    /// An agent crashed too often.
    Quarantine = "quarantine", says "an agent was put into quarantine",
        log Warn, alert Some(Severity::Warning);
    /// An operator brought a quarantined agent back.
    Revive = "revive", says "an agent was brought back",
        log Warn, alert None;
    /// Cycles are being run again.
    Replay = "replay", says "cycles run again",
        log Warn, alert None;
    /// Orphans of a dead run were cleaned up.
    CleanUp = "clean_up", says "orphans of a dead process cleaned up",
        log Warn, alert None;
    /// The shop was asked for orders that no row names, or one of them was found.
    OrderFound = "order_found", says "orders that were lost were looked for",
        log Info, alert None;
    /// An operator's or a developer's command.
    Command = "command", says "an operator's command",
        log Warn, alert None;
    /// An injected message.
    Injection = "injection", says "a drill: a message was injected",
        log Warn, alert None;
    /// An HTTP session went down or came back.
    SessionHealth = "session_health", says "an HTTP session went down or came back",
        log Warn, alert Some(Severity::Warning);
    /// The shop was slower than the limit, or kept up again.
    SlowShop = "slow_shop", says "the shop was slower than the limit, or kept up again",
        log Warn, alert Some(Severity::Warning);
    /// The shop said 429 and the whole run was held, or that is over.
    Throttled = "throttled", says "the shop said 429: the run was held",
        log Warn, alert None;
    /// The clock jumped or nothing ran: the machine slept, or somebody stopped the process.
    ClockJump = "clock_jump", says "the machine slept or the process was stopped",
        log Warn, alert None;
    /// More than half of a cycle's adds or checkouts were refused.
    Refusals = "refusals", says "the shop refused most of a cycle",
        log Warn, alert None;
    /// Every wallet that was asked for was empty.
    WalletsEmpty = "wallets_empty", says "every wallet at the shop was empty",
        log Warn, alert None;
    /// An answer of the shop has another shape than its profile says.
    AnswerShape = "answer_shape", says "an answer that does not fit the shop's profile",
        log Warn, alert None;
    /// The shop has more products than it lists, or than are kept.
    CatalogShort = "catalog_short", says "not all products of the shop are known",
        log Warn, alert None;
    /// A flow that could be written neither as itself nor as failed.
    Unrecorded = "unrecorded", says "a visit could not be written",
        log Warn, alert None;
    /// A run ended, and goods that its flows put in lie in carts at the shop.
    CartsLeft = "carts_left", says "carts were left with goods at the shop",
        log Warn, alert None;
    /// The database takes nothing, or takes writes again.
    StoreTrouble = "store_trouble", says "the database took nothing, or took writes again",
        log Warn, alert Some(Severity::Critical);
    /// The database came back without hours that it had acknowledged.
    RowsLost = "rows_lost", says "the database lost hours that were lived",
        log Warn, alert Some(Severity::Critical);
    /// An order holds goods that its flow did not put in.
    ForeignGoods = "foreign_goods", says "an order holds goods nobody put in",
        log Warn, alert Some(Severity::Warning);
    /// A checkpoint could not be written.
    CheckpointFailed = "checkpoint_failed", says "a checkpoint could not be written",
        log Warn, alert Some(Severity::Critical);
    /// An offer refresh failed.
    OffersFailed = "offers_failed", says "offers could not be refreshed",
        log Warn, alert None;
    /// A setting differs from the checkpoint's.
    SettingChanged = "setting_changed", says "a setting changed",
        log Warn, alert None;
    /// Agents were released into an experiment: from here on their arm's overrides can act.
    Exposure = "exposure", says "agents entered the experiment",
        log Info, alert None;
}

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

/// Characters of each text of an incident at most: some repeat what a stranger sent.
const TEXT_CHARS_MAX: usize = 1_000;

impl Incident {
    /// With its texts cut: what is stored is bounded, whatever was asked of the run.
    #[must_use]
    pub fn cut(mut self) -> Self {
        cut(&mut self.message);
        cut_all(&mut self.detail);
        self.agent_id = self.agent_id.filter(|agent| agent.as_str().len() <= TEXT_CHARS_MAX);
        self
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push_str(" ...");
    }
}

fn cut_all(detail: &mut Value) {
    match detail {
        Value::String(text) => cut(text),
        Value::Array(values) => values.iter_mut().for_each(cut_all),
        Value::Object(fields) => fields.values_mut().for_each(cut_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_of_a_thousand_characters_is_stored_whole_and_one_more_is_cut() {
        let mut whole = "é".repeat(TEXT_CHARS_MAX);
        cut(&mut whole);
        assert_eq!(whole.chars().count(), TEXT_CHARS_MAX);
        let mut detail = json!({ "a": ["é".repeat(TEXT_CHARS_MAX + 1), 7], "b": "short" });
        cut_all(&mut detail);
        assert_eq!(detail, json!({ "a": [format!("{whole} ..."), 7], "b": "short" }));
    }
}
