//! Each contract walked by a plain client: what its shop says to the calls of a visit.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::operations::{Operation, Refusal};
use super::server::{ContractShop, Faults};
use super::template::{as_text, at};
use super::{ALWAYS_200, COOKIES, CURSOR, Contract, MEDUSA, TITLES, UNPAGED, VENDURE};
use crate::support::scripted_server::read_request;

/// What came back.
struct Said {
    status: u16,
    head: String,
    body: Value,
}

/// A visit at a shop.
struct Visit {
    shop: ContractShop,
    /// Of every call.
    headers: Vec<(String, String)>,
}

impl Said {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(of, _)| *of == name).map(|(_, value)| value)
    }

    /// What stands there as a text; empty for nothing.
    fn text(&self, path: &str) -> String {
        at(&self.body, path).map_or(String::new(), as_text)
    }

    /// How long the list is that stands there.
    fn count(&self, path: &str) -> usize {
        at(&self.body, path).and_then(Value::as_array).map_or(0, Vec::len)
    }
}

impl Visit {
    fn at(contract: &Contract) -> Self {
        Self::faulty(contract, Faults::default())
    }

    fn faulty(contract: &Contract, faults: Faults) -> Self {
        Self { shop: contract.shop(faults), headers: Vec::new() }
    }

    fn wears(&mut self, name: &str, value: &str) {
        self.headers.retain(|(of, _)| of != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// `None` where the connection ends without an answer.
    fn try_call(&self, on: &str, body: &str) -> Option<Said> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.shop.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut request = format!("{on} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let answer = read_request(&mut stream)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|_| body.into());
        Some(Said { status, head: head.to_owned(), body })
    }

    fn call(&self, on: &str, body: &Value) -> Said {
        self.try_call(on, &body.to_string()).expect("an answer")
    }

    fn get(&self, path: &str) -> Said {
        self.try_call(&format!("GET {path}"), "").expect("an answer")
    }

    /// The answer to a call with this status.
    #[track_caller]
    fn expect(&self, status: u16, on: &str, body: &Value) -> Said {
        let said = self.call(on, body);
        assert_eq!(said.status, status, "{on}: {}", said.body);
        said
    }

    fn refused(&self, why: Refusal) -> usize {
        self.shop.books().refused.get(&why).copied().unwrap_or_default()
    }

    /// The answer to a GraphQL query, which is remembered by the session that it hands out.
    fn query(&mut self, query: &str, variables: &Value) -> Said {
        let said = self.call("POST /shop-api", &json!({"query": query, "variables": variables}));
        if let Some(token) = said.header("vendure-auth-token") {
            let token = format!("Bearer {token}");
            self.wears("authorization", &token);
        }
        said
    }
}

/// The shop's only order: its id, total and charges.
fn order(visit: &Visit) -> (String, i64, i64) {
    let books = visit.shop.books();
    assert_eq!(books.orders.len(), 1);
    let order = &books.orders[0];
    (order.id.clone(), order.totals.total, order.totals.shipping + order.totals.tax)
}

fn medusa(faults: Faults) -> (Visit, String) {
    let mut visit = Visit::faulty(&MEDUSA, faults);
    assert_eq!(visit.get("/store/regions").status, 400, "without the key");
    visit.wears("x-publishable-api-key", "pk_1");
    let cart = visit.expect(200, "POST /store/carts", &json!({"email": "a@example.com"}));
    let cart = format!("/store/carts/{}", cart.text("cart.id"));
    (visit, cart)
}

#[test]
fn medusa_lists_sells_refuses_with_400_and_passes_over_a_promotion_in_silence() {
    let (visit, cart) = medusa(Faults::default());
    let page = visit.get("/store/products?limit=50&offset=100");
    assert_eq!((page.text("count").as_str(), page.count("products")), ("130", 30));
    assert_eq!(page.count("products.3.variants"), 8, "{}", page.body);
    assert_eq!(page.text("products.1.variants.0.calculated_price.calculated_amount"), "19.75");
    let add = format!("POST {cart}/line-items");
    let said = visit.expect(200, &add, &json!({"variant_id": "variant_2", "quantity": 2}));
    assert_eq!(said.text("cart.items.0.unit_price"), "1.75");
    let said = visit.expect(400, &add, &json!({"variant_id": "variant_4", "quantity": 2}));
    assert_eq!(said.text("code"), "insufficient_inventory");
    let said = visit.expect(400, &add, &json!({"variant_id": "variant_nope", "quantity": 1}));
    assert!(said.text("message").contains("do not exist or belong"), "{}", said.body);
    assert_eq!(visit.get("/store/products/prod_nope").status, 404);
    for (code, status, found) in
        [("NOPE", 400, 0), ("MIN", 200, 0), ("OLD", 200, 0), ("TEN", 200, 1)]
    {
        let promotions = format!("POST {cart}/promotions");
        let said = visit.expect(status, &promotions, &json!({"promo_codes": [code]}));
        assert_eq!(said.count("cart.promotions"), found, "{code}: {}", said.body);
    }
    assert_eq!(visit.refused(Refusal::CodeIneligible), 1);
    assert_eq!(visit.shop.books().carts_with_items, 1);
}

/// Takes a cart with something in it to its payment.
fn to_payment(visit: &Visit, cart: &str) {
    let id = cart.rsplit_once('/').unwrap().1;
    let add = format!("POST {cart}/line-items");
    visit.expect(200, &add, &json!({"variant_id": "variant_1", "quantity": 3}));
    let complete = format!("POST {cart}/complete");
    let said = visit.expect(400, &complete, &json!({}));
    assert!(said.text("message").contains("No shipping method"), "{}", said.body);
    let options = visit.get(&format!("/store/shipping-options?cart_id={id}"));
    let option = json!({"option_id": options.text("shipping_options.0.id")});
    visit.expect(200, &format!("POST {cart}/shipping-methods"), &option);
    let said = visit.expect(400, &complete, &json!({}));
    assert!(said.text("message").contains("not been initiated"), "{}", said.body);
    let collections = "POST /store/payment-collections";
    let collection = visit.expect(200, collections, &json!({"cart_id": id}));
    let collection = collection.text("payment_collection.id");
    let sessions = format!("{collections}/{collection}/payment-sessions");
    visit.expect(200, &sessions, &json!({"provider_id": "pp_system_default"}));
}

#[test]
fn medusas_ordered_cart_answers_its_order_again_and_takes_nothing_more() {
    let (visit, cart) = medusa(Faults { lost_orders: Some(1), ..Faults::default() });
    to_payment(&visit, &cart);
    let complete = format!("POST {cart}/complete");
    assert!(visit.try_call(&complete, "").is_none(), "the first answer is lost");
    let said = visit.expect(200, &complete, &json!({}));
    let (id, total, charges) = order(&visit);
    assert_eq!(said.text("order.id"), id);
    assert_eq!((total, charges, said.text("order.total").as_str()), (1768, 1354, "17.68"));
    assert_eq!(said.text("order.shipping_subtotal"), "10.00");
    let add = format!("POST {cart}/line-items");
    let said = visit.expect(400, &add, &json!({"variant_id": "variant_1", "quantity": 3}));
    assert!(said.text("message").contains("already completed"), "{}", said.body);
    assert_eq!(visit.get(&format!("/store/orders/{id}")).text("order.total"), "17.68");
    assert_eq!((visit.get("/store/orders").status, visit.shop.books().lost), (401, 1));
}

#[test]
fn medusas_accounts_see_their_orders() {
    let (mut visit, _) = medusa(Faults::default());
    let register = "POST /auth/customer/emailpass/register";
    let who = json!({"email": "a@example.com", "password": "pw"});
    let registration = visit.expect(200, register, &who).text("token");
    visit.expect(401, register, &who);
    visit.wears("authorization", &format!("Bearer {registration}"));
    visit.expect(200, "POST /store/customers", &json!({"email": "a@example.com"}));
    let token = visit.expect(200, "POST /auth/customer/emailpass", &who).text("token");
    visit.wears("authorization", "Bearer nobody");
    visit.expect(401, "POST /store/carts", &json!({}));
    visit.wears("authorization", &format!("Bearer {token}"));
    let id = visit.expect(200, "POST /store/carts", &json!({})).text("cart.id");
    let cart = format!("/store/carts/{id}");
    to_payment(&visit, &cart);
    visit.expect(200, &format!("POST {cart}/complete"), &json!({}));
    let orders = visit.get("/store/orders?limit=1&order=-created_at");
    assert_eq!(orders.text("orders.0.cart.id"), id, "{}", orders.body);
}

const ADD: &str =
    "mutation ($id: ID!, $n: Int!) { addItemToOrder(productVariantId: $id) { code } }";
const APPLY: &str = "mutation ($code: String!) { applyCouponCode(couponCode: $code) { code } }";
const PAY: &str = "mutation { addPaymentToOrder(input: {}) { code } }";
const CLEAR: &str = "mutation { removeAllOrderLines { code } }";

fn to_state(state: &str) -> String {
    format!("mutation {{ transitionOrderToState(state: \"{state}\") {{ __typename }} }}")
}

#[test]
fn vendure_refuses_in_a_200_and_a_refused_add_has_added_what_there_was() {
    let mut visit = Visit::at(&VENDURE);
    let list = "query ($limit: Int!) { products(options: {}) { totalItems } }";
    let page = visit.query(list, &json!({"limit": 100, "offset": 100}));
    assert_eq!((page.status, page.count("data.products.items")), (200, 30));
    assert!(visit.headers.is_empty(), "goods open no session");
    let page = visit.query(list, &json!({"limit": 101, "offset": 0}));
    assert_eq!(page.text("errors.0.extensions.code"), "USER_INPUT_ERROR");
    let said = visit.query(ADD, &json!({"id": "4", "n": 3}));
    assert_eq!(said.text("data.addItemToOrder.errorCode"), "INSUFFICIENT_STOCK_ERROR");
    assert_eq!(visit.headers.len(), 1, "a session, though refused");
    let said = visit.query("{ activeOrder { code } }", &json!({}));
    assert_eq!(said.text("data.activeOrder.totalQuantity"), "1", "{}", said.body);
    let said = visit.query(ADD, &json!({"id": "999", "n": 3}));
    assert_eq!(said.text("errors.0.extensions.code"), "ENTITY_NOT_FOUND");
    let said = visit.query(APPLY, &json!({"code": "OLD"}));
    assert_eq!(said.text("data.applyCouponCode.errorCode"), "COUPON_CODE_EXPIRED_ERROR");
    for code in ["MIN", "TEN"] {
        let said = visit.query(APPLY, &json!({"code": code}));
        assert_eq!(said.text("data.applyCouponCode.__typename"), "Order", "{}", said.body);
    }
    let said = visit.query(CLEAR, &json!({}));
    let left = said.text("data.removeAllOrderLines.totalQuantity");
    assert_eq!((left.as_str(), said.count("data.removeAllOrderLines.couponCodes")), ("0", 2));
    let remove = "mutation ($code: String!) { removeCouponCode(couponCode: $code) { id } }";
    let said = visit.query(remove, &json!({"code": "TEN"}));
    assert_eq!(said.count("data.removeCouponCode.couponCodes"), 1);
}

#[test]
fn vendures_checkout_is_found_by_its_code_when_its_answer_is_lost() {
    let mut visit = Visit::faulty(&VENDURE, Faults { lost_orders: Some(1), ..Faults::default() });
    let said = visit.query(PAY, &json!({}));
    assert_eq!(said.text("data.addPaymentToOrder.errorCode"), "NO_ACTIVE_ORDER_ERROR");
    let code = visit.query(ADD, &json!({"id": "1", "n": 2})).text("data.addItemToOrder.code");
    let arrange = to_state("ArrangingPayment");
    let said = visit.query(&arrange, &json!({}));
    assert!(said.text("data.transitionOrderToState.transitionError").contains("ShippingMethod"));
    visit.query("mutation { setOrderShippingMethod { code } }", &json!({"id": ["1"]}));
    let who = json!({"email": "a@example.com"});
    visit.query("mutation { setCustomerForOrder(input: {}) { code } }", &who);
    visit.query(&arrange, &json!({}));
    for refused in [ADD, CLEAR] {
        let said = visit.query(refused, &json!({"id": "1", "n": 2}));
        assert!(said.body.to_string().contains("ORDER_MODIFICATION_ERROR"), "{}", said.body);
    }
    visit.query(&to_state("AddingItems"), &json!({}));
    let find = "query ($code: String!) { orderByCode(code: $code) { code } }";
    let said = visit.query(find, &json!({"code": code}));
    assert_eq!(said.text("data.orderByCode.active"), "true");
    visit.query(&arrange, &json!({}));
    let pay = json!({"query": PAY, "variables": {}}).to_string();
    assert!(visit.try_call("POST /shop-api", &pay).is_none());
    let said = visit.query(PAY, &json!({}));
    assert_eq!(said.text("data.addPaymentToOrder.errorCode"), "NO_ACTIVE_ORDER_ERROR");
    visit.wears("authorization", "Bearer another");
    let said = visit.query(find, &json!({"code": code}));
    let (id, total, charges) = order(&visit);
    assert_eq!((id, charges), (code, 500));
    assert_eq!(said.text("data.orderByCode.active"), "false");
    assert_eq!(said.text("data.orderByCode.totalWithTax"), total.to_string());
}

#[test]
fn vendures_accounts_have_a_session_of_their_own() {
    let mut visit = Visit::at(&VENDURE);
    let who = json!({"email": "a@example.com", "password": "pw"});
    let register = "mutation { registerCustomerAccount(input: {}) { __typename } }";
    for _ in 0..2 {
        let said = visit.query(register, &who);
        assert_eq!(said.text("data.registerCustomerAccount.success"), "true");
    }
    let login = "mutation { login { id } }";
    let before = visit.headers.clone();
    let said = visit.query(login, &json!({"email": "a@example.com", "password": "no"}));
    assert_eq!(said.text("data.login.errorCode"), "INVALID_CREDENTIALS_ERROR");
    let said = visit.query(login, &who);
    assert_eq!(said.text("data.login.__typename"), "CurrentUser");
    assert_ne!(visit.headers, before);
    visit.query(ADD, &json!({"id": "1", "n": 2}));
    let said = visit.query("mutation { setCustomerForOrder(input: {}) { code } }", &who);
    assert_eq!(said.text("data.setCustomerForOrder.errorCode"), "ALREADY_LOGGED_IN_ERROR");
    // The same cart, by another login.
    visit.query(login, &who);
    let said = visit.query("{ activeOrder { code } }", &json!({}));
    assert_eq!(said.text("data.activeOrder.totalQuantity"), "2");
}

#[test]
fn without_its_cookie_all_callers_share_a_cart_and_with_it_the_token_is_wanted() {
    let mut visit = Visit::faulty(&COOKIES, Faults { lost_orders: Some(1), ..Faults::default() });
    let (item, add) = (json!({"sku": "sku-1", "qty": 1}), "POST /api/cart/items");
    visit.expect(201, add, &item);
    visit.expect(201, add, &item);
    assert_eq!(visit.get("/api/cart").text("cart.items.0.qty"), "2");
    let page = visit.get("/shop");
    let cookies = page.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookies: Vec<&str> = cookies.map(|line| line.split(';').next().unwrap()).collect();
    let token = cookies[1].strip_prefix("csrf=").unwrap().to_owned();
    visit.wears("cookie", &cookies.join("; "));
    assert_eq!(visit.get("/api/cart").text("cart"), "null", "{}", page.body);
    assert_eq!(visit.expect(403, add, &item).text("error"), "csrf");
    visit.wears("x-csrf-token", &token);
    assert_eq!(visit.expect(201, add, &item).text("added.price"), "1.38");
    visit.expect(409, add, &json!({"sku": "sku-4", "qty": 2}));
    visit.expect(404, add, &json!({"sku": "nope", "qty": 2}));
    let refused = visit.try_call("POST /api/cart/code", "code=MIN").unwrap();
    assert_eq!((refused.status, refused.text("error").as_str()), (422, "code_not_for_this_cart"));
    assert_eq!(visit.try_call("POST /api/cart/code", "code=TEN").unwrap().status, 200);
    let buy = json!({"reference": "visit 1"});
    assert!(visit.try_call("POST /api/orders", &buy.to_string()).is_none());
    assert_eq!(visit.expect(422, "POST /api/orders", &buy).text("error"), "cart_empty");
    let found = visit.get("/api/orders?reference=visit%201");
    assert_eq!(found.text("orders.0.total"), "6.19", "{}", found.body);
    assert_eq!(visit.get("/api/products?page=3&per_page=48").count("products"), 34);
}

#[test]
fn a_cursor_leads_to_the_next_page_until_there_is_none() {
    let visit = Visit::faulty(&CURSOR, Faults { lost_orders: Some(1), ..Faults::default() });
    let (mut products, mut pages, mut after) = (0, 0, String::new());
    loop {
        let page = visit.get(&format!("/v1/products?limit=50{after}"));
        (products, pages) = (products + page.count("data"), pages + 1);
        match page.text("paging.next") {
            next if next.is_empty() => break,
            next => after = format!("&after={next}"),
        }
    }
    assert_eq!((products, pages), (130, 4));
    assert_eq!(visit.get("/v1/products?after=40").status, 400);
    let cart = visit.expect(201, "POST /v1/carts", &json!({}));
    let cart = cart.header("location").unwrap().to_owned();
    let lines = format!("POST {cart}/lines");
    visit.expect(201, &lines, &json!({"sku": "v1", "quantity": 2}));
    visit.expect(406, &lines, &json!({"sku": "v4", "quantity": 2}));
    visit.expect(406, &format!("PUT {cart}/codes/MIN"), &json!({}));
    visit.expect(200, &format!("PUT {cart}/codes/TEN"), &json!({}));
    let id = cart.rsplit_once('/').unwrap().1;
    assert_eq!(visit.get(&format!("/v1/orders?cart={id}")).count("data"), 0);
    let mut visit = visit;
    visit.wears("idempotency-key", "k1");
    let order = format!("POST {cart}/order");
    assert!(visit.try_call(&order, "").is_none());
    let said = visit.expect(201, &order, &json!({}));
    assert_eq!((said.text("fees.shipping"), said.text("fees.tax")), ("390".into(), "64".into()));
    assert!(said.body["id"].is_number(), "{}", said.body);
    visit.wears("idempotency-key", "k2");
    visit.expect(410, &order, &json!({}));
    let found = visit.get(&format!("/v1/orders?cart={id}"));
    assert_eq!(found.text("data.0.id"), said.text("id"));
}

#[test]
fn a_list_that_knows_no_pages_is_the_whole_list_and_a_stranger_is_refused() {
    let mut visit = Visit::faulty(&UNPAGED, Faults { lost_orders: Some(1), ..Faults::default() });
    assert_eq!(visit.get("/catalogue?limit=10&offset=100").body.as_array().unwrap().len(), 130);
    assert_eq!(visit.get("/basket").status, 401);
    visit.wears("x-client", "agent_001");
    let said = visit.expect(200, "POST /basket/A1?n=3", &json!({}));
    assert_eq!((said.text("price"), said.text("rows.0.n")), ("138".into(), "3".into()));
    visit.expect(500, "POST /basket/A4?n=3", &json!({}));
    let said = visit.expect(400, "PUT /basket/voucher", &json!({"voucher": "DRAFT"}));
    assert_eq!(said.text("say"), "voucher unknown");
    assert!(visit.try_call("POST /orders", "").is_none());
    visit.expect(400, "POST /orders", &json!({}));
    assert_eq!(visit.get("/orders").status, 404, "orders cannot be read");
    let (_, total, charges) = order(&visit);
    assert_eq!((total, charges), (764, 350));
}

#[test]
fn everything_is_a_200_with_a_code() {
    let mut visit =
        Visit::faulty(&ALWAYS_200, Faults { lost_orders: Some(1), ..Faults::default() });
    let code = |visit: &Visit, call: &str, body: Value| {
        visit.expect(200, &format!("POST /rpc/{call}"), &body).text("code")
    };
    assert_eq!(code(&visit, "cart.get", json!({})), "40100");
    let who = json!({"name": "a", "secret": "s"});
    assert_eq!(code(&visit, "user.login", who.clone()), "40101");
    assert_eq!(code(&visit, "user.register", who.clone()), "0");
    assert_eq!(code(&visit, "user.register", who.clone()), "40900");
    let token = visit.expect(200, "POST /rpc/user.login", &who).text("data.token");
    visit.wears("x-token", &token);
    let page = visit.expect(200, "POST /rpc/product.list", &json!({"page": 2, "size": 50}));
    assert_eq!((page.count("data.list"), page.text("data.count").as_str()), (30, "130"));
    assert_eq!(code(&visit, "cart.add", json!({"sku": "S1", "n": 2})), "0");
    assert_eq!(code(&visit, "cart.add", json!({"sku": "S4", "n": 2})), "40901");
    assert_eq!(code(&visit, "cart.add", json!({"sku": "S999", "n": 2})), "40401");
    assert_eq!(code(&visit, "cart.coupon", json!({"coupon": "MIN"})), "42211");
    let buy = json!({"request_id": "r1"});
    assert!(visit.try_call("POST /rpc/order.create", &buy.to_string()).is_none());
    let said = visit.expect(200, "POST /rpc/order.create", &buy);
    let (id, total, charges) = order(&visit);
    assert_eq!((total, charges), (1031, 755));
    assert_eq!((said.text("data.order_no"), said.text("data.amount")), (id, "10.31".into()));
    assert_eq!(code(&visit, "order.create", json!({"request_id": "r2"})), "42201");
    assert_eq!(code(&visit, "no.such", json!({})), "40400");
}

#[test]
fn a_list_of_titles_leaves_price_and_availability_to_two_more_calls() {
    let mut visit = Visit::at(&TITLES);
    let page = visit.get("/items?offset=120&limit=50");
    assert_eq!((page.count("items"), page.text("items.0.id").as_str()), (10, "121"));
    assert_eq!(page.body["items"][0].as_object().unwrap().len(), 2, "{}", page.body);
    assert_eq!(visit.get("/items/121/price").text("amount"), "7.78");
    assert_eq!(visit.get("/items/121/availability").text("available"), "true");
    assert_eq!(visit.get("/items/999/price").status, 404);
    visit.wears("x-shopper", "agent_001");
    visit.expect(201, "POST /cart", &json!({"item": "121", "count": 1}));
    visit.expect(201, "POST /cart", &json!({"item": 8, "count": 1}));
    visit.expect(409, "POST /cart", &json!({"item": 8, "count": 1}));
    visit.expect(400, "PUT /cart/code", &json!({"code": "MIN"}));
    let said = visit.expect(201, "POST /orders", &json!({"note": "visit 1"}));
    assert_eq!(visit.get("/orders").text("0.note"), "visit 1", "{}", said.body);
    assert_eq!(visit.get("/items/8/availability").text("available"), "false");
    visit.expect(201, "POST /cart", &json!({"item": 9, "count": 1}));
    assert_eq!(visit.shop.books().carts_with_items, 1);
    assert_eq!(visit.expect(204, "DELETE /cart", &json!({})).body, "");
    assert_eq!(visit.shop.books().carts_with_items, 0);
}

#[test]
fn faults_come_every_nth_time_before_the_work_and_slow_answers_take_their_time() {
    let pause = Duration::from_millis(50);
    let visit = Visit::faulty(
        &UNPAGED,
        Faults {
            errors: [(Operation::List, 3)].into(),
            slow: Some((2, pause)),
            ..Faults::default()
        },
    );
    let begun = Instant::now();
    let statuses: Vec<u16> = (0..6).map(|_| visit.get("/catalogue").status).collect();
    assert_eq!(statuses, [200, 200, 500, 200, 200, 500]);
    assert!(begun.elapsed() >= pause * 3);
    assert_eq!(visit.shop.books().requests, 6);
}
