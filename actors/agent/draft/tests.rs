//! What a draft writes down, and how many times a coupon of it is used.

use uuid::Uuid;

use super::*;
use crate::domain::cycle::{Cycle, ReplayNumber};
use crate::domain::ids::{
    AgentId, FlowId, Incarnation, OrderId, OwnerToken, ProductId, RunId, SessionId,
};
use crate::domain::money::{Amount, Percent};
use crate::domain::offer::{CouponKind, Discount};

fn draft() -> Draft {
    let simulated_at = chrono::DateTime::UNIX_EPOCH.naive_utc();
    let key = FlowKey {
        flow_id: FlowId(Uuid::nil()),
        run_id: RunId(Uuid::nil()),
        owner: OwnerToken(Uuid::nil()),
        cycle: Cycle(0),
        replay: ReplayNumber::ORIGINAL,
        agent_id: AgentId::new("agent_001"),
        cohort: None,
        http_session: SessionId(0),
        incarnation: Incarnation(0),
        resumes: ReplayNumber::ORIGINAL,
        simulated_at,
        opened_at: simulated_at,
    };
    Draft::new(key, ShopCart::Unknown)
}

fn redeemed(counted: Option<&[&str]>) -> Vec<String> {
    let of = |(id, discount): (&str, Discount)| (CouponId::new(id), discount);
    let applied =
        [("meat", Discount::FixedOff(Cents(10))), ("free shipping", Discount::FreeShipping)];
    let record = bought(applied.map(of), counted, Cents(10), CouponUse::SingleUse);
    let redeemed = record.coupons.iter().filter(|c| c.step == CouponStep::Redeemed);
    redeemed.map(|c| c.coupon_id.as_str().to_owned()).collect()
}

/// What is recorded of an order with these coupons on the cart, of which the shop says that some
/// counted.
fn bought(
    applied: [(CouponId, Discount); 2],
    counted: Option<&[&str]>,
    discount: Cents,
    coupon_use: CouponUse,
) -> FlowRecord {
    let mut draft = draft();
    draft.coupon_use = coupon_use;
    let instant = draft.simulated_now();
    let at = Moment { simulated: instant, recorded: instant };
    for (id, taken_off) in applied {
        let coupon = Coupon {
            id,
            kind: CouponKind::Category,
            target: None,
            discount: taken_off,
            min_purchase: Cents::ZERO,
            max_discount: None,
        };
        draft.coupon_applied(&coupon, at);
    }
    let order = Order {
        id: OrderId::new("o-1"),
        subtotal: Cents(100).into(),
        item_discounts: discount.into(),
        frontstore_discount: Amount::default(),
        discount_total: discount.into(),
        charges: Amount::default(),
        final_total: (Cents(100) - discount).into(),
        lines: Vec::new(),
        lacks_lines: false,
        misread: None,
        coupons: counted.map(|ids| ids.iter().map(|id| CouponId::new(*id)).collect()),
    };
    draft.ordered(order, at);
    draft.finish(FlowEnding::done(FlowStatus::Completed), instant)
}

fn product() -> Product {
    Product {
        id: ProductId::new("milk"),
        name: "Milk".to_owned(),
        category: "dairy".to_owned(),
        brand: None,
        price: Cents(120),
        in_stock: true,
        handle: Default::default(),
    }
}

#[test]
fn a_payload_is_written_under_the_names_that_released_data_has() {
    let mut draft = draft();
    let instant = draft.simulated_now();
    let at = Moment { simulated: instant, recorded: instant };
    draft.listed(None, Shown { products: &[product()], priced: false }, at);
    draft.viewed(&product(), true, at);
    draft.added(&product(), 2, Cents(110), at);
    draft.add_refused(&product(), 1, "stock", at);
    draft.saw_coupons(&[], &[], at);
    draft.checkout_failed("cart_empty", true, at);
    draft.left_cart(EndReason::Refused, at);
    let record = draft.finish(FlowEnding::abandoned(EndReason::Refused), instant);
    let written: Vec<String> =
        record.events.iter().map(|e| format!("{} {}", e.kind, e.payload)).collect();
    let expected = [
        r#"product_list {"category":null,"product_ids":["milk"]}"#,
        r#"view_product {"brand":null,"called":true,"category":"dairy","price_cents":120}"#,
        concat!(
            r#"cart_add_item {"accepted":true,"cart_total_cents":220,"#,
            r#""quantity":2,"unit_price_cents":110}"#
        ),
        concat!(
            r#"cart_add_item {"accepted":false,"cart_total_cents":220,"#,
            r#""quantity":1,"reason":"stock","unit_price_cents":120}"#
        ),
        r#"view_coupons {"eligible_coupon_ids":[],"ineligible_coupon_ids":[]}"#,
        r#"checkout_failed {"reason":"cart_empty","refused":true}"#,
        r#"cart_abandon {"cart_total_cents":220,"reason":"refused"}"#,
    ];
    assert_eq!(written, expected);
}

#[test]
fn where_the_shop_does_not_say_which_counted_a_coupon_that_gave_nothing_did_not() {
    let redeemed = |discount: Cents, coupon_use| {
        let off = (CouponId::new("meat"), Discount::PercentOff(Percent(500)));
        let free = (CouponId::new("free shipping"), Discount::FreeShipping);
        let record = bought([off, free], None, discount, coupon_use);
        let redeemed = record.coupons.into_iter().filter(|c| c.step == CouponStep::Redeemed);
        redeemed.map(|c| (c.coupon_id.as_str().to_owned(), c.reusable)).collect::<Vec<_>>()
    };
    let free = ("free shipping".to_owned(), false);
    let nothing_off = redeemed(Cents::ZERO, CouponUse::SingleUse);
    assert_eq!(nothing_off, std::slice::from_ref(&free));
    assert_eq!(redeemed(Cents(1), CouponUse::SingleUse), [("meat".to_owned(), false), free]);
    let again = redeemed(Cents(1), CouponUse::Reusable);
    assert!(again.iter().all(|(_, reusable)| *reusable), "{again:?}");
}

#[test]
fn refusals_are_noted_by_reason_and_a_failed_checkout_is_none() {
    let mut draft = draft();
    let instant = draft.simulated_now();
    let at = Moment { simulated: instant, recorded: instant };
    draft.add_refused(&product(), 1, "stock", at);
    draft.add_refused(&product(), 1, "stock", at);
    draft.checkout_failed("cart_empty", true, at);
    draft.checkout_failed("checkout_failed", false, at);
    assert_eq!(draft.notes.reasons(), [("stock", 2), ("cart_empty", 1)]);
    assert_eq!(draft.volume.refusals, 3);
}

#[test]
fn only_coupons_that_counted_are_redeemed_where_the_shop_says_which() {
    assert_eq!(redeemed(Some(&["meat"])), ["meat"]);
    assert_eq!(redeemed(Some(&[])), Vec::<String>::new());
    assert_eq!(redeemed(None), ["meat", "free shipping"]);
}

#[test]
fn requests_that_are_made_once_a_run_are_no_part_of_a_visits_calls() {
    let mut draft = draft();
    draft.volume.requests = 7;
    draft.once = 2;
    let at = draft.simulated_now();
    assert_eq!(draft.clone().counted_volume().requests, 7);
    assert_eq!(draft.finish(FlowEnding::done(FlowStatus::Browsed), at).calls, 5);
}
