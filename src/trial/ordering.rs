//! A coupon on the cart, the order, and what the shop shows of it afterwards.

use actors::domain::flow::Order;
use actors::domain::offer::Coupon;
use actors::ports::shop_api::{ApiErrorKind, ShopCall, ShopReply, WalletMode};

use super::bill::Bill;
use super::told::failed;
use super::visit::{Away, Visit};

/// Coupons that are handed over.
const GRANTED_MAX: usize = 8;
/// Orders asked for in a list.
const ORDERS_ASKED: u32 = 5;

pub(super) async fn use_a_coupon(visit: &mut Visit<'_>) -> Result<(), Away> {
    let coupon = match visit.traits.wallet {
        WalletMode::None => return Ok(()),
        WalletMode::Codes => visit.asked.coupons.first().cloned(),
        WalletMode::Shop => coupon_of_the_wallet(visit).await?,
        WalletMode::Engine => {
            let (fit, others): (Vec<&Coupon>, Vec<&Coupon>) =
                visit.asked.coupons.iter().partition(|coupon| coupon.is_eligible_for(&visit.cart));
            let coupons = fit.into_iter().chain(others).take(GRANTED_MAX);
            let coupons = coupons.map(|coupon| coupon.id.clone()).collect();
            visit.expect(ShopCall::GrantWallet { coupons }).await?;
            coupon_of_the_wallet(visit).await?
        }
    };
    let Some(coupon) = coupon else {
        let says = match visit.traits.wallet {
            WalletMode::Codes => "no code is known: name a file with some by --coupons",
            WalletMode::Engine | WalletMode::Shop | WalletMode::None => {
                "the wallet has none for this cart"
            }
        };
        visit.note(format!("no coupon was applied: {says}"));
        return Ok(());
    };
    let (id, gives) = (coupon.id.clone(), coupon.estimated_discount(&visit.cart));
    match visit.ask(ShopCall::ApplyCoupon { coupon: coupon.id }).await? {
        Ok(_) => {
            visit.report.coupon = Some(id.to_string());
            visit.gives = Some(gives);
        }
        Err(error) if matches!(error.kind, ApiErrorKind::Refused(_)) => {
            visit.note(format!("the shop does not take the coupon {id}: {}", failed(&error)));
        }
        Err(error) => visit.problem(&error),
    }
    Ok(())
}

async fn coupon_of_the_wallet(visit: &mut Visit<'_>) -> Result<Option<Coupon>, Away> {
    let Some(ShopReply::Coupons { eligible, .. }) = visit.expect(ShopCall::EligibleCoupons).await?
    else {
        return Ok(None);
    };
    let fits = |coupon: &&Coupon| coupon.is_eligible_for(&visit.cart);
    Ok(eligible.iter().map(|shown| &shown.coupon).find(fits).cloned())
}

pub(super) async fn order(visit: &mut Visit<'_>) -> Result<(), Away> {
    visit.is_ordering = true;
    let answered = visit.ask(ShopCall::Checkout).await?;
    visit.is_ordering = false;
    match answered {
        Ok(ShopReply::OrderPlaced(order)) => {
            visit.ordered(&order);
            reckon(visit, &order);
            read_back(visit, &order).await?;
            visit.second_checkout(&order).await
        }
        Ok(_) => {
            visit.trouble("checkout: it was answered, and no order is in the answer".to_owned());
            Ok(())
        }
        Err(error) => {
            visit.problem(&error);
            if error.sent_at.is_some() && error.may_place_order() && !error.is_answer() {
                let says = "its answer was lost, and an order may stand: look for it";
                visit.note(format!("checkout: {says}"));
            }
            Ok(())
        }
    }
}

fn reckon(visit: &mut Visit<'_>, order: &Order) {
    let bill = Bill::of(order, &visit.cart, visit.profile.answers.order.as_ref());
    visit.tell("");
    visit.tell(&bill.text());
    visit.tell("");
    if !bill.agrees {
        let by = &bill.differs_by;
        visit.trouble(format!(
            "checkout: the order does not add up, by {by}: is all that comes on top named in \
             `answers.order.charges`, and what is taken off?"
        ));
    }
    let put_in: Vec<(String, u32)> =
        visit.cart.lines().iter().map(|l| (l.product.id.to_string(), l.quantity)).collect();
    let came: Vec<(String, u32)> =
        bill.lines.iter().map(|line| (line.product.clone(), line.quantity)).collect();
    if put_in != came {
        visit.trouble(format!("checkout: {put_in:?} was put in, {came:?} was ordered"));
    }
    let is_off = order.discount_total.cents.0 != 0 || bill.discount.amount != "0.00";
    let off = bill.discount.amount.clone();
    if let Some(gives) = visit.gives.filter(|gives| gives.to_string() != off) {
        visit.note(format!("the coupon gives {gives} as it is defined here; {off} was taken off"));
    }
    if is_off && visit.report.coupon.is_none() {
        visit.note(format!(
            "{off} was taken off though no coupon was: a promotion of the shop's, or \
             `charges` and `lines` of `answers.order` are not what they should be"
        ));
    }
    let worth = visit.cart.total().to_string();
    if bill.subtotal.amount != worth {
        let subtotal = &bill.subtotal.amount;
        visit.note(format!("the cart was worth {worth}, the order's subtotal is {subtotal}"));
    }
    visit.report.order = Some(bill);
}

/// What the shop shows of the order afterwards.
async fn read_back(visit: &mut Visit<'_>, order: &Order) -> Result<(), Away> {
    let reads = visit.traits.orders;
    let id = &order.id;
    if reads.finds {
        let refs = visit.door.refs.clone();
        match visit.expect(ShopCall::FindOrder { refs }).await? {
            Some(ShopReply::OrderFound(Some(found))) if found.id == *id => {}
            Some(ShopReply::OrderFound(found)) => {
                let found = found.map_or("none".to_owned(), |found| found.id.to_string());
                visit.trouble(format!("find_order: {id} was placed, {found} is found"));
            }
            Some(_) | None => {}
        }
    }
    if reads.lists
        && let Some(ShopReply::LatestOrders { orders, .. }) =
            visit.expect(ShopCall::LatestOrders { most: ORDERS_ASKED }).await?
    {
        let flow = visit.door.flow().map(|flow| flow.to_string());
        match orders.iter().find(|listed| listed.id == *id) {
            None => visit.trouble(format!("latest_order: {id} is not in the list")),
            Some(listed) if reads.names_flows && listed.flow != flow => {
                visit.trouble(format!("latest_order: {id} does not name its {{flow_id}}"));
            }
            Some(_) => {}
        }
    }
    if reads.shows_one
        && let Some(ShopReply::OrderShown(shown)) =
            visit.expect(ShopCall::ReadOrder { order: id.clone() }).await?
        && (shown.id != *id || shown.final_total.cents != order.final_total.cents)
    {
        let (other, total) = (&shown.id, shown.final_total.cents);
        visit.trouble(format!("read_order: {id} was placed, {other} of {total} is shown"));
    }
    Ok(())
}
