//! Who is still due: agents of refreshes that failed are part of the next one, each in its own arm.
//!
//! Arms are kept beyond a refresh that went well: an agent that is missed later is in the same one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{AgentId, CohortName};

/// What earlier refreshes left to the next one.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Agents of refreshes that failed; at most all agents.
    missed: BTreeSet<AgentId>,
    /// The arm of each agent that was due and is in one; at most all agents.
    cohorts: BTreeMap<AgentId, CohortName>,
}

impl Backlog {
    /// Whether nobody is left.
    pub fn is_empty(&self) -> bool {
        self.missed.is_empty()
    }

    /// Those who are due with those who were missed, each once and in order, and every arm known.
    /// Nobody is left: who is missed again must be put back.
    pub fn join(
        &mut self,
        due: Vec<AgentId>,
        mut cohorts: BTreeMap<AgentId, CohortName>,
    ) -> (Vec<AgentId>, BTreeMap<AgentId, CohortName>) {
        self.missed.extend(due);
        self.cohorts.append(&mut cohorts);
        (std::mem::take(&mut self.missed).into_iter().collect(), self.cohorts.clone())
    }

    /// Their refresh failed.
    pub fn put_back(&mut self, due: &[AgentId]) {
        self.missed.extend(due.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents(names: &[&str]) -> Vec<AgentId> {
        names.iter().map(|name| AgentId::new(*name)).collect()
    }

    fn arms(of: &[(&str, &str)]) -> BTreeMap<AgentId, CohortName> {
        of.iter().map(|(agent, arm)| (AgentId::new(*agent), CohortName::new(*arm))).collect()
    }

    #[test]
    fn who_was_missed_is_served_with_the_next_and_then_no_more() {
        let mut backlog = Backlog::default();
        let (due, _) = backlog.join(agents(&["b", "a"]), arms(&[]));
        assert_eq!((&due, backlog.is_empty()), (&agents(&["a", "b"]), true));
        backlog.put_back(&due);
        assert!(!backlog.is_empty());
        assert_eq!(backlog.join(agents(&["c", "b"]), arms(&[])).0, agents(&["a", "b", "c"]));
        assert_eq!(backlog.join(agents(&["c"]), arms(&[])).0, agents(&["c"]));
    }

    #[test]
    fn an_arm_once_told_is_known_until_another_is() {
        let mut backlog = Backlog::default();
        backlog.join(agents(&["a", "b"]), arms(&[("a", "control"), ("b", "bold")]));
        let (_, cohorts) = backlog.join(agents(&["a"]), arms(&[("a", "bold")]));
        assert_eq!(cohorts, arms(&[("a", "bold"), ("b", "bold")]));
    }
}
