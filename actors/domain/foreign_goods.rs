//! Goods in an order that its flow did not put in: what an earlier visit left in the cart, or what
//! the shop added by itself.

use super::cart::Cart;
use super::flow::Order;
use super::ids::{FlowId, OrderId, ProductId};

/// What an order has beyond the cart that was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignGoods {
    /// The order.
    pub order_id: OrderId,
    /// The flow that ordered.
    pub flow_id: FlowId,
    /// Each product once, with the units beyond those put in.
    pub units: Vec<(ProductId, u32)>,
}

impl ForeignGoods {
    /// What `order` has beyond `cart`; `None` where it has nothing.
    pub fn of(order: &Order, cart: &Cart, flow_id: FlowId) -> Option<Self> {
        let mut units: Vec<(ProductId, u32)> = Vec::new();
        for line in &order.lines {
            match units.iter_mut().find(|(product, _)| *product == line.product_id) {
                Some((_, ordered)) => *ordered = ordered.saturating_add(line.quantity),
                None => units.push((line.product_id.clone(), line.quantity)),
            }
        }
        for (product, ordered) in &mut units {
            let own = cart.lines().iter().find(|line| line.product.id == *product);
            *ordered = ordered.saturating_sub(own.map_or(0, |line| line.quantity));
        }
        units.retain(|(_, beyond)| *beyond > 0);
        let order_id = order.id.clone();
        (!units.is_empty()).then_some(Self { order_id, flow_id, units })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::catalog::Product;
    use crate::flow::OrderLine;
    use crate::money::Cents;

    fn beyond(cart: &[(&str, u32)], order: &[(&str, u32)]) -> Vec<(String, u32)> {
        let mut own = Cart::default();
        for (id, quantity) in cart {
            let product = Product {
                id: ProductId::new(*id),
                name: String::new(),
                category: String::new(),
                brand: None,
                price: Cents(100),
                in_stock: true,
                handle: Default::default(),
            };
            own.add(&product, *quantity, Cents(100));
        }
        let line = |(id, quantity): &(&str, u32)| OrderLine {
            product_id: ProductId::new(*id),
            quantity: *quantity,
            unit_price: Cents(100).into(),
            discount: Cents::ZERO.into(),
            line_total: Cents(100).into(),
        };
        let order = Order {
            id: OrderId::new("o"),
            subtotal: Cents::ZERO.into(),
            item_discounts: Cents::ZERO.into(),
            frontstore_discount: Cents::ZERO.into(),
            discount_total: Cents::ZERO.into(),
            final_total: Cents::ZERO.into(),
            lines: order.iter().map(line).collect(),
            charges: Cents::ZERO.into(),
            coupons: None,
            lacks_lines: false,
            misread: None,
        };
        let found = ForeignGoods::of(&order, &own, FlowId(Uuid::nil()));
        let units = found.map(|found| found.units).unwrap_or_default();
        units.into_iter().map(|(product, n)| (product.as_str().to_owned(), n)).collect()
    }

    #[test]
    fn what_was_put_in_is_not_foreign_however_the_shop_splits_its_lines() {
        assert_eq!(beyond(&[("milk", 3), ("salt", 1)], &[("milk", 1), ("milk", 2)]), []);
        assert_eq!(beyond(&[], &[]), []);
    }

    #[test]
    fn a_product_nobody_put_in_and_units_beyond_those_put_in_are_foreign() {
        let found = beyond(&[("milk", 1)], &[("milk", 1), ("eel", 2), ("milk", 1)]);
        assert_eq!(found, [("milk".to_owned(), 1), ("eel".to_owned(), 2)]);
    }
}
