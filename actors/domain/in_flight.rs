//! How many calls may be under way at the shop at once: as many as it keeps up with, a number, or
//! as many as there are agents.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number_or_word::{cut, text};

/// Most calls in flight that may be named; far more than there are agents.
const CALLS_MAX: u32 = 100_000;

/// The bound on calls in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InFlight {
    /// It follows what the shop works on.
    #[default]
    Automatic,
    /// So many, at least 1.
    Fixed(u32),
    /// None: the rate alone holds calls back.
    Off,
}

/// Why a text is no bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no bound on calls in flight: write {allowed}", allowed = InFlight::ALLOWED)]
pub struct InFlightError(
    /// What was given, cut.
    pub String,
);

impl InFlight {
    /// What a bound may be.
    pub const ALLOWED: &'static str = "auto, off, or a whole number from 1 to 100000";
}

impl FromStr for InFlight {
    type Err = InFlightError;

    fn from_str(text: &str) -> Result<Self, InFlightError> {
        match text {
            "auto" => return Ok(Self::Automatic),
            "off" => return Ok(Self::Off),
            _ => {}
        }
        let calls = text.parse().ok().filter(|calls| (1..=CALLS_MAX).contains(calls));
        calls.map(Self::Fixed).ok_or_else(|| InFlightError(cut(text)))
    }
}

impl fmt::Display for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic => f.write_str("auto"),
            Self::Fixed(calls) => write!(f, "{calls}"),
            Self::Off => f.write_str("off"),
        }
    }
}

impl Serialize for InFlight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(calls) => serializer.serialize_u32(*calls),
            Self::Automatic | Self::Off => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for InFlight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        text.parse().map_err(|_| {
            D::Error::custom(format!("\"{}\" is no bound on calls in flight", cut(&text)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_whole_number_above_0_or_one_of_two_words() {
        assert_eq!("auto".parse(), Ok(InFlight::Automatic));
        assert_eq!("off".parse(), Ok(InFlight::Off));
        assert_eq!("1".parse(), Ok(InFlight::Fixed(1)));
        assert_eq!("100000".parse(), Ok(InFlight::Fixed(100_000)));
        for text in ["0", "100001", "-1", "1.5", "Auto", "", "many"] {
            assert!(text.parse::<InFlight>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_and_a_message_write_it_as_a_number_or_a_word() {
        for (json, bound) in [
            ("12", InFlight::Fixed(12)),
            ("\"auto\"", InFlight::Automatic),
            ("\"off\"", InFlight::Off),
        ] {
            assert_eq!(serde_json::from_str::<InFlight>(json).unwrap(), bound);
            assert_eq!(serde_json::to_string(&bound).unwrap(), json);
        }
        assert!(serde_json::from_str::<InFlight>("0").is_err());
    }
}
