//! The practice shop's faults, each switched on over a healthy shop and off again.

use std::time::{Duration, Instant};

use shops::practice_shop::{Down, Faults, MissingField, RateLimit, Route, RouteError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn under(shop: &RunningShop, faults: Faults) {
    shop.faults().set(faults).expect("valid faults");
}

/// A keep-alive connection on which one request was written.
async fn asking(shop: &RunningShop) -> TcpStream {
    let mut stream = TcpStream::connect(shop.addr()).await.expect("it accepts");
    stream.write_all(b"GET /api/stores HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it reads");
    stream
}

#[actix_web::test]
async fn dev_tokens_fail_on_store_cart_eligible_and_order_routes_only() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    under(&shop, Faults { dev_tokens_rejected: true, ..Faults::default() });
    assert_eq!(ann.select_store(0).await.status, 500);
    for path in ["/api/cart", "/api/cart/summary", "/api/coupons/eligible", "/api/orders?limit=1"] {
        assert_eq!(ann.get(path).await.status, 500, "{path}");
    }
    assert_eq!(ann.checkout().await.status, 500);
    assert_eq!(ann.get("/api/products").await.status, 200);
    assert_eq!(ann.get("/api/stores").await.status, 200);
    shop.faults().clear();
    assert_eq!(ann.select_store(0).await.status, 200);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_rate_limit_answers_429_from_its_number_on_with_and_without_retry_after() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    for retry_after in [false, true] {
        let route = if retry_after { Route::ListProducts } else { Route::ViewProduct };
        let limit = RateLimit { route: Some(route), per_minute: 2, retry_after };
        under(&shop, Faults { rate_limits: vec![limit], ..Faults::default() });
        let path = if retry_after { "/api/products" } else { "/api/products/x" };
        for _ in 0..2 {
            assert_ne!(ann.get(path).await.status, 429);
        }
        let limited = ann.get(path).await;
        assert_eq!(limited.status, 429);
        assert!(limited.json["error"].as_str().is_some_and(|e| e.contains("Rate limit exceeded")));
        let seconds = limited.headers.get("Retry-After").and_then(|h| h.to_str().ok());
        let seconds = seconds.and_then(|s| s.parse::<u32>().ok());
        assert_eq!(seconds.is_some_and(|s| (1..=60).contains(&s)), retry_after);
        assert_eq!(ann.get("/api/stores").await.status, 200, "another route is not limited");
    }
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_stock_of_20_runs_out_and_the_last_unit_is_a_500_where_so_switched() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    under(&shop, Faults { stock: Some(20), ..Faults::default() });
    ann.select_store(0).await;
    let too_many = ann.add("Bread Flour, 10 lb", 21).await;
    assert_eq!((too_many.status, too_many.detail().contains("Insufficient")), (400, true));
    assert_eq!(ann.add("Bread Flour, 10 lb", 15).await.status, 200);
    assert_eq!(ann.add("Bread Flour, 10 lb", 6).await.status, 200, "of the increment only");
    assert_eq!(ann.checkout().await.status, 400, "21 of 20");
    ann.send(Method::DELETE, "/api/cart", None).await;
    ann.add("Bread Flour, 10 lb", 19).await;
    assert_eq!(ann.checkout().await.status, 201);
    ann.add("Bread Flour, 10 lb", 1).await;
    shop.faults().change(|faults| faults.last_unit_is_500 = true).expect("valid");
    assert_eq!(ann.checkout().await.status, 500);
    shop.faults().change(|faults| faults.last_unit_is_500 = false).expect("valid");
    assert_eq!(ann.checkout().await.status, 201, "nothing was ordered by the 500");
    assert_eq!(ann.add("Bread Flour, 10 lb", 1).await.status, 400);
    let flour = ann.product("Bread Flour, 10 lb").await;
    let viewed = ann.get(&format!("/api/products/{flour}")).await.json;
    assert_eq!(
        (&viewed["product"]["inStock"], &viewed["inventory"]["available"]),
        (&json!(false), &json!(0))
    );
    shop.faults().clear();
    assert_eq!(ann.add("Bread Flour, 10 lb", 1).await.status, 200);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn errors_hit_their_route_before_or_after_the_work() {
    let shop = open_shop();
    let mut ann = Shopper::new(&shop, "agent_001");
    ann.select_store(0).await;
    ann.add("Whole Milk, 1 gal", 1).await;
    ann.idempotency_key = Some("k".to_owned());
    let error = |after_work| RouteError {
        route: Some(Route::Checkout),
        status: 503,
        percent: 100.0,
        after_work,
    };
    under(&shop, Faults { errors: vec![error(false)], ..Faults::default() });
    assert_eq!(ann.checkout().await.status, 503);
    assert_eq!((shop.ledger().orders, ann.get("/api/cart").await.status), (0, 200));
    under(&shop, Faults { errors: vec![error(true)], ..Faults::default() });
    assert_eq!(ann.checkout().await.status, 503);
    assert_eq!(shop.ledger().orders, 1, "the order was placed all the same");
    shop.faults().clear();
    assert_eq!(ann.checkout().await.status, 201);
    assert_eq!(shop.ledger().orders, 1);
    let never = RouteError { percent: 0.0, route: None, ..error(false) };
    under(&shop, Faults { errors: vec![never], ..Faults::default() });
    assert_eq!(ann.get("/api/stores").await.status, 200);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_broken_application_answers_json_and_a_broken_edge_html() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    under(&shop, Faults { all_500: true, ..Faults::default() });
    let broken = ann.get("/api/stores").await;
    assert_eq!((broken.status, broken.detail().contains("[SQL:")), (500, true));
    under(&shop, Faults { edge_502: true, ..Faults::default() });
    let edge = ann.get("/health").await;
    assert_eq!((edge.status, edge.json, edge.text.contains("<html>")), (502, Value::Null, true));
    assert_eq!(shop.ledger().routes[&Route::Health].failed, 1);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn an_expired_coupon_cannot_be_applied_and_takes_nothing_off() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    ann.select_store(0).await;
    ann.add("Organic Bananas", 1).await;
    let id = coupon(CouponKind::Category, Some("Produce"), "0.75 off");
    ann.use_coupons(std::slice::from_ref(&id)).await;
    under(&shop, Faults { coupons_expired: true, ..Faults::default() });
    assert_eq!(ann.post("/api/cart/coupons", json!({ "coupon_id": id })).await.status, 404);
    let order = ann.checkout().await;
    assert_eq!(cents(&order.json["order"]["totals"]["final_total"]), Cents(249));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn latency_delays_answers_and_capacity_lets_them_wait_in_line() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let faults = Faults { latency_ms: 40, latency_jitter_ms: 5, ..Faults::default() };
    under(&shop, faults.clone());
    let began = Instant::now();
    ann.get("/api/stores").await;
    assert!(began.elapsed() >= Duration::from_millis(40));
    under(&shop, Faults { capacity: Some(1), ..faults });
    let began = Instant::now();
    futures::join!(ann.get("/api/stores"), ann.get("/api/stores"), ann.get("/api/stores"));
    assert!(began.elapsed() >= Duration::from_millis(120), "one after the other");
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn an_idle_connection_is_closed_unannounced() {
    let shop = open_shop();
    under(&shop, Faults { close_idle_after_ms: Some(20), ..Faults::default() });
    let mut stream = asking(&shop).await;
    let mut everything = Vec::new();
    stream.read_to_end(&mut everything).await.expect("an answer, then the end");
    let text = String::from_utf8_lossy(&everything);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(!text.to_lowercase().contains("connection: close"), "{text}");
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_blackhole_never_answers_and_its_requests_die_when_it_is_lifted() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let put = ann.put("/practice/faults", json!({ "down": "blackhole" })).await;
    assert_eq!(put.status, 200);
    let mut stream = asking(&shop).await;
    let mut byte = [0_u8; 1];
    let read = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut byte)).await;
    assert!(read.is_err(), "silence");
    assert_eq!(ann.get("/practice/faults").await.json["down"], "blackhole");
    assert_eq!(ann.put("/practice/faults", json!({})).await.status, 200);
    assert_eq!(stream.read(&mut byte).await.unwrap_or(0), 0, "no answer even then");
    assert_eq!(ann.get("/api/stores").await.status, 200);
    let ledger = shop.ledger();
    assert_eq!((ledger.requests_total, ledger.routes[&Route::ListStores].ok), (2, 1));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_reset_closes_connections_without_an_answer() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.get("/api/stores").await.status, 200);
    under(&shop, Faults { down: Some(Down::Reset), ..Faults::default() });
    let mut byte = [0_u8; 1];
    assert_eq!(asking(&shop).await.read(&mut byte).await.unwrap_or(0), 0);
    assert!(ann.try_send(Method::GET, "/api/stores", None).await.is_err());
    shop.faults().clear();
    assert_eq!(Shopper::new(&shop, "agent_001").get("/api/stores").await.status, 200);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn answers_are_cut_or_lack_a_field_on_their_route_only() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let missing = MissingField { route: Route::ListProducts, field: "products.price".to_owned() };
    under(&shop, Faults { missing: vec![missing], ..Faults::default() });
    let list = ann.get("/api/products?limit=2").await.json;
    assert!(list["products"][1]["name"].is_string() && list["products"][1].get("price").is_none());
    under(&shop, Faults { malformed: vec![Route::ListProducts], ..Faults::default() });
    let cut = ann.get("/api/products?limit=2").await;
    assert_eq!((cut.status, cut.json, cut.text.starts_with('{')), (200, Value::Null, true));
    assert_eq!(ann.get("/api/stores").await.json["count"], 10);
    let refused = ann.put("/practice/faults", json!({ "latency": 5 })).await;
    assert_eq!(refused.status, 422);
    shop.stop().expect("it closes");
}
