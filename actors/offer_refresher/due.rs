//! Who is due for offers in which cycle: all at the start, later each agent in its own hour of the
//! offer cycle, so that no hour refreshes everybody.

use crate::domain::cycle::Cycle;
use crate::domain::ids::AgentId;
use crate::domain::offer::OfferPolicy;
use crate::domain::stable_hash::stable_hash;

/// Cycles (simulated hours) in a simulated day.
const CYCLES_PER_DAY: u32 = 24;

/// Cycles between two refreshes of an agent, at least 1.
pub fn period_cycles(policy: &OfferPolicy) -> u32 {
    policy.refresh_every_days.saturating_mul(CYCLES_PER_DAY).max(1)
}

/// The offer cycle that `cycle` belongs to, counted from the start of the run.
pub fn offer_cycle(cycle: Cycle, policy: &OfferPolicy) -> u32 {
    cycle.0 / period_cycles(policy)
}

/// The agents due in `cycle`, holdout included: at cycle 0 all, later those whose hour it is.
pub fn due_agents(agents: &[AgentId], cycle: Cycle, policy: &OfferPolicy) -> Vec<AgentId> {
    let period = period_cycles(policy);
    let hour = u64::from(cycle.0 % period);
    let is_due = |agent: &&AgentId| {
        cycle.0 == 0 || stable_hash("offer_refresh", agent) % u64::from(period) == hour
    };
    agents.iter().filter(is_due).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents() -> Vec<AgentId> {
        (1..=372).map(|n| AgentId::new(format!("agent_{n:03}"))).collect()
    }

    #[test]
    fn at_the_start_everybody_is_due() {
        assert_eq!(due_agents(&agents(), Cycle(0), &OfferPolicy::default()), agents());
    }

    #[test]
    fn every_agent_is_due_once_in_each_later_week() {
        let policy = OfferPolicy::default();
        for week in 1..4 {
            let mut due: Vec<_> = (week * 168..(week + 1) * 168)
                .flat_map(|cycle| due_agents(&agents(), Cycle(cycle), &policy))
                .collect();
            due.sort();
            assert_eq!(due, agents(), "week {week}");
        }
    }

    #[test]
    fn no_hour_of_a_later_week_refreshes_more_than_3_percent() {
        let policy = OfferPolicy::default();
        let most = (168..336)
            .map(|cycle| due_agents(&agents(), Cycle(cycle), &policy).len())
            .max()
            .unwrap();
        assert!(most <= 372 * 3 / 100, "{most}");
    }

    #[test]
    fn a_policy_of_nothing_is_no_division_by_zero() {
        let policy = OfferPolicy { refresh_every_days: 0, ..OfferPolicy::default() };
        assert_eq!(due_agents(&agents(), Cycle(5), &policy).len(), 372);
        assert_eq!(offer_cycle(Cycle(5), &policy), 5);
    }

    #[test]
    fn offer_cycles_are_weeks_since_the_start() {
        let policy = OfferPolicy::default();
        assert_eq!(offer_cycle(Cycle(167), &policy), 0);
        assert_eq!(offer_cycle(Cycle(168), &policy), 1);
    }
}
