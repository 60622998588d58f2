//! When a run freezes: too many failed flows in one cycle, or in a row over cycles (Q5.1-5.3).
//!
//! Frozen is left by [`Breaker::reset`] alone. An idle agent neither counts nor ends a row: quiet
//! presets would never fill a cycle with failures.

use std::time::Instant;

use super::causes;
use super::messages::{FreezeReason, Outcome, RecordOutcome, Verdict};
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::freeze_reason::ShopSeen;
use crate::domain::ids::SessionId;

/// Share of the released agents that may fail in one cycle, percent (Q5.1).
const FAILURE_SHARE_MAX_PERCENT: u64 = 5;
/// Causes that a reason names at most.
const CAUSES_NAMED: usize = 3;

/// Failures that one cycle may have: 18 of 372, and 1 of however few.
pub fn allowed_failures(released: u32) -> u32 {
    let share = u64::from(released) * FAILURE_SHARE_MAX_PERCENT / 100;
    u32::try_from(share).expect("a twentieth of a u32 fits in one").max(1)
}

/// The breaker of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// Counting.
    Running {
        /// The cycle under way.
        cycle: CycleFailures,
        /// Failed flows since the last one that ended well, over cycles. Bounded by the border.
        row: Vec<Failure>,
    },
    /// Nothing counts until an operator resets it.
    Frozen {
        /// Why.
        reason: FreezeReason,
        /// Since when.
        since: Instant,
    },
}

/// The failures of one attempt at one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CycleFailures {
    /// Which attempt; `None` before the first outcome.
    attempt: Option<(Cycle, ReplayNumber)>,
    /// Agents released in it.
    released: u32,
    /// The failures so far. Bounded by the border.
    failures: Vec<Failure>,
}

/// One failed flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    attempt: (Cycle, ReplayNumber),
    http_session: SessionId,
    cause: String,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Running { cycle: CycleFailures::default(), row: Vec::new() }
    }
}

impl Breaker {
    /// Takes in how an agent's cycle ended and says what it makes of it.
    /// `shop` is what is seen of the shop meanwhile.
    pub fn record(&mut self, now: Instant, ended: &RecordOutcome, shop: ShopSeen) -> Verdict {
        if let Self::Running { cycle, row } = self {
            cycle.enter(ended);
            match &ended.outcome {
                Outcome::Ended => row.clear(),
                Outcome::Neutral => {}
                Outcome::Failed { cause } => {
                    let failure = Failure {
                        attempt: (ended.cycle, ended.replay),
                        http_session: ended.http_session,
                        cause: cause.clone(),
                    };
                    row.push(failure.clone());
                    cycle.failures.push(failure);
                }
            }
            let in_row = || row_verdict(row, cycle.allowed(), shop);
            let reason = cycle.verdict(shop).or_else(in_row);
            if let Some(reason) = reason {
                self.trip(now, reason);
            }
        }
        self.verdict()
    }

    /// Freezes for a reason outside the count. Whether it was running; the first reason stays.
    pub fn trip(&mut self, now: Instant, reason: FreezeReason) -> bool {
        let is_running = !self.is_frozen();
        if is_running {
            *self = Self::Frozen { reason, since: now };
        }
        is_running
    }

    /// An operator resumes: all counts begin anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes back the failures that an HTTP session which turned out to be down caused in the
    /// present cycle; answers how many. Frozen stays frozen.
    pub fn forgive(&mut self, http_session: SessionId) -> u32 {
        let Self::Running { cycle, row } = self else { return 0 };
        let attempt = cycle.attempt;
        let before = cycle.failures.len();
        cycle.failures.retain(|failure| failure.http_session != http_session);
        row.retain(|failure| {
            failure.http_session != http_session || Some(failure.attempt) != attempt
        });
        count(before - cycle.failures.len())
    }

    /// Whether only an operator can go on.
    pub fn is_frozen(&self) -> bool {
        match self {
            Self::Running { .. } => false,
            Self::Frozen { .. } => true,
        }
    }

    /// What it makes of all it has been told.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Running { cycle, .. } => {
                Verdict::Running { failures: count(cycle.failures.len()), allowed: cycle.allowed() }
            }
            Self::Frozen { reason, .. } => Verdict::Frozen { reason: reason.clone() },
        }
    }
}

impl CycleFailures {
    /// Counts begin anew with each attempt at each cycle.
    fn enter(&mut self, ended: &RecordOutcome) {
        let attempt = Some((ended.cycle, ended.replay));
        if self.attempt != attempt {
            *self = Self { attempt, released: ended.released, failures: Vec::new() };
        }
    }

    fn allowed(&self) -> u32 {
        allowed_failures(self.released)
    }

    fn verdict(&self, shop: ShopSeen) -> Option<FreezeReason> {
        let failures = count(self.failures.len());
        (failures > self.allowed()).then(|| FreezeReason::FailuresInCycle {
            failures,
            allowed: self.allowed(),
            released: self.released,
            causes: top_causes(&self.failures),
            shop: Some(shop),
        })
    }
}

fn row_verdict(row: &[Failure], allowed: u32, shop: ShopSeen) -> Option<FreezeReason> {
    let (failures, shop) = (count(row.len()), Some(shop));
    let reason = || FreezeReason::FailuresInARow { failures, causes: top_causes(row), shop };
    (failures > allowed).then(reason)
}

fn top_causes(failures: &[Failure]) -> Vec<String> {
    causes::top(failures.iter().map(|failure| failure.cause.as_str()), CAUSES_NAMED)
}

fn count(failures: usize) -> u32 {
    u32::try_from(failures).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AgentId;

    fn ended(cycle: u32, released: u32, outcome: Outcome) -> RecordOutcome {
        RecordOutcome {
            cycle: Cycle(cycle),
            replay: ReplayNumber::ORIGINAL,
            released,
            agent_id: AgentId::new("agent_001"),
            http_session: SessionId(0),
            outcome,
        }
    }

    fn failed(cycle: u32, released: u32) -> RecordOutcome {
        ended(cycle, released, Outcome::Failed { cause: "checkout: 500".to_owned() })
    }

    fn record(breaker: &mut Breaker, times: u32, outcome: &RecordOutcome) -> Verdict {
        for _ in 0..times {
            breaker.record(Instant::now(), outcome, ShopSeen::Answering);
        }
        breaker.verdict()
    }

    #[test]
    fn freezes_on_the_failure_beyond_5_percent_of_the_released_and_not_before() {
        for (released, freezes_on) in
            [(372, 19), (279, 14), (186, 10), (93, 5), (37, 2), (10, 2), (1, 2), (0, 2)]
        {
            let mut breaker = Breaker::default();
            let verdict = record(&mut breaker, freezes_on - 1, &failed(0, released));
            let allowed = freezes_on - 1;
            assert_eq!(verdict, Verdict::Running { failures: freezes_on - 1, allowed });
            record(&mut breaker, 1, &failed(0, released));
            assert!(breaker.is_frozen(), "{released} released");
        }
    }

    #[test]
    fn successes_do_not_make_up_for_failures_of_the_same_cycle() {
        let mut breaker = Breaker::default();
        for _ in 0..18 {
            record(&mut breaker, 1, &failed(0, 372));
            record(&mut breaker, 5, &ended(0, 372, Outcome::Ended));
        }
        assert!(!breaker.is_frozen());
        let verdict = record(&mut breaker, 1, &failed(0, 372));
        let reason = FreezeReason::FailuresInCycle {
            failures: 19,
            allowed: 18,
            released: 372,
            causes: vec!["checkout: 500 (19)".to_owned()],
            shop: Some(ShopSeen::Answering),
        };
        assert_eq!(verdict, Verdict::Frozen { reason });
    }

    #[test]
    fn the_19th_failed_flow_in_a_row_over_cycles_freezes_and_the_18th_does_not() {
        let mut breaker = Breaker::default();
        for cycle in 0..18 {
            record(&mut breaker, 1, &failed(cycle, 372));
            record(&mut breaker, 300, &ended(cycle, 372, Outcome::Neutral));
        }
        assert_eq!(breaker.verdict(), Verdict::Running { failures: 1, allowed: 18 });
        record(&mut breaker, 1, &failed(18, 372));
        let causes = vec!["checkout: 500 (19)".to_owned()];
        let shop = Some(ShopSeen::Answering);
        let reason = FreezeReason::FailuresInARow { failures: 19, causes, shop };
        assert_eq!(breaker.verdict(), Verdict::Frozen { reason });
    }

    #[test]
    fn one_flow_that_ends_well_ends_the_row() {
        let mut breaker = Breaker::default();
        for cycle in 0..18 {
            record(&mut breaker, 1, &failed(cycle, 372));
        }
        record(&mut breaker, 1, &ended(18, 372, Outcome::Ended));
        for cycle in 18..36 {
            record(&mut breaker, 1, &failed(cycle, 372));
        }
        assert!(!breaker.is_frozen());
        record(&mut breaker, 1, &failed(36, 372));
        assert!(breaker.is_frozen());
    }

    #[test]
    fn the_row_is_measured_by_the_border_of_the_present_cycle() {
        let mut breaker = Breaker::default();
        record(&mut breaker, 2, &failed(0, 372));
        assert!(!breaker.is_frozen());
        // 37 released allow one: the row of three is beyond it, the cycle's one failure is not.
        record(&mut breaker, 1, &failed(1, 37));
        let causes = vec!["checkout: 500 (3)".to_owned()];
        let shop = Some(ShopSeen::Answering);
        let reason = FreezeReason::FailuresInARow { failures: 3, causes, shop };
        assert_eq!(breaker.verdict(), Verdict::Frozen { reason });
    }

    #[test]
    fn another_attempt_at_the_same_cycle_counts_by_itself() {
        let mut breaker = Breaker::default();
        record(&mut breaker, 10, &failed(7, 372));
        record(&mut breaker, 1, &ended(7, 372, Outcome::Ended));
        let replay = RecordOutcome { replay: ReplayNumber(1), ..failed(7, 372) };
        assert_eq!(
            record(&mut breaker, 18, &replay),
            Verdict::Running { failures: 18, allowed: 18 }
        );
    }

    #[test]
    fn frozen_stays_frozen_with_its_first_reason_until_an_operator_resets_it() {
        let mut breaker = Breaker::default();
        let first = FreezeReason::ServiceDied { service: "DbWriter".to_owned() };
        assert!(breaker.trip(Instant::now(), first.clone()));
        assert!(!breaker.trip(Instant::now(), FreezeReason::NothingAccepted { attempts: 9 }));
        let verdict = record(&mut breaker, 100, &ended(1, 372, Outcome::Ended));
        assert_eq!(verdict, Verdict::Frozen { reason: first });
        breaker.reset();
        assert_eq!(breaker, Breaker::default());
        assert!(matches!(record(&mut breaker, 18, &failed(1, 372)), Verdict::Running { .. }));
    }

    #[test]
    fn failures_of_a_session_that_is_down_are_taken_back_in_this_cycle_only() {
        let mut breaker = Breaker::default();
        let of_session_4 =
            |cycle| RecordOutcome { http_session: SessionId(4), ..failed(cycle, 372) };
        record(&mut breaker, 6, &of_session_4(0));
        record(&mut breaker, 10, &of_session_4(1));
        record(&mut breaker, 2, &failed(1, 372));
        assert_eq!(breaker.forgive(SessionId(4)), 10);
        assert_eq!(breaker.verdict(), Verdict::Running { failures: 2, allowed: 18 });
        // The row keeps the six of the cycle before and the two of the other session.
        record(&mut breaker, 10, &failed(1, 372));
        assert!(!breaker.is_frozen());
        record(&mut breaker, 1, &failed(1, 372));
        assert!(breaker.is_frozen());
        assert_eq!(breaker.forgive(SessionId(0)), 0);
        assert!(breaker.is_frozen());
    }

    #[test]
    fn the_three_most_frequent_causes_are_named_with_their_counts() {
        let mut breaker = Breaker::default();
        for (cause, times) in [("rare", 1), ("b", 4), ("often", 9), ("a", 4), ("last", 1)] {
            let outcome = Outcome::Failed { cause: cause.to_owned() };
            record(&mut breaker, times, &ended(0, 372, outcome));
        }
        let Breaker::Frozen { reason, .. } = &breaker else { panic!("19 failures freeze") };
        assert_eq!(
            reason.to_string(),
            "19 of 372 agents failed in one cycle, 18 are allowed (often (9); a (4); b (4)); the \
             shop answers"
        );
    }
}
