//! `cartload shop mark`: says on the shop's own rows that they were simulated, and when. A dry run
//! unless it is told to.

use chrono::{SubsecRound, Utc};
use clap::Args;
use serde_json::{Value, json};
use store::Admin;
use store::admin::KnownRun;
use store::shop_rows::{self, MarkError, Marked, Marking, ShopNames};

use crate::cli::exit_code::HasCode;
use crate::cli::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::config::{Layer, Settings};
use crate::{database, known_runs};

const EXAMPLES: &str = "\
Examples:
  cartload shop mark                       what it would change of the newest run, nothing more
  cartload shop mark --yes                 does it
  cartload shop mark --run all --no-times  every run; the shop's own times stay
  cartload shop mark --name orders.shopping_session_id=visit_id --name events=none
  cartload shop mark --sql > mark.sql      the statements, for psql";

/// Mark the shop's own rows as simulated, where shop and run share a PostgreSQL database.
///
/// Sets is_simulated on the sessions, events and orders of a run's flows, closes sessions that were
/// abandoned, and writes simulated times. Rows of people are not touched: a row is a run's only if
/// it bears the id of one of its flows.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct MarkArgs {
    /// The run's id, or how it begins; all for every run [default: the newest run]
    #[arg(long, value_name = "ID|all")]
    pub run: Option<String>,
    /// Do it; without, it is only counted
    #[arg(long, visible_alias = "apply")]
    pub yes: bool,
    /// The schema of the shop's tables
    #[arg(long, value_name = "NAME", default_value = "public")]
    pub schema: String,
    /// What a table, column or word of the shop is called, or that it has none; may be said more
    /// than once
    #[arg(long, value_name = "ROLE=NAME|none")]
    pub name: Vec<String>,
    /// Leave the shop's times as they are
    #[arg(long)]
    pub no_times: bool,
    /// Print the statements instead
    #[arg(long, conflicts_with_all = ["yes", "json"])]
    pub sql: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl HasCode for MarkError {
    fn code(&self) -> ExitCode {
        match self {
            Self::NotShared | Self::OwnSchema(_) | Self::Nothing(_) => ExitCode::Config,
            Self::Store(_) => ExitCode::Database,
        }
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &MarkArgs) -> Result {
    let names = names(args)?;
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    actix_rt::System::new().block_on(async {
        let admin = if args.yes {
            database::open_existing(&settings).await?
        } else {
            database::open_to_read(&settings).await?
        };
        let outcome = mark(&admin, args, names, &settings).await;
        admin.close().await;
        outcome
    })
}

fn names(args: &MarkArgs) -> Result<ShopNames> {
    let refused = |text: String| Failure::new(ExitCode::Usage, text);
    let mut names =
        ShopNames::new(&args.schema).map_err(|error| refused(format!("--schema {error}")))?;
    for name in &args.name {
        names.rename(name).map_err(|error| refused(format!("--name {error}")))?;
    }
    Ok(names)
}

async fn mark(admin: &Admin, args: &MarkArgs, names: ShopNames, settings: &Settings) -> Result {
    let runs = match args.run.as_deref() {
        Some("all") => None,
        named => Some(vec![known_runs::find(admin, named).await?]),
    };
    if args.yes {
        let all = admin.list_runs().await?;
        refuse_living(runs.as_ref().unwrap_or(&all))?;
    }
    let ids = runs.map(|runs| runs.iter().map(|run| run.run_id).collect::<Vec<_>>());
    let marking = Marking {
        names,
        ours: settings.store.schema.clone(),
        runs: ids.clone(),
        times: !args.no_times,
        apply: args.yes,
    };
    let marked = shop_rows::mark(admin, marking).await?;
    let ids: Option<Vec<String>> = ids.map(|ids| ids.iter().map(ToString::to_string).collect());
    if args.json {
        output::data(&serde_json::to_string_pretty(&as_json(&marked, ids.as_deref(), args.yes))?)?;
        return Ok(ExitCode::Ok);
    }
    for text in &marked.left_out {
        output::message(&format!("left out: {text}"));
    }
    if args.sql {
        output::data(&script(&marked))?;
        return Ok(ExitCode::Ok);
    }
    let row =
        |(change, rows): &(shop_rows::Change, u64)| vec![rows.to_string(), change.what.to_owned()];
    output::data(&output::table(&marked.changes.iter().map(row).collect::<Vec<_>>()))?;
    if !args.yes {
        output::message("nothing was changed; --yes does it, --sql prints the statements");
    }
    Ok(ExitCode::Ok)
}

/// The shop's times tell a run that goes on which orders are its own.
fn refuse_living(runs: &[KnownRun]) -> Result<()> {
    let at = Utc::now().naive_utc().trunc_subsecs(6);
    match runs.iter().find(|run| run.is_owned(&[], at)) {
        None => Ok(()),
        Some(run) => {
            let text = format!(
                "run {} goes on and finds its orders by the shop's times; nothing was changed: end \
                 it first. Of a process that died it is known after 120 s",
                run.run_id
            );
            Err(Failure::new(ExitCode::Config, text))
        }
    }
}

/// For psql.
fn script(marked: &Marked) -> String {
    let mut text = "BEGIN;\n".to_owned();
    for (change, rows) in &marked.changes {
        text += &format!("-- {}: {rows} rows\n{};\n", change.what, change.update());
    }
    text + "COMMIT;"
}

fn as_json(marked: &Marked, runs: Option<&[String]>, applied: bool) -> Value {
    let changes = marked
        .changes
        .iter()
        .map(|(change, rows)| json!({ "what": change.what, "rows": rows, "sql": change.update() }));
    json!({
        "applied": applied,
        "runs": runs,
        "changes": changes.collect::<Vec<_>>(),
        "left_out": marked.left_out,
    })
}
