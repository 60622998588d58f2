//! Who is still due: agents of refreshes that failed are part of the next one, as they were then.

use std::collections::BTreeMap;

use super::messages::Holder;
use crate::domain::ids::AgentId;

/// What earlier refreshes left to the next one.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Agents of refreshes that failed; at most all agents.
    missed: BTreeMap<AgentId, Holder>,
}

impl Backlog {
    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.missed.is_empty()
    }

    /// Those who are due with those who were missed, each once; who is both is as it is now. Nobody
    /// is left: who is missed again must be put back.
    pub fn join(&mut self, due: BTreeMap<AgentId, Holder>) -> BTreeMap<AgentId, Holder> {
        let mut all = std::mem::take(&mut self.missed);
        all.extend(due);
        all
    }

    /// Their refresh failed.
    pub fn put_back(&mut self, due: BTreeMap<AgentId, Holder>) {
        self.missed.extend(due);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::ids::CohortName;
    use crate::domain::presets;

    fn holders(of: &[(&str, &str)]) -> BTreeMap<AgentId, Holder> {
        let persona = Arc::new(presets::population(1, 1).remove(0));
        let holder = |(agent, arm): &(&str, &str)| {
            let cohort = (!arm.is_empty()).then(|| CohortName::new(*arm));
            (AgentId::new(*agent), Holder { persona: Arc::clone(&persona), cohort })
        };
        of.iter().map(holder).collect()
    }

    #[test]
    fn who_was_missed_is_served_with_the_next_and_then_no_more() {
        let mut backlog = Backlog::default();
        let due = backlog.join(holders(&[("b", ""), ("a", "control")]));
        assert_eq!((&due, backlog.is_empty()), (&holders(&[("a", "control"), ("b", "")]), true));
        backlog.put_back(due);
        assert!(!backlog.is_empty());
        let all = backlog.join(holders(&[("c", ""), ("b", "")]));
        assert_eq!(all, holders(&[("a", "control"), ("b", ""), ("c", "")]));
        assert_eq!(backlog.join(holders(&[("c", "")])), holders(&[("c", "")]));
    }

    #[test]
    fn who_is_due_again_is_in_the_arm_of_now() {
        let mut backlog = Backlog::default();
        backlog.put_back(holders(&[("a", "control"), ("b", "bold")]));
        let all = backlog.join(holders(&[("a", "bold")]));
        assert_eq!(all, holders(&[("a", "bold"), ("b", "bold")]));
    }
}
