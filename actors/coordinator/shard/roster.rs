//! Who is alive, in which build, and who is in quarantine.
//!
//! The handle type is a parameter: the rules need no actor. A quarantined agent stays released: it
//! keeps its place in the border of the breaker, so quarantines never lower it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::cycle::Cycle;
use crate::domain::flow::ShopCart;
use crate::domain::ids::{AgentId, Incarnation};
use crate::domain::persona::Persona;
use crate::domain::snapshot::population;

use crate::coordinator::crash_log::CrashLog;
use crate::coordinator::ramp;

/// Percent of the active agents that may be in quarantine before the run freezes.
pub const QUARANTINE_SHARE_MAX_PERCENT: usize = 5;

/// The agents of a run.
#[derive(Debug)]
pub struct Roster<H> {
    members: BTreeMap<AgentId, Member<H>>,
    /// Everybody, in the order of release.
    order: Vec<AgentId>,
    /// Their name as a set.
    population: String,
}

#[derive(Debug)]
struct Member<H> {
    persona: Arc<Persona>,
    handle: H,
    incarnation: Incarnation,
    crashes: CrashLog,
    quarantined: bool,
    shop_cart: ShopCart,
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
        Self { members: BTreeMap::new(), order: Vec::new(), population: population([]) }
    }

    /// Takes in everybody, each with the handle that `build` makes.
    pub fn fill(
        &mut self,
        personas: Vec<Persona>,
        mut build: impl FnMut(&Arc<Persona>, Incarnation) -> H,
    ) {
        self.population = population(&personas);
        self.members = personas
            .into_iter()
            .map(|persona| {
                let persona = Arc::new(persona);
                let incarnation = Incarnation::default();
                let member = Member {
                    handle: build(&persona, incarnation),
                    incarnation,
                    crashes: CrashLog::default(),
                    quarantined: false,
                    shop_cart: ShopCart::default(),
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

    /// Their name as a set, for checkpoints.
    pub fn population(&self) -> &str {
        &self.population
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
        if !member.crashes.record(cycle) {
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

    /// What the agent's cart at the shop may hold, as far as is known here.
    pub fn note_cart(&mut self, agent: &AgentId, shop_cart: ShopCart) {
        if let Some(member) = self.members.get_mut(agent) {
            member.shop_cart = shop_cart;
        }
    }

    /// Whether the agent's cart at the shop may hold goods.
    pub fn has_dirty_cart(&self, agent: &AgentId) -> bool {
        self.members.get(agent).is_some_and(|m| m.shop_cart == ShopCart::Dirty)
    }

    /// Whose carts at the shop may hold goods, by id.
    pub fn with_dirty_carts(&self) -> impl Iterator<Item = &Arc<Persona>> {
        self.members.values().filter(|m| m.shop_cart == ShopCart::Dirty).map(|m| &m.persona)
    }

    /// An operator brings an agent back; answers whether it was in quarantine.
    pub fn revive(&mut self, agent: &AgentId) -> bool {
        self.members.get_mut(agent).is_some_and(|member| {
            member.crashes = CrashLog::default();
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

    /// Crashes that still count in `cycle`, for the checkpoint; agents without any are absent.
    pub fn crash_history(&self, cycle: Cycle) -> BTreeMap<AgentId, Vec<Cycle>> {
        let recent = self.members.iter().map(|(id, m)| (id.clone(), m.crashes.recent(cycle)));
        recent.filter(|(_, crashes)| !crashes.is_empty()).collect()
    }

    /// Takes over what a checkpoint remembers.
    pub fn recall(&mut self, crashes: &BTreeMap<AgentId, Vec<Cycle>>, quarantined: &[AgentId]) {
        for (agent, cycles) in crashes {
            if let Some(member) = self.members.get_mut(agent) {
                member.crashes = CrashLog::recalled(cycles);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presets;

    fn roster(agents: usize) -> Roster<u32> {
        let mut roster = Roster::new();
        roster.fill(presets::population(agents, 1), |_, incarnation| incarnation.0);
        roster
    }

    fn crash(roster: &mut Roster<u32>, agent: usize, cycles: &[u32]) -> AfterCrash {
        let agent = roster.everybody()[agent].clone();
        let ends = cycles.iter().map(|c| roster.crashed(&agent, Cycle(*c)));
        ends.last().expect("at least one crash")
    }

    #[test]
    fn the_fourth_crash_quarantines_and_revival_forgets_all_four() {
        let mut roster = roster(3);
        assert_eq!(crash(&mut roster, 1, &[0, 1, 2]), AfterCrash::Restart);
        assert_eq!(crash(&mut roster, 1, &[9]), AfterCrash::Quarantine);
        let agent = roster.everybody()[1].clone();
        assert!(roster.handle(&agent).is_none());
        assert_eq!(roster.quarantined(), std::slice::from_ref(&agent));
        assert_eq!(roster.released(3).len(), 3, "it stays released");
        assert!(roster.revive(&agent) && !roster.revive(&agent));
        assert!(roster.handle(&agent).is_some());
        assert_eq!(crash(&mut roster, 1, &[9, 9, 9]), AfterCrash::Restart);
    }

    #[test]
    fn more_than_5_percent_in_quarantine_are_too_many_and_5_percent_are_not() {
        let mut roster = roster(372);
        for agent in 0..18 {
            crash(&mut roster, agent, &[0, 0, 0, 0]);
        }
        assert!(!roster.too_many_quarantined());
        crash(&mut roster, 18, &[0, 0, 0, 0]);
        assert!(roster.too_many_quarantined());
    }

    #[test]
    fn a_checkpoint_brings_crashes_and_quarantines_back() {
        let mut before = roster(4);
        crash(&mut before, 0, &[3, 4, 5]);
        crash(&mut before, 1, &[5, 5, 5, 5]);
        let mut after = roster(4);
        after.recall(&before.crash_history(Cycle(6)), &before.quarantined());
        assert_eq!(after.quarantined(), before.quarantined());
        assert_eq!(crash(&mut after, 0, &[6]), AfterCrash::Quarantine);
        assert!(before.crash_history(Cycle(15)).is_empty());
    }
}
