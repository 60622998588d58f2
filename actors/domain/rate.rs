//! How many requests a second the shop may get. Any number above 0, or no limit at all.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Requests per real second, over all HTTP sessions (Q6.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rate {
    /// Finite and above 0.
    PerSecond(f64),
    /// Neither bucket nor ring; permits, gate and counting stay.
    Unlimited,
}

/// Why a text or number is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write requests per second above 0 (as 50 or 0.5), or `unlimited`")]
pub struct RateError(
    /// What was given.
    pub String,
);

impl Rate {
    /// The limit of a run that was not told otherwise (Q6.1).
    pub const DEFAULT: Self = Self::PerSecond(50.0);

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
        let value: f64 = text.parse().map_err(|_| RateError(text.to_owned()))?;
        Self::per_second(value).map_err(|_| RateError(text.to_owned()))
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
}
