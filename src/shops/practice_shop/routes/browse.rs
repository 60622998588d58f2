//! Stores, the caller, products.

use std::collections::HashMap;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Refusal, read_object, simulated_at, text_field};
use crate::practice_shop::Shop;
use crate::practice_shop::auth::Caller;
use crate::practice_shop::wire;

/// Products of a page when the query does not say.
const LIMIT_DEFAULT: u64 = 50;
const LIMIT_MAX: u64 = 100;

/// GET /api/stores
pub(super) async fn stores(shop: Data<Shop>) -> HttpResponse {
    let stores: Vec<Value> =
        (0..shop.goods.catalog.stores.len()).map(|n| wire::store(&shop.goods, n)).collect();
    let body = json!({ "count": stores.len(), "stores": stores });
    HttpResponse::Ok().json(body)
}

/// GET /api/auth/me: makes the customer, and fills the wallet where the shop assigns coupons.
pub(super) async fn me(shop: Data<Shop>, caller: Caller) -> Result<HttpResponse, Refusal> {
    let coupons = shop.floor().fill_wallet(caller.user_id, shop.wallet_fill, Utc::now())?;
    let body = json!({
        "id": caller.user_id.to_string(),
        "email": format!("{}@shoppers.example", caller.name),
        "full_name": &*caller.name,
        "wallet_coupons": coupons,
    });
    Ok(HttpResponse::Ok().json(body))
}

/// PUT /api/user/store
pub(super) async fn select_store(
    shop: Data<Shop>,
    caller: Caller,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let body = read_object(payload).await?;
    let store_id = text_field(&body, "store_id")?;
    let (store, cart_cleared) = shop.floor().select_store(caller.user_id, store_id)?;
    Ok(HttpResponse::Ok().json(json!({
        "success": true,
        "store": wire::store(&shop.goods, store),
        "cart_cleared": cart_cleared,
    })))
}

/// GET /api/products: of a category or brand, and those that answer to the text `q`.
pub(super) async fn products(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Refusal> {
    let simulated_at = simulated_at(&request)?;
    let limit = number(&query, "limit", LIMIT_DEFAULT, 1, LIMIT_MAX)?;
    let offset = number(&query, "offset", 0, 0, u64::from(u32::MAX))?;
    let (category, brand) = (query.get("category"), query.get("brand"));
    let text = query.get("q").map(|text| text.to_lowercase());
    let goods = &shop.goods;
    let found: Vec<usize> = goods
        .catalog
        .products
        .iter()
        .enumerate()
        .filter(|(_, p)| category.is_none_or(|c| p.category == *c))
        .filter(|(_, p)| brand.is_none_or(|b| p.brand.as_ref() == Some(b)))
        .filter(|(_, p)| text.as_ref().is_none_or(|text| p.answers_to(text)))
        .map(|(position, _)| position)
        .collect();
    let faults = shop.switches.get();
    let page: Vec<Value> = {
        let mut floor = shop.floor();
        let store = floor.under(&faults).store_of(caller.user_id);
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        let in_stock = |n: usize| store.is_none_or(|store| floor.available(store, n) > 0);
        let page = found.iter().skip(skip).take(take);
        let price = |n: usize| goods.price_at(n, simulated_at);
        page.map(|&n| wire::product(goods, n, price(n), in_stock(n))).collect()
    };
    let body = json!({ "products": page, "total": found.len(), "limit": limit, "offset": offset });
    Ok(HttpResponse::Ok().json(body))
}

/// GET /api/products/{id}
pub(super) async fn product(
    shop: Data<Shop>,
    caller: Caller,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let simulated_at = simulated_at(&request)?;
    let unknown = Refusal::NotFound("Product not found");
    let id = Uuid::parse_str(&id).map_err(|_| unknown.clone())?;
    let position = shop.goods.catalog.find(&id.to_string()).ok_or(unknown)?;
    let faults = shop.switches.get();
    let inventory = {
        let mut floor = shop.floor();
        let store = floor.under(&faults).store_of(caller.user_id);
        store.map(|store| (store, floor.available(store, position)))
    };
    let in_stock = inventory.is_none_or(|(_, available)| available > 0);
    let inventory = inventory.map(|(store, available)| {
        let name = shop.goods.catalog.stores.get(store).map(|s| &s.name);
        json!({ "available": available, "store_name": name })
    });
    let price = shop.goods.price_at(position, simulated_at);
    let product = wire::product(&shop.goods, position, price, in_stock);
    let body = json!({ "product": product, "inventory": inventory });
    Ok(HttpResponse::Ok().json(body))
}

/// A number of the query within `min..=max`, as the API checks it.
pub(super) fn number(
    query: &HashMap<String, String>,
    key: &str,
    default: u64,
    min: u64,
    max: u64,
) -> Result<u64, Refusal> {
    let Some(text) = query.get(key) else { return Ok(default) };
    let problem = |kind, msg: &str| Refusal::invalid(kind, ["query", key], msg, json!(text));
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let msg = "Input should be a valid integer, unable to parse string as an integer";
        return Err(problem("int_parsing", msg));
    }
    // What is too long to be read is above every maximum.
    let value = if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    if text.starts_with('-') || value < min {
        let msg = format!("Input should be greater than or equal to {min}");
        return Err(problem("greater_than_equal", &msg));
    }
    if value > max {
        let msg = format!("Input should be less than or equal to {max}");
        return Err(problem("less_than_equal", &msg));
    }
    Ok(value)
}
