//! The practice shop's habits, each over real HTTP, and the books that it keeps.

use std::time::{Duration, Instant};

use shops::practice_shop::{Faults, Habits, OrderReads, Pace, RateLimit, ShopBooks};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;
use crate::support::binary::{Place, wait};
use crate::support::postgres;

fn shop_with(habits: Habits) -> RunningShop {
    let config = PracticeConfig { habits, wallet_fill: 32, ..PracticeConfig::default() };
    PracticeShop::start(config).expect("the shop opens")
}

/// Two bananas and a steak, with coupons that leave half cents.
async fn discounted_order(ann: &Shopper) -> (Answer, [String; 2]) {
    ann.select_store(0).await;
    ann.add("Ribeye Steak, 1 lb", 1).await;
    ann.add("Organic Bananas", 1).await;
    let coupons = [
        coupon(CouponKind::Category, Some("Meat"), "7.5% max 3.00"),
        coupon(CouponKind::Frontstore, None, "5% from 20.00 max 5.00"),
    ];
    ann.use_coupons(&coupons).await;
    (ann.checkout().await, coupons)
}

#[actix_web::test]
async fn totals_are_unrounded_numbers_where_the_shop_does_not_round() {
    for (unrounded_totals, item, final_total) in
        [(false, "1.35", "18.17"), (true, "1.34925", "18.1742125")]
    {
        let shop = shop_with(Habits { unrounded_totals, ..Habits::default() });
        let ann = Shopper::new(&shop, "agent_001");
        let (order, _) = discounted_order(&ann).await;
        let order = &order.json["order"];
        assert_eq!(order["items"][0]["discount_amount"].to_string(), item);
        let totals = &order["totals"];
        assert_eq!(totals["subtotal"].to_string(), "20.48");
        assert_eq!(totals["final_total"].to_string(), final_total);
        let listed = ann.get("/api/orders").await.json;
        assert_eq!(listed["orders"][0]["final_total"], totals["final_total"]);
        let booked = &shop.books().orders[0];
        assert_eq!(json!(booked.totals.final_total), totals["final_total"]);
        assert_eq!(shop.ledger().order_cents_total, cents(&totals["final_total"]));
        shop.stop().expect("it closes");
    }
}

#[actix_web::test]
async fn applied_coupons_are_one_list_or_an_object_of_two() {
    let shop = shop_with(Habits::default());
    let (order, coupons) = discounted_order(&Shopper::new(&shop, "agent_001")).await;
    let ids = |list: &Value| -> Vec<String> {
        let entries = list.as_array().expect("a list").iter();
        entries.map(|entry| entry["coupon_id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&order.json["order"]["applied_coupons"]), coupons);
    shop.stop().expect("it closes");

    let shop = shop_with(Habits { coupons_as_object: true, ..Habits::default() });
    let ann = Shopper::new(&shop, "agent_001");
    let (order, coupons) = discounted_order(&ann).await;
    let applied = &order.json["order"]["applied_coupons"];
    assert_eq!(ids(&applied["item_level"]), coupons[..1]);
    assert_eq!(ids(&applied["frontstore"]), coupons[1..]);
    // Without a coupon both lists are there, empty.
    ann.add("Organic Bananas", 1).await;
    let none = &ann.checkout().await.json["order"]["applied_coupons"];
    assert_eq!(*none, json!({ "item_level": [], "frontstore": [] }));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_coupon_is_redeemed_once_or_again_and_again() {
    for reusable_coupons in [false, true] {
        let shop = shop_with(Habits { reusable_coupons, ..Habits::default() });
        let ann = Shopper::new(&shop, "agent_001");
        let (_, coupons) = discounted_order(&ann).await;
        ann.add("Ribeye Steak, 1 lb", 1).await;
        let again = ann.post("/api/cart/coupons", json!({ "coupon_id": coupons[0] })).await;
        assert_eq!(again.status, if reusable_coupons { 200 } else { 404 });
        ann.checkout().await;
        let books = shop.books();
        let used: Vec<usize> = books.orders.iter().map(|order| order.coupons.len()).collect();
        assert_eq!(used, if reusable_coupons { [2, 1] } else { [2, 0] });
        shop.stop().expect("it closes");
    }
}

#[actix_web::test]
async fn a_user_exists_from_its_first_visit_on() {
    let shop = shop_with(Habits { first_visit_needed: true, ..Habits::default() });
    let ann = Shopper::new(&shop, "agent_001");
    let refused = ann.select_store(0).await;
    assert_eq!(refused.status, 500);
    assert!(refused.detail().contains("ForeignKeyViolation"), "{}", refused.text);
    assert!(refused.detail().contains("user_preferences_user_id_fkey"), "{}", refused.text);
    for path in ["/api/cart", "/api/cart/summary", "/api/coupons/eligible", "/api/orders"] {
        assert_eq!(ann.get(path).await.status, 500, "{path}");
    }
    let wallet = json!({ "coupon_ids": [] });
    assert_eq!(ann.put("/api/coupons/wallet", wallet).await.status, 500);
    assert_eq!(ann.get("/api/products").await.status, 200, "the catalog is everybody's");
    assert_eq!(ann.get("/api/auth/me").await.json["wallet_coupons"], 32);
    assert_eq!(ann.select_store(0).await.status, 200);
    assert_eq!(ann.beside("agent_002").select_store(0).await.status, 500, "each its own");
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn expired_wallets_are_empty_both_ways_and_nothing_can_be_applied() {
    let shop = shop_with(Habits { wallets_expired: true, ..Habits::default() });
    let ann = Shopper::new(&shop, "agent_001");
    ann.get("/api/auth/me").await;
    ann.select_store(0).await;
    ann.add("Ribeye Steak, 1 lb", 1).await;
    let shown = ann.get("/api/coupons/eligible").await.json;
    assert_eq!((&shown["eligible"], &shown["ineligible"]), (&json!([]), &json!([])));
    let id = coupon(CouponKind::Category, Some("Meat"), "7.5% max 3.00");
    ann.put("/api/coupons/wallet", json!({ "coupon_ids": [id] })).await;
    let refused = ann.post("/api/cart/coupons", json!({ "coupon_id": id })).await;
    assert_eq!((refused.status, refused.detail()), (404, "Coupon has expired"));
    assert_eq!(cents(&ann.checkout().await.json["order"]["totals"]["final_total"]), Cents(1_799));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn orders_are_read_by_session_without_one_or_not_at_all() {
    for order_reads in [OrderReads::BySession, OrderReads::Anonymous, OrderReads::Refused] {
        let shop = shop_with(Habits { order_reads, ..Habits::default() });
        let ann = Shopper::new(&shop, "agent_001");
        let (placed, _) = discounted_order(&ann).await;
        let next = ann.beside("agent_001");
        next.add("Organic Bananas", 2).await;
        let newest = next.checkout().await.json["order"]["id"].clone();
        let of = |session: Uuid| format!("/api/orders?shopping_session_id={session}");
        let (all, own) = (ann.get("/api/orders").await, ann.get(&of(ann.session)).await);
        let id = placed.json["order"]["id"].as_str().expect("an id");
        let whole = ann.get(&format!("/api/orders/{id}")).await;
        let foreign = ann.beside("agent_002").get(&format!("/api/orders/{id}")).await;
        assert_eq!(foreign.status, 404, "another customer's");
        if order_reads == OrderReads::Refused {
            assert_eq!((all.status, own.status, whole.status), (403, 403, 404));
            shop.stop().expect("it closes");
            continue;
        }
        assert_eq!((&all.json["total"], &all.json["orders"][0]["id"]), (&json!(2), &newest));
        let is_named = order_reads == OrderReads::BySession;
        assert_eq!(own.json["total"], if is_named { 1 } else { 2 });
        let session = json!(ann.session);
        assert_eq!(all.json["orders"][1].get("shopping_session_id"), is_named.then_some(&session));
        assert_eq!(whole.json["order"].get("shopping_session_id"), is_named.then_some(&session));
        assert_eq!(whole.json["order"]["items"], placed.json["order"]["items"]);
        assert_eq!(whole.json["order"]["items"][0]["applied_coupon"]["type"], "category");
        assert_eq!(whole.json["order"]["items"][1]["applied_coupon"], Value::Null);
        shop.stop().expect("it closes");
    }
}

#[actix_web::test]
async fn the_books_hold_orders_whole_and_the_carts_left_over() {
    let shop = shop_with(Habits::default());
    let mut ann = Shopper::new(&shop, "agent_001");
    ann.idempotency_key = Some("a key".to_owned());
    let (placed, coupons) = discounted_order(&ann).await;
    ann.add("Organic Bananas", 3).await;
    let books = shop.books();
    let [order] = &books.orders[..] else { panic!("{books:?}") };
    assert_eq!(json!(order.order_id), placed.json["order"]["id"]);
    assert_eq!((order.session, order.key.as_deref()), (Some(ann.session), Some("a key")));
    assert_eq!((order.lines.len(), order.lines[0].quantity), (2, 1));
    assert_eq!(order.lines[0].coupon_id.as_ref(), Some(&coupons[0]));
    assert_eq!(
        books.carts.iter().map(|cart| (cart.user_id, cart.lines)).collect::<Vec<_>>(),
        [(order.user_id, 1)]
    );
    // Over HTTP they are the same, a page at a time.
    let page = ann.get("/practice/orders?limit=1").await.json;
    assert_eq!((&page["total"], &page["orders"]), (&json!(1), &json!(books.orders)));
    assert_eq!(ann.get("/practice/orders?offset=1").await.json["orders"], json!([]));
    let carts = ann.get("/practice/carts").await.json["carts"].clone();
    let read: ShopBooks =
        serde_json::from_value(json!({ "orders": page["orders"], "carts": carts })).expect("books");
    assert_eq!(read, books);
    ann.send(Method::DELETE, "/api/cart", None).await;
    assert_eq!(shop.books().carts, []);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_slow_shop_serves_its_number_at_a_time_and_works_off_what_nobody_waits_for() {
    let pace = Pace {
        factors: [(Route::Checkout, 4.0)].into(),
        round_trips: 2,
        round_trip_ms: 10.0,
        ..Pace::of(1, 20.0)
    };
    let shop = shop_with(Habits { pace: Some(pace), ..Habits::default() });
    let ann = Shopper::new(&shop, "agent_001");
    let began = Instant::now();
    futures::join!(ann.get("/api/stores"), ann.get("/api/stores"), ann.get("/api/stores"));
    assert!(began.elapsed() >= Duration::from_millis(120), "{:?}", began.elapsed());
    ann.select_store(0).await;
    ann.add("Organic Bananas", 1).await;
    let mut stream = TcpStream::connect(shop.addr()).await.expect("it accepts");
    let head = "POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\
                Authorization: Bearer dev:agent_001\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("it reads");
    while !shop.ledger().routes.contains_key(&Route::Checkout) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(stream);
    // In its turn: the next request waits for the order that nobody waits for.
    let began = Instant::now();
    assert_eq!(ann.get("/api/cart").await.json["items"], json!([]));
    assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
    assert_eq!(shop.books().orders.len(), 1);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_request_beyond_the_minutes_number_takes_no_place() {
    let limit = RateLimit { route: None, per_minute: 1, retry_after: true };
    let shop = shop_with(Habits { pace: Some(Pace::of(1, 300.0)), ..Habits::default() });
    shop.faults().set(Faults { rate_limits: vec![limit], ..Faults::default() }).expect("valid");
    let ann = Shopper::new(&shop, "agent_001");
    let (first, second) = futures::join!(ann.get("/api/stores"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = Instant::now();
        (ann.get("/api/stores").await.status, began.elapsed())
    });
    assert_eq!((first.status, second.0), (200, 429));
    assert!(second.1 < Duration::from_millis(250), "{:?}", second.1);
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn each_request_opens_a_connection_and_none_left_is_a_500() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let sql = "CREATE ROLE habit_few LOGIN CONNECTION LIMIT 1";
    postgres::execute(port, &database, sql).await;
    let url = format!("postgres://habit_few@127.0.0.1:{port}/{database}");
    let pace = Some(Pace::of(2, 200.0));
    let shop = shop_with(Habits { database: Some(url.into()), pace, ..Habits::default() });
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.get("/api/stores").await.status, 200);
    assert_eq!((shop.ledger().database_connections, shop.ledger().database_too_many), (1, 0));
    let (one, other) = futures::join!(ann.get("/api/stores"), ann.get("/api/stores"));
    let (held, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((held.status, refused.status), (200, 500));
    assert!(refused.detail().contains("too many"), "{}", refused.text);
    assert_eq!((shop.ledger().database_connections, shop.ledger().database_too_many), (2, 1));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn habits_that_make_no_sense_are_refused() {
    for habits in [
        Habits { pace: Some(Pace::of(0, 1.0)), ..Habits::default() },
        Habits { database: Some("mysql://x".into()), ..Habits::default() },
    ] {
        let config = PracticeConfig { habits, ..PracticeConfig::default() };
        let error = PracticeShop::start(config).expect_err("no sense").to_string();
        assert!(error.contains("give"), "{error}");
    }
}

#[test]
fn the_command_opens_a_shop_with_habits_whose_books_outlive_a_run() {
    let place = Place::new();
    let shop = place.start(&[
        "shop",
        "--port",
        "0",
        "--unrounded-totals",
        "--coupons-as-object",
        "--reusable-coupons",
        "--first-visit-needed",
        "--wallet",
        "32",
        "--order-reads",
        "anonymous",
        "--at-once",
        "2",
        "--service-ms",
        "1",
        "--slower",
        "checkout:2",
        "--round-trips",
        "1",
        "--round-trip-ms",
        "0.1",
        "--then",
        "600:1:5",
        "--per-minute",
        "100000",
        "--retry-after",
    ]);
    wait(|| place.log().contains("http://127.0.0.1:"), || place.log());
    let log = place.log();
    let url = log.lines().find(|line| line.starts_with("http://")).expect("a URL").to_owned();
    let answer = actix_web::rt::System::new().block_on(async {
        let client = awc::Client::default();
        let store = client.put(format!("{url}/api/user/store"));
        let store = store.insert_header(("Authorization", "Bearer dev:agent_001"));
        let refused = store.send_json(&json!({ "store_id": "x" })).await.expect("an answer");
        let mut books = client.get(format!("{url}/practice/orders")).send().await.expect("books");
        (refused.status().as_u16(), books.json::<Value>().await.expect("JSON"))
    });
    assert_eq!(answer, (500, json!({ "orders": [], "total": 0 })));
    shop.kill();
    for bad in [
        &["shop", "--slower", "checkout"][..],
        &["shop", "--at-once", "1", "--slower", "nowhere:2"],
        &["shop", "--service-ms", "5"],
        &["shop", "--at-once", "1", "--then", "5:1"],
        &["shop", "--retry-after"],
    ] {
        place.expect(2, bad);
    }
    place.expect(5, &["shop", "--port", "0", "--at-once", "0"]);
}
