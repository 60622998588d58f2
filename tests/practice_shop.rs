//! The practice shop over real HTTP: every call of its table, every refusal, money to the cent.

mod faults;
mod finding;
mod habits;
mod prices;

use actix_web::http::Method;
use actors::domain::money::Cents;
use actors::domain::offer::CouponKind;
use awc::http::header::HeaderMap;
use serde_json::{Value, json};
use shops::coupon_book::coupon_id;
use shops::practice_shop::{PracticeConfig, PracticeShop, Route, RunningShop};
use uuid::Uuid;

/// One answer of the shop.
struct Answer {
    status: u16,
    headers: HeaderMap,
    /// `Null` when it is no JSON.
    json: Value,
    text: String,
}

impl Answer {
    fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap_or_default()
    }
}

/// One agent with connections of its own.
#[derive(Clone)]
struct Shopper {
    client: awc::Client,
    base_url: String,
    agent: String,
    session: Uuid,
    idempotency_key: Option<String>,
    simulated_at: Option<String>,
}

impl Shopper {
    fn new(shop: &RunningShop, agent: &str) -> Self {
        // A second installation is refused, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: awc::Client::default(),
            base_url: shop.base_url(),
            agent: agent.to_owned(),
            session: Uuid::new_v4(),
            idempotency_key: None,
            simulated_at: None,
        }
    }

    /// Another agent on the same connections.
    fn beside(&self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), session: Uuid::new_v4(), ..self.clone() }
    }

    /// The same in a simulated hour.
    fn in_hour(&self, at: chrono::NaiveDateTime) -> Self {
        let simulated_at = Some(at.format("%Y-%m-%dT%H:%M:%S").to_string());
        Self { simulated_at, ..self.clone() }
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, awc::error::SendRequestError> {
        let mut request = self
            .client
            .request(Method::clone(&method), format!("{}{path}", self.base_url))
            .insert_header(("Authorization", format!("Bearer dev:{}", self.agent)));
        if method != Method::GET {
            request = request.insert_header(("X-Shopping-Session-Id", self.session.to_string()));
        }
        if let Some(key) = &self.idempotency_key {
            request = request.insert_header(("Idempotency-Key", key.as_str()));
        }
        if let Some(at) = &self.simulated_at {
            request = request.insert_header(("X-Simulated-At", at.as_str()));
        }
        let mut response = match body {
            Some(body) => request.send_json(&body).await?,
            None => request.send().await?,
        };
        let bytes = response.body().limit(1 << 20).await.expect("a whole body");
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, body).await.expect("the shop answers")
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn checkout(&self) -> Answer {
        self.send(Method::POST, "/api/orders", None).await
    }

    async fn select_store(&self, position: usize) -> Answer {
        let stores = self.get("/api/stores").await;
        let id = stores.json["stores"][position]["id"].clone();
        self.put("/api/user/store", json!({ "store_id": id })).await
    }

    /// The id of a product by its name.
    async fn product(&self, name: &str) -> String {
        let list = self.get("/api/products?limit=100").await;
        let products = list.json["products"].as_array().expect("a list");
        let product = products.iter().find(|p| p["name"] == name).expect("it is sold");
        product["id"].as_str().expect("an id").to_owned()
    }

    async fn add(&self, name: &str, quantity: u32) -> Answer {
        let id = self.product(name).await;
        self.post("/api/cart/items", json!({ "product_id": id, "quantity": quantity })).await
    }

    /// Grants these coupons and puts them all on the cart.
    async fn use_coupons(&self, coupons: &[String]) {
        let granted = self.put("/api/coupons/wallet", json!({ "coupon_ids": coupons })).await;
        assert_eq!(granted.status, 200, "{}", granted.text);
        for coupon in coupons {
            let applied = self.post("/api/cart/coupons", json!({ "coupon_id": coupon })).await;
            assert_eq!(applied.status, 200, "{}", applied.text);
        }
    }
}

fn open_shop() -> RunningShop {
    PracticeShop::start(PracticeConfig::default()).expect("the shop opens")
}

fn coupon(kind: CouponKind, target: Option<&str>, terms: &str) -> String {
    coupon_id(kind, target, terms).as_str().to_owned()
}

fn cents(number: &Value) -> Cents {
    assert!(number.is_number(), "{number} is no number");
    number.to_string().parse().expect("money")
}

#[actix_web::test]
async fn a_whole_visit_takes_every_call_of_the_table() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.get("/health").await.status, 200);
    let stores = ann.get("/api/stores").await.json;
    assert_eq!(
        (stores["count"].as_u64(), stores["stores"].as_array().map(Vec::len)),
        (Some(10), Some(10))
    );
    assert_eq!(ann.get("/api/auth/me").await.status, 200);
    let selected = ann.select_store(0).await;
    assert_eq!((selected.status, &selected.json["cart_cleared"]), (200, &json!(false)));

    let meat = ann.get("/api/products?category=Meat&limit=2&offset=1").await.json;
    assert_eq!(
        (meat["total"].as_u64(), meat["products"].as_array().map(Vec::len)),
        (Some(4), Some(2))
    );
    let goods = ann.get("/api/products?category=Canned%20Goods").await.json;
    assert_eq!(goods["total"], 3);
    let brand = ann.get("/api/products?brand=Cacao%20%26%20Co").await.json;
    assert_eq!(brand["total"], 3);
    for key in ["id", "imageUrl", "reviewCount", "promoText", "inStock", "price", "brand"] {
        assert!(meat["products"][0].get(key).is_some(), "{key}");
    }
    let id = ann.product("Ribeye Steak, 1 lb").await;
    let viewed = ann.get(&format!("/api/products/{id}")).await.json;
    assert_eq!(viewed["product"]["price"].to_string(), "17.99");
    assert_eq!(viewed["inventory"]["store_name"], "Downtown Market");

    assert_eq!(ann.add("Ribeye Steak, 1 lb", 1).await.status, 200);
    let again = ann.add("Ribeye Steak, 1 lb", 2).await.json;
    assert_eq!(again["cart_item"]["quantity"], 3, "adding again sums");
    assert_eq!(cents(&again["cart_item"]["line_total"]), Cents(3 * 1_799));
    let cart = ann.get("/api/cart").await.json;
    assert_eq!((cart["items"].as_array().map(Vec::len), &cart["item_count"]), (Some(1), &json!(3)));

    let fits = coupon(CouponKind::Frontstore, None, "10% from 40.00 max 8.00");
    let not = coupon(CouponKind::Category, Some("Dairy"), "8% max 2.50");
    let wallet = json!({ "coupon_ids": [fits, not] });
    for _ in 0..2 {
        let granted = ann.put("/api/coupons/wallet", wallet.clone()).await;
        assert_eq!((granted.status, &granted.json["wallet_coupons"]), (200, &json!(2)));
    }
    let eligible = ann.get("/api/coupons/eligible").await.json;
    assert_eq!(eligible["eligible"][0]["id"], json!(fits));
    assert_eq!(eligible["eligible"][0]["discount_value"].to_string(), "10.0");
    assert!(eligible["ineligible"][0]["ineligible_reason"].is_string());
    assert_eq!(cents(&eligible["cart_subtotal"]), Cents(5_397));
    for id in [&fits, &not] {
        let applied = ann.post("/api/cart/coupons", json!({ "coupon_id": id })).await;
        assert_eq!(applied.status, 200, "also an ineligible one");
    }
    let summary = ann.get("/api/cart/summary").await.json;
    assert_eq!(cents(&summary["final_total"]), Cents(5_397 - 540));

    let order = ann.checkout().await;
    assert_eq!(order.status, 201);
    assert_eq!(order.json["order"]["totals"]["final_total"], summary["final_total"]);
    let latest = ann.get("/api/orders?limit=1").await.json;
    assert_eq!(latest["orders"][0]["id"], order.json["order"]["id"]);
    assert_eq!(latest["total"], 1);
    let left = ann.get("/api/coupons/eligible").await.json;
    assert_eq!(left["eligible"].as_array().map(Vec::len), Some(0), "a coupon is redeemed once");
    let cleared = ann.send(Method::DELETE, "/api/cart", None).await;
    assert_eq!((cleared.status, &cleared.json["items_removed"]), (200, &json!(0)));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn what_is_not_allowed_is_refused_as_the_table_says() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let banana = ann.product("Organic Bananas").await;
    let add = |quantity: Value| json!({ "product_id": banana, "quantity": quantity });

    let no_store = ann.post("/api/cart/items", add(json!(1))).await;
    assert_eq!((no_store.status, no_store.detail().contains("No store selected")), (400, true));
    assert_eq!(ann.checkout().await.status, 500, "a refused add does not carry the session");
    let other = Uuid::new_v4().to_string();
    let store = |id: &str| json!({ "store_id": id });
    assert_eq!(ann.put("/api/user/store", store(&other)).await.status, 404);
    assert_eq!(ann.put("/api/user/store", store("downtown")).await.status, 500);
    assert_eq!(ann.select_store(0).await.status, 200);

    for (body, status) in [
        (add(json!(0)), 400),
        (add(json!(-1)), 400),
        (add(json!(1_000_000)), 400),
        (add(json!("1")), 422),
        (add(json!(1.5)), 422),
        (json!({ "quantity": 1 }), 422),
        (json!([1]), 422),
        (json!({ "product_id": "banana", "quantity": 1 }), 400),
        (json!({ "product_id": other, "quantity": 1 }), 404),
    ] {
        let answer = ann.post("/api/cart/items", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        if status == 422 {
            let problem = &answer.json["detail"][0];
            assert!(problem["type"].is_string() && problem["loc"].is_array(), "{problem}");
        }
    }
    let query = ["limit=0", "limit=101", "limit=x", "offset=-1", "limit=99999999999999999999"];
    for query in query {
        let answer = ann.get(&format!("/api/products?{query}")).await;
        assert_eq!((answer.status, &answer.json["detail"][0]["loc"][0]), (422, &json!("query")));
    }
    assert_eq!(ann.get("/api/products?limit=100").await.status, 200);
    assert_eq!(ann.get("/api/products?limit=1").await.status, 200);
    assert_eq!(ann.get(&format!("/api/products/{other}")).await.status, 404);
    let unheld = coupon(CouponKind::Brand, Some("Trusty"), "2.00 off");
    for id in [&unheld, &other] {
        let answer = ann.post("/api/cart/coupons", json!({ "coupon_id": id })).await;
        assert_eq!(answer.status, 404);
        let wallet = ann.put("/api/coupons/wallet", json!({ "coupon_ids": [other] })).await;
        assert_eq!(wallet.status, 404);
    }
    assert_eq!(ann.get("/api/nothing").await.status, 404);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_caller_without_a_token_or_with_a_bad_one_is_refused() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let url = format!("{}/api/products", shop.base_url());
    for header in [None, Some("dev:agent_001"), Some("Bearer x"), Some("Bearer DEV:agent_001")] {
        let mut request = ann.client.get(&url);
        if let Some(header) = header {
            request = request.insert_header(("Authorization", header));
        }
        let mut response = request.send().await.expect("an answer");
        let body = response.body().await.expect("a body");
        assert_eq!(response.status().as_u16(), 401, "{header:?}");
        assert!(serde_json::from_slice::<Value>(&body).expect("JSON")["detail"].is_string());
    }
    let claims = json!({ "sub": Uuid::new_v4(), "aud": "authenticated", "exp": 4_000_000_000_i64 });
    let key = jsonwebtoken::EncodingKey::from_secret(b"any");
    let jwt = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a JWT");
    let request = ann.client.get(&url).bearer_auth(jwt);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 200);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_session_must_be_known_from_a_cart_write_of_the_same_customer() {
    let shop = open_shop();
    let mut ann = Shopper::new(&shop, "agent_001");
    ann.select_store(0).await;
    ann.add("Whole Milk, 1 gal", 1).await;
    let carried = ann.session;
    ann.session = Uuid::new_v4();
    let unknown = ann.checkout().await;
    assert_eq!(unknown.status, 500);
    assert!(unknown.detail().contains("ForeignKeyViolation"), "{}", unknown.text);
    let mut bob = ann.beside("agent_002");
    bob.session = carried;
    bob.select_store(0).await;
    assert_eq!(bob.add("Whole Milk, 1 gal", 1).await.status, 403);
    assert_eq!(bob.send(Method::DELETE, "/api/cart", None).await.status, 500);
    ann.session = carried;
    assert_eq!(ann.checkout().await.status, 201);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_change_of_the_store_empties_the_cart_and_the_same_store_does_not() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    ann.select_store(3).await;
    ann.add("Whole Milk, 1 gal", 1).await;
    assert_eq!(ann.select_store(3).await.json["cart_cleared"], false);
    assert_eq!(ann.get("/api/cart").await.json["item_count"], 1);
    assert_eq!(ann.select_store(4).await.json["cart_cleared"], true);
    assert_eq!(ann.get("/api/cart").await.json["item_count"], 0);
    let empty = ann.checkout().await;
    assert_eq!((empty.status, empty.detail()), (400, "Cart is empty"));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn totals_are_exact_to_the_cent_for_every_kind_of_discount() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    ann.select_store(0).await;
    let category = |of: &str, terms: &str| coupon(CouponKind::Category, Some(of), terms);
    let front = |terms: &str| coupon(CouponKind::Frontstore, None, terms);
    // (product, units, coupons, off the line, off the rest, to pay), all by hand.
    let cases = [
        // 7.5 % of 17.99 is 1.34925.
        ("Ribeye Steak, 1 lb", 1, vec![category("Meat", "7.5% max 3.00")], 135_i64, 0, 1_664),
        // 30 % of 35.98 is 10.794: capped.
        ("Ribeye Steak, 1 lb", 2, vec![category("Meat", "30% max 8.00")], 800, 0, 2_798),
        ("Organic Bananas", 1, vec![category("Produce", "0.75 off")], 75, 0, 174),
        // bogo 50 %: half of 2.49, half of that: 0.6225.
        ("Organic Bananas", 1, vec![category("Produce", "bogo 50%")], 62, 0, 187),
        // bogo 100 %: 1.245, half up.
        ("Organic Bananas", 1, vec![category("Produce", "bogo 100%")], 125, 0, 124),
        // Free shipping takes nothing off.
        ("Ribeye Steak, 1 lb", 1, vec![category("Meat", "free shipping")], 0, 0, 1_799),
        // 6 % of 37.00 is 2.22.
        ("Diapers, 144 ct", 1, vec![front("6% from 25.00 max 5.00")], 0, 222, 3_478),
        ("Diapers, 144 ct", 2, vec![front("5.00 off from 40.00")], 0, 500, 6_900),
        // The minimum of 40.00 is not met by 37.00.
        ("Diapers, 144 ct", 1, vec![front("5.00 off from 40.00")], 0, 0, 3_700),
        // 24 % of 39.98 capped at 7.00 (of 9.60), then 8 % of the 32.98 left: 2.6384; minimum 35.00
        // is of the subtotal.
        (
            "Jumbo Shrimp, 2 lb",
            2,
            vec![category("Seafood", "24% max 7.00"), front("8% from 35.00 max 6.00")],
            700,
            264,
            3_034,
        ),
    ];
    let mut sum = Cents::ZERO;
    for (name, units, coupons, off_line, off_rest, to_pay) in &cases {
        let added = ann.add(name, *units).await;
        assert_eq!(added.status, 200, "{}", added.text);
        ann.use_coupons(coupons).await;
        let order = ann.checkout().await.json["order"].clone();
        let totals = &order["totals"];
        let found =
            ["item_discounts", "frontstore_discount", "final_total"].map(|k| cents(&totals[k]));
        assert_eq!(
            found,
            [Cents(*off_line), Cents(*off_rest), Cents(*to_pay)],
            "{name} {coupons:?}"
        );
        assert_eq!(cents(&order["items"][0]["discount_amount"]), Cents(*off_line));
        assert_eq!(cents(&totals["discount_total"]), Cents(off_line + off_rest));
        sum += Cents(*to_pay);
    }
    let ledger = shop.ledger();
    assert_eq!((ledger.orders, ledger.order_cents_total), (cases.len() as u64, sum));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn two_checkouts_in_flight_with_one_key_are_one_order() {
    let shop = open_shop();
    let mut ann = Shopper::new(&shop, "agent_001");
    ann.select_store(0).await;
    ann.add("Whole Milk, 1 gal", 2).await;
    shop.faults().change(|faults| faults.latency_ms = 30).expect("valid");
    ann.idempotency_key = Some(ann.session.to_string());
    let (first, second) = futures::join!(ann.checkout(), ann.checkout());
    let third = ann.checkout().await;
    assert_eq!((first.status, second.status, third.status), (201, 201, 201));
    assert_eq!(first.json, second.json);
    assert_eq!(first.json, third.json);
    assert!(third.headers.contains_key("Idempotent-Replayed"));
    let ledger = shop.ledger();
    assert_eq!((ledger.orders, ledger.checkouts_repeated), (1, 2));
    assert_eq!(ledger.order_cents_total, Cents(958));
    ann.idempotency_key = Some("another".to_owned());
    assert_eq!(ann.checkout().await.status, 400, "the cart is empty for another key");
    let mut bob = ann.beside("agent_002");
    bob.idempotency_key = Some(ann.session.to_string());
    bob.select_store(0).await;
    bob.add("Whole Milk, 1 gal", 1).await;
    let order = bob.checkout().await.json;
    assert_ne!(order["order"]["id"], first.json["order"]["id"], "a key is its customer's");
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn the_ledger_counts_every_request_and_the_connections_of_each_caller() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let (bob, eve) = (ann.beside("agent_002"), Shopper::new(&shop, "agent_003"));
    let began = std::time::Instant::now();
    for _ in 0..10 {
        ann.get("/api/products?limit=1").await;
        bob.get("/api/products?limit=1").await;
        eve.get("/api/products?limit=1").await;
    }
    let ledger = shop.ledger();
    assert_eq!(ledger.requests_total, 30);
    if began.elapsed() < std::time::Duration::from_secs(1) {
        assert_eq!(ledger.requests_max_in_1s, 30);
    }
    let row = ledger.routes[&Route::ListProducts];
    assert_eq!((row.requests, row.ok, row.refused, row.failed), (30, 30, 0, 0));
    assert_eq!(ledger.connections["agent_001"], ledger.connections["agent_002"]);
    assert!(ledger.connections["agent_001"].is_disjoint(&ledger.connections["agent_003"]));
    let over_http = ann.get("/practice/ledger").await.text;
    let over_http = serde_json::from_str::<shops::practice_shop::ShopLedger>(&over_http);
    assert_eq!(over_http.expect("a ledger"), ledger, "and /practice does not count");
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_body_above_64_kib_is_refused_and_one_below_is_read() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let padded = |bytes: usize| json!({ "coupon_ids": [], "padding": "x".repeat(bytes) });
    assert_eq!(ann.put("/api/coupons/wallet", padded(64 * 1024)).await.status, 413);
    assert_eq!(ann.put("/api/coupons/wallet", padded(63 * 1024)).await.status, 200);
    shop.stop().expect("it closes");
}

#[test]
fn a_closed_shop_frees_its_port_and_a_taken_port_is_an_error() {
    let shop = open_shop();
    let config = PracticeConfig { port: shop.addr().port(), ..PracticeConfig::default() };
    let taken = PracticeShop::start(config.clone()).expect_err("the port is taken");
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    let stopper = shop.stopper();
    let waiting = std::thread::spawn(move || shop.wait());
    stopper.stop();
    waiting.join().expect("no panic").expect("it closes");
    PracticeShop::start(config).expect("the port is free").stop().expect("it closes");
}

#[actix_web::test]
async fn the_first_visit_fills_the_wallet_where_the_shop_assigns_coupons() {
    let config = PracticeConfig { wallet_fill: 32, ..PracticeConfig::default() };
    let shop = PracticeShop::start(config).expect("the shop opens");
    let ann = Shopper::new(&shop, "agent_001");
    for _ in 0..2 {
        assert_eq!(ann.get("/api/auth/me").await.json["wallet_coupons"], 32);
    }
    ann.select_store(0).await;
    let coupons = ann.get("/api/coupons/eligible").await.json;
    let count = |key: &str| coupons[key].as_array().map_or(0, Vec::len);
    assert_eq!(count("eligible") + count("ineligible"), 32);
    shop.stop().expect("it closes");
}
