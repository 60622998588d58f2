//! An order history becomes a preset and personas, and is scored against the half of it that
//! nothing was fitted to: runs in memory at the mock shop, judged by the figures of the history.

mod report;
mod run;

use std::sync::Arc;

use actors::domain::behavior::Behavior;
use actors::domain::persona::Persona;
use fitting::estimate::{Lack, Statistic};
use fitting::history::History;
use fitting::portrait::{Of, Portrait};
use fitting::score::{Sides, scorecard};
use fitting::{population, preset};
use rand::Rng;

pub use self::report::{Estimate, Report, estimates_table};
use self::report::{Halves, Runs};
use crate::presets;

/// Runs by which constants are moved, before the one that is scored.
const PILOTS: u32 = 3;
/// Days of a run at most, and at least.
const DAYS: (u32, u32) = (7, 56);

/// What a fit is to make.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Personas, and agents of the runs.
    pub agents: u32,
    /// Simulated days of each run; `None`: as many weeks as the history has, 8 at most.
    pub days: Option<u32>,
}

/// What came of it.
#[derive(Debug)]
pub struct Fitted {
    /// The preset.
    pub behavior: Behavior,
    /// The personas.
    pub personas: Vec<Persona>,
    /// What there is to say.
    pub report: Report,
}

/// Why there is no fit.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// How often customers order is the least that a fit carries.
    #[error("orders_per_week cannot be estimated: {0}")]
    TooLittle(
        /// What is missing.
        Lack,
    ),
    /// A preset or the archetypes that ship with cartload.
    #[error(transparent)]
    Shipped(#[from] text::ron_text::RonError),
    /// The preset to begin with.
    #[error(transparent)]
    Preset(#[from] presets::PresetError),
    /// A run in memory did not end.
    #[error("a run at the mock shop: {0}")]
    Run(
        /// What it said.
        anyhow::Error,
    ),
}

/// What of this half can be estimated and what cannot, in the order of the report.
pub fn estimates(half: &Portrait) -> Vec<Estimate> {
    let estimate = |statistic: Statistic| Estimate {
        name: statistic.name(),
        figure: half.figure(statistic).ok(),
        lack: half.figure(statistic).err(),
        method: statistic.method(),
        carried_by: statistic.carried_by(),
    };
    Statistic::ALL.into_iter().map(estimate).collect()
}

/// Fits a preset and personas to the history; `tell` hears what is done next.
pub fn fit(
    history: &History,
    wish: Wish,
    rng: &mut impl Rng,
    mut tell: impl FnMut(&str),
) -> Result<Fitted, FitError> {
    let target = Portrait::of(&history.fit, Of::History);
    let held_out = Portrait::of(&history.score, Of::History);
    if let Err(lack) = &target.rates {
        return Err(FitError::TooLittle(lack.clone()));
    }
    let days = wish.days.unwrap_or((target.weeks as u32).saturating_mul(7)).clamp(DAYS.0, DAYS.1);
    let shipped = presets::behavior("lifelike")?;
    let usual = presets::personas(wish.agents, &[], rng)?;
    let mut personas = usual.clone();
    let contrast = shipped.habit.day_contrast;
    let drawn = population::fit(&mut personas, &history.fit, &target, contrast, rng);

    tell("a run of lifelike as shipped");
    let shop = run::Shop::open()?;
    let before = shop.portrait(Arc::clone(&shipped), &usual, days).map_err(FitError::Run)?;
    let sensitivity: f64 = personas.iter().map(|persona| persona.price_sensitivity).sum();
    let mut behavior = preset::direct(&shipped, &target, sensitivity / personas.len() as f64);
    for pilot in 1..=PILOTS {
        tell(&format!("pilot run {pilot} of {PILOTS}"));
        let seen = shop.portrait(Arc::new(behavior.clone()), &personas, days);
        behavior = preset::moved(&behavior, &target, &seen.map_err(FitError::Run)?);
    }
    tell("the fitted run");
    let after = shop.portrait(Arc::new(behavior.clone()), &personas, days);
    let after = after.map_err(FitError::Run)?;
    let sides = Sides { fit: &target, score: &held_out, before: &before, after: &after };
    let report = Report {
        schema: "cartload.fit/1",
        rows: history.rows,
        rows_left_out: history.bad,
        left_out: history.bad_listed.clone(),
        halves: Halves::of(&target, &held_out),
        forgotten_halvings: history.fit.halvings.max(history.score.halvings),
        estimates: estimates(&target),
        constants: preset::carried(&shipped, &behavior),
        personas: drawn,
        runs: Runs { agents: wish.agents, days, pilots: PILOTS },
        scorecard: scorecard(&sides),
    };
    Ok(Fitted { behavior, personas, report })
}
