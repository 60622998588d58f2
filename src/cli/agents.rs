//! `cartload agents`: generate, import, fit, describe, list, set-status. Changes take effect at the
//! next run.

mod describe;
mod fit;
mod stored;

use std::path::PathBuf;

use actors::domain::persona::{AgentStatus, Persona};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::exit_code::HasCode;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::Layer;
use crate::config::shop_url::ShopUrl;
use crate::personas::csv_form::Delimiter;
use crate::personas::mapping::Mapping;
use crate::personas::mending::by_mend;
use crate::personas::rejected::by_reason;
use crate::personas::{Imported, OnBroken, PersonaFileError, Reading, RowError, rejected, to_json};

const EXAMPLES: &str = "\
Examples:
  cartload agents generate --count 372
  cartload agents import people.csv --skip-bad
  cartload agents import people.csv --mapping map.ron --skip-bad --rejected left-out.csv
  cartload agents import --from-table public.agents --db postgres://...
  cartload agents import --from postgres://... --table public.agents --mapping map.ron --dry-run
  cartload agents fit --orders orders.csv --out mine
  cartload agents describe
  cartload agents list --status active --json
  cartload agents set-status inactive agent_001 agent_002";

/// Look at the agents and change who they are.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct AgentsArgs {
    /// What to do.
    #[command(subcommand)]
    command: AgentsCommand,
}

#[derive(Debug, Subcommand)]
enum AgentsCommand {
    /// Make personas from archetypes
    Generate(GenerateArgs),
    /// Bring personas along, from a file or an existing table
    Import(ImportArgs),
    /// Learn a preset and personas from your shop's orders
    Fit(fit::FitArgs),
    /// The population in pictures and numbers
    Describe(DescribeArgs),
    /// Print the agents
    List(ListArgs),
    /// Say who shops in the next run
    SetStatus(SetStatusArgs),
}

/// Make personas from archetypes.
#[derive(Clone, Debug, Args)]
pub struct GenerateArgs {
    /// How many
    #[arg(long, default_value_t = 372, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: u32,
    /// The shop's categories, separated by commas [default: those of the practice shop]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub categories: Vec<String>,
    /// Put them in place of all agents there are; else there must be none
    #[arg(long)]
    pub replace: bool,
}

/// Bring personas along, from a file or an existing table.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// CSV (with a header line) or JSON (an array, or an object a line)
    #[arg(required_unless_present_any = ["from_table", "from"],
        conflicts_with_all = ["from_table", "from"])]
    pub file: Option<PathBuf>,
    /// A table of the database, as agents or public.agents
    #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
    pub from_table: Option<String>,
    /// Another Postgres database to read the table from, whatever the agents are kept in; @FILE
    /// reads the URL from a file
    #[arg(long, value_name = "URL|@FILE", requires = "table", conflicts_with = "from_table")]
    pub from: Option<String>,
    /// The table of --from, as agents or public.agents
    #[arg(long, value_name = "TABLE", requires = "from",
        value_parser = NonEmptyStringValueParser::new())]
    pub table: Option<String>,
    /// What the columns mean: names, words, scales, defaults, clamps, sums (docs/personas.md)
    #[arg(long, value_name = "FILE.ron")]
    pub mapping: Option<PathBuf>,
    /// What separates the columns of a CSV file [default: what its header line has]
    #[arg(long, value_name = ",|;|tab|\\|")]
    pub delimiter: Option<Delimiter>,
    /// Write broken rows and their reasons to this CSV file
    #[arg(long, value_name = "FILE.csv")]
    pub rejected: Option<PathBuf>,
    /// Print what became of the rows as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write nothing: list what would be changed and left out; code 3 where rows are broken
    #[arg(long)]
    pub dry_run: bool,
    /// Leave out broken rows and list them; else one broken row refuses all
    #[arg(long)]
    pub skip_bad: bool,
    /// Put them in place of all agents there are; else agents that exist stay as they are
    #[arg(long)]
    pub replace: bool,
}

/// The population in pictures and numbers.
#[derive(Clone, Debug, Args)]
pub struct DescribeArgs {
    /// Compare with the shop at this address [default: the settings']
    #[arg(long, value_name = "URL")]
    pub api: Option<ShopUrl>,
    /// Expected shopping by these rules: load, lifelike or a file [default: the settings']
    #[arg(long, value_name = "NAME|FILE")]
    pub preset: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Print the agents.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Only these
    #[arg(long, value_name = "active|inactive")]
    pub status: Option<AgentStatus>,
    /// Print a JSON array that `import` reads back
    #[arg(long)]
    pub json: bool,
}

/// Say who shops in the next run.
#[derive(Clone, Debug, Args)]
pub struct SetStatusArgs {
    /// active or inactive
    #[arg(value_name = "active|inactive")]
    pub status: AgentStatus,
    /// Who
    #[arg(value_name = "AGENT", required_unless_present = "all", conflicts_with = "all")]
    pub agents: Vec<String>,
    /// All agents
    #[arg(long)]
    pub all: bool,
}

impl HasCode for PersonaFileError {
    fn code(&self) -> ExitCode {
        ExitCode::Config
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &AgentsArgs) -> Result {
    let mut layer = Layer::default();
    if let AgentsCommand::Describe(args) = &args.command {
        layer.population.preset.clone_from(&args.preset);
        layer.shop.api = args.api.clone().map(Some);
    }
    let settings = global.settings(layer)?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    match &args.command {
        AgentsCommand::Generate(args) => stored::generate(&settings, args),
        AgentsCommand::Import(args) => stored::import(&settings, args),
        AgentsCommand::Fit(args) => fit::fit(args),
        AgentsCommand::Describe(args) => describe::describe(&settings, args),
        AgentsCommand::List(args) => stored::list(&settings, args),
        AgentsCommand::SetStatus(args) => stored::set_status(&settings, args),
    }
}

/// Rows left out that are listed one by one; how many there are of each kind is always told.
const SKIPPED_LISTED_MAX: usize = 20;

fn reading(args: &ImportArgs) -> Result<Reading> {
    let skips = args.skip_bad || args.dry_run;
    let on_broken = if skips { OnBroken::Skip } else { OnBroken::Refuse };
    let mapping = args.mapping.as_deref().map(Mapping::read).transpose()?.unwrap_or_default();
    Ok(Reading { on_broken, mapping, delimiter: args.delimiter })
}

/// Writes broken rows to the file that was asked for, whether or not the others are taken.
fn judged(
    read: Result<Imported, PersonaFileError>,
    args: &ImportArgs,
) -> Result<Imported, PersonaFileError> {
    let errors: &[RowError] = match &read {
        Ok(imported) => &imported.skipped,
        Err(PersonaFileError::Broken { errors, .. }) => errors,
        Err(_) => return read,
    };
    if let Some(path) = &args.rejected {
        rejected::write(path, errors)?;
        let rows = errors.len();
        output::message(&format!("{rows} broken rows are in {}", path.display()));
    }
    if let Ok(imported) = &read {
        announce_skipped(imported);
    }
    read
}

/// Says on stderr what an import leaves out and what it changes.
fn announce_skipped(imported: &Imported) {
    for note in &imported.notes {
        output::message(&format!("note: {note}"));
    }
    for skipped in imported.skipped.iter().take(SKIPPED_LISTED_MAX) {
        output::message(&format!("warning: skipped {skipped}"));
    }
    if imported.skipped.len() > SKIPPED_LISTED_MAX {
        let more = imported.skipped.len() - SKIPPED_LISTED_MAX;
        output::message(&format!("warning: ... and {more} more; --rejected lists all"));
    }
    for count in by_reason(&imported.skipped) {
        let column = count.column.unwrap_or("the row");
        output::message(&format!("skipped: {} rows, {column} {}", count.rows, count.reason));
    }
    for count in by_mend(&imported.changes) {
        output::message(&format!(
            "changed: {} rows, {} ({})",
            count.rows, count.column, count.mend
        ));
    }
    if !imported.ignored_columns.is_empty() {
        let names: Vec<&str> = imported.ignored_columns.iter().map(String::as_str).collect();
        output::message(&format!("columns without a use are ignored: {}", names.join(", ")));
    }
}

/// The agents for people.
pub fn text_of(personas: &[Persona]) -> String {
    let heads = ["agent", "status", "frequency", "budget", "cart", "region", "categories"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(personas.iter().map(|persona| {
        vec![
            persona.agent_id.to_string(),
            persona.status.to_string(),
            persona.shopping_frequency.to_string(),
            persona.weekly_budget.to_string(),
            persona.avg_cart_value.to_string(),
            persona.location_region.clone(),
            persona.preferred_categories.join(", "),
        ]
    }));
    output::table(&rows)
}

/// The agents for programs; `import` reads it back.
pub fn json_of(personas: &[Persona]) -> Result<String> {
    let objects: Vec<Value> = personas.iter().map(to_json).collect();
    Ok(serde_json::to_string_pretty(&objects)?)
}
