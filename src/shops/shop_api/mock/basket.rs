//! A cart at the mock and its order: the subtotal less the one best coupon that was applied. The
//! shops' own pricing is richer; what matters here is that the sums agree.

use domain::cart::Cart;
use domain::catalog::Product;
use domain::flow::{Order, OrderLine};
use domain::ids::OrderId;
use domain::money::Cents;
use domain::offer::{Coupon, CouponKind, Discount};

/// Coupons on one cart, at most; later ones are taken but change nothing.
const APPLIED_MAX: usize = 32;

/// One agent's cart with the coupons on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Basket {
    cart: Cart,
    coupons: Vec<Coupon>,
}

/// What the best coupon takes off: line by line, or off the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reduction {
    lines: Vec<Cents>,
    frontstore: Cents,
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

    pub(super) fn apply(&mut self, coupon: &Coupon) {
        let is_on = self.coupons.iter().any(|on| on.id == coupon.id);
        if !is_on && self.coupons.len() < APPLIED_MAX {
            self.coupons.push(coupon.clone());
        }
    }

    pub(super) fn final_total(&self) -> Cents {
        (self.cart.total() - self.best_reduction().total()).at_least_zero()
    }

    pub(super) fn into_order(self, id: OrderId) -> Order {
        let reduction = self.best_reduction();
        let lines: Vec<OrderLine> = self
            .cart
            .lines()
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let discount = reduction.lines.get(index).copied().unwrap_or_default();
                OrderLine {
                    product_id: line.product.id.clone(),
                    quantity: line.quantity,
                    unit_price: line.unit_price,
                    discount,
                    line_total: line.unit_price.times(line.quantity) - discount,
                }
            })
            .collect();
        let subtotal = self.cart.total();
        let item_discounts = lines.iter().map(|line| line.discount).sum();
        Order {
            id,
            subtotal,
            item_discounts,
            frontstore_discount: reduction.frontstore,
            discount_total: reduction.total(),
            final_total: subtotal - reduction.total(),
            lines,
            coupons: None,
        }
    }

    fn best_reduction(&self) -> Reduction {
        let eligible = self.coupons.iter().filter(|coupon| coupon.is_eligible_for(&self.cart));
        eligible
            .map(|coupon| self.reduction_by(coupon))
            .max_by_key(Reduction::total)
            .unwrap_or_default()
    }

    fn reduction_by(&self, coupon: &Coupon) -> Reduction {
        let target = coupon.target.as_deref();
        let mut left = Allowance::of(coupon);
        if coupon.kind == CouponKind::Frontstore {
            return Reduction { lines: Vec::new(), frontstore: left.take(self.cart.total()) };
        }
        let lines = self.cart.lines().iter().map(|line| {
            let is_meant = match coupon.kind {
                CouponKind::Category => target == Some(line.product.category.as_str()),
                CouponKind::Brand => target.is_some() && target == line.product.brand.as_deref(),
                CouponKind::Frontstore => false,
            };
            let amount = line.unit_price.times(line.quantity);
            if is_meant { left.take(amount) } else { Cents::ZERO }
        });
        Reduction { lines: lines.collect(), frontstore: Cents::ZERO }
    }
}

impl Reduction {
    fn total(&self) -> Cents {
        self.lines.iter().copied().sum::<Cents>() + self.frontstore
    }
}

/// What a coupon may still take off.
struct Allowance {
    discount: Discount,
    left: Cents,
}

impl Allowance {
    fn of(coupon: &Coupon) -> Self {
        let bound = coupon.max_discount.unwrap_or(Cents(i64::MAX));
        let left = match coupon.discount {
            Discount::FixedOff(value) => value.min(bound),
            Discount::PercentOff(_) | Discount::BuyOneGetOne(_) => bound,
            Discount::FreeShipping => Cents::ZERO,
        };
        Self { discount: coupon.discount, left }
    }

    /// Takes it off `amount`: never more than the amount, never more than is left.
    fn take(&mut self, amount: Cents) -> Cents {
        let wished = match self.discount {
            Discount::PercentOff(percent) => amount.percent(percent),
            Discount::FixedOff(_) => amount,
            Discount::BuyOneGetOne(percent) => Cents(amount.0 / 2).percent(percent),
            Discount::FreeShipping => Cents::ZERO,
        };
        let taken = wished.min(amount).min(self.left).at_least_zero();
        self.left -= taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{CouponId, ProductId};
    use domain::money::Percent;

    use super::*;

    fn product(id: &str, category: &str, price: i64) -> Product {
        Product {
            id: ProductId::new(id),
            name: id.to_owned(),
            category: category.to_owned(),
            brand: Some("b".to_owned()),
            price: Cents(price),
            in_stock: true,
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
        assert_eq!(order.subtotal, Cents(2_498));
        assert_eq!(order.item_discounts, Cents(999));
        assert_eq!(order.frontstore_discount, Cents::ZERO);
        assert_eq!(order.final_total, Cents(1_499));
        assert_eq!(order.final_total, total);
        assert_eq!(order.lines.iter().map(|line| line.line_total).sum::<Cents>(), Cents(1_499));
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
            assert!(order.final_total >= Cents::ZERO, "{discount:?}");
            assert!(order.final_total <= order.subtotal, "{discount:?}");
        }
    }

    #[test]
    fn the_bound_of_a_discount_holds_over_all_lines() {
        let mut basket = basket();
        basket.add(&product("p3", "c", 1_000), 1);
        let half = Discount::PercentOff(Percent(5_000));
        let bounded =
            Coupon { max_discount: Some(Cents(1_200)), ..coupon("x", CouponKind::Category, half) };
        basket.apply(&bounded);
        let order = basket.into_order(OrderId::new("o"));
        assert_eq!(order.item_discounts, Cents(1_200));
    }
}
