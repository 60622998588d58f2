//! Which coupons an agent gets at a refresh (docs/behavior.md).
//!
//! A refresh fills a wallet up, it never wipes one. The holdout is decided before anything is
//! drawn, by the agent's stable hash alone: deciding it afterwards would select by luck.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use rand::Rng;

use crate::domain::experiment::Experiment;
use crate::domain::ids::{AgentId, AssignmentId, CohortName, RunId};
use crate::domain::offer::{Assignment, AssignmentSource, Coupon, CouponKind, OfferPolicy};
use crate::ports::store::Holding;
use crate::weighted_key::weighted_key;

/// By which rules which agent gets offers.
#[derive(Clone, Debug)]
pub struct Policies {
    /// Of agents in no arm; also when whoever is due, and who is held out.
    pub of_run: OfferPolicy,
    /// Arms with rules of their own.
    pub experiment: Option<Arc<Experiment>>,
}

impl Policies {
    /// The rules for agents of this arm.
    pub fn of(&self, cohort: Option<&CohortName>) -> &OfferPolicy {
        let arm = self.experiment.as_deref().zip(cohort).and_then(|(e, name)| e.arm(name));
        arm.map_or(&self.of_run, |arm| &arm.offers)
    }
}

/// From when on coupons handed out must not be handed out again at `at`.
pub fn no_repeat_since(at: NaiveDateTime, policy: &OfferPolicy) -> NaiveDateTime {
    at.checked_sub_signed(TimeDelta::days(policy.no_repeat_days.into()))
        .unwrap_or(NaiveDateTime::MIN)
}

/// What one refresh hands out, the same for all of its agents.
#[derive(Clone, Debug)]
pub struct Handout<'a> {
    run_id: RunId,
    offer_cycle: u32,
    at: NaiveDateTime,
    policy: &'a OfferPolicy,
    frontstore: Vec<&'a Coupon>,
    targeted: Vec<&'a Coupon>,
}

impl<'a> Handout<'a> {
    /// A refresh at the simulated time `at`, out of these definitions.
    pub fn new(
        run_id: RunId,
        offer_cycle: u32,
        at: NaiveDateTime,
        definitions: &'a [Coupon],
        policy: &'a OfferPolicy,
    ) -> Self {
        let (frontstore, targeted) =
            definitions.iter().partition(|coupon| coupon.kind == CouponKind::Frontstore);
        Self { run_id, offer_cycle, at, policy, frontstore, targeted }
    }

    /// The agent's coupons: frontstore first, then category and brand, each at most once, none that
    /// it holds or had within the no-repeat time, and no more than its wallet has room for. Fewer
    /// where the definitions do not suffice. Those of a preferred category are drawn more readily,
    /// as the policy says.
    pub fn assign(
        &self,
        agent: &AgentId,
        preferred: &[String],
        holding: &Holding,
        rng: &mut impl Rng,
    ) -> Vec<Assignment> {
        let room = (self.policy.wallet_cap as usize).saturating_sub(holding.open.len());
        if room == 0 {
            return Vec::new();
        }
        let weight = |coupon: &Coupon| match &coupon.target {
            Some(target) if preferred.contains(target) => self.policy.preferred_weight,
            Some(_) | None => 1.0,
        };
        let (frontstore, targeted) =
            (self.policy.frontstore_per_refresh, self.policy.targeted_per_refresh);
        let mut drawn = draw(&self.frontstore, frontstore as usize, (holding, &weight), rng);
        drawn.extend(draw(&self.targeted, targeted as usize, (holding, &weight), rng));
        drawn.truncate(room);
        drawn.into_iter().map(|coupon| self.assignment(agent, coupon)).collect()
    }

    fn assignment(&self, agent: &AgentId, coupon: &Coupon) -> Assignment {
        let life = TimeDelta::days(self.policy.coupon_life_days.into());
        Assignment {
            id: AssignmentId::of(self.run_id, self.offer_cycle, agent, &coupon.id),
            agent_id: agent.clone(),
            coupon_id: coupon.id.clone(),
            offer_cycle: self.offer_cycle,
            source: AssignmentSource::Engine,
            assigned_at: self.at,
            expires_at: self.at.checked_add_signed(life).unwrap_or(NaiveDateTime::MAX),
        }
    }
}

/// `count` of the coupons that the agent may get, at random, by their weights and without putting
/// back; one that weighs nothing is given only where no other is left.
fn draw<'a>(
    coupons: &[&'a Coupon],
    count: usize,
    (holding, weight): (&Holding, &dyn Fn(&Coupon) -> f64),
    rng: &mut impl Rng,
) -> Vec<&'a Coupon> {
    let is_allowed = |coupon: &Coupon| {
        !holding.recent.contains(&coupon.id) && !holding.open.contains(&coupon.id)
    };
    let mut keyed: Vec<(f64, &Coupon)> = coupons
        .iter()
        .filter(|coupon| is_allowed(coupon))
        .map(|coupon| (weighted_key(rng, weight(coupon)), *coupon))
        .collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0));
    keyed.into_iter().take(count).map(|(_, coupon)| coupon).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::CouponId;
    use crate::domain::money::{Cents, Percent};
    use crate::domain::offer::Discount;

    const RUN: RunId = RunId(Uuid::nil());

    fn definitions(frontstore: usize, targeted: usize) -> Vec<Coupon> {
        (0..frontstore + targeted)
            .map(|n| {
                let is_frontstore = n < frontstore;
                Coupon {
                    id: CouponId::new(format!("coupon_{n}")),
                    kind: if is_frontstore { CouponKind::Frontstore } else { CouponKind::Brand },
                    target: (!is_frontstore).then(|| format!("brand {n}")),
                    discount: Discount::PercentOff(Percent(1_000)),
                    min_purchase: Cents::ZERO,
                    max_discount: None,
                }
            })
            .collect()
    }

    fn day(day: i64) -> NaiveDateTime {
        NaiveDateTime::default() + TimeDelta::days(day)
    }

    fn agent() -> AgentId {
        AgentId::new("agent_001")
    }

    fn count_frontstore(assignments: &[Assignment], definitions: &[Coupon]) -> usize {
        let kind = |id: &CouponId| definitions.iter().find(|coupon| coupon.id == *id).unwrap().kind;
        assignments.iter().filter(|a| kind(&a.coupon_id) == CouponKind::Frontstore).count()
    }

    #[test]
    fn an_empty_wallet_gets_2_frontstore_and_30_other_coupons_for_14_days() {
        let (definitions, policy) = (definitions(20, 237), OfferPolicy::default());
        let handout = Handout::new(RUN, 3, day(0), &definitions, &policy);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let given = handout.assign(&agent(), &[], &Holding::default(), &mut rng);
        assert_eq!(given.len(), 32);
        assert_eq!(count_frontstore(&given, &definitions), 2);
        assert!(given.iter().all(|a| a.expires_at == day(14) && a.offer_cycle == 3));
        assert_eq!(given.iter().map(|a| &a.coupon_id).collect::<HashSet<_>>().len(), 32);
    }

    #[test]
    fn a_wallet_is_filled_up_to_32_and_never_beyond() {
        let (definitions, policy) = (definitions(20, 237), OfferPolicy::default());
        let handout = Handout::new(RUN, 0, day(0), &definitions, &policy);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        for held in [0, 1, 31, 32, 40] {
            let open: Vec<_> = (0..held).map(|n| CouponId::new(format!("other_{n}"))).collect();
            let holding = Holding { recent: open.clone(), open };
            let given = handout.assign(&agent(), &[], &holding, &mut rng);
            assert_eq!(given.len(), 32_usize.saturating_sub(held), "{held} held");
        }
    }

    #[test]
    fn too_few_definitions_give_fewer_coupons_and_none_gives_none() {
        let policy = OfferPolicy::default();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        for (frontstore, targeted) in [(0, 0), (1, 5)] {
            let definitions = definitions(frontstore, targeted);
            let handout = Handout::new(RUN, 0, day(0), &definitions, &policy);
            let given = handout.assign(&agent(), &[], &Holding::default(), &mut rng);
            assert_eq!(given.len(), frontstore + targeted);
        }
    }

    #[test]
    fn over_eight_weeks_no_coupon_comes_back_within_28_days_and_no_wallet_exceeds_32() {
        let (definitions, policy) = (definitions(20, 237), OfferPolicy::default());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let mut log: Vec<Assignment> = Vec::new();
        let mut redeemed = HashSet::new();
        for week in 0..8_u32 {
            let at = day(i64::from(week) * 7);
            let since = no_repeat_since(at, &policy);
            let is_open = |a: &&Assignment| a.expires_at > at && !redeemed.contains(&a.coupon_id);
            let ids = |assignments: Vec<&Assignment>| -> Vec<CouponId> {
                assignments.into_iter().map(|a| a.coupon_id.clone()).collect()
            };
            let holding = Holding {
                open: ids(log.iter().filter(is_open).collect()),
                recent: ids(log.iter().filter(|a| a.assigned_at >= since).collect()),
            };
            let given = Handout::new(RUN, week, at, &definitions, &policy).assign(
                &agent(),
                &[],
                &holding,
                &mut rng,
            );
            assert!(holding.open.len() + given.len() <= 32, "week {week}");
            for assignment in &given {
                let again = log.iter().any(|earlier| {
                    earlier.coupon_id == assignment.coupon_id
                        && at - earlier.assigned_at < TimeDelta::days(28)
                });
                assert!(!again, "{} again in week {week}", assignment.coupon_id);
                if rng.random_bool(0.3) {
                    redeemed.insert(assignment.coupon_id.clone());
                }
            }
            log.extend(given);
        }
        assert!(log.len() > 100, "{}", log.len());
    }

    #[test]
    fn coupons_of_preferred_things_are_drawn_more_readily_by_their_weight() {
        let definitions = definitions(0, 40);
        let preferred: Vec<String> = (0..10).map(|n| format!("brand {n}")).collect();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(6);
        for (preferred_weight, least, most) in
            [(1.0, 0.21, 0.29), (3.0, 0.44, 0.54), (0.0, 0.0, 0.0)]
        {
            let policy =
                OfferPolicy { preferred_weight, targeted_per_refresh: 4, ..OfferPolicy::default() };
            let handout = Handout::new(RUN, 0, day(0), &definitions, &policy);
            let mut found = 0;
            for _ in 0..500 {
                let given = handout.assign(&agent(), &preferred, &Holding::default(), &mut rng);
                assert_eq!(given.len(), 4);
                let of = |a: &Assignment| {
                    let n: usize = a.coupon_id.as_str()["coupon_".len()..].parse().unwrap();
                    n < 10
                };
                found += given.iter().filter(|a| of(a)).count();
            }
            let share = found as f64 / 2_000.0;
            assert!((least..=most).contains(&share), "{preferred_weight}: {share}");
        }
    }

    #[test]
    fn days_without_end_overflow_nothing() {
        let policy = OfferPolicy {
            coupon_life_days: u32::MAX,
            no_repeat_days: u32::MAX,
            ..OfferPolicy::default()
        };
        let definitions = definitions(2, 2);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let handout = Handout::new(RUN, 0, day(0), &definitions, &policy);
        assert_eq!(handout.assign(&agent(), &[], &Holding::default(), &mut rng).len(), 4);
        assert_eq!(no_repeat_since(day(0), &policy), NaiveDateTime::MIN);
    }
}
