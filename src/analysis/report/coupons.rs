//! The life of coupons: handed out, seen, put on a cart, refused, used, expired.

use serde::Serialize;
use store::admin::export::DynamicRow;

use super::reading::{Cells, share};
use crate::export::ExportError;

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
    /// From the sums, the steps and the refusals.
    pub fn of(
        sums: Vec<DynamicRow>,
        steps: Vec<DynamicRow>,
        refusals: Vec<DynamicRow>,
    ) -> Result<Self, ExportError> {
        let mut cells = Cells::of_first("coupon_assignments", sums);
        let (assigned, redeemed) = (cells.count("coupon")?, cells.count("redeemed_flow_id")?);
        let expired = cells.count("expires_at")?;
        let (agents, agents_redeeming) = (cells.count("agent_id")?, cells.count("agent_id")?);
        let redemption_lag_mean_days = cells.number("cycle")?;
        let assigned_by_shop = cells.count("source")?;
        let (mut seen, mut applied, mut rejected) =
            (Reached::default(), Reached::default(), Reached::default());
        for row in steps {
            let mut cells = Cells::of("coupon_interactions", row);
            let step = cells.text("step")?.unwrap_or_default();
            let (times, coupons) = (cells.count("seq")?, cells.count("assignment_id")?);
            let reached = Reached { coupons, times, share_of_assigned: share(coupons, assigned) };
            match step.as_str() {
                "seen" => seen = reached,
                "applied" => applied = reached,
                "rejected" => rejected = reached,
                _ => {}
            }
        }
        let mut rejected_by_reason = Vec::new();
        for row in refusals {
            let mut cells = Cells::of("coupon_interactions", row);
            let reason = cells.text("reason")?.unwrap_or_default();
            rejected_by_reason.push(Refusal { reason, times: cells.count("seq")? });
        }
        Ok(Self {
            assigned,
            assigned_by_shop,
            seen,
            applied,
            rejected,
            rejected_by_reason,
            redeemed,
            redeemed_share: share(redeemed, assigned),
            expired,
            open: assigned.saturating_sub(redeemed + expired),
            agents,
            agents_redeeming,
            agents_redeeming_share: share(agents_redeeming, agents),
            redemption_lag_mean_days,
        })
    }
}
