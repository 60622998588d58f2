//! A checkout whose answer was lost: the shop's own reads decide whether the order was placed.
//!
//! Items gone from the cart = the order was placed, and the newest order is it. A client that hangs
//! up does not stop the shop, so a cart that still holds items is asked for again before it counts.
//! Where nothing can be read, as over a session that is down or in a run that is frozen, the row
//! says `checkout_unknown`: no order may be left at the shop that no row admits.

use std::time::Duration;

use super::Visit;
use crate::agent::draft::FlowEnding;
use crate::agent::temporal::VisitClock;
use crate::domain::flow::{EndReason, FlowStatus, Order, OrderLine};
use crate::domain::money::Cents;
use crate::ports::shop_api::{PlacedOrder, ShopCall, ShopReply};

/// Waits between looks at the cart: a slow shop may still be at work on the order.
const LOOKS_AFTER: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// What the shop's reads say.
enum Found {
    /// The order was placed.
    Placed(PlacedOrder),
    /// It was not: the items are still in the cart.
    NotPlaced,
    /// They do not say.
    Unknown,
}

impl Visit {
    /// Ends a checkout that was sent and not answered well, which failed with `cause`.
    pub(super) async fn settle_checkout(&mut self, cause: String) -> FlowEnding {
        let reason = match self.find_order().await {
            Found::Placed(placed) => {
                let at = self.moment(VisitClock::checkout);
                self.with(|d| {
                    let order = reconstructed(d.cart.lines(), placed);
                    d.ordered(order, at);
                });
                return FlowEnding::done(FlowStatus::Completed);
            }
            Found::NotPlaced => EndReason::CheckoutFailed,
            Found::Unknown => EndReason::CheckoutUnknown,
        };
        let at = self.moment(VisitClock::checkout);
        self.with(|d| d.checkout_failed(reason.as_str(), false, at));
        // Cleared now if the shop lets us, else before the next flow: the row stays dirty (Q5.4).
        drop(self.clear_cart().await);
        FlowEnding::failed(reason, cause)
    }

    /// A read that fails, or cannot be made, leaves it unknown.
    async fn find_order(&mut self) -> Found {
        for wait in LOOKS_AFTER {
            tokio::time::sleep(wait).await;
            match self.ask(ShopCall::ReadCart).await {
                Ok(ShopReply::Cart { items: 0 }) => {
                    return match self.ask(ShopCall::LatestOrder).await {
                        Ok(ShopReply::LatestOrder(Some(placed))) => Found::Placed(placed),
                        Ok(_) | Err(_) => Found::Unknown,
                    };
                }
                Ok(ShopReply::Cart { .. }) => {}
                Ok(_) | Err(_) => return Found::Unknown,
            }
        }
        Found::NotPlaced
    }
}

/// The order as far as it is known: the shop's total over the agent's own cart, the whole discount
/// as one on the front of the store.
fn reconstructed(cart: &[crate::domain::cart::CartLine], placed: PlacedOrder) -> Order {
    let lines: Vec<OrderLine> = cart
        .iter()
        .map(|line| OrderLine {
            product_id: line.product.id.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: Cents::ZERO,
            line_total: line.unit_price.times(line.quantity),
        })
        .collect();
    let subtotal: Cents = lines.iter().map(|line| line.line_total).sum();
    let final_total = placed.final_total.unwrap_or(subtotal);
    let discount = (subtotal - final_total).at_least_zero();
    Order {
        id: placed.id,
        subtotal,
        item_discounts: Cents::ZERO,
        frontstore_discount: discount,
        discount_total: discount,
        final_total,
        lines,
        coupons: None,
    }
}
