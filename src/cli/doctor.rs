//! `cartload doctor`: what a run would meet, a line each, before there is one.

use std::sync::Arc;

use clap::Args;

use super::run::hear;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::{Flags, Settings};
use crate::doctor::{self, Asked, Blame};
use crate::trial::Say;

const EXAMPLES: &str = "\
Examples:
  cartload doctor                                        the practice shop, in this process
  cartload doctor --api https://shop.example --rate 20   what a run with these settings would meet
  cartload doctor --api https://shop.example --order     ... and one whole visit: ONE REAL ORDER
  cartload doctor --json                                 one object, for scripts

Each line is OK, WARN (a run works, and not as you expect), FAIL (it does not begin, or freezes) or
SKIP (not looked at), with the fix below. Code 0 where nothing is FAIL, else that of the first.";

/// Look at all that a run needs before there is one.
#[derive(Clone, Debug, Default, Args)]
#[command(before_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Settings of the run that is meant.
    #[command(flatten)]
    pub settings: Flags,
    /// Make one whole visit too: places ONE REAL ORDER
    #[arg(long, display_order = 17)]
    pub order: bool,
    /// Print one JSON object
    #[arg(long, display_order = 18)]
    pub json: bool,
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &DoctorArgs) -> Result {
    let settings = Settings::load(global.sources(args.settings.layer())?)?;
    hear(&settings);
    let say: Say = match args.json {
        true => Arc::new(|_| {}),
        false => Arc::new(|line| drop(output::data(line))),
    };
    let asked = Asked { settings, order: args.order };
    let system = actix_rt::System::new();
    let (report, signal) = system.block_on(doctor::examine(&asked, say));
    output::data(&if args.json { serde_json::to_string(&report)? } else { report.text() })?;
    let code = match report.blame() {
        None => ExitCode::Ok,
        Some(Blame::Settings) => ExitCode::Config,
        Some(Blame::Shop) => ExitCode::Shop,
        Some(Blame::Database) => ExitCode::Database,
    };
    Ok(signal.map_or(code, Into::into))
}
