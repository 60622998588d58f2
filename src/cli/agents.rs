//! `cartload agents`: generate, import, list, set-status. Changes take effect at the next run.

mod stored;

use std::path::PathBuf;

use actors::domain::persona::{AgentStatus, Persona};
use anyhow::Result;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{ExitCode, GlobalArgs, output};
use crate::config::Layer;
use crate::personas::{Imported, OnBroken, to_json};

const EXAMPLES: &str = "\
Examples:
  cartload agents generate --count 372
  cartload agents import people.csv --skip-bad
  cartload agents import --from-table public.agents --db postgres://...
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
    #[arg(required_unless_present = "from_table", conflicts_with = "from_table")]
    pub file: Option<PathBuf>,
    /// A table of the database, as agents or public.agents
    #[arg(long, value_name = "TABLE", value_parser = NonEmptyStringValueParser::new())]
    pub from_table: Option<String>,
    /// Leave out broken rows and list them; else one broken row refuses all
    #[arg(long)]
    pub skip_bad: bool,
    /// Put them in place of all agents there are; else agents that exist stay as they are
    #[arg(long)]
    pub replace: bool,
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

/// Does it.
pub fn execute(global: &GlobalArgs, args: &AgentsArgs) -> Result<ExitCode> {
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    match &args.command {
        AgentsCommand::Generate(args) => stored::generate(&settings, args),
        AgentsCommand::Import(args) => stored::import(&settings, args),
        AgentsCommand::List(args) => stored::list(&settings, args),
        AgentsCommand::SetStatus(args) => stored::set_status(&settings, args),
    }
}

fn on_broken(args: &ImportArgs) -> OnBroken {
    if args.skip_bad { OnBroken::Skip } else { OnBroken::Refuse }
}

/// Says on stderr what an import leaves out.
fn announce_skipped(imported: &Imported) {
    for skipped in &imported.skipped {
        output::message(&format!("warning: skipped {skipped}"));
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
