//! Which agents train and which validate: by agent, fixed for ever.
//!
//! By agent and not by row: rows of one shopper resemble each other, and a model that has seen some
//! of them is not tested by the others.

use domain::ids::AgentId;
use domain::stable_hash::stable_share;

/// What the hash is taken for; never changed, or published splits would change.
const PURPOSE: &str = "train_validation_split";
/// Agents that train, percent.
pub const TRAIN_PERCENT: f64 = 80.0;

/// `train` or `validation`.
pub fn split_of(agent: &str) -> &'static str {
    let share = stable_share(PURPOSE, &AgentId::new(agent));
    if share * 100.0 < TRAIN_PERCENT { "train" } else { "validation" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_that_of_every_release() {
        let validation: Vec<String> = (1..=20)
            .map(|n| format!("agent_{n:03}"))
            .filter(|agent| split_of(agent) == "validation")
            .collect();
        assert_eq!(validation, ["agent_004", "agent_008", "agent_012", "agent_017"]);
        let train = (0..10_000).filter(|n| split_of(&format!("agent_{n:03}")) == "train").count();
        assert!((7_800..=8_200).contains(&train), "{train} of 10,000");
    }
}
