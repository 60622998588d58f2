//! `cartload events`: looks at what shoppers did, or exports any table of the store with a card
//! that describes it. It writes nothing into the database; the scorecards of ended runs that it
//! reckoned for the card it keeps in the data directory.

mod request;
mod whole;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use chrono::{SubsecRound, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use actors::domain::flow::FlowStatus;
use analysis::export::whole::WholeExport;
use analysis::export::{
    Export, ExportError, Exported, Format, Progress, ReplayFilter, export, tables,
};
use store::Admin;
use store::admin::KnownRun;

use super::exit_code::HasCode;
use super::{ExitCode, GlobalArgs, Result, output};
use crate::config::Layer;
use crate::{database, known_runs};

/// The folder of kept scorecards below the data directory.
const SCORECARDS: &str = "scorecards";

const EXAMPLES: &str = "\
Examples:
  cartload events                                             the newest run, on the terminal
  cartload events --agent agent_007 --type checkout_complete --type cart_abandon
  cartload events --type cart_add_item --refused              what the shop did not take
  cartload events --replay only                               what was run again, and why
  cartload events --out events.parquet                        typed columns, with a data card
  cartload events --out-dir lake --run all                    run_id=.../day=.../part-*.parquet
  cartload events --table impressions --out impressions.parquet
  cartload events --all --out-dir tables                      every table, with one data card
  cartload events --all --out-dir tables --train-until 2026-03-01 --test-from 2026-03-08
  cartload events --list-tables                               every table, stored or for learning";

/// Look at what shoppers did, or export any table with a card that describes it.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct EventsArgs {
    /// A run's id, or how it begins; all for every run [default: the newest run]
    #[arg(long, value_name = "ID|all")]
    pub run: Vec<String>,
    /// The table; events is short for shopping_session_events
    #[arg(long, value_name = "NAME", default_value = "events")]
    pub table: String,
    /// Every table, canonical rows, into the folder --out-dir; with --json a summary on stdout
    #[arg(long, requires = "out_dir", conflicts_with_all = [
        "table", "list_tables", "cycles", "since", "until", "agent", "cohort", "kind", "outcome",
        "accepted", "refused", "replay", "limit", "format", "guard_formulas",
    ])]
    pub all: bool,
    /// List the tables instead
    #[arg(long)]
    pub list_tables: bool,
    /// Cycles, both ends included: 7, 0..23, 48.. or ..23
    #[arg(long, value_name = "A..B", value_parser = request::cycles)]
    pub cycles: Option<request::Cycles>,
    /// From this simulated instant on: 2026-03-01 or 2026-03-01T18:00
    #[arg(long, value_name = "INSTANT", value_parser = request::instant)]
    pub since: Option<chrono::NaiveDateTime>,
    /// Until before this simulated instant
    #[arg(long, value_name = "INSTANT", value_parser = request::instant)]
    pub until: Option<chrono::NaiveDateTime>,
    /// Of this shopper; may be said more than once, as the following
    #[arg(long, value_name = "ID")]
    pub agent: Vec<String>,
    /// Of this arm of an experiment
    #[arg(long, value_name = "NAME")]
    pub cohort: Vec<String>,
    /// Of this type: an event's, a coupon step's, an incident's kind
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Vec<String>,
    /// Of visits that ended so: completed, abandoned, browsed, failed, active
    #[arg(long, value_name = "STATUS")]
    pub outcome: Vec<FlowStatus>,
    /// Only what the shop took: products, coupons, orders
    #[arg(long, conflicts_with = "refused")]
    pub accepted: bool,
    /// Only what the shop refused
    #[arg(long)]
    pub refused: bool,
    /// Which attempts at a cycle
    #[arg(long, value_enum, default_value_t)]
    pub replay: ReplayFilter,
    /// So many rows at most [default: 50 on a terminal, all into a file]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<u64>,
    /// The form [default: the file's extension; a table on a terminal, csv into a pipe]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// As --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// In CSV, a ' before texts that begin with = + - @, a tab or a line end, as formulas do
    #[arg(long)]
    pub guard_formulas: bool,
    /// Into this file, a data card beside it; - is stdout, without a card
    #[arg(long, value_name = "FILE", conflicts_with = "out_dir")]
    pub out: Option<PathBuf>,
    /// Into this folder as Parquet, by run and simulated day, a data card beside it
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Simulated days before this one are period train [default: a week before the test days]
    #[arg(long, value_name = "DATE")]
    pub train_until: Option<chrono::NaiveDate>,
    /// Simulated days from this one on are period test [default: the last fifth of each run]
    #[arg(long, value_name = "DATE")]
    pub test_from: Option<chrono::NaiveDate>,
    /// Put it in the place of an export that is there
    #[arg(long)]
    pub force: bool,
}

impl EventsArgs {
    /// The file; none where it is stdout.
    fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|file| file.as_os_str() != output::STDOUT)
    }
}

impl HasCode for ExportError {
    fn code(&self) -> ExitCode {
        let is_store = matches!(self, Self::Store(_) | Self::Realism(_));
        match self.is_usage() {
            true => ExitCode::Usage,
            false if is_store => ExitCode::Database,
            false => ExitCode::Unexpected,
        }
    }
}

/// What the options ask for.
enum Asked {
    /// One table.
    Table(Box<Export>),
    /// All of them.
    Whole(WholeExport),
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &EventsArgs) -> Result {
    if args.list_tables {
        output::data(&tables_text(args.json)?)?;
        return Ok(ExitCode::Ok);
    }
    let settings = global.settings(Layer::default())?;
    // What cannot be is refused before the database is touched.
    let now = Utc::now().naive_utc().trunc_subsecs(6);
    let lifelike = request::Lifelike {
        yardstick: settings.realism.yardstick(),
        scorecards: settings.store.data_dir.join(SCORECARDS),
    };
    let asked = match args.all {
        true => Asked::Whole(request::whole(args, now, lifelike)?),
        false => Asked::Table(Box::new(request::of(args, now, lifelike)?)),
    };
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    actix_rt::System::new().block_on(async {
        let admin = database::open_to_read(&settings).await?;
        let outcome = match &asked {
            Asked::Whole(request) => whole::read(&admin, args, request).await,
            Asked::Table(request) => read(&admin, args, request).await,
        };
        admin.close().await;
        outcome
    })
}

async fn read(admin: &Admin, args: &EventsArgs, request: &Export) -> Result {
    let runs = runs(admin, args, request.table.has_run()).await?;
    let bar = bar(args);
    let exported = export(admin, &runs, request, |at| show(&bar, at)).await;
    bar.finish_and_clear();
    match exported {
        Ok(exported) => tell(args, request, &exported),
        Err(error) if is_reader_gone(&error) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::Ok)
}

async fn runs(admin: &Admin, args: &EventsArgs, needs_run: bool) -> Result<Vec<KnownRun>> {
    if args.run.iter().any(|run| run == "all") {
        let mut runs = admin.list_runs().await?;
        // The oldest first: rows come in the order of time.
        runs.reverse();
        return Ok(runs);
    }
    // Personas are there without a run.
    if !needs_run && args.run.is_empty() {
        return Ok(admin.list_runs().await?.into_iter().take(1).collect());
    }
    let mut found = Vec::new();
    match args.run.as_slice() {
        [] => found.push(known_runs::find(admin, None).await?),
        named => {
            for named in named {
                let run = known_runs::find(admin, Some(named)).await?;
                if !found.contains(&run) {
                    found.push(run);
                }
            }
        }
    }
    Ok(found)
}

/// On stderr, and only where somebody looks; never beside a table on the same terminal.
fn bar(args: &EventsArgs) -> ProgressBar {
    let is_seen = args.file().is_some() || args.out_dir.is_some() || !io::stdout().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {percent}% {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, at: Progress) {
    if let Some((reached, last)) = at.cycle {
        bar.set_length(u64::try_from(last).unwrap_or(0) + 1);
        bar.set_position(u64::try_from(reached).unwrap_or(0) + 1);
    }
    bar.set_message(format!("{} rows", at.rows));
    bar.tick();
}

/// A reader that went away (`| head`) has had enough.
fn is_reader_gone(error: &ExportError) -> bool {
    matches!(error, ExportError::Io { path, source }
        if path.as_os_str() == "stdout" && source.kind() == io::ErrorKind::BrokenPipe)
}

fn tell(args: &EventsArgs, request: &Export, exported: &Exported) {
    if matches!(args.replay, ReplayFilter::Only | ReplayFilter::All) {
        for (run, replays) in &exported.replays {
            if replays.is_empty() {
                output::message(&format!("run {run}: nothing was run again"));
            }
            for replay in replays {
                output::message(&format!("run {run}: {}", replay.line()));
            }
        }
    }
    if exported.is_cut {
        output::message(&format!(
            "the first {} rows; --limit shows more, --out FILE exports all of them",
            exported.rows
        ));
    }
    if let Some(card) = &exported.card {
        let bytes: u64 = card.files.iter().map(|file| file.bytes).sum();
        output::message(&format!(
            "{} rows of {}, {} bytes in {} files, with a data card",
            exported.rows,
            request.table.name,
            bytes,
            card.files.len()
        ));
    }
}

fn tables_text(json: bool) -> Result<String> {
    let tables = tables::all();
    if json {
        let tables: Vec<serde_json::Value> = tables
            .iter()
            .map(|table| {
                let columns: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
                serde_json::json!({
                    "name": table.name,
                    "about": table.about,
                    "stored": table.is_stored,
                    "by_day": table.is_by_day(),
                    "columns": columns,
                })
            })
            .collect();
        return Ok(serde_json::to_string(&tables)?);
    }
    let mut rows = vec![["TABLE", "KIND", "FOLDERS", "ONE ROW"].map(str::to_owned).to_vec()];
    rows.extend(tables.iter().map(|table| {
        let kind = if table.is_stored { "stored" } else { "computed" };
        let folders = match (table.has_run(), table.is_by_day()) {
            (true, true) => "run, day",
            (true, false) => "run",
            (false, _) => "",
        };
        [table.name, kind, folders, table.about].map(str::to_owned).to_vec()
    }));
    Ok(output::table(&rows))
}
