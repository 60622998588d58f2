//! `cartload config`: check, show, init.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::config::{DEFAULT_FILE, Layer, Settings, TEMPLATE};
use crate::database;

/// How the pool is called that comes of `store.pool_base` and `store.pool_overflow`.
const POOL: &str = "store.pool";

/// Look at the settings, or write them into a file.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  cartload config show                every setting and where it came from
  cartload config init                write config/cartload.ron with every setting
  cartload config check mine.ron      a mistake is named by file, line, column and key")]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the settings a run would get; a mistake is named by file, line, column and key
    Check {
        /// Config file to check, in place of --config
        file: Option<PathBuf>,
    },
    /// Print every setting with its value, its unit and where it came from; with a Postgres
    /// database also the pool that a run would get now, and why
    Show {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Write a config file with every setting, its default, unit and meaning
    Init {
        /// File to write, - for stdout
        #[arg(default_value = DEFAULT_FILE)]
        file: PathBuf,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ConfigArgs) -> Result {
    match &args.command {
        ConfigCommand::Check { file } => check(global, file.as_deref()),
        ConfigCommand::Show { json } => show(global, *json),
        ConfigCommand::Init { file, force } => init(file, *force),
    }
}

fn load(global: &GlobalArgs) -> Result<Settings> {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    Ok(settings)
}

fn check(global: &GlobalArgs, file: Option<&Path>) -> Result {
    let mut global = global.clone();
    if let Some(file) = file {
        global.config = Some(file.to_path_buf());
    }
    let settings = load(&global)?;
    settings.ends(settings.time.start.resolve(chrono::Utc::now().naive_utc()))?;
    output::data(&format!("{} settings are fine", settings.shown.len()))?;
    Ok(ExitCode::Ok)
}

fn show(global: &GlobalArgs, as_json: bool) -> Result {
    let settings = load(global)?;
    let pool = pool(&settings);
    if as_json {
        let entry = |shown: &crate::config::Shown| {
            json!({
                "key": shown.key,
                "value": shown.value,
                "unit": shown.unit,
                "decision": shown.decision,
                "origin": shown.origin.to_string(),
            })
        };
        let mut entries: Vec<Value> = settings.shown.iter().map(entry).collect();
        entries.extend(pool.map(|(size, why)| {
            json!({
                "key": POOL,
                "value": size,
                "unit": "connections",
                "decision": "Q2.2",
                "origin": why,
            })
        }));
        output::data(&serde_json::to_string_pretty(&entries)?)?;
        return Ok(ExitCode::Ok);
    }
    let row = |shown: &crate::config::Shown| {
        let value = if shown.value.is_null() { "none".into() } else { shown.value.to_string() };
        vec![shown.key.to_owned(), value, shown.unit.to_owned(), shown.origin.to_string()]
    };
    let mut rows = vec![["setting", "value", "unit", "origin"].map(str::to_owned).to_vec()];
    rows.extend(settings.shown.iter().map(row));
    rows.extend(pool.map(|(size, why)| {
        let size = size.map_or("unknown".to_owned(), |size| size.to_string());
        vec![POOL.to_owned(), size, "connections".to_owned(), why]
    }));
    output::data(&output::table(&rows))?;
    Ok(ExitCode::Ok)
}

/// What a run would get of the server's connections now, and why; `None` where it has no pool.
fn pool(settings: &Settings) -> Option<(Option<u32>, String)> {
    if settings.store.mock {
        return None;
    }
    match actix_rt::System::new().block_on(database::pool_choice(settings)) {
        Ok(chosen) => chosen.map(|pool| (Some(pool.size), pool.why)),
        Err(error) => Some((None, error.to_string())),
    }
}

fn init(file: &Path, force: bool) -> Result {
    if file.as_os_str() == output::STDOUT {
        output::data(TEMPLATE.trim_end())?;
        return Ok(ExitCode::Ok);
    }
    let failed =
        |error: io::Error| Failure::during(ExitCode::Config, file.display().to_string())(error);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let refused = |error: io::Error| {
        let text = if error.kind() == io::ErrorKind::AlreadyExists {
            format!("{} is there already; --force writes over it", file.display())
        } else {
            format!("{}: {error}", file.display())
        };
        Failure::new(ExitCode::Config, text)
    };
    let mut opened = options.open(file).map_err(refused)?;
    opened.write_all(TEMPLATE.as_bytes()).map_err(failed)?;
    output::message(&format!("{} is written; `cartload config check` reads it", file.display()));
    Ok(ExitCode::Ok)
}
