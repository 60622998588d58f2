//! `cartload run`: the flags, what is checked before anything is written, and the code of the end.

mod codes;

use actors::ports::store::RunState;
use clap::Args;

use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::{Flags, Settings, Sources};
use crate::logging::{self, Screen};
use crate::resources::Need;
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
    /// What the settings are to be.
    #[command(flatten)]
    pub settings: Flags,
    /// Play a drill and end: crashes_at_the_border, coupon_rush, outage_and_recovery, slow_shop or
    /// a file; code 10 if something expected did not hold
    #[arg(long, value_name = "NAME|FILE", display_order = 16)]
    pub scenario: Option<String>,
    /// Print the summary as one JSON object on stdout
    #[arg(long, display_order = 18)]
    pub json: bool,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &RunArgs) -> Result {
    let scenario = args.scenario.as_deref().map(Scenario::resolve).transpose()?;
    let of_scenario = scenario.as_ref().map(|scenario| scenario.settings.clone());
    let sources = Sources { scenario: of_scenario, ..global.sources(args.settings.layer())? };
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
    if let Some(tight) = Need::of_run(&asked.settings).ensure()? {
        tracing::warn!("{tight}");
    }
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
        (None, RunState::Freezing | RunState::Frozen) => ExitCode::Frozen,
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
