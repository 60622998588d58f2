//! How fast simulated time runs: any number in a range, or as fast as the work allows.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number_or_word::{cut, text};

/// Slowest time scale: 100 real hours a cycle.
const SCALE_MIN: f64 = 0.01;
/// Fastest time scale: 3.6 ms a cycle.
const SCALE_MAX: f64 = 1_000_000.0;
/// Real seconds of a cycle at time scale 1.
const CYCLE_S: f64 = 3_600.0;

/// Simulated seconds per real second (Q6.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeScale {
    /// 48: a simulated hour takes 75 s.
    Ratio(f64),
    /// As fast as the work allows.
    Max,
}

/// Why a text is no time scale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time scale: write {allowed}", allowed = TimeScale::ALLOWED)]
pub struct TimeScaleError(
    /// What was given, cut.
    pub String,
);

impl TimeScale {
    /// What a time scale may be.
    pub const ALLOWED: &'static str = "a number from 0.01 to 1000000, or max";

    /// Real time between two ticks: 3600 s / scale; zero for `max`.
    pub fn interval(self) -> Duration {
        match self {
            Self::Ratio(ratio) => Duration::from_secs_f64(CYCLE_S / ratio),
            Self::Max => Duration::ZERO,
        }
    }
}

impl FromStr for TimeScale {
    type Err = TimeScaleError;

    fn from_str(text: &str) -> Result<Self, TimeScaleError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let refused = || TimeScaleError(cut(text));
        let ratio: f64 = text.parse().map_err(|_| refused())?;
        if (SCALE_MIN..=SCALE_MAX).contains(&ratio) {
            Ok(Self::Ratio(ratio))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for TimeScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => write!(f, "{ratio}"),
            Self::Max => f.write_str("max"),
        }
    }
}

impl Serialize for TimeScale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ratio(ratio) => serializer.serialize_f64(*ratio),
            Self::Max => serializer.serialize_str("max"),
        }
    }
}

impl<'de> Deserialize<'de> for TimeScale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("`{}` is no time scale", cut(&text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_scale_is_a_number_in_range_or_max() {
        assert_eq!("max".parse(), Ok(TimeScale::Max));
        assert_eq!("0.01".parse(), Ok(TimeScale::Ratio(0.01)));
        for text in ["0", "-1", "NaN", "inf", "0.009", "1000001", "fast"] {
            assert!(text.parse::<TimeScale>().is_err(), "{text}");
        }
    }

    #[test]
    fn at_48_a_cycle_takes_75_seconds_and_at_max_none() {
        assert_eq!(TimeScale::Ratio(48.0).interval(), Duration::from_secs(75));
        assert_eq!(TimeScale::Max.interval(), Duration::ZERO);
    }

    #[test]
    fn a_file_and_a_message_write_it_as_a_number_or_a_word() {
        for (json, scale) in [("48.0", TimeScale::Ratio(48.0)), ("\"max\"", TimeScale::Max)] {
            assert_eq!(serde_json::from_str::<TimeScale>(json).unwrap(), scale);
            assert_eq!(serde_json::to_string(&scale).unwrap(), json);
        }
        let error = serde_json::from_str::<TimeScale>("{}").unwrap_err();
        assert!(error.to_string().contains("a number or a word"), "{error}");
        assert!(serde_json::from_str::<TimeScale>("0").is_err());
    }
}
