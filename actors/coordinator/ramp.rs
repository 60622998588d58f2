//! The warm-up: how many agents a cycle releases, and which.
//!
//! It follows the cycle number, so a resumed run releases what the broken one would have.

use crate::domain::cycle::Cycle;
use crate::domain::ids::AgentId;
use crate::domain::stable_hash::stable_hash;

use super::plan::WarmUp;

/// Agents released in `cycle` of `active`: floor(share x active), at least 1 (Q3.4).
pub fn released(cycle: Cycle, active: usize, warm_up: &WarmUp) -> usize {
    if active == 0 {
        return 0;
    }
    let step = cycle.0 / warm_up.cycles_per_step.max(1);
    let share = usize::try_from(step).ok().and_then(|s| warm_up.steps_percent.get(s));
    match share {
        Some(&percent) => (active * usize::from(percent) / 100).clamp(1, active),
        None => active,
    }
}

/// Puts agents into the order in which the warm-up releases them; it never changes.
pub fn order_for_release(agents: &mut [AgentId]) {
    agents.sort_by_cached_key(|agent| (stable_hash("warm_up", agent), agent.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_37_93_186_279_and_372_of_372() {
        let counts: Vec<usize> =
            (0..10).map(|c| released(Cycle(c), 372, &WarmUp::default())).collect();
        assert_eq!(counts, [37, 37, 93, 93, 186, 186, 279, 279, 372, 372]);
    }

    #[test]
    fn releases_at_least_one_and_never_more_than_there_are() {
        assert_eq!(released(Cycle(0), 3, &WarmUp::default()), 1);
        let greedy = WarmUp { steps_percent: vec![200], cycles_per_step: 1 };
        assert_eq!(released(Cycle(0), 3, &greedy), 3);
        assert_eq!(released(Cycle(0), 0, &WarmUp::default()), 0);
    }

    #[test]
    fn releases_all_at_once_without_steps() {
        let off = WarmUp { steps_percent: vec![], cycles_per_step: 2 };
        assert_eq!(released(Cycle(0), 372, &off), 372);
    }

    #[test]
    fn the_released_stay_released() {
        let mut agents: Vec<AgentId> =
            (0..50).map(|n| AgentId::new(format!("agent_{n:03}"))).collect();
        let mut reversed: Vec<AgentId> = agents.iter().rev().cloned().collect();
        order_for_release(&mut agents);
        order_for_release(&mut reversed);
        assert_eq!(agents, reversed, "the order does not depend on where an agent stood");
    }
}
