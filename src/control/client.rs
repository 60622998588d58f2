//! The other side: one request after the other, from a process that waits for each answer.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actors::coordinator::command::{Command, Done};
use actors::coordinator::status::RunStatus;

use super::wire::{Answer, Ask, ErrorKind, Reply, Request, VERSION};
use super::{ControlError, SOCKET_FILE, place};

/// A run that lives answers within this; a checkpoint and a resume wait for more than that.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A connection to the run of a data directory.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the run that works in `data`.
    pub fn connect(data: &Path) -> Result<Self, ControlError> {
        let socket = data.join(SOCKET_FILE);
        let no_run = || ControlError::NoRun { data: data.to_path_buf(), socket: socket.clone() };
        let connected = place::of_run(data).and_then(UnixStream::connect);
        match connected {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream), socket }),
            Err(error) if place::is_dead(&error) => Err(no_run()),
            Err(cause) => Err(ControlError::Io { socket, cause }),
        }
    }

    /// The run's picture.
    pub fn status(&mut self) -> Result<RunStatus, ControlError> {
        match self.ask(Ask::Status, Some(ANSWER_MAX))? {
            Answer::Status(status) => Ok(*status),
            Answer::Done(_) => Err(self.foreign("it is no status")),
        }
    }

    /// Carries out a command.
    pub fn operate(&mut self, command: Command) -> Result<Done, ControlError> {
        let patience = (!command.form().takes_time).then_some(ANSWER_MAX);
        self.done(Ask::Operate(command), patience)
    }

    /// Injects a message, as RON.
    pub fn inject(&mut self, message: &str, at_cycle: Option<u32>) -> Result<Done, ControlError> {
        let inject = Ask::Inject { message: message.to_owned(), at_cycle };
        // One for the Coordinator may be a checkpoint.
        self.done(inject, None)
    }

    /// Gives each new picture to `show` until the run ends, or `show` says false.
    pub fn watch(
        &mut self,
        mut show: impl FnMut(&RunStatus) -> io::Result<bool>,
    ) -> Result<(), ControlError> {
        self.say(&Ask::Watch, None)?;
        loop {
            let status = match self.hear() {
                Ok(Answer::Status(status)) => status,
                Ok(Answer::Done(_)) => return Err(self.foreign("it is no status")),
                Err(ControlError::Io { cause, .. })
                    if cause.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if !show(&status).map_err(|cause| self.io(cause))? {
                return Ok(());
            }
        }
    }

    fn done(&mut self, ask: Ask, patience: Option<Duration>) -> Result<Done, ControlError> {
        match self.ask(ask, patience)? {
            Answer::Done(done) => Ok(done),
            Answer::Status(_) => Err(self.foreign("it is a status")),
        }
    }

    fn ask(&mut self, ask: Ask, patience: Option<Duration>) -> Result<Answer, ControlError> {
        self.say(&ask, patience)?;
        self.hear()
    }

    fn say(&mut self, ask: &Ask, patience: Option<Duration>) -> Result<(), ControlError> {
        let request = Request::of(ask.clone());
        let mut line = serde_json::to_vec(&request).map_err(|e| self.io(e.into()))?;
        line.push(b'\n');
        let stream = self.stream.get_mut();
        let said = stream.set_read_timeout(patience).and_then(|()| stream.write_all(&line));
        said.map_err(|cause| self.io(cause))
    }

    fn hear(&mut self) -> Result<Answer, ControlError> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => {
                let cause = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the run went away before it answered",
                );
                return Err(self.io(cause));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let seconds = ANSWER_MAX.as_secs();
                let cause = io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("the run has not answered for {seconds} s"),
                );
                return Err(self.io(cause));
            }
            Err(cause) => return Err(self.io(cause)),
        }
        let reply: Reply =
            serde_json::from_str(&line).map_err(|error| self.foreign(&error.to_string()))?;
        match reply {
            Reply { v, .. } if v != VERSION => Err(self.foreign(&format!("version {v}"))),
            Reply { answer: Some(answer), .. } => Ok(answer),
            Reply { error: Some(error), .. } => Err(match error.kind {
                ErrorKind::Malformed | ErrorKind::Version => self.foreign(&error.message),
                ErrorKind::Refused
                | ErrorKind::Message
                | ErrorKind::Busy
                | ErrorKind::Ended
                | ErrorKind::Idle => ControlError::Refused(error.message),
            }),
            Reply { .. } => Err(self.foreign("it is empty")),
        }
    }

    fn io(&self, cause: io::Error) -> ControlError {
        ControlError::Io { socket: self.socket.clone(), cause }
    }

    fn foreign(&self, cause: &str) -> ControlError {
        ControlError::Foreign { socket: self.socket.clone(), cause: cause.to_owned() }
    }
}
