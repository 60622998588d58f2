//! The database's URL as a setting: checked for its scheme, and never shown with its password.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use text::redaction;

use super::knob::Value;

/// A `sqlite://` or `postgres://` URL that may hold a password.
#[derive(Clone)]
pub struct DbUrl(SecretString);

impl DbUrl {
    /// The URL in `text`; `None` where its scheme is none of a database's.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_text(text)
    }

    /// The URL as it was given; do not print it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the URL names a Postgres server.
    pub fn is_postgres(&self) -> bool {
        !self.expose().starts_with("sqlite:")
    }

    /// Whether the URL holds a password.
    pub fn has_password(&self) -> bool {
        redaction::database_url(self.expose()) != self.expose()
    }

    /// The URL without its password.
    pub fn redacted(&self) -> String {
        redaction::database_url(self.expose())
    }
}

impl Value for DbUrl {
    fn from_text(text: &str) -> Option<Self> {
        let rest = ["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))?;
        (!rest.is_empty()).then(|| Self(SecretString::from(text)))
    }
}

impl fmt::Debug for DbUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl PartialEq for DbUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Serialize for DbUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

impl<'de> Deserialize<'de> for DbUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Not the text itself: whatever stands there may be a secret.
        Self::from_text(&text).ok_or_else(|| serde::de::Error::custom("not a database URL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_survives_redaction() {
        for (url, shown) in [
            (
                "postgres://me:pa@ss:/w?rd@db.example:5432/shop",
                "postgres://me:***@db.example:5432/shop",
            ),
            (
                "postgres://me@db/shop?sslmode=require&password=x",
                "postgres://me@db/shop?sslmode=require&password=***",
            ),
            ("postgresql://db/shop", "postgresql://db/shop"),
            ("sqlite://./data/cartload.db", "sqlite://./data/cartload.db"),
        ] {
            let url = DbUrl::from_text(url).unwrap();
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }

    #[test]
    fn only_sqlite_and_postgres_urls_are_taken() {
        for text in ["", "mysql://u:p@h/d", "sqlite://", "data/cartload.db", "postgres:/x"] {
            assert!(DbUrl::from_text(text).is_none(), "{text}");
        }
    }
}
