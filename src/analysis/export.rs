//! Exports: tables of the store, and tables made for learning, as files with a data card.
//!
//! Rows flow: a page is read while the one before it is written, and nothing holds more than a page
//! and one group of rows, however long the run was.

mod agent_days;
mod card;
mod computing;
mod error;
pub(crate) mod filter;
mod pages;
mod period;
mod place;
mod query;
mod replays;
mod scope;
pub mod sink;
mod split;
pub mod tables;
pub(crate) mod unfold;
pub(crate) mod value;
pub mod whole;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDateTime;
use questions::Ask;
use questions::runs::KnownRun;

pub(crate) use self::card::facts::{Population, population};
pub use self::card::whole::{CardTable, WholeCard};
pub use self::card::{Card, CardRun};
pub use self::error::ExportError;
pub use self::filter::{Filter, ReplayFilter};
pub use self::period::{Periods, TimeSplit};
pub use self::place::Written;
pub use self::place::{must_be_free, write_file};
pub(crate) use self::query::begin_of;
pub use self::replays::Replay;
pub(crate) use self::replays::load as load_replays;
pub use self::sink::Format;
pub use self::tables::Table;

use self::agent_days::day_of;
use self::place::{Place, Target};
use self::query::Query;
use self::scope::Scope;
use self::sink::jsonl::JsonlSink;
use self::sink::parquet::{Layout, ParquetSink};
use self::sink::partitions::PartitionSink;
use self::sink::terminal::TerminalSink;
use self::sink::text::CsvSink;
use self::sink::{Partition, Sink};
use self::value::{Row, Value, day_text, micros};
use crate::realism::yardstick::Yardstick;

/// Where an export goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To stdout, without a card.
    Stdout,
    /// Into a file, its card beside it.
    File(PathBuf),
    /// Into a folder by run and day, its card beside it.
    Folder(PathBuf),
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Which table.
    pub table: Table,
    /// Which rows.
    pub filter: Filter,
    /// So many rows at most.
    pub limit: Option<u64>,
    /// In which form.
    pub format: Format,
    /// Whether texts in CSV that a spreadsheet would run get a sign before them.
    pub guard_formulas: bool,
    /// Where to.
    pub destination: Destination,
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

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// The cycle reached and the last one, for a table that is read in their order.
    pub cycle: Option<(i32, i32)>,
}

/// What became of an export.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Rows written.
    pub rows: u64,
    /// Whether there are more than the limit allowed.
    pub is_cut: bool,
    /// What was run again in its runs, by run.
    pub replays: Vec<(String, Vec<Replay>)>,
    /// The card of what was written into files.
    pub card: Option<Card>,
}

/// Writes the rows of these runs.
///
/// # Errors
/// Whatever stands in the way; nothing is left behind then.
pub async fn export(
    store: &(impl Ask + Clone + 'static),
    runs: &[KnownRun],
    export: &Export,
    mut progress: impl FnMut(Progress),
) -> Result<Exported, ExportError> {
    export.filter.check(&export.table)?;
    let table = Arc::new(export.table.clone());
    let (target, mut sink) = open(export, &table)?;
    let mut tally = Tally::default();
    let scopes = load(store, runs, &export.periods).await?;
    write_runs(store, (export, &table), &scopes, (sink.as_mut(), &mut tally), &mut progress)
        .await?;
    let files = sink.finish()?;
    let card = match target {
        Some(target) => {
            let card = Card::describe(store, export, &scopes, &tally, files).await?;
            target.publish(&card.json(), &card.markdown())?;
            Some(card)
        }
        None => None,
    };
    let replays = scopes.iter().map(|scope| (scope.run_id.clone(), scope.replays.clone()));
    Ok(Exported { rows: tally.rows, is_cut: tally.is_cut, replays: replays.collect(), card })
}

async fn load(
    store: &impl Ask,
    runs: &[KnownRun],
    periods: &Periods,
) -> Result<Vec<Arc<Scope>>, ExportError> {
    let mut scopes = Vec::new();
    for run in runs {
        scopes.push(Arc::new(Scope::load(store, run.clone(), periods).await?));
    }
    Ok(scopes)
}

/// Writes a table's rows of all runs.
async fn write_runs(
    store: &(impl Ask + Clone + 'static),
    (export, table): (&Export, &Arc<Table>),
    scopes: &[Arc<Scope>],
    (sink, tally): (&mut dyn Sink, &mut Tally),
    progress: &mut impl FnMut(Progress),
) -> Result<(), ExportError> {
    let filter = Arc::new(export.filter.clone());
    // A table without runs is the same for all of them.
    let runs = if table.has_run() { scopes.len() } else { scopes.len().min(1) };
    for scope in &scopes[..runs] {
        let (table, filter, scope) = (Arc::clone(table), Arc::clone(&filter), Arc::clone(scope));
        let query = Query { table, filter, scope };
        let mut pages = pages::stream(store.clone(), query.clone());
        while let Some(page) = pages.recv().await {
            let mut rows = page?;
            let room = export.limit.map_or(u64::MAX, |limit| limit.saturating_sub(tally.rows));
            if rows.len() as u64 > room {
                tally.is_cut = true;
                rows.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            }
            write(sink, &query, &rows, tally)?;
            progress(Progress { rows: tally.rows, cycle: reached(&query, &rows) });
            if tally.is_cut {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is counted on the way.
#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    /// Of them of replays.
    replayed: u64,
    is_cut: bool,
}

fn open(
    export: &Export,
    table: &Arc<Table>,
) -> Result<(Option<Target>, Box<dyn Sink>), ExportError> {
    if export.format == Format::Table {
        return Ok((None, Box::new(TerminalSink::new(table))));
    }
    let (target, place) = match &export.destination {
        Destination::Stdout => (None, Place::stdout()),
        Destination::File(path) => {
            let (target, place) = Target::file(path, export.force)?;
            (Some(target), place)
        }
        Destination::Folder(path) => {
            let (target, root) = Target::folder(path, export.force)?;
            let sink = PartitionSink::new(&root, Layout::of_folder(table)?);
            return Ok((Some(target), Box::new(sink)));
        }
    };
    let sink: Box<dyn Sink> = match export.format {
        Format::Csv => Box::new(CsvSink::new(place, table, export.guard_formulas)?),
        Format::Jsonl => Box::new(JsonlSink::new(place, table)),
        Format::Parquet | Format::Table => {
            Box::new(ParquetSink::new(place, Layout::of_file(table)?)?)
        }
    };
    Ok((target, sink))
}

/// Hands the rows on, each to its day.
fn write(
    sink: &mut dyn Sink,
    query: &Query,
    rows: &[Row],
    tally: &mut Tally,
) -> Result<(), ExportError> {
    let table = &query.table;
    let run_id = table.has_run().then(|| query.scope.run_id.clone());
    let is_replay = table.place("is_replay");
    let replayed =
        rows.iter().filter(|row| is_replay.and_then(|at| row.get(at)) == Some(&Value::Bool(true)));
    tally.replayed += replayed.count() as u64;
    tally.rows += rows.len() as u64;
    let cycle = table.place("cycle").filter(|_| table.is_by_day());
    let Some(cycle) = cycle else {
        sink.enter(&Partition { run_id, day: None })?;
        return sink.write(rows);
    };
    let first_day = day_of(micros(query.scope.run.simulated_start));
    let day = |row: &Row| {
        let cycle = row.get(cycle).and_then(Value::integer).unwrap_or(0);
        first_day + query.scope.day_of(i32::try_from(cycle).unwrap_or(i32::MAX))
    };
    for rows in rows.chunk_by(|one, other| day(one) == day(other)) {
        let day = rows.first().map(|row| day_text(day(row)));
        sink.enter(&Partition { run_id: run_id.clone(), day })?;
        sink.write(rows)?;
    }
    Ok(())
}

fn reached(query: &Query, rows: &[Row]) -> Option<(i32, i32)> {
    let cycle = query.table.place("cycle").filter(|_| query.table.is_by_day())?;
    let reached = rows.last()?.get(cycle)?.integer()?;
    let (last, _) = query.scope.canonical.last()?;
    Some((i32::try_from(reached).ok()?, *last))
}
