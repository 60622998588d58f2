//! The card of an export of all tables: what holds for all of them once, and a part for each.

use std::sync::Arc;

use chrono::NaiveDateTime;
use questions::Ask;
use serde::Serialize;

use super::facts::{self, Population};
use super::{CardColumn, CardRun, GENERAL_LIMITS, HOLDOUT, SPLIT, TIME_SPLIT, markdown};
use crate::export::place::Written;
use crate::export::scope::Scope;
use crate::export::whole::WholeExport;
use crate::export::{Export, ExportError, Tally};

/// A data card of many tables.
#[derive(Clone, Debug, Serialize)]
pub struct WholeCard {
    /// Its format.
    pub schema: &'static str,
    /// The cartload that wrote it.
    pub cartload: &'static str,
    /// Wall clock, UTC.
    pub exported_at: NaiveDateTime,
    /// Of the files.
    pub format: &'static str,
    /// Which attempts.
    pub replay: &'static str,
    /// The tables.
    pub tables: Vec<CardTable>,
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
    /// What all of it is not good for.
    pub limits: Vec<String>,
}

/// A table of it.
#[derive(Clone, Debug, Serialize)]
pub struct CardTable {
    /// Its name, which is its folder's.
    pub table: &'static str,
    /// What one row is.
    pub about: &'static str,
    /// By what its folders are named, the outer first.
    pub partitioned_by: Vec<&'static str>,
    /// Rows in all files.
    pub rows: u64,
    /// Of them of replays.
    pub replay_rows: u64,
    /// What it is not good for.
    pub limits: Vec<String>,
    /// Its columns.
    pub columns: Vec<CardColumn>,
    /// Its files, by their names below the export's folder.
    pub files: Vec<Written>,
}

impl CardTable {
    /// Describes what was written of a table.
    pub(in crate::export) fn of(export: &Export, tally: &Tally, files: Vec<Written>) -> Self {
        let table = &export.table;
        Self {
            table: table.name,
            about: table.about,
            partitioned_by: super::folders_of(table),
            rows: tally.rows,
            replay_rows: tally.replayed,
            limits: super::limits_of_table(export),
            columns: super::columns_of(table),
            files,
        }
    }
}

impl WholeCard {
    /// Describes all of it. The runs are scored once, for however many tables.
    pub(in crate::export) async fn of(
        store: &impl Ask,
        request: &WholeExport,
        scopes: &[Arc<Scope>],
        tables: Vec<CardTable>,
    ) -> Result<Self, ExportError> {
        let mut limits = GENERAL_LIMITS.map(str::to_owned).to_vec();
        limits.extend(super::limits_of_runs(scopes));
        let WholeExport { yardstick, scorecards, .. } = request;
        let runs = super::runs_of(store, scopes, yardstick, scorecards.as_deref()).await?;
        Ok(Self {
            schema: "cartload.data-card-of-tables/1",
            cartload: env!("CARGO_PKG_VERSION"),
            exported_at: request.at,
            format: "parquet",
            replay: "canonical",
            tables,
            runs,
            population: facts::population(store).await?,
            split: SPLIT,
            time_split: TIME_SPLIT,
            holdout: HOLDOUT,
            limits,
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
        markdown::of_whole(self)
    }

    /// Bytes in all files.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().flat_map(|table| &table.files).map(|file| file.bytes).sum()
    }

    /// Rows in all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}
