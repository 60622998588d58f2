//! An experiment: agents are spread over arms, each with a behaviour and offers of its own.
//!
//! Who is in which arm follows from the agent's id and the experiment's name alone: it says nothing
//! about holdout or release, and a resumed run finds everybody where it left them.

use std::sync::Arc;

use super::behavior::Behavior;
use super::ids::{AgentId, CohortName};
use super::offer::OfferPolicy;
use super::persona::Persona;
use super::stable_hash::stable_share;

/// Behaviour and offers of a part of the agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// In the column `cohort` of every row.
    pub name: CohortName,
    /// Of the agents, 0-1; the shares of all arms sum to 1.
    pub share: f64,
    /// The preset with this arm's overrides.
    pub behavior: Arc<Behavior>,
    /// The run's offers with this arm's overrides.
    pub offers: OfferPolicy,
}

/// The experiment of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What the assignment hangs on: another name is another draw.
    pub name: String,
    /// At least two; the first is the control.
    pub arms: Vec<Arm>,
}

impl Experiment {
    /// The arm of this agent. An arm that the operator fixed in the persona wins over the hash; a
    /// cohort that is no arm keeps the agent out of the experiment.
    pub fn arm_of(&self, persona: &Persona) -> Option<&Arm> {
        match &persona.cohort {
            Some(fixed) => self.arm(fixed),
            None => {
                let shares = self.arms.iter().map(|arm| arm.share);
                self.arms.get(drawn(&self.name, shares, &persona.agent_id))
            }
        }
    }

    /// The arm of this name.
    pub fn arm(&self, name: &CohortName) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.name == *name)
    }
}

/// The position of the arm into which the hash puts `agent`: the first whose part of 0-1, laid end
/// to end, holds the agent's point; the last where rounding leaves a gap.
pub fn drawn(experiment: &str, shares: impl IntoIterator<Item = f64>, agent: &AgentId) -> usize {
    let point = stable_share(&format!("experiment/{experiment}"), agent);
    let mut end = 0.0;
    let mut last = 0;
    for (place, share) in shares.into_iter().enumerate() {
        end += share;
        last = place;
        if point < end {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::is_held_out;
    use crate::presets;

    fn experiment(shares: &[f64]) -> Experiment {
        let behavior = Arc::new(presets::load());
        let arm = |(n, share): (usize, &f64)| Arm {
            name: CohortName::new(format!("arm_{n}")),
            share: *share,
            behavior: Arc::clone(&behavior),
            offers: OfferPolicy::default(),
        };
        let arms = shares.iter().enumerate().map(arm).collect();
        Experiment { name: "checkout".to_owned(), arms }
    }

    fn agents(count: usize) -> impl Iterator<Item = AgentId> {
        (0..count).map(|n| AgentId::new(format!("agent_{n:05}")))
    }

    #[test]
    fn arms_get_their_shares() {
        let mut counts = [0_u32; 3];
        for agent in agents(20_000) {
            counts[drawn("checkout", [0.5, 0.3, 0.2], &agent)] += 1;
        }
        for (count, share) in counts.iter().zip([0.5, 0.3, 0.2]) {
            presets::assert_frequency("share", *count, 20_000, share);
        }
    }

    #[test]
    fn an_arm_says_nothing_about_the_holdout_nor_about_another_experiment() {
        let policy = OfferPolicy::default();
        let mut held_out = [0_u32; 2];
        let mut both = [[0_u32; 2]; 2];
        for agent in agents(20_000) {
            let arm = drawn("checkout", [0.5, 0.5], &agent);
            held_out[arm] += u32::from(is_held_out(&agent, &policy));
            both[arm][drawn("coupons", [0.5, 0.5], &agent)] += 1;
        }
        for count in held_out {
            presets::assert_frequency("held out", count, 10_000, 0.1);
        }
        for count in both.as_flattened() {
            presets::assert_frequency("crossed", *count, 20_000, 0.25);
        }
    }

    #[test]
    fn an_operators_word_wins_over_the_hash_and_may_keep_an_agent_out() {
        let experiment = experiment(&[0.5, 0.5]);
        let persona = presets::population(1, 3).remove(0);
        let fixed = |name: &str| Persona { cohort: Some(CohortName::new(name)), ..persona.clone() };
        for arm in &experiment.arms {
            assert_eq!(experiment.arm_of(&fixed(arm.name.as_str())), Some(arm));
        }
        assert_eq!(experiment.arm_of(&fixed("vip")), None);
        assert!(experiment.arm_of(&persona).is_some());
    }

    #[test]
    fn shares_that_sum_to_a_little_less_than_one_leave_nobody_out() {
        let thirds = [1.0 / 3.0 - 1e-10; 3];
        for agent in agents(1_000) {
            assert!(drawn("x", thirds, &agent) < 3);
        }
    }
}
