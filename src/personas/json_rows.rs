//! JSON text to rows: an array of objects, or objects one after another. An array is taken row by
//! row and never held as a whole; a key that stands twice in a row is refused.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::row::Place;
use super::row_reader::RowReader;
use super::{Imported, PersonaFileError, Reading};

/// Reads JSON text.
pub fn read_json(origin: &str, text: &str, how: &Reading) -> Result<Imported, PersonaFileError> {
    let malformed = |error: &serde_json::Error, expected: &str| PersonaFileError::Malformed {
        origin: origin.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        cause: format!("{expected}{}", cause_of(error)),
    };
    let mut rows = RowReader::new(origin, how);
    if text.trim_start().starts_with('[') {
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut refused = None;
        let read = Array { origin: Arc::from(origin), rows: &mut rows, refused: &mut refused }
            .deserialize(&mut reader)
            .and_then(|()| reader.end());
        if let Some(refused) = refused {
            return Err(refused);
        }
        read.map_err(|error| malformed(&error, "this is no JSON array of objects"))?;
        return rows.finish();
    }
    if let Some(document) = document(origin, text, how) {
        return document;
    }
    let shared: Arc<str> = Arc::from(origin);
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    for ((line, number), record) in lines.zip(1..) {
        let place = Place { origin: Arc::clone(&shared), line: Some(number), record, agent: None };
        let fields = serde_json::from_str::<Row>(line)
            .map_err(|e| format!("column {}: no JSON object{}", e.column(), cause_of(&e)));
        rows.take(place, fields.and_then(|row| row.fields()))?;
    }
    rows.finish()
}

/// One object over several lines, or one whose value is the list: a document in the place of rows.
fn document(origin: &str, text: &str, how: &Reading) -> Option<Result<Imported, PersonaFileError>> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let begins = serde_json::from_str::<Value>(first);
    let is_whole = match &begins {
        Ok(Value::Object(fields)) => return wrapped(origin, fields, how).map(Err),
        Ok(_) => return None,
        Err(error) => error.is_eof(),
    };
    if !is_whole || !first.trim_start().starts_with('{') {
        return None;
    }
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Row>();
    let row = match documents.next()? {
        Ok(Row(Ok(fields))) => fields,
        Ok(Row(Err(()))) => return None,
        Err(error) => {
            return Some(Err(PersonaFileError::Malformed {
                origin: origin.to_owned(),
                line: error.line(),
                column: error.column(),
                cause: format!("this is no JSON object{}", cause_of(&error)),
            }));
        }
    };
    if let Some(error) = wrapped(origin, &row, how) {
        return Some(Err(error));
    }
    let mut rows = RowReader::new(origin, how);
    let shared: Arc<str> = Arc::from(origin);
    let place = |record| Place { origin: Arc::clone(&shared), line: None, record, agent: None };
    let mut taken = rows.take(place(1), Ok(row));
    for (row, record) in documents.zip(2..) {
        let fields = row.map_err(|e| {
            format!("line {}, column {}: no JSON object{}", e.line(), e.column(), cause_of(&e))
        });
        taken = taken.and_then(|()| rows.take(place(record), fields.and_then(Row::fields)));
    }
    Some(taken.and_then(|()| rows.finish()))
}

/// Refuses an object that is nobody, but has a list of objects.
fn wrapped(origin: &str, fields: &Map<String, Value>, how: &Reading) -> Option<PersonaFileError> {
    if fields.contains_key(how.mapping.source("agent_id")) {
        return None;
    }
    let lists = fields.iter().filter_map(|(key, value)| Some((key, value.as_array()?)));
    let (key, items) =
        lists.into_iter().find(|(_, items)| items.first().is_some_and(Value::is_object))?;
    Some(PersonaFileError::Malformed {
        origin: origin.to_owned(),
        line: 1,
        column: 1,
        cause: format!(
            "one document, whose `{key}` is a list of {}; a persona file is that list alone, or \
             its objects one a line (jq '.{key}')",
            items.len()
        ),
    })
}

/// The rows of an array, each handed on as it is read.
struct Array<'a, 'h> {
    origin: Arc<str>,
    rows: &'a mut RowReader<'h>,
    refused: &'a mut Option<PersonaFileError>,
}

impl<'de> DeserializeSeed<'de> for Array<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut record = 0;
        while let Some(row) = items.next_element::<Row>()? {
            record += 1;
            let origin = Arc::clone(&self.origin);
            let place = Place { origin, line: None, record, agent: None };
            if let Err(error) = self.rows.take(place, row.fields()) {
                *self.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// An object whose keys stand once each; `Err` where it is no object.
struct Row(Result<Map<String, Value>, ()>);

impl Row {
    fn fields(self) -> Result<Map<String, Value>, String> {
        self.0.map_err(|()| {
            "a persona is a JSON object with a column's name before each value".to_owned()
        })
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Row, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if fields.contains_key(&key) {
                let key: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format!("the key `{key}` stands there twice")));
            }
            fields.insert(key, entries.next_value()?);
        }
        // With exact numbers a bare number arrives as an object of one key of serde_json's own.
        let is_number =
            fields.len() == 1 && fields.keys().any(|key| key.starts_with("$serde_json"));
        Ok(Row(if is_number { Err(()) } else { Ok(fields) }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Row, A::Error> {
        while items.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Row(Err(())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Row, E> {
        Ok(Row(Err(())))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Row, E> {
        Ok(Row(Err(())))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Row, E> {
        Ok(Row(Err(())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Row, E> {
        Ok(Row(Err(())))
    }

    fn visit_str<E>(self, _: &str) -> Result<Row, E> {
        Ok(Row(Err(())))
    }

    fn visit_unit<E>(self) -> Result<Row, E> {
        Ok(Row(Err(())))
    }
}

/// The error without its place, which is said in front.
fn cause_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let bare = text.rsplit_once(" at line ").map_or(text.as_str(), |(bare, _)| bare);
    format!(" ({bare})")
}
