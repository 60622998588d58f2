//! The life of coupons: handed out, seen, put on a cart, refused, used, expired.

use domain::event::CouponStep;
use questions::coupons::RefusalRow;
use serde::Serialize;

use super::reading::{Answers, count, share};

/// Coupons that came to a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reached {
    /// Coupons (assignments).
    pub coupons: u64,
    /// How often in all; a coupon can be seen in many visits.
    pub times: u64,
    /// Of the coupons handed out.
    pub share_of_assigned: Option<f64>,
}

/// Why coupons were refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The shop's words.
    pub reason: String,
    /// How often.
    pub times: u64,
}

/// What became of the coupons that were handed out until the end of the last hour that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coupons {
    /// Handed out.
    pub assigned: u64,
    /// Of them by the shop, seen in its answers.
    pub assigned_by_shop: u64,
    /// Shown to their agent; canonical visits, as the two below.
    pub seen: Reached,
    /// Put on a cart.
    pub applied: Reached,
    /// Refused by the shop.
    pub rejected: Reached,
    /// The refusals by reason, the most frequent first; of the rarest none.
    pub rejected_by_reason: Vec<Refusal>,
    /// Used in an order: the shop has sold, whatever became of the attempt.
    pub redeemed: u64,
    /// Of the coupons handed out.
    pub redeemed_share: Option<f64>,
    /// Whose life has ended.
    pub ended: u64,
    /// Of them used in a visit that counts: the redemption rate, as the scorecard has it.
    pub redemption_rate: Option<f64>,
    /// Never used, and no longer good.
    pub expired: u64,
    /// Never used, and still good.
    pub open: u64,
    /// Agents with a coupon.
    pub agents: u64,
    /// Of them those that used one.
    pub agents_redeeming: u64,
    /// Of the agents with a coupon.
    pub agents_redeeming_share: Option<f64>,
    /// From hand-out to use, simulated days.
    pub redemption_lag_mean_days: Option<f64>,
}

impl Coupons {
    /// From the answers.
    pub fn of(answers: &Answers) -> Self {
        let life = &answers.coupons;
        let (assigned, redeemed) = (count(life.assigned), count(life.redeemed));
        let (expired, agents) = (count(life.expired), count(life.agents));
        let agents_redeeming = count(life.agents_redeeming);
        let reached = |step: CouponStep| {
            let row = answers.coupon_steps.iter().find(|row| row.step == step.as_str());
            row.map_or_else(Reached::default, |row| {
                let coupons = count(row.coupons);
                let share_of_assigned = share(coupons, assigned);
                Reached { coupons, times: count(row.times), share_of_assigned }
            })
        };
        let refusal =
            |row: &RefusalRow| Refusal { reason: row.reason.clone(), times: count(row.times) };
        Self {
            assigned,
            assigned_by_shop: count(life.assigned_by_shop),
            seen: reached(CouponStep::Seen),
            applied: reached(CouponStep::Applied),
            rejected: reached(CouponStep::Rejected),
            rejected_by_reason: answers.refusals.iter().map(refusal).collect(),
            redeemed,
            redeemed_share: share(redeemed, assigned),
            ended: count(answers.coupons_ended.coupons),
            redemption_rate: share(
                count(answers.coupons_ended.redeemed),
                count(answers.coupons_ended.coupons),
            ),
            expired,
            open: assigned.saturating_sub(redeemed + expired),
            agents,
            agents_redeeming,
            agents_redeeming_share: share(agents_redeeming, agents),
            redemption_lag_mean_days: life.lag_mean_days,
        }
    }
}
