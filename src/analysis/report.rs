//! The report of a run: what ran, whether its promises held, what shoppers did, what the machine
//! went through, and how it differs from another run. The page and the JSON have the same numbers.
//!
//! The database answers sums only, so a report of three simulated years takes as little memory as
//! one of a day.

pub(crate) mod activity;
pub(crate) mod compare;
pub(crate) mod coupons;
pub(crate) mod incidents;
pub mod page;
pub(crate) mod patterns;
mod reading;
pub(crate) mod shopping;
mod svg;
pub(crate) mod technique;

use chrono::NaiveDateTime;
use ports::store::StoreError;
use questions::Ask;
use questions::runs::{self, KnownRun};
use serde::Serialize;
use serde_json::Value as Json;

use self::activity::Activity;
use self::compare::{Comparison, Side};
use self::coupons::Coupons;
use self::incidents::Incidents;
use self::patterns::Patterns;
use self::reading::{Reading, Tell};
use self::shopping::{Baskets, End, Funnel};
use self::technique::Technique;
use crate::cohorts::offers::OfferUplift;
use crate::cohorts::{self, CohortError, CohortResults};
use crate::export::{Population, begin_of, load_replays, population};
use crate::realism::yardstick::Yardstick;
use crate::realism::{self, RealismError, Scorecard};
use crate::verify::Audit;

pub use self::reading::questions;

/// The form of the JSON; a key is added without a new number, none is taken away.
pub const SCHEMA: &str = "cartload.report/1";
/// Simulated hours of a week.
const HOURS_PER_WEEK: f64 = 168.0;

/// A report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The cartload that made it.
    pub cartload: &'static str,
    /// Wall clock, UTC.
    pub made_at: NaiveDateTime,
    /// What ran.
    pub run: Facts,
    /// The ledger, judged; what `cartload verify` says.
    pub promises: Audit,
    /// When shoppers came.
    pub activity: Activity,
    /// The steps to an order.
    pub funnel: Funnel,
    /// What was ordered.
    pub baskets: Baskets,
    /// Who comes back, and how sales and spending are spread.
    pub patterns: Patterns,
    /// How visits ended, every attempt.
    pub ends: Vec<End>,
    /// The life of coupons.
    pub coupons: Coupons,
    /// How lifelike it is.
    pub realism: Scorecard,
    /// What offers as a whole did, by the holdout, if it has one.
    pub offers: Option<OfferUplift>,
    /// What its experiment showed, if it had one.
    pub cohorts: Option<CohortResults>,
    /// What machine and shop went through, every attempt.
    pub technique: Technique,
    /// What an operator had to know.
    pub incidents: Incidents,
    /// Beside another run, where one was named.
    pub comparison: Option<Comparison>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The scorecard's.
    #[error(transparent)]
    Realism(#[from] RealismError),
    /// The experiment's.
    #[error(transparent)]
    Cohorts(#[from] CohortError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReportError {
    /// Whether the database failed, and not what it holds.
    pub fn is_store(&self) -> bool {
        match self {
            Self::Store(_) => true,
            Self::Realism(error) => matches!(error, RealismError::Store(_)),
            Self::Cohorts(error) => matches!(error, CohortError::Store(_)),
        }
    }
}

/// What ran.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// Its id.
    pub run_id: String,
    /// Its state.
    pub state: &'static str,
    /// Wall clock, UTC.
    pub started_at: NaiveDateTime,
    /// Wall clock, UTC.
    pub ended_at: Option<NaiveDateTime>,
    /// Simulated begin.
    pub simulated_start: NaiveDateTime,
    /// Simulated end of the last hour that counts.
    pub simulated_until: NaiveDateTime,
    /// How often it was resumed.
    pub resumes: u32,
    /// Active agents at its start.
    pub agents: u32,
    /// How they behave.
    pub preset: String,
    /// What was run again, and why.
    pub replays: Vec<String>,
    /// The active shoppers of the database when the report was made.
    pub personas: Population,
    /// Every setting that is not secret.
    pub settings: Json,
}

impl Report {
    /// Reads it. `audit`: the run's ledger, judged; `yardstick`: what counts as lifelike. `tell` is
    /// told which of [`questions()`] comes next.
    ///
    /// # Errors
    /// The database's, or a damaged row.
    pub async fn read(
        store: &impl Ask,
        (run, audit): (KnownRun, Audit),
        (yardstick, made_at): (&Yardstick, NaiveDateTime),
        tell: Tell,
    ) -> Result<Self, ReportError> {
        let realism = realism::score(store, &run, yardstick).await?;
        let cohorts = match cohorts::results(store, run.run_id).await {
            Ok(results) => Some(results),
            Err(CohortError::NoExperiment(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let offers = cohorts::offers(store, &run).await?;
        let facts = Facts::read(store, &run, &audit).await?;
        let (start, until) = (run.simulated_start, facts.simulated_until);
        let answers = store.at_once(Reading { run: run.run_id, start, until, tell }).await?;
        let activity = Activity::of(&answers, start);
        let technique = Technique::of(&answers.cycles, rate_limit(&run.settings));
        Ok(Self {
            schema: SCHEMA,
            cartload: env!("CARGO_PKG_VERSION"),
            made_at,
            run: facts,
            promises: audit,
            funnel: Funnel::of(&answers.steps),
            baskets: Baskets::of(&answers, &activity.total),
            patterns: Patterns::of(&answers),
            coupons: Coupons::of(&answers),
            incidents: Incidents::of(&answers, technique.cycles_per_bucket),
            ends: shopping::ends(answers.ends),
            activity,
            realism,
            offers,
            cohorts,
            technique,
            comparison: None,
        })
    }

    /// Puts it beside another run.
    ///
    /// # Errors
    /// The database's.
    pub async fn beside(&mut self, store: &impl Ask, other: &KnownRun) -> Result<(), StoreError> {
        let hours = store.ask(runs::hours()).await?;
        let side = |run: &KnownRun| {
            let id = run.run_id.to_string();
            let lived = hours.iter().find(|row| row.run_id == id).map_or(0, |row| row.hours);
            let weeks = lived as f64 / HOURS_PER_WEEK;
            Side { run: run.run_id, agents: run.agents, weeks }
        };
        let known = runs::known(store).await?;
        let run = known.iter().find(|run| run.run_id.to_string() == self.run.run_id);
        if let Some(run) = run {
            self.comparison = Some(compare::compare(store, side(run), side(other)).await?);
        }
        Ok(())
    }
}

impl Facts {
    async fn read(store: &impl Ask, run: &KnownRun, audit: &Audit) -> Result<Self, StoreError> {
        let replays = load_replays(store, run).await?;
        let preset = text_at(&run.settings, "population", "preset");
        let hours = i32::try_from(audit.hours_lived).unwrap_or(i32::MAX);
        Ok(Self {
            run_id: run.run_id.to_string(),
            state: run.state.as_str(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            simulated_start: run.simulated_start,
            simulated_until: begin_of(run.simulated_start, hours),
            resumes: run.resumes.0,
            agents: run.agents,
            preset: preset.unwrap_or_else(|| "unknown".to_owned()),
            replays: replays.iter().map(crate::export::Replay::line).collect(),
            personas: population(store).await?,
            settings: run.settings.clone(),
        })
    }
}

/// A setting as the run began with it, in words.
pub fn text_at(settings: &Json, section: &str, key: &str) -> Option<String> {
    match settings.get(section)?.get(key)? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other @ (Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            Some(other.to_string())
        }
    }
}

fn rate_limit(settings: &Json) -> Option<f64> {
    settings.get("rate")?.get("per_second")?.as_f64()
}
