//! The shop's own books: every order whole and every cart that is not empty, for whoever compares
//! them with a run's. They live as long as the shop, whatever becomes of its clients.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use uuid::Uuid;

use super::floor::Customer;
use super::floor::checkout::PlacedOrder;
use super::goods::Goods;

/// What the shop has in its books at this moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopBooks {
    /// The last 100,000 orders, oldest first.
    pub orders: Vec<BookedOrder>,
    /// Carts with something in them.
    pub carts: Vec<OpenCart>,
}

/// An order as the shop has it. Amounts are the numbers that its answers name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedOrder {
    /// Its id.
    pub order_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The shopping session that the checkout carried.
    pub session: Option<Uuid>,
    /// The Idempotency-Key that the checkout carried; cartload sends its flow id.
    pub key: Option<String>,
    /// Where.
    pub store_id: String,
    /// When.
    pub placed_at: DateTime<Utc>,
    /// At least one.
    pub lines: Vec<BookedLine>,
    /// The sums.
    pub totals: BookedTotals,
    /// Those that counted, each once.
    pub coupons: Vec<BookedCoupon>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedLine {
    /// Which product.
    pub product_id: String,
    /// Units.
    pub quantity: u32,
    /// Of one unit.
    pub unit_price: Number,
    /// Off this line.
    pub discount: Number,
    /// To pay for it.
    pub total: Number,
    /// The coupon that gave the discount.
    pub coupon_id: Option<String>,
}

/// The five sums of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedTotals {
    /// Before discounts.
    pub subtotal: Number,
    /// Off the lines.
    pub item_discounts: Number,
    /// Off the rest.
    pub frontstore_discount: Number,
    /// Both.
    pub discount_total: Number,
    /// To pay.
    pub final_total: Number,
}

/// A coupon that counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedCoupon {
    /// Which.
    pub coupon_id: String,
    /// Off the whole order; 0 for free shipping.
    pub discount: Number,
}

/// A cart with something in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCart {
    /// Whose.
    pub user_id: Uuid,
    /// Lines in it.
    pub lines: usize,
    /// Coupons on it.
    pub coupons: usize,
}

/// The order as it is booked.
pub(super) fn booked(goods: &Goods, order: &PlacedOrder) -> BookedOrder {
    let priced = order.price(goods);
    let number = |amount| goods.number(amount);
    let lines = order.lines.iter().zip(&priced.lines).map(|(line, price)| {
        let product = goods.catalog.products.get(line.product as usize);
        BookedLine {
            product_id: product.map(|p| p.id.as_str().to_owned()).unwrap_or_default(),
            quantity: line.quantity,
            unit_price: super::wire::number(line.unit_price),
            discount: number(price.discount),
            total: number(price.total),
            coupon_id: price.coupon.as_ref().map(|id| id.as_str().to_owned()),
        }
    });
    let coupons = priced.used.iter().map(|used| BookedCoupon {
        coupon_id: used.coupon.as_str().to_owned(),
        discount: number(used.discount),
    });
    let store = goods.catalog.stores.get(order.store);
    BookedOrder {
        order_id: order.id,
        user_id: order.user,
        session: order.session,
        key: order.key.as_deref().map(str::to_owned),
        store_id: store.map(|s| s.id.as_str().to_owned()).unwrap_or_default(),
        placed_at: order.placed_at,
        lines: lines.collect(),
        totals: BookedTotals {
            subtotal: number(priced.subtotal),
            item_discounts: number(priced.item_discounts),
            frontstore_discount: number(priced.frontstore_discount),
            discount_total: number(priced.discount_total),
            final_total: number(priced.final_total),
        },
        coupons: coupons.collect(),
    }
}

/// The cart of a customer, unless nothing is in it.
pub(super) fn open_cart(user_id: Uuid, customer: &Customer) -> Option<OpenCart> {
    let (lines, coupons) = (customer.cart.len(), customer.selected().len());
    (lines + coupons > 0).then_some(OpenCart { user_id, lines, coupons })
}
