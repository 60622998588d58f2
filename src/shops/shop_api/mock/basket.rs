//! A cart at the mock and its order, priced by the rules of the practice shop.

use domain::cart::{Cart, CartLine};
use domain::catalog::Product;
use domain::flow::{Order, OrderLine};
use domain::ids::{OrderId, ProductId};
use domain::money::{Amount, Cents};
use domain::offer::Coupon;

use crate::pricing::{LinePrice, PricedLine, PricedOrder, price};

/// Coupons on one cart, at most; later ones are taken but change nothing.
const APPLIED_MAX: usize = 32;

/// One agent's cart with the coupons on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Basket {
    cart: Cart,
    coupons: Vec<Coupon>,
}

impl Basket {
    pub(super) fn cart(&self) -> &Cart {
        &self.cart
    }

    pub(super) fn lines(&self) -> usize {
        self.cart.lines().len()
    }

    pub(super) fn add(&mut self, product: &Product, quantity: u32) {
        self.cart.add(product, quantity, product.price);
    }

    pub(super) fn remove(&mut self, product: &ProductId) -> bool {
        self.cart.remove(product).is_some()
    }

    pub(super) fn apply(&mut self, coupon: &Coupon) {
        let is_on = self.coupons.iter().any(|on| on.id == coupon.id);
        if !is_on && self.coupons.len() < APPLIED_MAX {
            self.coupons.push(coupon.clone());
        }
    }

    pub(super) fn final_total(&self) -> Cents {
        self.priced().final_total
    }

    pub(super) fn into_order(self, id: OrderId) -> Order {
        let priced = self.priced();
        let line = |(line, price): (&CartLine, &LinePrice)| OrderLine {
            product_id: line.product.id.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
            discount: price.discount.into(),
            line_total: price.total.into(),
        };
        let lines = self.cart.lines().iter().zip(&priced.lines).map(line).collect();
        Order {
            id,
            subtotal: priced.subtotal.into(),
            item_discounts: priced.item_discounts.into(),
            frontstore_discount: priced.frontstore_discount.into(),
            discount_total: priced.discount_total.into(),
            charges: Amount::default(),
            final_total: priced.final_total.into(),
            lines,
            coupons: Some(priced.used.into_iter().map(|used| used.coupon).collect()),
            lacks_lines: false,
            misread: None,
        }
    }

    fn priced(&self) -> PricedOrder {
        let eligible = self.coupons.iter().filter(|coupon| coupon.is_eligible_for(&self.cart));
        let eligible: Vec<Coupon> = eligible.cloned().collect();
        let lines: Vec<PricedLine<'_>> = self.cart.lines().iter().map(PricedLine::from).collect();
        price(&lines, &eligible)
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::CouponId;
    use domain::money::Percent;
    use domain::offer::{CouponKind, Discount};

    use super::*;

    fn product(id: &str, category: &str, price: i64) -> Product {
        Product {
            id: ProductId::new(id),
            name: id.to_owned(),
            category: category.to_owned(),
            brand: Some("b".to_owned()),
            price: Cents(price),
            in_stock: true,
            handle: Default::default(),
        }
    }

    fn coupon(id: &str, kind: CouponKind, discount: Discount) -> Coupon {
        let target = Some("c".to_owned());
        let id = CouponId::new(id);
        Coupon { id, kind, target, discount, min_purchase: Cents::ZERO, max_discount: None }
    }

    fn basket() -> Basket {
        let mut basket = Basket::default();
        basket.add(&product("p1", "c", 999), 2);
        basket.add(&product("p2", "d", 500), 1);
        basket
    }

    #[test]
    fn the_sums_of_an_order_agree() {
        let mut basket = basket();
        let half = Discount::PercentOff(Percent(5_000));
        basket.apply(&coupon("x", CouponKind::Category, half));
        basket.apply(&coupon("y", CouponKind::Frontstore, Discount::FixedOff(Cents(300))));
        let total = basket.final_total();
        let order = basket.into_order(OrderId::new("o"));
        assert_eq!(order.subtotal.cents, Cents(2_498));
        assert_eq!(order.item_discounts.cents, Cents(999));
        assert_eq!(order.frontstore_discount.cents, Cents(300));
        assert_eq!(order.final_total.cents, Cents(1_199));
        assert_eq!(order.final_total.cents, total);
        assert_eq!(
            order.lines.iter().map(|line| line.line_total.cents).sum::<Cents>(),
            Cents(1_499)
        );
    }

    #[test]
    fn a_coupon_takes_no_more_than_there_is() {
        for discount in [
            Discount::FixedOff(Cents(i64::MAX)),
            Discount::FixedOff(Cents(-5)),
            Discount::PercentOff(Percent(50_000)),
            Discount::BuyOneGetOne(Percent(i64::MAX)),
            Discount::FreeShipping,
        ] {
            let mut basket = basket();
            basket.apply(&coupon("x", CouponKind::Frontstore, discount));
            let order = basket.into_order(OrderId::new("o"));
            assert!(order.final_total.cents >= Cents::ZERO, "{discount:?}");
            assert!(order.final_total.cents <= order.subtotal.cents, "{discount:?}");
        }
    }
}
