//! Whole runs by profiles of format 2, at the practice shop over real HTTP.

use serde_json::Value;
use shops::practice_shop::{Faults, PracticeConfig, PracticeShop, Route, RouteError};
use shops::shop_api::profile::Profile;

use crate::support::binary::Place;

/// The practice shop's steps, its checkout of two calls, its branches asked for once a run.
const STEPS: &str = r#"
    setup: (
        run: [(method: GET, path: "/api/stores", auth: false,
               capture: {"first_store": "stores.0.id"})],
        cart: [(method: GET, path: "/api/cart", headers: {"X-Store": "{first_store}"},
                capture: {"cart_of": "{agent_id}"})],
    ),
    steps: (
        probe: [(method: GET, path: "/api/stores", auth: false, requires: ["stores"])],
        list_stores: [(method: GET, path: "/api/stores", auth: false)],
        select_store: [(method: PUT, path: "/api/user/store", json: {"store_id": "{store_id}"},
                        requires: ["success"])],
        list_products: [(
            method: GET, path: "/api/products",
            query: {"category": "{category}", "limit": "{limit}", "offset": "{offset}"},
        )],
        view_product: [(method: GET, path: "/api/products/{product_id}")],
        add_item: [(method: POST, path: "/api/cart/items",
                    headers: {"X-Shopping-Session-Id": "{flow_id?}", "X-Cart": "{cart_of}"},
                    json: {"product_id": "{product_id}", "quantity": "{quantity}"},
                    requires: ["success"])],
        read_cart: [(method: GET, path: "/api/cart")],
        eligible_coupons: [(method: GET, path: "/api/coupons/eligible")],
        apply_coupon: [(method: POST, path: "/api/cart/coupons",
                        headers: {"X-Shopping-Session-Id": "{flow_id?}"},
                        json: {"coupon_id": "{coupon_id}"}, requires: ["success"])],
        grant_wallet: [(method: PUT, path: "/api/coupons/wallet",
                        json: {"coupon_ids": "{coupon_ids}"}, repeatable: true)],
        checkout: [
            (method: GET, path: "/api/cart/summary", capture: {"to_pay": "final_total"}),
            (method: POST, path: "/api/orders", places_order: true, ok: [201],
             requires: ["success"],
             headers: {"X-Shopping-Session-Id": "{flow_id?}", "Idempotency-Key": "{flow_id?}",
                       "X-To-Pay": "{to_pay}"}),
        ],
        latest_order: [(method: GET, path: "/api/orders",
                        query: {"limit": "{limit}", "shopping_session_id": "{flow_id}"})],
        read_order: [(method: GET, path: "/api/orders/{order_id}")],
        clear_cart: [(method: DELETE, path: "/api/cart", requires: ["success"])],
    ),
"#;

/// The practice profile in format 2: its answers as they are.
pub fn profile() -> String {
    let text = Profile::builtin_text("practice").unwrap();
    let answers =
        &text[text.find("    answers: (").unwrap()..text.find("    refusals: [").unwrap()];
    let text = format!(
        r#"(format: 2, name: "practice 2", auth: "dev",
            auth_strategies: {{"dev": DevToken("dev:{{agent_id}}")}},
            keep_alive_s: 4.0, idempotency: honoured, wallet: engine, catalog: live,
            {STEPS} {answers}
            refusals: [
                (on: [view_product, add_item], status: [404], refusal: product_gone),
                (on: [add_item, checkout], status: [409], refusal: stock),
                (on: [add_item, checkout], status: [400], contains: "stock", refusal: stock),
                (on: [checkout], status: [400], contains: "cart is empty", refusal: cart_empty),
                (on: [apply_coupon], status: [400, 404], contains: "coupon", refusal: coupon),
            ],
            error_detail: ["detail", "error"])"#
    );
    Profile::parse("practice2.ron", &text).unwrap_or_else(|error| panic!("{error}"));
    text
}

#[test]
fn a_run_by_a_profile_of_several_calls_a_step_agrees_with_the_shops_books() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    // The first half of every fifth checkout fails, and is asked for again.
    let error = RouteError {
        route: Some(Route::ReadSummary),
        status: 500,
        percent: 20.0,
        after_work: false,
    };
    shop.faults().set(Faults { errors: vec![error], ..Faults::default() }).unwrap();
    let place = Place::new();
    let path = place.path().join("practice2.ron");
    std::fs::write(&path, profile()).unwrap();
    let api = shop.base_url();
    let run = ["run", "--api", &api, "--profile", path.to_str().unwrap(), "--agents", "60"];
    let of = ["--warm-up", "off", "--time-scale", "max", "--rate", "unlimited", "--cycles", "4"];
    let more = ["--start", "2026-01-05T10:00", "--json", "--quiet", "--on-freeze", "exit"];
    let (out, _) = place.expect(0, &[&run[..], &of[..], &more[..]].concat());
    let report: Value = serde_json::from_str(&out).unwrap();
    let booked = shop.books().orders;
    assert!(booked.len() > 10, "{out}");
    let rows = place.texts("order_id", "orders ORDER BY order_id");
    let mut ids: Vec<String> = booked.iter().map(|order| order.order_id.to_string()).collect();
    ids.sort();
    assert_eq!(rows, ids);
    let ledger = shop.ledger();
    let asked = |route| ledger.routes.get(&route).map_or(0, |calls| calls.ok);
    assert_eq!(asked(Route::Checkout), booked.len() as u64);
    assert!(asked(Route::ReadSummary) >= booked.len() as u64);
    assert_eq!(report["requests"].as_u64(), Some(ledger.requests_total), "{out}");
    place.expect(0, &["verify"]);
}
