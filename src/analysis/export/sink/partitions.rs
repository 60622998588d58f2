//! Parquet in folders by run and simulated day, as `run_id=.../day=.../part-00000.parquet`.
//!
//! What stands in a folder's name is left out of its files: readers put it back as a column.

use std::path::{Path, PathBuf};

use super::parquet::{Layout, ParquetSink};
use super::{Partition, Sink};
use crate::export::ExportError;
use crate::export::place::{Place, Written};
use crate::export::value::Row;

/// Rows of a file; a day of more rows has several.
const PART_ROWS: u64 = 1_000_000;

/// Writes files into folders.
pub struct PartitionSink {
    layout: Layout,
    /// The export's folder, under its name while it is written.
    root: PathBuf,
    /// Below the root.
    folder: PathBuf,
    open: Option<Box<ParquetSink>>,
    parts: u32,
    rows: u64,
    written: Vec<Written>,
}

impl PartitionSink {
    /// Writes below `root`.
    pub fn new(root: &Path, layout: Layout) -> Self {
        Self {
            layout,
            root: root.to_owned(),
            folder: PathBuf::new(),
            open: None,
            parts: 0,
            rows: 0,
            written: Vec::new(),
        }
    }

    fn close(&mut self) -> Result<(), ExportError> {
        if let Some(open) = self.open.take() {
            self.written.extend(open.finish()?);
        }
        self.rows = 0;
        Ok(())
    }

    fn begin(&mut self) -> Result<Box<ParquetSink>, ExportError> {
        let folder = self.root.join(&self.folder);
        std::fs::create_dir_all(&folder).map_err(ExportError::io(&folder))?;
        let name = self.folder.join(format!("part-{:05}.parquet", self.parts));
        self.parts += 1;
        let place = Place::create(&self.root.join(&name), name)?;
        Ok(Box::new(ParquetSink::new(place, self.layout.clone())?))
    }
}

impl Sink for PartitionSink {
    fn enter(&mut self, partition: &Partition) -> Result<(), ExportError> {
        let run = partition.run_id.iter().map(|run| format!("run_id={run}"));
        let day = partition.day.iter().map(|day| format!("day={day}"));
        let folder: PathBuf = run.chain(day).collect();
        if folder != self.folder {
            self.close()?;
            (self.folder, self.parts) = (folder, 0);
        }
        Ok(())
    }

    fn write(&mut self, mut rows: &[Row]) -> Result<(), ExportError> {
        while !rows.is_empty() {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.begin()?,
            };
            let room = usize::try_from(PART_ROWS - self.rows).unwrap_or(usize::MAX);
            let (fit, rest) = rows.split_at(room.min(rows.len()));
            open.write(fit)?;
            self.open = Some(open);
            self.rows += fit.len() as u64;
            if self.rows >= PART_ROWS {
                self.close()?;
            }
            rows = rest;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Written>, ExportError> {
        self.close()?;
        if self.written.is_empty() {
            // A folder without a file has no columns to read.
            self.folder = PathBuf::new();
            self.open = Some(self.begin()?);
            self.close()?;
        }
        Ok(self.written)
    }
}
