//! Who is in which arm of the run's experiment, and since when that can matter.
//!
//! An agent is exposed in the first cycle that releases it, before any of its draws: what happens
//! later cannot decide who counts. The incident is the record; a cycle that is run again writes it
//! again, and the earliest counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::coordinator::ledger::Report;
use crate::domain::experiment::Experiment;
use crate::domain::ids::{AgentId, CohortName};
use crate::domain::incident::IncidentKind;
use crate::domain::persona::Persona;

/// Agents named in one incident; more of them take several.
const AGENTS_PER_INCIDENT: usize = 1_000;

/// Those among `agents` who enter the experiment, in as many incidents as it takes.
pub fn of<'a>(
    experiment: &Experiment,
    agents: &[AgentId],
    persona: impl Fn(&AgentId) -> Option<&'a Arc<Persona>>,
) -> Vec<Exposure> {
    let chunks = agents.chunks(AGENTS_PER_INCIDENT).map(|agents| {
        Exposure::of(experiment, agents.iter().filter_map(&persona).map(AsRef::as_ref))
    });
    chunks.filter(|exposure| !exposure.arms.is_empty()).collect()
}

/// Agents that a cycle releases, by arm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    arms: BTreeMap<CohortName, Vec<AgentId>>,
    /// Of them those whose arm the operator fixed: they were not drawn.
    fixed: Vec<AgentId>,
}

impl Exposure {
    fn of<'a>(experiment: &Experiment, personas: impl Iterator<Item = &'a Persona>) -> Self {
        let mut exposure = Self::default();
        for persona in personas {
            let Some(arm) = experiment.arm_of(persona) else { continue };
            let agents = exposure.arms.entry(arm.name.clone()).or_default();
            agents.push(persona.agent_id.clone());
            if persona.cohort.is_some() {
                exposure.fixed.push(persona.agent_id.clone());
            }
        }
        exposure
    }

    /// What is said of it.
    pub fn report(&self, experiment: &Experiment) -> Report {
        (IncidentKind::Exposure, self.message(experiment), self.detail(experiment))
    }

    fn message(&self, experiment: &Experiment) -> String {
        let arms: Vec<String> =
            self.arms.iter().map(|(arm, agents)| format!("{arm} {}", agents.len())).collect();
        let agents: usize = self.arms.values().map(Vec::len).sum();
        format!("{agents} agents enter experiment {}: {}", experiment.name, arms.join(", "))
    }

    fn detail(&self, experiment: &Experiment) -> Value {
        json!({ "experiment": experiment.name, "arms": self.arms, "fixed": self.fixed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::experiment::Arm;
    use crate::domain::offer::OfferPolicy;
    use crate::domain::presets;

    #[test]
    fn everybody_in_an_arm_is_named_and_who_was_fixed_is_told_apart() {
        let behavior = Arc::new(presets::load());
        let arm = |name: &str| Arm {
            name: CohortName::new(name),
            share: 0.5,
            behavior: Arc::clone(&behavior),
            offers: OfferPolicy::default(),
        };
        let experiment =
            Experiment { name: "checkout".to_owned(), arms: vec![arm("control"), arm("bold")] };
        let mut personas = presets::population(40, 1);
        personas[0].cohort = Some(CohortName::new("bold"));
        personas[1].cohort = Some(CohortName::new("vip"));
        let exposure = Exposure::of(&experiment, personas.iter());
        let named: usize = exposure.arms.values().map(Vec::len).sum();
        assert_eq!(named, 39, "who is in no arm is left out");
        assert_eq!(exposure.fixed, [personas[0].agent_id.clone()]);
        assert!(exposure.arms[&CohortName::new("bold")].contains(&personas[0].agent_id));
        let detail = exposure.detail(&experiment);
        assert_eq!(detail["experiment"], "checkout");
        assert_eq!(detail["arms"].as_object().map(serde_json::Map::len), Some(2));
        assert!(exposure.message(&experiment).starts_with("39 agents enter experiment checkout"));
    }
}
