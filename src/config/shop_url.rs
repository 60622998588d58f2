//! The shop's address as a setting. What must not stand in it, a user, a password, a query, is
//! refused and shown nowhere, not even in the refusal.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use actix_web::http::Uri;
use serde::{Deserialize, Serialize, Serializer};
use shops::address;
use text::redaction;

use super::knob::Value;

/// A shop's base URL, as it was given.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ShopUrl(String);

impl ShopUrl {
    /// The URL; show it only where it is sound.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is scheme, host, port and path, and nothing else.
    pub fn is_sound(&self) -> bool {
        let Ok(uri) = self.0.parse::<Uri>() else { return false };
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        is_http && has_host && !self.0.contains(['@', '?', '#']) && address::port(&uri).is_ok()
    }

    fn shown(&self) -> String {
        redaction::address(&self.0)
    }
}

impl FromStr for ShopUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Value for ShopUrl {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl fmt::Debug for ShopUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for ShopUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ShopUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_base_url_has_a_scheme_and_a_host_and_no_credentials() {
        for text in ["http://127.0.0.1:8080", "https://shop.example/v2", "http://[::1]:80"] {
            assert!(url(text).is_sound(), "{text}");
            assert_eq!(format!("{:?}", url(text)), text);
        }
        for text in [
            "",
            "shop.example",
            "ftp://x",
            "http://",
            "http://u:p@h",
            "http://h/?a=b",
            "http://h/#a",
            "/x",
            "http://h:0",
            "http://h:65536",
            "http://h:99999",
            "http://[::1]:70000",
        ] {
            assert!(!url(text).is_sound(), "{text}");
        }
    }

    #[test]
    fn what_must_not_stand_in_it_is_not_shown() {
        for text in ["http://me:SEKRET@h", "http://h/?t=SEKRET", "http://h/#SEKRET", "SEKRET@h"] {
            let shown = format!("{:?} {}", url(text), serde_json::to_value(url(text)).unwrap());
            assert!(!shown.contains("SEKRET") && shown.contains("***"), "{shown}");
        }
    }
}
