//! `cartload migrate`: brings the database's tables up to date, as every command that opens
//! it does.

use anyhow::Result;

use super::{ExitCode, GlobalArgs, output};
use crate::config::Layer;
use crate::data_dir::DataDir;

/// Does it.
pub fn execute(global: &GlobalArgs) -> Result<ExitCode> {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    DataDir::open(&settings.store.data_dir)?;
    Err(super::unconnected("migrate"))
}
