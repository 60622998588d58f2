//! What a request comes to: the same messages that every other door sends.

use actix::Recipient;
use actors::coordinator::agenda::Moment;
use actors::coordinator::command::{Command, CommandRefused, Done, Door};
use actors::coordinator::messages::{Inject, Operate};
use actors::coordinator::status::RunStatus;
use actors::domain::cycle::Cycle;
use shops::practice_shop::FaultSwitches;
use tokio::sync::watch;

use super::wire::{Answer, Ask, Error, ErrorKind};
use crate::injection;

/// The doors of one run.
#[derive(Clone)]
pub struct Desk {
    /// Operators' commands.
    pub operate: Recipient<Operate>,
    /// Developers' messages.
    pub inject: Recipient<Inject>,
    /// The run's picture.
    pub status: watch::Receiver<RunStatus>,
    /// The faults of the shop, where it is the practice shop in this process.
    pub faults: Option<FaultSwitches>,
}

impl Desk {
    /// Does what is asked; a watch is not asked here.
    pub async fn serve(&self, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Status | Ask::Watch => Ok(self.picture()),
            Ask::Operate(command) => self.operate(command).await.map(Answer::Done),
            Ask::Inject { message, at_cycle } => {
                self.inject(&message, at_cycle).await.map(Answer::Done)
            }
        }
    }

    /// The run as it is.
    pub fn picture(&self) -> Answer {
        Answer::Status(Box::new(self.status.borrow().clone()))
    }

    async fn operate(&self, command: Command) -> Result<Done, Error> {
        let operate = Operate { command, door: Door::Socket };
        let done = self.operate.send(operate).await.map_err(|_| gone())?;
        done.map_err(|why| refused(&why))
    }

    async fn inject(&self, message: &str, at_cycle: Option<u32>) -> Result<Done, Error> {
        let (text, faults) = (message.to_owned(), self.faults.clone());
        let injection = aside(move || {
            let message = injection::parse("message", &text).map_err(|error| error.to_string())?;
            injection::armed(message, faults).map_err(|error| error.to_string())
        });
        let injection = injection.await?.map_err(|why| Error::new(ErrorKind::Message, why))?;
        let at = at_cycle.map(|cycle| Moment::Tick(Cycle(cycle)));
        let inject = Inject { injection, at, door: Door::Socket };
        let done = self.inject.send(inject).await.map_err(|_| gone())?;
        done.map_err(|why| refused(&why))
    }
}

/// Does `work` on another thread than the actors': what a stranger may send costs them no time.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|lost| {
        let message = format!("a fault of the program: reading it failed ({lost})");
        Error::new(ErrorKind::Malformed, message)
    })
}

fn refused(why: &CommandRefused) -> Error {
    Error::new(ErrorKind::Refused, why.to_string())
}

fn gone() -> Error {
    Error::new(ErrorKind::Ended, "the run has ended")
}
