//! How lifelike a run is: distances of what it did from published figures, each with its
//! denominator, its sampling error, its band and what drives it.
//!
//! Only canonical rows count, no replays. A dimension that the run's preset does not aim at is
//! shown as `not_targeted`, never hidden. See docs/realism.md.

pub mod band;
mod conduct;
mod course;
pub mod detection;
pub mod found;
mod habit;
pub mod measure;
mod pairs;
mod portrait;
mod prices;
mod reading;
pub mod reference;
mod rounds;
pub mod sample;
pub mod scoring;
mod spread;
pub(crate) mod statistics;
pub mod yardstick;

use ports::store::StoreError;
use questions::Ask;
use questions::runs::KnownRun;
use serde::Serialize;

use self::band::Band;
use self::detection::Told;
use self::measure::{Driver, Measure};
use self::reading::Reading;
use self::sample::Sample;
use self::yardstick::Yardstick;

/// How lifelike a run is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scorecard {
    /// The run.
    pub run_id: String,
    /// Its behaviour preset, as its settings name it.
    pub preset: String,
    /// What the dimensions are taken on.
    pub counts: Counts,
    /// In a fixed order: those with a band first.
    pub dimensions: Vec<Dimension>,
    /// How well a simple classifier tells its orders and agents from the reference's.
    pub told: Told,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Agents at the start of the run.
    pub agents: u64,
    /// Simulated hours that count.
    pub hours_lived: u64,
    /// Sessions, with and without a cart, that the shopper ended.
    pub sessions: u64,
    /// Of them with an item in the cart.
    pub filled_carts: u64,
    /// Orders.
    pub orders: u64,
    /// Coupons redeemed.
    pub redemptions: u64,
}

/// One dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dimension {
    /// Which.
    pub name: Measure,
    /// For people.
    pub title: &'static str,
    /// How the value comes about.
    pub statistic: &'static str,
    /// What was measured; `None` where there is nothing to measure it on.
    pub value: Option<f64>,
    /// Of value, error, band and reference; empty for ratios and distances.
    pub unit: &'static str,
    /// Half of the 95 % interval; for a KS distance 1.36/sqrt(n).
    pub sampling_error: Option<f64>,
    /// What is counted as one, and how many there were.
    pub denominator: Denominator,
    /// Where the value should lie; `None` for a dimension without a band.
    pub band: Option<Band>,
    /// Whether the run is held to the band.
    pub targeted: bool,
    /// What became of it.
    pub verdict: Verdict,
    /// Why the run is not held to the band; empty where it is.
    pub reason: String,
    /// What to look at when it misses.
    pub driver: Driver,
    /// The published figure; `None` for a distance, whose reference is in `profile`.
    pub reference: Option<f64>,
    /// Whose figure that is, and of what.
    pub source: String,
    /// For a picture: observed and reference shares; empty for a single figure.
    pub profile: Vec<Bin>,
}

/// What is counted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Denominator {
    /// As `orders`.
    pub name: &'static str,
    /// How many.
    pub n: u64,
}

/// One bar of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Hour or weekday.
    pub label: String,
    /// Percent, as measured.
    pub observed: f64,
    /// Percent, as published.
    pub reference: f64,
}

/// What became of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The value lies in its band.
    Met,
    /// It does not.
    Missed,
    /// The run is not held to a band.
    NotTargeted,
    /// Targeted, but chance alone moves the value by more than half of the band.
    TooFewData,
}

impl Verdict {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotTargeted => "not targeted",
            Self::TooFewData => "too few data",
        }
    }
}

/// Why a run has no scorecard.
#[derive(Debug, thiserror::Error)]
pub enum RealismError {
    /// The database holds what a count cannot mean.
    #[error("{what} of run {run_id}: `{given}` is no count; `cartload verify` names damaged rows")]
    Unreadable {
        /// The run.
        run_id: String,
        /// What was counted.
        what: &'static str,
        /// What is there.
        given: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Scorecard {
    /// Targeted dimensions with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Dimension> {
        self.dimensions.iter().filter(move |dimension| dimension.verdict == verdict)
    }

    /// Whether every targeted band is met: none missed, none undecided for want of data.
    pub fn holds(&self) -> bool {
        let is_good = |verdict| matches!(verdict, Verdict::Met | Verdict::NotTargeted);
        self.dimensions.iter().all(|dimension| is_good(dimension.verdict))
    }

    /// The dimension of this name.
    pub fn dimension(&self, measure: Measure) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.name == measure)
    }
}

/// Scores a run by sums over its canonical rows, and by the rows of a few agents at a time.
pub async fn score(
    store: &impl Ask,
    run: &KnownRun,
    yardstick: &Yardstick,
) -> Result<Scorecard, RealismError> {
    let answers = store.at_once(Reading(run.clone())).await?;
    let sample = Sample::of(run, &answers)?;
    let preset = run.preset();
    Ok(Scorecard {
        run_id: run.run_id.to_string(),
        preset: preset.to_owned(),
        counts: Counts {
            agents: run.agents.into(),
            hours_lived: sample.hours_lived,
            sessions: sample.sessions_total(),
            filled_carts: sample.filled_carts,
            orders: sample.orders_total(),
            redemptions: statistics::count(&sample.lag_hours),
        },
        dimensions: scoring::dimensions(&sample, yardstick, preset),
        told: sample.told,
    })
}
