//! Who shops: a persona and when in the week it does, worked out once for each build of an agent.

use std::sync::Arc;

use rand::Rng;

use crate::domain::behavior::Behavior;
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::persona::Persona;

use super::decision::{self, Activity};
use super::messages::RunCycle;
use super::temporal::Rhythm;

/// Hours in which a cart that was left draws its agent back.
const RETURN_HOURS: i64 = 24;

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
        memory: &AgentMemory,
        tick: &RunCycle,
    ) -> Activity {
        let at = tick.simulated_at;
        let gain = behavior.course.filter(|_| memory.has_left_a_cart(at, RETURN_HOURS));
        decision::draw_activity(
            rng,
            behavior,
            &self.persona,
            &self.rhythm,
            at,
            tick.event_weight * gain.map_or(1.0, |course| course.return_gain),
        )
    }
}
