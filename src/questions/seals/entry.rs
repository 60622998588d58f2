//! A seal: what rows added up to when they were committed, chained to the seal before it.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};
use domain::ids::RunId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Sums, VERSION};
use crate::{Question, QuestionError};

/// What a seal is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealKind {
    /// The run's settings and its agents, as it began.
    Run,
    /// An attempt at a cycle, as it was closed.
    Cycle,
    /// What was acknowledged after the seal that it belongs to.
    Late,
    /// Rows whose writer died with its sums, read back.
    ReadBack,
    /// An order that was found after its flow had ended.
    Recovered,
    /// The agents, as an operator changed them.
    Agents,
    /// What the run had seen and told when it ended.
    End,
}

impl SealKind {
    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Cycle => "cycle",
            Self::Late => "late",
            Self::ReadBack => "read_back",
            Self::Recovered => "recovered",
            Self::Agents => "agents",
            Self::End => "end",
        }
    }
}

/// A seal before it has its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is of.
    pub kind: SealKind,
    /// The cycle.
    pub cycle: i32,
    /// The attempt.
    pub replay: i32,
    /// What the rows add up to.
    pub sums: Sums,
    /// Whose flows they are of, where rows of others may be there; `None`: all of the attempt.
    pub agents: Option<Vec<String>>,
}

impl Entry {
    /// Its link in the chain: a hash of itself and of the link before it.
    pub fn link(&self, run_id: &str, seq: i32, before: &str) -> String {
        let agents = serde_json::to_string(&self.agents).unwrap_or_default();
        let sums = serde_json::to_string(&self.sums).unwrap_or_default();
        link(&[
            before,
            run_id,
            &seq.to_string(),
            &VERSION.to_string(),
            self.kind.as_str(),
            &self.cycle.to_string(),
            &self.replay.to_string(),
            &sums,
            &agents,
        ])
    }
}

fn link(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_string());
        hash.update(b":");
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A seal as it is kept.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct SealRow {
    /// Its place in the chain, from 1.
    #[diesel(sql_type = Integer)]
    pub seq: i32,
    /// The form of the text that was hashed.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// A [`SealKind`].
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The cycle.
    #[diesel(sql_type = Integer)]
    pub cycle: i32,
    /// The attempt.
    #[diesel(sql_type = Integer)]
    pub replay: i32,
    /// [`Sums`], as JSON: one that is none must not keep the others from being read.
    #[diesel(sql_type = Text)]
    pub sums: String,
    /// An array of agents, as JSON.
    #[diesel(sql_type = Nullable<Text>)]
    pub agents: Option<String>,
    /// Its link.
    #[diesel(sql_type = Text)]
    pub chain: String,
    /// Wall clock.
    #[diesel(sql_type = Timestamp)]
    pub recorded_at: NaiveDateTime,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Link {
    /// As the row has it.
    #[diesel(sql_type = Text)]
    pub chain: String,
}

/// The link at this place of a run's chain, if there is one.
pub fn link_at(run: RunId, seq: u32) -> Question<Link> {
    let text = "SELECT chain FROM seals WHERE run_id = {run} AND seq = {seq}";
    Question::new("a seal", text).with("run", run).with("seq", i64::from(seq))
}

impl SealRow {
    /// The seal, if it can be read.
    pub fn entry(&self) -> Result<Entry, QuestionError> {
        let unreadable = |column, why: &dyn std::fmt::Display| QuestionError::Unreadable {
            column,
            why: why.to_string(),
        };
        let kind = serde_json::from_value(Value::from(self.kind.as_str()));
        let sums = serde_json::from_str(&self.sums);
        let agents = self.agents.as_deref().map(serde_json::from_str).transpose();
        Ok(Entry {
            kind: kind.map_err(|e| unreadable("seals.kind", &e))?,
            cycle: self.cycle,
            replay: self.replay,
            sums: sums.map_err(|e| unreadable("seals.sums", &e))?,
            agents: agents.map_err(|e| unreadable("seals.agents", &e))?,
        })
    }
}
