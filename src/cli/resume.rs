//! `cartload resume`: the same run goes on where its newest valid checkpoint says.
//!
//! Flags win over the checkpoint's settings, these over the environment and the config file.

use std::path::PathBuf;

use clap::Args;

use super::run::{RunArgs, hear, to_its_end};
use super::{ExitCode, Failure, GlobalArgs, Result};
use crate::config::Settings;
use crate::running::Asked;
use crate::running::resuming::{Choice, GoOn};

const EXAMPLES: &str = "\
Examples:
  cartload resume                          the run of ./data goes on from its newest checkpoint
  cartload resume --cycles 96              ... until 96 cycles since its start
  cartload resume --unfreeze               a frozen run goes on at once
  cartload resume --from FILE --rate 20    from an older checkpoint, more slowly
  cartload resume --unfreeze --auth jwt    a run that was begun with the wrong --auth

The run keeps its id and its simulated time. Cycles that have rows already are run again as replay.
Settings: flags, then the checkpoint's, then CARTLOAD_* variables, then the config file. How the
shop is told who calls: --auth, then CARTLOAD_SHOP_AUTH, then the checkpoint. An end that is given
(--cycles, --days, --until, --hours) takes the place of all the ends the run had; cycles and days
count from the start of the run.";

/// Let a run go on that was stopped, killed or frozen.
#[derive(Clone, Debug, Default, Args)]
pub struct ResumeArgs {
    /// This checkpoint [default: the newest valid one of the run saved last]
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub from: Option<PathBuf>,
    /// The newest valid checkpoint of this run
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Open a frozen run at once
    #[arg(long)]
    pub unfreeze: bool,
    /// Take a checkpoint that somebody edited on purpose
    #[arg(long)]
    pub accept_edited: bool,
    /// Go on though the active agents of the database are not those of the checkpoint
    #[arg(long)]
    pub accept_population: bool,
    /// Settings of the run, each in the place of the checkpoint's.
    #[command(flatten, next_help_heading = "Settings, in the place of the checkpoint's")]
    pub flags: RunArgs,
}

impl ResumeArgs {
    /// The examples, which those of `run` must not hide.
    pub fn examples() -> &'static str {
        EXAMPLES
    }

    fn go_on(&self) -> GoOn {
        let choice = match (&self.from, &self.run) {
            (Some(file), _) => Choice::File(file.clone()),
            (None, Some(run)) => Choice::Run(run.clone()),
            (None, None) => Choice::Newest,
        };
        GoOn {
            choice,
            unfreeze: self.unfreeze,
            accepts_edited: self.accept_edited,
            accepts_population: self.accept_population,
        }
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ResumeArgs) -> Result {
    refuse_what_cannot_change(&args.flags)?;
    let sources = global.sources(args.flags.settings.layer())?;
    let process = Settings::load(sources.clone())?;
    let screen = hear(&process);
    let asked = Asked::again(&process, sources, &args.go_on())?;
    to_its_end(asked, screen, args.flags.json)
}

fn refuse_what_cannot_change(flags: &RunArgs) -> Result<()> {
    let refusal = if flags.settings.time.start.is_some() {
        "--start: the simulated time of a resumed run goes on where it was"
    } else if flags.settings.store.mock {
        "--mock-db: a resumed run goes on in its database"
    } else if flags.scenario.is_some() {
        "--scenario: a drill is a run of its own; begin one with `cartload run --scenario`"
    } else {
        return Ok(());
    };
    Err(Failure::new(ExitCode::Usage, refusal))
}
