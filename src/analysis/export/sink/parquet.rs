//! Parquet: typed columns, UTC timestamps in microseconds, snappy. Rows are turned into columns, a
//! group at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::Sink;
use crate::export::ExportError;
use crate::export::place::{Place, Written};
use crate::export::tables::{Column, Table};
use crate::export::value::{Kind, Row, Value};

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

/// A column of a group.
enum Buffer {
    Bool(Levels, Vec<bool>),
    Int32(Levels, Vec<i32>),
    Int64(Levels, Vec<i64>),
    Double(Levels, Vec<f64>),
    /// All texts in one piece, and where each ends.
    Text(Levels, Vec<u8>, Vec<usize>),
}

/// Which values are there; unused for a column that is never empty.
type Levels = Vec<i16>;

impl Layout {
    /// Of a table, but for the columns that stand in the names of folders.
    pub fn new(table: &Table, left_out: &[&str]) -> Result<Self, ParquetError> {
        let kept = table.columns.iter().enumerate().filter(|(_, c)| !left_out.contains(&c.name));
        let (places, columns): (Vec<usize>, Vec<Column>) = kept.map(|(at, c)| (at, *c)).unzip();
        let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, _>>()?;
        let schema = Type::group_type_builder(table.name).with_fields(fields).build()?;
        let about = KeyValue::new("cartload.table".to_owned(), table.name.to_owned());
        let properties = WriterProperties::builder()
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

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Bool => (Physical::BOOLEAN, None),
        Kind::Integer => (Physical::INT32, None),
        Kind::BigInt => (Physical::INT64, None),
        Kind::Double => (Physical::DOUBLE, None),
        // Readers differ on the JSON type; text is text everywhere.
        Kind::Text | Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
    };
    let repetition = if column.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let field = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
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

impl Buffer {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(Vec::new(), Vec::new()),
            Kind::Integer | Kind::Day => Self::Int32(Vec::new(), Vec::new()),
            Kind::BigInt | Kind::Instant => Self::Int64(Vec::new(), Vec::new()),
            Kind::Double => Self::Double(Vec::new(), Vec::new()),
            Kind::Text | Kind::Json => Self::Text(Vec::new(), Vec::new(), Vec::new()),
        }
    }

    /// False: this column cannot hold it.
    fn push(&mut self, value: &Value, nullable: bool) -> bool {
        let levels = match self {
            Self::Bool(levels, _)
            | Self::Int32(levels, _)
            | Self::Int64(levels, _)
            | Self::Double(levels, _)
            | Self::Text(levels, ..) => levels,
        };
        if *value == Value::Null {
            levels.push(0);
            return nullable;
        }
        if nullable {
            levels.push(1);
        }
        match (self, value) {
            (Self::Bool(_, values), Value::Bool(value)) => values.push(*value),
            (Self::Int32(_, values), Value::Integer(number)) => match i32::try_from(*number) {
                Ok(number) => values.push(number),
                Err(_) => return false,
            },
            (Self::Int32(_, values), Value::Day(day)) => values.push(*day),
            (Self::Int64(_, values), Value::Integer(number) | Value::Instant(number)) => {
                values.push(*number);
            }
            (Self::Double(_, values), Value::Double(number)) => values.push(*number),
            (Self::Text(_, bytes, ends), Value::Text(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            (
                Self::Bool(..)
                | Self::Int32(..)
                | Self::Int64(..)
                | Self::Double(..)
                | Self::Text(..),
                _,
            ) => return false,
        }
        true
    }

    /// Writes the column and empties it.
    fn write(
        &mut self,
        writer: &mut SerializedColumnWriter<'_>,
        nullable: bool,
    ) -> Result<(), ParquetError> {
        match self {
            Self::Bool(levels, values) => batch::<BoolType>(writer, nullable, levels, values),
            Self::Int32(levels, values) => batch::<Int32Type>(writer, nullable, levels, values),
            Self::Int64(levels, values) => batch::<Int64Type>(writer, nullable, levels, values),
            Self::Double(levels, values) => batch::<DoubleType>(writer, nullable, levels, values),
            Self::Text(levels, bytes, ends) => {
                // One piece of memory, shared by all values.
                let all = ByteArray::from(std::mem::take(bytes));
                let mut begin = 0;
                let mut values = Vec::with_capacity(ends.len());
                for end in ends.drain(..) {
                    values.push(all.slice(begin, end - begin));
                    begin = end;
                }
                batch::<ByteArrayType>(writer, nullable, levels, &mut values)
            }
        }
    }
}

fn batch<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    nullable: bool,
    levels: &mut Levels,
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let present = nullable.then_some(levels.as_slice());
    writer.typed::<T>().write_batch(values, present, None)?;
    values.clear();
    levels.clear();
    Ok(())
}

fn refused(path: &Path, error: &ParquetError) -> ExportError {
    ExportError::Parquet { path: path.to_owned(), cause: error.to_string() }
}
