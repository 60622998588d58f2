//! The record of a flow while it grows; what is known of it when an actor dies.
//!
//! Counts here are what the database will hold: what happens is counted where it is noted.

mod ending;
mod shown;

use chrono::NaiveDateTime;

use crate::domain::cart::Cart;
use crate::domain::catalog::Product;
use crate::domain::cycle::CycleVolume;
use crate::domain::event::{CouponInteraction, CouponStep, EventKind, FlowEvent, Payload};
use crate::domain::flow::{
    EndReason, FlowKey, FlowRecord, FlowStatus, Order, OrderOutcome, ShopCart, ShopRefs,
};
use crate::domain::foreign_goods::ForeignGoods;
use crate::domain::ids::{CouponId, ProductId, StoreId};
use crate::domain::money::Cents;
use crate::domain::offer::{Assignment, Coupon, CouponUse, Discount, Wallet};
use crate::domain::shop_notes::ShopNotes;

pub use ending::FlowEnding;
pub use shown::Shown;

/// Characters of a failure kept in the row.
const FAILURE_CHARS_MAX: usize = 300;

/// A flow under way.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Which flow.
    pub key: FlowKey,
    /// Whether OpenFlow was asked for: its row may be there.
    pub opened: bool,
    /// What the agent put in.
    pub cart: Cart,
    /// What the cart at the shop may hold.
    pub shop_cart: ShopCart,
    /// The branch.
    pub store_id: Option<StoreId>,
    /// Coupons held at the start.
    pub wallet: Wallet,
    /// How often the shop takes a coupon.
    pub coupon_use: CouponUse,
    /// What it caused.
    pub volume: CycleVolume,
    /// Of its requests those that an agent makes once a run: they are no part of a visit.
    pub once: u64,
    /// What is known of an order that no answer told of; set before a checkout is sent.
    pub order_outcome: Option<OrderOutcome>,
    /// What the order can be asked for by; set before it is placed.
    pub refs: ShopRefs,
    /// What an operator should hear the reason of.
    pub notes: ShopNotes,
    events: Vec<FlowEvent>,
    coupons: Vec<CouponInteraction>,
    seen: Vec<(Assignment, Coupon)>,
    order: Option<Order>,
    foreign: Option<ForeignGoods>,
    applied: Vec<Coupon>,
    /// What the shop refused to take; it may have taken a part. With the place of the event.
    refused: Vec<(ProductId, u32, usize)>,
}

impl Draft {
    /// A flow that begins, and the cart that it finds.
    pub fn new(key: FlowKey, shop_cart: ShopCart) -> Self {
        Self {
            key,
            opened: false,
            cart: Cart::default(),
            shop_cart,
            store_id: None,
            wallet: Wallet::default(),
            coupon_use: CouponUse::default(),
            volume: CycleVolume::default(),
            once: 0,
            order_outcome: None,
            refs: ShopRefs::default(),
            notes: ShopNotes::default(),
            events: Vec::new(),
            coupons: Vec::new(),
            seen: Vec::new(),
            order: None,
            foreign: None,
            applied: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The simulated instant reached.
    pub fn simulated_now(&self) -> NaiveDateTime {
        self.events.last().map_or(self.key.simulated_at, |e| e.simulated_at)
    }

    /// The coupons on the cart.
    pub fn applied(&self) -> &[Coupon] {
        &self.applied
    }

    /// A list was looked at: every product on it is an impression.
    pub fn listed(&mut self, category: Option<&str>, shown: Shown<'_>, at: Moment) {
        let (product_ids, prices_cents) = (shown.ids(), shown.prices());
        self.events.push(at.event(&Payload::ProductList { category, product_ids, prices_cents }));
    }

    /// Products were searched for: each one found is an impression.
    pub fn searched(&mut self, query: &str, shown: Shown<'_>, at: Moment) {
        let (product_ids, prices_cents) = (shown.ids(), shown.prices());
        self.events.push(at.event(&Payload::ProductSearch { query, product_ids, prices_cents }));
    }

    /// One product was looked at.
    pub fn viewed(&mut self, product: &Product, called: bool, at: Moment) {
        let is_seen = self.events.iter().any(|event| {
            event.kind == EventKind::ViewProduct && event.product_id.as_ref() == Some(&product.id)
        });
        let payload = Payload::ViewProduct {
            repeated: is_seen.then_some(true),
            price_cents: product.price,
            category: &product.category,
            brand: product.brand.as_deref(),
            called,
        };
        self.events.push(FlowEvent { product_id: Some(product.id.clone()), ..at.event(&payload) });
    }

    /// The shop took a product into the cart.
    pub fn added(&mut self, product: &Product, quantity: u32, unit_price: Cents, at: Moment) {
        self.volume.attempts += 1;
        self.shop_cart = ShopCart::Dirty;
        self.cart.add(product, quantity, unit_price);
        self.tried_to_add(product, quantity, unit_price, None, at);
    }

    /// A product is out of the cart again.
    pub fn removed(&mut self, product: &ProductId, at: Moment) {
        let Some(line) = self.cart.remove(product) else { return };
        let payload = Payload::CartRemoveItem {
            quantity: line.quantity,
            unit_price_cents: line.unit_price,
            cart_total_cents: self.cart.total(),
        };
        self.events.push(FlowEvent { product_id: Some(line.product.id), ..at.event(&payload) });
    }

    /// The shop refused to.
    pub fn add_refused(
        &mut self,
        product: &Product,
        quantity: u32,
        reason: &'static str,
        at: Moment,
    ) {
        self.volume.attempts += 1;
        self.volume.refusals += 1;
        self.notes.refuse(reason);
        self.refused.push((product.id.clone(), quantity, self.events.len()));
        self.tried_to_add(product, quantity, product.price, Some(reason), at);
    }

    fn tried_to_add(
        &mut self,
        product: &Product,
        quantity: u32,
        unit_price: Cents,
        refusal: Option<&str>,
        at: Moment,
    ) {
        let payload = Payload::CartAddItem {
            quantity,
            unit_price_cents: unit_price,
            cart_total_cents: self.cart.total(),
            accepted: refusal.is_none(),
            reason: refusal,
            // Known once the order is.
            taken: None,
        };
        self.events.push(FlowEvent { product_id: Some(product.id.clone()), ..at.event(&payload) });
    }

    /// The shop showed the wallet.
    pub fn saw_coupons(&mut self, eligible: &[Coupon], ineligible: &[Coupon], at: Moment) {
        self.events.push(at.event(&Payload::ViewCoupons {
            eligible_coupon_ids: eligible.iter().map(|c| &c.id).collect(),
            ineligible_coupon_ids: ineligible.iter().map(|c| &c.id).collect(),
        }));
        for coupon in eligible {
            self.interact(&coupon.id, CouponStep::Seen, None);
        }
    }

    /// A coupon of the shop's own wallet that has no assignment yet.
    pub fn saw_assignment(&mut self, assignment: Assignment, coupon: Coupon) {
        self.seen.push((assignment, coupon));
    }

    /// A coupon is on the cart.
    pub fn coupon_applied(&mut self, coupon: &Coupon, at: Moment) {
        let payload = Payload::CouponApply { coupon_type: coupon.kind };
        self.events.push(FlowEvent { coupon_id: Some(coupon.id.clone()), ..at.event(&payload) });
        self.interact(&coupon.id, CouponStep::Applied, None);
        self.applied.push(coupon.clone());
    }

    /// The shop refused a coupon.
    pub fn coupon_rejected(&mut self, coupon: &Coupon, reason: &str, at: Moment) {
        let payload = Payload::CouponRejected { reason };
        self.events.push(FlowEvent { coupon_id: Some(coupon.id.clone()), ..at.event(&payload) });
        self.interact(&coupon.id, CouponStep::Rejected, Some(reason));
    }

    /// The order was placed.
    pub fn ordered(&mut self, order: Order, at: Moment) {
        let order = order.with_lines_of(&self.cart);
        self.volume.attempts += 1;
        self.volume.orders += 1;
        self.volume.revenue_cents += order.final_total.cents.0;
        self.shop_cart = ShopCart::Clean;
        self.events.push(at.event(&Payload::CheckoutComplete {
            order_id: &order.id,
            subtotal_cents: order.subtotal.cents,
            discount_total_cents: order.discount_total.cents,
            final_total_cents: order.final_total.cents,
            coupon_ids: self.applied.iter().map(|coupon| &coupon.id).collect(),
        }));
        for coupon in self.counted_in(&order) {
            self.interact(&coupon, CouponStep::Redeemed, None);
        }
        order.misread.iter().for_each(|misread| self.notes.misread(misread.clone()));
        let beyond = ForeignGoods::of(&order, &self.cart, self.key.flow_id);
        self.foreign = beyond.and_then(|beyond| self.without_taken(beyond));
        self.order = Some(order);
    }

    /// Of what an order has beyond the cart, what was never asked for; units that were refused and
    /// are in it all the same are written down where they were refused.
    fn without_taken(&mut self, mut beyond: ForeignGoods) -> Option<ForeignGoods> {
        for (product, units, place) in &self.refused {
            let taken = beyond.units.iter_mut().find(|(ordered, _)| ordered == product);
            let Some((_, left)) = taken else { continue };
            let taken = (*left).min(*units);
            *left -= taken;
            if let Some(event) = self.events.get_mut(*place).filter(|_| taken > 0) {
                event.payload["taken"] = taken.into();
            }
        }
        beyond.units.retain(|(_, left)| *left > 0);
        (!beyond.units.is_empty()).then_some(beyond)
    }

    /// What the order has that the flow did not put in.
    pub fn foreign(&self) -> Option<&ForeignGoods> {
        self.foreign.as_ref()
    }

    /// The coupons that the order used up, as the shop says; where it does not, those applied. One
    /// that gave nothing stays in the wallet, to be used another time.
    fn counted_in(&self, order: &Order) -> Vec<CouponId> {
        if let Some(counted) = &order.coupons {
            return counted.clone();
        }
        let gave_something = order.discount_total.is_something();
        let counted = self
            .applied
            .iter()
            .filter(|coupon| gave_something || matches!(coupon.discount, Discount::FreeShipping));
        counted.map(|coupon| coupon.id.clone()).collect()
    }

    /// The checkout led to no order.
    pub fn checkout_failed(&mut self, reason: &'static str, refused: bool, at: Moment) {
        self.volume.attempts += 1;
        if refused {
            self.volume.refusals += 1;
            self.notes.refuse(reason);
        }
        self.events.push(at.event(&Payload::CheckoutFailed { reason, refused }));
    }

    /// The cart was left.
    pub fn left_cart(&mut self, reason: EndReason, at: Moment) {
        let cart_total_cents = self.cart.total();
        self.events.push(at.event(&Payload::CartAbandon { reason, cart_total_cents }));
    }

    /// Ends the flow as the record that is committed.
    pub fn finish(mut self, ending: FlowEnding, ended_at: NaiveDateTime) -> FlowRecord {
        self.volume.events = self.events.len() as u64;
        let simulated_end = self.simulated_now();
        let (seen_assignments, seen_coupons) = self.seen.into_iter().unzip();
        FlowRecord {
            opened: self.opened,
            status: ending.status,
            end_reason: ending.reason,
            shop_cart: self.shop_cart,
            store_id: self.store_id,
            simulated_end,
            ended_at,
            calls: u32::try_from(self.volume.requests.saturating_sub(self.once))
                .unwrap_or(u32::MAX),
            cart_units: self.cart.units(),
            cart_total: self.cart.total(),
            failure: ending.cause.map(|c| c.chars().take(FAILURE_CHARS_MAX).collect()),
            events: self.events,
            coupons: self.coupons,
            seen_assignments,
            seen_coupons,
            order: self.order,
            order_outcome: self.order_outcome,
            key: self.key,
        }
    }

    /// How a flow ends that is not waited for: what the shop has sold is sold.
    pub fn cut_ending(&self) -> FlowEnding {
        match self.order {
            Some(_) => FlowEnding::done(FlowStatus::Completed),
            None => FlowEnding::abandoned(EndReason::Stopped),
        }
    }

    /// What the flow caused, its events counted.
    pub fn counted_volume(&self) -> CycleVolume {
        CycleVolume { events: self.events.len() as u64, ..self.volume }
    }

    fn interact(&mut self, coupon: &CouponId, step: CouponStep, reason: Option<&str>) {
        self.coupons.push(CouponInteraction {
            coupon_id: coupon.clone(),
            assignment_id: self.assignment_of(coupon).map(|assignment| assignment.id),
            step,
            reason: reason.map(str::to_owned),
            reusable: self.coupon_use == CouponUse::Reusable,
            simulated_at: self.simulated_now(),
        });
    }

    /// The share of a coupon's life that is over; 0 where nobody knows its life.
    pub fn life_over(&self, coupon: &Coupon) -> f64 {
        let Some(assignment) = self.assignment_of(&coupon.id) else { return 0.0 };
        let life = (assignment.expires_at - assignment.assigned_at).num_seconds();
        let over = (self.key.simulated_at - assignment.assigned_at).num_seconds();
        if life > 0 { over as f64 / life as f64 } else { 0.0 }
    }

    fn assignment_of(&self, coupon: &CouponId) -> Option<&Assignment> {
        let seen = || self.seen.iter().map(|(a, _)| a).find(|a| a.coupon_id == *coupon);
        self.wallet.holds(coupon).or_else(seen)
    }
}

/// When an event happened, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Simulated.
    pub simulated: NaiveDateTime,
    /// Wall clock, UTC.
    pub recorded: NaiveDateTime,
}

impl Moment {
    /// What happened now, to no product and no coupon.
    fn event(self, payload: &Payload<'_>) -> FlowEvent {
        FlowEvent {
            kind: payload.kind(),
            product_id: None,
            coupon_id: None,
            payload: payload.to_json(),
            simulated_at: self.simulated,
            recorded_at: self.recorded,
        }
    }
}

#[cfg(test)]
mod tests;
