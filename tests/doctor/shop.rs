//! The stumbles of a first contact with a real shop, one by one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use shops::practice_shop::{
    Faults, Habits, MissingField, OrderReads, RateLimit, Route, RouteError, RunningShop,
};

use super::{SECRET_VARIABLE, Said, doctor, seen, shop};
use crate::support::binary::Place;
use crate::support::nginx::certificate;
use crate::support::scripted_server::{Answer, Scripted, bytes, json as answer};
use crate::support::tls_server;

fn faulty(faults: Faults) -> RunningShop {
    shop(faults, Habits::default(), 0)
}

fn like(habits: Habits) -> RunningShop {
    shop(Faults::default(), habits, 0)
}

/// Of this shop by the profile of the practice shop.
#[track_caller]
fn practice(shop: &RunningShop, more: &[&str]) -> Said {
    seen(&Place::new(), (&shop.base_url(), "practice"), more)
}

#[test]
fn a_wrong_secret_is_said_with_the_shops_words_and_the_variable() {
    let shop = faulty(Faults::default());
    let (place, url) = (Place::new(), shop.base_url());
    let mut command = doctor(&place, &["--api", &url, "--profile", "voiceoffers"]);
    let wrong = "another-secret-of-32-bytes-or-more";
    let said = Said::of(&command.env(SECRET_VARIABLE, wrong).output().unwrap());
    said.has("shop/users", "FAIL", "none of 3 agents asked are taken", "SUPABASE_JWT_SECRET");
    said.has("shop/auth", "FAIL", "jwt is not taken; dev is taken too", "--auth dev");
    said.ends_with(5);
}

#[test]
fn dev_tokens_where_they_fail_are_told_from_signed_ones() {
    let shop = faulty(Faults { dev_tokens_rejected: true, ..Faults::default() });
    let url = shop.base_url();
    let said = seen(&Place::new(), (&url, "voiceoffers"), &["--auth", "dev"]);
    said.has("shop/auth", "FAIL", "dev is not taken; jwt is taken too", "--auth jwt");
    said.ends_with(5);
    let said = seen(&Place::new(), (&url, "voiceoffers"), &[]);
    said.has("shop/auth", "OK", "jwt is taken; dev is not (500", "");
    said.ends_with(0);
}

#[test]
fn users_that_the_shop_does_not_know_are_no_trouble_of_the_token() {
    let shop = like(Habits { first_visit_needed: true, ..Habits::default() });
    let place = Place::new();
    let (profile, _) = place.expect(0, &["profile", "show", "practice"]);
    let visit = "first_visit: [(method: GET, path: \"/api/auth/me\")],";
    assert!(profile.contains(visit));
    fs::write(place.path().join("my.ron"), profile.replace(visit, "")).unwrap();
    let said = seen(&place, (&shop.base_url(), "my.ron"), &[]);
    said.has("shop/users", "FAIL", "none of 3", "cartload agents import --replace");
    said.has("shop/auth", "OK", "dev is taken", "");
    said.ends_with(5);
    practice(&shop, &[]).has("shop/users", "OK", "3 of 3", "");
}

#[test]
fn wallets_in_which_everything_has_expired_are_told() {
    let expired = Habits { wallets_expired: true, ..Habits::default() };
    let with = shop(Faults::default(), expired, 32);
    let said = seen(&Place::new(), (&with.base_url(), "voiceoffers"), &[]);
    said.has("shop/coupons", "WARN", "none in the wallets of 3 agents", "expired");
    said.ends_with(0);
    let sound = shop(Faults::default(), Habits::default(), 32);
    let said = seen(&Place::new(), (&sound.base_url(), "voiceoffers"), &[]);
    said.has("shop/coupons", "OK", "in the wallets of 3 agents", "");
}

#[test]
fn a_coupon_that_is_refused_in_a_visit_is_told_and_the_order_is_placed() {
    let shop = faulty(Faults { coupons_expired: true, ..Faults::default() });
    let said = practice(&shop, &["--order"]);
    said.has("shop/coupon", "WARN", "coupon", "expired");
    said.has("shop/order", "OK", "adds up to the cent; cancel it", "");
    let books = shop.books();
    assert_eq!(books.orders.len(), 1, "one real order");
    assert!(books.carts.is_empty(), "{:?}", books.carts);
}

#[test]
fn a_stock_of_20_is_told_where_it_does_not_last() {
    let shop = faulty(Faults { stock: Some(20), ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/stock", "WARN", "20 units of a product; 72 products at 10 stores", "--store-id");
    said.ends_with(0);
    practice(&shop, &["--cycles", "12"]).has("shop/stock", "OK", "20 units", "");
}

#[test]
fn a_limit_that_is_met_is_told_with_what_the_shop_says_of_it() {
    for (retry_after, says) in [(false, "does not say when"), (true, "Retry-After: ")] {
        let limit = RateLimit { route: Some(Route::ListProducts), per_minute: 1, retry_after };
        let shop = faulty(Faults { rate_limits: vec![limit], ..Faults::default() });
        let said = practice(&shop, &[]);
        said.has("shop/limits", "WARN", says, "--ramp");
    }
}

#[test]
fn answers_of_other_shapes_are_told_by_place() {
    let missing =
        |field: &str| MissingField { route: Route::ListProducts, field: field.to_owned() };
    let shop = faulty(Faults { missing: vec![missing("products.inStock")], ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/fields", "WARN", "answers.item.in_stock (`inStock`)", "correct the place");
    said.ends_with(0);
    let shop = faulty(Faults { missing: vec![missing("products.price")], ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/goods", "FAIL", "products.0.price", "profile try");
    said.ends_with(5);
    let shop = faulty(Faults { malformed: vec![Route::ListProducts], ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/goods", "FAIL", "list_products", "");
    said.ends_with(5);
}

/// A shop before one that is sound, which bends bodies of these requests.
fn bending(request: &'static str, from: &'static str, to: &'static str) -> (RunningShop, Scripted) {
    let behind = faulty(Faults::default());
    let address = behind.base_url().trim_start_matches("http://").parse().unwrap();
    let bent = Scripted::bending(address, move |asked, body| match asked.starts_with(request) {
        true => body.replacen(from, to, 1),
        false => body,
    });
    (behind, bent)
}

#[test]
fn one_product_that_cannot_be_read_and_sums_that_are_not_rounded_are_told() {
    let (_shop, bent) = bending("GET /api/products?", "\"price\":", "\"price\":\"-\",\"was\":");
    let said = seen(&Place::new(), (&bent.url(), "practice"), &[]);
    said.has("shop/shapes", "WARN", "list_products: `products.", "profile try");
    said.has("shop/goods", "OK", "products in the first page", "");
    said.ends_with(0);
    let habits = Habits { unrounded_totals: true, ..Habits::default() };
    let said = practice(&like(habits), &["--order"]);
    said.has("shop/order", "OK", "adds up", "");
    said.has("shop/decimals", "OK", "sums", "");
}

#[test]
fn a_page_whose_size_is_ignored_is_told() {
    let behind = faulty(Faults::default());
    let url = behind.base_url();
    let address = url.trim_start_matches("http://").parse().unwrap();
    let all = std::sync::OnceLock::new();
    let deaf = Scripted::before(address, move |request| {
        let path = request.split(' ').nth(1)?;
        if !path.starts_with("/api/products?") {
            return None;
        }
        let token = request.lines().find(|l| l.to_lowercase().starts_with("authorization"))?;
        let all = all.get_or_init(|| {
            let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
            let head = format!(
                "GET /api/products?limit=100 HTTP/1.1\r\nhost: x\r\n{token}\r\nconnection: \
                 close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text.split_once("\r\n\r\n").unwrap().1.to_owned()
        });
        Some(answer(200, all))
    });
    let said = seen(&Place::new(), (&deaf.url(), "practice"), &[]);
    said.has("shop/paging", "WARN", "72 products came where 5 were asked for", "`paging`");
    said.ends_with(0);
}

#[test]
fn a_shop_that_says_its_orders_are_not_simulated_is_told() {
    let behind = faulty(Faults::default());
    let address = behind.base_url().trim_start_matches("http://").parse().unwrap();
    let order = json!({"orders": [{"id": "o1", "final_total": 1.5, "created_at":
        "2026-01-05T08:00:00Z", "shopping_session_id": "s", "is_simulated": false}], "total": 1});
    let shop = Scripted::before(address, move |request| {
        request.starts_with("GET /api/orders?").then(|| answer(200, &order.to_string()))
    });
    let said = seen(&Place::new(), (&shop.url(), "practice"), &[]);
    said.has("shop/simulated", "WARN", "is_simulated = false", "cartload shop mark");
    said.ends_with(0);
}

#[test]
fn goods_that_lie_in_carts_are_told() {
    let (place, shop) = (Place::new(), faulty(Faults::default()));
    place.expect(0, &["agents", "generate", "--count", "3"]);
    let out = place.expect(0, &["agents", "list", "--json"]).0;
    let agents: serde_json::Value = serde_json::from_str(&out).unwrap();
    let agent = agents[1]["agent_id"].as_str().unwrap();
    let url = shop.base_url();
    let send = |method: &str, path: &str, body: &str| {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \
             dev:{agent}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 2"), "{text}");
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1)
            .unwrap_or(serde_json::Value::Null)
    };
    send("GET", "/api/auth/me", "");
    let stores = send("GET", "/api/stores", "");
    let store = json!({ "store_id": stores["stores"][0]["id"] });
    send("PUT", "/api/user/store", &store.to_string());
    let products = send("GET", "/api/products?limit=1", "");
    let item = json!({ "product_id": products["products"][0]["id"], "quantity": 1 });
    send("POST", "/api/cart/items", &item.to_string());
    let said = seen(&place, (&url, "practice"), &[]);
    said.has("shop/carts", "WARN", &format!("1 of 3 agents asked ({agent})"), "a run clears each");
    said.ends_with(0);
    assert_eq!(shop.books().carts.len(), 1, "it is left as it was");
}

#[test]
fn a_shop_that_closes_first_and_one_whose_health_knows_nothing_are_told() {
    let shop = faulty(Faults { close_idle_after_ms: Some(1_000), ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/keep_alive", "WARN", "the profile keeps them 4 s", "keep_alive_s: 0");
    let broken = RouteError {
        route: Some(Route::ListStores),
        status: 500,
        percent: 100.0,
        after_work: false,
    };
    let shop = faulty(Faults { errors: vec![broken], ..Faults::default() });
    let said = practice(&shop, &[]);
    said.has("shop/probe", "FAIL", "500", "log");
    said.has("shop/health", "WARN", "GET /health is 200 and the probe fails", "its database");
    said.ends_with(5);
}

#[test]
fn orders_that_cannot_be_read_are_told() {
    let shop = like(Habits { order_reads: OrderReads::Refused, ..Habits::default() });
    let said = practice(&shop, &[]);
    said.has("shop/orders", "WARN", "a checkout whose answer is lost stays unknown", "");
    said.ends_with(0);
}

#[test]
fn an_address_that_leads_elsewhere_is_told_with_where_to() {
    let elsewhere = Scripted::deciding(|_| {
        let head = [("location", "https://www.shop.example/"), ("content-length", "0")];
        Some(Answer::Bytes(bytes(308, &head, b"")))
    });
    let said = seen(&Place::new(), (&elsewhere.url(), "practice"), &[]);
    said.has("shop/redirect", "WARN", "308", "--api https://www.shop.example");
    said.has("shop/probe", "FAIL", "308", "https://www.shop.example");
    said.ends_with(5);
}

#[test]
fn a_way_to_the_shop_that_is_wrong_is_told_with_what_to_do() {
    let of = |chain| format!("https://localhost:{}", tls_server::start(chain, None));
    let shop = faulty(Faults::default());
    let no_tls = shop.base_url().replace("http:", "https:");
    let told = |url: &str| {
        let place = Place::new();
        let mut command = doctor(&place, &["--api", url, "--profile", "practice"]);
        Said::of(&command.env("CARTLOAD_SHOP_CA_FILE", certificate("ca.pem")).output().unwrap())
    };
    for (url, says, fix) in [
        (of("self_signed.pem"), "UnknownIssuer", "CARTLOAD_SHOP_CA_FILE"),
        (of("elsewhere.pem"), "not valid for name", "the name that the certificate is for"),
        (of("expired.pem"), "certificate expired", "renew the shop's certificate"),
        (no_tls, "TLS failed", "http:// where the shop has none"),
        ("https://shop.invalid".to_owned(), "does not resolve", "check the host's spelling"),
    ] {
        let said = told(&url);
        said.has("shop/probe", "FAIL", says, fix);
        said.has("plan/pace", "OK", "", "");
        said.ends_with(5);
    }
    let said = told("http://shop.invalid");
    said.has("shop/setup", "FAIL", "plain http:// to another machine", "config show");
    said.ends_with(3);
}
