//! What each step takes when none of our own calls stands in its way.
//!
//! Kept by step: a checkout may be thirty times as slow as a list, and one mean of both would call
//! every wave of checkouts a queue.

use std::collections::BTreeMap;

use super::samples::{Samples, Step};

/// Weight of an answer in a baseline that has many.
const WEIGHT_MIN: f64 = 0.05;
/// Before so many answers a baseline is estimated from answers that queued.
const SAMPLES_SURE: u32 = 4;
/// Of an answer that queued at least this share is taken to be work.
const SHARE_MIN: f64 = 0.2;
/// Below this nothing is held back, s: what is faster is the noise of the own machine.
const FLOOR_S: f64 = 0.020;
/// A window mean below this share of the baseline shows that the baseline is too high...
const TOO_HIGH: f64 = 0.8;
/// ...where it stands on so many answers...
const TOO_HIGH_ANSWERS: usize = 16;
/// ...and moves it by this share.
const TOO_HIGH_WEIGHT: f64 = 0.2;
/// A dip's mean further off than this factor replaces the baseline...
const REPLACED_FROM: f64 = 1.5;
/// ...and one that is not moves it by this share.
const DIP_WEIGHT: f64 = 0.3;
/// Answers of a step that a dip must have seen to say something of it...
const DIP_ANSWERS: usize = 6;
/// ...or these, where the whole dip is shorter than that.
const DIP_ANSWERS_FEW: usize = 2;
/// Two answers suffice where their mean is above the baseline by this factor, and one by twice
/// that: of exponential service times 3 in 1,000 are, and a shop that turned so slow fills no dip.
const FAR_ABOVE: f64 = 4.0;
/// Where answers took so many times their baselines before the dip, and the dip shows that no queue
/// was the cause, the shop is another than it was.
const TURNED_FROM: f64 = 20.0;

/// One baseline.
#[derive(Clone, Copy, Debug, Default)]
struct Baseline {
    /// s.
    mean_s: f64,
    /// Answers that made it, counted no further than it takes to be sure.
    answers: u32,
}

/// The baselines of all steps. Bounded by the steps that a profile has.
#[derive(Clone, Debug, Default)]
pub struct Baselines {
    by_step: BTreeMap<Step, Baseline>,
}

impl Baselines {
    /// What `step` takes, s.
    pub fn of(&self, step: Step) -> f64 {
        self.by_step.get(step).map_or(0.0, |baseline| baseline.mean_s).max(FLOOR_S)
    }

    /// Takes in an answer of a call that met next to none of ours.
    pub fn unqueued(&mut self, step: Step, time_s: f64) {
        let baseline = self.by_step.entry(step).or_default();
        baseline.answers = baseline.answers.saturating_add(1);
        let weight = (1.0 / f64::from(baseline.answers)).max(WEIGHT_MIN);
        baseline.mean_s += (time_s - baseline.mean_s) * weight;
    }

    /// Takes in an answer of a call that waited at the shop, `wait_s` in the mean of the last
    /// window: only while too little is known of the step.
    pub fn queued(&mut self, step: Step, time_s: f64, wait_s: f64) {
        let baseline = self.by_step.entry(step).or_default();
        if baseline.answers < SAMPLES_SURE {
            baseline.answers += 1;
            let work_s = (time_s - wait_s).max(SHARE_MIN * time_s);
            baseline.mean_s += (work_s - baseline.mean_s) / f64::from(baseline.answers);
        }
    }

    /// Lowers what a window's answers show to be too high.
    pub fn lower(&mut self, window: &Samples) {
        for (step, sum) in window.each().filter(|(_, sum)| sum.answers >= TOO_HIGH_ANSWERS) {
            let Some(baseline) = self.by_step.get_mut(step) else { continue };
            if sum.mean_s() < TOO_HIGH * baseline.mean_s {
                baseline.mean_s += (sum.mean_s() - baseline.mean_s) * TOO_HIGH_WEIGHT;
            }
        }
    }

    /// Renews them from a dip, before which answers took `slowness` times as long as they; answers
    /// whether the shop has turned far slower. Then the steps that the dip did not show are learnt
    /// anew: shoppers come to a step in waves, and a shop that turned slow is slow in all.
    pub fn renew(&mut self, dip: &Samples, slowness: f64) -> bool {
        let mut has_turned = false;
        let is_short = dip.answers() < DIP_ANSWERS;
        let needed = if is_short { DIP_ANSWERS_FEW } else { DIP_ANSWERS };
        for (step, sum) in dip.each() {
            let Some(baseline) = self.by_step.get_mut(step) else { continue };
            let factor = sum.mean_s() / baseline.mean_s;
            let is_far = factor >= if sum.answers == 1 { 2.0 * FAR_ABOVE } else { FAR_ABOVE };
            if sum.answers < needed && !is_far {
                continue;
            }
            let is_near = (1.0 / REPLACED_FROM..=REPLACED_FROM).contains(&factor);
            let weight = if is_near { DIP_WEIGHT } else { 1.0 };
            baseline.mean_s += (sum.mean_s() - baseline.mean_s) * weight;
            has_turned |= factor >= REPLACED_FROM && slowness >= TURNED_FROM;
        }
        if has_turned {
            let is_shown = |step: Step| dip.each().any(|(shown, _)| shown == step);
            let others = self.by_step.iter_mut().filter(|(step, _)| !is_shown(step));
            others.for_each(|(_, baseline)| baseline.answers = 0);
        }
        has_turned
    }

    /// How long answers of these steps take without a queue, s in all.
    pub fn work_s(&self, answered: &Samples) -> f64 {
        answered.each().map(|(step, sum)| sum.answers as f64 * self.of(step)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(of: &[(Step, usize, f64)]) -> Samples {
        let mut samples = Samples::default();
        for (step, answers, time_s) in of {
            (0..*answers).for_each(|_| samples.add(step, *time_s));
        }
        samples
    }

    fn with(time_s: f64) -> Baselines {
        let mut baselines = Baselines::default();
        baselines.unqueued("list", time_s);
        baselines
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn a_step_is_worth_20_ms_at_least_whatever_it_takes() {
        assert!(near(Baselines::default().of("list"), 0.020));
        assert!(near(with(0.019).of("list"), 0.020));
        assert!(near(with(0.021).of("list"), 0.021));
    }

    #[test]
    fn the_fifth_queued_answer_of_a_step_teaches_nothing_and_the_fourth_does() {
        let mut baselines = Baselines::default();
        for _ in 0..4 {
            baselines.queued("list", 1.0, 0.6);
        }
        assert!(near(baselines.of("list"), 0.4));
        baselines.queued("list", 9.0, 0.0);
        assert!(near(baselines.of("list"), 0.4));
        baselines.queued("view", 1.0, 5.0);
        assert!(near(baselines.of("view"), 0.2), "a fifth of it is work at least");
    }

    #[test]
    fn an_unqueued_answer_counts_for_a_twentieth_at_least() {
        let mut baselines = Baselines::default();
        for _ in 0..1_000 {
            baselines.unqueued("list", 0.1);
        }
        baselines.unqueued("list", 1.1);
        assert!(near(baselines.of("list"), 0.15));
    }

    #[test]
    fn sixteen_answers_below_four_fifths_lower_it_by_a_fifth_and_fifteen_do_not() {
        for (answers, time_s, after) in [(16, 0.79, 0.958), (15, 0.79, 1.0), (16, 0.81, 1.0)] {
            let mut baselines = with(1.0);
            baselines.lower(&samples(&[("list", answers, time_s)]));
            assert!(near(baselines.of("list"), after), "{answers} of {time_s}");
        }
    }

    #[test]
    fn a_dip_replaces_what_is_far_off_and_moves_what_is_near() {
        for (time_s, after) in [(1.6, 1.6), (1.4, 1.12), (0.6, 0.6), (0.7, 0.91)] {
            let mut baselines = with(1.0);
            let _ = baselines.renew(&samples(&[("list", 6, time_s)]), 3.0);
            assert!(near(baselines.of("list"), after), "{time_s}: {}", baselines.of("list"));
        }
    }

    #[test]
    fn a_dip_of_many_answers_says_nothing_of_a_step_with_five_and_a_short_one_of_two_does() {
        let mut baselines = with(1.0);
        let _ = baselines.renew(&samples(&[("list", 5, 2.0), ("view", 11, 2.0)]), 3.0);
        assert!(near(baselines.of("list"), 1.0));
        let _ = baselines.renew(&samples(&[("list", 1, 2.0)]), 3.0);
        assert!(near(baselines.of("list"), 1.0));
        let _ = baselines.renew(&samples(&[("list", 2, 2.0)]), 3.0);
        assert!(near(baselines.of("list"), 2.0));
    }

    #[test]
    fn two_answers_four_times_above_or_one_eight_times_replace_it_in_any_dip_and_none_far_below() {
        let cases = [(2, 4.0, 4.0), (2, 3.9, 1.0), (1, 8.0, 8.0), (1, 7.9, 1.0), (5, 0.1, 1.0)];
        for (answers, time_s, after) in cases {
            let mut baselines = with(1.0);
            let _ = baselines.renew(&samples(&[("list", answers, time_s), ("view", 11, 2.0)]), 3.0);
            assert!(near(baselines.of("list"), after), "{answers} of {time_s} s");
        }
    }

    #[test]
    fn where_answers_took_twenty_times_as_long_and_no_queue_explains_it_all_is_learnt_anew() {
        let cases = [(1.6, 20.0, true), (1.6, 19.9, false), (1.4, 20.0, false)];
        for (time_s, slowness, turned) in cases {
            let mut baselines = with(1.0);
            for _ in 0..20 {
                baselines.unqueued("view", 1.0);
            }
            assert_eq!(baselines.renew(&samples(&[("list", 6, time_s)]), slowness), turned);
            baselines.unqueued("view", 5.0);
            let after = if turned { 5.0 } else { 1.2 };
            assert!(near(baselines.of("view"), after), "{}", baselines.of("view"));
        }
    }
}
