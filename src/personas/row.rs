//! One row, a JSON object by column name, to one persona.

use std::fmt;
use std::sync::Arc;

use actors::domain::ids::{AgentId, CohortName};
use actors::domain::money::Cents;
use actors::domain::persona::{AgentStatus, DealSeeking, Persona, ShoppingFrequency, TimeOfDay};
use serde_json::{Map, Value};
use text::visible;
use uuid::Uuid;

use super::columns;
use super::mending::{SUM_TOLERANCE, TRIPLES, sums_to_one};
use super::ranges::{check_ranges, range_of};
use super::{RowProblem, name_list};

/// Namespace of the user ids of agents that bring none: an agent gets the same user each time.
const USER_NAMESPACE: Uuid = Uuid::from_u128(0x9d3f_5c1e_7a42_4f0b_8e61_2b7c_90d4_1a55);
/// Population means of the time of day, for an agent that brings none.
const TIME_OF_DAY_DEFAULT: TimeOfDay = TimeOfDay { morning: 0.33, afternoon: 0.41, evening: 0.26 };

/// Where a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file or table.
    pub origin: Arc<str>,
    /// Its line, 1-based, where the source has lines.
    pub line: Option<u64>,
    /// Its number among the rows, 1-based.
    pub record: u64,
    /// Its agent_id, where the source has no order: a table.
    pub agent: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.agent) {
            (Some(line), _) => write!(f, "{}:{line}", self.origin),
            (None, Some(agent)) => write!(f, "{} agent_id {agent}", self.origin),
            (None, None) => write!(f, "{} record {}", self.origin, self.record),
        }
    }
}

/// Words for nothing that tools write; whether one is meant is for a mapping to say.
const NOTHINGS: &[&str] = &["NA", "N/A", "#N/A", "NULL", "NONE", "NIL", "NAN", "\\N"];
/// The word for nothing that a text is.
pub(super) fn nothing(text: &str) -> Option<&'static str> {
    NOTHINGS.iter().copied().find(|word| word.eq_ignore_ascii_case(text.trim()))
}

pub(super) fn or_nothing(word: &str) -> String {
    format!("`nothing: [{word:?}]` in a mapping takes it as no value")
}

/// Reads one row; numbers may be numbers or texts, an empty text or null counts as absent.
pub fn read_row(fields: &Map<String, Value>) -> Result<Persona, RowProblem> {
    let row = Fields(fields);
    row.refuse_nul()?;
    let agent_id = AgentId::new(row.required("agent_id", columns::AGENT_ID)?);
    let age = row.whole("age", columns::AGE)?.unwrap_or(40);
    let (weekday_affinity, weekend_affinity) = row.day_affinities()?;
    let persona = Persona {
        user_id: row.user_id(&agent_id)?,
        status: row.word("status")?.unwrap_or(AgentStatus::Active),
        cohort: row.text("cohort").map(CohortName::new),
        archetype: row.text("archetype"),
        age,
        age_group: row.text("age_group").unwrap_or_else(|| age_group(age).to_owned()),
        gender: row.text("gender").unwrap_or_else(|| "unspecified".to_owned()),
        income_bracket: row.text("income_bracket").unwrap_or_else(|| "medium".to_owned()),
        household_size: row.whole("household_size", columns::HOUSEHOLD_SIZE)?.unwrap_or(2),
        has_children: row.truth("has_children")?.unwrap_or(false),
        location_region: row.text("location_region").unwrap_or_else(|| "unknown".to_owned()),
        price_sensitivity: row.share("price_sensitivity")?,
        brand_loyalty: row.share("brand_loyalty")?,
        impulsivity: row.share("impulsivity")?,
        tech_savviness: row.number("tech_savviness", columns::SHARE)?.unwrap_or(0.5),
        coupon_affinity: row.share("coupon_affinity")?,
        preferred_categories: row.categories()?,
        weekly_budget: row.money("weekly_budget", columns::WEEKLY_BUDGET)?,
        avg_cart_value: row.money("avg_cart_value", columns::AVG_CART_VALUE)?,
        shopping_frequency: row
            .word::<ShoppingFrequency>("shopping_frequency")?
            .ok_or(missing("shopping_frequency", columns::FREQUENCY))?,
        weekday_affinity,
        weekend_affinity,
        time_of_day: row.time_of_day()?,
        deal_seeking: row.word("deal_seeking_behavior")?.unwrap_or(DealSeeking::Observer),
        backstory: row.text("backstory"),
        agent_id,
    };
    check_ranges(&persona).map_err(|error| {
        let clamp = match range_of(error.column) {
            Some(_) => format!("; `clamp: [{:?}]` in a mapping takes the nearest", error.column),
            None => String::new(),
        };
        let allowed = format!("{}{clamp}", error.allowed);
        RowProblem::Impossible { column: error.column, value: cut(&error.value), allowed }
    })?;
    Ok(persona)
}

/// The columns of one row.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    /// The column's text; a list or object as JSON.
    fn text(&self, column: &str) -> Option<String> {
        let text = match self.0.get(column)? {
            Value::Null => return None,
            Value::String(text) => text.trim().to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.to_string(),
            json @ (Value::Array(_) | Value::Object(_)) => json.to_string(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// No database of the two takes a NUL in a text alike, and no text needs one.
    fn refuse_nul(&self) -> Result<(), RowProblem> {
        let has_nul = |column: &&&str| match self.0.get(**column) {
            Some(Value::String(text)) => text.contains('\0'),
            Some(list @ (Value::Array(_) | Value::Object(_))) => {
                list.to_string().contains("\\u0000")
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => false,
        };
        match columns::COLUMNS.iter().find(has_nul) {
            None => Ok(()),
            Some(column) => Err(RowProblem::Impossible {
                column,
                value: cut(&self.text(column).unwrap_or_default()),
                allowed: "a text without the character NUL (U+0000)".to_owned(),
            }),
        }
    }

    fn required(&self, column: &'static str, allowed: &'static str) -> Result<String, RowProblem> {
        self.text(column).ok_or(missing(column, allowed))
    }

    fn number(
        &self,
        column: &'static str,
        allowed: &'static str,
    ) -> Result<Option<f64>, RowProblem> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| impossible(column, &text, allowed))
    }

    fn share(&self, column: &'static str) -> Result<f64, RowProblem> {
        self.number(column, columns::SHARE)?.ok_or(missing(column, columns::SHARE))
    }

    fn whole(&self, column: &'static str, allowed: &'static str) -> Result<Option<u8>, RowProblem> {
        let Some(text) = self.text(column) else { return Ok(None) };
        // Tables and spreadsheets write 34 as 34.0.
        let bare = text.strip_suffix(".0").unwrap_or(&text);
        bare.parse().map(Some).map_err(|_| impossible(column, &text, allowed))
    }

    fn truth(&self, column: &'static str) -> Result<Option<bool>, RowProblem> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "1" => Ok(Some(true)),
            "false" | "f" | "no" | "0" => Ok(Some(false)),
            _ => Err(impossible(column, &text, columns::TRUTH)),
        }
    }

    fn money(&self, column: &'static str, allowed: &'static str) -> Result<Cents, RowProblem> {
        let text = self.required(column, allowed)?;
        let bare = text.strip_prefix('$').unwrap_or(&text);
        bare.parse().map_err(|_| impossible(column, &text, allowed))
    }

    fn word<T>(&self, column: &'static str) -> Result<Option<T>, RowProblem>
    where
        T: std::str::FromStr<Err = actors::domain::persona::UnknownWord>,
    {
        let Some(text) = self.text(column) else { return Ok(None) };
        text.to_ascii_lowercase().parse().map(Some).map_err(
            |error: actors::domain::persona::UnknownWord| RowProblem::Impossible {
                column,
                value: cut(&text),
                allowed: error.allowed,
            },
        )
    }

    fn user_id(&self, agent: &AgentId) -> Result<Uuid, RowProblem> {
        match self.text("user_id") {
            Some(text) => text.parse().map_err(|_| impossible("user_id", &text, columns::USER_ID)),
            None => Ok(Uuid::new_v5(&USER_NAMESPACE, agent.as_str().as_bytes())),
        }
    }

    fn categories(&self) -> Result<Vec<String>, RowProblem> {
        let column = "preferred_categories";
        let text = self.required(column, columns::CATEGORIES)?;
        let names = name_list::names(&text)
            .filter(|names| !names.iter().any(|name| name.contains('\0')))
            .ok_or_else(|| impossible(column, &text, columns::CATEGORIES))?;
        let mut distinct: Vec<String> = Vec::new();
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            if !distinct.iter().any(|known| known == name) {
                distinct.push(name.to_owned());
            }
        }
        Ok(distinct)
    }

    /// weekday_affinity and weekend_affinity, or both from the three shares of the days: a day's
    /// share over its share of an even week, where 0.5 is even.
    fn day_affinities(&self) -> Result<(f64, f64), RowProblem> {
        let weekday = self.number("weekday_affinity", columns::SHARE)?;
        let weekend = self.number("weekend_affinity", columns::SHARE)?;
        if weekday.is_some() || weekend.is_some() {
            return Ok((weekday.unwrap_or(0.5), weekend.unwrap_or(0.5)));
        }
        let Some([weekdays, saturday, sunday]) = self.three_shares(TRIPLES[0], columns::DAYS)?
        else {
            return Ok((0.5, 0.5));
        };
        let affinity = |share: f64, days: f64| (0.5 * 7.0 * share / days).min(1.0);
        Ok((affinity(weekdays, 5.0), affinity(saturday + sunday, 2.0)))
    }

    fn time_of_day(&self) -> Result<TimeOfDay, RowProblem> {
        let shares = self.three_shares(TRIPLES[1], columns::TIMES)?;
        Ok(shares.map_or(TIME_OF_DAY_DEFAULT, |[morning, afternoon, evening]| TimeOfDay {
            morning,
            afternoon,
            evening,
        }))
    }

    /// Three shares that sum to 1, exactly so in the answer; `None` when none is given.
    fn three_shares(
        &self,
        names: [&'static str; 3],
        allowed: &'static str,
    ) -> Result<Option<[f64; 3]>, RowProblem> {
        if names.iter().all(|name| self.text(name).is_none()) {
            return Ok(None);
        }
        let mut shares = [0.0; 3];
        for (share, name) in shares.iter_mut().zip(names) {
            *share = self.number(name, allowed)?.ok_or(missing(name, allowed))?;
            if !(0.0..=1.0).contains(share) {
                return Err(impossible(name, &share.to_string(), allowed));
            }
        }
        let sum: f64 = shares.iter().sum();
        if sum <= 0.0 {
            let allowed = format!("{allowed}; three zeros cannot be divided by their sum");
            return Err(impossible(names[0], "sum 0", &allowed));
        }
        if !sums_to_one(&shares, SUM_TOLERANCE) {
            let off = ((sum - 1.0).abs() * 100.0 - 1e-6).ceil() / 100.0;
            let allowed = format!("{allowed}; `sum_tolerance: {off}` in a mapping divides them");
            return Err(impossible(names[0], &format!("sum {sum:.3}"), &allowed));
        }
        Ok(Some(shares.map(|share| share / sum)))
    }
}

fn missing(column: &'static str, allowed: &'static str) -> RowProblem {
    RowProblem::Missing { column, allowed }
}

fn impossible(column: &'static str, value: &str, allowed: &str) -> RowProblem {
    let hint = nothing(value).map_or_else(String::new, |word| format!("; {}", or_nothing(word)));
    RowProblem::Impossible { column, value: cut(value), allowed: format!("{allowed}{hint}") }
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("`{}`", visible::line(&shown))
}

fn age_group(age: u8) -> &'static str {
    match age {
        0..=24 => "18-24",
        25..=34 => "25-34",
        35..=44 => "35-44",
        45..=54 => "45-54",
        55..=64 => "55-64",
        65.. => "65+",
    }
}
