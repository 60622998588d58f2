//! Answer times by step, summed: what windows and dips are made of.

use std::collections::BTreeMap;

/// A call of the shop, by its name in the profile.
pub type Step = &'static str;

/// Answer times of some steps. Bounded by the steps that a profile has.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    by_step: BTreeMap<Step, Sum>,
    answers: usize,
}

/// The answers of one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// How many.
    pub answers: usize,
    /// Their times, s.
    pub time_s: f64,
}

impl Sum {
    /// Their mean, s.
    pub fn mean_s(self) -> f64 {
        self.time_s / self.answers.max(1) as f64
    }
}

impl Samples {
    /// Takes in one answer.
    pub fn add(&mut self, step: Step, time_s: f64) {
        let sum = self.by_step.entry(step).or_default();
        sum.answers += 1;
        sum.time_s += time_s;
        self.answers += 1;
    }

    /// Answers of all steps.
    pub fn answers(&self) -> usize {
        self.answers
    }

    /// Times of all answers, s.
    pub fn time_s(&self) -> f64 {
        self.by_step.values().map(|sum| sum.time_s).sum()
    }

    /// Step by step.
    pub fn each(&self) -> impl Iterator<Item = (Step, Sum)> {
        self.by_step.iter().map(|(step, sum)| (*step, *sum))
    }
}
