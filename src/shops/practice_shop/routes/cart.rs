//! The cart: add, remove, read, price, clear.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Refusal, read_object, session_of, simulated_at, text_field};
use crate::practice_shop::Shop;
use crate::practice_shop::auth::Caller;
use crate::practice_shop::floor::LINE_QUANTITY_MAX;
use crate::practice_shop::wire;

/// What another customer's session is told, but for clearing.
pub(super) fn forbidden(_session: &str) -> Refusal {
    Refusal::Forbidden("Shopping session belongs to another user")
}

/// POST /api/cart/items
pub(super) async fn add(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let session = session_of(&request, "cart_items")?;
    let simulated_at = simulated_at(&request)?;
    let body = read_object(payload).await?;
    let product_id = text_field(&body, "product_id")?;
    let quantity = quantity(&body)?;
    let product_id = product_id_of(product_id)?;
    let faults = shop.switches.get();
    let line = {
        let mut floor = shop.floor();
        floor.check_session(caller.user_id, session, forbidden)?;
        let floor_now = floor.under(&faults);
        let line = floor_now.add(caller.user_id, &product_id, quantity, simulated_at)?;
        floor.carry_session(caller.user_id, session);
        line
    };
    Ok(HttpResponse::Ok().json(wire::line_written(caller.user_id, &shop.goods, line)))
}

/// DELETE /api/cart/items/{product_id}: all units of it; answers the line as it was.
pub(super) async fn remove(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    product_id: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let session = session_of(&request, "cart_items")?;
    let product_id = product_id_of(&product_id)?;
    let line = {
        let mut floor = shop.floor();
        floor.check_session(caller.user_id, session, forbidden)?;
        let line = floor.remove(caller.user_id, &product_id)?;
        floor.carry_session(caller.user_id, session);
        line
    };
    Ok(HttpResponse::Ok().json(wire::line_written(caller.user_id, &shop.goods, line)))
}

/// A product's id as the catalog writes it.
fn product_id_of(text: &str) -> Result<String, Refusal> {
    let id = Uuid::parse_str(text);
    let invalid = |_| Refusal::BadRequest("Invalid product_id format".to_owned());
    id.map(|id| id.to_string()).map_err(invalid)
}

/// The quantity asked for; 1 when the body does not say.
fn quantity(body: &Map<String, Value>) -> Result<u32, Refusal> {
    let Some(value) = body.get("quantity") else { return Ok(1) };
    let number = value.as_i64().ok_or_else(|| {
        let msg = "Input should be a valid integer";
        Refusal::invalid("int_type", ["body", "quantity"], msg, value.clone())
    })?;
    u32::try_from(number).ok().filter(|q| (1..=LINE_QUANTITY_MAX).contains(q)).ok_or_else(|| {
        Refusal::BadRequest(format!("Quantity must be between 1 and {LINE_QUANTITY_MAX}"))
    })
}

/// GET /api/cart
pub(super) async fn read(shop: Data<Shop>, caller: Caller) -> Result<HttpResponse, Refusal> {
    let body = {
        let mut floor = shop.floor();
        wire::cart(caller.user_id, &shop.goods, floor.customer(caller.user_id)?)
    };
    Ok(HttpResponse::Ok().json(body))
}

/// GET /api/cart/summary
pub(super) async fn summary(shop: Data<Shop>, caller: Caller) -> Result<HttpResponse, Refusal> {
    let faults = shop.switches.get();
    let priced = shop.floor().priced_cart(caller.user_id, &faults)?;
    Ok(HttpResponse::Ok().json(wire::summary(&shop.goods, &priced)))
}

/// DELETE /api/cart: 200 also when it is empty.
pub(super) async fn clear(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let session = session_of(&request, "shopping_session_events")?;
    let foreign = |session: &str| Refusal::unknown_session("shopping_session_events", session);
    let (items, coupons) = {
        let mut floor = shop.floor();
        floor.check_session(caller.user_id, session, foreign)?;
        floor.carry_session(caller.user_id, session);
        floor.customer(caller.user_id)?.clear_cart()
    };
    let body = json!({ "success": true, "items_removed": items, "coupons_removed": coupons });
    Ok(HttpResponse::Ok().json(body))
}
