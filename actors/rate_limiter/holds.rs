//! Who holds permits back. The limiter grants what every hold allows; each holder raises and drops
//! its own and knows no other's, so that none opens what another keeps shut.
//!
//! | Holder | Keeps back | Counts as parked time |
//! |---|---|---|
//! | the run | everything: its waiters stay, or are refused | while they stay |
//! | the breaker, while it asks whether the shop is gone | all but probes | no |
//! | the breaker, once it has frozen | everything, until the run refuses | no |
//! | the shop's 429 | everything, until an instant | no |

use std::time::Instant;

use super::gate::Gate;
use super::messages::Refused;
use super::throttle::SharedThrottle;

/// What the breaker keeps back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    #[default]
    Nothing,
    /// All but probes: a connection failed, and the shop is being asked whether it is there.
    Flows,
    /// Everything: it has frozen, and the run is about to hear of it.
    Everything,
}

/// All holds.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    /// The run's.
    pub run: Gate,
    /// The breaker's.
    pub breaker: Held,
    /// The shop's 429, noted by the HTTP sessions.
    pub throttle: SharedThrottle,
}

/// What all of them allow together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// Everybody, in turn.
    All,
    /// Probes alone.
    Probes,
    /// Nobody; look again then, or when a hold changes.
    Nobody(Option<Instant>),
    /// Nobody, and whoever waits is told why.
    Refused(Refused),
}

impl Holds {
    /// What may be granted at `now`.
    pub fn grants(&self, now: Instant) -> Grants {
        let until = self.throttle.with(|throttle| throttle.until(now));
        match (self.run, self.breaker) {
            (Gate::Refusing(why), _) => Grants::Refused(why),
            (Gate::Closed, _) | (Gate::Open, Held::Everything) => Grants::Nobody(None),
            (Gate::Open, Held::Flows | Held::Nothing) if until.is_some() => Grants::Nobody(until),
            (Gate::Open, Held::Flows) => Grants::Probes,
            (Gate::Open, Held::Nothing) => Grants::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::AgentId;
    use crate::ports::shop_api::{ApiError, ApiErrorKind, Part};

    /// What one holder does, or a second that passes.
    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Run(Gate),
        Breaker(Held),
        Throttled(u64),
        Passes,
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let gates = [
            Gate::Open,
            Gate::Closed,
            Gate::Refusing(Refused::Frozen),
            Gate::Refusing(Refused::Stopped),
        ];
        let holds = [Held::Nothing, Held::Flows, Held::Everything];
        let deed = prop_oneof![
            prop::sample::select(gates.to_vec()).prop_map(Deed::Run),
            prop::sample::select(holds.to_vec()).prop_map(Deed::Breaker),
            (1_u64..4).prop_map(Deed::Throttled),
            Just(Deed::Passes),
        ];
        prop::collection::vec(deed, 1..60)
    }

    /// Two agents get a 429 that asks for so many seconds.
    fn throttled(throttle: &SharedThrottle, now: Instant, seconds: u64) {
        let retry_after = Some(Duration::from_secs(seconds));
        let kind = ApiErrorKind::RateLimited { retry_after };
        let error = ApiError {
            call: "x",
            part: Part::Whole,
            kind,
            detail: None,
            sent_at: Some(now),
            failed_at: now,
        };
        for agent in ["a", "b"] {
            throttle.with(|throttle| throttle.note(&AgentId::new(agent), &Err(error.clone())));
        }
    }

    /// Whether a flow gets a permit, and whether a probe does.
    fn allowed(holds: &Holds, now: Instant) -> [bool; 2] {
        match holds.grants(now) {
            Grants::All => [true, true],
            Grants::Probes => [false, true],
            Grants::Nobody(_) | Grants::Refused(_) => [false, false],
        }
    }

    proptest! {
        #[test]
        fn a_permit_is_given_exactly_while_every_holder_by_itself_would_give_it(deeds in deeds()) {
            let mut now = Instant::now();
            let mut all = Holds::default();
            for deed in deeds {
                match deed {
                    Deed::Run(gate) => all.run = gate,
                    Deed::Breaker(held) => all.breaker = held,
                    Deed::Throttled(seconds) => throttled(&all.throttle, now, seconds),
                    Deed::Passes => now += Duration::from_secs(1),
                }
                let alone = [
                    Holds { run: all.run, ..Holds::default() },
                    Holds { breaker: all.breaker, ..Holds::default() },
                    Holds { throttle: all.throttle.clone(), ..Holds::default() },
                ];
                let each = alone.map(|holds| allowed(&holds, now));
                let expected = [0, 1].map(|who| each.iter().all(|by| by[who]));
                prop_assert_eq!(allowed(&all, now), expected, "{:?} after {:?}", all, deed);
            }
        }
    }

    #[test]
    fn a_429_holds_until_an_instant_and_is_over_at_it() {
        let now = Instant::now();
        let holds = Holds::default();
        throttled(&holds.throttle, now, 1);
        let until = now + Duration::from_secs(1);
        let last = until - Duration::from_nanos(1);
        assert_eq!(holds.grants(last), Grants::Nobody(Some(until)));
        assert_eq!(holds.grants(until), Grants::All);
    }

    #[test]
    fn only_a_run_that_refuses_answers_its_waiters_whatever_else_is_held() {
        let now = Instant::now();
        let throttle = SharedThrottle::default();
        throttled(&throttle, now, 9);
        for breaker in [Held::Nothing, Held::Flows, Held::Everything] {
            let holds = |run| Holds { run, breaker, throttle: throttle.clone() };
            let frozen = Gate::Refusing(Refused::Frozen);
            assert_eq!(holds(frozen).grants(now), Grants::Refused(Refused::Frozen));
            assert!(matches!(holds(Gate::Closed).grants(now), Grants::Nobody(None)));
        }
    }
}
