//! /health, and the shop's own routes for operators and tests: the ledger, the books, the faults.

use std::collections::HashMap;

use actix_web::web::{Data, Json, Payload, Query};
use actix_web::{HttpResponse, Responder};
use serde_json::{Value, json};

use super::browse::number;
use super::{Refusal, read_body};
use crate::practice_shop::Shop;
use crate::practice_shop::books::{self, BookedOrder};
use crate::practice_shop::faults::Faults;

/// Orders in one answer of the books.
const ORDERS_PAGE: u64 = 1_000;

/// GET /health: the process lives; says nothing about the database behind it.
pub(super) async fn health() -> impl Responder {
    Json(json!({ "status": "healthy" }))
}

/// GET /practice/ledger
pub(super) async fn ledger(shop: Data<Shop>) -> impl Responder {
    Json(shop.read_ledger())
}

/// GET /practice/orders: the shop's books, oldest order first.
pub(super) async fn orders(
    shop: Data<Shop>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Refusal> {
    let limit = number(&query, "limit", ORDERS_PAGE, 1, ORDERS_PAGE)?;
    let offset = number(&query, "offset", 0, 0, u64::from(u32::MAX))?;
    let (total, page) = {
        let floor = shop.floor();
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let page = floor.orders.all().skip(skip).take(usize::try_from(limit).unwrap_or(0));
        (floor.orders.all().len(), page.cloned().collect::<Vec<_>>())
    };
    let orders: Vec<BookedOrder> =
        page.iter().map(|order| books::booked(&shop.goods, order)).collect();
    Ok(HttpResponse::Ok().json(json!({ "orders": orders, "total": total })))
}

/// GET /practice/carts: those with something in them.
pub(super) async fn carts(shop: Data<Shop>) -> impl Responder {
    Json(json!({ "carts": shop.open_carts() }))
}

/// GET /practice/faults
pub(super) async fn faults(shop: Data<Shop>) -> impl Responder {
    Json((*shop.switches.get()).clone())
}

/// PUT /practice/faults: replaces all of them; `{}` is a healthy shop.
pub(super) async fn set_faults(
    shop: Data<Shop>,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let body = read_body(payload).await?;
    let bad = |why: String| Refusal::invalid("faults", ["body", ""], &why, Value::Null);
    let faults: Faults = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    shop.switches.set(faults).map_err(|error| bad(error.to_string()))?;
    Ok(HttpResponse::Ok().json(&*shop.switches.get()))
}
