//! /health, and the shop's own routes for operators and tests: the ledger and the faults.

use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpResponse, Responder};
use serde_json::{Value, json};

use super::{Refusal, read_body};
use crate::practice_shop::Shop;
use crate::practice_shop::faults::Faults;

/// GET /health: the process lives; says nothing about the database behind it.
pub(super) async fn health() -> impl Responder {
    Json(json!({ "status": "healthy" }))
}

/// GET /practice/ledger
pub(super) async fn ledger(shop: Data<Shop>) -> impl Responder {
    Json(shop.ledger().read())
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
