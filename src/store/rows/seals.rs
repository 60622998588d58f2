//! A seal as it is inserted.

use chrono::NaiveDateTime;
use diesel::Insertable;
use questions::seals::{Entry, VERSION};
use serde_json::Value;

use crate::error::Fault;
use crate::schema::seals;

/// One seal.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = seals, treat_none_as_default_value = false)]
pub struct SealRow<'a> {
    run_id: &'a str,
    seq: i32,
    version: i32,
    kind: &'static str,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    is_simulated: bool,
    sums: Value,
    agents: Option<Value>,
    chain: String,
    recorded_at: NaiveDateTime,
}

impl<'a> SealRow<'a> {
    /// The row of a seal at its place in the chain, after the link before it.
    pub fn of(
        entry: &Entry,
        run_id: &'a str,
        (seq, before): (i32, &str),
        recorded_at: NaiveDateTime,
    ) -> Result<Self, Fault> {
        let json = |value: Result<Value, serde_json::Error>| {
            value.map_err(|error| Fault::Unreadable(format!("a seal as JSON: {error}")))
        };
        let agents = entry.agents.as_ref().map(serde_json::to_value);
        Ok(Self {
            run_id,
            seq,
            version: VERSION,
            kind: entry.kind.as_str(),
            cycle: entry.cycle,
            replay: entry.replay,
            is_replay: entry.replay > 0,
            is_simulated: true,
            sums: json(serde_json::to_value(&entry.sums))?,
            agents: agents.map(json).transpose()?,
            chain: entry.link(run_id, seq, before),
            recorded_at,
        })
    }
}
