//! Looks at all that a run needs before there is one: shop, capacity, database, machine, plan and
//! population, a line each, and every mistake in one go.
//!
//! Nothing is left behind: no row, no cart, no file. What writes at the shop is asked for by name
//! (`--order`, `--ramp`).

pub mod finding;
mod machine;

use std::time::Instant;

use crate::config::Settings;
use crate::trial::Say;

use self::finding::Findings;
pub use self::finding::{Finding, Report};

/// What is to be looked at.
pub struct Asked {
    /// The settings of the run that is meant.
    pub settings: Settings,
}

/// Looks at all of it; `say` hears of each finding as it comes.
pub fn examine(asked: &Asked, say: Say) -> Report {
    let begun = Instant::now();
    let mut findings = Findings::new(say);
    machine::look(&asked.settings, &mut findings);
    findings.into_report(0, begun.elapsed())
}
