//! Plays a scenario against a live run: does each step at its moment, follows what is expected, and
//! ends the run when the last step is decided.
//!
//! Steps with a moment are noted with the run before its first tick: none is missed however fast it
//! goes. They happen at their moments; a step without one begins when those above are decided.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use actix::Recipient;
use actors::coordinator::command::{Command, CommandRefused, Done, Door, Quit};
use actors::coordinator::messages::{Appoint, Appointment, Inject};
use actors::coordinator::status::RunStatus;
use actors::injection::Injection;
use shops::practice_shop::FaultSwitches;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::expectation::{Expectation, Seen};
use super::following::Following;
use super::report::{Line, ScenarioReport};
use super::{Scenario, Step};
use crate::injection;

/// The ways to a run that a scenario takes.
#[derive(Clone)]
pub struct Doors {
    /// Messages and commands, at once.
    pub inject: Recipient<Inject>,
    /// Messages, commands and a look, at a moment.
    pub appoint: Recipient<Appoint>,
    /// The run's picture.
    pub status: watch::Receiver<RunStatus>,
    /// The faults of the shop, where it is the practice shop in this process.
    pub faults: Option<FaultSwitches>,
}

/// A scenario that is noted with a run.
pub struct Player {
    name: String,
    about: String,
    limit: Duration,
    doors: Doors,
    /// Steps to come, the next one last.
    to_come: Vec<Noted>,
    /// The step that is under way or was the last.
    number: usize,
    /// When, in words.
    when: String,
    /// What of it is not decided yet, in words and in order.
    open: VecDeque<String>,
    /// Its expectations, once what it does is done.
    following: Option<Following>,
    lines: Vec<Line>,
}

/// A step, and where what happens at its moment will be heard.
struct Noted {
    step: Step,
    appointment: Option<Appointment>,
}

/// The run goes away: nothing more comes.
struct Gone;

/// Why a scenario cannot be noted with a run.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// The run ended before it was noted.
    #[error("the run is gone")]
    Gone,
    /// The run will not do it.
    #[error(transparent)]
    Refused(#[from] CommandRefused),
    /// A message for the shop cannot be made ready.
    #[error(transparent)]
    Message(#[from] ron::Error),
}

impl Player {
    /// Notes every step that has a moment; to be called before the run's first tick.
    pub async fn note(scenario: Scenario, doors: Doors) -> Result<Self, NoteError> {
        let mut to_come = Vec::new();
        for step in scenario.steps {
            let appointment = match step.at {
                Some(at) => {
                    let injections = armed(&step, &doors)?;
                    let noted = doors.appoint.send(Appoint { at, injections }).await;
                    Some(noted.map_err(|_| NoteError::Gone)??)
                }
                None => None,
            };
            to_come.push(Noted { step, appointment });
        }
        to_come.reverse();
        Ok(Self {
            name: scenario.name,
            about: scenario.about,
            limit: Duration::from_secs(scenario.limit_s.into()),
            doors,
            to_come,
            number: 0,
            when: String::new(),
            open: VecDeque::new(),
            following: None,
            lines: Vec::new(),
        })
    }

    /// Plays it, from the run's first tick to its last step, its limit or the run's end, which
    /// `ended` tells.
    pub async fn play(mut self, ended: CancellationToken) -> ScenarioReport {
        let limit = self.limit;
        let why = tokio::select! {
            biased;
            Ok(()) = self.go_through() => None,
            () = ended.cancelled() => Some("the run ended".to_owned()),
            () = tokio::time::sleep(limit) => {
                Some(format!("the {} s of `limit_s` were over", limit.as_secs()))
            }
        };
        let quit = if why.is_none() { Quit::AfterCycle } else { Quit::Now };
        if let Some(why) = why {
            self.give_up(&why);
        }
        if !ended.is_cancelled() {
            // It may be ending by itself.
            let _ = self.inject(Injection::Coordinator(Command::Quit(quit))).await;
        }
        ScenarioReport::new(self.name, self.about, self.lines)
    }

    async fn go_through(&mut self) -> Result<(), Gone> {
        while let Some(Noted { step, appointment }) = self.to_come.pop() {
            self.begin(&step);
            let picture = match appointment {
                Some(appointment) => self.keep(&step, appointment).await?,
                None => self.act(&step).await?,
            };
            if !step.expect.is_empty() {
                let now = Instant::now();
                self.following = Some(Following::new(step.expect, step.watch, &picture, now));
                self.follow(picture).await?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, step: &Step) {
        self.number += 1;
        self.when = step.to_string();
        let deeds = step.deeds.iter().map(|deed| match deed.is_refused {
            true => format!("refusal of {}", deed.message),
            false => deed.message.to_string(),
        });
        self.open = deeds.chain(step.expect.iter().map(Expectation::to_string)).collect();
    }

    /// Hears what became of a step at its moment.
    async fn keep(&mut self, step: &Step, appointment: Appointment) -> Result<RunStatus, Gone> {
        for (deed, outcome) in step.deeds.iter().zip(appointment.outcomes) {
            let outcome = outcome.await.map_err(|_| Gone)?;
            self.judge(deed.is_refused, outcome);
        }
        appointment.picture.await.map_err(|_| Gone)
    }

    /// Does a step now.
    async fn act(&mut self, step: &Step) -> Result<RunStatus, Gone> {
        let injections = armed(step, &self.doors).map_err(|_| Gone)?;
        for (deed, injection) in step.deeds.iter().zip(injections) {
            let outcome = self.inject(injection).await?;
            self.judge(deed.is_refused, outcome);
        }
        Ok(self.doors.status.borrow().clone())
    }

    async fn inject(&self, injection: Injection) -> Result<Result<Done, CommandRefused>, Gone> {
        let inject = Inject { injection, at: None, door: Door::Scenario };
        self.doors.inject.send(inject).await.map_err(|_| Gone)
    }

    fn judge(&mut self, is_refused: bool, outcome: Result<Done, CommandRefused>) {
        let holds = outcome.is_err() == is_refused;
        let saw = match outcome {
            Ok(_) => "done".to_owned(),
            Err(why) => format!("refused: {why}"),
        };
        let cycle = self.doors.status.borrow().attempt.cycle.0;
        self.decide(vec![Seen { holds, saw }], cycle);
    }

    /// Looks at each picture until what is followed is decided.
    async fn follow(&mut self, mut picture: RunStatus) -> Result<(), Gone> {
        while let Some(following) = &self.following {
            if let Some(seen) = following.look(&picture, Instant::now()) {
                self.following = None;
                self.decide(seen, picture.attempt.cycle.0);
                return Ok(());
            }
            let deadline = following.deadline();
            tokio::select! {
                changed = self.doors.status.changed() => changed.map_err(|_| Gone)?,
                () = sleep_until(deadline) => {}
            }
            picture = self.doors.status.borrow_and_update().clone();
        }
        Ok(())
    }

    /// This was seen of what was open first.
    fn decide(&mut self, seen: Vec<Seen>, cycle: u32) {
        for (what, seen) in self.open.drain(..seen.len()).zip(seen).collect::<Vec<_>>() {
            self.line(Line::seen(self.number, self.when.clone(), what, seen, cycle));
        }
    }

    /// Nothing more will come: what is followed is judged by the last picture, where it can be.
    fn give_up(&mut self, why: &str) {
        let last = self.doors.status.borrow().clone();
        let why = match &last.frozen {
            Some(reason) => format!("{why}, frozen at cycle {}: {reason}", last.attempt.cycle),
            None => format!("{why} at cycle {}", last.attempt.cycle),
        };
        if let Some(seen) = self.following.take().and_then(|following| following.give_up(&last)) {
            self.decide(seen, last.attempt.cycle.0);
        }
        self.never(&why);
        while let Some(Noted { step, .. }) = self.to_come.pop() {
            self.begin(&step);
            self.never(&why);
        }
    }

    fn never(&mut self, why: &str) {
        for what in std::mem::take(&mut self.open) {
            self.line(Line::never(self.number, self.when.clone(), what, why));
        }
    }

    fn line(&mut self, line: Line) {
        if line.held {
            tracing::info!("{line}");
        } else {
            tracing::warn!("{line}");
        }
        self.lines.push(line);
    }
}

/// The messages of a step, made ready for this run.
fn armed(step: &Step, doors: &Doors) -> Result<Vec<Injection>, ron::Error> {
    let messages = step.deeds.iter().map(|deed| deed.message.clone());
    messages.map(|message| injection::armed(message, doors.faults.clone())).collect()
}

/// Never, without a deadline.
async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
