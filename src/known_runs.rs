//! The runs of a database, as an operator names and sees them.

use actors::domain::ids::RunId;
use actors::ports::store::StoreError;
use chrono::NaiveDateTime;
use questions::Ask;
use questions::runs::{self, KnownRun};
use serde::Serialize;
use store::Admin;
use text::output;

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

/// The run with this id, or the only one whose id begins so; the newest where none is named.
pub async fn find(admin: &Admin, named: Option<&str>) -> Result<KnownRun, KnownRunError> {
    let mut runs = admin.list_runs().await?;
    let Some(named) = named else {
        return runs.into_iter().next().ok_or(KnownRunError::None);
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
