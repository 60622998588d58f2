//! Who is alive, in which build, and who is in quarantine.
//!
//! The handle type is a parameter: the rules need no actor. "Within 10 cycles" counts the agent's
//! own cycles, which are the run's since it was released.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::cycle::Cycle;
use crate::domain::ids::{AgentId, Incarnation};
use crate::domain::persona::Persona;

use super::ramp;

/// The crash that quarantines: the fourth within [`CRASH_WINDOW_CYCLES`].
pub const CRASHES_TO_QUARANTINE: usize = 4;

/// Crashes older than this many cycles are forgotten.
pub const CRASH_WINDOW_CYCLES: u32 = 10;

/// Percent of the active agents that may be in quarantine before the run freezes.
pub const QUARANTINE_SHARE_MAX_PERCENT: usize = 5;

/// The agents of a run.
#[derive(Debug)]
pub struct Roster<H> {
    members: HashMap<AgentId, Member<H>>,
    /// Everybody, in the order of release.
    order: Vec<AgentId>,
}

#[derive(Debug)]
struct Member<H> {
    persona: Arc<Persona>,
    handle: H,
    incarnation: Incarnation,
    crashes: VecDeque<Cycle>,
    quarantined: bool,
}

/// What a crash leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCrash {
    /// Build a fresh agent for the next tick.
    Restart,
    /// Too often: no ticks until an operator revives it.
    Quarantine,
}

impl<H> Roster<H> {
    /// Nobody yet.
    pub fn new() -> Self {
        Self { members: HashMap::new(), order: Vec::new() }
    }

    /// Takes in everybody, each with the handle that `build` makes.
    pub fn fill(
        &mut self,
        personas: Vec<Persona>,
        mut build: impl FnMut(&Arc<Persona>, Incarnation) -> H,
    ) {
        self.members = personas
            .into_iter()
            .map(|persona| {
                let persona = Arc::new(persona);
                let incarnation = Incarnation::default();
                let member = Member {
                    handle: build(&persona, incarnation),
                    incarnation,
                    crashes: VecDeque::new(),
                    quarantined: false,
                    persona: Arc::clone(&persona),
                };
                (persona.agent_id.clone(), member)
            })
            .collect();
        self.order = self.members.keys().cloned().collect();
        ramp::order_for_release(&mut self.order);
    }

    /// Active agents.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The first `released` agents in the order of release.
    pub fn released(&self, released: usize) -> &[AgentId] {
        &self.order[..released.min(self.order.len())]
    }

    /// Everybody, in the order of release.
    pub fn everybody(&self) -> &[AgentId] {
        &self.order
    }

    /// The actor of an agent that may be ticked; `None` in quarantine.
    pub fn handle(&self, agent: &AgentId) -> Option<&H> {
        self.members.get(agent).filter(|m| !m.quarantined).map(|m| &m.handle)
    }

    /// Every actor, quarantined ones included.
    pub fn handles(&self) -> impl Iterator<Item = &H> {
        self.members.values().map(|m| &m.handle)
    }

    /// The persona of an agent.
    pub fn persona(&self, agent: &AgentId) -> Option<&Arc<Persona>> {
        self.members.get(agent).map(|m| &m.persona)
    }

    /// Whether this build of the agent is the living one.
    pub fn is_current(&self, agent: &AgentId, incarnation: Incarnation) -> bool {
        self.members.get(agent).is_some_and(|m| m.incarnation == incarnation)
    }

    /// The agent crashed in `cycle`.
    pub fn crashed(&mut self, agent: &AgentId, cycle: Cycle) -> AfterCrash {
        let Some(member) = self.members.get_mut(agent) else {
            return AfterCrash::Restart;
        };
        let oldest = (cycle.0 + 1).saturating_sub(CRASH_WINDOW_CYCLES);
        member.crashes.retain(|crash| crash.0 >= oldest);
        member.crashes.push_back(cycle);
        if member.crashes.len() < CRASHES_TO_QUARANTINE {
            return AfterCrash::Restart;
        }
        member.quarantined = true;
        AfterCrash::Quarantine
    }

    /// A fresh build takes the agent's place.
    pub fn replace(
        &mut self,
        agent: &AgentId,
        build: impl FnOnce(&Arc<Persona>, Incarnation) -> H,
    ) {
        if let Some(member) = self.members.get_mut(agent) {
            member.incarnation = Incarnation(member.incarnation.0 + 1);
            member.handle = build(&member.persona, member.incarnation);
        }
    }

    /// An operator brings an agent back; answers whether it was in quarantine.
    pub fn revive(&mut self, agent: &AgentId) -> bool {
        self.members.get_mut(agent).is_some_and(|member| {
            member.crashes.clear();
            std::mem::take(&mut member.quarantined)
        })
    }

    /// Agents in quarantine, sorted.
    pub fn quarantined(&self) -> Vec<AgentId> {
        let mut agents: Vec<AgentId> =
            self.members.iter().filter(|(_, m)| m.quarantined).map(|(id, _)| id.clone()).collect();
        agents.sort();
        agents
    }

    /// Whether more than [`QUARANTINE_SHARE_MAX_PERCENT`] of the active agents are in quarantine.
    pub fn too_many_quarantined(&self) -> bool {
        let quarantined = self.members.values().filter(|m| m.quarantined).count();
        quarantined * 100 > self.members.len() * QUARANTINE_SHARE_MAX_PERCENT
    }

    /// Crashes of the last cycles, for the checkpoint; agents without any are absent.
    pub fn crash_history(&self) -> BTreeMap<AgentId, Vec<Cycle>> {
        let crashed = self.members.iter().filter(|(_, m)| !m.crashes.is_empty());
        crashed.map(|(id, m)| (id.clone(), m.crashes.iter().copied().collect())).collect()
    }

    /// Takes over what a checkpoint remembers.
    pub fn recall(&mut self, crashes: &BTreeMap<AgentId, Vec<Cycle>>, quarantined: &[AgentId]) {
        for (agent, cycles) in crashes {
            if let Some(member) = self.members.get_mut(agent) {
                member.crashes = cycles.iter().copied().collect();
            }
        }
        for agent in quarantined {
            if let Some(member) = self.members.get_mut(agent) {
                member.quarantined = true;
            }
        }
    }
}

impl<H> Default for Roster<H> {
    fn default() -> Self {
        Self::new()
    }
}
