//! What operators may ask of a run: one set of commands behind all doors.
//!
//! A command is data: keys, socket, signals, page and scenarios build one, and hear the same answer
//! in the same words.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AgentId, SessionId};
use crate::domain::persona::words;
use crate::domain::rate::Rate;
use crate::domain::time_scale::TimeScale;

use super::agenda::{AGENDA_MAX, Moment};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Park the run: calls in flight end, waiting permits stay queued.
    Pause,
    /// Continue a paused run, or open a frozen one and repeat its broken cycle as replay.
    Resume,
    /// Write a checkpoint: at the boundary while running, else at once.
    Checkpoint,
    /// End the run.
    Quit(Quit),
    /// Give a quarantined agent its ticks back, its crashes forgotten.
    Revive(AgentId),
    /// Change the limit.
    Rate(Rate),
    /// Change how fast simulated time runs.
    TimeScale(TimeScale),
}

/// When a run ends that is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quit {
    /// Finish the cycle, checkpoint, end.
    AfterCycle,
    /// No new permits; flows in flight have 10 s, the rest ends as stopped.
    Now,
}

words!(
    /// The way a command came in.
    Door, "door" {
        /// A key of the dashboard.
        Key = "key",
        /// The control socket: `cartload ctl`.
        Socket = "socket",
        /// Ctrl-C or SIGTERM.
        Signal = "signal",
        /// The web page.
        Page = "page",
        /// A step of a scenario.
        Scenario = "scenario",
        /// A developer's injected message.
        Injection = "injection",
        /// Code that holds the Coordinator's address: a test, or the process itself.
        Program = "program",
    }
);

impl Door {
    /// Whether what comes in here is a rehearsal of what operators and faults do.
    pub fn is_drill(self) -> bool {
        matches!(self, Self::Scenario | Self::Injection)
    }
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What is true of the run from here on, a sentence without its end.
    pub message: String,
    /// The file, where one was written for it.
    pub checkpoint: Option<PathBuf>,
}

impl Done {
    /// Done, without a file.
    pub fn that(message: impl Into<String>) -> Self {
        Self { message: message.into(), checkpoint: None }
    }
}

/// Why a command was not carried out, or a message not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandRefused {
    /// It makes no sense in this state.
    #[error("the run is {state}: {hint}")]
    WrongState {
        /// The state.
        state: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// It names an agent for whom it makes no sense.
    #[error("{agent_id} {why}")]
    Agent {
        /// Who.
        agent_id: AgentId,
        /// Why not.
        why: &'static str,
    },
    /// There is no such HTTP session.
    #[error("there is no HTTP session {http_session}: they are 0 to {}", sessions - 1)]
    NoSession {
        /// The one that was named.
        http_session: SessionId,
        /// How many there are.
        sessions: usize,
    },
    /// That moment has gone by.
    #[error("{moment} is past: the next one is {next}")]
    Past {
        /// The one that was named.
        moment: Moment,
        /// The next one of its kind.
        next: Moment,
    },
    /// Too much waits for moments to come.
    #[error("{AGENDA_MAX} messages wait for their moments already: wait until some are through")]
    AgendaFull,
    /// The shop cannot be told to fail like this.
    #[error("{0}")]
    ShopDrill(
        /// Why.
        String,
    ),
    /// The checkpoint could not be written.
    #[error("{0}")]
    Checkpoint(
        /// Why.
        String,
    ),
    /// The shop is not ready to be shopped at again.
    #[error("{0}; the run stays frozen: look at the shop, then resume again")]
    Shop(
        /// Why.
        String,
    ),
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Quit(Quit::AfterCycle) => f.write_str("quit"),
            Self::Quit(Quit::Now) => f.write_str("quit --now"),
            Self::Revive(agent) => write!(f, "revive {agent}"),
            Self::Rate(rate) => write!(f, "rate {rate}"),
            Self::TimeScale(scale) => write!(f, "time-scale {scale}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_same_in_json_and_in_words() {
        let agent = AgentId::new("agent_017");
        for (json, command, words) in [
            (r#""Pause""#, Command::Pause, "pause"),
            (r#"{"Quit":"Now"}"#, Command::Quit(Quit::Now), "quit --now"),
            (r#"{"Revive":"agent_017"}"#, Command::Revive(agent), "revive agent_017"),
            (r#"{"Rate":"unlimited"}"#, Command::Rate(Rate::Unlimited), "rate unlimited"),
            (
                r#"{"TimeScale":720.0}"#,
                Command::TimeScale(TimeScale::Ratio(720.0)),
                "time-scale 720",
            ),
        ] {
            assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
            assert_eq!(serde_json::to_string(&command).unwrap(), json);
            assert_eq!(command.to_string(), words);
        }
    }
}
