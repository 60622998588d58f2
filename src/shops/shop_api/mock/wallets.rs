//! The coupons that agents were handed at the mock, each used up by the order that it counted in.

use std::collections::HashMap;

use domain::cart::Cart;
use domain::ids::{AgentId, CouponId};
use domain::offer::Coupon;
use ports::shop_api::{ShopCoupon, ShopReply};

/// Each agent's wallet, as positions in the definitions.
#[derive(Debug, Default)]
pub(super) struct Wallets(HashMap<AgentId, Vec<usize>>);

impl Wallets {
    /// Makes the agent's wallet exactly these coupons; those that nobody defines are no coupons.
    pub(super) fn grant(&mut self, agent: AgentId, coupons: &[CouponId], defined: &[Coupon]) {
        let is_given = |coupon: &Coupon| coupons.contains(&coupon.id);
        let given = defined.iter().enumerate().filter(|(_, coupon)| is_given(coupon));
        self.0.insert(agent, given.map(|(position, _)| position).collect());
    }

    /// The coupon, where the agent holds it.
    pub(super) fn held<'d>(
        &self,
        agent: &AgentId,
        coupon: &CouponId,
        defined: &'d [Coupon],
    ) -> Option<&'d Coupon> {
        self.of(agent, defined).find(|held| held.id == *coupon)
    }

    /// The wallet, sorted by what fits the cart.
    pub(super) fn shown(&self, agent: &AgentId, cart: &Cart, defined: &[Coupon]) -> ShopReply {
        let (eligible, ineligible): (Vec<_>, Vec<_>) =
            self.of(agent, defined).partition(|coupon| coupon.is_eligible_for(cart));
        let shown = |coupons: Vec<&Coupon>, reason: Option<&str>| {
            let shown = coupons.into_iter().map(|coupon| ShopCoupon {
                coupon: coupon.clone(),
                expires_at: None,
                reason: reason.map(str::to_owned),
            });
            shown.collect()
        };
        ShopReply::Coupons {
            eligible: shown(eligible, None),
            ineligible: shown(ineligible, Some("does not fit the cart")),
        }
    }

    /// Takes coupons out that counted in an order.
    pub(super) fn use_up(&mut self, agent: &AgentId, coupons: &[CouponId], defined: &[Coupon]) {
        let is_used = |position: &usize| {
            defined.get(*position).is_some_and(|coupon| coupons.contains(&coupon.id))
        };
        if let Some(wallet) = self.0.get_mut(agent) {
            wallet.retain(|position| !is_used(position));
        }
    }

    fn of<'d>(
        &self,
        agent: &AgentId,
        defined: &'d [Coupon],
    ) -> impl Iterator<Item = &'d Coupon> + use<'d, '_> {
        let positions = self.0.get(agent).into_iter().flatten();
        positions.filter_map(|position| defined.get(*position))
    }
}

#[cfg(test)]
mod tests {
    use domain::money::{Cents, Percent};
    use domain::offer::{CouponKind, Discount};

    use super::*;

    fn coupon(id: &str, min_purchase: i64) -> Coupon {
        Coupon {
            id: CouponId::new(id),
            kind: CouponKind::Frontstore,
            target: None,
            discount: Discount::PercentOff(Percent(1_000)),
            min_purchase: Cents(min_purchase),
            max_discount: None,
        }
    }

    fn shown(wallets: &Wallets, agent: &str, defined: &[Coupon]) -> (Vec<String>, Vec<String>) {
        let reply = wallets.shown(&AgentId::new(agent), &Cart::default(), defined);
        let ShopReply::Coupons { eligible, ineligible } = reply else { panic!("no coupons") };
        let ids = |coupons: Vec<ShopCoupon>| {
            coupons.iter().map(|shown| shown.coupon.id.as_str().to_owned()).collect()
        };
        (ids(eligible), ids(ineligible))
    }

    #[test]
    fn an_agent_is_shown_what_it_was_handed_last_and_nobody_elses() {
        let defined = [coupon("any", 0), coupon("dear", 5_000), coupon("other", 0)];
        let (ann, mut wallets) = (AgentId::new("ann"), Wallets::default());
        let ids = |ids: &[&str]| ids.iter().map(CouponId::new).collect::<Vec<_>>();
        assert_eq!(shown(&wallets, "ann", &defined), (vec![], vec![]));
        wallets.grant(ann.clone(), &ids(&["other"]), &defined);
        wallets.grant(ann.clone(), &ids(&["dear", "any", "unknown"]), &defined);
        let held = shown(&wallets, "ann", &defined);
        assert_eq!(held, (vec!["any".to_owned()], vec!["dear".to_owned()]));
        assert_eq!(shown(&wallets, "bob", &defined), (vec![], vec![]));
        assert!(wallets.held(&ann, &CouponId::new("any"), &defined).is_some());
        assert!(wallets.held(&ann, &CouponId::new("other"), &defined).is_none());
    }

    #[test]
    fn a_coupon_that_counted_is_gone_until_it_is_handed_over_again() {
        let defined = [coupon("any", 0), coupon("other", 0)];
        let (ann, mut wallets) = (AgentId::new("ann"), Wallets::default());
        let both = [CouponId::new("any"), CouponId::new("other")];
        wallets.grant(ann.clone(), &both, &defined);
        wallets.use_up(&ann, &both[..1], &defined);
        wallets.use_up(&AgentId::new("bob"), &both, &defined);
        assert_eq!(shown(&wallets, "ann", &defined).0, ["other"]);
        wallets.grant(ann.clone(), &both, &defined);
        assert_eq!(shown(&wallets, "ann", &defined).0, ["any", "other"]);
    }
}
