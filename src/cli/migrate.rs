//! `cartload migrate`: brings the database's tables up to date, as every command that opens
//! it does.

use store::OpenStore;

use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::config::Layer;
use crate::data_dir::DataDir;
use crate::database;

/// Shown before the options.
pub const EXAMPLES: &str = "\
Examples:
  cartload migrate                                    the SQLite file of ./data
  DATABASE_URL=postgres://... cartload migrate        Postgres";

/// Does it.
pub fn execute(global: &GlobalArgs) -> Result {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    let data = DataDir::open(&settings.store.data_dir)?;
    let applied = actix_rt::System::new().block_on(async {
        let OpenStore { admin, .. } = database::open(&settings, &data).await?;
        let applied = admin.migrations_applied();
        admin.close().await;
        Ok::<_, Failure>(applied)
    })?;
    output::data(&match applied {
        0 => "the tables are up to date".to_owned(),
        n => format!("{n} migrations applied"),
    })?;
    Ok(ExitCode::Ok)
}
