//! What changes when people shop: customers, carts, wallets, sessions, stock and orders.
//!
//! One lock holds all of it, so a checkout is one step: two at the same time with one key are one
//! order. Nothing here grows without bound: customers are capped, sessions and orders by key are
//! the latest ones only, and an order is kept as positions, from which its price follows again.

pub(super) mod checkout;
pub(super) mod order_book;
pub(super) mod recent;
pub(super) mod stock;

use std::collections::HashMap;
use std::sync::Arc;

use crate::pricing::PricedOrder;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use uuid::Uuid;

use self::checkout::PlacedOrder;
use self::order_book::OrderBook;
use self::recent::Recent;
use self::stock::Stock;
use super::faults::Faults;
use super::goods::{CouponNumber, Goods, Line};
use super::habits::Habits;
use super::refusal::Refusal;

/// Customers the shop knows at most.
pub(super) const CUSTOMERS_MAX: usize = 100_000;

/// Units of one line.
pub(super) const LINE_QUANTITY_MAX: u32 = 10_000;

/// Wall-clock days a granted coupon is said to live.
const COUPON_LIFE_DAYS: i64 = 14;

/// A coupon in a wallet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Granted {
    pub coupon: CouponNumber,
    pub expires_at: DateTime<Utc>,
    pub is_selected: bool,
}

/// One customer.
#[derive(Debug, Default)]
pub(super) struct Customer {
    /// Position of the selected store.
    pub store: Option<usize>,
    /// Lines in the order of their first add; at most one a product.
    pub cart: Vec<Line>,
    /// At most one of each coupon.
    pub wallet: Vec<Granted>,
}

impl Customer {
    /// The coupons put on the cart.
    pub fn selected(&self) -> Vec<CouponNumber> {
        self.wallet.iter().filter(|g| g.is_selected).map(|g| g.coupon).collect()
    }

    /// Empties the cart and answers how many lines and coupons were on it.
    pub fn clear_cart(&mut self) -> (usize, usize) {
        let coupons = self.selected().len();
        for granted in &mut self.wallet {
            granted.is_selected = false;
        }
        (std::mem::take(&mut self.cart).len(), coupons)
    }
}

/// The shop's mutable half.
#[derive(Debug)]
pub(super) struct Floor {
    goods: Arc<Goods>,
    habits: Habits,
    customers: HashMap<Uuid, Customer>,
    /// Shopping session to the customer whose cart write carried it first.
    sessions: Recent<Uuid, Uuid>,
    /// Idempotency key (hashed with its customer) to the order it placed.
    orders_by_key: Recent<Uuid, Arc<PlacedOrder>>,
    pub(super) orders: OrderBook,
    stock: Stock,
}

impl Floor {
    /// An empty shop that remembers so many sessions and orders by key.
    pub fn new(goods: Arc<Goods>, habits: Habits, remembered: usize) -> Self {
        let stock = Stock::new(goods.catalog.products.len());
        Self {
            goods,
            habits,
            customers: HashMap::new(),
            sessions: Recent::new(remembered),
            orders_by_key: Recent::new(remembered),
            orders: OrderBook::default(),
            stock,
        }
    }

    /// Takes over what the faults say about stock; before each use.
    pub fn under(&mut self, faults: &Faults) -> &mut Self {
        self.stock.limit_to(faults.stock, self.goods.catalog.stores.len());
        self
    }

    /// The customer, made at the first call; where a first visit is needed, known since that only.
    pub fn customer(&mut self, user: Uuid) -> Result<&mut Customer, Refusal> {
        if self.habits.first_visit_needed && !self.customers.contains_key(&user) {
            return Err(Refusal::unknown_user(&user.to_string()));
        }
        self.visitor(user)
    }

    /// The position of the store that the customer selected.
    pub fn store_of(&self, user: Uuid) -> Option<usize> {
        self.customers.get(&user).and_then(|customer| customer.store)
    }

    /// Everybody the shop knows.
    pub fn customers(&self) -> impl Iterator<Item = (&Uuid, &Customer)> {
        self.customers.iter()
    }

    /// Whether no coupon of any wallet is good any more.
    pub fn has_expired_wallets(&self, faults: &Faults) -> bool {
        faults.coupons_expired || self.habits.wallets_expired
    }

    /// The customer of a first visit, made by it.
    fn visitor(&mut self, user: Uuid) -> Result<&mut Customer, Refusal> {
        if self.customers.len() >= CUSTOMERS_MAX && !self.customers.contains_key(&user) {
            return Err(Refusal::Full("The practice shop has 100,000 customers and takes no more"));
        }
        Ok(self.customers.entry(user).or_default())
    }

    /// A first visit: makes the customer and fills the wallet up to `size` coupons, each customer
    /// from another place of the book.
    pub fn fill_wallet(
        &mut self,
        user: Uuid,
        size: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, Refusal> {
        let goods = Arc::clone(&self.goods);
        let customer = self.visitor(user)?;
        let count = goods.coupons.len().min(usize::from(CouponNumber::MAX));
        // 100 is coprime to 257 and spreads a wallet over kinds and targets.
        let begin = user.as_u128() % u128::try_from(count.max(1)).unwrap_or(1);
        let begin = usize::try_from(begin).unwrap_or(0);
        for step in 0..count {
            if customer.wallet.len() >= size {
                break;
            }
            let number = CouponNumber::try_from((begin + step * 100) % count).unwrap_or(0);
            if customer.wallet.iter().all(|g| g.coupon != number) {
                customer.wallet.push(granted(number, now));
            }
        }
        Ok(customer.wallet.len())
    }

    /// Selects a store; answers its position and whether the change emptied a cart.
    pub fn select_store(&mut self, user: Uuid, store_id: &str) -> Result<(usize, bool), Refusal> {
        Uuid::parse_str(store_id).map_err(|_| {
            Refusal::Broken(format!(
                "(psycopg2.errors.InvalidTextRepresentation) invalid input syntax for type uuid: \
                 \"{}\" [SQL: SELECT stores.id FROM stores WHERE stores.id = %(id)s]",
                store_id.chars().take(200).collect::<String>()
            ))
        })?;
        let store =
            self.goods.catalog.find_store(store_id).ok_or(Refusal::NotFound("Store not found"))?;
        let customer = self.customer(user)?;
        let is_change = customer.store != Some(store);
        customer.store = Some(store);
        let cleared = is_change && customer.clear_cart().0 > 0;
        Ok((store, cleared))
    }

    /// Refuses a session that another customer's cart write carried.
    pub fn check_session(
        &self,
        user: Uuid,
        session: Option<Uuid>,
        foreign: impl FnOnce(&str) -> Refusal,
    ) -> Result<(), Refusal> {
        match session.and_then(|session| self.sessions.get(&session).map(|owner| (session, owner)))
        {
            Some((session, owner)) if *owner != user => Err(foreign(&session.to_string())),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that a cart write which was done carried this session.
    pub fn carry_session(&mut self, user: Uuid, session: Option<Uuid>) {
        if let Some(session) = session {
            self.sessions.insert(session, user);
        }
    }

    /// Puts units of a product into the cart; answers the line as it is then.
    pub fn add(
        &mut self,
        user: Uuid,
        product_id: &str,
        quantity: u32,
        simulated_at: Option<NaiveDateTime>,
    ) -> Result<Line, Refusal> {
        let no_store = "No store selected. Please select a store first.";
        let store =
            self.customer(user)?.store.ok_or_else(|| Refusal::BadRequest(no_store.to_owned()))?;
        let goods = Arc::clone(&self.goods);
        let position =
            goods.catalog.find(product_id).ok_or(Refusal::NotFound("Product not found"))?;
        let available = self.stock.available(store, position);
        if quantity > available {
            let name = &goods.catalog.products[position].name;
            return Err(Refusal::BadRequest(format!(
                "Insufficient inventory for {name}. Available: {available}, requested: {quantity}"
            )));
        }
        let product = u32::try_from(position)
            .map_err(|_| Refusal::Full("The catalog has more products than a cart can name"))?;
        let unit_price = goods.price_at(position, simulated_at);
        let customer = self.customer(user)?;
        if let Some(line) = customer.cart.iter_mut().find(|l| l.product == product) {
            // Sums are not checked against the stock, as at the shop imitated.
            line.quantity = line.quantity.saturating_add(quantity).min(LINE_QUANTITY_MAX);
            line.unit_price = unit_price;
            return Ok(*line);
        }
        let line = Line { product, quantity, unit_price };
        customer.cart.push(line);
        Ok(line)
    }

    /// Takes all units of a product out of the cart; answers the line as it was.
    pub fn remove(&mut self, user: Uuid, product_id: &str) -> Result<Line, Refusal> {
        let position = self.goods.catalog.find(product_id);
        let customer = self.customer(user)?;
        let is_it = |line: &Line| position == Some(line.product as usize);
        let place = customer.cart.iter().position(is_it);
        let place = place.ok_or(Refusal::NotFound("Product is not in the cart"))?;
        Ok(customer.cart.remove(place))
    }

    /// Units left of a product in a store.
    pub fn available(&self, store: usize, product: usize) -> u32 {
        self.stock.available(store, product)
    }

    /// What the cart costs as it is.
    pub fn priced_cart(&mut self, user: Uuid, faults: &Faults) -> Result<PricedOrder, Refusal> {
        let goods = Arc::clone(&self.goods);
        let has_expired = self.has_expired_wallets(faults);
        let customer = self.customer(user)?;
        let selected = if has_expired { Vec::new() } else { customer.selected() };
        Ok(goods.price(&customer.cart, &selected))
    }

    /// Puts a coupon of the wallet on the cart, eligible or not.
    pub fn apply_coupon(
        &mut self,
        user: Uuid,
        coupon_id: &str,
        faults: &Faults,
    ) -> Result<Granted, Refusal> {
        let number = self.goods.coupon_number(coupon_id);
        let unknown = Refusal::NotFound("Coupon not found in your wallet");
        let has_expired = self.has_expired_wallets(faults);
        let customer = self.customer(user)?;
        let granted = customer
            .wallet
            .iter_mut()
            .find(|granted| Some(granted.coupon) == number)
            .ok_or(unknown)?;
        if has_expired {
            return Err(Refusal::NotFound("Coupon has expired"));
        }
        granted.is_selected = true;
        Ok(*granted)
    }

    /// Makes the wallet exactly these coupons; those held already keep their expiry.
    pub fn grant(
        &mut self,
        user: Uuid,
        coupon_ids: &[&str],
        now: DateTime<Utc>,
    ) -> Result<usize, Refusal> {
        let mut numbers = coupon_ids
            .iter()
            .map(|id| self.goods.coupon_number(id))
            .collect::<Option<Vec<CouponNumber>>>()
            .ok_or(Refusal::NotFound("Coupon not found"))?;
        numbers.sort_unstable();
        numbers.dedup();
        let customer = self.customer(user)?;
        let held = std::mem::take(&mut customer.wallet);
        customer.wallet = numbers
            .into_iter()
            .map(|n| held.iter().find(|g| g.coupon == n).copied().unwrap_or(granted(n, now)))
            .collect();
        Ok(customer.wallet.len())
    }
}

fn granted(coupon: CouponNumber, now: DateTime<Utc>) -> Granted {
    let expires_at = now + TimeDelta::days(COUPON_LIFE_DAYS);
    Granted { coupon, expires_at, is_selected: false }
}
