//! Ctrl-C, SIGTERM and the end of the terminal become commands to quit; asked once too often, the
//! process ends by itself.
//!
//! The task must be able to end the process without help: the run it serves may be stuck. After
//! SIGTERM a thread of its own ends it at the latest when [`GRACE`] is over.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use actix::Recipient;
use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::messages::Operate;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::watch;

use crate::dashboard::terminal;
use crate::logging::Screen;

/// From SIGTERM to the end of the process, at most: 10 s for flows under way, the rest for rows,
/// checkpoint and last alerts. Below the 30 s that Kubernetes waits by default.
pub const GRACE: Duration = Duration::from_secs(25);

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: the terminal is gone, or somebody sent it.
    HungUp,
    /// SIGINT: Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Signal {
    /// What a process ends with that it ended, as a shell has it: 128 and the signal's number.
    pub fn status(self) -> i32 {
        let kind = match self {
            Self::HungUp => SignalKind::hangup(),
            Self::Interrupted => SignalKind::interrupt(),
            Self::Terminated => SignalKind::terminate(),
        };
        128 + kind.as_raw_value()
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HungUp => "SIGHUP, the end of the terminal",
            Self::Interrupted => "Ctrl-C",
            Self::Terminated => "SIGTERM",
        })
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Of the Coordinator.
    Ask(Quit),
    /// Of nobody: the process ends here.
    ExitAtOnce(Signal),
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
            _ => Step::ExitAtOnce(Signal::Interrupted),
        }
    }

    /// SIGTERM, or the terminal is gone: stop now; twice: end.
    pub fn terminated(&mut self) -> Step {
        self.terminations += 1;
        match self.terminations {
            1 => Step::Ask(Quit::Now),
            _ => Step::ExitAtOnce(Signal::Terminated),
        }
    }
}

/// Forwards signals to `coordinator` until the process ends; the receiver holds the
/// last signal heard. Must be called inside an actix system.
pub fn forward(
    coordinator: Recipient<Operate>,
    screen: Screen,
) -> io::Result<watch::Receiver<Option<Signal>>> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hangups = hangups()?;
    let (seen, receiver) = watch::channel(None);
    actix_rt::spawn(async move {
        let mut escalation = Escalation::default();
        loop {
            let (heard, step) = tokio::select! {
                Some(()) = interrupts.recv() => (Signal::Interrupted, escalation.interrupted()),
                Some(()) = terminations.recv() => (Signal::Terminated, escalation.terminated()),
                Some(()) = next(&mut hangups) => (Signal::HungUp, escalation.terminated()),
                else => return,
            };
            seen.send_replace(Some(heard));
            if heard != Signal::Interrupted {
                end_after_grace(screen.clone());
            }
            match step {
                Step::Ask(quit) => {
                    screen.line(announcement(quit));
                    actix_rt::spawn(ask(coordinator.clone(), quit, screen.clone()));
                }
                Step::ExitAtOnce(signal) => {
                    terminal::give_up();
                    screen.restore();
                    std::process::exit(signal.status());
                }
            }
        }
    });
    Ok(receiver)
}

/// SIGHUP ends the run like SIGTERM, with a terminal and without one, unless whoever started it has
/// it ignored, as `nohup` does: listening would undo that.
fn hangups() -> io::Result<Option<unix::Signal>> {
    (!is_hangup_ignored()).then(|| signal(SignalKind::hangup())).transpose()
}

/// Whether SIGHUP is ignored; where nobody tells, it counts as ignored without a terminal.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let told = status.and_then(|status| ignores_hangup(&status));
    told.unwrap_or_else(|| !io::stderr().is_terminal())
}

/// What the mask of ignored signals in a process's status says of SIGHUP, the first of them.
fn ignores_hangup(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).ok()? & 1 == 1)
}

/// Never, without a signal.
async fn next(signal: &mut Option<unix::Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Ends the process when the grace is over; nothing it waits for can keep it.
fn end_after_grace(screen: Screen) {
    let ends = move || {
        std::thread::sleep(GRACE);
        terminal::give_up();
        screen.restore();
        screen.line(
            "error: not everything was saved within 25 s of SIGTERM; `cartload resume` goes on \
             from the newest checkpoint",
        );
        std::process::exit(Signal::Terminated.status());
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
async fn ask(coordinator: Recipient<Operate>, quit: Quit, screen: Screen) {
    let operate = Operate { command: Command::Quit(quit), door: Door::Signal };
    match coordinator.send(operate).await {
        Ok(Ok(_)) => {}
        Ok(Err(refused)) => screen.line(&format!("warning: {refused}")),
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
        assert_eq!(escalation.interrupted(), Step::ExitAtOnce(Signal::Interrupted));
    }

    #[test]
    fn sighup_is_heard_unless_the_mask_of_ignored_signals_has_its_bit() {
        let status = |mask| format!("Name:\tcartload\nSigBlk:\t01\nSigIgn:\t{mask}\n");
        assert_eq!(ignores_hangup(&status("0000000000000000")), Some(false));
        assert_eq!(ignores_hangup(&status("0000000000000001")), Some(true));
        assert_eq!(ignores_hangup(&status("0000000000001002")), Some(false));
        assert_eq!(ignores_hangup(&status("none")), None);
        assert_eq!(ignores_hangup("Name:\tcartload\n"), None);
    }

    #[test]
    fn sigterm_stops_now_and_the_second_ends_the_process() {
        let mut escalation = Escalation::default();
        assert_eq!(escalation.interrupted(), Step::Ask(Quit::AfterCycle));
        assert_eq!(escalation.terminated(), Step::Ask(Quit::Now));
        assert_eq!(escalation.terminated(), Step::ExitAtOnce(Signal::Terminated));
    }
}
