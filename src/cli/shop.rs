//! `cartload shop`: the practice shop as a server of its own.

use anyhow::Result;
use clap::Args;

use super::{ExitCode, GlobalArgs};

/// Open the practice shop as a server of its own.
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  cartload shop --port 8080
  cartload run --api http://127.0.0.1:8080 --profile practice")]
pub struct ShopArgs {
    /// Port on 127.0.0.1; 0 takes a free one, which is printed
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
}

/// Does it.
pub fn execute(_global: &GlobalArgs, _args: &ShopArgs) -> Result<ExitCode> {
    Err(super::unconnected("shop"))
}
