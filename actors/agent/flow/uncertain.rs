//! A checkout whose answer was lost: the shop's own reads decide whether the order was placed.
//!
//! Items gone from the cart = the order was placed, and the newest order is it. A client that hangs
//! up does not stop the shop, so a cart that still holds items is asked for again before it counts.

use std::time::Duration;

use super::Visit;
use crate::agent::calls::CallStop;
use crate::agent::draft::FlowEnding;
use crate::agent::temporal::VisitClock;
use crate::domain::flow::{EndReason, FlowStatus, Order, OrderLine};
use crate::domain::money::Cents;
use crate::ports::shop_api::{ApiErrorKind, PlacedOrder, ShopCall, ShopReply};

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
    pub(super) async fn settle_checkout(&mut self, cause: String) -> Result<FlowEnding, CallStop> {
        let reason = match self.find_order().await? {
            Found::Placed(placed) => {
                let at = self.moment(VisitClock::checkout);
                self.with(|d| {
                    let order = reconstructed(d.cart.lines(), placed);
                    d.ordered(order, at);
                });
                return Ok(FlowEnding::done(FlowStatus::Completed));
            }
            Found::NotPlaced => EndReason::CheckoutFailed,
            Found::Unknown => EndReason::CheckoutUnknown,
        };
        let at = self.moment(VisitClock::checkout);
        self.with(|d| d.checkout_failed(reason.as_str(), false, at));
        // Cleared now if the shop lets us, else before the next flow: the row stays dirty (Q5.4).
        match self.clear_cart().await {
            Ok(()) | Err(CallStop::Api(_) | CallStop::SessionGone | CallStop::SessionDown) => {}
            Err(stop @ CallStop::NoPermit(_)) => return Err(stop),
        }
        Ok(FlowEnding::failed(reason, cause))
    }

    /// Only the lack of a permit stops the look; a read that fails leaves it unknown.
    async fn find_order(&mut self) -> Result<Found, CallStop> {
        for wait in LOOKS_AFTER {
            tokio::time::sleep(wait).await;
            match self.ask(ShopCall::ReadCart).await {
                Ok(ShopReply::Cart { items: 0 }) => {
                    return match self.ask(ShopCall::LatestOrder).await {
                        Ok(ShopReply::LatestOrder(Some(placed))) => Ok(Found::Placed(placed)),
                        Err(stop @ CallStop::NoPermit(_)) => Err(stop),
                        Ok(_) | Err(_) => Ok(Found::Unknown),
                    };
                }
                Ok(ShopReply::Cart { .. }) => {}
                Err(stop @ CallStop::NoPermit(_)) => return Err(stop),
                Ok(_) | Err(_) => return Ok(Found::Unknown),
            }
        }
        Ok(Found::NotPlaced)
    }
}

/// Whether the shop may have placed the order although it was not answered well.
pub(super) fn may_be_placed(kind: &ApiErrorKind) -> bool {
    match kind {
        ApiErrorKind::CallTimeout
        | ApiErrorKind::Disconnected
        | ApiErrorKind::BodyTruncated
        | ApiErrorKind::BodyTooLarge
        | ApiErrorKind::Unparsable { .. }
        | ApiErrorKind::ServerError(_)
        | ApiErrorKind::EdgeDown(_) => true,
        ApiErrorKind::PermitExpired
        | ApiErrorKind::Refused(_)
        | ApiErrorKind::RateLimited { .. }
        | ApiErrorKind::Unauthorized(_)
        | ApiErrorKind::Invalid(_)
        | ApiErrorKind::UnexpectedStatus(_)
        | ApiErrorKind::ConnectRefused
        | ApiErrorKind::ConnectTimeout
        | ApiErrorKind::Dns
        | ApiErrorKind::Tls => false,
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
