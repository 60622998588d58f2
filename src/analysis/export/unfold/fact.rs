//! A fact of a visit: an event, a line of its order, or what became of a coupon in it.

use questions::any_row::{AnyRow, Cell};
use serde::Deserialize;

use crate::export::ExportError;
use crate::export::value::{Kind, Value};

/// The columns of a fact, in the order of the SELECTs in `tables/shown.rs`.
const COLUMNS: [(&str, Kind); 13] = [
    ("flow_id", Kind::Text),
    ("cycle", Kind::Integer),
    ("replay", Kind::Integer),
    ("agent_id", Kind::Text),
    ("cohort", Kind::Text),
    ("word", Kind::Text),
    ("seq", Kind::Integer),
    ("product_id", Kind::Text),
    ("coupon_id", Kind::Text),
    ("detail", Kind::Text),
    ("units", Kind::Integer),
    ("simulated_at", Kind::Instant),
    ("recorded_at", Kind::Instant),
];

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub flow_id: String,
    pub cycle: i64,
    pub replay: i64,
    pub agent_id: String,
    pub cohort: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An event of this kind.
    Event(String, Details),
    /// A line of the order.
    Line {
        /// Units of it.
        units: i64,
    },
    /// A step of a coupon.
    Step {
        /// As `applied`.
        step: String,
        /// The assignment it was held by.
        assignment: Option<String>,
    },
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub what: What,
    /// Its place in the visit, among facts of its sort.
    pub seq: i64,
    pub product_id: Option<String>,
    pub coupon_id: Option<String>,
    /// Microseconds since 1970.
    pub simulated_at: i64,
    /// Microseconds since 1970.
    pub recorded_at: i64,
}

/// What is read of an event's payload; what it does not hold is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    pub product_ids: Option<Vec<String>>,
    pub prices_cents: Option<Vec<i64>>,
    pub eligible_coupon_ids: Option<Vec<String>>,
    pub ineligible_coupon_ids: Option<Vec<String>>,
    pub category: Option<String>,
    pub price_cents: Option<i64>,
    pub unit_price_cents: Option<i64>,
    pub quantity: Option<i64>,
    pub accepted: Option<bool>,
    pub taken: Option<i64>,
}

impl Visit {
    /// Of the values that a fact begins with.
    pub fn of(key: [Value; 5]) -> Self {
        let [flow_id, cycle, replay, agent_id, cohort] = key;
        Self {
            flow_id: text(flow_id).unwrap_or_default(),
            cycle: cycle.integer().unwrap_or(0),
            replay: replay.integer().unwrap_or(0),
            agent_id: text(agent_id).unwrap_or_default(),
            cohort: text(cohort),
        }
    }

    /// Whether a fact that begins so is of it.
    pub fn is(&self, key: &[Value; 5]) -> bool {
        matches!(&key[0], Value::Text(flow) if *flow == self.flow_id)
    }
}

/// Reads a row: whose it is, and what it says.
pub fn read(table: &'static str, row: AnyRow) -> Result<([Value; 5], Fact), ExportError> {
    let mut cells = row.0.into_iter();
    let mut next = |at: usize| -> Result<Value, ExportError> {
        let (name, kind) = COLUMNS[at];
        kind.read(table, name, cells.next().unwrap_or(Cell::Null))
    };
    let key = [next(0)?, next(1)?, next(2)?, next(3)?, next(4)?];
    let (word, seq) = (text(next(5)?).unwrap_or_default(), next(6)?);
    let (product_id, coupon_id) = (text(next(7)?), text(next(8)?));
    let (detail, units) = (text(next(9)?), next(10)?.integer());
    let (simulated_at, recorded_at) = (next(11)?, next(12)?);
    let what = match (word.split_once(' '), units) {
        (_, Some(units)) => What::Line { units },
        // No kind of event has a space in it.
        (Some(("coupon", step)), None) => What::Step { step: step.to_owned(), assignment: detail },
        (Some(_) | None, None) => What::Event(word, details(table, detail.as_deref())?),
    };
    let fact = Fact {
        what,
        seq: seq.integer().unwrap_or(0),
        product_id,
        coupon_id,
        simulated_at: simulated_at.instant().unwrap_or(0),
        recorded_at: recorded_at.instant().unwrap_or(0),
    };
    Ok((key, fact))
}

fn details(table: &'static str, payload: Option<&str>) -> Result<Details, ExportError> {
    let Some(payload) = payload else { return Ok(Details::default()) };
    serde_json::from_str(payload).map_err(|error| ExportError::Unreadable {
        table,
        column: "payload".to_owned(),
        kind: "payload of an event",
        given: format!("{error}: {}", payload.chars().take(40).collect::<String>()),
    })
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}
