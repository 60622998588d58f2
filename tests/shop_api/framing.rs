//! Where an answer begins and ends on its connection: interim answers, answers without a length,
//! connections that must not be asked again. No call ever gets another one's answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::ids::{FlowId, StoreId};
use actors::ports::shop_api::{ApiErrorKind, Caller, Page, ShopCall, ShopReply};
use futures::StreamExt;
use rand::RngExt;
use shops::shop_api::http::HEADER_LINES_MAX;
use uuid::Uuid;

use super::{Way, add, caller, list, profile_with, way, way_with};
use crate::support::scripted_server::{Answer, Scripted, answer, bytes, json};

const EMPTY_LIST: &str = r#"{"products":[],"total":0}"#;
/// Calls under way at once.
const AT_ONCE: usize = 24;

/// How many calls of each kind; 10,000 before a release (docs/testing.md).
fn calls() -> u128 {
    std::env::var("CARTLOAD_INTERIM").map_or(300, |text| text.parse().unwrap())
}

/// A way with time for what a busy machine takes.
fn patient(url: &str) -> Way {
    let limits = ("connect_ms: 300, call_ms: 400", "connect_ms: 5000, call_ms: 30000");
    way_with(profile_with("practice", &[limits]), url, Default::default(), None)
}

fn full(bytes: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len()).as_bytes(), bytes]
        .concat()
}

fn page(category: &str) -> String {
    let product =
        format!(r#"{{"id":"{category}","name":"n","category":"{category}","price":1.5}}"#);
    format!(r#"{{"products":[{product}],"total":1}}"#)
}

fn order(id: &str) -> String {
    format!(
        r#"{{"success":true,"order":{{"id":"{id}","items":[],"totals":{{"subtotal":1,
        "item_discounts":0,"frontstore_discount":0,"discount_total":0,"final_total":1}}}}}}"#
    )
}

/// The final answer with interim ones before it: half of them late, cut anywhere.
fn after_interims(whole: Vec<u8>) -> Answer {
    let mut rng = rand::rng();
    let mut head = Vec::new();
    for _ in 0..rng.random_range(0..4) {
        let interim = [
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 102 Processing\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n",
        ][rng.random_range(0..3)];
        head.extend_from_slice(interim.as_bytes());
    }
    let is_late = rng.random_bool(0.5);
    let mut all = [head.clone(), whole].concat();
    let cut = if is_late { head.len() } else { rng.random_range(0..all.len()) };
    let rest = all.split_off(cut);
    let pause = Duration::from_millis(if is_late { rng.random_range(1..60) } else { 0 });
    Answer::Parts(vec![(Duration::ZERO, all), (pause, rest)])
}

fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A shop that answers a list with the category asked for and a checkout with its own key; its
/// orders.
fn echoing() -> (Scripted, Arc<Mutex<Vec<String>>>) {
    let orders: Arc<Mutex<Vec<String>>> = Arc::default();
    let book = Arc::clone(&orders);
    let server = Scripted::deciding(move |request| {
        if request.starts_with("POST ") {
            let key = header(request, "idempotency-key")?.to_owned();
            let body = order(&key);
            book.lock().unwrap().push(key);
            let length = body.len().to_string();
            return Some(after_interims(bytes(
                201,
                &[("content-length", &length)],
                body.as_bytes(),
            )));
        }
        let (_, category) = request.split_once("category=")?;
        let category = category.split(['&', ' ']).next()?;
        Some(after_interims(full(page(category).as_bytes())))
    });
    (server, orders)
}

async fn is_own_list(way: &Way, n: u128) -> bool {
    let category = Some(format!("c{n}"));
    let call = ShopCall::ListProducts { category: category.clone(), page: Page::after(0, 100) };
    match way.call(call).await.map(|answered| answered.reply) {
        Ok(ShopReply::Products { products, .. }) => {
            Some(&products[0].category) == category.as_ref()
        }
        other => panic!("list {n}: {other:?}"),
    }
}

async fn order_of(way: &Way, n: u128) -> (String, bool) {
    let flow = Uuid::from_u128(n);
    let caller = Caller { flow_id: Some(FlowId(flow)), ..caller() };
    match way.call_as(Some(caller), ShopCall::Checkout).await.map(|answered| answered.reply) {
        Ok(ShopReply::OrderPlaced(order)) => {
            let id = order.id.as_str().to_owned();
            let is_own = id == flow.to_string();
            (id, is_own)
        }
        other => panic!("checkout {n}: {other:?}"),
    }
}

#[actix::test]
async fn no_call_gets_anothers_answer_however_interim_answers_come_before_it() {
    let (server, at_shop) = echoing();
    let way = patient(&server.url());
    let (wrong, rows) = (AtomicU64::new(0), Mutex::new(BTreeSet::new()));
    let calls = futures::stream::iter(0..calls()).for_each_concurrent(AT_ONCE, |n| {
        let (way, wrong, rows) = (&way, &wrong, &rows);
        async move {
            let (id, is_own) = order_of(way, n).await;
            rows.lock().unwrap().insert(id);
            for is_right in [is_own, is_own_list(way, n).await] {
                wrong.fetch_add(u64::from(!is_right), Ordering::SeqCst);
            }
        }
    });
    calls.await;
    assert_eq!(wrong.load(Ordering::SeqCst), 0, "answers given to another call");
    let at_shop = at_shop.lock().unwrap().clone();
    assert_eq!(at_shop.len(), rows.lock().unwrap().len(), "orders at the shop, and here");
    let connections = server.connections();
    assert!(connections <= AT_ONCE, "{connections} connections: the pool is of no use");
}

#[actix::test]
async fn ten_interim_answers_are_waited_through_and_eleven_are_not() {
    let interims = |n: usize| {
        let interims = "HTTP/1.1 102 Processing\r\n\r\n".repeat(n);
        Answer::Bytes([interims.as_bytes(), &full(EMPTY_LIST.as_bytes())].concat())
    };
    let server = Scripted::start([interims(10), interims(11)]);
    let way = patient(&server.url());
    way.reply(list()).await;
    let error = way.call(list()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unparsable { field: "head".into() });
    assert!(error.to_string().contains("more than 10 interim answers"), "{error}");
    assert!(error.may_have_ordered(), "an order may have been placed behind them");
}

#[actix::test]
async fn a_body_without_a_length_ends_with_its_connection() {
    let until_close = |head: &str| {
        Answer::BytesThenClose([head.as_bytes(), b"\r\n", EMPTY_LIST.as_bytes()].concat())
    };
    let heads = ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nconnection: close\r\n"];
    let heads = [heads[0], heads[1], "HTTP/1.0 200 OK\r\n"];
    let server = Scripted::start(heads.map(until_close));
    let way = patient(&server.url());
    for head in heads {
        let reply = way.reply(list()).await;
        let empty =
            ShopReply::Products { products: Vec::new(), came: 0, total: Some(0), next: None };
        assert_eq!(reply, empty, "{head}");
    }
    assert_eq!(server.connections(), 3);
}

/// Connections that two lists took where the first was answered so.
async fn connections_after(first: Vec<u8>) -> usize {
    let server = Scripted::start([Answer::Bytes(first), json(200, EMPTY_LIST)]);
    let way = patient(&server.url());
    way.reply(list()).await;
    way.reply(list()).await;
    server.connections()
}

#[actix::test]
async fn a_connection_is_asked_again_only_where_its_exchange_ended_well() {
    let page = |head: &str| {
        let head = format!("{head}content-length: {}\r\n\r\n", EMPTY_LIST.len());
        [head.as_bytes(), EMPTY_LIST.as_bytes()].concat()
    };
    let more = |extra: &[u8]| [page("HTTP/1.1 200 OK\r\n"), extra.to_vec()].concat();
    for (first, connections) in [
        (page("HTTP/1.1 200 OK\r\n"), 1),
        (page("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n"), 1),
        (page("HTTP/1.0 200 OK\r\n"), 2),
        (page("HTTP/1.1 200 OK\r\nconnection: close\r\n"), 2),
        (more(b" "), 2),
        (more(&page("HTTP/1.1 200 OK\r\n")), 2),
    ] {
        let said = String::from_utf8_lossy(&first).into_owned();
        assert_eq!(connections_after(first).await, connections, "{said}");
    }
}

#[actix::test]
async fn bytes_on_an_idle_connection_close_it_also_where_the_thread_was_busy_meanwhile() {
    let idle = bytes(408, &[("content-length", "0")], b"");
    let late = Answer::Parts(vec![
        (Duration::ZERO, full(EMPTY_LIST.as_bytes())),
        (Duration::from_millis(5), idle),
    ]);
    let server = Scripted::start([late, json(200, EMPTY_LIST)]);
    let way = patient(&server.url());
    way.reply(list()).await;
    // Busy: the reactor does not turn, so tokio does not know of what came.
    std::thread::sleep(Duration::from_millis(300));
    way.reply(list()).await;
    assert_eq!(server.connections(), 2);
}

#[actix::test]
async fn a_408_that_crosses_the_request_is_a_stale_connection_and_no_answer() {
    let idle = || Answer::Bytes(bytes(408, &[("content-length", "0")], b""));
    let server = Scripted::start([json(200, EMPTY_LIST), idle(), idle()]);
    let way = patient(&server.url());
    way.reply(list()).await;
    let error = way.call(add()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::StaleConnection, "{error}");
    assert!(error.doubt().is_none() && !error.is_session_fault() && error.may_have_ordered());
    // To the first request of a connection it is the shop's answer.
    assert_eq!(way.kind(list()).await, ApiErrorKind::UnexpectedStatus(408));
}

#[actix::test]
async fn as_many_header_lines_as_are_read_pass_and_one_more_is_named() {
    let lines = |lines: usize| {
        let headers = vec![("set-cookie", "a=b"); lines - 1];
        answer(200, &headers, EMPTY_LIST.as_bytes())
    };
    let server = Scripted::start([lines(HEADER_LINES_MAX), lines(HEADER_LINES_MAX + 1)]);
    let way = patient(&server.url());
    way.reply(list()).await;
    let error = way.call(list()).await.unwrap_err().to_string();
    assert!(error.contains("its head has more than 96 lines"), "{error}");
    for (bytes, passes) in [(100 << 10, true), (140 << 10, false)] {
        let long = "x".repeat(bytes);
        let server = Scripted::once(answer(200, &[("x-long", &long)], EMPTY_LIST.as_bytes()));
        let answered = patient(&server.url()).call(list()).await;
        let said = answered.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert_eq!(answered.is_ok(), passes, "{bytes}: {said}");
        assert!(passes || said.contains("its head has more than 131072 bytes"), "{said}");
    }
}

#[actix::test]
async fn another_protocol_that_nobody_asked_for_ends_the_call_at_once() {
    let server = Scripted::once(Answer::Bytes(b"HTTP/1.1 101 Switching\r\n\r\n".to_vec()));
    let error = patient(&server.url()).call(list()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unparsable { field: "head".into() });
}

#[actix::test]
async fn a_byte_order_mark_is_skipped_and_what_is_no_json_is_named() {
    let marked = [b"\xef\xbb\xbf", EMPTY_LIST.as_bytes()].concat();
    way(&Scripted::once(answer(200, &[], &marked)).url()).reply(list()).await;
    for (headers, body, words) in [
        (vec![("content-encoding", "deflate")], &b"x"[..], "Content-Encoding is `deflate`"),
        (vec![("content-encoding", "gzip, br")], b"x", "Content-Encoding is `gzip, br`"),
        (vec![("content-type", "text/html")], b"<html>", "HTML; Content-Type: text/html"),
        (vec![], b"upstream", "it begins with `upstream`"),
        (vec![], b"\xff\xfe{\0", "UTF-16"),
    ] {
        let server = Scripted::once(answer(200, &headers, body));
        let error = way(&server.url()).call(list()).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    for packing in ["identity", "identity, gzip", "x-gzip", "GZIP"] {
        let mut body = EMPTY_LIST.as_bytes().to_vec();
        if packing != "identity" {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            std::io::Write::write_all(&mut gz, &body).unwrap();
            body = gz.finish().unwrap();
        }
        let server = Scripted::once(answer(200, &[("content-encoding", packing)], &body));
        way(&server.url()).reply(list()).await;
    }
}

#[actix::test]
async fn no_body_is_needed_where_no_field_is() {
    let undemanding = || {
        let store = r#"json: {"store_id": "{store_id}"},"#;
        let (required, either) = ("requires: [\"success\"]", "ok: [200, 204]");
        let select = [required, either].map(|end| format!("{store}\n            {end}"));
        let clear = [required, either].map(|end| format!("path: \"/api/cart\", {end}"));
        let changes = [&select, &clear].map(|[from, to]| (from.as_str(), to.as_str()));
        profile_with("practice", &changes)
    };
    let select = || ShopCall::SelectStore { store: StoreId::new("s") };
    for nothing in [bytes(204, &[], b""), bytes(200, &[("content-length", "0")], b"")] {
        let server = Scripted::start([Answer::Bytes(nothing.clone()), Answer::Bytes(nothing)]);
        let way = way_with(undemanding(), &server.url(), Default::default(), None);
        assert_eq!(way.reply(select()).await, ShopReply::StoreSelected { cart_cleared: false });
        let cleared = ShopReply::CartCleared { items_removed: 0 };
        assert_eq!(way.reply(ShopCall::ClearCart).await, cleared);
    }
    let server = Scripted::once(answer(200, &[], b""));
    assert_eq!(
        way(&server.url()).kind(select()).await,
        ApiErrorKind::Unparsable { field: "body".into() },
        "a field that is required"
    );
}

#[actix::test]
async fn a_503_that_says_when_to_come_back_is_a_429() {
    for (header, is_429) in [(Some("2"), true), (Some("soon"), false), (None, false)] {
        let headers: Vec<_> = header.map(|value| ("retry-after", value)).into_iter().collect();
        let server = Scripted::once(answer(503, &headers, b""));
        let kind = way(&server.url()).kind(list()).await;
        assert_eq!(matches!(kind, ApiErrorKind::RateLimited { .. }), is_429, "{kind:?}");
    }
}
