//! Checkout and finding an order.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use super::browse::number;
use super::{Refusal, read_body, session_of};
use crate::practice_shop::Shop;
use crate::practice_shop::auth::Caller;
use crate::practice_shop::floor::checkout::{Checkout, PlacedOrder};
use crate::practice_shop::habits::OrderReads;
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
            shop.ledger().ordered(order.final_total);
            order
        }
        Checkout::Repeated(order) => {
            shop.ledger().repeated();
            answer.insert_header(("Idempotent-Replayed", "true"));
            order
        }
    };
    Ok(answer.json(wire::placed(&shop.goods, &shop.habits, &order)))
}

/// GET /api/orders: the customer's, newest first; of one shopping session where the query names it.
pub(super) async fn list(
    shop: Data<Shop>,
    caller: Caller,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Refusal> {
    let limit = number(&query, "limit", 20, 1, 100)?;
    let offset = number(&query, "offset", 0, 0, u64::from(u32::MAX))?;
    let session = session_asked(&shop, &query)?;
    let found: Vec<Arc<PlacedOrder>> = {
        let mut floor = shop.floor();
        floor.customer(caller.user_id)?;
        let is_asked = |order: &&Arc<PlacedOrder>| session.is_none_or(|s| order.session == Some(s));
        floor.orders.of(caller.user_id).filter(is_asked).cloned().collect()
    };
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let page = found.iter().skip(skip).take(usize::try_from(limit).unwrap_or(usize::MAX));
    let orders: Vec<Value> =
        page.map(|order| wire::listed_order(&shop.goods, &shop.habits, order)).collect();
    let body = json!({ "orders": orders, "total": found.len() });
    Ok(HttpResponse::Ok().json(body))
}

/// The session whose orders are asked for, where the shop knows sessions and lets orders be read.
fn session_asked(shop: &Shop, query: &HashMap<String, String>) -> Result<Option<Uuid>, Refusal> {
    match (shop.habits.order_reads, query.get("shopping_session_id")) {
        (OrderReads::Refused, _) => Err(Refusal::Forbidden("Orders cannot be read")),
        // As any parameter that it does not know.
        (OrderReads::Anonymous, _) | (OrderReads::BySession, None) => Ok(None),
        (OrderReads::BySession, Some(text)) => Uuid::parse_str(text).map(Some).map_err(|_| {
            let loc = ["query", "shopping_session_id"];
            Refusal::invalid("uuid_parsing", loc, "Input should be a valid UUID", json!(text))
        }),
    }
}

/// GET /api/orders/{id}: one of the customer's own, with its lines.
pub(super) async fn show(
    shop: Data<Shop>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let unknown = Refusal::NotFound("Order not found");
    let id = Uuid::parse_str(&id).map_err(|_| unknown.clone())?;
    let order = {
        let mut floor = shop.floor();
        floor.customer(caller.user_id)?;
        floor.orders.get(&id).cloned()
    };
    let order = order
        .filter(|order| order.user == caller.user_id)
        .filter(|_| shop.habits.order_reads != OrderReads::Refused)
        .ok_or(unknown)?;
    let order = wire::whole_order(&shop.goods, &shop.habits, &order);
    Ok(HttpResponse::Ok().json(json!({ "order": order })))
}
