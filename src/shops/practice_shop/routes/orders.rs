//! Checkout and finding an order.

use std::collections::HashMap;

use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde_json::{Value, json};

use super::browse::number;
use super::{Refusal, read_body, session_of};
use crate::practice_shop::Shop;
use crate::practice_shop::auth::Caller;
use crate::practice_shop::floor::checkout::Checkout;
use crate::practice_shop::wire;

/// POST /api/orders: orders the cart. A repeated Idempotency-Key answers the first order.
pub(super) async fn checkout(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let session = session_of(&request, "orders")?;
    // The body means nothing here; it is read so that the connection can be used again.
    read_body(payload).await?;
    let key = request.headers().get("Idempotency-Key").map(|key| key.as_bytes());
    let faults = shop.switches.get();
    let checkout = {
        let mut floor = shop.floor();
        floor.under(&faults).checkout(caller.user_id, session, key, &faults, Utc::now())?
    };
    let mut answer = HttpResponse::Created();
    let order = match checkout {
        Checkout::Placed(order) => {
            shop.ledger().ordered(order.id, key, order.final_total);
            order
        }
        Checkout::Repeated(order) => {
            shop.ledger().repeated();
            answer.insert_header(("Idempotent-Replayed", "true"));
            order
        }
    };
    Ok(answer.json(wire::order(&shop.goods, &order)))
}

/// GET /api/orders: the newest order only, and how many there were.
pub(super) async fn list(
    shop: Data<Shop>,
    caller: Caller,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Refusal> {
    number(&query, "limit", 20, 1, 100)?;
    let offset = number(&query, "offset", 0, 0, u64::from(u32::MAX))?;
    let (total, latest) = {
        let mut floor = shop.floor();
        let customer = floor.customer(caller.user_id)?;
        (customer.orders, customer.latest_order.clone())
    };
    let orders: Vec<Value> = latest
        .filter(|_| offset == 0)
        .map(|order| {
            json!({
                "id": order.id.to_string(),
                "final_total": wire::money(order.final_total),
                "created_at": wire::moment(order.placed_at),
            })
        })
        .into_iter()
        .collect();
    let body = json!({ "orders": orders, "total": total });
    Ok(HttpResponse::Ok().json(body))
}
