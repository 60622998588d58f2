//! What operators may ask of a run: one set of commands behind all doors.
//!
//! A command is data: keys, socket, signals, page and scenarios build one, and hear the same answer
//! in the same words. What they need to know of it is its [`Form`].

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AgentId, SessionId};
use crate::domain::in_flight::{InFlight, InFlightError};
use crate::domain::incident::IncidentKind;
use crate::domain::persona::words;
use crate::domain::rate::{Rate, RateError};
use crate::domain::time_scale::{TimeScale, TimeScaleError};

use super::agenda::{AGENDA_MAX, Moment};
use crate::injection::examples::{Example, example};

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
    /// Change the limit; the bound on calls in flight stays as it is.
    Rate(Rate),
    /// Change the limit and take the bound on calls in flight away.
    FixedRate(Rate),
    /// Change the bound on calls in flight.
    InFlight(InFlight),
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

/// What every door needs to know of one kind of command: a row each, here and nowhere else.
#[derive(Debug)]
pub struct Form {
    /// Its word, as in `cartload ctl WORD`.
    pub word: &'static str,
    /// What it does, for a list of them.
    pub about: &'static str,
    /// What stands behind the word.
    pub takes: Takes,
    /// Whether its answer waits for a cycle's end or for the shop.
    pub takes_time: bool,
    /// The incident that says it was done.
    pub incident: IncidentKind,
    /// How it is injected.
    pub example: Example,
}

/// What stands behind a command's word.
#[derive(Debug)]
pub enum Takes {
    /// Nothing.
    Nothing(
        /// The command.
        Command,
    ),
    /// A flag, which makes another command of it.
    Flag {
        /// Its name, without dashes.
        name: &'static str,
        /// What it does.
        about: &'static str,
        /// The command without it.
        without: Command,
        /// The command with it.
        with: Command,
    },
    /// A value.
    Value {
        /// What stands for it in the usage.
        name: &'static str,
        /// What may be given.
        about: &'static str,
        /// The command with this value, or what is wrong with it.
        read: fn(&str) -> Result<Command, String>,
    },
    /// A value, and a flag that makes another command of it.
    ValueAndFlag {
        /// What stands for the value in the usage.
        name: &'static str,
        /// What may be given.
        about: &'static str,
        /// The command with this value, or what is wrong with it.
        read: fn(&str) -> Result<Command, String>,
        /// The flag's name, without dashes.
        flag: &'static str,
        /// What it does.
        flag_about: &'static str,
        /// The command with the flag, of the one without.
        with: fn(Command) -> Command,
    },
}

/// Of every kind of command its form, in the order in which lists show them.
pub static FORMS: [&Form; 8] =
    [&PAUSE, &RESUME, &CHECKPOINT, &QUIT, &REVIVE, &RATE, &IN_FLIGHT, &TIME_SCALE];

static PAUSE: Form = Form {
    word: "pause",
    about: "Park it: nothing more is sent",
    takes: Takes::Nothing(Command::Pause),
    takes_time: false,
    incident: IncidentKind::Pause,
    example: example("Coordinator(Pause)", "what `ctl pause` does"),
};
static RESUME: Form = Form {
    word: "resume",
    about: "Go on after a pause, or open a frozen run",
    takes: Takes::Nothing(Command::Resume),
    takes_time: true,
    incident: IncidentKind::Resume,
    example: example("Coordinator(Resume)", "what `ctl resume` does"),
};
static CHECKPOINT: Form = Form {
    word: "checkpoint",
    about: "Write a checkpoint; waits for the end of the cycle",
    takes: Takes::Nothing(Command::Checkpoint),
    takes_time: true,
    incident: IncidentKind::Command,
    example: example("Coordinator(Checkpoint)", "what `ctl checkpoint` does"),
};
static QUIT: Form = Form {
    word: "quit",
    about: "End it after its cycle",
    takes: Takes::Flag {
        name: "now",
        about: "Flows under way have 10 s",
        without: Command::Quit(Quit::AfterCycle),
        with: Command::Quit(Quit::Now),
    },
    takes_time: false,
    incident: IncidentKind::Command,
    example: example("Coordinator(Quit(AfterCycle))", "what `ctl quit` does; or Quit(Now)"),
};
static REVIVE: Form = Form {
    word: "revive",
    about: "Give an agent in quarantine its ticks back",
    takes: Takes::Value {
        name: "AGENT",
        about: "As `status` names it",
        read: |agent| Ok(Command::Revive(AgentId::new(agent))),
    },
    takes_time: false,
    incident: IncidentKind::Revive,
    example: example(r#"Coordinator(Revive("agent_017"))"#, "what `ctl revive agent_017` does"),
};
static RATE: Form = Form {
    word: "rate",
    about: "Change the limit of requests a second",
    takes: Takes::ValueAndFlag {
        name: "N|unlimited",
        about: "A number above 0, or unlimited",
        read: |rate| rate.parse().map(Command::Rate).map_err(|e: RateError| e.to_string()),
        flag: "fixed",
        flag_about: "Send as many, however slowly the shop answers: no bound on calls in flight",
        with: |command| {
            if let Command::Rate(rate) = command { Command::FixedRate(rate) } else { command }
        },
    },
    takes_time: false,
    incident: IncidentKind::Command,
    example: example(
        "Coordinator(Rate(20))",
        "what `ctl rate 20` does; or \"unlimited\"; FixedRate(20): with --fixed",
    ),
};
static IN_FLIGHT: Form = Form {
    word: "in-flight",
    about: "Change the bound on calls in flight",
    takes: Takes::Value {
        name: "auto|off|N",
        about: "As many as the shop keeps up with, any, or so many",
        read: |n| n.parse().map(Command::InFlight).map_err(|e: InFlightError| e.to_string()),
    },
    takes_time: false,
    incident: IncidentKind::Command,
    example: example(
        r#"Coordinator(InFlight("auto"))"#,
        "what `ctl in-flight auto` does; or \"off\", or a number",
    ),
};
static TIME_SCALE: Form = Form {
    word: "time-scale",
    about: "Change how fast simulated time runs",
    takes: Takes::Value {
        name: "N|max",
        about: "Simulated seconds per real second, or max",
        read: |n| n.parse().map(Command::TimeScale).map_err(|e: TimeScaleError| e.to_string()),
    },
    takes_time: false,
    incident: IncidentKind::Command,
    example: example("Coordinator(TimeScale(720))", "what `ctl time-scale 720` does; or \"max\""),
};

impl Command {
    /// What its doors need to know of its kind.
    pub fn form(&self) -> &'static Form {
        match self {
            Self::Pause => &PAUSE,
            Self::Resume => &RESUME,
            Self::Checkpoint => &CHECKPOINT,
            Self::Quit(_) => &QUIT,
            Self::Revive(_) => &REVIVE,
            Self::Rate(_) | Self::FixedRate(_) => &RATE,
            Self::InFlight(_) => &IN_FLIGHT,
            Self::TimeScale(_) => &TIME_SCALE,
        }
    }

    /// The agent that it is about.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Revive(agent) => Some(agent),
            Self::Pause
            | Self::Resume
            | Self::Checkpoint
            | Self::Quit(_)
            | Self::Rate(_)
            | Self::FixedRate(_)
            | Self::InFlight(_)
            | Self::TimeScale(_) => None,
        }
    }
}

impl fmt::Display for Command {
    /// As after `cartload ctl`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.form().word)?;
        match self {
            Self::Pause | Self::Resume | Self::Checkpoint | Self::Quit(Quit::AfterCycle) => Ok(()),
            Self::Quit(Quit::Now) => f.write_str(" --now"),
            Self::Revive(agent) => write!(f, " {agent}"),
            Self::Rate(rate) => write!(f, " {rate}"),
            Self::FixedRate(rate) => write!(f, " {rate} --fixed"),
            Self::InFlight(bound) => write!(f, " {bound}"),
            Self::TimeScale(scale) => write!(f, " {scale}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_same_in_json_and_in_words() {
        let agent = AgentId::new("agent_017");
        let scale = Command::TimeScale(TimeScale::Ratio(720.0));
        for (json, command, words) in [
            (r#""Pause""#, Command::Pause, "pause"),
            (r#"{"Quit":"Now"}"#, Command::Quit(Quit::Now), "quit --now"),
            (r#"{"Revive":"agent_017"}"#, Command::Revive(agent), "revive agent_017"),
            (r#"{"Rate":"unlimited"}"#, Command::Rate(Rate::Unlimited), "rate unlimited"),
            (r#"{"FixedRate":20.0}"#, Command::FixedRate(Rate::PerSecond(20.0)), "rate 20 --fixed"),
            (r#"{"InFlight":12}"#, Command::InFlight(InFlight::Fixed(12)), "in-flight 12"),
            (r#"{"TimeScale":720.0}"#, scale, "time-scale 720"),
        ] {
            assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
            assert_eq!(serde_json::to_string(&command).unwrap(), json);
            assert_eq!(command.to_string(), words);
        }
    }

    #[test]
    fn the_example_of_each_form_is_of_its_kind_and_says_what_ctl_takes() {
        for form in FORMS {
            let inner = form.example.message.strip_prefix("Coordinator(").unwrap();
            let command: Command = ron::from_str(inner.strip_suffix(')').unwrap()).unwrap();
            assert_eq!(command.form().word, form.word);
            let does = format!("what `ctl {command}` does");
            assert!(form.example.effect.starts_with(&does), "{}", form.example.effect);
        }
    }
}
