//! What the dashboard knows and what a key does to it. Nothing here draws, and nothing here waits:
//! the time is told.

pub(crate) mod mood;
pub(crate) mod plain_text;
pub(crate) mod verdict;

use std::time::{Duration, Instant};

use actors::coordinator::command::{Command, CommandRefused, Done, Quit};
use actors::coordinator::status::RunStatus;

use self::mood::Mood;
use super::keys::Key;
use crate::logging::diversion::Diverted;

/// How long an answer stays.
const NOTICE_LASTS: Duration = Duration::from_secs(8);
/// A second `q` counts only after this: a key that is held down must not stop a run.
pub const QUIT_AGAIN_AFTER: Duration = Duration::from_millis(800);

/// What is shown.
#[derive(Clone, Debug)]
pub struct State {
    /// The latest picture.
    pub status: RunStatus,
    /// When it came.
    seen_at: Instant,
    /// As of the last [`State::tick`].
    now: Instant,
    /// The answer to the last key.
    pub notice: Option<Notice>,
    /// Whether the help covers the panels.
    pub is_help: bool,
    /// When `q` was pressed last.
    quit_pressed: Option<Instant>,
    /// Messages that went into the file.
    pub messages: Diverted,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Of what kind.
    pub kind: NoticeKind,
    /// In words.
    pub text: String,
    /// When it goes; `None`: when something takes its place.
    until: Option<Instant>,
}

/// How a key's command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Asked for, not answered.
    Asked,
    /// Carried out.
    Done,
    /// Not carried out.
    Refused,
}

/// What a key asks of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Of the Coordinator.
    Ask(Command),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Nothing but to draw what changed.
    Show,
}

impl State {
    /// Before anything was seen but `status`.
    pub fn new(status: RunStatus, now: Instant) -> Self {
        Self {
            status,
            seen_at: now,
            now,
            notice: None,
            is_help: false,
            quit_pressed: None,
            messages: Diverted::default(),
        }
    }

    /// What the run is doing.
    pub fn mood(&self) -> Mood {
        Mood::of(&self.status)
    }

    /// Takes in a newer picture; whether it is an event, worth drawing before the next refresh.
    pub fn take_in(&mut self, status: RunStatus, now: Instant) -> bool {
        let was = std::mem::replace(&mut self.status, status);
        self.seen_at = now;
        self.tick(now);
        let is = &self.status;
        let (was_sessions, sessions) = (&was.health.sessions, &is.health.sessions);
        let incident = |status: &RunStatus| status.news.incidents.last().map(|line| line.number);
        Mood::of(&was) != self.mood()
            || (was.attempt.cycle, was.attempt.replay) != (is.attempt.cycle, is.attempt.replay)
            || was.attempt.last != is.attempt.last
            || was.frozen != is.frozen
            || was.saved != is.saved
            || was.traffic.rate_limit != is.traffic.rate_limit
            || was.clock.interval_ms != is.clock.interval_ms
            || was.health.quarantined != is.health.quarantined
            || incident(&was) != incident(is)
            || was_sessions.len() != sessions.len()
            || was_sessions.iter().zip(sessions).any(|(a, b)| a.standing != b.standing)
    }

    /// Time goes on: an answer that was read long enough goes.
    pub fn tick(&mut self, now: Instant) {
        self.now = now;
        if self.notice.as_ref().is_some_and(|notice| notice.until.is_some_and(|t| t <= now)) {
            self.notice = None;
        }
    }

    /// How long nothing was heard of the run; it shows itself each second.
    pub fn silence(&self) -> Duration {
        self.now.saturating_duration_since(self.seen_at)
    }

    /// A key was pressed.
    pub fn press(&mut self, key: Key, now: Instant) -> Act {
        self.tick(now);
        let command = match key {
            Key::Help => {
                self.is_help = !self.is_help;
                return Act::Show;
            }
            Key::Close => {
                self.is_help = false;
                return Act::Show;
            }
            Key::Interrupt => return Act::Interrupt,
            Key::Suspend => return Act::Suspend,
            Key::Redraw => return Act::Redraw,
            Key::Pause => Command::Pause,
            Key::Resume => Command::Resume,
            Key::Checkpoint => Command::Checkpoint,
            Key::Quit => match self.quit(now) {
                Some(quit) => Command::Quit(quit),
                None => return Act::Show,
            },
        };
        self.is_help = false;
        self.note(NoticeKind::Asked, self.asked(&command), None);
        Act::Ask(command)
    }

    /// What `q` means: the end after the cycle, and pressed again the end now.
    fn quit(&mut self, now: Instant) -> Option<Quit> {
        let pressed = self.quit_pressed.replace(now);
        let is_held =
            pressed.is_some_and(|at| now.saturating_duration_since(at) < QUIT_AGAIN_AFTER);
        match self.status.ending {
            Some(Quit::Now) => None,
            _ if is_held => None,
            Some(Quit::AfterCycle) => Some(Quit::Now),
            None if pressed.is_some() => Some(Quit::Now),
            None => Some(Quit::AfterCycle),
        }
    }

    /// What stands in the footer until the answer comes.
    fn asked(&self, command: &Command) -> String {
        let cycle = self.status.attempt.cycle;
        if *command == Command::Checkpoint && self.mood().is_going_on() {
            format!("a checkpoint is written at the end of cycle {cycle}")
        } else if *command == Command::Resume && self.mood() == Mood::Frozen {
            "the shop is looked at over every HTTP session".to_owned()
        } else {
            format!("{command} is asked for")
        }
    }

    /// The Coordinator has answered; `None`: it is gone.
    pub fn answer(&mut self, answer: Option<Result<Done, CommandRefused>>, now: Instant) {
        self.tick(now);
        let (kind, text) = match answer {
            Some(Ok(done)) => (NoticeKind::Done, done.message),
            Some(Err(refused)) => {
                self.quit_pressed = None;
                (NoticeKind::Refused, refused.to_string())
            }
            None => (NoticeKind::Refused, "the run is ending".to_owned()),
        };
        self.note(kind, text, Some(now + NOTICE_LASTS));
    }

    fn note(&mut self, kind: NoticeKind, text: String, until: Option<Instant>) {
        self.notice = Some(Notice { kind, text, until });
    }

    /// Messages that tell no incident that is shown anyway, oldest first.
    pub fn other_messages(&self) -> Vec<&str> {
        let tells_incident = |line: &&String| {
            self.status.news.incidents.iter().any(|incident| line.contains(&incident.message))
        };
        let others = self.messages.recent.iter().filter(|line| !tells_incident(line));
        others.map(String::as_str).collect()
    }
}

#[cfg(test)]
#[path = "state/state_tests.rs"]
mod state_tests;
