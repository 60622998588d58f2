//! The second half of a flow: the coupons, and the checkout or the way out.
//!
//! A checkout whose answer was lost: the shop's own reads decide whether the order was placed.
//! Items gone from the cart = the order was placed, and it is the one that names this flow; where
//! orders name none, the newest since the flow began. A client that hangs up does not stop the
//! shop, so a cart that still holds items is asked for again before it counts, and only a clear
//! that was answered proves that there will be no order. Where nothing can be read, as over a
//! session that is down or in a run that is frozen, the row says `checkout_unknown`, and the shop
//! is asked when the run goes on.

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};

use super::Visit;
use crate::agent::calls::CallStop;
use crate::agent::decision::{self, Usable};
use crate::agent::draft::FlowEnding;
use crate::agent::temporal::VisitClock;
use crate::db_writer::messages::KeepRefs;
use crate::domain::cart::Cart;
use crate::domain::flow::{EndReason, FlowStatus, Order, OrderOutcome, ShopRefs};
use crate::domain::ids::AssignmentId;
use crate::domain::lost_order::{OrderList, PlacedOrder};
use crate::domain::money::{Amount, Exact};
use crate::domain::offer::{Assignment, AssignmentSource, Coupon, CouponKind};
use crate::domain::shop_notes::Outcome;
use crate::ports::shop_api::{ShopCall, ShopCoupon, ShopReply, WalletMode};
use crate::ports::store::StoreError;

/// How long a coupon seen in a shop's answer is taken to live where the shop does not say, days.
const SHOP_COUPON_LIFE_DAYS: i64 = 14;

/// A code that shoppers know does not end with them.
const CODE_LIFE_DAYS: i64 = 36_500;

/// Waits between looks at the cart: a slow shop may still be at work on the order.
const LOOKS_AFTER: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// Orders asked for in one list: those of a few visits.
pub const ORDERS_ASKED: u32 = 20;

/// What the shop's reads say.
enum Found {
    /// The order was placed.
    Placed(Box<Order>),
    /// It was not: the items are still in the cart.
    NotPlaced,
    /// They do not say.
    Unknown,
}

impl Visit {
    /// Puts coupons on the cart: of the wallet, or codes that shoppers know.
    pub(super) async fn use_coupons(&mut self) -> Result<(), CallStop> {
        let usable = match self.settings.shop.wallet {
            WalletMode::Engine | WalletMode::Shop => self.look_into_wallet().await?,
            WalletMode::Codes => self.recall_codes(),
            WalletMode::None => Vec::new(),
        };
        let cart = self.with(|d| d.cart.clone());
        let aged = |coupon| self.with(|d| Usable { life_over: d.life_over(&coupon), coupon });
        let usable: Vec<Usable> = usable.into_iter().map(aged).collect();
        let chosen = decision::choose_coupons(
            &mut self.state.rng,
            &self.settings.behavior.coupon,
            &self.persona,
            &cart,
            &usable,
        );
        for coupon in chosen {
            match self.ask(ShopCall::ApplyCoupon { coupon: coupon.id.clone() }).await {
                Ok(_) => {
                    let at = self.moment(VisitClock::instant);
                    self.with(|d| d.coupon_applied(&coupon, at));
                }
                Err(stop) => match stop.refusal() {
                    None => return Err(stop),
                    Some(refusal) => {
                        let at = self.moment(VisitClock::instant);
                        self.with(|d| d.coupon_rejected(&coupon, refusal.as_str(), at));
                    }
                },
            }
        }
        Ok(())
    }

    /// The codes that every shopper knows, but those for what is not in the cart. From which worth
    /// on the others are good the shop alone says.
    fn recall_codes(&mut self) -> Vec<Coupon> {
        let codes = Arc::clone(&self.settings.coupons);
        let fits = |coupon: &&Coupon| match coupon.kind {
            CouponKind::Frontstore => true,
            CouponKind::Category | CouponKind::Brand => {
                self.with(|d| coupon.is_eligible_for(&d.cart))
            }
        };
        let known: Vec<Coupon> = codes.iter().filter(fits).cloned().collect();
        let shown = |coupon: &Coupon| {
            let coupon = coupon.clone();
            let for_ever = self.with(|d| d.key.simulated_at) + TimeDelta::days(CODE_LIFE_DAYS);
            ShopCoupon { coupon, expires_at: Some(for_ever), reason: None }
        };
        let known_ones: Vec<ShopCoupon> = known.iter().map(shown).collect();
        self.log_shop_assignments(&known_ones);
        let at = self.moment(VisitClock::coupons);
        self.with(|d| d.saw_coupons(&known, &[], at));
        known
    }

    /// What the wallet has that may be used; nothing where the shop does not show it.
    async fn look_into_wallet(&mut self) -> Result<Vec<Coupon>, CallStop> {
        let (eligible, ineligible) = match self.ask(ShopCall::EligibleCoupons).await {
            Ok(ShopReply::Coupons { eligible, ineligible }) => (eligible, ineligible),
            Ok(_) => return Ok(Vec::new()),
            Err(stop) if stop.refusal().is_some() => return Ok(Vec::new()),
            Err(stop) => return Err(stop),
        };
        if self.settings.shop.wallet == WalletMode::Shop {
            self.log_shop_assignments(&eligible);
            self.log_shop_assignments(&ineligible);
        }
        let fills_wallet = self.settings.shop.wallet == WalletMode::Engine;
        self.with(|d| {
            // A wallet that cartload fills may be empty where nothing is handed out.
            if !fills_wallet || !d.wallet.assignments.is_empty() {
                d.notes.saw_wallet(eligible.is_empty() && ineligible.is_empty());
            }
        });
        let usable: Vec<Coupon> = self.with(|d| {
            // What cartload did not assign, or took back, is not the agent's to use. A flow that
            // was not opened was not told what it holds.
            let knows = fills_wallet && d.opened;
            let held = |c: &ShopCoupon| !knows || d.wallet.holds(&c.coupon.id).is_some();
            let fits = |c: &&ShopCoupon| c.coupon.is_eligible_for(&d.cart) && held(c);
            eligible.iter().filter(fits).map(|c| c.coupon.clone()).collect()
        });
        let shown: Vec<Coupon> = eligible.into_iter().map(|c| c.coupon).collect();
        let hidden: Vec<Coupon> = ineligible.into_iter().map(|c| c.coupon).collect();
        let at = self.moment(VisitClock::coupons);
        self.with(|d| d.saw_coupons(&shown, &hidden, at));
        Ok(usable)
    }

    fn log_shop_assignments(&mut self, coupons: &[ShopCoupon]) {
        let settings = Arc::clone(&self.settings);
        let agent = self.persona.agent_id.clone();
        self.with(|d| {
            for shown in coupons {
                if d.wallet.holds(&shown.coupon.id).is_some() {
                    continue;
                }
                let seen_at = d.key.simulated_at;
                let life = chrono::TimeDelta::days(SHOP_COUPON_LIFE_DAYS);
                let assignment = Assignment {
                    id: AssignmentId::of(settings.run_id, 0, &agent, &shown.coupon.id),
                    agent_id: agent.clone(),
                    coupon_id: shown.coupon.id.clone(),
                    offer_cycle: 0,
                    source: AssignmentSource::Shop,
                    assigned_at: seen_at,
                    expires_at: shown.expires_at.unwrap_or(seen_at + life),
                };
                d.saw_assignment(assignment, shown.coupon.clone());
            }
        });
    }

    /// Orders the cart.
    pub(super) async fn check_out(&mut self) -> Result<FlowEnding, CallStop> {
        // Whoever cuts the flow from here on must know that there may be an order.
        self.with(|d| d.order_outcome = Some(OrderOutcome::Unknown));
        let mut answer = self.ask(ShopCall::Checkout).await;
        while let Ok(ShopReply::NextOrders(refs)) = answer {
            if let Err(error) = self.keep_refs(refs).await {
                // Nothing was ordered: what could not be asked for is not sent.
                self.with(|d| d.order_outcome = None);
                return Ok(FlowEnding::failed(EndReason::Store, format!("store: {error}")));
            }
            answer = self.go_on(ShopCall::Checkout).await;
        }
        match answer {
            Ok(ShopReply::OrderPlaced(order)) => {
                let at = self.moment(VisitClock::checkout);
                self.with(|d| {
                    d.order_outcome = None;
                    d.ordered(*order, at);
                });
                Ok(FlowEnding::done(FlowStatus::Completed))
            }
            Ok(_) => Ok(FlowEnding::failed(EndReason::CheckoutFailed, "checkout without an order")),
            Err(CallStop::Uncertain(error)) => {
                let ending = self.settle_checkout(error.to_string()).await;
                if ending.status == FlowStatus::Completed {
                    let misfit = error.misfit(Outcome::LookedUp);
                    self.with(|d| misfit.into_iter().for_each(|misfit| d.notes.misread(misfit)));
                }
                Ok(ending)
            }
            Err(stop) => {
                self.with(|d| d.order_outcome = None);
                self.checkout_stopped(stop).await
            }
        }
    }

    /// What the order can be asked for by must outlive this process before it is placed.
    async fn keep_refs(&mut self, refs: ShopRefs) -> Result<(), StoreError> {
        let (flow, opened) = self.with(|d| {
            d.refs = refs.clone();
            (d.key.clone(), d.opened)
        });
        if !opened {
            return Ok(());
        }
        self.calls.progress.wait();
        let kept = self.keep.send(KeepRefs { flow, refs }).await;
        self.calls.step();
        kept.unwrap_or(Err(StoreError::Closed))
    }

    /// A refused checkout is behaviour; any other is a failure whose cart the next flow clears
    /// (Q5.4).
    async fn checkout_stopped(&mut self, stop: CallStop) -> Result<FlowEnding, CallStop> {
        if matches!(stop, CallStop::NoPermit(_) | CallStop::SessionDown) {
            return Err(stop);
        }
        if let Some(refusal) = stop.refusal() {
            let at = self.moment(VisitClock::checkout);
            self.with(|d| d.checkout_failed(refusal.as_str(), true, at));
            return self.leave(EndReason::Refused).await;
        }
        let at = self.moment(VisitClock::checkout);
        self.with(|d| d.checkout_failed(EndReason::CheckoutFailed.as_str(), false, at));
        Ok(stop.ending(EndReason::CheckoutFailed))
    }

    /// Leaves the cart: clears it at the shop.
    pub(super) async fn leave(&mut self, reason: EndReason) -> Result<FlowEnding, CallStop> {
        self.clear_cart().await?;
        let at = self.moment(VisitClock::instant);
        self.with(|d| d.left_cart(reason, at));
        Ok(FlowEnding::abandoned(reason))
    }

    /// Ends a checkout that was sent and not answered well, which failed with `cause`.
    pub(super) async fn settle_checkout(&mut self, cause: String) -> FlowEnding {
        let reason = match self.find_order().await {
            Found::Placed(order) => {
                let at = self.moment(VisitClock::checkout);
                self.with(|d| {
                    d.order_outcome = Some(OrderOutcome::Found);
                    d.ordered(*order, at);
                });
                return FlowEnding::done(FlowStatus::Completed);
            }
            Found::NotPlaced => EndReason::CheckoutFailed,
            Found::Unknown => EndReason::CheckoutUnknown,
        };
        let at = self.moment(VisitClock::checkout);
        self.with(|d| d.checkout_failed(reason.as_str(), false, at));
        // Cleared now if the shop lets us, else before the next flow: the row stays dirty (Q5.4).
        // A cart that is only forgotten may become an order yet.
        let is_cleared = self.clear_cart().await.is_ok() && self.settings.shop.clears;
        if is_cleared && reason == EndReason::CheckoutFailed {
            self.with(|d| d.order_outcome = Some(OrderOutcome::Absent));
        }
        FlowEnding::failed(reason, cause)
    }

    /// A read that fails, or cannot be made, leaves it unknown.
    async fn find_order(&mut self) -> Found {
        if self.settings.shop.orders.finds {
            return self.find_by_refs().await;
        }
        let mut is_gone = false;
        for wait in LOOKS_AFTER {
            tokio::time::sleep(wait).await;
            match self.ask(ShopCall::ReadCart).await {
                Ok(ShopReply::Cart { items: 0 }) => {}
                Ok(ShopReply::Cart { .. }) => continue,
                Ok(_) | Err(_) => return Found::Unknown,
            }
            is_gone = true;
            match self.ask(ShopCall::LatestOrders { most: ORDERS_ASKED }).await {
                Ok(ShopReply::LatestOrders { orders, shop_clock }) => {
                    if let Some(placed) = self.own_order(orders, shop_clock) {
                        return Found::Placed(self.with_lines(placed).await);
                    }
                }
                Ok(_) | Err(_) => return Found::Unknown,
            }
        }
        if is_gone { Found::Unknown } else { Found::NotPlaced }
    }

    /// The same where the shop can be asked for the order of this cart.
    async fn find_by_refs(&mut self) -> Found {
        for wait in LOOKS_AFTER {
            tokio::time::sleep(wait).await;
            let refs = self.with(|d| d.refs.clone());
            match self.ask(ShopCall::FindOrder { refs }).await {
                Ok(ShopReply::OrderFound(Some(placed))) => {
                    return Found::Placed(self.with_lines(placed).await);
                }
                Ok(ShopReply::OrderFound(None)) => {}
                Err(stop) if stop.refusal().is_some() => {}
                Ok(_) | Err(_) => return Found::Unknown,
            }
        }
        Found::NotPlaced
    }

    /// Which of these is this flow's.
    fn own_order(
        &self,
        orders: Vec<PlacedOrder>,
        shop_clock: Option<NaiveDateTime>,
    ) -> Option<PlacedOrder> {
        let list = OrderList {
            is_cut: orders.len() >= ORDERS_ASKED as usize,
            orders,
            shop_clock,
            our_clock: self.settings.pacing.wall(),
            names_flows: self.settings.shop.orders.names_flows,
        };
        let (flow, opened_at) = self.with(|d| (d.key.flow_id, d.key.opened_at));
        list.of_living_flow(&flow, opened_at)
    }

    /// The order as the shop shows it, else as far as it is known.
    async fn with_lines(&mut self, placed: PlacedOrder) -> Box<Order> {
        if self.settings.shop.orders.shows_one {
            let read = ShopCall::ReadOrder { order: placed.id.clone() };
            if let Ok(ShopReply::OrderShown(order)) = self.ask(read).await
                && order.id == placed.id
            {
                return order;
            }
        }
        self.with(|d| Box::new(reconstructed(&d.cart, placed)))
    }
}

/// The order as far as it is known: the shop's total over the agent's own cart, the whole discount
/// as one on the front of the store.
fn reconstructed(cart: &Cart, placed: PlacedOrder) -> Order {
    let final_total = placed.final_total.unwrap_or(cart.total().into());
    let order = Order {
        id: placed.id,
        subtotal: Amount::default(),
        item_discounts: Amount::default(),
        frontstore_discount: Amount::default(),
        discount_total: Amount::default(),
        // What is above the goods is on top of them, where the shop does not say.
        charges: placed.charges.unwrap_or_else(|| {
            Amount::reckoned(final_total.exact().minus(Exact::cents(cart.total())))
        }),
        final_total,
        lines: Vec::new(),
        lacks_lines: true,
        coupons: None,
        misread: None,
    };
    order.with_lines_of(cart)
}
