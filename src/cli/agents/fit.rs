//! `cartload agents fit`: an order history becomes a preset, personas and a report, in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use fitting::columns::Named;
use fitting::history::{self, History, HistoryError};
use fitting::portrait::{Of, Portrait};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::json_of;
use crate::cli::exit_code::HasCode;
use crate::cli::{ExitCode, Failure, Result, output};
use crate::fit::{self, FitError, Fitted, Wish, estimates_table};

const EXAMPLES: &str = "\
Examples:
  cartload agents fit --orders orders.csv --out mine
  cartload agents fit --orders lines.jsonl --columns customer=buyer,time=paid_at --out mine
  psql -c '\\copy (SELECT ...) TO STDOUT CSV HEADER' | cartload agents fit --orders - --out mine
  cartload agents import mine/agents.json --replace
  cartload run --preset mine/preset.ron";

/// Learn a preset and personas from your shop's orders.
#[derive(Clone, Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct FitArgs {
    /// Order lines: CSV with a header, JSON objects a line, or - for CSV on stdin
    #[arg(long, value_name = "FILE|-")]
    pub orders: PathBuf,
    /// What columns are called: customer, time, product, category, quantity, price, discount,
    /// order [default: guessed]
    #[arg(long, value_name = "NAME=COLUMN,...")]
    pub columns: Option<Named>,
    /// Write preset.ron, agents.json, fit.md and fit.json here
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Personas to draw, and agents of the runs
    #[arg(long, default_value_t = 372, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub agents: u32,
    /// Simulated days of each run, 7 to 56 [default: the history's weeks]
    #[arg(long, value_parser = clap::value_parser!(u32).range(7..=56))]
    pub days: Option<u32>,
    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write over what is there
    #[arg(long)]
    pub force: bool,
}

/// What is written.
const FILES: [&str; 4] = ["preset.ron", "agents.json", "fit.md", "fit.json"];

impl HasCode for HistoryError {
    fn code(&self) -> ExitCode {
        ExitCode::Config
    }
}

impl HasCode for FitError {
    fn code(&self) -> ExitCode {
        match self {
            Self::TooLittle(_) | Self::Shipped(_) | Self::Preset(_) => ExitCode::Config,
            Self::Run(_) => ExitCode::Unexpected,
        }
    }
}

/// Does it.
pub fn fit(args: &FitArgs) -> Result {
    refuse_to_overwrite(args)?;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let history = read(args, &mut |rows| {
        bar.set_message(format!("{rows} rows"));
        bar.tick();
    })?;
    let wish = Wish { agents: args.agents, days: args.days };
    let fitted = fit::fit(&history, wish, &mut rand::rng(), |next| {
        bar.set_message(next.to_owned());
        bar.tick();
    });
    bar.finish_and_clear();
    match fitted {
        Ok(fitted) => written(args, &fitted),
        Err(FitError::TooLittle(lack)) => too_little(args, &history, FitError::TooLittle(lack)),
        Err(error) => Err(error.into()),
    }
}

fn read(args: &FitArgs, told: &mut dyn FnMut(u64)) -> Result<History, HistoryError> {
    let named = args.columns.clone().unwrap_or_default();
    if args.orders.as_os_str() == output::STDOUT {
        return history::read_csv("stdin", std::io::stdin().lock(), b',', &named, told);
    }
    history::read(&args.orders, &named, told)
}

fn refuse_to_overwrite(args: &FitArgs) -> Result<()> {
    let there = FILES.iter().map(|name| args.out.join(name)).find(|path| path.exists());
    match there.filter(|_| !args.force) {
        None => Ok(()),
        Some(path) => {
            let text = format!("{} is there; --force writes over it", path.display());
            Err(Failure::new(ExitCode::Config, text))
        }
    }
}

fn written(args: &FitArgs, fitted: &Fitted) -> Result {
    let Fitted { behavior, personas, report } = fitted;
    // As the presets that ship are written: what reads them unwraps newtypes, `Some` among them.
    let pretty =
        ron::ser::PrettyConfig::default().extensions(ron::extensions::Extensions::IMPLICIT_SOME);
    let preset = ron::ser::to_string_pretty(behavior, pretty)
        .map_err(Failure::during(ExitCode::Unexpected, "preset.ron"))?;
    let comment = "// Made by `cartload agents fit`; fit.md beside it says from what.\n";
    let json = serde_json::to_string_pretty(report)?;
    let markdown = report.markdown();
    fs::create_dir_all(&args.out)
        .map_err(Failure::during(ExitCode::Config, args.out.display().to_string()))?;
    let texts = [format!("{comment}{preset}\n"), json_of(personas)?, markdown, json];
    for (name, text) in FILES.iter().zip(&texts) {
        write(&args.out.join(name), text)?;
    }
    let [_, _, markdown, json] = &texts;
    output::data(if args.json { json } else { markdown })?;
    let out = args.out.display();
    output::message(&format!(
        "wrote {out}/preset.ron, agents.json, fit.md and fit.json; next: cartload agents import \
         {out}/agents.json --replace, then cartload run --preset {out}/preset.ron"
    ));
    Ok(ExitCode::Ok)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Failure::during(ExitCode::Config, path.display().to_string()))
}

/// Says what there is too little of; nothing is written.
fn too_little(args: &FitArgs, history: &History, error: FitError) -> Result {
    let estimates = fit::estimates(&Portrait::of(&history.fit, Of::History));
    output::data(&if args.json {
        serde_json::to_string_pretty(&json!({
            "schema": "cartload.fit/1", "rows": history.rows, "estimates": estimates,
        }))?
    } else {
        estimates_table(&estimates)
    })?;
    output::message("nothing was written; half of the customers are fitted to, the others score");
    Err(error.into())
}
