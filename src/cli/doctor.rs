//! `cartload doctor`: what a run would meet, a line each, before there is one.

use std::sync::Arc;

use actors::domain::rate::Rate;
use clap::{Args, ValueEnum};

use super::run::hear;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::{Flags, Settings};
use crate::doctor::{self, Asked, Blame, Wish};
use crate::trial::Say;

const EXAMPLES: &str = "\
Examples:
  cartload doctor                                        the practice shop, in this process
  cartload doctor --api https://shop.example --rate 20   what a run with these settings would meet
  cartload doctor --api https://shop.example --order     ... and one whole visit: ONE REAL ORDER
  cartload doctor --api https://shop.example --ramp      ... and how fast: load, no order
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
    /// Find out how much of a run the shop bears, by load that rises: `carts` puts things into
    /// carts and clears them; `orders` places REAL ORDERS too
    #[arg(long, display_order = 19, value_name = "carts|orders", num_args = 0..=1,
        default_missing_value = "carts")]
    pub ramp: Option<RampKind>,
    /// Orders that the ramp places at most
    #[arg(long, display_order = 19, value_name = "N", default_value_t = 100, requires = "ramp")]
    pub ramp_orders: u32,
    /// Requests a second that the ramp goes up to [default: twice the run's limit]
    #[arg(long, display_order = 19, value_name = "RATE", requires = "ramp")]
    pub ramp_max: Option<Rate>,
    /// Seconds that the ramp takes at most
    #[arg(long, display_order = 19, value_name = "S", default_value_t = 120, requires = "ramp",
        value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub ramp_seconds: u32,
}

/// What the ramp does at the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RampKind {
    /// Lists, views, carts that are filled and cleared
    Carts,
    /// REAL ORDERS too, in the share that runs place
    Orders,
}

impl DoctorArgs {
    /// The ramp that is wanted.
    fn wish(&self) -> Option<Wish> {
        let kind = self.ramp?;
        Some(Wish {
            orders: (kind == RampKind::Orders).then_some(self.ramp_orders),
            rate_max: self.ramp_max.and_then(Rate::limit),
            seconds: self.ramp_seconds,
        })
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &DoctorArgs) -> Result {
    let settings = Settings::load(global.sources(args.settings.layer())?)?;
    hear(&settings);
    let say: Say = match args.json {
        true => Arc::new(|_| {}),
        false => Arc::new(|line| drop(output::data(line))),
    };
    let asked = Asked { settings, order: args.order, ramp: args.wish() };
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
