//! Looks at all that a run needs before there is one: shop, capacity, database, machine, plan and
//! population, a line each, and every mistake in one go.
//!
//! Nothing is left behind: no row, no cart, no file. What writes at the shop is asked for by name
//! (`--order`, `--ramp`).

mod capacity;
pub mod finding;
mod machine;

use std::sync::Arc;
use std::time::Instant;

use shops::practice_shop::RunningShop;

use crate::config::Settings;
use crate::running;
use crate::trial::Say;

pub use self::capacity::Wish;
use self::finding::{Area, Findings};
pub use self::finding::{Finding, Report};

/// What is to be looked at.
pub struct Asked {
    /// The settings of the run that is meant.
    pub settings: Settings,
    /// The ramp, where one is wanted.
    pub ramp: Option<Wish>,
}

/// Looks at all of it; `say` hears of each finding as it comes.
pub async fn examine(asked: &Asked, say: Say) -> Report {
    let begun = Instant::now();
    let mut findings = Findings::new(say);
    machine::look(&asked.settings, &mut findings);
    let requests = match &asked.ramp {
        Some(wish) => ramp(&asked.settings, wish, &mut findings).await,
        None => {
            findings.push(capacity::skipped());
            0
        }
    };
    findings.into_report(requests, begun.elapsed())
}

/// How much of a run the shop bears; answers how many requests it was asked.
async fn ramp(settings: &Settings, wish: &Wish, findings: &mut Findings) -> u64 {
    let skip = |why: String| Finding::skip(Area::Capacity, "knee", format!("not tried: {why}"));
    let (setup, practice) = match running::reach(settings) {
        Ok((setup, practice)) => (Arc::new(setup), practice),
        Err(error) => {
            findings.push(skip(error.to_string()));
            return 0;
        }
    };
    let requests = match capacity::load::load(settings, &setup).await {
        Ok(loaded) => {
            let ramp = loaded.ramp(settings, setup, wish);
            loaded.requests + capacity::look(&ramp, findings).await
        }
        Err(error) => {
            findings.push(skip(error.to_string()));
            0
        }
    };
    if let Some(Err(error)) = practice.map(RunningShop::stop) {
        findings.push(skip(format!("the practice shop does not close: {error}")));
    }
    requests
}
