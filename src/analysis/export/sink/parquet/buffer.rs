//! A column of a group of rows, until it is written. Texts lie in one piece of memory.

use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;

use crate::export::value::{Kind, Value};

/// A column of a group.
pub enum Buffer {
    Bool(Levels, Vec<bool>),
    Int32(Levels, Vec<i32>),
    Int64(Levels, Vec<i64>),
    Double(Levels, Vec<f64>),
    Text(Levels, Pieces),
    Uuid(Levels, Pieces),
    /// Lists of texts: definition levels, and which text begins a list.
    Texts(Levels, Levels, Pieces),
}

/// Which values are there; unused for a column that is never empty.
type Levels = Vec<i16>;

/// Byte strings in one piece, and where each ends.
#[derive(Default)]
pub struct Pieces {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Pieces {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }

    /// All of them, in memory that they share; nothing is left.
    fn take(&mut self) -> Vec<ByteArray> {
        let all = ByteArray::from(std::mem::take(&mut self.bytes));
        let mut begin = 0;
        let mut values = Vec::with_capacity(self.ends.len());
        for end in self.ends.drain(..) {
            values.push(all.slice(begin, end - begin));
            begin = end;
        }
        values
    }
}

impl Buffer {
    /// Empty, for a column of this kind.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(Vec::new(), Vec::new()),
            Kind::Integer | Kind::Day => Self::Int32(Vec::new(), Vec::new()),
            Kind::BigInt | Kind::Instant => Self::Int64(Vec::new(), Vec::new()),
            Kind::Double => Self::Double(Vec::new(), Vec::new()),
            Kind::Text | Kind::Word | Kind::Json => Self::Text(Vec::new(), Pieces::default()),
            Kind::Uuid => Self::Uuid(Vec::new(), Pieces::default()),
            Kind::Texts => Self::Texts(Vec::new(), Vec::new(), Pieces::default()),
        }
    }

    /// False: this column cannot hold it.
    pub fn push(&mut self, value: &Value, nullable: bool) -> bool {
        if let Self::Texts(defined, repeated, pieces) = self {
            return push_list((defined, repeated, pieces), value, nullable);
        }
        let levels = match self {
            Self::Bool(levels, _)
            | Self::Int32(levels, _)
            | Self::Int64(levels, _)
            | Self::Double(levels, _)
            | Self::Text(levels, _)
            | Self::Uuid(levels, _)
            | Self::Texts(levels, ..) => levels,
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
            (Self::Text(_, pieces), Value::Text(text)) => pieces.push(text.as_bytes()),
            (Self::Uuid(_, pieces), Value::Text(text)) => match uuid_bytes(text) {
                Some(bytes) => pieces.push(&bytes),
                None => return false,
            },
            (
                Self::Bool(..)
                | Self::Int32(..)
                | Self::Int64(..)
                | Self::Double(..)
                | Self::Text(..)
                | Self::Uuid(..)
                | Self::Texts(..),
                _,
            ) => return false,
        }
        true
    }

    /// Writes the column and empties it.
    pub fn write(
        &mut self,
        writer: &mut SerializedColumnWriter<'_>,
        nullable: bool,
    ) -> Result<(), ParquetError> {
        match self {
            Self::Bool(levels, values) => batch::<BoolType>(writer, nullable, levels, values),
            Self::Int32(levels, values) => batch::<Int32Type>(writer, nullable, levels, values),
            Self::Int64(levels, values) => batch::<Int64Type>(writer, nullable, levels, values),
            Self::Double(levels, values) => batch::<DoubleType>(writer, nullable, levels, values),
            Self::Text(levels, pieces) => {
                batch::<ByteArrayType>(writer, nullable, levels, &mut pieces.take())
            }
            Self::Uuid(levels, pieces) => {
                let values = pieces.take().into_iter().map(FixedLenByteArray::from);
                batch::<FixedLenByteArrayType>(writer, nullable, levels, &mut values.collect())
            }
            Self::Texts(defined, repeated, pieces) => {
                let values = pieces.take();
                let writer = writer.typed::<ByteArrayType>();
                writer.write_batch(&values, Some(defined), Some(repeated))?;
                defined.clear();
                repeated.clear();
                Ok(())
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

/// The texts of a JSON array; false for anything else.
fn push_list(
    (defined, repeated, pieces): (&mut Levels, &mut Levels, &mut Pieces),
    value: &Value,
    nullable: bool,
) -> bool {
    // 0 is a list that is not there, where one may be missing; then the empty list, then a text.
    let empty = i16::from(nullable);
    let texts: Vec<String> = match value {
        Value::Text(json) => match serde_json::from_str(json) {
            Ok(texts) => texts,
            Err(_) => return false,
        },
        Value::Null if nullable => {
            defined.push(0);
            repeated.push(0);
            return true;
        }
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Double(_)
        | Value::Instant(_)
        | Value::Day(_) => return false,
    };
    if texts.is_empty() {
        defined.push(empty);
        repeated.push(0);
    }
    for (at, text) in texts.iter().enumerate() {
        defined.push(empty + 1);
        repeated.push(i16::from(at > 0));
        pieces.push(text.as_bytes());
    }
    true
}

/// The bytes of `6ba7b810-9dad-11d1-80b4-00c04fd430c8`.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    let is_mark = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    if text.len() != 36 || (0..36).any(|at| (text[at] == b'-') != is_mark(at)) {
        return None;
    }
    let mut digits = text.iter().filter(|byte| **byte != b'-').map(|byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    });
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_sixteen_bytes_and_nothing_else_is_one() {
        let uuid = uuid::Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(uuid_bytes(&uuid.to_string()), Some(*uuid.as_bytes()));
        assert_eq!(uuid_bytes(&uuid.to_string().to_uppercase()), Some(*uuid.as_bytes()));
        let text = uuid.to_string();
        for bad in ["", &text[1..], &text.replace('-', ""), &text.replace('a', "g")] {
            assert_eq!(uuid_bytes(bad), None, "{bad}");
        }
        assert!(!Buffer::of(Kind::Uuid).push(&Value::Text("agent_001".to_owned()), false));
    }

    #[test]
    fn a_list_keeps_what_is_missing_apart_from_what_is_empty() {
        let mut buffer = Buffer::of(Kind::Texts);
        for json in ["[\"a\",\"b\"]", "[]"] {
            assert!(buffer.push(&Value::Text(json.to_owned()), true));
        }
        assert!(buffer.push(&Value::Null, true));
        let Buffer::Texts(defined, repeated, pieces) = &mut buffer else { panic!("a list") };
        assert_eq!(
            (defined.as_slice(), repeated.as_slice()),
            (&[2, 2, 1, 0][..], &[0, 1, 0, 0][..])
        );
        assert_eq!(pieces.take().len(), 2);
        let mut never_empty = Buffer::of(Kind::Texts);
        assert!(!never_empty.push(&Value::Null, false));
        assert!(!never_empty.push(&Value::Text("{}".to_owned()), false));
    }
}
