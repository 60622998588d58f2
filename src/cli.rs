//! The command line: what may be asked, and which code the process ends with.
//!
//! Data goes to stdout, messages to stderr. `--config`, `--data` and `--db` mean the
//! same everywhere.

pub(crate) mod agents;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod ctl;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod exit_code;
pub(crate) mod experiment;
pub(crate) mod failure;
pub(crate) mod inject;
pub(crate) mod migrate;
pub(crate) mod profile;
pub(crate) mod purge;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod shop;
pub(crate) mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use text::output;

pub use self::exit_code::ExitCode;
pub use self::failure::{Failure, Result};
use crate::config::db_url::DbUrl;
use crate::config::environment::Environment;
use crate::config::{ConfigError, Layer, Origin, Settings, Sources, Value};
use crate::resources::Need;

const EXAMPLES: &str = "\
Examples:
  cartload run --time-scale 720 --rate 600 --cycles 24   a simulated day in two minutes
  cartload run                                           372 shoppers, 75 s an hour, until Ctrl-C
  cartload events --out events.parquet                   what they did, for DuckDB or pandas
  cartload report                                        a page of what they did
  cartload ctl status                                    what a live run is doing
  cartload config show                                   every setting and where it came from
  cartload agents import people.csv                      bring your own shoppers";

/// 372 synthetic shoppers, each an actor, shop at a real store's HTTP API on a simulated clock.
#[derive(Debug, Parser)]
#[command(name = "cartload", version, before_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Options of every subcommand.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every subcommand.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Config file [default: config/cartload.ron if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory: SQLite file, checkpoints, lock [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Database; one with a password belongs into DATABASE_URL [default: cartload.db in --data]
    #[arg(long, global = true, value_name = "sqlite://PATH|postgres://...", value_parser = secret)]
    pub db: Option<SecretString>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let the agents shop
    Run(Box<run::RunArgs>),
    /// Let a run go on that was stopped, killed or frozen
    #[command(before_help = resume::ResumeArgs::examples())]
    Resume(Box<resume::ResumeArgs>),
    /// Look at all that a run needs before there is one
    Doctor(Box<doctor::DoctorArgs>),
    /// Look at a live run and tell it what to do
    Ctl(ctl::CtlArgs),
    /// Send a message to any actor of a live run
    Inject(inject::InjectArgs),
    /// Prove that nothing of a run is lost, doubled or left open
    Verify(verify::VerifyArgs),
    /// Look at what shoppers did, or export any table
    Events(Box<events::EventsArgs>),
    /// Make a page of what a run did, or put two runs beside each other
    Report(report::ReportArgs),
    /// Say which lift an experiment can find, before it is run
    Experiment(experiment::ExperimentArgs),
    /// Delete one run, never an agent
    Purge(purge::PurgeArgs),
    /// Look at the settings, or write them into a file
    Config(config::ConfigArgs),
    /// Look at the agents and change who they are
    Agents(agents::AgentsArgs),
    /// Bring the database's tables up to date
    #[command(before_help = migrate::EXAMPLES)]
    Migrate,
    /// Look at profiles of shops, begin your own, check it and try it
    Profile(profile::ProfileArgs),
    /// Open the practice shop as a server of its own, or mark the rows of your own shop
    Shop(shop::ShopArgs),
    /// Print a script that completes this command line: bash, zsh, fish, ...
    Completions(completions::CompletionsArgs),
}

/// Takes any text: what is wrong with it is said later, without showing it.
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

impl GlobalArgs {
    /// These options and a subcommand's own, above environment, file and defaults.
    pub fn settings(&self, flags: Layer) -> Result<Settings, ConfigError> {
        Settings::load(self.sources(flags)?)
    }

    /// Where settings are looked for: these options and a subcommand's own, the environment, the
    /// file; neither a checkpoint nor a scenario.
    pub fn sources(&self, mut flags: Layer) -> Result<Sources, ConfigError> {
        flags.store.data_dir.clone_from(&self.data);
        if let Some(text) = &self.db {
            let url = DbUrl::from_text(text.expose_secret());
            let refused = || ConfigError::Impossible {
                origin: Origin::Flag { name: "db" },
                key: "store.url",
                given: "(not shown)".to_owned(),
                allowed: "sqlite://PATH, postgres://... or postgresql://...",
            };
            flags.store.url = Some(Some(url.ok_or_else(refused)?));
        }
        let environment = Environment::of_process();
        Ok(Sources { flags, config: self.config.clone(), environment, ..Sources::default() })
    }
}

/// Does what was asked.
pub fn execute(cli: Cli) -> Result {
    Need::COMMAND.ensure()?;
    let global = cli.global;
    match cli.command {
        Command::Run(args) => run::execute(&global, &args),
        Command::Resume(args) => resume::execute(&global, &args),
        Command::Doctor(args) => doctor::execute(&global, &args),
        Command::Ctl(args) => ctl::execute(&global, &args),
        Command::Inject(args) => inject::execute(&global, &args),
        Command::Verify(args) => verify::execute(&global, &args),
        Command::Events(args) => events::execute(&global, &args),
        Command::Report(args) => report::execute(&global, &args),
        Command::Experiment(args) => experiment::execute(&global, &args),
        Command::Purge(args) => purge::execute(&global, &args),
        Command::Config(args) => config::execute(&global, &args),
        Command::Agents(args) => agents::execute(&global, &args),
        Command::Migrate => migrate::execute(&global),
        Command::Profile(args) => profile::execute(&global, &args),
        Command::Shop(args) => shop::execute(&global, &args),
        Command::Completions(args) => completions::execute(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    /// The first of these that the flag takes is as good as any.
    const VALUES: [&str; 11] = [
        "3",
        "on",
        "load",
        "wait",
        "json",
        "2199-01-01",
        "127.0.0.1:1",
        "http://h",
        "sqlite://x",
        "fixed",
        "small",
    ];

    /// The settings of a run with this flag and no other source.
    fn with_flag(flag: &str) -> Settings {
        let name = format!("--{flag}");
        let lines = std::iter::once(vec!["cartload", "run", &name])
            .chain(VALUES.iter().map(|value| vec!["cartload", "run", &name, value]));
        let taken = lines.filter_map(|line| {
            let cli = Cli::try_parse_from(line).ok()?;
            let Command::Run(args) = cli.command else { return None };
            let flags = cli.global.sources(args.settings.layer()).ok()?.flags;
            Settings::load(Sources { flags, ..Sources::default() }).ok()
        });
        taken.into_iter().next().unwrap_or_else(|| panic!("no value fits {name}"))
    }

    #[test]
    fn each_flag_lands_in_its_knob_and_in_no_other() {
        for knob in crate::config::knobs().filter(|knob| !knob.flag.is_empty()) {
            let settings = with_flag(knob.flag);
            let is_flag = |origin: &Origin| matches!(origin, Origin::Flag { .. });
            let said: Vec<_> =
                settings.shown.iter().filter(|shown| is_flag(&shown.origin)).collect();
            assert_eq!(said.len(), 1, "--{}: {said:?}", knob.flag);
            assert_eq!(said[0].key, knob.key, "--{}", knob.flag);
            assert_eq!(said[0].origin.to_string(), format!("--{}", knob.flag));
        }
    }

    #[test]
    fn a_flag_that_is_not_given_says_nothing() {
        let cli = Cli::try_parse_from(["cartload", "run"]).unwrap();
        let Command::Run(args) = cli.command else { panic!("it is a run") };
        let flags = cli.global.sources(args.settings.layer()).unwrap().flags;
        let settings = Settings::load(Sources { flags, ..Sources::default() }).unwrap();
        let from_flags = settings.shown.iter().filter(|s| matches!(s.origin, Origin::Flag { .. }));
        assert_eq!(from_flags.count(), 0);
    }

    #[test]
    fn a_database_that_is_none_is_not_shown_by_the_error() {
        let cli = Cli::try_parse_from(["cartload", "migrate", "--db", "mysql://u:hunter2@h/d"]);
        let cli = cli.unwrap();
        assert!(!format!("{cli:?}").contains("hunter2"));
        let error = cli.global.settings(Layer::default()).unwrap_err();
        assert!(error.is_usage());
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
