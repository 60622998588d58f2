//! Profiles of format 2 at shops of other shapes: values that calls leave behind, steps of several
//! calls, answers that mean something else than their status says.

use std::sync::atomic::{AtomicUsize, Ordering};

use actors::domain::ids::{CouponId, FlowId, ProductId};
use actors::ports::shop_api::{
    ApiError, ApiErrorKind, Caller, Part, Refusal, ShopCall, ShopReply, ShopRequest,
};
use shops::shop_api::http::Credentials;
use shops::shop_api::profile::Profile;
use uuid::Uuid;

use super::{Way, add, caller, way_with};
use crate::support::scripted_server::{Answer, Scripted, answer, json};

/// What every profile has here, and no test is about.
const COMMON: &str = r#"
    keep_alive_s: 4.0, idempotency: honoured, wallet: shop, catalog: cached,
    answers: (
        products: (list: "products"),
        item: (id: "id", name: "id", category: "=c", price: "price"),
        item_added: (unit_price: "$.cart.items[?@.variant_id == '{variant_id}'].unit_price|=1"),
        coupons: (eligible: "coupons"),
        coupon_fields: (id: "id", kind: "=frontstore", kinds: {"frontstore": frontstore},
            target: "id", discount_type: "=fixed", discount_types: {"fixed": fixed}, value: "=1"),
        order: (id: "order.id", final_total: "order.total",
            lines: (list: "order.items", id: "id", quantity: "n", unit_price: "price")),
        cart_cleared: (),
    ),
    error_detail: ["message", "errors.0.message"],
"#;

/// A profile of these parts; `steps` are those that a run makes beside its own.
fn profile(head: &str, steps: &str) -> Profile {
    let text = format!(
        r#"(format: 2, name: "test", {head} {COMMON} steps: ({steps}
            probe: [(method: GET, path: "/")],
            list_products: [(method: GET, path: "/products")],
            eligible_coupons: [(method: GET, path: "/coupons")],
        ))"#
    );
    Profile::parse("test.ron", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn way(profile: Profile, server: &Scripted) -> Way {
    way_with(profile, &server.url(), Credentials::default(), None)
}

/// The first lines of the requests so far.
fn lines(server: &Scripted) -> Vec<String> {
    let line = |request: &String| request.lines().next().unwrap().replace(" HTTP/1.1", "");
    server.requests().iter().map(line).collect()
}

const MEDUSA: &str = r#"
    headers: {"x-key": "pk_1"},
    vars: {"email": (text: "{agent_id}@example.com")},
    setup: (
        run: [(method: GET, path: "/regions", capture: {"region_id": "$.regions[0].id"})],
        cart: [(method: POST, path: "/carts",
                json: {"region_id": "{region_id}", "email": "{email}"},
                capture: {"cart_id": "cart.id"})],
    ),
    refusals: [
        (on: [add_item], contains: "required inventory", refusal: stock),
        (on: [apply_coupon], status: [200],
         lacks: "$.cart.promotions[?@.code == '{coupon_code}']", refusal: coupon),
        (contains: "not found", forget: ["cart_id"], failure: true),
    ],
"#;
const MEDUSA_STEPS: &str = r#"
    add_item: [(method: POST, path: "/carts/{cart_id}/line-items",
                json: {"variant_id": "{variant_id}", "quantity": "{quantity}"})],
    apply_coupon: [(method: POST, path: "/carts/{cart_id}/promotions",
                    json: {"promo_codes": ["{coupon_code}"]})],
    checkout: [
        (method: GET, path: "/shipping-options", query: {"cart_id": "{cart_id}"},
         capture: {"option_id": "$.options[0].id"}),
        (method: POST, path: "/carts/{cart_id}/shipping", json: {"id": "{option_id}"},
         repeatable: true),
        (method: POST, path: "/carts/{cart_id}/complete", places_order: true,
         requires: ["order.id"]),
    ],
    clear_cart: [(forget: ["cart_id"])],
"#;

/// A shop that numbers its carts; its shipping fails at the first try.
fn medusa() -> Scripted {
    let (carts, shippings) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Scripted::deciding(move |request| {
        let line = request.lines().next()?;
        Some(match line.split(' ').nth(1)? {
            "/regions" => json(200, r#"{"regions": [{"id": "reg 1"}]}"#),
            "/carts" => {
                let number = carts.fetch_add(1, Ordering::SeqCst) + 1;
                json(200, &format!(r#"{{"cart": {{"id": "cart_{number}"}}}}"#))
            }
            path if path.ends_with("/line-items") && request.contains("\"scarce\"") => {
                json(400, r#"{"message": "does not have the required inventory"}"#)
            }
            path if path.ends_with("/line-items") && path.contains("cart_3") => {
                json(404, r#"{"message": "Cart id not found"}"#)
            }
            path if path.ends_with("/line-items") => json(
                200,
                r#"{"cart": {"items": [{"variant_id": "x", "unit_price": 9},
                    {"variant_id": "p1", "unit_price": 2.99}]}}"#,
            ),
            path if path.ends_with("/promotions") => {
                json(200, r#"{"cart": {"promotions": [{"code": "TEN"}]}}"#)
            }
            path if path.starts_with("/shipping-options") => {
                json(200, r#"{"options": [{"id": "so_1"}]}"#)
            }
            path if path.ends_with("/shipping") => match shippings.fetch_add(1, Ordering::SeqCst) {
                0 => json(500, r#"{"message": "try again"}"#),
                _ => json(200, "{}"),
            },
            _ => json(
                200,
                r#"{"order": {"id": "o1", "total": 5.98,
                    "items": [{"id": "p1", "n": 2, "price": 2.99}]}}"#,
            ),
        })
    })
}

#[actix::test]
async fn values_are_fetched_by_their_blocks_where_they_are_first_wanted() {
    let server = medusa();
    let way = way(profile(MEDUSA, MEDUSA_STEPS), &server);
    let added = way.whole(add()).await.unwrap();
    assert!(matches!(added, ShopReply::ItemAdded { unit_price } if unit_price.0 == 299));
    way.whole(add()).await.unwrap();
    assert_eq!(
        lines(&server),
        [
            "GET /regions",
            "POST /carts",
            "POST /carts/cart_1/line-items",
            "POST /carts/cart_1/line-items"
        ]
    );
    let requests = server.requests();
    let cart = &requests[1];
    assert!(cart.contains(r#"{"email":"agent_001@example.com","region_id":"reg 1"}"#), "{cart}");
    assert!(requests.iter().all(|request| request.contains("x-key: pk_1")), "{requests:?}");
    // Another agent and another visit have carts of their own; the region is the run's.
    let other = Caller { agent_id: actors::domain::ids::AgentId::new("b"), ..caller() };
    way.go_on(ShopRequest::new(Some(other), add())).await.unwrap();
    assert_eq!(lines(&server)[4..], ["POST /carts", "POST /carts/cart_2/line-items"]);
}

#[actix::test]
async fn a_retry_goes_on_at_the_call_that_failed_and_only_the_last_one_places_the_order() {
    let server = medusa();
    let way = way(profile(MEDUSA, MEDUSA_STEPS), &server);
    way.whole(add()).await.unwrap();
    let failed: ApiError = way.whole(ShopCall::Checkout).await.unwrap_err();
    assert_eq!((failed.part, failed.may_place_order()), (Part::Repeatable, false));
    assert!(matches!(failed.kind, ApiErrorKind::ServerError(500)));
    let again =
        ShopRequest { continues: true, ..ShopRequest::new(Some(caller()), ShopCall::Checkout) };
    let ShopReply::OrderPlaced(order) = way.go_on(again).await.unwrap() else { panic!() };
    assert_eq!(order.final_total.cents.0, 598);
    assert_eq!(
        lines(&server)[3..],
        [
            "GET /shipping-options?cart_id=cart_1",
            "POST /carts/cart_1/shipping",
            "POST /carts/cart_1/shipping",
            "POST /carts/cart_1/complete"
        ]
    );
    // An ordered cart is no cart: the next add opens another one.
    way.whole(add()).await.unwrap();
    assert_eq!(lines(&server)[7..], ["POST /carts", "POST /carts/cart_2/line-items"]);
}

#[actix::test]
async fn what_a_call_in_the_middle_requires_must_be_there() {
    let steps = MEDUSA_STEPS.replacen(
        "capture: {\"option_id\"",
        "requires: [\"$.none\"], capture: {\"option_id\"",
        1,
    );
    assert_ne!(steps, MEDUSA_STEPS);
    let server = medusa();
    let way = way(profile(MEDUSA, &steps), &server);
    way.whole(add()).await.unwrap();
    let error = way.whole(ShopCall::Checkout).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unparsable { field: "$.none".to_owned() });
    assert!(!error.may_place_order());
    assert_eq!(lines(&server)[3..], ["GET /shipping-options?cart_id=cart_1"]);
}

#[actix::test]
async fn a_refusal_may_be_a_400_or_a_200_that_lacks_what_was_asked_for() {
    let server = medusa();
    let way = way(profile(MEDUSA, MEDUSA_STEPS), &server);
    let scarce = ShopCall::AddItem { product: ProductId::new("scarce").into(), quantity: 1 };
    let kind = way.whole(scarce).await.unwrap_err().kind;
    assert_eq!(kind, ApiErrorKind::Refused(Refusal::Stock));
    let apply = |code: &str| ShopCall::ApplyCoupon { coupon: CouponId::new(code) };
    assert_eq!(way.whole(apply("TEN")).await.unwrap(), ShopReply::Done);
    let kind = way.whole(apply("FIVE")).await.unwrap_err().kind;
    assert_eq!(kind, ApiErrorKind::Refused(Refusal::Coupon));
}

#[actix::test]
async fn what_the_shop_no_longer_knows_is_forgotten_and_fetched_anew_once() {
    let server = medusa();
    let way = way(profile(MEDUSA, MEDUSA_STEPS), &server);
    for flow in 1..=2 {
        let caller = Caller { flow_id: Some(FlowId(Uuid::from_u128(flow))), ..caller() };
        way.go_on(ShopRequest::new(Some(caller), add())).await.unwrap();
    }
    // Cart 3 is lost at once: cart 4 takes its place.
    let third = Caller { flow_id: Some(FlowId(Uuid::from_u128(3))), ..caller() };
    way.go_on(ShopRequest::new(Some(third), add())).await.unwrap();
    assert_eq!(
        lines(&server)[5..],
        [
            "POST /carts",
            "POST /carts/cart_3/line-items",
            "POST /carts",
            "POST /carts/cart_4/line-items"
        ]
    );
}

#[actix::test]
async fn a_clear_that_only_forgets_sends_nothing() {
    let server = medusa();
    let way = way(profile(MEDUSA, MEDUSA_STEPS), &server);
    way.whole(add()).await.unwrap();
    let sent = way.sent();
    let cleared = way.whole(ShopCall::ClearCart).await.unwrap();
    assert_eq!(cleared, ShopReply::CartCleared { items_removed: 0 });
    assert_eq!(way.sent(), sent);
    way.whole(add()).await.unwrap();
    assert_eq!(lines(&server)[3..], ["POST /carts", "POST /carts/cart_2/line-items"]);
}

const VENDURE: &str = r#"
    graphql: "/shop-api",
    watch: {"token": "header:vendure-auth-token"},
    headers: {"authorization": "Bearer {token?}"},
    refusals: [
        (on: [add_item], is: {"data.add.errorCode": "INSUFFICIENT_STOCK"}, refusal: stock),
        (has: "$.data.*.errorCode", failure: true),
    ],
"#;
const VENDURE_STEPS: &str = r#"
    add_item: [(graphql: "mutation ($id: ID!, $n: Int!) { add(id: $id, n: $n) { id } }",
                variables: {"id": "{variant_id}", "n": "{quantity}"})],
    apply_coupon: [(graphql: "mutation { coupon }")],
    checkout: [(graphql: "mutation { pay }", places_order: true)],
    clear_cart: [
        (graphql: "mutation { transition }", optional: true),
        (graphql: "mutation { removeAll { couponCodes } }"),
        (each: "code", in: "$.data.removeAll.couponCodes[*]",
         graphql: "mutation ($code: String!) { removeCoupon(code: $code) }",
         variables: {"code": "{code}"}),
    ],
"#;

fn vendure(codes: &'static str) -> Scripted {
    Scripted::deciding(move |request| {
        let body = request.split("\r\n\r\n").nth(1)?;
        let said = match body {
            body if body.contains("add(id") && body.contains("\"n\":50") => {
                r#"{"data": {"add": {"errorCode": "INSUFFICIENT_STOCK", "message": "Only 1"}}}"#
            }
            body if body.contains("add(id") => r#"{"data": {"add": {"id": "1"}}}"#,
            body if body.contains("coupon }") => {
                r#"{"errors": [{"message": "must be logged in"}], "data": null}"#
            }
            body if body.contains("pay") => r#"{"data": {"pay": {"errorCode": "PAYMENT"}}}"#,
            body if body.contains("transition") => {
                r#"{"data": {"transition": {"errorCode": "NO_TRANSITION"}}}"#
            }
            body if body.contains("removeAll") => codes,
            _ => r#"{"data": {"removeCoupon": {}}}"#,
        };
        Some(answer(200, &[("vendure-auth-token", "t0k")], said.as_bytes()))
    })
}

const TWO_CODES: &str = r#"{"data": {"removeAll": {"couponCodes": ["A", "B\""]}}}"#;

#[actix::test]
async fn a_session_that_comes_in_a_header_is_echoed_and_a_200_may_refuse_or_fail() {
    let server = vendure(TWO_CODES);
    let way = way(profile(VENDURE, VENDURE_STEPS), &server);
    way.whole(add()).await.unwrap();
    way.whole(add()).await.unwrap();
    let requests = server.requests();
    assert!(!requests[0].contains("authorization"), "{}", requests[0]);
    assert!(requests[1].contains("authorization: Bearer t0k"), "{}", requests[1]);
    let sent = requests[0].split("\r\n\r\n").nth(1).unwrap();
    assert!(sent.contains(r#""variables":{"id":"p1","n":2}"#), "{sent}");
    let many = ShopCall::AddItem { product: ProductId::new("p1").into(), quantity: 50 };
    let kind = way.whole(many).await.unwrap_err().kind;
    assert_eq!(kind, ApiErrorKind::Refused(Refusal::Stock));
    let error = way.whole(ShopCall::ApplyCoupon { coupon: CouponId::new("c") }).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::UnexpectedStatus(200));
    assert_eq!(error.detail.as_deref(), Some("must be logged in"));
    let error = way.whole(ShopCall::Checkout).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::UnexpectedStatus(200));
    assert!(error.may_place_order());
}

#[actix::test]
async fn an_optional_call_may_fail_and_a_call_for_each_is_made_as_often_as_there_are() {
    for (codes, removed) in [
        (TWO_CODES, vec![r#"{"code":"A"}"#, r#"{"code":"B\""}"#]),
        (r#"{"data": {"removeAll": {"couponCodes": []}}}"#, vec![]),
    ] {
        let server = vendure(codes);
        let way = way(profile(VENDURE, VENDURE_STEPS), &server);
        let cleared = way.whole(ShopCall::ClearCart).await.unwrap();
        assert_eq!(cleared, ShopReply::CartCleared { items_removed: 0 });
        let requests = server.requests();
        assert_eq!(requests.len(), 2 + removed.len(), "{requests:?}");
        for (request, code) in requests[2..].iter().zip(removed) {
            assert!(request.contains(code), "{request}");
        }
    }
}

#[actix::test]
async fn cookies_a_token_in_a_page_and_forms() {
    let head = r#"
        cookies: agent,
        setup: (agent: [(method: GET, path: "/login", ok: [200],
            capture: {"csrf": "header:x-page ~ token=([a-z0-9]+)"})]),
    "#;
    let steps = r#"
        add_item: [(method: POST, path: "/cart",
            form: {"id": "{product_id}", "qty": "{quantity}", "csrf": "{csrf}"},
            headers: {"x-csrf": "{csrf}"})],
        apply_coupon: [(method: POST, path: "/coupon")],
        checkout: [(method: POST, path: "/order", places_order: true)],
        clear_cart: [(method: DELETE, path: "/cart")],
    "#;
    let server = Scripted::deciding(|request| -> Option<Answer> {
        Some(match request.starts_with("GET /login") {
            true => answer(
                200,
                &[("set-cookie", "sid=s1; Path=/; HttpOnly"), ("x-page", "a;token=ab12;b")],
                b"{}",
            ),
            false => json(200, "{}"),
        })
    });
    let way = way(profile(head, steps), &server);
    way.whole(add()).await.unwrap();
    assert_eq!(lines(&server), ["GET /login", "POST /cart"]);
    let add = &server.requests()[1];
    assert!(add.contains("cookie: sid=s1\r\n") && add.contains("x-csrf: ab12\r\n"), "{add}");
    assert!(add.contains("content-type: application/x-www-form-urlencoded"), "{add}");
    assert!(add.ends_with("csrf=ab12&id=p1&qty=2"), "{add}");
}

#[test]
fn a_value_that_nothing_captures_is_named_with_those_that_there_are() {
    let of = |from: &str, to: &str| {
        let steps = MEDUSA_STEPS.replacen(from, to, 1);
        assert_ne!(steps, MEDUSA_STEPS);
        let caught = std::panic::catch_unwind(|| profile(MEDUSA, &steps));
        let panic = caught.err().unwrap();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let error = of("/carts/{cart_id}/line-items", "/carts/{kart_id}/line-items");
    let named = "steps.add_item.path: unknown value {kart_id}: nothing captures it; there are \
                 cart_id, email, option_id, region_id";
    assert!(error.contains(named), "{error}");
    let error = of("places_order: true", "places_ordr: true");
    assert!(error.contains("places_ordr") && error.contains("places_order"), "{error}");
    let error = of("method: GET, path: \"/shipping-options\"", "path: \"/shipping-options\"");
    assert!(error.contains("steps.checkout.0: write `method` and `path`"), "{error}");
    let error = of("forget: [\"cart_id\"]", "forget: [\"kart\"]");
    assert!(error.contains("unknown value {kart}"), "{error}");
}
