//! The runs of a database.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Json, Nullable, Text, Timestamp};
use domain::cycle::ReplayNumber;
use domain::ids::{OwnerToken, RunId};
use ports::store::{RunState, StoreError};
use serde_json::Value;

use super::{Ask, Question, QuestionError};

/// An owner silent for this long is dead.
pub const OWNER_SILENCE_S: i64 = 120;

/// A run as its row says it.
#[derive(Clone, Debug, QueryableByName)]
pub struct RunRow {
    #[diesel(sql_type = Text)]
    run_id: String,
    #[diesel(sql_type = Text)]
    owner_token: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Integer)]
    resumes: i32,
    #[diesel(sql_type = Integer)]
    agents: i32,
    #[diesel(sql_type = Timestamp)]
    simulated_start: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    started_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    heartbeat_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    ended_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Json)]
    settings: Value,
}

/// A run as the database knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownRun {
    /// Its id.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// Its state.
    pub state: RunState,
    /// How often it was resumed: the highest replay number so far.
    pub resumes: ReplayNumber,
    /// Active agents at its start.
    pub agents: u32,
    /// Simulated begin of cycle 0.
    pub simulated_start: NaiveDateTime,
    /// Wall clock, UTC.
    pub started_at: NaiveDateTime,
    /// The owner's last sign of life; wall clock, UTC.
    pub heartbeat_at: NaiveDateTime,
    /// Wall clock (UTC) of an end state.
    pub ended_at: Option<NaiveDateTime>,
    /// Every setting that is not secret.
    pub settings: Value,
}

impl RunRow {
    /// The run.
    pub fn known(self) -> Result<KnownRun, QuestionError> {
        Ok(KnownRun {
            run_id: RunId(read("runs.run_id", &self.run_id)?),
            owner: OwnerToken(read("runs.owner_token", &self.owner_token)?),
            state: state(&self.state)?,
            resumes: ReplayNumber(u32::try_from(self.resumes).unwrap_or(0)),
            agents: u32::try_from(self.agents).unwrap_or(0),
            simulated_start: self.simulated_start,
            started_at: self.started_at,
            heartbeat_at: self.heartbeat_at,
            ended_at: self.ended_at,
            settings: self.settings,
        })
    }
}

fn read<T: FromStr<Err: Display>>(column: &'static str, text: &str) -> Result<T, QuestionError> {
    text.parse().map_err(|error: T::Err| {
        let why = error.to_string();
        QuestionError::Unreadable { column, why }
    })
}

fn state(word: &str) -> Result<RunState, QuestionError> {
    let all = [
        RunState::Running,
        RunState::Paused,
        RunState::Frozen,
        RunState::Stopped,
        RunState::Completed,
    ];
    let found = all.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| QuestionError::Unreadable {
        column: "runs.state",
        why: format!("`{word}` is no run state"),
    })
}

impl KnownRun {
    /// How its shoppers behave, as its settings name it.
    pub fn preset(&self) -> &str {
        let preset = self.settings.get("population").and_then(|p| p.get("preset"));
        preset.and_then(|name| name.as_str()).unwrap_or("unknown")
    }

    /// Whether a process may still write to it at `at`, given owners that are known to be `dead`.
    pub fn is_owned(&self, dead: &[OwnerToken], at: NaiveDateTime) -> bool {
        let is_silent = self.heartbeat_at < at - TimeDelta::seconds(OWNER_SILENCE_S);
        !(self.state.is_end() || is_silent || dead.contains(&self.owner))
    }
}

const ALL: &str = "SELECT * FROM runs ORDER BY started_at DESC, run_id";

/// Every run, the newest first.
pub fn all() -> Question<RunRow> {
    Question::new("runs", ALL)
}

const OF: &str = "SELECT * FROM runs WHERE run_id = {run}";

/// This run; no row for one that is not there.
pub fn of(run: RunId) -> Question<RunRow> {
    Question::new("the run", OF).with("run", run)
}

/// Every run, the newest first, as the database knows it.
pub async fn known(store: &impl Ask) -> Result<Vec<KnownRun>, StoreError> {
    let rows = store.ask(all()).await?;
    Ok(rows.into_iter().map(RunRow::known).collect::<Result<_, _>>()?)
}

/// This run as the database knows it; `None` where it is not there.
pub async fn find(store: &impl Ask, run: RunId) -> Result<Option<KnownRun>, StoreError> {
    let row = store.ask(of(run)).await?.into_iter().next();
    Ok(row.map(RunRow::known).transpose()?)
}

/// How far one run has come.
#[derive(Clone, Debug, QueryableByName)]
pub struct HoursRow {
    /// Its id.
    #[diesel(sql_type = Text)]
    pub run_id: String,
    /// Cycles with a closed, unbroken attempt.
    #[diesel(sql_type = BigInt)]
    pub hours: i64,
}

const HOURS: &str = "\
SELECT run_id, COUNT(DISTINCT cycle) AS hours FROM cycles WHERE NOT broken GROUP BY run_id";

/// The hours of each run that has any.
pub fn hours() -> Question<HoursRow> {
    Question::new("hours of runs", HOURS)
}
