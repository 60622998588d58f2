//! What the agents of each arm are told: one copy an arm, shared by its agents.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::experiment::{Arm, Experiment};
use crate::domain::ids::CohortName;
use crate::domain::persona::Persona;

use super::settings::AgentSettings;

/// The settings of a run and of the arms of its experiment.
#[derive(Clone)]
pub struct SettingsByArm {
    of_run: Arc<AgentSettings>,
    experiment: Option<Arc<Experiment>>,
    arms: HashMap<CohortName, Arc<AgentSettings>>,
}

impl SettingsByArm {
    /// The run's settings, and of each arm the same with its behaviour and its name.
    pub fn new(of_run: AgentSettings, experiment: Option<Arc<Experiment>>) -> Self {
        let of_arm = |arm: &Arm| {
            let settings = AgentSettings {
                behavior: Arc::clone(&arm.behavior),
                cohort: Some(arm.name.clone()),
                ..of_run.clone()
            };
            (arm.name.clone(), Arc::new(settings))
        };
        let arms = experiment.iter().flat_map(|experiment| &experiment.arms).map(of_arm).collect();
        Self { of_run: Arc::new(of_run), experiment, arms }
    }

    /// What this agent is told.
    pub fn of(&self, persona: &Persona) -> Arc<AgentSettings> {
        let arm = self.experiment.as_ref().and_then(|experiment| experiment.arm_of(persona));
        let settings = arm.and_then(|arm| self.arms.get(&arm.name));
        Arc::clone(settings.unwrap_or(&self.of_run))
    }
}
