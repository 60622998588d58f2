//! What is sent, as the server sees it.

use actors::domain::ids::{AgentId, CouponId, ProductId, StoreId};
use actors::ports::shop_api::{ApiErrorKind, Caller, Page, ShopCall};
use shops::shop_api::http::Credentials;

use super::{add, caller, profile_with, way, way_with};
use crate::support::scripted_server::{Scripted, json};

/// The request that a call makes.
async fn request(caller: Option<Caller>, call: ShopCall) -> String {
    let server = Scripted::json(200, "{}");
    let _ = way(&server.url()).call_as(caller, call).await;
    server.requests().remove(0)
}

fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[actix::test]
async fn a_cart_write_carries_token_flow_and_typed_json() {
    let request = request(Some(caller()), add()).await;
    assert!(request.starts_with("POST /api/cart/items HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"product_id\":\"p1\",\"quantity\":2}"), "{request}");
    assert_eq!(header(&request, "authorization"), Some("Bearer dev:agent_001"));
    let flow = "00000000-0000-0000-0000-000000000009";
    assert_eq!(header(&request, "x-shopping-session-id"), Some(flow));
    assert_eq!(header(&request, "idempotency-key"), None);
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(header(&request, "accept-encoding"), Some("gzip"));
}

#[actix::test]
async fn a_checkout_carries_its_key_and_an_empty_body() {
    let request = request(Some(caller()), ShopCall::Checkout).await;
    assert!(request.starts_with("POST /api/orders HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n"), "{request}");
    assert_eq!(header(&request, "content-length"), Some("0"));
    let flow = Some("00000000-0000-0000-0000-000000000009");
    assert_eq!(header(&request, "idempotency-key"), flow);
    assert_eq!(header(&request, "x-shopping-session-id"), flow);
}

#[actix::test]
async fn outside_of_a_flow_there_is_no_flow_header() {
    let outside = Caller { flow_id: None, ..caller() };
    let request = request(Some(outside), ShopCall::ClearCart).await;
    assert!(request.starts_with("DELETE /api/cart HTTP/1.1\r\n"), "{request}");
    assert_eq!(header(&request, "x-shopping-session-id"), None);
}

#[actix::test]
async fn a_probe_goes_without_a_token() {
    let request = request(Some(caller()), ShopCall::Probe).await;
    assert!(request.starts_with("GET /api/stores HTTP/1.1\r\n"), "{request}");
    assert_eq!(header(&request, "authorization"), None);
}

#[actix::test]
async fn values_cannot_change_what_is_asked() {
    let product = ProductId::new("a/../b?c=d#é %");
    let sent = request(Some(caller()), ShopCall::ViewProduct { product: product.into() }).await;
    assert!(sent.starts_with("GET /api/products/a%2F..%2Fb%3Fc%3Dd%23%C3%A9%20%25 "), "{sent}");
    let category = Some("Milk & Eggs".to_owned());
    let call = ShopCall::ListProducts { category, page: Page::after(20, 10) };
    let sent = request(Some(caller()), call).await;
    let asked = "GET /api/products?category=Milk%20%26%20Eggs&limit=10&offset=20 ";
    assert!(sent.starts_with(asked), "{sent}");
    let sent = request(Some(caller()), super::list()).await;
    assert!(sent.starts_with("GET /api/products?limit=100&offset=0 "), "{sent}");
    let odd = Caller { agent_id: AgentId::new("a\r\nX-Evil: 1\u{e9}"), ..caller() };
    let sent = request(Some(odd), ShopCall::ReadCart).await;
    assert_eq!(header(&sent, "authorization"), Some("Bearer dev:a%0D%0AX-Evil: 1%C3%A9"));
    assert_eq!(header(&sent, "x-evil"), None);
}

#[actix::test]
async fn ids_and_lists_go_out_exactly_as_they_came_in() {
    let store = StoreId::new("  Ünïcode \"7\" ");
    let sent = request(Some(caller()), ShopCall::SelectStore { store }).await;
    assert!(sent.starts_with("PUT /api/user/store "), "{sent}");
    assert!(sent.ends_with("{\"store_id\":\"  Ünïcode \\\"7\\\" \"}"), "{sent}");
    let coupons = vec![CouponId::new("c1"), CouponId::new("c2")];
    let sent = request(Some(caller()), ShopCall::GrantWallet { coupons }).await;
    assert!(sent.starts_with("PUT /api/coupons/wallet "), "{sent}");
    assert!(sent.ends_with("{\"coupon_ids\":[\"c1\",\"c2\"]}"), "{sent}");
}

#[actix::test]
async fn signed_tokens_are_sent_once_made_and_never_shown() {
    let server = Scripted::start([json(401, r#"{"detail":"SEKRET is wrong"}"#), json(200, "{}")]);
    let credentials = Credentials { secret: Some("SEKRET".into()), ..Credentials::default() };
    let way = way_with(profile_with("voiceoffers", &[]), &server.url(), credentials, None);
    let error = way.call(ShopCall::ReadCart).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unauthorized(401));
    assert!(!format!("{error} {error:?}").contains("SEKRET"), "{error:?}");
    let _ = way.call(ShopCall::ReadCart).await;
    let requests = server.requests();
    let tokens: Vec<_> = requests.iter().map(|r| header(r, "authorization").unwrap()).collect();
    assert!(tokens[0].starts_with("Bearer eyJ") && tokens[0] == tokens[1], "{tokens:?}");
}

#[actix::test]
async fn a_step_that_the_profile_lacks_sends_nothing() {
    let server = Scripted::json(200, "{}");
    let credentials = Credentials { secret: Some("SEKRET".into()), ..Credentials::default() };
    let way = way_with(profile_with("voiceoffers", &[]), &server.url(), credentials, None);
    let error = way.call(ShopCall::GrantWallet { coupons: Vec::new() }).await.unwrap_err();
    assert_eq!((error.kind, error.sent_at), (ApiErrorKind::Invalid(0), None));
    assert_eq!((way.sent(), server.connections()), (0, 0));
}

#[actix::test]
async fn times_are_taken_before_sending_and_after_the_body() {
    let server = Scripted::json(200, r#"{"items":[]}"#);
    let before = std::time::Instant::now();
    let answered = way(&server.url()).call(ShopCall::ReadCart).await.unwrap();
    assert!(before <= answered.sent_at && answered.sent_at < answered.answered_at);
    assert!(answered.answered_at <= std::time::Instant::now());
}
