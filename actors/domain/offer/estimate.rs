//! What one coupon alone would take off a cart: a shopper's estimate, to choose between coupons.
//!
//! The shop's own pricing ([`super::super::pricing`]) combines coupons and decides what is paid.

use super::{Coupon, CouponKind, Discount};
use crate::cart::Cart;
use crate::catalog::Product;
use crate::money::{Cents, Percent};

impl Coupon {
    /// What this coupon alone would take off: of the matching lines, for frontstore of the total.
    /// Zero where it is not eligible; never more than what it is taken off.
    pub fn estimated_discount(&self, cart: &Cart) -> Cents {
        if !self.is_eligible_for(cart) {
            return Cents::ZERO;
        }
        let amount = self.matched(cart);
        let off = match self.discount {
            Discount::PercentOff(percent) => {
                let off = amount.percent(percent);
                self.max_discount.map_or(off, |max| off.min(max))
            }
            Discount::FixedOff(value) => value,
            Discount::BuyOneGetOne(percent) => half_of_percent(amount, percent),
            Discount::FreeShipping => Cents::ZERO,
        };
        off.min(amount).at_least_zero()
    }

    /// The part of the worth of what it is for that this coupon alone would take off, 0-1.
    pub fn depth(&self, cart: &Cart) -> f64 {
        let amount = self.matched(cart).as_dollars();
        if amount > 0.0 { self.estimated_discount(cart).as_dollars() / amount } else { 0.0 }
    }

    /// What the lines that it is for are worth.
    fn matched(&self, cart: &Cart) -> Cents {
        let lines = cart.lines().iter().filter(|line| self.is_for(&line.product));
        lines.map(|line| line.unit_price.times(line.quantity)).sum()
    }

    /// Whether it takes something off this product.
    pub fn is_for(&self, product: &Product) -> bool {
        match self.kind {
            CouponKind::Frontstore => true,
            CouponKind::Category => self.target.as_deref() == Some(product.category.as_str()),
            CouponKind::Brand => self.target.is_some() && self.target == product.brand,
        }
    }
}

/// amount / 2 x percent, rounded half up once.
fn half_of_percent(amount: Cents, percent: Percent) -> Cents {
    let scaled = i128::from(amount.0) * i128::from(percent.0);
    Cents(i64::try_from((scaled + 10_000).div_euclid(20_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CouponId, ProductId};

    fn cart() -> Cart {
        let product = |id: &str, category: &str, brand: Option<&str>, cents| Product {
            id: ProductId::new(id),
            name: id.to_owned(),
            category: category.to_owned(),
            brand: brand.map(str::to_owned),
            price: Cents(cents),
            in_stock: true,
            handle: Default::default(),
        };
        let mut cart = Cart::default();
        cart.add(&product("a", "Dairy", Some("Oak"), 333), 2, Cents(333));
        cart.add(&product("b", "Bakery", Some("Oak"), 1_000), 1, Cents(1_000));
        cart.add(&product("c", "Dairy", None, 499), 1, Cents(499));
        cart
    }

    fn coupon(kind: CouponKind, target: Option<&str>, discount: Discount) -> Coupon {
        Coupon {
            id: CouponId::new("x"),
            kind,
            target: target.map(str::to_owned),
            discount,
            min_purchase: Cents::ZERO,
            max_discount: None,
        }
    }

    #[test]
    fn a_percentage_is_taken_off_the_matching_lines_and_capped() {
        let ten = Discount::PercentOff(Percent(1_000));
        let category = coupon(CouponKind::Category, Some("Dairy"), ten);
        assert_eq!(category.estimated_discount(&cart()), Cents(117)); // of 11.65
        assert!((category.depth(&cart()) - 0.1).abs() < 0.001);
        let elsewhere = coupon(CouponKind::Category, Some("Bakery goods"), ten);
        assert_eq!(elsewhere.depth(&cart()), 0.0);
        let brand = coupon(CouponKind::Brand, Some("Oak"), ten);
        assert_eq!(brand.estimated_discount(&cart()), Cents(167)); // of 16.66
        let mut all = coupon(CouponKind::Frontstore, None, ten);
        assert_eq!(all.estimated_discount(&cart()), Cents(217)); // of 21.65
        all.max_discount = Some(Cents(200));
        assert_eq!(all.estimated_discount(&cart()), Cents(200));
    }

    #[test]
    fn a_fixed_amount_is_never_more_than_what_it_is_taken_off() {
        let fixed = |value| Discount::FixedOff(Cents(value));
        let bakery = |value| coupon(CouponKind::Category, Some("Bakery"), fixed(value));
        assert_eq!(bakery(1_000).estimated_discount(&cart()), Cents(1_000));
        assert_eq!(bakery(1_001).estimated_discount(&cart()), Cents(1_000));
        assert_eq!(bakery(-5).estimated_discount(&cart()), Cents::ZERO);
    }

    #[test]
    fn bogo_takes_the_percentage_of_half_and_free_shipping_takes_nothing() {
        let bogo = Discount::BuyOneGetOne(Percent(10_000));
        let dairy = coupon(CouponKind::Category, Some("Dairy"), bogo);
        assert_eq!(dairy.estimated_discount(&cart()), Cents(583)); // half of 11.65, half up
        let shipping = coupon(CouponKind::Frontstore, None, Discount::FreeShipping);
        assert_eq!(shipping.estimated_discount(&cart()), Cents::ZERO);
    }

    #[test]
    fn an_ineligible_coupon_is_worth_nothing() {
        let fixed = Discount::FixedOff(Cents(100));
        let mut all = coupon(CouponKind::Frontstore, None, fixed);
        all.min_purchase = Cents(2_165);
        assert_eq!(all.estimated_discount(&cart()), Cents(100));
        all.min_purchase = Cents(2_166);
        assert_eq!(all.estimated_discount(&cart()), Cents::ZERO);
        let pet = coupon(CouponKind::Category, Some("Pet"), fixed);
        assert_eq!(pet.estimated_discount(&cart()), Cents::ZERO);
        let nameless = coupon(CouponKind::Brand, None, fixed);
        assert_eq!(nameless.estimated_discount(&cart()), Cents::ZERO);
    }
}
