//! Each way in which a call fails, over a real socket.

use std::net::TcpListener;
use std::time::Duration;

use actors::domain::ids::CouponId;
use actors::ports::shop_api::{ApiErrorKind, Refusal, ShopCall, ShopReply};

use super::{add, list, way, way_with};
use crate::support::scripted_server::{Answer, Scripted, answer, bytes, json};

const EMPTY_LIST: &str = r#"{"products":[],"total":0}"#;

async fn kind_of(answer: Answer, call: ShopCall) -> ApiErrorKind {
    let server = Scripted::once(answer);
    way(&server.url()).kind(call).await
}

/// An answer that says no length: it ends where the connection does.
fn http_1_0(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.0 200 OK\r\n\r\n", body].concat()
}

async fn refusal_of(status: u16, detail: &str, call: ShopCall) -> ApiErrorKind {
    kind_of(json(status, &format!(r#"{{"detail":"{detail}"}}"#)), call).await
}

#[actix::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let way = way(&format!("http://127.0.0.1:{port}"));
    let error = way.call(ShopCall::Checkout).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::ConnectRefused);
    assert!(error.is_provably_unsent() && error.sent_at.is_none());
    assert_eq!(way.sent(), 1, "an attempt counts against the rate");
}

#[actix::test]
async fn the_name_does_not_resolve() {
    // No label may be this long: no resolver is asked.
    let url = format!("http://{}.invalid", "x".repeat(64));
    let profile = super::profile_with(
        "practice",
        &[("name: \"practice\",", "name: \"practice\", allow_plain_http: true,")],
    );
    let error = way_with(profile, &url, Default::default(), None).call(list()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Dns);
    assert!(error.is_provably_unsent());
}

#[actix::test]
async fn a_connection_that_closes_without_an_answer_may_have_carried_the_request() {
    let server = Scripted::once(Answer::BytesThenClose(Vec::new()));
    let error = way(&server.url()).call(ShopCall::Checkout).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Disconnected);
    assert!(!error.is_provably_unsent() && error.sent_at.is_some());
}

#[actix::test]
async fn what_is_no_http_is_a_broken_connection() {
    let garbage = Answer::BytesThenClose(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec());
    assert_eq!(kind_of(garbage, list()).await, ApiErrorKind::Disconnected);
}

#[actix::test]
async fn no_answer_and_half_an_answer_end_at_the_same_limit() {
    let head = bytes(200, &[("content-length", "100")], b"{");
    for silence in [Vec::new(), b"HTTP/1.1 200".to_vec(), head] {
        let server = Scripted::once(Answer::BytesThenSilence(silence));
        let error = way(&server.url()).call(list()).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::CallTimeout);
        let took = error.failed_at - error.sent_at.unwrap();
        assert!(took >= Duration::from_millis(400) && took < Duration::from_secs(2), "{took:?}");
        let said = error.to_string();
        assert_eq!(said, "list_products: no answer in time: the limit is 0.4 s");
    }
}

#[actix::test]
async fn a_body_that_ends_early_is_truncated() {
    let short = bytes(200, &[("content-length", "100")], br#"{"products":[]}"#);
    assert_eq!(kind_of(Answer::BytesThenClose(short), list()).await, ApiErrorKind::BodyTruncated);
    let chunked = bytes(200, &[("transfer-encoding", "chunked")], b"f\r\n{\"products\":[]\r\n");
    assert_eq!(kind_of(Answer::BytesThenClose(chunked), list()).await, ApiErrorKind::BodyTruncated);
    let until_close = Answer::BytesThenClose(http_1_0(br#"{"products":[{"id""#));
    assert_eq!(kind_of(until_close, list()).await, ApiErrorKind::BodyTruncated);
}

#[actix::test]
async fn a_length_that_is_too_short_cuts_the_json() {
    let cut = bytes(200, &[("content-length", "10")], EMPTY_LIST.as_bytes());
    let kind = kind_of(Answer::BytesThenClose(cut), list()).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "body".into() });
}

#[actix::test]
async fn a_mebibyte_is_read_and_a_byte_more_is_not() {
    let padded = |size: usize| {
        let mut body = EMPTY_LIST.as_bytes().to_vec();
        body.resize(size, b' ');
        body
    };
    let (fits, too_large) = (padded(1 << 20), padded((1 << 20) + 1));
    let server = Scripted::once(answer(200, &[], &fits));
    assert!(way(&server.url()).call(list()).await.is_ok());
    assert_eq!(kind_of(answer(200, &[], &too_large), list()).await, ApiErrorKind::BodyTooLarge);
    let undeclared = Answer::BytesThenClose(http_1_0(&too_large));
    assert_eq!(kind_of(undeclared, list()).await, ApiErrorKind::BodyTooLarge);
}

#[actix::test]
async fn a_packed_body_counts_by_what_comes_out_of_it() {
    use std::io::Write;
    let pack = |body: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(body).unwrap();
        gz.finish().unwrap()
    };
    let gzip = |body: &[u8]| answer(200, &[("content-encoding", "gzip")], body);
    let server = Scripted::once(gzip(&pack(EMPTY_LIST.as_bytes())));
    let reply = way(&server.url()).reply(list()).await;
    assert_eq!(
        reply,
        ShopReply::Products { products: Vec::new(), came: 0, total: Some(0), next: None }
    );
    let bomb = pack(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(kind_of(gzip(&bomb), list()).await, ApiErrorKind::BodyTooLarge);
    let packed = pack(EMPTY_LIST.as_bytes());
    let kind = kind_of(gzip(&packed[..packed.len() / 2]), list()).await;
    assert_eq!(kind, ApiErrorKind::BodyTruncated);
    let kind = kind_of(gzip(b"not packed at all"), list()).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "body".into() });
}

#[actix::test]
async fn html_with_a_200_is_no_answer() {
    let html = || answer(200, &[("content-type", "text/html")], b"<html>we will be back</html>");
    let kind = kind_of(html(), list()).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "body".into() });
    let kind = kind_of(html(), ShopCall::Probe).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "body".into() });
    let coupon = ShopCall::ApplyCoupon { coupon: CouponId::new("c") };
    let kind = kind_of(json(200, r#"{"success":false}"#), coupon).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "success".into() });
}

#[actix::test]
async fn a_redirect_of_a_post_is_not_followed() {
    let elsewhere = Scripted::json(201, "{}");
    let location = format!("{}/api/orders/", elsewhere.url());
    let server = Scripted::once(answer(307, &[("location", &location)], b""));
    let error = way(&server.url()).call(ShopCall::Checkout).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::UnexpectedStatus(307));
    assert!(error.detail.unwrap().contains("/api/orders/"));
    assert!(elsewhere.requests().is_empty());
}

#[actix::test]
async fn a_2xx_that_the_profile_does_not_name_is_unexpected() {
    let none = || Answer::Bytes(bytes(204, &[], b""));
    let part = Answer::Bytes(bytes(206, &[("content-length", "2")], b"{}"));
    assert_eq!(kind_of(part, list()).await, ApiErrorKind::UnexpectedStatus(206));
    assert_eq!(kind_of(none(), ShopCall::Checkout).await, ApiErrorKind::UnexpectedStatus(204));
    let kind = kind_of(json(200, "{}"), ShopCall::Checkout).await;
    assert_eq!(kind, ApiErrorKind::UnexpectedStatus(200));
}

#[actix::test]
async fn too_many_requests_say_how_long_to_wait_or_do_not() {
    for (header, seconds) in
        [(Some("7"), Some(7)), (Some("86400"), Some(60)), (Some("soon"), None), (None, None)]
    {
        let headers: Vec<_> = header.map(|value| ("retry-after", value)).into_iter().collect();
        let kind = kind_of(answer(429, &headers, br#"{"error":"Rate limit"}"#), list()).await;
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(kind, ApiErrorKind::RateLimited { retry_after }, "{header:?}");
    }
}

#[actix::test]
async fn the_edge_is_told_from_the_application() {
    let text = |status| answer(status, &[("content-type", "text/plain")], b"Application failed");
    for status in [502, 503] {
        assert_eq!(kind_of(text(status), list()).await, ApiErrorKind::EdgeDown(status));
        assert_eq!(refusal_of(status, "db", list()).await, ApiErrorKind::ServerError(status));
        // JSON, but not the application's.
        let edge = json(status, r#"{"status":"error","code":502}"#);
        assert_eq!(kind_of(edge, list()).await, ApiErrorKind::EdgeDown(status));
    }
    assert_eq!(kind_of(text(500), list()).await, ApiErrorKind::ServerError(500));
    assert_eq!(kind_of(text(504), list()).await, ApiErrorKind::ServerError(504));
}

#[actix::test]
async fn a_status_counts_even_if_its_body_is_cut() {
    let cut = bytes(500, &[("content-length", "100")], b"Internal");
    let kind = kind_of(Answer::BytesThenClose(cut), ShopCall::Checkout).await;
    assert_eq!(kind, ApiErrorKind::ServerError(500));
}

#[actix::test]
async fn refusals_are_what_the_profile_says() {
    let refused = ApiErrorKind::Refused;
    let checkout = || ShopCall::Checkout;
    let coupon = || ShopCall::ApplyCoupon { coupon: CouponId::new("c") };
    for (status, detail, call, kind) in [
        (404, "Product not found", add(), refused(Refusal::ProductGone)),
        (400, "Insufficient inventory at store", add(), refused(Refusal::Stock)),
        (400, "No store selected", add(), refused(Refusal::NoStore)),
        (400, "Cart is empty", checkout(), refused(Refusal::CartEmpty)),
        (404, "Coupon not in wallet", coupon(), refused(Refusal::Coupon)),
        (400, "quantity must be positive", add(), ApiErrorKind::UnexpectedStatus(400)),
        (404, "Not Found", checkout(), ApiErrorKind::UnexpectedStatus(404)),
        (401, "Invalid token", add(), ApiErrorKind::Unauthorized(401)),
        (403, "Forbidden", add(), ApiErrorKind::Unauthorized(403)),
        (422, "bad", add(), ApiErrorKind::Invalid(422)),
    ] {
        assert_eq!(refusal_of(status, detail, call).await, kind, "{status} {detail}");
    }
}

#[actix::test]
async fn an_error_tells_what_the_shop_said_without_secrets_or_control_characters() {
    let detail =
        r#"{"detail":"Grüße\u001b[2J\n postgresql://u:SEKRET@db/x Bearer eyJhbGci.SEKRET"}"#;
    let server = Scripted::json(500, detail);
    let error = way(&server.url()).call(add()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("SEKRET") && !shown.contains('\u{1b}'), "{shown}");
    assert!(error.to_string().starts_with("add_item: 500, server error: Grüße\\u{1b}[2J\\n"));
    let list = r#"{"detail":[{"loc":["body","quantity"],"msg":"Input should be >= 1"}]}"#;
    let server = Scripted::json(422, list);
    let error = way(&server.url()).call(add()).await.unwrap_err();
    assert!(error.detail.unwrap().contains("Input should be >= 1"));
    let server = Scripted::once(answer(500, &[], "ü".repeat(5_000).as_bytes()));
    let error = way(&server.url()).call(add()).await.unwrap_err();
    assert_eq!(error.detail.unwrap().chars().count(), 200);
}

#[actix::test]
async fn connections_are_used_again_but_not_after_a_server_error() {
    let page = || json(200, EMPTY_LIST);
    let server = Scripted::start([page(), page(), json(500, "{}"), page()]);
    let way = way(&server.url());
    way.reply(list()).await;
    way.reply(list()).await;
    assert_eq!(server.connections(), 1);
    assert_eq!(way.kind(list()).await, ApiErrorKind::ServerError(500));
    way.reply(list()).await;
    assert_eq!(server.connections(), 2);
    assert_eq!(way.sent(), 4);
}
