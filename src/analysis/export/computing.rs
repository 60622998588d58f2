//! Columns that no SQL answers: filled in from other values of the row and what is known of the
//! run.
//!
//! Rows come by cycle and agent, so the agent of the row before is most often the one of this row:
//! what its hash says is kept.

use chrono::DateTime;

use super::agent_days::day_of;
use super::query::Query;
use super::replays::Replay;
use super::split::split_of;
use super::tables::{Computed, Origin};
use super::value::{Row, Value};

/// Fills in the computed columns of a table's rows.
pub struct Computing<'a> {
    query: &'a Query,
    /// The computed columns by place; of a period also where its day stands.
    columns: Vec<(usize, Computed, Option<usize>)>,
    agent: Option<usize>,
    replay: Option<usize>,
    last: Option<Agent>,
}

/// What the hash of an agent's id says.
struct Agent {
    id: String,
    split: &'static str,
    is_held_out: bool,
}

impl<'a> Computing<'a> {
    /// For the rows of this query.
    pub fn new(query: &'a Query) -> Self {
        let table = &query.table;
        let computed = table.columns.iter().enumerate().filter_map(|(at, column)| {
            let Origin::Computed(what) = column.origin else { return None };
            let time = if let Computed::Period(time) = what { table.place(time) } else { None };
            Some((at, what, time))
        });
        Self {
            query,
            columns: computed.collect(),
            agent: table.place("agent_id"),
            replay: table.place("replay"),
            last: None,
        }
    }

    /// Fills them in; the row has a place for each.
    pub fn fill(&mut self, row: &mut Row) {
        for number in 0..self.columns.len() {
            let (at, what, time) = self.columns[number];
            let value = match what {
                Computed::Split => Value::Text(self.agent(row).split.to_owned()),
                Computed::HeldOut => Value::Bool(self.agent(row).is_held_out),
                Computed::Period(_) => self.period(time.and_then(|time| row.get(time))),
                Computed::ReplayCause => self.cause(row, |replay| Some(replay.words.clone())),
                Computed::ReplayCheckpoint => self.cause(row, |replay| replay.checkpoint.clone()),
                Computed::ExpiredRecordedAt => self.expired(row),
            };
            if let Some(place) = row.get_mut(at) {
                *place = value;
            }
        }
    }

    fn agent(&mut self, row: &Row) -> &Agent {
        let id = match self.agent.and_then(|at| row.get(at)) {
            Some(Value::Text(id)) => id.as_str(),
            Some(_) | None => "",
        };
        let known = self.last.take().filter(|last| last.id == id);
        let scope = &self.query.scope;
        let agent = known.unwrap_or_else(|| Agent {
            id: id.to_owned(),
            split: split_of(id),
            is_held_out: scope.holds_out(id),
        });
        self.last.insert(agent)
    }

    fn period(&self, time: Option<&Value>) -> Value {
        let day = time.and_then(|time| time.day().or_else(|| time.instant().map(day_of)));
        Value::of_text(day.map(|day| self.query.scope.time_split.of(day)))
    }

    fn cause(&self, row: &Row, of: impl Fn(&Replay) -> Option<String>) -> Value {
        let number = self.replay.and_then(|at| row.get(at)?.integer());
        let mut replays = self.query.scope.replays.iter().rev();
        let found = replays.find(|replay| Some(i64::from(replay.number)) == number);
        Value::of_text(found.and_then(of))
    }

    /// Of one that was not used, once its hour has been lived.
    fn expired(&self, row: &Row) -> Value {
        let at = |name: &str| self.query.table.place(name).and_then(|at| row.get(at));
        if at("redeemed_at") != Some(&Value::Null) {
            return Value::Null;
        }
        let expires = at("expires_at").and_then(Value::instant);
        let expires = expires.and_then(DateTime::from_timestamp_micros);
        let closed = expires.and_then(|at| self.query.scope.closing_of(at.naive_utc()));
        closed.map_or(Value::Null, Value::Instant)
    }
}
