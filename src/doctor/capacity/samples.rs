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
    /// The step; `None`: each of them a little.
    pub(super) step: Option<&'static str>,
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
        let sum: f64 = self.by_part.values().flatten().sum();
        (self.count() > 0).then(|| sum / self.count() as f64)
    }

    /// Of all answers.
    pub(super) fn percentile(&self, share: f64) -> Option<f64> {
        percentile(self.by_part.values().flatten().copied().collect(), share)
    }

    /// The 95th percentile of a part; of all, where it was not seen.
    pub(super) fn p95_of(&self, part: Part) -> f64 {
        let own = self.by_part.get(&part).and_then(|times| p95(times));
        own.or_else(|| self.percentile(1.0 - ABOVE)).unwrap_or_default().max(FLOOR_S)
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

    /// What takes twice as long here as without load, if anything does.
    pub(super) fn doubled(&self, unloaded: &Self) -> Option<Doubled> {
        let step = self.by_part.iter().filter(|(part, times)| {
            let before = unloaded.by_part.get(*part).map_or(0, Vec::len);
            times.len() >= STEP_ANSWERS && before >= STEP_BASELINE
        });
        let doubled = step.filter_map(|(part, times)| {
            let from_s = unloaded.p95_of(*part);
            let slow = times.iter().filter(|took| **took >= TWICE * from_s).count();
            let to_s = p95(times)?;
            is_more(slow, times.len()).then_some(Doubled { step: Some(part.0), from_s, to_s })
        });
        let worst = doubled.max_by(|one, other| {
            (one.to_s / one.from_s).total_cmp(&(other.to_s / other.from_s))
        });
        worst.or_else(|| {
            let all = is_more(self.slow(unloaded), self.count());
            let (from_s, to_s) = (unloaded.percentile(1.0 - ABOVE)?, self.percentile(1.0 - ABOVE)?);
            all.then_some(Doubled { step: None, from_s, to_s })
        })
    }

    /// Answers that took twice the 95th percentile of their own part without load.
    fn slow(&self, unloaded: &Self) -> usize {
        let slow = |(part, times): (&Part, &Vec<f64>)| {
            let limit = TWICE * unloaded.p95_of(*part);
            times.iter().filter(|took| **took >= limit).count()
        };
        self.by_part.iter().map(slow).sum()
    }

    /// Whether it is so slow that the rest of `planned` requests cannot make it fast: `overdue` are
    /// under way for longer than twice what they take without load.
    pub(super) fn is_lost(&self, unloaded: &Self, overdue: usize, planned: usize) -> bool {
        let slow = self.slow(unloaded) + overdue;
        slow >= LOST_MIN && is_more(slow, planned)
    }

    /// Whether a request of this part that is under way for so long is slow already.
    pub(super) fn is_overdue(&self, part: Part, waited_s: f64) -> bool {
        waited_s >= TWICE * self.p95_of(part)
    }
}

/// Whether the 95th percentile of `of` answers is slow where `slow` of them are.
fn is_more(slow: usize, of: usize) -> bool {
    slow >= SLOW_MIN && slow as f64 > ABOVE * of as f64
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
        let unloaded = times(&[("list", 0.05, 90), ("checkout", 0.3, 10)]);
        let loaded = times(&[("list", 0.05, 980), ("checkout", 0.7, 20)]);
        let doubled = loaded.doubled(&unloaded).unwrap();
        assert_eq!((doubled.step, doubled.from_s, doubled.to_s), (Some("checkout"), 0.3, 0.7));
        let few = times(&[("list", 0.05, 980), ("checkout", 0.7, STEP_ANSWERS - 1)]);
        assert_eq!(few.doubled(&unloaded), None, "too few to say it of the step alone");
    }

    #[test]
    fn twice_is_the_border_and_what_is_faster_than_the_own_noise_has_none() {
        let unloaded = times(&[("list", 0.1, 30)]);
        assert_eq!(times(&[("list", 0.199, 30)]).doubled(&unloaded), None);
        assert!(times(&[("list", 0.2, 30)]).doubled(&unloaded).is_some());
        let fast = times(&[("list", 0.001, 30)]);
        assert_eq!(times(&[("list", 0.039, 30)]).doubled(&fast), None);
        assert!(times(&[("list", 0.040, 30)]).doubled(&fast).is_some());
    }

    #[test]
    fn one_answer_in_twenty_may_be_slow() {
        let unloaded = times(&[("list", 0.1, 30)]);
        assert_eq!(times(&[("list", 0.1, 95), ("list", 1.0, 5)]).doubled(&unloaded), None);
        assert!(times(&[("list", 0.1, 94), ("list", 1.0, 6)]).doubled(&unloaded).is_some());
    }

    #[test]
    fn steps_too_rare_to_be_judged_alone_are_judged_together() {
        let unloaded = times(&[("list", 0.1, 10), ("view", 0.3, 10)]);
        let loaded = times(&[("list", 0.25, 8), ("view", 0.7, 8)]);
        assert_eq!(loaded.doubled(&unloaded).unwrap().step, None);
    }

    #[test]
    fn it_is_lost_once_more_are_slow_than_may_be_of_all_that_were_planned() {
        let unloaded = times(&[("list", 0.1, 30)]);
        let loaded = times(&[("list", 0.25, 4)]);
        assert!(!loaded.is_lost(&unloaded, 0, 20), "four may be chance");
        assert!(loaded.is_lost(&unloaded, 1, 20) && !loaded.is_lost(&unloaded, 1, 200));
        assert!(unloaded.is_overdue(("list", 0), 0.2) && !unloaded.is_overdue(("list", 0), 0.1));
    }
}
