//! Whatever a shop answers, reading it ends in a reply or a named field, never in a panic (P5).

use actors::domain::ids::{CouponId, OrderId, ProductId, StoreId};
use actors::ports::shop_api::{Page, ShopCall};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use shops::shop_api::http::read;
use shops::shop_api::profile::Profile;

const BODIES: usize = 2_000;

const WORDS: [&str; 30] = [
    "products",
    "product",
    "id",
    "name",
    "category",
    "brand",
    "price",
    "inStock",
    "total",
    "order",
    "items",
    "totals",
    "subtotal",
    "final_total",
    "eligible",
    "ineligible",
    "type",
    "discount_type",
    "discount_value",
    "percent",
    "fixed",
    "frontstore",
    "expiration_date",
    "success",
    "stores",
    "cart_item",
    "unit_price",
    "quantity",
    "",
    "\u{0}é\u{202e}",
];

/// One of each.
pub fn calls() -> Vec<ShopCall> {
    vec![
        ShopCall::Probe,
        ShopCall::ListStores,
        ShopCall::SelectStore { store: StoreId::new("s") },
        ShopCall::ListProducts { category: None, page: Page::after(0, 1) },
        ShopCall::ViewProduct { product: ProductId::new("p").into() },
        ShopCall::AddItem { product: ProductId::new("p").into(), quantity: 1 },
        ShopCall::ReadCart,
        ShopCall::ReadSummary,
        ShopCall::EligibleCoupons,
        ShopCall::ApplyCoupon { coupon: CouponId::new("c") },
        ShopCall::Checkout,
        ShopCall::LatestOrders { most: 20 },
        ShopCall::ReadOrder { order: OrderId::new("o") },
        ShopCall::ClearCart,
    ]
}

/// A body that every call can be read from.
fn whole() -> Value {
    let product = json!({"id": "p", "name": "n", "category": "c", "brand": "b", "price": 1.5,
        "inStock": true});
    let coupon = json!({"id": "c", "type": "category", "category_or_brand": "c",
        "discount_type": "percent", "discount_value": 10, "min_purchase_amount": 5,
        "max_discount": 2, "expiration_date": "2026-01-01T00:00:00Z", "ineligible_reason": "r"});
    let line = json!({"product_id": "p", "quantity": 2, "unit_price": 1.5, "discount_amount": 0.1,
        "line_total": 2.9});
    json!({"success": true, "stores": [{"id": "s"}], "cart_cleared": false, "products": [product],
        "product": product, "total": 1, "cart_item": {"unit_price": 1.5}, "items": [1],
        "final_total": 2.9, "eligible": [coupon], "ineligible": [coupon],
        "orders": [{"id": "o", "final_total": 8.9925}],
        "items_removed": 1, "order": {"id": "o", "items": [line], "totals": {"subtotal": 3,
        "item_discounts": 0.1, "frontstore_discount": 0, "discount_total": 0.1,
        "final_total": 2.9}}})
}

fn scalar(rng: &mut Xoshiro256PlusPlus) -> Value {
    let numbers = ["0", "-1", "1e999999999", "-0.0", "99999999999999999999", "1e-400", "4.5e3"];
    match rng.random_range(0..4) {
        0 => Value::Null,
        1 => Value::Bool(rng.random()),
        2 => serde_json::from_str(numbers[rng.random_range(0..numbers.len())]).unwrap(),
        _ => Value::from(WORDS[rng.random_range(0..WORDS.len())]),
    }
}

fn any(rng: &mut Xoshiro256PlusPlus, depth: u32) -> Value {
    let size = rng.random_range(0..5);
    match rng.random_range(0..if depth == 0 { 1 } else { 4 }) {
        0 => scalar(rng),
        1 => (0..size).map(|_| any(rng, depth - 1)).collect(),
        _ => (0..size)
            .map(|_| (WORDS[rng.random_range(0..WORDS.len())].to_owned(), any(rng, depth - 1)))
            .collect(),
    }
}

/// Puts something else in about every eighth place.
fn disturb(value: &mut Value, rng: &mut Xoshiro256PlusPlus) {
    if rng.random_bool(0.05) {
        *value = any(rng, 2);
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| disturb(item, rng)),
        Value::Object(entries) => entries.iter_mut().for_each(|(_, item)| disturb(item, rng)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_whole_body_is_read_by_every_call() {
    let profile = Profile::builtin("practice").unwrap();
    for call in calls() {
        let reply = read(&profile, &call, whole().to_string().as_bytes());
        assert!(reply.is_ok(), "{call:?}: {reply:?}");
    }
}

#[test]
fn no_body_makes_reading_panic() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(20);
    let profiles = ["practice", "voiceoffers"].map(|name| Profile::builtin(name).unwrap());
    let (mut replies, mut refused) = (0_u32, 0_u32);
    for round in 0..BODIES {
        let mut body = whole();
        match round % 4 {
            0 => body = any(&mut rng, 6),
            _ => disturb(&mut body, &mut rng),
        }
        let mut bytes = body.to_string().into_bytes();
        match round % 7 {
            0 => bytes.truncate(rng.random_range(0..=bytes.len())),
            1 if !bytes.is_empty() => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            _ => {}
        }
        for call in calls() {
            match read(&profiles[round % 2], &call, &bytes) {
                Ok(_) => replies += 1,
                Err(fault) => {
                    assert!(!fault.field.is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(replies > 1_000 && refused > 1_000, "{replies} replies, {refused} refused");
}

#[test]
fn depth_is_bounded() {
    let profile = Profile::builtin("practice").unwrap();
    let deep = [b"[".repeat(500_000), b"]".repeat(500_000)].concat();
    for call in calls() {
        assert!(read(&profile, &call, &deep).is_err());
    }
}
