//! `cartload report`: one page that says what a run did, how well it held, and how it differs from
//! another one. It writes nothing into the database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::export::{must_be_free, write_file};
use analysis::realism::Verdict;
use analysis::report::page::missed_line;
use analysis::report::{Report, ReportError, questions};
use analysis::verify::Audit;
use chrono::{SubsecRound, Utc};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use questions::Ask;
use questions::ledger::Books;
use store::Admin;
use store::admin::KnownRun;

use super::exit_code::HasCode;
use super::{ExitCode, Failure, GlobalArgs, Result, output, verify};
use crate::config::{Layer, Settings};
use crate::data_dir::Lock;
use crate::{database, known_runs};

const EXAMPLES: &str = "\
Examples:
  cartload report                                  the newest run, into report-XXXXXXXX.html
  cartload report 0198c5f2 -o june.html            that run, into this file
  cartload report 0198c5f2 --compare 0198b1aa      beside another run, with 95 % intervals
  cartload report --json                           the same numbers on stdout, for scripts
  cartload report --gate realism                   code 11 where a targeted band is missed";

/// Make a page of what a run did: pictures, numbers, checked promises, another run beside it.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct ReportArgs {
    /// The run's id, or how it begins [default: the newest run]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Another run to put beside it
    #[arg(long, value_name = "RUN2")]
    pub compare: Option<String>,
    /// Into this file, - for stdout [default: report-RUN.html in this folder; with --json none]
    #[arg(long, short, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
    /// Put it in the place of a file that is there
    #[arg(long)]
    pub force: bool,
    /// Print the numbers as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// End with code 11 where it is not met, a line on stderr for each band
    #[arg(long, value_enum)]
    pub gate: Option<Gate>,
}

/// What a run is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Gate {
    /// Every band of the scorecard that its preset aims at
    Realism,
}

impl HasCode for ReportError {
    fn code(&self) -> ExitCode {
        if self.is_store() { ExitCode::Database } else { ExitCode::Unexpected }
    }
}

/// Does it.
pub fn execute(global: &GlobalArgs, args: &ReportArgs) -> Result {
    if args.json && args.out.as_deref().is_some_and(is_stdout) {
        let text = "-o - and --json are both for stdout; say one, or name a file";
        return Err(Failure::new(ExitCode::Usage, text));
    }
    if let Some(path) = args.out.as_deref().filter(|path| !is_stdout(path)) {
        must_be_free(path, args.force)?;
    }
    let settings = global.settings(Layer::default())?;
    for warning in &settings.warnings {
        output::message(&format!("warning: {warning}"));
    }
    actix_rt::System::new().block_on(async {
        let admin = database::open_to_read(&settings).await?;
        let outcome = make(&admin, &settings, args).await;
        admin.close().await;
        outcome
    })
}

async fn make(admin: &Admin, settings: &Settings, args: &ReportArgs) -> Result {
    let run = known_runs::find(admin, args.run.as_deref()).await?;
    let other = match &args.compare {
        Some(named) => Some(other(admin, &run, named).await?),
        None => None,
    };
    let path = out(args, &run);
    if let Some(path) = path.as_deref().filter(|path| !is_stdout(path)) {
        must_be_free(path, args.force)?;
    }
    let bar = bar();
    let read = read(admin, settings, &run, &bar).await;
    bar.finish_and_clear();
    let mut report = read?;
    if let Some(other) = &other {
        report.beside(admin, other).await?;
    }
    if let Some(path) = &path {
        let drawn = report.html();
        let page = drawn.map_err(|e| Failure::new(ExitCode::Unexpected, e.to_string()))?;
        if is_stdout(path) {
            output::data(page.trim_end())?;
        } else {
            write_file(path, args.force, &page)?;
            output::message(&format!("{}: the report of run {}", path.display(), run.run_id));
        }
    }
    if args.json {
        output::data(&serde_json::to_string(&report)?)?;
    }
    Ok(args.gate.map_or(ExitCode::Ok, |Gate::Realism| judged(&report)))
}

fn judged(report: &Report) -> ExitCode {
    let card = &report.realism;
    output::message(&card.told.line());
    if card.holds() {
        return ExitCode::Ok;
    }
    for dimension in card.with(Verdict::Missed).chain(card.with(Verdict::TooFewData)) {
        output::message(&missed_line(dimension));
    }
    ExitCode::NotLifelike
}

async fn other(admin: &Admin, run: &KnownRun, named: &str) -> Result<KnownRun> {
    let other = known_runs::find(admin, Some(named)).await?;
    if other.run_id == run.run_id {
        let text = "--compare: a run beside itself says nothing; name another one";
        return Err(Failure::new(ExitCode::Usage, text));
    }
    Ok(other)
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == output::STDOUT
}

/// With `--json` a page is made where a file is named.
fn out(args: &ReportArgs, run: &KnownRun) -> Option<PathBuf> {
    let id = run.run_id.to_string();
    let default = || PathBuf::from(format!("report-{}.html", id.get(..8).unwrap_or(&id)));
    args.out.clone().or_else(|| (!args.json).then(default))
}

async fn read(
    admin: &Admin,
    settings: &Settings,
    run: &KnownRun,
    bar: &ProgressBar,
) -> Result<Report> {
    // Before the books are read: a process that starts meanwhile is not taken for a dead one.
    let dead = Lock::dead_in(&settings.store.data_dir);
    let at = Utc::now().naive_utc().trunc_subsecs(6);
    bar.set_message("the books");
    let ledger = admin.at_once(Books(run.run_id)).await?;
    let ledger = ledger.ok_or_else(|| verify::purged(run.run_id))?;
    let audit = Audit::of(&ledger, ledger.run.is_owned(&dead, at));
    let tell = {
        let bar = bar.clone();
        move |says| {
            bar.inc(1);
            bar.set_message(says);
        }
    };
    let yardstick = (&settings.realism.yardstick(), at);
    Ok(Report::read(admin, (ledger.run, audit), yardstick, Arc::new(tell)).await?)
}

/// On stderr, where somebody looks.
fn bar() -> ProgressBar {
    let length = questions().len() as u64 + 1;
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} reading {msg} {wide_bar} {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
