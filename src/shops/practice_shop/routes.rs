//! The table of calls: which handler answers what, and how bodies, queries and headers are read.

mod browse;
mod cart;
mod control;
mod coupons;
mod orders;

use std::time::Duration;

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::NaiveDateTime;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::refusal::Refusal;

/// Bytes of a request body.
const BODY_MAX: usize = 64 * 1024;

/// A body that takes longer is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The header that names the shopping session.
const SESSION_HEADER: &str = "X-Shopping-Session-Id";

/// The header that names the simulated hour, by which prices may go.
const SIMULATED_AT_HEADER: &str = "X-Simulated-At";

/// Every route of the shop.
pub(super) fn configure(app: &mut ServiceConfig) {
    app.route("/health", web::get().to(control::health))
        .route("/practice/ledger", web::get().to(control::ledger))
        .route("/practice/orders", web::get().to(control::orders))
        .route("/practice/carts", web::get().to(control::carts))
        .route("/practice/faults", web::get().to(control::faults))
        .route("/practice/faults", web::put().to(control::set_faults))
        .route("/api/stores", web::get().to(browse::stores))
        .route("/api/auth/me", web::get().to(browse::me))
        .route("/api/user/store", web::put().to(browse::select_store))
        .route("/api/products", web::get().to(browse::products))
        .route("/api/products/{id}", web::get().to(browse::product))
        .route("/api/cart/items", web::post().to(cart::add))
        .route("/api/cart/items/{product_id}", web::delete().to(cart::remove))
        .route("/api/cart/summary", web::get().to(cart::summary))
        .route("/api/cart/coupons", web::post().to(coupons::apply))
        .route("/api/cart", web::get().to(cart::read))
        .route("/api/cart", web::delete().to(cart::clear))
        .route("/api/coupons/eligible", web::get().to(coupons::eligible))
        .route("/api/coupons/wallet", web::put().to(coupons::grant))
        .route("/api/orders", web::post().to(orders::checkout))
        .route("/api/orders", web::get().to(orders::list))
        .route("/api/orders/{id}", web::get().to(orders::show))
        .default_service(web::to(not_found));
}

async fn not_found() -> impl Responder {
    HttpResponse::NotFound().json(json!({ "detail": "Not Found" }))
}

/// The body, whole.
async fn read_body(payload: web::Payload) -> Result<Bytes, Refusal> {
    let body = tokio::time::timeout(BODY_TIMEOUT, payload.to_bytes_limited(BODY_MAX)).await;
    match body {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => Err(Refusal::BadRequest(format!("The body cannot be read: {error}"))),
        Ok(Err(_limit)) => Err(Refusal::TooLarge),
        Err(_elapsed) => Err(Refusal::TooSlow),
    }
}

/// The body as a JSON object.
async fn read_object(payload: web::Payload) -> Result<Map<String, Value>, Refusal> {
    let bytes = read_body(payload).await?;
    if bytes.is_empty() {
        return Err(Refusal::invalid("missing", ["body", ""], "Field required", Value::Null));
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            Err(Refusal::invalid("model_attributes_type", ["body", ""], msg, other))
        }
        Err(error) => {
            let column = error.column().to_string();
            Err(Refusal::invalid("json_invalid", ["body", &column], "JSON decode error", json!({})))
        }
    }
}

/// A field that must be text.
fn text_field<'a>(body: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    match body.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            let msg = "Input should be a valid string";
            Err(Refusal::invalid("string_type", ["body", key], msg, other.clone()))
        }
        None => {
            let input = Value::Object(body.clone());
            Err(Refusal::invalid("missing", ["body", key], "Field required", input))
        }
    }
}

/// The shopping session of a request; one that is no uuid is a 500 there, and here.
fn session_of(request: &HttpRequest, table: &str) -> Result<Option<Uuid>, Refusal> {
    let Some(header) = request.headers().get(SESSION_HEADER) else { return Ok(None) };
    let text = header.to_str().unwrap_or("?");
    let shown: String = text.chars().take(100).collect();
    Uuid::parse_str(text).map(Some).map_err(|_| Refusal::unknown_session(table, &shown))
}

/// The simulated hour of a request; `None` where it names none.
fn simulated_at(request: &HttpRequest) -> Result<Option<NaiveDateTime>, Refusal> {
    let Some(header) = request.headers().get(SIMULATED_AT_HEADER) else { return Ok(None) };
    let text = header.to_str().unwrap_or("?");
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").map(Some).map_err(|_| {
        let loc = ["header", SIMULATED_AT_HEADER];
        let shown: String = text.chars().take(100).collect();
        let msg = "Input should be a date and time, as 2026-01-05T09:00:00";
        Refusal::invalid("datetime_parsing", loc, msg, json!(shown))
    })
}
