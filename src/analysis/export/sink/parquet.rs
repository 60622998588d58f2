//! Parquet: typed columns, UTC timestamps in microseconds, uuids of 16 bytes, lists of texts, words
//! by dictionary, snappy. Rows are turned into columns, a
//! group at a time.

mod buffer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use self::buffer::Buffer;
use super::Sink;
use crate::export::ExportError;
use crate::export::place::{Place, Written};
use crate::export::tables::{Column, Table};
use crate::export::value::{Kind, Row, Value};

/// Bytes of a uuid.
const UUID_BYTES: i32 = 16;
/// Rows of a group: some 20 MB of events.
const GROUP_ROWS: usize = 65_536;
/// Bytes of text of a group: tables with long rows get groups of fewer rows.
const GROUP_TEXT_BYTES: usize = 24 * 1024 * 1024;

/// What every file of a table has in common.
#[derive(Clone)]
pub struct Layout {
    schema: TypePtr,
    properties: WriterPropertiesPtr,
    columns: Arc<Vec<Column>>,
    /// Where each of them stands in a row.
    places: Arc<Vec<usize>>,
}

/// Writes one file.
pub struct ParquetSink {
    layout: Layout,
    path: PathBuf,
    writer: SerializedFileWriter<Place>,
    buffers: Vec<Buffer>,
    /// In the group under way.
    rows: usize,
    text_bytes: usize,
    rows_in_all: u64,
}

impl Layout {
    /// Of a table in one file.
    pub fn of_file(table: &Table) -> Result<Self, ExportError> {
        Self::new(table, &[]).map_err(|error| refused(Path::new(table.name), &error))
    }

    /// Of a table in folders, but for the column that stands in their names.
    pub fn of_folder(table: &Table) -> Result<Self, ExportError> {
        let left_out: &[&str] = if table.has_run() { &["run_id"] } else { &[] };
        Self::new(table, left_out).map_err(|error| refused(Path::new(table.name), &error))
    }

    fn new(table: &Table, left_out: &[&str]) -> Result<Self, ParquetError> {
        let kept = table.columns.iter().enumerate().filter(|(_, c)| !left_out.contains(&c.name));
        let (places, columns): (Vec<usize>, Vec<Column>) = kept.map(|(at, c)| (at, *c)).unzip();
        let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
        let schema = Type::group_type_builder(table.name).with_fields(fields).build()?;
        let mut properties = WriterProperties::builder();
        for column in columns.iter().filter(|column| column.kind == Kind::Json) {
            // Each differs: a dictionary of them is given up after a megabyte, for nothing.
            let path = ColumnPath::from(column.name);
            properties = properties.set_column_dictionary_enabled(path, false);
        }
        let about = KeyValue::new("cartload.table".to_owned(), table.name.to_owned());
        let properties = properties
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!("cartload {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(vec![about]))
            .build();
        Ok(Self {
            schema: Arc::new(schema),
            properties: Arc::new(properties),
            columns: Arc::new(columns),
            places: Arc::new(places),
        })
    }
}

/// `LIST` of three levels, as every reader knows it.
fn list_field(column: &Column) -> Result<TypePtr, ParquetError> {
    let element = Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
        .with_logical_type(Some(LogicalType::String))
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field = Type::group_type_builder(column.name)
        .with_logical_type(Some(LogicalType::List))
        .with_repetition(repetition)
        .with_fields(vec![Arc::new(list)])
        .build()?;
    Ok(Arc::new(field))
}

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let mut length = -1;
    let (physical, logical) = match column.kind {
        Kind::Bool => (Physical::BOOLEAN, None),
        Kind::Integer => (Physical::INT32, None),
        Kind::BigInt => (Physical::INT64, None),
        Kind::Double => (Physical::DOUBLE, None),
        // Readers differ on the JSON type; text is text everywhere.
        Kind::Text | Kind::Word | Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Uuid => {
            length = UUID_BYTES;
            (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid))
        }
        Kind::Texts => return list_field(column),
        Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
    };
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_length(length)
        .with_repetition(repetition)
        .build()?;
    Ok(Arc::new(field))
}

impl ParquetSink {
    /// Begins a file.
    pub fn new(place: Place, layout: Layout) -> Result<Self, ExportError> {
        let path = place.path().to_owned();
        let (schema, properties) = (Arc::clone(&layout.schema), Arc::clone(&layout.properties));
        let writer = SerializedFileWriter::new(place, schema, properties);
        let writer = writer.map_err(|error| refused(&path, &error))?;
        let buffers = layout.columns.iter().map(|column| Buffer::of(column.kind)).collect();
        Ok(Self { layout, path, writer, buffers, rows: 0, text_bytes: 0, rows_in_all: 0 })
    }

    fn push(&mut self, row: &Row) -> Result<(), ExportError> {
        let columns = self.layout.columns.iter().zip(&mut self.buffers);
        for (at, (column, buffer)) in self.layout.places.iter().zip(columns) {
            let value = row.get(*at).unwrap_or(&Value::Null);
            if let Value::Text(text) = value {
                self.text_bytes += text.len();
            }
            if !buffer.push(value, column.nullable) {
                return Err(ExportError::Parquet {
                    path: self.path.clone(),
                    cause: format!("column {} cannot hold {value:?}", column.name),
                });
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut write = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for (column, buffer) in self.layout.columns.iter().zip(&mut self.buffers) {
                let Some(mut writer) = group.next_column()? else { break };
                buffer.write(&mut writer, column.nullable)?;
                writer.close()?;
            }
            group.close()?;
            Ok(())
        };
        let written = write();
        written.map_err(|error| refused(&self.path, &error))?;
        (self.rows, self.text_bytes) = (0, 0);
        Ok(())
    }
}

impl Sink for ParquetSink {
    fn write(&mut self, rows: &[Row]) -> Result<(), ExportError> {
        for row in rows {
            self.push(row)?;
            self.rows_in_all += 1;
            if self.rows >= GROUP_ROWS || self.text_bytes >= GROUP_TEXT_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Written>, ExportError> {
        self.flush()?;
        let Self { writer, path, rows_in_all, .. } = *self;
        let place = writer.into_inner().map_err(|error| refused(&path, &error))?;
        Ok(vec![place.finish(rows_in_all)?])
    }
}

fn refused(path: &Path, error: &ParquetError) -> ExportError {
    ExportError::Parquet { path: path.to_owned(), cause: error.to_string() }
}
