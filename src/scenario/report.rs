//! What became of a scenario: a line for each message and each expectation.

use std::fmt;

use serde::Serialize;

use super::expectation::Seen;

/// A scenario at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioReport {
    /// Its name in the binary, or its file's.
    pub name: String,
    /// What it shows, a sentence.
    pub about: String,
    /// Lines that held.
    pub held: usize,
    /// Lines that did not.
    pub failed: usize,
    /// Each message and expectation, in order.
    pub lines: Vec<Line>,
}

/// A message or an expectation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The step, 1-based.
    pub step: usize,
    /// When, in words.
    pub when: String,
    /// What was done or expected, in words.
    pub what: String,
    /// Whether it held.
    pub held: bool,
    /// What there was.
    pub saw: String,
    /// The cycle in which that was seen; `None`: it came to nothing.
    pub cycle: Option<u32>,
}

impl Line {
    /// What was seen at `cycle`.
    pub fn seen(step: usize, when: String, what: String, seen: Seen, cycle: u32) -> Self {
        let Seen { holds: held, saw } = seen;
        Self { step, when, what, held, saw, cycle: Some(cycle) }
    }

    /// It came to nothing.
    pub fn never(step: usize, when: String, what: String, why: &str) -> Self {
        let saw = format!("not reached: {why}");
        Self { step, when, what, held: false, saw, cycle: None }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, when, what, saw, .. } = self;
        match (self.held, self.cycle) {
            (true, _) if what.ends_with(saw.as_str()) => {
                write!(f, "held          step {step}, {when}: {what}")
            }
            (true, _) => write!(f, "held          step {step}, {when}: {what} (saw {saw})"),
            (false, Some(cycle)) => write!(
                f,
                "did not hold  step {step}, {when}: expected {what}, saw {saw} at cycle {cycle}"
            ),
            (false, None) => {
                write!(f, "did not hold  step {step}, {when}: expected {what}, {saw}")
            }
        }
    }
}

impl ScenarioReport {
    /// Of these lines.
    pub fn new(name: String, about: String, lines: Vec<Line>) -> Self {
        let held = lines.iter().filter(|line| line.held).count();
        let failed = lines.len() - held;
        Self { name, about, held, failed, lines }
    }

    /// Whether everything held.
    pub fn has_held(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for ScenarioReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.lines.len();
        write!(f, "scenario {}: {} of {all} held", self.name, self.held)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
