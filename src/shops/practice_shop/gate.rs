//! What each request passes before and after its handler: the ledger, who calls, and the faults.
//!
//! The order is that of a deployment from the outside in: network, edge, rate limiter, queue,
//! application, and back. /practice passes by all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use chrono::Utc;
use rand::RngExt;
use serde_json::{Value, json};

use super::Shop;
use super::connection::Connection;
use super::faults::{Down, Faults, InForce, RouteError};
use super::refusal::Refusal;
use super::route::Route;

/// A request into the blackhole is dropped after so long, should its client wait for ever.
const BLACKHOLE_MAX: Duration = Duration::from_secs(600);

const RATE_WINDOW: Duration = Duration::from_secs(60);

/// Bytes of an answer that a fault rewrites; the largest (100 products) has 40 KiB.
const REWRITTEN_MAX: usize = 1024 * 1024;

/// The minute windows of the rate limiter, one a route and one over all.
#[derive(Debug, Default)]
pub(super) struct RateWindows {
    windows: Mutex<HashMap<Option<Route>, (Instant, u32)>>,
}

impl RateWindows {
    /// Takes one request in, or says how long the window still lasts.
    fn take(&self, route: Option<Route>, limit: u32, now: Instant) -> Result<(), Duration> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, count) = windows.entry(route).or_insert((now, 0));
        if now.duration_since(*begin) >= RATE_WINDOW {
            (*begin, *count) = (now, 0);
        }
        if *count >= limit {
            return Err((*begin + RATE_WINDOW).saturating_duration_since(now));
        }
        *count += 1;
        Ok(())
    }
}

/// Middleware around every handler.
pub(super) async fn pass(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shop = request.app_data::<web::Data<Shop>>().cloned();
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let (Some(shop), false) = (shop, request.path().starts_with("/practice/")) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let route = Route::of(request.method(), request.path());
    shop.ledger().arrived_now(route);
    let caller = shop.authority.identify(request.headers(), Utc::now().timestamp());
    if let (Ok(caller), Some(socket)) = (&caller, request.peer_addr()) {
        shop.ledger().carried(&caller.name, socket);
    }
    let is_dev = caller.as_ref().is_ok_and(|caller| caller.is_dev);
    request.extensions_mut().insert(caller);
    let connections = web::Data::clone(&shop);
    let _busy = connection.as_ref().map(|connection| connections.connections.busy(connection));

    let in_force = shop.switches.in_force();
    if let Some(down) = in_force.faults.down {
        if down == Down::Blackhole {
            wait_for_the_end_of_the_blackhole(&shop).await;
        }
        if let Some(connection) = &connection {
            connection.close();
        }
        return Ok(answer(request, HttpResponse::ServiceUnavailable().force_close().finish()));
    }
    if let Some(answered) = edge(&shop, &in_force.faults, route) {
        shop.ledger().answered(route, answered.status().as_u16());
        return Ok(answer(request, answered));
    }
    let work = serve(web::Data::clone(&shop), request, (route, is_dev), in_force, next);
    let response = match &shop.counter {
        // A task of its own: what the shop has taken it works off, though the client hangs up.
        Some(_) => actix_web::rt::spawn(work).await.map_err(ErrorInternalServerError)??,
        None => work.await?,
    };
    shop.ledger().answered(route, response.status().as_u16());
    Ok(response)
}

/// What is answered before the application hears of the request.
fn edge(shop: &Shop, faults: &Faults, route: Route) -> Option<HttpResponse> {
    if faults.edge_502 { Some(edge_502()) } else { rate_limited(shop, faults, route) }
}

async fn wait_for_the_end_of_the_blackhole(shop: &Shop) {
    let mut changes = shop.switches.subscribe();
    let lifted = changes.wait_for(|now| now.faults.down != Some(Down::Blackhole));
    // Whether it was lifted, or lasted too long: the request stays unanswered.
    let _ = tokio::time::timeout(BLACKHOLE_MAX, lifted).await;
}

/// From the line before the application to its answer.
async fn serve(
    shop: web::Data<Shop>,
    request: ServiceRequest,
    (route, is_dev): (Route, bool),
    in_force: InForce,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let faults = in_force.faults;
    let _place = match &in_force.capacity {
        Some(places) => Arc::clone(places).acquire_owned().await.ok(),
        None => None,
    };
    let place = match &shop.counter {
        Some(counter) => counter.place().await,
        None => None,
    };
    let _connection = match &shop.database {
        Some(database) => match database.lease().await {
            Ok(lease) => Some(lease),
            Err(refusal) => return Ok(answer(request, refusal.error_response())),
        },
        None => None,
    };
    if let Some(place) = &place {
        place.work(route).await;
    }
    let refused = is_dev && faults.dev_tokens_rejected && route.breaks_on_dev_tokens();
    let response = if faults.all_500 || refused {
        answer(request, broken(StatusCode::INTERNAL_SERVER_ERROR))
    } else if let Some(error) = drawn(&faults, route, false) {
        answer(request, broken(error))
    } else {
        let response = next.call(request).await?.map_into_boxed_body();
        match drawn(&faults, route, true) {
            Some(error) => response.into_response(broken(error)),
            None => rewrite(&faults, route, response).await,
        }
    };
    let wait_ms = faults.latency_ms + rand::rng().random_range(0..=faults.latency_jitter_ms);
    if wait_ms > 0 {
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
    Ok(response)
}

fn answer(request: ServiceRequest, response: HttpResponse) -> ServiceResponse<BoxBody> {
    request.into_response(response)
}

fn edge_502() -> HttpResponse {
    HttpResponse::BadGateway().content_type("text/html; charset=utf-8").body(
        "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Application \
         failed to respond</h1></body></html>",
    )
}

fn broken(status: StatusCode) -> HttpResponse {
    let detail = "(psycopg2.OperationalError) server closed the connection unexpectedly [SQL: \
                  SELECT users.id, users.email FROM users WHERE users.id = %(id)s] [parameters: \
                  {'id': '00000000-0000-0000-0000-000000000000'}]";
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return Refusal::Broken(detail.to_owned()).error_response();
    }
    let reason = status.canonical_reason().unwrap_or("error");
    HttpResponse::build(status).json(json!({ "detail": reason }))
}

fn rate_limited(shop: &Shop, faults: &Faults, route: Route) -> Option<HttpResponse> {
    let now = Instant::now();
    let matching = faults.rate_limits.iter().filter(|l| l.route.is_none_or(|r| r == route));
    for limit in matching {
        if let Err(left) = shop.rate_windows.take(limit.route, limit.per_minute, now) {
            let mut answer = HttpResponse::TooManyRequests();
            if limit.retry_after {
                let seconds = left.as_millis().div_ceil(1_000).max(1);
                answer.insert_header(("Retry-After", seconds.to_string()));
            }
            let error = format!("Rate limit exceeded: {} per 1 minute", limit.per_minute);
            return Some(answer.json(json!({ "error": error })));
        }
    }
    None
}

/// The first error that chance draws for this request.
fn drawn(faults: &Faults, route: Route, after_work: bool) -> Option<StatusCode> {
    let applies =
        |e: &&RouteError| e.after_work == after_work && e.route.is_none_or(|r| r == route);
    let hit = |e: &&RouteError| rand::rng().random_bool(e.percent / 100.0);
    let error = faults.errors.iter().filter(applies).find(hit)?;
    StatusCode::from_u16(error.status).ok()
}

/// Cuts the body or takes fields out of it, where a fault says so.
async fn rewrite(
    faults: &Faults,
    route: Route,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let is_cut = faults.malformed.contains(&route);
    let missing: Vec<&str> =
        faults.missing.iter().filter(|m| m.route == route).map(|m| m.field.as_str()).collect();
    if !response.status().is_success() || (!is_cut && missing.is_empty()) {
        return response;
    }
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let Ok(Ok(bytes)) = to_bytes_limited(body, REWRITTEN_MAX).await else {
        return ServiceResponse::new(request, broken(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let mut bytes = bytes.to_vec();
    if let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) {
        missing.iter().for_each(|path| remove(&mut value, path));
        bytes = value.to_string().into_bytes();
    }
    if is_cut {
        bytes.truncate(bytes.len() / 2);
    }
    head.headers_mut().remove(CONTENT_LENGTH);
    ServiceResponse::new(request, head.set_body(bytes).map_into_boxed_body())
}

/// Takes the field at `path` out of an object, or out of each element of a list.
fn remove(value: &mut Value, path: &str) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| remove(element, path)),
        Value::Object(fields) => match path.split_once('.') {
            Some((field, rest)) => {
                if let Some(inner) = fields.get_mut(field) {
                    remove(inner, rest);
                }
            }
            None => {
                fields.remove(path);
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_taken_out_of_every_element_of_a_list() {
        let mut value =
            json!({ "products": [{ "id": 1, "price": 2 }, { "price": 3 }], "price": 4 });
        remove(&mut value, "products.price");
        assert_eq!(value, json!({ "products": [{ "id": 1 }, {}], "price": 4 }));
        remove(&mut value, "products.id.deeper");
        remove(&mut value, "nothing.there");
        assert_eq!(value, json!({ "products": [{ "id": 1 }, {}], "price": 4 }));
    }

    #[test]
    fn a_minute_window_lets_its_number_through_and_begins_again_after_60_s() {
        let windows = RateWindows::default();
        let start = Instant::now();
        let take = |ms| windows.take(None, 2, start + Duration::from_millis(ms));
        assert_eq!(take(0), Ok(()));
        assert_eq!(take(59_000), Ok(()));
        assert_eq!(take(59_999), Err(Duration::from_millis(1)));
        assert_eq!(take(60_000), Ok(()));
    }
}
