//! Who shops: a persona and when in the week it does, worked out once for each build of an agent.

use std::sync::Arc;

use rand::Rng;

use crate::domain::behavior::Behavior;
use crate::domain::ids::AgentId;
use crate::domain::persona::Persona;

use super::decision::{self, Activity};
use super::messages::RunCycle;
use super::temporal::Rhythm;

/// A persona that knows its week.
pub(super) struct Shopper {
    persona: Arc<Persona>,
    rhythm: Rhythm,
}

impl Shopper {
    /// This persona under the preset of its arm.
    pub(super) fn new(behavior: &Behavior, persona: Arc<Persona>) -> Self {
        Self { rhythm: Rhythm::of(behavior, &persona), persona }
    }

    /// The agent's name.
    pub(super) fn agent_id(&self) -> &AgentId {
        &self.persona.agent_id
    }

    /// What it is like, for a flow to hold.
    pub(super) fn persona(&self) -> Arc<Persona> {
        Arc::clone(&self.persona)
    }

    /// What it does in the hour of this tick. One draw, whatever comes of it.
    pub(super) fn draw_activity(
        &self,
        rng: &mut impl Rng,
        behavior: &Behavior,
        tick: &RunCycle,
    ) -> Activity {
        decision::draw_activity(
            rng,
            behavior,
            &self.persona,
            &self.rhythm,
            tick.simulated_at,
            tick.event_weight,
        )
    }
}
