//! `cartload ctl`: looks at a live run and tells it what to do, through its control socket.

use std::io;
use std::path::PathBuf;

use actors::coordinator::command::{Command, FORMS, Form, Takes};
use actors::ports::store::RunState;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Subcommand};

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
  cartload ctl rate 20 --fixed       and no bound on calls in flight
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
    /// What a command's form says
    #[command(flatten)]
    Tell(Told),
}

/// A command to the run, read as its form says.
#[derive(Clone, Debug, PartialEq)]
pub struct Told(Command);

impl Subcommand for Told {
    fn augment_subcommands(ctl: clap::Command) -> clap::Command {
        FORMS.iter().fold(ctl, |ctl, form| ctl.subcommand(subcommand(form)))
    }

    fn augment_subcommands_for_update(ctl: clap::Command) -> clap::Command {
        Self::augment_subcommands(ctl)
    }

    fn has_subcommand(word: &str) -> bool {
        FORMS.iter().any(|form| form.word == word)
    }
}

fn subcommand(form: &Form) -> clap::Command {
    let word = clap::Command::new(form.word).about(form.about);
    match &form.takes {
        Takes::Nothing(_) => word,
        Takes::Flag { name, about, .. } => {
            word.arg(Arg::new(*name).long(*name).help(*about).action(ArgAction::SetTrue))
        }
        Takes::Value { name, about, read } => word.arg(value(name, about, *read)),
        Takes::ValueAndFlag { name, about, read, flag, flag_about, .. } => word
            .arg(value(name, about, *read))
            .arg(Arg::new(*flag).long(*flag).help(*flag_about).action(ArgAction::SetTrue)),
    }
}

fn value(
    name: &'static str,
    about: &'static str,
    read: fn(&str) -> std::result::Result<Command, String>,
) -> Arg {
    Arg::new(name).value_name(name).help(about).required(true).value_parser(read)
}

impl FromArgMatches for Told {
    fn from_arg_matches(given: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (word, given) = given.subcommand().ok_or_else(missing)?;
        let form = FORMS.iter().find(|form| form.word == word).ok_or_else(missing)?;
        let command = match &form.takes {
            Takes::Nothing(command) => command,
            Takes::Flag { name, with, .. } if given.get_flag(name) => with,
            Takes::Flag { without, .. } => without,
            Takes::Value { name, .. } => given.get_one(name).ok_or_else(missing)?,
            Takes::ValueAndFlag { name, flag, with, .. } => {
                let command: &Command = given.get_one(name).ok_or_else(missing)?;
                let has_flag = given.get_flag(flag);
                let command = command.clone();
                return Ok(Self(if has_flag { with(command) } else { command }));
            }
        };
        Ok(Self(command.clone()))
    }

    fn update_from_arg_matches(
        &mut self,
        given: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(given)?;
        Ok(())
    }
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
        Order::Tell(Told(command)) => command.clone(),
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
