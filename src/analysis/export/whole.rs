//! Every table in one folder, with one card: as many folders as tables, each as `--out-dir` makes
//! it of one. All of them are read at the same moment of each run, so that they fit each other.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDateTime;
use questions::Ask;
use questions::runs::KnownRun;

use super::card::whole::{CardTable, WholeCard};
use super::period::Periods;
use super::place::Target;
use super::sink::Sink;
use super::sink::parquet::Layout;
use super::sink::partitions::PartitionSink;
use super::tables::{self, Table};
use super::{Destination, Export, ExportError, Filter, Format, Progress, Tally};
use crate::realism::yardstick::Yardstick;

/// Where to, and with what.
#[derive(Clone, Debug)]
pub struct WholeExport {
    /// The folder.
    pub folder: PathBuf,
    /// Whether it takes the place of what is there.
    pub force: bool,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
    /// Which simulated days train, and which test.
    pub periods: Periods,
    /// What counts as lifelike on the data card.
    pub yardstick: Yardstick,
    /// Where scorecards of ended runs are kept; `None`: nowhere.
    pub scorecards: Option<PathBuf>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeProgress {
    /// The table under way.
    pub table: &'static str,
    /// Which of them it is, from 1.
    pub number: usize,
    /// How many there are.
    pub tables: usize,
    /// How far it is itself.
    pub of_table: Progress,
}

/// Writes every table of these runs, canonical rows.
///
/// # Errors
/// Whatever stands in the way; nothing is left behind then.
pub async fn export_all(
    store: &(impl Ask + Clone + 'static),
    runs: &[KnownRun],
    request: &WholeExport,
    mut progress: impl FnMut(WholeProgress),
) -> Result<WholeCard, ExportError> {
    let (target, root) = Target::folder(&request.folder, request.force)?;
    let scopes = super::load(store, runs, &request.periods).await?;
    let all = tables::all();
    let (count, mut written) = (all.len(), Vec::new());
    for (at, table) in all.into_iter().enumerate() {
        let export = request.of_table(table);
        let table = Arc::new(export.table.clone());
        let mut sink = Box::new(sink(&root.join(table.name), &table)?);
        let mut tally = Tally::default();
        let mut tell = |of_table| {
            progress(WholeProgress { table: table.name, number: at + 1, tables: count, of_table });
        };
        let out: (&mut dyn Sink, _) = (sink.as_mut(), &mut tally);
        super::write_runs(store, (&export, &table), &scopes, out, &mut tell).await?;
        let mut files = sink.finish()?;
        for file in &mut files {
            file.file = PathBuf::from(table.name).join(&file.file);
        }
        written.push(CardTable::of(&export, &tally, files));
    }
    let card = WholeCard::of(store, request, &scopes, written).await?;
    target.publish(&card.json(), &card.markdown())?;
    Ok(card)
}

fn sink(root: &std::path::Path, table: &Table) -> Result<PartitionSink, ExportError> {
    std::fs::create_dir(root).map_err(ExportError::io(root))?;
    Ok(PartitionSink::new(root, Layout::of_folder(table)?))
}

impl WholeExport {
    fn of_table(&self, table: Table) -> Export {
        Export {
            destination: Destination::Folder(self.folder.join(table.name)),
            table,
            filter: Filter::default(),
            limit: None,
            format: Format::Parquet,
            guard_formulas: false,
            force: self.force,
            at: self.at,
            periods: self.periods,
            yardstick: self.yardstick.clone(),
            scorecards: self.scorecards.clone(),
        }
    }
}
