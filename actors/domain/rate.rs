//! How many requests a second the shop may get. Any number above 0, or no limit at all.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number_or_word::{cut, text};

/// Requests per real second, over all HTTP sessions (Q6.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Finite and above 0.
    PerSecond(f64),
    /// Neither bucket nor ring; permits, gate and counting stay.
    Unlimited,
}

/// Why a text or number is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write requests per second, {allowed}", allowed = Rate::ALLOWED)]
pub struct RateError(
    /// What was given, cut.
    pub String,
);

impl Rate {
    /// The limit of a run that was not told otherwise (Q6.1).
    pub const DEFAULT: Self = Self::PerSecond(50.0);

    /// What a rate may be.
    pub const ALLOWED: &'static str = "a number above 0, at most 1000000, or unlimited";

    /// A finite rate above 0 and at most a million a second.
    pub fn per_second(value: f64) -> Result<Self, RateError> {
        if value.is_finite() && value > 0.0 && value <= 1_000_000.0 {
            Ok(Self::PerSecond(value))
        } else {
            Err(RateError(value.to_string()))
        }
    }

    /// Requests per second; `None` when unlimited.
    pub fn limit(self) -> Option<f64> {
        match self {
            Self::PerSecond(value) => Some(value),
            Self::Unlimited => None,
        }
    }

    /// The most requests any 1 s window may carry: ceil(1.01 x rate) (P3); `None` when unlimited.
    pub fn window_max(self) -> Option<usize> {
        // 1.01 x 100 is 101.00000000000001 in floats and must not become 102.
        self.limit().map(|rate| (((rate * 1.01) - 1e-9).ceil() as usize).max(1))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let refused = || RateError(cut(text));
        let value: f64 = text.parse().map_err(|_| refused())?;
        Self::per_second(value).map_err(|_| refused())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(value) => write!(f, "{value}"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PerSecond(rate) => serializer.serialize_f64(*rate),
            Self::Unlimited => serializer.serialize_str("unlimited"),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("`{}` is no rate", cut(&text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_a_second_allows_51_in_any_window_and_a_hundred_101() {
        assert_eq!(Rate::DEFAULT.window_max(), Some(51));
        assert_eq!(Rate::PerSecond(100.0).window_max(), Some(101));
        assert_eq!(Rate::PerSecond(0.5).window_max(), Some(1));
        assert_eq!(Rate::Unlimited.window_max(), None);
    }

    #[test]
    fn zero_less_and_nonsense_are_refused() {
        for text in ["0", "-1", "NaN", "inf", "fast", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_and_a_message_write_it_as_a_number_or_a_word() {
        for (json, rate) in [("0.5", Rate::PerSecond(0.5)), ("\"unlimited\"", Rate::Unlimited)] {
            assert_eq!(serde_json::from_str::<Rate>(json).unwrap(), rate);
            assert_eq!(serde_json::to_string(&rate).unwrap(), json);
        }
        assert!(serde_json::from_str::<Rate>("-1").is_err());
    }
}
