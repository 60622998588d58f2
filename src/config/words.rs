//! Settings that are a simulated instant or one word of a few, and how flags and variables write
//! numbers that may be a word.

use std::str::FromStr;

use actors::domain::in_flight::InFlight;
use actors::domain::number_or_word;
use actors::domain::rate::Rate;
use actors::domain::time_scale::TimeScale;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shops::practice_shop::catalog::CatalogSize;
use shops::prices::Prices;
use shops::shop_api::http::proxy::ProxyUse;

use super::knob::value_from_str;

/// Why a text is none of these; the knob says what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {0}")]
pub struct NotAllowed(
    /// What is allowed.
    pub &'static str,
);

/// Where simulated time begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Monday of the week in which the run is started, 08:00 UTC.
    Monday,
    /// Here.
    At(SimulatedInstant),
}

impl Start {
    /// What a start may be.
    pub const ALLOWED: &'static str =
        "monday, 2026-01-05 or 2026-01-05T08:00 from 1900 to 2200, on a full hour";

    /// The instant, for a run started at `now` (UTC).
    pub fn resolve(self, now: NaiveDateTime) -> NaiveDateTime {
        match self {
            Self::At(instant) => instant.0,
            Self::Monday => {
                let days = i64::from(now.weekday().num_days_from_monday());
                let monday = now.date() - TimeDelta::days(days);
                monday.and_time(NaiveTime::MIN) + TimeDelta::hours(8)
            }
        }
    }
}

impl FromStr for Start {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        if text == "monday" {
            return Ok(Self::Monday);
        }
        text.parse().map(Self::At).map_err(|_| NotAllowed(Self::ALLOWED))
    }
}

/// A simulated instant on a full hour; a date alone means its midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedInstant(
    /// UTC.
    pub NaiveDateTime,
);

impl SimulatedInstant {
    /// What an instant may be.
    pub const ALLOWED: &'static str =
        "2026-03-01 or 2026-03-01T18:00 from 1900 to 2200, on a full hour";
}

impl FromStr for SimulatedInstant {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|d| d.and_time(NaiveTime::MIN));
        let formats =
            ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
        let bare = text.strip_suffix('Z').unwrap_or(text);
        let instant = date.ok().or_else(|| {
            formats.iter().find_map(|format| NaiveDateTime::parse_from_str(bare, format).ok())
        });
        let is_allowed = |at: &NaiveDateTime| {
            (1900..=2200).contains(&at.year()) && at.and_utc().timestamp() % 3600 == 0
        };
        instant.filter(is_allowed).map(Self).ok_or(NotAllowed(Self::ALLOWED))
    }
}

/// What happens to a run that froze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum OnFreeze {
    /// It waits for an operator.
    Wait,
    /// It writes a checkpoint and ends with code 7.
    Exit,
}

/// How messages and cycle lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is posted to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum WebhookShape {
    /// cartload's own object.
    Json,
    /// What Slack's incoming webhooks take.
    Slack,
}

macro_rules! from_value_enum {
    ($($ty:ty),+) => {$(
        impl FromStr for $ty {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                <$ty as clap::ValueEnum>::from_str(text, false)
            }
        }
    )+};
}
from_value_enum!(OnFreeze, LogFormat, WebhookShape);

impl super::knob::Value for ProxyUse {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "warn" => Some(Self::Warn),
            "ignore" => Some(Self::Ignore),
            "environment" => Some(Self::Environment),
            _ => None,
        }
    }
}

value_from_str!(
    TimeScale,
    Rate,
    InFlight,
    Start,
    SimulatedInstant,
    OnFreeze,
    LogFormat,
    WebhookShape,
    Prices,
    CatalogSize
);

impl Serialize for SimulatedInstant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M"))
    }
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Monday => serializer.serialize_str("monday"),
            Self::At(instant) => instant.serialize(serializer),
        }
    }
}

macro_rules! deserialize_from_text {
    ($($ty:ty),+) => {$(
        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = number_or_word::text(deserializer)?;
                text.parse().map_err(|_| {
                    serde::de::Error::custom(format!("{} is impossible", super::quoted(&text)))
                })
            }
        }
    )+};
}
deserialize_from_text!(Start, SimulatedInstant);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse::<SimulatedInstant>().unwrap().0
    }

    #[test]
    fn a_run_starts_on_monday_of_its_week_at_eight() {
        for now in ["2026-01-05T00:00", "2026-01-08T17:00", "2026-01-11T23:00"] {
            assert_eq!(Start::Monday.resolve(at(now)), at("2026-01-05T08:00"), "{now}");
        }
        assert_eq!(Start::Monday.resolve(at("2026-01-12")), at("2026-01-12T08:00"));
    }

    #[test]
    fn a_date_alone_is_its_midnight_and_only_full_hours_are_taken() {
        assert_eq!(at("2026-03-01"), at("2026-03-01T00:00:00Z"));
        for text in ["2026-03-01T08:30", "2026-02-30", "01.03.2026", "", "1899-12-31", "tomorrow"] {
            assert!(text.parse::<SimulatedInstant>().is_err(), "{text}");
        }
    }
}
