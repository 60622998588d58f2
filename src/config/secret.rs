//! A setting that is a secret as a whole: it comes from a variable or the file that one names,
//! never from the config file, and nothing shows it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use text::redaction::MASK;

use super::knob::Value;

/// A token, or a URL with one in it.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret; do not print it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl Value for Secret {
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        Err(serde::de::Error::custom("a secret does not belong into the config file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_secret() {
        let secret = Secret::from_text("hunter2").unwrap();
        assert_eq!(format!("{secret:?}"), MASK);
        assert_eq!(serde_json::to_value(&secret).unwrap(), MASK);
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_file_may_not_hold_one() {
        let error = ron::from_str::<Secret>("\"hunter2\"").unwrap_err().to_string();
        assert!(error.contains("config file") && !error.contains("hunter2"), "{error}");
    }
}
