//! The data card: what somebody who finds the file in a year must know, as JSON and as Markdown.

pub(crate) mod facts;
mod kept;
pub(crate) mod lifelike;
mod markdown;
pub(crate) mod whole;

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDateTime;
use questions::Ask;
use questions::orders::OrderCounts;
use serde::Serialize;
use serde_json::Value as Json;

use self::facts::{Attempted, Population};
use self::lifelike::CardDimension;
use super::filter::ReplayFilter;
use super::period::TimeSplit;
use super::place::Written;
use super::scope::Scope;
use super::tables::{Attempts, Column, Source, Table};
use super::value::instant_text;
use super::{Destination, Export, ExportError, Format, Tally};
use crate::realism::yardstick::Yardstick;

/// A data card.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Its format.
    pub schema: &'static str,
    /// The cartload that wrote it.
    pub cartload: &'static str,
    /// Wall clock, UTC.
    pub exported_at: NaiveDateTime,
    /// The table's name.
    pub table: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// csv, jsonl or parquet.
    pub format: &'static str,
    /// By what the folders are named, the outer first.
    pub partitioned_by: Vec<&'static str>,
    /// exclude, only, all or canonical.
    pub replay: &'static str,
    /// The other filters, in words.
    pub filters: Vec<String>,
    /// Whether --limit left rows out.
    pub is_cut: bool,
    /// Rows in all files.
    pub rows: u64,
    /// Of them of replays.
    pub replay_rows: u64,
    /// Their share; `null` for no rows.
    pub replay_share: Option<f64>,
    /// The files.
    pub files: Vec<Written>,
    /// The columns.
    pub columns: Vec<CardColumn>,
    /// The runs.
    pub runs: Vec<CardRun>,
    /// The active shoppers of the database at the time of the export.
    pub population: Population,
    /// Which shoppers train.
    pub split: &'static str,
    /// Which simulated days train; the dates stand with each run.
    pub time_split: &'static str,
    /// Which shoppers get no offers.
    pub holdout: &'static str,
    /// What it is not good for.
    pub limits: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, Serialize)]
pub struct CardColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub r#type: &'static str,
    /// Whether it can be empty.
    pub nullable: bool,
    /// What it says.
    pub meaning: &'static str,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct CardRun {
    /// Its id.
    pub run_id: String,
    /// Its state at the time of the export.
    pub state: &'static str,
    /// Wall clock, UTC.
    pub started_at: NaiveDateTime,
    /// Wall clock, UTC.
    pub ended_at: Option<NaiveDateTime>,
    /// Simulated begin.
    pub simulated_start: NaiveDateTime,
    /// Simulated end of the last hour that counts.
    pub simulated_until: NaiveDateTime,
    /// Which of its days train, and which test.
    pub time_split: TimeSplit,
    /// Hours that count.
    pub cycles: u64,
    /// Active shoppers at its start.
    pub agents: u32,
    /// How they behave.
    pub preset: String,
    /// Attempts and visits over all attempts.
    pub attempts: Attempted,
    /// Orders, by which count they are in; whatever was exported of the run.
    pub orders: OrderCounts,
    /// What was run again, and why.
    pub replays: Vec<String>,
    /// How lifelike it is: canonical rows of the whole run, whatever was exported of it.
    pub realism: Vec<CardDimension>,
    /// Every setting that is not secret.
    pub settings: Json,
}

const SPLIT: &str = "by agent: train where the hash share of agent_id for the purpose \
                     train_validation_split is below 0.8, else validation; the same in every \
                     export and release (docs/data.md)";
const TIME_SPLIT: &str = "period, by the simulated day: train before train_until, test from \
                          test_from on, gap between them. Where nobody named the dates the last \
                          fifth of a run's days tests, a week (less in a run under 11 days) lies \
                          before it, and the dates move while the run goes on (docs/data.md)";
const HOLDOUT: &str = "by agent: held out where the hash share of agent_id for the purpose holdout \
                       is below offers.holdout_percent of the run's settings; decided before any \
                       coupon is drawn, of use where the engine hands out (source = engine)";

impl Card {
    /// Describes what was written.
    pub(super) async fn describe(
        store: &impl Ask,
        export: &Export,
        scopes: &[Arc<Scope>],
        tally: &Tally,
        files: Vec<Written>,
    ) -> Result<Self, ExportError> {
        let table = &export.table;
        let is_folder = matches!(export.destination, Destination::Folder(_));
        let mut limits = GENERAL_LIMITS.map(str::to_owned).to_vec();
        limits.extend(limits_of_table(export));
        limits.extend(limits_of_runs(scopes));
        let share = (tally.rows > 0).then(|| tally.replayed as f64 / tally.rows as f64);
        Ok(Self {
            schema: "cartload.data-card/1",
            cartload: env!("CARGO_PKG_VERSION"),
            exported_at: export.at,
            table: table.name,
            about: table.about,
            format: export.format.as_str(),
            partitioned_by: if is_folder { folders_of(table) } else { Vec::new() },
            replay: export.filter.replay.as_str(),
            filters: export.filter.words(),
            is_cut: tally.is_cut,
            rows: tally.rows,
            replay_rows: tally.replayed,
            replay_share: share,
            files,
            columns: columns_of(table),
            limits,
            runs: runs_of(store, scopes, &export.yardstick, export.scorecards.as_deref()).await?,
            population: facts::population(store).await?,
            split: SPLIT,
            time_split: TIME_SPLIT,
            holdout: HOLDOUT,
        })
    }

    /// As JSON.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        markdown::of(self)
    }
}

impl CardRun {
    fn of(
        scope: &Scope,
        (attempts, orders): (Attempted, OrderCounts),
        realism: Vec<CardDimension>,
    ) -> Self {
        let run = &scope.run;
        let replays = scope.replays.iter().map(|replay| {
            format!("{} (wall clock {})", replay.line(), instant_text(replay.recorded_at))
        });
        Self {
            run_id: scope.run_id.clone(),
            state: run.state.as_str(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            simulated_start: run.simulated_start,
            simulated_until: scope.lived_until(),
            time_split: scope.time_split,
            cycles: scope.canonical.len() as u64,
            agents: run.agents,
            preset: run.preset().to_owned(),
            attempts,
            orders,
            replays: replays.collect(),
            realism,
            settings: run.settings.clone(),
        }
    }
}

/// What the folders of a table are named by.
fn folders_of(table: &Table) -> Vec<&'static str> {
    let partitions = [("run_id", table.has_run()), ("day", table.is_by_day())];
    partitions.into_iter().filter(|(_, by)| *by).map(|(name, _)| name).collect()
}

fn columns_of(table: &Table) -> Vec<CardColumn> {
    let column = |column: &Column| CardColumn {
        name: column.name,
        r#type: column.kind.as_str(),
        nullable: column.nullable,
        meaning: column.meaning,
    };
    table.columns.iter().map(column).collect()
}

async fn runs_of(
    store: &impl Ask,
    scopes: &[Arc<Scope>],
    yardstick: &Yardstick,
    scorecards: Option<&Path>,
) -> Result<Vec<CardRun>, ExportError> {
    let mut runs = Vec::new();
    for scope in scopes {
        let attempts = facts::attempted(store, scope.run.run_id).await?;
        let dimensions = kept::dimensions(store, scope, yardstick, scorecards).await?;
        let orders = facts::orders(store, scope.run.run_id).await?;
        runs.push(CardRun::of(scope, (attempts, orders), dimensions));
    }
    Ok(runs)
}

const GENERAL_LIMITS: [&str; 3] = [
    "Every row was made by a simulated shopper (is_simulated). It tells of the model's \
     assumptions and of the shop, not of customers.",
    "Draws differ in each run, there is no seed: a run cannot be made again row by row.",
    "simulated_at is the simulated clock, recorded_at the wall clock (UTC); never mix them in one \
     axis.",
];

fn limits_of_table(export: &Export) -> Vec<String> {
    let table = &export.table;
    let is_canonical = export.filter.replay == ReplayFilter::Canonical;
    let limits = [
        (
            table.attempts == Attempts::Each && !is_canonical,
            "Not only canonical attempts: a cycle may appear more than once, or broken. Count \
             over (run_id, cycle, replay), or export with --replay canonical.",
        ),
        (
            table.attempts == Attempts::Log,
            "A log over all attempts: what a broken attempt did stands here as well.",
        ),
        (
            table.name == "agents",
            "Personas as they are in the database at the time of the export, not as they were at \
             the start of a run.",
        ),
        (
            table.name == "impressions",
            "price_cents and in-list attributes are the product's as the run saw them last; what \
             nobody was shown is not here. Coupons carry their assignment only where the shop \
             showed them as eligible.",
        ),
        (
            table.name == "visit_products",
            "category and brand are the product's as the run saw them last. What became of a \
             product later in the visit (views, units, labels) is not known at its first exposure.",
        ),
        (
            table.name == "prices",
            "Only prices that a shopper looked at or bought at: a price that nobody saw on a day \
             has no row, and lists show none.",
        ),
        (
            matches!(table.source, Source::AgentDays),
            "Shoppers without any visit or coupon in the run have no rows; a day with fewer than \
             24 hours lived has labels of those hours only.",
        ),
        (
            export.format == Format::Csv && !export.guard_formulas,
            "Texts are as shop and agents have them: a spreadsheet runs those that begin with \
             = + - @, a tab or a line end; --guard-formulas puts a ' before them.",
        ),
        (
            export.guard_formulas,
            "Texts that begin with = + - @, a tab or a line end have a ' before them \
             (--guard-formulas): take it off when reading.",
        ),
    ];
    limits.into_iter().filter(|(applies, _)| *applies).map(|(_, text)| text.to_owned()).collect()
}

fn limits_of_runs(scopes: &[Arc<Scope>]) -> Vec<String> {
    let mut limits = Vec::new();
    for scope in scopes {
        let is_mock = scope.run.settings.get("shop").and_then(|s| s.get("mock"));
        if is_mock.and_then(Json::as_bool) == Some(true) {
            let text = "Made with --mock-api: no shop, no latency, and coupons shown are not tied \
                        to assignments.";
            limits.push(text.to_owned());
        }
        if !scope.run.state.is_end() {
            limits.push(format!(
                "Run {} had not ended: canonical rows are those that had closed when the export \
                 began; other attempts may be half written.",
                scope.run_id
            ));
        }
    }
    limits
}
