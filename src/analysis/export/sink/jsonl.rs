//! JSON, an object a line. A column that holds JSON is part of the object, not text in it.

use std::sync::Arc;

use super::Sink;
use super::text::write_all;
use crate::export::ExportError;
use crate::export::place::{Place, Written};
use crate::export::tables::Table;
use crate::export::value::{Kind, Row, Value};

/// Writes JSON lines.
pub struct JsonlSink {
    place: Place,
    /// `{"flow_id":` or `,"seq":`, one per column.
    keys: Vec<String>,
    kinds: Vec<Kind>,
    rows: u64,
}

impl JsonlSink {
    /// Writes nothing yet.
    pub fn new(place: Place, table: &Arc<Table>) -> Self {
        let keys = table.columns.iter().enumerate().map(|(at, column)| {
            let mark = if at == 0 { '{' } else { ',' };
            format!("{mark}\"{}\":", column.name)
        });
        let kinds = table.columns.iter().map(|column| column.kind).collect();
        Self { place, keys: keys.collect(), kinds, rows: 0 }
    }
}

impl Sink for JsonlSink {
    fn write(&mut self, rows: &[Row]) -> Result<(), ExportError> {
        let mut line = String::new();
        for row in rows {
            line.clear();
            for ((value, key), kind) in row.iter().zip(&self.keys).zip(&self.kinds) {
                line.push_str(key);
                put(&mut line, value, *kind);
            }
            line.push_str("}\n");
            write_all(&mut self.place, line.as_bytes())?;
            self.rows += 1;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<Written>, ExportError> {
        Ok(vec![self.place.finish(self.rows)?])
    }
}

fn put(line: &mut String, value: &Value, kind: Kind) {
    match value {
        Value::Null => line.push_str("null"),
        Value::Bool(_) | Value::Integer(_) => line.push_str(&value.text()),
        // JSON has no infinity.
        Value::Double(number) if !number.is_finite() => line.push_str("null"),
        Value::Double(number) => line.push_str(&number.to_string()),
        // A line break outside of a string means nothing in JSON, and inside of one it is escaped.
        Value::Text(text) if matches!(kind, Kind::Json | Kind::Texts) => {
            line.extend(text.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
        }
        Value::Text(_) | Value::Instant(_) | Value::Day(_) => {
            line.push_str(&serde_json::Value::String(value.text()).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_json_on_one_line() {
        let text = |value: Value, kind| {
            let mut line = String::new();
            put(&mut line, &value, kind);
            line
        };
        assert_eq!(text(Value::Text("a \"b\"\n".into()), Kind::Text), r#""a \"b\"\n""#);
        assert_eq!(text(Value::Text("{\"a\":\n1}".into()), Kind::Json), "{\"a\": 1}");
        assert_eq!(text(Value::Double(f64::NAN), Kind::Double), "null");
        assert_eq!(text(Value::Day(0), Kind::Day), "\"1970-01-01\"");
        assert_eq!(text(Value::Instant(1), Kind::Instant), "\"1970-01-01T00:00:00.000001Z\"");
    }
}
