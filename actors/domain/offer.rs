//! Coupons: what one is, who holds which, and which may be used on a cart.
//!
//! A definition is handed to an agent by an [`Assignment`]; it is redeemed in the transaction of
//! its order: once per assignment, but where a shop lets coupons be used again ([`CouponUse`]).

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::cart::Cart;
use super::ids::{AgentId, AssignmentId, CouponId};
use super::money::{Cents, Percent};
use super::persona::words;
use super::stable_hash::stable_share;

mod estimate;

words!(
    /// What a coupon is good for.
    CouponKind, "coupon type" {
        /// The whole cart.
        Frontstore = "frontstore",
        /// Products of one category.
        Category = "category",
        /// Products of one brand.
        Brand = "brand",
    }
);
words!(
    /// Who decided an assignment.
    AssignmentSource, "assignment source" {
        /// cartload's OfferRefresher (`wallet: engine`).
        Engine = "engine",
        /// The shop (`wallet: shop`), seen in its answers.
        Shop = "shop",
    }
);

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discount {
    /// amount x percent.
    PercentOff(Percent),
    /// min(value, amount).
    FixedOff(Cents),
    /// amount / 2 x percent.
    BuyOneGetOne(Percent),
    /// Takes nothing off the goods.
    FreeShipping,
}

/// A coupon's definition (config/coupons.ron, or as the shop showed it).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// The id the shop knows it by.
    pub id: CouponId,
    /// What it is good for.
    pub kind: CouponKind,
    /// The category or brand; `None` for frontstore.
    pub target: Option<String>,
    /// What it takes off.
    pub discount: Discount,
    /// The cart must be worth this much (frontstore).
    pub min_purchase: Cents,
    /// The discount is at most this.
    pub max_discount: Option<Cents>,
}

impl Coupon {
    /// Whether it may be used on this cart: frontstore from its minimum purchase, the others when
    /// their category or brand is in.
    pub fn is_eligible_for(&self, cart: &Cart) -> bool {
        let target = self.target.as_deref();
        match self.kind {
            CouponKind::Frontstore => cart.total() >= self.min_purchase,
            CouponKind::Category => target.is_some_and(|t| cart.has_category(t)),
            CouponKind::Brand => target.is_some_and(|t| cart.has_brand(t)),
        }
    }
}

/// One coupon handed to one agent: a row of the immutable log `coupon_assignments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Unique; a function of run, offer cycle, agent and coupon.
    pub id: AssignmentId,
    /// Who holds it.
    pub agent_id: AgentId,
    /// Which coupon.
    pub coupon_id: CouponId,
    /// The offer cycle (simulated weeks since the start of the run) that handed it out.
    pub offer_cycle: u32,
    /// Who decided.
    pub source: AssignmentSource,
    /// Simulated.
    pub assigned_at: NaiveDateTime,
    /// Simulated; 14 days later for the engine's.
    pub expires_at: NaiveDateTime,
}

/// How often a shop takes one coupon of one customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponUse {
    /// Once: an order uses it up.
    #[default]
    SingleUse,
    /// As long as it lives.
    Reusable,
}

/// The unexpired coupons of one agent; travels in the answer to OpenFlow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallet {
    /// Not yet redeemed; at most 32 with `used`.
    pub assignments: Vec<Assignment>,
    /// Redeemed before: of use only where coupons are [`CouponUse::Reusable`].
    pub used: Vec<Assignment>,
    /// Simulated time of the newest assignment ever made to the agent; a change tells the agent to
    /// hand the wallet to the shop before its next flow. `None` before the first.
    pub newest_assigned_at: Option<NaiveDateTime>,
}

impl Wallet {
    /// As it is at a shop with this rule.
    pub fn at_a_shop_with(mut self, rule: CouponUse) -> Self {
        let used = std::mem::take(&mut self.used);
        match rule {
            CouponUse::SingleUse => {}
            CouponUse::Reusable => self.assignments.extend(used),
        }
        self
    }

    /// The assignment of this coupon, if the agent holds it.
    pub fn holds(&self, coupon: &CouponId) -> Option<&Assignment> {
        self.assignments.iter().find(|a| a.coupon_id == *coupon)
    }
}

/// How offers are handed out (docs/behavior.md); simulated days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferPolicy {
    /// A refresh every so many days; default 7.
    pub refresh_every_days: u32,
    /// A coupon lives this long; default 14.
    pub coupon_life_days: u32,
    /// Frontstore coupons per agent and refresh; default 2.
    pub frontstore_per_refresh: u32,
    /// Category and brand coupons per agent and refresh; default 30.
    pub targeted_per_refresh: u32,
    /// Coupons a wallet holds at most; default 32.
    pub wallet_cap: u32,
    /// No coupon is handed to the same agent again within this; default 28.
    pub no_repeat_days: u32,
    /// How much more readily a coupon of a category that the agent prefers is drawn; default 1.
    pub preferred_weight: f64,
    /// Agents that get no offers, by stable hash, percent; default 10.
    pub holdout_percent: f64,
}

impl Default for OfferPolicy {
    fn default() -> Self {
        Self {
            refresh_every_days: 7,
            coupon_life_days: 14,
            frontstore_per_refresh: 2,
            targeted_per_refresh: 30,
            wallet_cap: 32,
            no_repeat_days: 28,
            preferred_weight: 1.0,
            holdout_percent: 10.0,
        }
    }
}

/// Whether the agent gets no offers, ever.
pub fn is_held_out(agent: &AgentId, policy: &OfferPolicy) -> bool {
    stable_share("holdout", agent) * 100.0 < policy.holdout_percent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_a_tenth_of_the_agents_is_held_out() {
        let policy = OfferPolicy::default();
        let held_out = (0..10_000)
            .filter(|n| is_held_out(&AgentId::new(format!("agent_{n:03}")), &policy))
            .count();
        assert!((900..=1_100).contains(&held_out), "{held_out} of 10,000");
        let nobody = OfferPolicy { holdout_percent: 0.0, ..policy };
        let everybody = OfferPolicy { holdout_percent: 100.0, ..policy };
        assert!(
            !is_held_out(&AgentId::new("agent_001"), &nobody)
                && is_held_out(&AgentId::new("agent_001"), &everybody)
        );
    }
}
