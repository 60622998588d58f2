//! What an agent learns from its own flows: brands, products, visits, and what is left of the
//! week's budget.
//!
//! `spent_this_week` counts only while `week_of` is the simulated Monday of the time asked about;
//! nothing resets it when a week begins. Rows rebuilt by the store must lead to the same memory.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDateTime, NaiveTime, TimeDelta};
use serde_json::Value;

use crate::event::EventKind;
use crate::flow::{AgentMemory, EndReason, FlowRecord, LeftCart};
use crate::ids::ProductId;
use crate::money::Cents;

/// Brands remembered at most.
pub const BRANDS_REMEMBERED_MAX: usize = 32;

/// Products remembered at most; those bought last stay.
pub const PRODUCTS_REMEMBERED_MAX: usize = 64;

/// Days for which a cart that was left is remembered.
pub const CART_REMEMBERED_DAYS: i64 = 14;

/// What events of one visit, in their order, leave in the cart.
pub fn left_in_cart<'e>(
    events: impl IntoIterator<Item = (EventKind, Option<&'e ProductId>, bool)>,
) -> Vec<ProductId> {
    let mut held: Vec<ProductId> = Vec::new();
    for (kind, product, accepted) in events {
        let Some(product) = product else { continue };
        match kind {
            EventKind::CartAddItem if accepted && !held.contains(product) => {
                held.push(product.clone());
            }
            EventKind::CartRemoveItem => held.retain(|id| id != product),
            EventKind::CartAddItem
            | EventKind::ProductList
            | EventKind::ViewProduct
            | EventKind::ProductSearch
            | EventKind::ViewCoupons
            | EventKind::CouponApply
            | EventKind::CouponRejected
            | EventKind::CheckoutComplete
            | EventKind::CartAbandon
            | EventKind::CheckoutFailed => {}
        }
    }
    held
}

/// The cart that an agent left of its own will in this visit, if it did.
pub fn left_by(record: &FlowRecord) -> Option<LeftCart> {
    let is_own_will = record.end_reason == EndReason::CheckoutDeclined;
    is_own_will.then(|| {
        let events = record.events.iter().map(|event| {
            let accepted = event.payload.get("accepted").and_then(Value::as_bool);
            (event.kind, event.product_id.as_ref(), accepted == Some(true))
        });
        LeftCart { at: record.key.simulated_at, products: left_in_cart(events) }
    })
}

/// Monday 00:00 of the simulated week of `at`.
pub fn monday_of(at: NaiveDateTime) -> NaiveDateTime {
    let days = TimeDelta::days(i64::from(at.weekday().num_days_from_monday()));
    let midnight = at.date().and_time(NaiveTime::MIN);
    midnight.checked_sub_signed(days).unwrap_or(midnight)
}

impl AgentMemory {
    /// What is left of `weekly_budget` since Monday 00:00 of the week of `at`; never below zero.
    pub fn budget_left(&self, weekly_budget: Cents, at: NaiveDateTime) -> Cents {
        if self.week_of == Some(monday_of(at)) {
            (weekly_budget - self.spent_this_week).at_least_zero()
        } else {
            weekly_budget
        }
    }

    /// What was paid in the week of `at`.
    pub fn spent_in_week_of(&self, at: NaiveDateTime) -> Cents {
        if self.week_of == Some(monday_of(at)) { self.spent_this_week } else { Cents::ZERO }
    }

    /// In how many of the orders remembered this product was.
    pub fn times_bought(&self, product: &ProductId) -> u32 {
        let found = self.products_bought.iter().find(|(id, _)| id == product);
        found.map_or(0, |(_, times)| *times)
    }

    /// Takes note of the products of an order, each counted once, in the order of their ids.
    pub fn remember_products<'a>(&mut self, products: impl IntoIterator<Item = &'a ProductId>) {
        let products: BTreeSet<&ProductId> = products.into_iter().collect();
        for product in products {
            let place = self.products_bought.iter().position(|(id, _)| id == product);
            let times = place.map_or(0, |place| self.products_bought.remove(place).1);
            self.products_bought.push((product.clone(), times + 1));
        }
        self.forget_surplus();
    }

    /// What is beyond the bounds leaves, the oldest first. A product that left and is bought again
    /// counts from one in a living actor; one rebuilt from rows counts all of its orders.
    pub fn forget_surplus(&mut self) {
        let products = self.products_bought.len().saturating_sub(PRODUCTS_REMEMBERED_MAX);
        self.products_bought.drain(..products);
        let brands = self.brands_bought.len().saturating_sub(BRANDS_REMEMBERED_MAX);
        self.brands_bought.drain(..brands);
    }

    /// Whether this brand was bought before.
    pub fn has_bought(&self, brand: Option<&str>) -> bool {
        brand.is_some_and(|brand| self.brands_bought.iter().any(|b| b == brand))
    }

    /// The cart that was left of late: within [`CART_REMEMBERED_DAYS`] of `at`.
    pub fn left_cart_at(&self, at: NaiveDateTime) -> Option<&LeftCart> {
        self.left_within(TimeDelta::days(CART_REMEMBERED_DAYS), at)
    }

    /// Whether a cart was left within these hours before `at`.
    pub fn has_left_a_cart(&self, at: NaiveDateTime, hours: i64) -> bool {
        self.left_within(TimeDelta::hours(hours), at).is_some()
    }

    fn left_within(&self, time: TimeDelta, at: NaiveDateTime) -> Option<&LeftCart> {
        let since = at.checked_sub_signed(time);
        self.left_cart.as_ref().filter(|left| since.is_none_or(|since| left.at >= since))
    }

    /// Takes note of a visit, whatever came of it.
    pub fn remember_visit(&mut self, at: NaiveDateTime) {
        self.last_visit = Some(at);
    }

    /// Takes note of an order: what was paid and the brands of its lines, in their order. A brand
    /// bought again moves to the young end; the oldest beyond `BRANDS_REMEMBERED_MAX` leave.
    pub fn remember_order<B: AsRef<str>>(
        &mut self,
        at: NaiveDateTime,
        paid: Cents,
        brands: impl IntoIterator<Item = B>,
    ) {
        let monday = monday_of(at);
        if self.week_of != Some(monday) {
            self.week_of = Some(monday);
            self.spent_this_week = Cents::ZERO;
        }
        self.spent_this_week += paid;
        self.last_order = Some(at);
        self.left_cart = None;
        for brand in brands {
            self.remember_brand(brand.as_ref());
        }
        self.forget_surplus();
    }

    /// A brand was bought: it moves to the young end.
    pub fn remember_brand(&mut self, brand: &str) {
        self.brands_bought.retain(|b| b != brand);
        self.brands_bought.push(brand.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn at(day: u32, hour: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 6, day).unwrap().and_hms_opt(hour, 0, 0).unwrap()
    }

    #[test]
    fn the_budget_is_whole_again_on_monday_at_midnight() {
        let mut memory = AgentMemory::default();
        assert_eq!(memory.budget_left(Cents(10_000), at(1, 0)), Cents(10_000));
        memory.remember_order(at(1, 0), Cents(3_000), ["Oak"]); // Monday
        memory.remember_order(at(7, 23), Cents(2_000), ["Elm"]); // Sunday
        assert_eq!(memory.budget_left(Cents(10_000), at(7, 23)), Cents(5_000));
        assert_eq!(memory.budget_left(Cents(10_000), at(8, 0)), Cents(10_000));
        memory.remember_order(at(8, 0), Cents(700), ["Elm"]);
        assert_eq!(memory.budget_left(Cents(10_000), at(8, 1)), Cents(9_300));
        assert_eq!(memory.spent_this_week, Cents(700));
        assert_eq!(memory.last_order, Some(at(8, 0)));
    }

    #[test]
    fn an_overdrawn_budget_leaves_nothing() {
        let mut memory = AgentMemory::default();
        memory.remember_order(at(2, 9), Cents(10_001), Vec::<String>::new());
        assert_eq!(memory.budget_left(Cents(10_000), at(2, 9)), Cents::ZERO);
    }

    #[test]
    fn the_oldest_of_thirty_three_brands_leaves() {
        let mut memory = AgentMemory::default();
        memory.remember_order(at(2, 9), Cents(1), (0..32).map(|n| n.to_string()));
        memory.remember_order(at(2, 10), Cents(1), ["0"]);
        assert_eq!(memory.brands_bought.len(), 32);
        assert!(memory.has_bought(Some("1")));
        memory.remember_order(at(2, 11), Cents(1), ["32"]);
        assert_eq!(memory.brands_bought.len(), 32);
        assert!(!memory.has_bought(Some("1")));
        assert!(memory.has_bought(Some("0")));
        assert!(!memory.has_bought(None));
    }

    #[test]
    fn the_product_bought_longest_ago_of_sixty_five_leaves_with_its_count() {
        let ids: Vec<ProductId> = (0..65).map(|n| ProductId::new(format!("{n:02}"))).collect();
        let mut memory = AgentMemory::default();
        memory.remember_products(&ids[..64]);
        memory.remember_products([&ids[0], &ids[0]]);
        assert_eq!((memory.times_bought(&ids[0]), memory.times_bought(&ids[1])), (2, 1));
        memory.remember_products([&ids[64]]);
        assert_eq!(memory.products_bought.len(), 64);
        assert_eq!((memory.times_bought(&ids[1]), memory.times_bought(&ids[0])), (0, 2));
    }

    #[test]
    fn a_cart_that_was_left_is_remembered_for_fourteen_days_and_until_an_order() {
        let products = vec![ProductId::new("milk")];
        let left = LeftCart { at: at(1, 9), products };
        let mut memory = AgentMemory { left_cart: Some(left.clone()), ..Default::default() };
        assert_eq!(memory.left_cart_at(at(15, 9)), Some(&left));
        assert_eq!(memory.left_cart_at(at(15, 10)), None);
        assert!(memory.has_left_a_cart(at(2, 9), 24) && !memory.has_left_a_cart(at(2, 10), 24));
        memory.remember_order(at(2, 9), Cents(1), ["Oak"]);
        assert_eq!(memory.left_cart, None);
    }

    #[test]
    fn what_was_put_in_and_not_taken_out_again_is_left() {
        let [milk, bread] = ["milk", "bread"].map(ProductId::new);
        let (add, out) = (EventKind::CartAddItem, EventKind::CartRemoveItem);
        let events = [
            (add, Some(&milk), true),
            (EventKind::ViewProduct, Some(&bread), false),
            (add, Some(&bread), false),
            (add, Some(&bread), true),
            (add, Some(&milk), true),
            (out, Some(&milk), false),
        ];
        assert_eq!(left_in_cart(events), std::slice::from_ref(&bread));
        assert_eq!(left_in_cart(events[..5].to_vec()), [milk.clone(), bread.clone()]);
        assert!(left_in_cart([]).is_empty());
    }

    #[test]
    fn a_visit_is_remembered_without_an_order() {
        let mut memory = AgentMemory::default();
        memory.remember_visit(at(3, 4));
        assert_eq!((memory.last_visit, memory.last_order), (Some(at(3, 4)), None));
    }
}
