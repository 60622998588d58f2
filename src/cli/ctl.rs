//! `cartload ctl`: looks at a live run and tells it what to do, through its control socket.

use std::io;
use std::path::PathBuf;

use actors::coordinator::command::{Command, Quit};
use actors::domain::ids::AgentId;
use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;
use actors::ports::store::RunState;
use clap::{Args, Subcommand};

use super::exit_code::HasCode;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::Layer;
use crate::control::{Client, ControlError, status_text};

const EXAMPLES: &str = "\
Examples:
  cartload ctl status                what the run of ./data is doing
  cartload ctl pause                 calls in flight end, the rest waits
  cartload ctl resume                goes on; opens a frozen run
  cartload ctl rate 20               20 requests a second from here on
  cartload ctl --data /srv/a watch   a line for each change of the run in /srv/a
  cartload ctl status --json | jq .state

Codes: 0 done, 8 no run there, 9 the run refused it and says why.";

/// Look at a live run and tell it what to do.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct CtlArgs {
    /// Answer as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub order: Order,
}

/// What to do with the run.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Order {
    /// Say what it is doing
    Status,
    /// Say so again at every change, until it ends
    Watch,
    /// Park it: nothing more is sent
    Pause,
    /// Go on after a pause, or open a frozen run
    Resume,
    /// Write a checkpoint; waits for the end of the cycle
    Checkpoint,
    /// End it after its cycle
    Quit {
        /// Flows under way have 10 s
        #[arg(long)]
        now: bool,
    },
    /// Give an agent in quarantine its ticks back
    Revive {
        /// As `status` names it
        #[arg(value_name = "AGENT")]
        agent: String,
    },
    /// Change the limit of requests a second
    Rate {
        /// A number above 0, or unlimited
        #[arg(value_name = "N|unlimited")]
        rate: Rate,
    },
    /// Change how fast simulated time runs
    TimeScale {
        /// Simulated seconds per real second, or max
        #[arg(value_name = "N|max")]
        scale: TimeScale,
    },
}

impl HasCode for ControlError {
    fn code(&self) -> ExitCode {
        match self {
            Self::NoRun { .. } => ExitCode::NoRun,
            Self::Refused(_) => ExitCode::Refused,
            Self::Message(_) => ExitCode::Usage,
            Self::Foreign { .. } | Self::Io { .. } => ExitCode::Unexpected,
            Self::Taken { .. } | Self::InTheWay { .. } | Self::Unsafe { .. } => ExitCode::Config,
        }
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &CtlArgs) -> Result {
    let mut run = Client::connect(&data_dir(global)?)?;
    let command = match &args.order {
        Order::Status => return status(&mut run, args.json),
        Order::Watch => return watch(&mut run, args.json),
        Order::Pause => Command::Pause,
        Order::Resume => Command::Resume,
        Order::Checkpoint => Command::Checkpoint,
        Order::Quit { now: false } => Command::Quit(Quit::AfterCycle),
        Order::Quit { now: true } => Command::Quit(Quit::Now),
        Order::Revive { agent } => Command::Revive(AgentId::new(agent)),
        Order::Rate { rate } => Command::Rate(*rate),
        Order::TimeScale { scale } => Command::TimeScale(*scale),
    };
    let done = run.operate(command)?;
    output::data(&if args.json { serde_json::to_string(&done)? } else { done.message })?;
    Ok(ExitCode::Ok)
}

/// Where the run works.
pub(super) fn data_dir(global: &GlobalArgs) -> Result<PathBuf> {
    Ok(global.settings(Layer::default())?.store.data_dir)
}

fn status(run: &mut Client, json: bool) -> Result {
    let status = run.status()?;
    let text = if json { serde_json::to_string(&status)? } else { status_text::summary(&status) };
    output::data(&text)?;
    Ok(ExitCode::Ok)
}

/// Ends with the run: 7 where it ended frozen.
fn watch(run: &mut Client, json: bool) -> Result {
    let mut last = None;
    run.watch(|status| {
        last = Some(status.state);
        let text = match json {
            true => serde_json::to_string(status).map_err(io::Error::from)?,
            false => status_text::line(status),
        };
        output::data_while_read(&text)
    })?;
    Ok(if last == Some(RunState::Frozen) { ExitCode::Frozen } else { ExitCode::Ok })
}
