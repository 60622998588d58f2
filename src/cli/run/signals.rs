//! Ctrl-C and SIGTERM become commands to quit; asked once too often, the process ends by itself.
//!
//! The task must be able to end the process without help: the run it serves may be stuck. After
//! SIGTERM a thread of its own ends it at the latest when [`GRACE`] is over.

use std::io;
use std::time::Duration;

use actix::Recipient;
use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::messages::Operate;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{ExitCode, output};

/// From SIGTERM to the end of the process, at most: 10 s for flows under way, the rest for rows,
/// checkpoint and last alerts. Below the 30 s that Kubernetes waits by default.
pub const GRACE: Duration = Duration::from_secs(25);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Of the Coordinator.
    Ask(Quit),
    /// Of nobody: the process ends here.
    ExitAtOnce(ExitCode),
}

/// How often was asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Escalation {
    /// Ctrl-C so far.
    interrupts: u32,
    /// SIGTERM so far.
    terminations: u32,
}

impl Escalation {
    /// Ctrl-C: finish the cycle; twice: stop now; three times: end.
    pub fn interrupted(&mut self) -> Step {
        self.interrupts += 1;
        match self.interrupts {
            1 => Step::Ask(Quit::AfterCycle),
            2 => Step::Ask(Quit::Now),
            _ => Step::ExitAtOnce(ExitCode::Interrupted),
        }
    }

    /// SIGTERM: stop now; twice: end.
    pub fn terminated(&mut self) -> Step {
        self.terminations += 1;
        match self.terminations {
            1 => Step::Ask(Quit::Now),
            _ => Step::ExitAtOnce(ExitCode::Terminated),
        }
    }
}

/// Forwards signals to `coordinator` until the process ends; the receiver holds the code of the
/// last signal seen. Must be called inside an actix system.
pub fn forward(coordinator: Recipient<Operate>) -> io::Result<watch::Receiver<Option<ExitCode>>> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let (seen, receiver) = watch::channel(None);
    actix_rt::spawn(async move {
        let mut escalation = Escalation::default();
        loop {
            let (code, step) = tokio::select! {
                Some(()) = interrupts.recv() => (ExitCode::Interrupted, escalation.interrupted()),
                Some(()) = terminations.recv() => (ExitCode::Terminated, escalation.terminated()),
                else => return,
            };
            seen.send_replace(Some(code));
            if code == ExitCode::Terminated {
                end_after_grace();
            }
            match step {
                Step::Ask(quit) => {
                    output::message(announcement(quit));
                    actix_rt::spawn(ask(coordinator.clone(), quit));
                }
                Step::ExitAtOnce(code) => std::process::exit(i32::from(code as u8)),
            }
        }
    });
    Ok(receiver)
}

/// Ends the process when the grace is over; nothing it waits for can keep it.
fn end_after_grace() {
    let ends = || {
        std::thread::sleep(GRACE);
        output::message(
            "error: not everything was saved within 25 s of SIGTERM; `cartload resume` goes on \
             from the newest checkpoint",
        );
        std::process::exit(i32::from(ExitCode::Terminated as u8));
    };
    if let Err(error) = std::thread::Builder::new().name("grace".to_owned()).spawn(ends) {
        tracing::warn!(%error, "no thread ends this process if it hangs");
    }
}

fn announcement(quit: Quit) -> &'static str {
    match quit {
        Quit::AfterCycle => "finishing the cycle; Ctrl-C again stops now",
        Quit::Now => "stopping: flows under way have 10 s",
    }
}

/// In a task of its own, so that the next signal is heard while the Coordinator is busy.
async fn ask(coordinator: Recipient<Operate>, quit: Quit) {
    let operate = Operate { command: Command::Quit(quit), door: Door::Signal };
    match coordinator.send(operate).await {
        Ok(Ok(_)) => {}
        Ok(Err(refused)) => output::message(&format!("warning: {refused}")),
        // The Coordinator is gone: the run is ending.
        Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_finishes_the_cycle_then_stops_now_then_ends_the_process() {
        let mut escalation = Escalation::default();
        assert_eq!(escalation.interrupted(), Step::Ask(Quit::AfterCycle));
        assert_eq!(escalation.interrupted(), Step::Ask(Quit::Now));
        assert_eq!(escalation.interrupted(), Step::ExitAtOnce(ExitCode::Interrupted));
    }

    #[test]
    fn sigterm_stops_now_and_the_second_ends_the_process() {
        let mut escalation = Escalation::default();
        assert_eq!(escalation.interrupted(), Step::Ask(Quit::AfterCycle));
        assert_eq!(escalation.terminated(), Step::Ask(Quit::Now));
        assert_eq!(escalation.terminated(), Step::ExitAtOnce(ExitCode::Terminated));
    }
}
