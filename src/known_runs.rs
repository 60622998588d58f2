//! The runs of a database, as an operator names and sees them.

use actors::domain::ids::RunId;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::store::StoreError;
use chrono::{NaiveDateTime, TimeDelta};
use questions::Ask;
use questions::runs::{self, KnownRun};
use serde::Serialize;
use store::Admin;
use text::output;

/// Clocks of two machines are not farther apart.
const CLOCK_SKEW_MAX: TimeDelta = TimeDelta::minutes(10);

/// Why no run is meant.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KnownRunError {
    /// The database has none.
    #[error("there is no run in this database")]
    None,
    /// No id is it or begins so.
    #[error("run {named} is not in this database; it knows\n{}", table(runs))]
    Unknown {
        /// As asked for.
        named: String,
        /// Those there are.
        runs: Vec<Listed>,
    },
    /// More than one id begins so.
    #[error("{found} runs begin with {named}; it knows\n{}", table(runs))]
    Several {
        /// As asked for.
        named: String,
        /// How many.
        found: usize,
        /// Those there are.
        runs: Vec<Listed>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One run of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The run.
    pub run_id: String,
    /// Its state.
    pub state: &'static str,
    /// Wall clock, UTC.
    pub started_at: NaiveDateTime,
    /// The owner's last sign of life; wall clock, UTC.
    pub heartbeat_at: NaiveDateTime,
    /// How often it was resumed.
    pub resumes: u32,
    /// Cycles with a closed, unbroken attempt.
    pub cycles: u64,
}

/// The runs of the database, the newest first.
pub async fn listed(admin: &Admin) -> Result<Vec<Listed>, StoreError> {
    let hours = admin.ask(runs::hours()).await?;
    let of = |run: &KnownRun| {
        let id = run.run_id.to_string();
        let hours = hours.iter().find(|row| row.run_id == id).map_or(0, |row| row.hours);
        let cycles = u64::try_from(hours).unwrap_or(0);
        Listed {
            run_id: id,
            state: run.state.as_str(),
            started_at: run.started_at,
            heartbeat_at: run.heartbeat_at,
            resumes: run.resumes.0,
            cycles,
        }
    };
    Ok(admin.list_runs().await?.iter().map(of).collect())
}

/// They as a table.
pub fn table(runs: &[Listed]) -> String {
    if runs.is_empty() {
        return "no runs".to_owned();
    }
    let mut rows = vec![["RUN", "STATE", "STARTED (UTC)", "CYCLES", "RESUMES"].map(str::to_owned)];
    rows.extend(runs.iter().map(|run| {
        [
            run.run_id.clone(),
            run.state.to_owned(),
            run.started_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            run.cycles.to_string(),
            run.resumes.to_string(),
        ]
    }));
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    output::table(&rows)
}

/// Where the newest of the runs is, given the newest first. One that began later than `now` was
/// begun under a wrong clock: it is not the newest for ever, unless there is no other.
fn newest(runs: &[KnownRun], now: NaiveDateTime) -> Option<usize> {
    let is_possible = |run: &KnownRun| run.started_at <= now + CLOCK_SKEW_MAX;
    let newest = runs.iter().position(is_possible);
    if let Some(run) = runs.first().filter(|run| newest.is_some() && !is_possible(run)) {
        tracing::warn!(
            "run {} began in the future ({} UTC): the clock was wrong, and it is not taken as the \
             newest; name it with --run",
            run.run_id,
            run.started_at
        );
    }
    newest.or_else(|| (!runs.is_empty()).then_some(0))
}

/// The run with this id, or the only one whose id begins so; the newest where none is named.
pub async fn find(admin: &Admin, named: Option<&str>) -> Result<KnownRun, KnownRunError> {
    let mut runs = admin.list_runs().await?;
    let Some(named) = named else {
        let newest = newest(&runs, SystemPacing.wall()).ok_or(KnownRunError::None)?;
        return Ok(runs.swap_remove(newest));
    };
    runs.retain(|run| run.run_id.to_string().starts_with(&named.to_lowercase()));
    let found = runs.len();
    match (runs.pop(), found) {
        (Some(run), 1) => Ok(run),
        (first, found) => {
            let (named, runs) = (named.to_owned(), listed(admin).await?);
            Err(match first {
                Some(_) => KnownRunError::Several { named, found, runs },
                None => KnownRunError::Unknown { named, runs },
            })
        }
    }
}

/// The run with this id.
pub async fn with_id(admin: &Admin, run: RunId) -> Result<Option<KnownRun>, StoreError> {
    Ok(admin.list_runs().await?.into_iter().find(|known| known.run_id == run))
}

#[cfg(test)]
mod tests {
    use actors::domain::cycle::ReplayNumber;
    use actors::domain::ids::OwnerToken;
    use actors::ports::store::RunState;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn begun(at: NaiveDateTime) -> KnownRun {
        KnownRun {
            run_id: RunId(Uuid::nil()),
            owner: OwnerToken(Uuid::nil()),
            state: RunState::Completed,
            resumes: ReplayNumber(0),
            agents: 1,
            simulated_start: at,
            started_at: at,
            heartbeat_at: at,
            ended_at: Some(at),
            settings: json!({}),
        }
    }

    #[test]
    fn a_run_from_the_future_is_the_newest_only_where_it_is_alone() {
        let now = NaiveDateTime::default();
        let at = |minutes| begun(now + TimeDelta::minutes(minutes));
        assert_eq!(newest(&[], now), None);
        assert_eq!(newest(&[at(-1), at(-9)], now), Some(0));
        assert_eq!(newest(&[at(10), at(-9)], now), Some(0), "clocks differ so much");
        assert_eq!(newest(&[at(11), at(-9)], now), Some(1));
        assert_eq!(newest(&[at(99), at(11)], now), Some(0));
    }
}
