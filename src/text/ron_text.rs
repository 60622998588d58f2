//! Reading RON so that a mistake is named by file, line, column and key.

pub mod keys;

use serde::de::DeserializeOwned;

/// Why a RON text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}:{column}: {problem}")]
pub struct RonError {
    /// The file, or what the text came from.
    pub origin: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What is wrong, the key and what is allowed.
    pub problem: String,
}

/// Reads a `T` from `text`, which came from `origin`. `Some(x)` may be written as `x`.
pub fn parse<T: DeserializeOwned>(origin: &str, text: &str) -> Result<T, RonError> {
    let options = ron::Options::default().with_default_extension(
        ron::extensions::Extensions::IMPLICIT_SOME
            | ron::extensions::Extensions::UNWRAP_NEWTYPES
            | ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES,
    );
    options.from_str(text).map_err(|error| {
        let (line, column) = (error.span.start.line, error.span.start.col);
        let key = keys::key_at(text, line, column).map(|key| format!("{key}: "));
        RonError {
            origin: origin.to_owned(),
            line,
            column,
            problem: format!("{}{}", key.unwrap_or_default(), error.code),
        }
    })
}
