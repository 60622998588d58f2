//! What does not change while the shop is open: catalog, coupons, and what a cart costs.

use std::collections::HashMap;

use crate::prices::Prices;
use crate::pricing::{Grain, PricedLine, PricedOrder, price_in};
use chrono::NaiveDateTime;
use domain::cart::Cart;
use domain::ids::CouponId;
use domain::money::Cents;
use domain::offer::Coupon;
use serde_json::Number;

use super::catalog::PracticeCatalog;

/// A line by the product's position in the catalog: what carts and orders hold, 16 bytes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Position in the catalog.
    pub product: u32,
    /// Units, at least 1.
    pub quantity: u32,
    /// Price of one unit, as it was when the last of them was added.
    pub unit_price: Cents,
}

/// A coupon by its position in the book.
pub(super) type CouponNumber = u16;

/// Catalog and coupons.
#[derive(Debug)]
pub(super) struct Goods {
    pub catalog: PracticeCatalog,
    pub coupons: Vec<Coupon>,
    /// What prices are counted in.
    pub grain: Grain,
    prices: Prices,
    coupon_numbers: HashMap<CouponId, CouponNumber>,
}

impl Goods {
    pub fn new(
        catalog: PracticeCatalog,
        coupons: Vec<Coupon>,
        (grain, prices): (Grain, Prices),
    ) -> Self {
        // A book of more than 65,536 coupons is cut: positions are 16 bits.
        let numbers = 0..=CouponNumber::MAX;
        let coupon_numbers = coupons
            .iter()
            .zip(numbers)
            .map(|(coupon, number)| (coupon.id.clone(), number))
            .collect();
        Self { catalog, coupons, grain, prices, coupon_numbers }
    }

    /// The price of one unit of the product at this position, in this simulated hour.
    pub fn price_at(&self, position: usize, simulated_at: Option<NaiveDateTime>) -> Cents {
        let product = self.catalog.products.get(position);
        product.map_or(Cents::ZERO, |product| self.prices.of(product, simulated_at))
    }

    /// The position of a coupon.
    pub fn coupon_number(&self, id: &str) -> Option<CouponNumber> {
        self.coupon_numbers.get(&CouponId::new(id)).copied()
    }

    /// What these lines cost with these coupons, in the shop's grain.
    pub fn price(&self, lines: &[Line], coupons: &[CouponNumber]) -> PricedOrder {
        let coupons: Vec<Coupon> =
            coupons.iter().filter_map(|n| self.coupon(*n)).cloned().collect();
        let lines: Vec<PricedLine<'_>> = lines
            .iter()
            .filter_map(|line| {
                let product = self.catalog.products.get(line.product as usize)?;
                let (quantity, unit_price) = (line.quantity, line.unit_price);
                Some(PricedLine { product, quantity, unit_price })
            })
            .collect();
        price_in(self.grain, &lines, &coupons)
    }

    /// An amount in the shop's grain, as its answers name it.
    pub fn number(&self, amount: Cents) -> Number {
        let text = if amount == Cents::ZERO { "0".to_owned() } else { self.grain.text(amount) };
        text.parse().unwrap_or_else(|_| Number::from(0))
    }

    /// These lines as a cart that coupons can be checked against.
    pub fn cart(&self, lines: &[Line]) -> Cart {
        let mut cart = Cart::default();
        for line in lines {
            if let Some(product) = self.catalog.products.get(line.product as usize) {
                cart.add(product, line.quantity, line.unit_price);
            }
        }
        cart
    }

    /// The coupon at this position.
    pub fn coupon(&self, number: CouponNumber) -> Option<&Coupon> {
        self.coupons.get(usize::from(number))
    }
}
