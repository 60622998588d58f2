//! Assignments as the dry store remembers them.
//!
//! An agent's oldest assignments are forgotten beyond a bound that no wallet comes near.

use std::collections::{HashMap, VecDeque};

use chrono::NaiveDateTime;
use domain::ids::{AgentId, AssignmentId, FlowId, RunId};
use domain::offer::{Assignment, Wallet};
use ports::store::Holding;

/// Assignments remembered of an agent: eight wallets full.
const KEPT_PER_AGENT: usize = 256;

/// Who was handed what.
#[derive(Default)]
pub(super) struct Wallets {
    by_agent: HashMap<AgentId, VecDeque<Held>>,
    /// Whose each assignment is.
    holders: HashMap<AssignmentId, AgentId>,
}

struct Held {
    run_id: RunId,
    assignment: Assignment,
    redeemed_by: Option<FlowId>,
}

impl Held {
    fn is_open(&self, at: NaiveDateTime) -> bool {
        self.redeemed_by.is_none() && self.lives(at)
    }

    fn lives(&self, at: NaiveDateTime) -> bool {
        self.assignment.expires_at > at
    }
}

impl Wallets {
    /// Hands it out; answers whether it was not yet there.
    pub(super) fn assign(&mut self, run_id: RunId, assignment: &Assignment) -> bool {
        if self.holders.contains_key(&assignment.id) {
            return false;
        }
        self.holders.insert(assignment.id, assignment.agent_id.clone());
        let held = self.by_agent.entry(assignment.agent_id.clone()).or_default();
        held.push_back(Held { run_id, assignment: assignment.clone(), redeemed_by: None });
        if held.len() > KEPT_PER_AGENT
            && let Some(oldest) = held.pop_front()
        {
            self.holders.remove(&oldest.assignment.id);
        }
        true
    }

    /// Takes it for the flow; answers whether it was there and free, or may be used again.
    pub(super) fn redeem(&mut self, id: AssignmentId, flow: FlowId, reusable: bool) -> bool {
        let Some(holder) = self.holders.get(&id) else { return false };
        let Some(held) = self.by_agent.get_mut(holder) else { return false };
        let Some(held) = held.iter_mut().find(|h| h.assignment.id == id) else { return false };
        let is_free = held.redeemed_by.is_none();
        held.redeemed_by.get_or_insert(flow);
        is_free || reusable
    }

    fn known_at(
        &self,
        run: RunId,
        agent: &AgentId,
        at: NaiveDateTime,
    ) -> impl Iterator<Item = &Held> {
        let held = self.by_agent.get(agent).into_iter().flatten();
        held.filter(move |h| h.run_id == run && h.assignment.assigned_at <= at)
    }

    /// The agent's wallet at `at`.
    pub(super) fn wallet(&self, run: RunId, agent: &AgentId, at: NaiveDateTime) -> Wallet {
        let cap = usize::try_from(crate::WALLET_CAP).unwrap_or(usize::MAX);
        let of = |is_used: bool, most: usize| {
            let held = self.known_at(run, agent, at).filter(|h| h.lives(at));
            let held = held.filter(|h| h.redeemed_by.is_some() == is_used);
            let mut held: Vec<Assignment> = held.map(|h| h.assignment.clone()).collect();
            held.sort_by(|a, b| b.assigned_at.cmp(&a.assigned_at).then(a.id.cmp(&b.id)));
            held.truncate(most);
            held
        };
        let assignments = of(false, cap);
        let used = of(true, cap - assignments.len());
        let newest = self.known_at(run, agent, at).map(|h| h.assignment.assigned_at).max();
        Wallet { assignments, used, newest_assigned_at: newest }
    }

    /// What these agents hold at `now`, and what they were assigned since `since`.
    pub(super) fn holdings(
        &self,
        run: RunId,
        agents: &[AgentId],
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> HashMap<AgentId, Holding> {
        let mut holdings = HashMap::new();
        for agent in agents {
            let mut holding = Holding::default();
            // A replay must also count what the attempt before it handed out later.
            let all = self.by_agent.get(agent).into_iter().flatten();
            for held in all.filter(|h| h.run_id == run) {
                if held.is_open(now) {
                    holding.open.push(held.assignment.coupon_id.clone());
                }
                if held.assignment.assigned_at >= since {
                    holding.recent.push(held.assignment.coupon_id.clone());
                }
            }
            if holding != Holding::default() {
                holdings.insert(agent.clone(), holding);
            }
        }
        holdings
    }
}
