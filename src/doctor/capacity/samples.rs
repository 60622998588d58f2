//! What requests took, by step and its part, and whether that is twice what it was.
//!
//! Kept by step: a checkout may be thirty times as slow as a list. One percentile of both would let
//! the one hide behind the other.

use std::collections::BTreeMap;

/// A percentile that this share of the answers is above.
const ABOVE: f64 = 0.05;
/// Answers take twice as long.
const TWICE: f64 = 2.0;
/// What is faster is the noise of the own machine, s.
const FLOOR_S: f64 = 0.020;
/// Answers of a step that a judgement of it alone needs, under load ...
const STEP_ANSWERS: usize = 20;
/// ... and without any.
const STEP_BASELINE: usize = 5;
/// What chance does, in standard deviations: in one of twenty cases more.
const CHANCE: f64 = 1.65;
/// So many slow answers are no chance.
const SLOW_MIN: usize = 2;
/// From so many slow answers on a measurement is over before its end.
const LOST_MIN: usize = 5;

/// One request of a step: the step's name, and which of its requests, from 0.
pub(super) type Part = (&'static str, u8);

/// What requests took, s.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    by_part: BTreeMap<Part, Vec<f64>>,
}

/// A part that takes twice as long as it did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Doubled {
    /// The step.
    pub(super) step: &'static str,
    /// Its 95th percentile without load, s.
    pub(super) from_s: f64,
    /// And with it.
    pub(super) to_s: f64,
}

impl Times {
    pub(super) fn push(&mut self, part: Part, took_s: f64) {
        self.by_part.entry(part).or_default().push(took_s);
    }

    pub(super) fn count(&self) -> usize {
        self.by_part.values().map(Vec::len).sum()
    }

    pub(super) fn mean(&self) -> Option<f64> {
        mean(&self.by_part.values().flatten().copied().collect::<Vec<_>>())
    }

    /// Of all answers.
    pub(super) fn percentile(&self, share: f64) -> Option<f64> {
        percentile(self.by_part.values().flatten().copied().collect(), share)
    }

    /// The 95th percentile of all answers as a multiple of the mean of their part.
    fn spread(&self) -> f64 {
        let of_part = |times: &Vec<f64>| {
            let mean = mean(times).unwrap_or_default().max(f64::EPSILON);
            times.iter().map(|took| took / mean).collect::<Vec<_>>()
        };
        percentile(self.by_part.values().flat_map(of_part).collect(), 1.0 - ABOVE).unwrap_or(1.0)
    }

    /// Takes in those of another measurement.
    pub(super) fn merge(&mut self, other: Self) {
        for (part, times) in other.by_part {
            self.by_part.entry(part).or_default().extend(times);
        }
    }

    /// Each step's 95th percentile, of its slowest part, s.
    pub(super) fn by_step(&self) -> BTreeMap<&'static str, f64> {
        let mut steps = BTreeMap::new();
        for ((step, _), times) in &self.by_part {
            let slowest: &mut f64 = steps.entry(*step).or_default();
            *slowest = slowest.max(p95(times).unwrap_or_default());
        }
        steps
    }

    /// Which is held against these.
    pub(super) fn baseline(self) -> Baseline {
        let all = self.percentile(1.0 - ABOVE).unwrap_or_default().max(FLOOR_S);
        let spread = self.spread();
        // The highest of a few answers lies below it, so what is known of the spread of all helps.
        let p95_of = |(part, times): (&Part, &Vec<f64>)| {
            let is_sure = times.len() >= STEP_ANSWERS;
            let by_spread = mean(times).unwrap_or_default() * if is_sure { 0.0 } else { spread };
            (*part, p95(times).unwrap_or_default().max(by_spread).max(FLOOR_S))
        };
        Baseline { p95: self.by_part.iter().map(p95_of).collect(), all, times: self }
    }
}

/// What requests took one at a time, and the percentiles that others are held against.
#[derive(Clone, Debug)]
pub(super) struct Baseline {
    pub(super) times: Times,
    p95: BTreeMap<Part, f64>,
    /// Of a part that was not seen.
    all: f64,
}

impl Baseline {
    /// The 95th percentile of a part.
    fn of(&self, part: Part) -> f64 {
        self.p95.get(&part).copied().unwrap_or(self.all)
    }

    /// What takes twice as long there, if anything does.
    pub(super) fn doubled(&self, there: &Times) -> Option<Doubled> {
        let alone = |(part, times): &(&Part, &Vec<f64>)| {
            let before = self.times.by_part.get(*part).map_or(0, Vec::len);
            let slow = times.iter().filter(|took| **took >= TWICE * self.of(**part)).count();
            times.len() >= STEP_ANSWERS
                && before >= STEP_BASELINE
                && is_surely_more(slow, times.len())
        };
        let steps = there.by_part.iter();
        if let Some(worst) = self.worst(steps.clone().filter(alone)) {
            return Some(worst);
        }
        is_more(self.slow(there), there.count()).then(|| self.worst(steps)).flatten()
    }

    /// Of these parts the one that takes most times as long.
    fn worst<'a>(&self, parts: impl Iterator<Item = (&'a Part, &'a Vec<f64>)>) -> Option<Doubled> {
        let each = parts.filter_map(|(part, times)| {
            Some(Doubled { step: part.0, from_s: self.of(*part), to_s: p95(times)? })
        });
        each.max_by(|one, other| one.times().total_cmp(&other.times()))
    }

    /// Answers that took twice the 95th percentile of their own part.
    fn slow(&self, there: &Times) -> usize {
        let slow = |(part, times): (&Part, &Vec<f64>)| {
            let limit = TWICE * self.of(*part);
            times.iter().filter(|took| **took >= limit).count()
        };
        there.by_part.iter().map(slow).sum()
    }

    /// Whether it is so slow there that the rest of `planned` requests cannot make it fast:
    /// `overdue` are under way for longer than they may take.
    pub(super) fn is_lost(&self, there: &Times, overdue: usize, planned: usize) -> bool {
        let slow = self.slow(there) + overdue;
        slow >= LOST_MIN && is_more(slow, planned)
    }

    /// Whether a request of this part that is under way for so long is slow already.
    pub(super) fn is_overdue(&self, part: Part, waited_s: f64) -> bool {
        waited_s >= TWICE * self.of(part)
    }

    /// The part that is worst there, doubled or not.
    pub(super) fn worst_there(&self, there: &Times) -> Option<Doubled> {
        self.worst(there.by_part.iter())
    }
}

impl Doubled {
    /// How many times as long it takes.
    pub(super) fn times(&self) -> f64 {
        self.to_s / self.from_s.max(f64::EPSILON)
    }
}

/// Whether the 95th percentile of `of` answers is slow where `slow` of them are.
fn is_more(slow: usize, of: usize) -> bool {
    slow >= SLOW_MIN && slow as f64 > ABOVE * of as f64
}

/// The same beyond what chance does: of six steps one is slow by chance more often than all are.
fn is_surely_more(slow: usize, of: usize) -> bool {
    let (slow, expected) = (slow as f64, ABOVE * of as f64);
    slow > expected + CHANCE * (expected * (1.0 - ABOVE)).sqrt()
}

fn mean(times: &[f64]) -> Option<f64> {
    (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64)
}

fn p95(times: &[f64]) -> Option<f64> {
    percentile(times.to_vec(), 1.0 - ABOVE)
}

/// By nearest rank.
fn percentile(mut times: Vec<f64>, share: f64) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(of: &[(&'static str, f64, usize)]) -> Times {
        let mut times = Times::default();
        for (step, took_s, count) in of {
            (0..*count).for_each(|_| times.push((step, 0), *took_s));
        }
        times
    }

    #[test]
    fn a_slow_checkout_does_not_hide_behind_fast_lists() {
        let unloaded = times(&[("list", 0.05, 90), ("checkout", 0.3, 20)]).baseline();
        let doubled = unloaded.doubled(&times(&[("list", 0.05, 980), ("checkout", 0.7, 20)]));
        let doubled = doubled.unwrap();
        assert_eq!((doubled.step, doubled.from_s, doubled.to_s), ("checkout", 0.3, 0.7));
        let few = times(&[("list", 0.05, 980), ("checkout", 0.7, STEP_ANSWERS - 1)]);
        assert_eq!(unloaded.doubled(&few), None, "too few to say it of the step alone");
    }

    #[test]
    fn twice_is_the_border_and_what_is_faster_than_the_own_noise_has_none() {
        let unloaded = times(&[("list", 0.1, 30)]).baseline();
        assert_eq!(unloaded.doubled(&times(&[("list", 0.199, 30)])), None);
        assert!(unloaded.doubled(&times(&[("list", 0.2, 30)])).is_some());
        let fast = times(&[("list", 0.001, 30)]).baseline();
        assert_eq!(fast.doubled(&times(&[("list", 0.039, 30)])), None);
        assert!(fast.doubled(&times(&[("list", 0.040, 30)])).is_some());
    }

    #[test]
    fn one_answer_in_twenty_may_be_slow() {
        let unloaded = times(&[("list", 0.1, 30)]).baseline();
        assert_eq!(unloaded.doubled(&times(&[("list", 0.1, 95), ("list", 1.0, 5)])), None);
        assert!(unloaded.doubled(&times(&[("list", 0.1, 94), ("list", 1.0, 6)])).is_some());
    }

    #[test]
    fn steps_too_rare_to_be_judged_alone_are_judged_together() {
        let unloaded = times(&[("list", 0.1, 10), ("view", 0.3, 10)]).baseline();
        let doubled = unloaded.doubled(&times(&[("list", 0.25, 8), ("view", 0.7, 8)])).unwrap();
        assert_eq!(doubled.step, "list");
    }

    #[test]
    fn of_a_few_answers_the_highest_is_not_taken_for_the_percentile() {
        let spread: Vec<f64> = (1..=100).map(|n| f64::from(n) * 0.01).collect();
        let mut seen = times(&[("checkout", 0.5, 5)]);
        spread.iter().for_each(|took| seen.push(("list", 0), *took));
        let unloaded = seen.baseline();
        assert!(unloaded.of(("checkout", 0)) > 0.8, "{unloaded:?}");
        assert!((unloaded.of(("list", 0)) - 0.95).abs() < 1e-9);
    }

    #[test]
    fn it_is_lost_once_more_are_slow_than_may_be_of_all_that_were_planned() {
        let unloaded = times(&[("list", 0.1, 30)]).baseline();
        let loaded = times(&[("list", 0.25, 4)]);
        assert!(!unloaded.is_lost(&loaded, 0, 20), "four may be chance");
        assert!(unloaded.is_lost(&loaded, 1, 20) && !unloaded.is_lost(&loaded, 1, 200));
        assert!(unloaded.is_overdue(("list", 0), 0.2) && !unloaded.is_overdue(("list", 0), 0.1));
    }
}
