//! `cartload run`: the flags, what is checked before anything is written, and the code of the end.

mod codes;

use std::net::SocketAddr;

use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;
use actors::ports::store::RunState;
use clap::Args;

use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::words::{LogFormat, OnFreeze, SimulatedInstant, Start};
use crate::config::{Layer, Settings, Sources};
use crate::logging::{self, Screen};
use crate::run_report::summary;
use crate::running::{Asked, Doors, Ended, drive};
use crate::scenario::{Scenario, ScenarioReport};

const EXAMPLES: &str = "\
Examples:
  cartload run --time-scale 720 --rate 600 --cycles 24       a simulated day in two minutes
  cartload run --time-scale max --rate unlimited --cycles 48 --warm-up off --json
  cartload run --api https://shop.example --days 28 --preset lifelike
  cartload run --mock-api --mock-db --cycles 8               nothing leaves the process
  cartload run --serve 127.0.0.1:9184                        watch it in a browser
  cartload run --scenario outage_and_recovery                a drill for a CI: 10 where it fails

A cycle is a simulated hour. Ctrl-C finishes the cycle and saves; twice stops now.";

/// Let the agents shop.
#[derive(Clone, Debug, Default, Args)]
#[command(before_help = EXAMPLES)]
pub struct RunArgs {
    /// Simulated seconds per real second; max: as fast as the work allows [default: 48]
    #[arg(long, value_name = "N|max")]
    pub time_scale: Option<TimeScale>,
    /// Requests per second to the shop, over all connections [default: 50]
    #[arg(long, value_name = "N|unlimited")]
    pub rate: Option<Rate>,
    /// End after so many cycles (of several ends the first reached counts)
    #[arg(long, value_name = "N")]
    pub cycles: Option<u32>,
    /// End after so many simulated days
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// End at this simulated date
    #[arg(long, value_name = "DATE")]
    pub until: Option<SimulatedInstant>,
    /// End after so many real hours; the cycle under way is finished
    #[arg(long, value_name = "REAL")]
    pub hours: Option<f64>,
    /// Where simulated time begins, as 2026-01-05 or 2026-01-05T08:00 [default: this Monday, 08:00]
    #[arg(long, value_name = "DATE")]
    pub start: Option<Start>,
    /// Release 10, 25, 50, 75 % of the agents for two cycles each first [default: on]
    #[arg(long, value_name = "on|off", value_parser = on_off, action = clap::ArgAction::Set)]
    pub warm_up: Option<bool>,
    /// Rules of behaviour: load, lifelike or a file [default: load]
    #[arg(long, value_name = "NAME|FILE")]
    pub preset: Option<String>,
    /// At most so many agents; so many are generated where there are none [default: all, 372]
    #[arg(long, value_name = "N")]
    pub agents: Option<u32>,
    /// Base URL of the shop [default: the practice shop, in this process]
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// Which shop that is [default: practice; voiceoffers with --api]
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
    /// The store all agents select [default: they are spread over all]
    #[arg(long, value_name = "ID")]
    pub store_id: Option<String>,
    /// Answer from inside the process: no HTTP
    #[arg(long)]
    pub mock_api: bool,
    /// Log what would be written: no database
    #[arg(long)]
    pub mock_db: bool,
    /// Serve a page, /metrics, /healthz and /readyz there, as 127.0.0.1:9184
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub serve: Option<SocketAddr>,
    /// Play a drill and end: crashes_at_the_border, coupon_rush, outage_and_recovery, slow_shop or
    /// a file; code 10 if something expected did not hold
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// What a frozen run does: wait for an operator, or end with code 7 [default: wait]
    #[arg(long, value_enum, value_name = "wait|exit", hide_possible_values = true)]
    pub on_freeze: Option<OnFreeze>,
    /// Print the summary as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// Form of messages and cycle lines on stderr [default: text]
    #[arg(long, value_enum, value_name = "text|json", hide_possible_values = true)]
    pub log_format: Option<LogFormat>,
    /// On a terminal: a progress line instead of the dashboard
    #[arg(long)]
    pub plain: bool,
    /// Draw the dashboard with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    pub ascii: bool,
    /// No cycle lines, no progress line, no dashboard; warnings only
    #[arg(long, short)]
    pub quiet: bool,
}

fn on_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("allowed: on, off"),
    }
}

impl RunArgs {
    /// What these flags say; a flag that is not given says nothing.
    pub fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        layer.time.scale = self.time_scale;
        layer.time.start = self.start;
        layer.time.cycles = self.cycles.map(Some);
        layer.time.days = self.days.map(Some);
        layer.time.until = self.until.map(Some);
        layer.time.hours = self.hours.map(Some);
        layer.rate.per_second = self.rate;
        layer.warm_up.enabled = self.warm_up;
        layer.population.agents = self.agents.map(Some);
        layer.population.preset = self.preset.clone();
        layer.shop.api = self.api.clone().map(Some);
        layer.shop.profile = self.profile.clone().map(Some);
        layer.shop.store_id = self.store_id.clone().map(Some);
        layer.shop.mock = self.mock_api.then_some(true);
        layer.store.mock = self.mock_db.then_some(true);
        layer.web.serve = self.serve.map(Some);
        layer.breaker.on_freeze = self.on_freeze;
        layer.log.format = self.log_format;
        layer.log.plain = self.plain.then_some(true);
        layer.log.ascii = self.ascii.then_some(true);
        layer.log.quiet = self.quiet.then_some(true);
        layer
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &RunArgs) -> Result {
    let scenario = args.scenario.as_deref().map(Scenario::resolve).transpose()?;
    let of_scenario = scenario.as_ref().map(|scenario| scenario.settings.clone());
    let sources = Sources { scenario: of_scenario, ..global.sources(args.layer())? };
    let settings = Settings::load(sources)?;
    settings.ends(settings.time.start.resolve(chrono::Utc::now().naive_utc()))?;
    let screen = hear(&settings);
    let asked = Asked { scenario, ..Asked::anew(settings)? };
    to_its_end(asked, screen, args.json)
}

/// From here on messages go where the settings say; the warnings about them first.
pub(super) fn hear(settings: &Settings) -> Screen {
    let screen = Screen::default();
    logging::install(&settings.log, &screen);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    screen
}

/// Drives the run to its end and prints the summary; answers the code of the process.
pub(super) fn to_its_end(asked: Asked, screen: Screen, json: bool) -> Result {
    let doors = Doors { screen, hears_signals: true };
    let Ended { report, state, signal } = actix_rt::System::new().block_on(drive(asked, doors))?;
    let text = if json { serde_json::to_string(&report)? } else { summary::text(&report) };
    output::data(&text)?;
    let has_held = report.scenario.as_ref().map(ScenarioReport::has_held);
    Ok(exit_code(state, signal.map(ExitCode::from), has_held))
}

/// The code of a run that ended in `state`: a signal counts only where it cut the plan short. Of a
/// drill it says whether what was expected held, and a freeze may have been.
fn exit_code(state: RunState, signal: Option<ExitCode>, has_held: Option<bool>) -> ExitCode {
    match (has_held, state) {
        (Some(true), _) => ExitCode::Ok,
        (Some(false), _) => signal.unwrap_or(ExitCode::DrillFailed),
        (None, RunState::Completed) => ExitCode::Ok,
        (None, RunState::Frozen) => ExitCode::Frozen,
        (None, RunState::Running | RunState::Paused | RunState::Stopped) => {
            signal.unwrap_or(ExitCode::Ok)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_gives_the_code_only_of_a_run_that_it_cut_short() {
        let signal = Some(ExitCode::Interrupted);
        assert_eq!(exit_code(RunState::Stopped, signal, None), ExitCode::Interrupted);
        assert_eq!(exit_code(RunState::Stopped, None, None), ExitCode::Ok);
        assert_eq!(exit_code(RunState::Completed, signal, None), ExitCode::Ok);
        assert_eq!(exit_code(RunState::Frozen, signal, None), ExitCode::Frozen);
    }

    #[test]
    fn the_code_of_a_drill_says_whether_it_held_even_if_it_ended_frozen() {
        assert_eq!(exit_code(RunState::Frozen, None, Some(true)), ExitCode::Ok);
        assert_eq!(exit_code(RunState::Completed, None, Some(false)), ExitCode::DrillFailed);
        let signal = Some(ExitCode::Terminated);
        assert_eq!(exit_code(RunState::Stopped, signal, Some(false)), ExitCode::Terminated);
    }
}
