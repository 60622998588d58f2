//! One agent, visit after visit: what it asks next, and what its cart may hold.
//!
//! How often a visit takes a step is what runs were measured to do; which visit takes it is chance,
//! as in a run, so that slow steps meet each other as often as there.

use std::collections::VecDeque;

use actors::coordinator::VisitMix;
use actors::domain::catalog::{Goods, Product};
use actors::domain::ids::{CouponId, FlowId, StoreId};
use actors::ports::shop_api::{
    Caller, Paging, ShopCall, ShopReply, ShopRequest, ShopTraits, WalletMode,
};
use rand::{Rng, RngExt};
use uuid::Uuid;

use super::samples::Part;

/// What visits are like.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) traits: ShopTraits,
    pub(super) mix: VisitMix,
    /// What can be bought.
    pub(super) goods: Vec<Product>,
    /// Codes that shoppers know.
    pub(super) codes: Vec<CouponId>,
    /// The branch that agents choose.
    pub(super) store: Option<StoreId>,
}

/// What one step is to be.
#[derive(Clone, Debug)]
enum Step {
    FirstVisit,
    Store(StoreId),
    List(Option<String>, Paging),
    View(Goods),
    Add(Goods),
    Coupons,
    Apply,
    Checkout,
    Clear,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Nothing of note.
    Went,
    /// An order was placed.
    Ordered,
}

/// One agent.
pub(super) struct Visitor {
    caller: Caller,
    steps: VecDeque<Step>,
    /// Which request of the step is next, from 0.
    part: u8,
    /// Whether that was asked before, and nothing came of it.
    is_again: bool,
    coupon: Option<CouponId>,
    /// Whether it was here before.
    is_known: bool,
    /// Whether the cart may hold something.
    is_dirty: bool,
    /// Whether it only empties that.
    is_leaving: bool,
}

impl Visitor {
    pub(super) fn new(caller: Caller) -> Self {
        let steps = VecDeque::new();
        Self {
            caller,
            steps,
            part: 0,
            is_again: false,
            coupon: None,
            is_known: false,
            is_dirty: false,
            is_leaving: false,
        }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Draws another visit; one that checks out where `orders`.
    pub(super) fn begin(&mut self, ways: &Ways, orders: bool, rng: &mut impl Rng) {
        let Ways { traits, mix, goods, .. } = ways;
        self.caller.flow_id = Some(FlowId(Uuid::new_v4()));
        self.coupon = None;
        let mut steps = VecDeque::new();
        if !self.is_known {
            steps.extend(traits.first_visit.then_some(Step::FirstVisit));
            let store = ways.store.clone().filter(|_| traits.selects_store);
            steps.extend(store.map(Step::Store));
            // What an earlier run has left is not this one's to order.
            steps.extend(traits.keeps_carts().then_some(Step::Clear));
            self.is_known = true;
        }
        let pick = |rng: &mut _| -> Option<Product> { one(goods, rng) };
        for _ in 0..times(mix.lists, rng) {
            let category = pick(rng).map(|product| product.category);
            steps.push_back(Step::List(category, traits.paging));
        }
        let seen: Vec<Goods> =
            (0..times(mix.views, rng)).filter_map(|_| pick(rng)).map(|it| it.goods()).collect();
        steps.extend(seen.into_iter().map(Step::View));
        let adds: Vec<Step> = (0..times(mix.adds, rng))
            .filter_map(|_| pick(rng))
            .map(|product| Step::Add(product.goods()))
            .collect();
        let is_empty = adds.is_empty();
        steps.extend(adds);
        if rng.random_bool(mix.coupon_looks.clamp(0.0, 1.0)) {
            steps.push_back(Step::Coupons);
        }
        if !is_empty {
            // The shares are those of all visits, and only these put something in.
            let share = |of_all: f64| (of_all / mix.adds.min(1.0)).clamp(0.0, 1.0);
            if orders && rng.random_bool(share(mix.applied)) {
                steps.push_back(Step::Apply);
            }
            let is_order = orders && rng.random_bool(share(mix.checkouts));
            steps.push_back(if is_order { Step::Checkout } else { Step::Clear });
        }
        self.steps = steps;
        self.part = 0;
        self.skip(ways);
    }

    /// From here on it only empties its cart.
    pub(super) fn leave(&mut self) {
        if self.is_leaving && !self.steps.is_empty() {
            return;
        }
        self.is_leaving = true;
        self.steps = [Step::Clear].into();
        self.part = 0;
        self.is_again = false;
    }

    /// What is asked next, and what its time counts as; `None`: the visit is over.
    pub(super) fn next(&mut self, ways: &Ways) -> Option<(ShopRequest, Part)> {
        let call = match self.steps.front()?.clone() {
            Step::FirstVisit => ShopCall::FirstVisit,
            Step::Store(store) => ShopCall::SelectStore { store },
            Step::List(category, paging) => {
                ShopCall::ListProducts { category, page: paging.first_page() }
            }
            Step::View(product) => ShopCall::ViewProduct { product },
            Step::Add(product) => ShopCall::AddItem { product, quantity: 1 },
            Step::Coupons => ShopCall::EligibleCoupons,
            Step::Apply => ShopCall::ApplyCoupon { coupon: self.coupon_of(ways)? },
            Step::Checkout => ShopCall::Checkout,
            Step::Clear => ShopCall::ClearCart,
        };
        self.is_dirty |= matches!(call, ShopCall::AddItem { .. } | ShopCall::ApplyCoupon { .. });
        let part = (call.name(), self.part);
        let mut request = ShopRequest::new(Some(self.caller.clone()), call);
        request.continues = self.part > 0 || self.is_again;
        Some((request, part))
    }

    /// Whether what is under way may order something.
    pub(super) fn may_order(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Checkout))
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, ways: &Ways, reply: &ShopReply) -> Came {
        if matches!(reply, ShopReply::Next | ShopReply::NextOrders(_)) {
            self.part = self.part.saturating_add(1);
            self.is_again = false;
            return Came::Went;
        }
        let came = match reply {
            ShopReply::OrderPlaced(_) => Came::Ordered,
            ShopReply::Next
            | ShopReply::NextOrders(_)
            | ShopReply::Done
            | ShopReply::Stores(_)
            | ShopReply::StoreSelected { .. }
            | ShopReply::Products { .. }
            | ShopReply::Product(_)
            | ShopReply::ItemAdded { .. }
            | ShopReply::Cart { .. }
            | ShopReply::Summary { .. }
            | ShopReply::Coupons { .. }
            | ShopReply::OrderShown(_)
            | ShopReply::OrderFound(_)
            | ShopReply::LatestOrders { .. }
            | ShopReply::CartCleared { .. } => Came::Went,
        };
        if let ShopReply::Coupons { eligible, .. } = reply {
            self.coupon = eligible.first().map(|shown| shown.coupon.id.clone());
        }
        self.is_dirty &= !matches!(self.steps.front(), Some(Step::Checkout | Step::Clear));
        self.go_on(ways);
        came
    }

    /// The step was refused, or its answer was lost: the next one.
    pub(super) fn go_on(&mut self, ways: &Ways) {
        let was_checkout = self.may_order();
        self.steps.pop_front();
        self.part = 0;
        self.is_again = false;
        if was_checkout && self.is_dirty {
            self.steps.push_back(Step::Clear);
        }
        self.skip(ways);
    }

    /// Nothing came of the request: it is to be sent again.
    pub(super) fn again(&mut self) {
        self.is_again = true;
    }

    /// Whether what is under way may be sent again without doing more than once.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(self.steps.front(), Some(Step::Add(_) | Step::Apply | Step::Checkout))
    }

    /// Whether this visit is to end with an order.
    pub(super) fn wants_order(&self) -> bool {
        matches!(self.steps.back(), Some(Step::Checkout))
    }

    /// Steps that cannot be asked are left out.
    fn skip(&mut self, ways: &Ways) {
        while matches!(self.steps.front(), Some(Step::Apply)) && self.coupon_of(ways).is_none() {
            self.steps.pop_front();
        }
    }

    fn coupon_of(&self, ways: &Ways) -> Option<CouponId> {
        match ways.traits.wallet {
            WalletMode::Codes => ways.codes.first().cloned(),
            WalletMode::Engine | WalletMode::Shop => self.coupon.clone(),
            WalletMode::None => None,
        }
    }
}

/// A count whose mean is this.
fn times(mean: f64, rng: &mut impl Rng) -> usize {
    let whole = mean.max(0.0).floor();
    whole as usize + usize::from(rng.random_bool((mean.max(0.0) - whole).clamp(0.0, 1.0)))
}

fn one(goods: &[Product], rng: &mut impl Rng) -> Option<Product> {
    (!goods.is_empty()).then(|| goods[rng.random_range(0..goods.len())].clone())
}
