//! Coupons: which may be used, putting one on the cart, handing over a wallet.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use domain::offer::{Coupon, CouponKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cart::forbidden;
use super::{Refusal, read_object, session_of, text_field};
use crate::practice_shop::Shop;
use crate::practice_shop::auth::Caller;
use crate::practice_shop::wire;

/// GET /api/coupons/eligible
pub(super) async fn eligible(shop: Data<Shop>, caller: Caller) -> Result<HttpResponse, Refusal> {
    let goods = &shop.goods;
    let (store, cart, wallet) = {
        let mut floor = shop.floor();
        let customer = floor.customer(caller.user_id)?;
        // What has expired is listed neither way.
        let wallet = if shop.habits.wallets_expired { Vec::new() } else { customer.wallet.clone() };
        (customer.store, goods.cart(&customer.cart), wallet)
    };
    let (mut eligible, mut ineligible) = (Vec::new(), Vec::new());
    for granted in wallet {
        let Some(definition) = goods.coupon(granted.coupon) else { continue };
        let mut shown = wire::coupon(goods, granted);
        if store.is_some() && definition.is_eligible_for(&cart) {
            eligible.push(shown);
        } else {
            shown["ineligible_reason"] = json!(reason(definition, store.is_some()));
            ineligible.push(shown);
        }
    }
    let mut body = json!({ "eligible": eligible, "ineligible": ineligible });
    if store.is_some() {
        body["cart_subtotal"] = wire::money(cart.total());
    } else {
        body["message"] = json!("Select a store to see eligible coupons");
    }
    Ok(HttpResponse::Ok().json(body))
}

fn reason(coupon: &Coupon, has_store: bool) -> String {
    if !has_store {
        return "No store selected".to_owned();
    }
    let target = coupon.target.as_deref().unwrap_or_default();
    match coupon.kind {
        CouponKind::Frontstore => format!("Minimum purchase of ${} not met", coupon.min_purchase),
        CouponKind::Category => format!("No items from category {target} in cart"),
        CouponKind::Brand => format!("No items from brand {target} in cart"),
    }
}

/// POST /api/cart/coupons: an ineligible coupon is a 200, eligibility is the client's duty.
pub(super) async fn apply(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let session = session_of(&request, "cart_coupons")?;
    let body = read_object(payload).await?;
    let coupon_id = text_field(&body, "coupon_id")?;
    let coupon_id = Uuid::parse_str(coupon_id)
        .map_err(|_| Refusal::BadRequest("Invalid coupon_id format".to_owned()))?;
    let faults = shop.switches.get();
    let (granted, priced) = {
        let mut floor = shop.floor();
        floor.check_session(caller.user_id, session, forbidden)?;
        let granted = floor.apply_coupon(caller.user_id, &coupon_id.to_string(), &faults)?;
        floor.carry_session(caller.user_id, session);
        (granted, floor.priced_cart(caller.user_id, &faults)?)
    };
    Ok(HttpResponse::Ok().json(json!({
        "success": true,
        "coupon": wire::coupon(&shop.goods, granted),
        "summary": wire::summary(&shop.goods, &priced),
        "message": "Coupon applied",
    })))
}

/// PUT /api/coupons/wallet: the wallet is these coupons afterwards, however often it is sent.
pub(super) async fn grant(
    shop: Data<Shop>,
    caller: Caller,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let body = read_object(payload).await?;
    let list_type = |kind, msg: &str, input: &Value| {
        Refusal::invalid(kind, ["body", "coupon_ids"], msg, input.clone())
    };
    let Some(given) = body.get("coupon_ids") else {
        return Err(list_type("missing", "Field required", &Value::Object(body.clone())));
    };
    let Value::Array(given) = given else {
        return Err(list_type("list_type", "Input should be a valid list", given));
    };
    let coupon_ids = given
        .iter()
        .map(|id| {
            id.as_str()
                .ok_or_else(|| list_type("string_type", "Input should be a valid string", id))
        })
        .collect::<Result<Vec<&str>, Refusal>>()?;
    let held = shop.floor().grant(caller.user_id, &coupon_ids, Utc::now())?;
    Ok(HttpResponse::Ok().json(json!({ "success": true, "wallet_coupons": held })))
}
