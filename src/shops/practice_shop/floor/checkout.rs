//! The order: placed in one step, remembered by its key, small enough to keep 20,000 of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::pricing::PricedOrder;
use domain::money::Cents;

use super::Floor;
use crate::practice_shop::faults::Faults;
use crate::practice_shop::goods::{CouponNumber, Goods, Line};
use crate::practice_shop::refusal::Refusal;

/// An order as it is kept. Its price follows from its lines and coupons, which never change.
#[derive(Debug)]
pub(in crate::practice_shop) struct PlacedOrder {
    pub id: Uuid,
    pub user: Uuid,
    /// The shopping session that the checkout carried.
    pub session: Option<Uuid>,
    /// The Idempotency-Key that the checkout carried.
    pub key: Option<Box<str>>,
    /// Position of the store.
    pub store: usize,
    pub placed_at: DateTime<Utc>,
    pub lines: Box<[Line]>,
    /// Those that counted.
    pub coupons: Box<[CouponNumber]>,
    /// To pay, to the cent.
    pub final_total: Cents,
}

/// What a checkout led to.
#[derive(Debug)]
pub(in crate::practice_shop) enum Checkout {
    /// An order.
    Placed(Arc<PlacedOrder>),
    /// The order that this key placed before.
    Repeated(Arc<PlacedOrder>),
}

impl PlacedOrder {
    /// What it cost, line by line, in the shop's grain.
    pub fn price(&self, goods: &Goods) -> PricedOrder {
        goods.price(&self.lines, &self.coupons)
    }
}

impl Floor {
    /// Orders the cart of `user`, or answers the order that `key` placed before.
    pub fn checkout(
        &mut self,
        user: Uuid,
        session: Option<Uuid>,
        key: Option<&[u8]>,
        faults: &Faults,
        now: DateTime<Utc>,
    ) -> Result<Checkout, Refusal> {
        let hashed_key = key.map(|key| Uuid::new_v5(&user, key));
        if let Some(order) = hashed_key.and_then(|key| self.orders_by_key.get(&key)) {
            return Ok(Checkout::Repeated(Arc::clone(order)));
        }
        if let Some(session) = session
            && self.sessions.get(&session) != Some(&user)
        {
            return Err(Refusal::unknown_session("orders", &session.to_string()));
        }
        let goods = Arc::clone(&self.goods);
        let customer = self.customer(user)?;
        let no_store = "No store selected. Please select a store first.";
        let store = customer.store.ok_or_else(|| Refusal::BadRequest(no_store.to_owned()))?;
        if customer.cart.is_empty() {
            return Err(Refusal::BadRequest("Cart is empty".to_owned()));
        }
        let lines: Box<[Line]> = customer.cart.clone().into();
        let selected = customer.selected();
        let selected = if self.has_expired_wallets(faults) { Vec::new() } else { selected };
        let priced = goods.price(&lines, &selected);
        let coupons: Box<[CouponNumber]> = priced
            .used
            .iter()
            .filter_map(|used| goods.coupon_number(used.coupon.as_str()))
            .collect();
        self.take_from_shelves(store, &lines, faults.last_unit_is_500)?;

        let id = Uuid::now_v7();
        let final_total = goods.grain.cents(priced.final_total);
        let key = key.map(|key| String::from_utf8_lossy(key).into());
        let placed_at = now;
        let order =
            PlacedOrder { id, user, session, key, store, placed_at, lines, coupons, final_total };
        let order = Arc::new(order);
        let is_redeemed_once = !self.habits.reusable_coupons;
        let customer = self.customer(user)?;
        if is_redeemed_once {
            customer.wallet.retain(|granted| !order.coupons.contains(&granted.coupon));
        }
        customer.clear_cart();
        if let Some(key) = hashed_key {
            self.orders_by_key.insert(key, Arc::clone(&order));
        }
        self.orders.insert(Arc::clone(&order));
        Ok(Checkout::Placed(order))
    }

    /// Takes all lines off the shelves, or none.
    fn take_from_shelves(
        &mut self,
        store: usize,
        lines: &[Line],
        last_unit_is_500: bool,
    ) -> Result<(), Refusal> {
        for line in lines {
            let available = self.stock.available(store, line.product as usize);
            if line.quantity > available {
                let name = self.goods.catalog.products.get(line.product as usize);
                return Err(Refusal::BadRequest(format!(
                    "Insufficient inventory for {}. Available: {available}",
                    name.map(|p| p.name.as_str()).unwrap_or_default()
                )));
            }
            if last_unit_is_500 && line.quantity == available {
                return Err(Refusal::Broken(
                    "(psycopg2.errors.CheckViolation) new row for relation \"store_inventory\" \
                     violates check constraint \"quantity_positive\" [SQL: UPDATE store_inventory \
                     SET quantity=%(quantity)s WHERE store_inventory.id = %(id)s]"
                        .to_owned(),
                ));
            }
        }
        for line in lines {
            self.stock.sell(store, line.product as usize, line.quantity);
        }
        Ok(())
    }
}
