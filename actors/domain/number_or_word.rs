//! Reading a value that is a number or a word: `48` or `"max"`, `50` or `"unlimited"`.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The number or the text, as text. Read as a JSON value because that alone takes the numbers of
/// RON and of JSON with arbitrary precision.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let unexpected = |what: Unexpected<'_>| D::Error::invalid_type(what, &EXPECTED);
    match Value::deserialize(deserializer)? {
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text),
        Value::Null => Err(unexpected(Unexpected::Unit)),
        Value::Bool(value) => Err(unexpected(Unexpected::Bool(value))),
        Value::Array(_) => Err(unexpected(Unexpected::Seq)),
        Value::Object(_) => Err(unexpected(Unexpected::Map)),
    }
}

/// What should have stood there.
const EXPECTED: &str = "a number or a word in quotes";

/// At most 40 characters of what somebody wrote, for an error.
pub fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
