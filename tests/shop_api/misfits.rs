//! Parts of an answer that do not fit: one is left out or reckoned and named, and refuses nothing
//! that is of use.

use actors::domain::flow::Order;
use actors::domain::ids::{CouponId, OrderId, ProductId, StoreId};
use actors::domain::money::{Amount, Cents};
use actors::domain::offer::{CouponKind, Discount};
use actors::domain::shop_notes::{Misread, Outcome};
use actors::ports::shop_api::{Answered, ApiErrorKind, ShopCall, ShopCoupon, ShopReply};
use serde_json::{Value, json};
use shops::shop_api::http::Credentials;

use super::{add, list, profile_with, way, way_with};
use crate::support::scripted_server::{Scripted, answer};

async fn answered(body: &str, call: ShopCall) -> Answered {
    let status = if call == ShopCall::Checkout { 201 } else { 200 };
    let server = Scripted::json(status, body);
    way(&server.url()).call(call).await.unwrap_or_else(|error| panic!("{error}: {body}"))
}

async fn refused(body: &str, call: ShopCall) -> String {
    let server = Scripted::json(200, body);
    let kind = way(&server.url()).kind(call).await;
    let ApiErrorKind::Unparsable { field } = kind else { panic!("{kind}: {body}") };
    field
}

/// What is said of a misfit: where, of which id, what should be there and what came.
fn said(misread: &Misread) -> (&str, Option<&str>, &str, &str) {
    (&misread.path, misread.id.as_deref(), &misread.expected, &misread.came)
}

const UNFIT: &str = r#"{"id":"b","name":"B","price":1,"category":"x","brand":"y","inStock":true}"#;

/// A list of three, the second of which is this.
fn listed(unfit: &str) -> String {
    let fit = |id: &str| json!({"id": id, "name": "N", "price": 1, "category": "x"});
    format!(r#"{{"products":[{},{unfit},{}],"total":3}}"#, fit("a"), fit("c"))
}

#[actix::test]
async fn one_product_that_does_not_fit_is_left_out_and_named() {
    for (from, to, id, place, expected, came) in [
        ("\"price\":1", "\"price\":null", Some("b"), "price", "there", "nothing"),
        ("\"price\":1", "\"price\":NaN", Some("b"), "price", "there", "nothing"),
        ("\"price\":1", "\"price\":-1", Some("b"), "price", "at least zero", "-1"),
        ("\"price\":1", "\"price\":\"free\"", Some("b"), "price", "an amount of money", "\"free\""),
        ("\"name\":\"B\"", "\"name\":null", Some("b"), "name", "there", "nothing"),
        ("\"id\":\"b\"", "\"id\":null", None, "id", "there", "nothing"),
        (
            "\"id\":\"b\"",
            "\"id\":\"\"",
            Some(""),
            "id",
            "a text that is not empty",
            "an empty text",
        ),
        (
            "\"id\":\"b\"",
            "\"id\":\"b\\u0000\"",
            Some("b\u{fffd}"),
            "id",
            "a text without a NUL",
            r#""b\u{0}""#,
        ),
        (
            "\"brand\":\"y\"",
            "\"brand\":{\"name\":\"y\"}",
            Some("b"),
            "brand",
            "a text",
            "an object",
        ),
        (
            "\"category\":\"x\"",
            "\"category\":[\"x\"]",
            Some("b"),
            "category|=uncategorized",
            "a text",
            "a list",
        ),
        ("\"inStock\":true", "\"inStock\":\"soon\"", Some("b"), "inStock", "yes or no", "\"soon\""),
    ] {
        assert!(UNFIT.contains(from));
        let answered = answered(&listed(&UNFIT.replacen(from, to, 1)), list()).await;
        let ShopReply::Products { products, came: items, total, .. } = answered.reply else {
            panic!("no products");
        };
        let ids: Vec<&str> = products.iter().map(|product| product.id.as_str()).collect();
        assert_eq!((ids, items, total), (vec!["a", "c"], 3, Some(3)), "{to}");
        let path = format!("products.1.{place}");
        let told: Vec<_> = answered.misreads.iter().map(said).collect();
        assert_eq!(told, [(path.as_str(), id, expected, came)], "{to}");
        assert_eq!(answered.misreads[0].outcome, Outcome::LeftOut);
    }
}

#[actix::test]
async fn a_field_that_nobody_reads_may_hold_anything() {
    for field in ["NaN", "-Infinity", "[Infinity,{}]", r#""\ud83d""#, r#""\u0000""#] {
        let unfit = UNFIT.replacen("\"id\"", &format!("\"rating\":{field},\"id\""), 1);
        let answered = answered(&listed(&unfit), list()).await;
        let ShopReply::Products { products, .. } = answered.reply else { panic!("no products") };
        assert_eq!((products.len(), answered.misreads), (3, vec![]), "{field}");
    }
}

#[actix::test]
async fn a_list_is_refused_where_less_than_half_is_left() {
    let body = |fit: usize, unfit: usize| {
        let fit = (0..fit).map(|n| json!({"id": n, "name": "N", "price": 1, "category": "x"}));
        let unfit = (0..unfit).map(|n| json!({"id": n + 50, "name": "N", "category": "x"}));
        json!({ "products": fit.chain(unfit).collect::<Vec<Value>>() }).to_string()
    };
    for (fit, unfit) in [(0, 0), (0, 1), (1, 1), (2, 2), (40, 40)] {
        let answered = answered(&body(fit, unfit), list()).await;
        let ShopReply::Products { products, .. } = answered.reply else { panic!("no products") };
        assert_eq!(products.len(), fit);
        assert_eq!(answered.misreads.len(), unfit.min(3), "three are named");
    }
    for (fit, unfit) in [(0, 2), (1, 2), (40, 41)] {
        let field = refused(&body(fit, unfit), list()).await;
        assert_eq!(field, format!("products.{fit}.price"), "the first one is named");
    }
}

#[actix::test]
async fn a_total_that_cannot_be_read_is_none() {
    let body = listed(UNFIT).replace("\"total\":3", "\"total\":\"many\"");
    let answered = answered(&body, list()).await;
    assert!(matches!(answered.reply, ShopReply::Products { total: None, came: 3, .. }));
    assert_eq!(said(&answered.misreads[0]), ("total", None, "a whole number", "\"many\""));
}

#[actix::test]
async fn texts_that_no_database_keeps_are_replaced_and_branches_are_left_out_like_products() {
    let unfit = UNFIT.replace("\"name\":\"B\"", r#""name":"B\u0000\ud800""#);
    let replied = answered(&listed(&unfit), list()).await;
    let ShopReply::Products { products, .. } = replied.reply else { panic!("no products") };
    assert_eq!(products[1].name, "B\u{fffd}\u{fffd}");
    let body = r#"{"stores":[{"id":null},{"id":"s"},{"id":7}]}"#;
    let replied = answered(body, ShopCall::ListStores).await;
    let ids = vec![StoreId::new("s"), StoreId::new("7")];
    assert_eq!(replied.reply, ShopReply::Stores(ids));
    assert_eq!(replied.misreads[0].path, "stores.0.id");
}

#[actix::test]
async fn what_is_shown_of_a_value_is_short_and_holds_no_secret_and_no_control_character() {
    let token = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
    for (value, shown) in [
        (format!("\"{token}\""), "\"***".to_owned()),
        (r#""\u001b[2J""#.to_owned(), r#""\u{1b}[2J""#.to_owned()),
        (format!("\"{}\"", "x".repeat(5_000)), format!("\"{}", "x".repeat(59))),
    ] {
        let unfit = UNFIT.replace("\"price\":1", &format!("\"price\":{value}"));
        let answered = answered(&listed(&unfit), list()).await;
        assert!(answered.misreads[0].came.starts_with(&shown), "{}", answered.misreads[0].came);
        assert!(answered.misreads[0].came.len() < 70);
    }
}

#[actix::test]
async fn a_product_or_a_line_that_cannot_be_read_is_as_it_was_listed() {
    let view = || ShopCall::ViewProduct { product: ProductId::new("b").into() };
    for (body, call, path) in [
        (r#"{"product":{"id":"b","name":"B","price":null,"category":"x"}}"#, view(), "price"),
        (r#"{"product":null}"#, view(), "product"),
        (r#"{"success":true,"cart_item":{"unit_price":-1}}"#, add(), "cart_item.unit_price"),
        (r#"{"success":true}"#, add(), "cart_item.unit_price"),
    ] {
        let answered = answered(body, call).await;
        assert_eq!(answered.reply, ShopReply::Done, "{body}");
        let misread = &answered.misreads[0];
        assert_eq!((misread.path.as_str(), misread.outcome), (path, Outcome::AsListed), "{body}");
    }
    let server = Scripted::json(200, "<html>");
    assert!(matches!(way(&server.url()).kind(view()).await, ApiErrorKind::Unparsable { .. }));
}

#[actix::test]
async fn an_add_without_a_body_is_one_at_the_listed_price_unless_something_is_required() {
    let free = (
        "\"quantity\": \"{quantity}\"},\n            requires: [\"success\"],",
        "\"quantity\": \"{quantity}\"},",
    );
    for status in [200, 204] {
        let any = profile_with(
            "practice",
            &[free, ("path: \"/api/cart/items\",", "path: \"/api/cart/items\", ok: [200, 204],")],
        );
        let server = Scripted::once(answer(status, &[], b""));
        let way = way_with(any, &server.url(), Credentials::default(), None);
        let answered = way.call(add()).await.unwrap();
        assert_eq!(answered.reply, ShopReply::Done);
        assert_eq!(answered.misreads[0].path, "cart_item.unit_price");
    }
    let server = Scripted::once(answer(200, &[], b""));
    let kind = way(&server.url()).kind(add()).await;
    assert_eq!(kind, ApiErrorKind::Unparsable { field: "body".to_owned() });
}

const COUPON: &str = r#"{"id":"c","type":"frontstore","discount_type":"percent",
    "discount_value":10,"min_purchase_amount":5,"expiration_date":"2030-12-31"}"#;

/// The eligible coupons of a wallet of three, the second of which is this, and what was left out.
async fn wallet(second: &str) -> (Vec<ShopCoupon>, Vec<Misread>) {
    let other = |id: &str| COUPON.replace("\"c\"", &format!("\"{id}\""));
    let body =
        format!(r#"{{"eligible":[{},{second}],"ineligible":[{}]}}"#, other("first"), other("last"));
    let answered = answered(&body, ShopCall::EligibleCoupons).await;
    let ShopReply::Coupons { eligible, .. } = answered.reply else { panic!("no coupons") };
    (eligible, answered.misreads)
}

#[actix::test]
async fn one_coupon_that_does_not_fit_is_left_out_and_named() {
    for (from, to, place) in [
        ("\"frontstore\"", "\"loyalty\"", "type"),
        ("\"percent\"", "\"cashback\"", "discount_type"),
        ("\"discount_value\":10", "\"discount_value\":null", "discount_value"),
        ("\"discount_value\":10", "\"discount_value\":-3", "discount_value"),
        (":5", ":-5", "min_purchase_amount"),
        ("2030-12-31", "12/31/2030", "expiration_date"),
        ("\"c\"", "null", "id"),
        ("\"c\"", "\"c\\u0000\"", "id"),
    ] {
        let (eligible, misreads) = wallet(&COUPON.replacen(from, to, 1)).await;
        assert_eq!(eligible.len(), 1, "{to}");
        assert_eq!(misreads.len(), 1, "{to}");
        assert_eq!(misreads[0].path, format!("eligible.1.{place}"), "{to}");
        assert_eq!(misreads[0].outcome, Outcome::LeftOut, "{to}");
        let id = (place != "id").then_some("c");
        assert!(place == "id" || misreads[0].id.as_deref() == id, "{to}");
    }
}

#[actix::test]
async fn a_wallet_counts_as_one_list_and_is_refused_where_less_than_half_is_left() {
    let unfit = COUPON.replace("percent", "cashback");
    let body = |eligible: &[&str], ineligible: &[&str]| {
        format!(
            r#"{{"eligible":[{}],"ineligible":[{}]}}"#,
            eligible.join(","),
            ineligible.join(",")
        )
    };
    for (eligible, ineligible) in [
        (&[unfit.as_str()][..], &[][..]),
        (&[&unfit, &unfit], &[COUPON, COUPON]),
        (&[&unfit, COUPON], &[&unfit, COUPON]),
    ] {
        let answered = answered(&body(eligible, ineligible), ShopCall::EligibleCoupons).await;
        assert!(!answered.misreads.is_empty());
    }
    let field = refused(&body(&[&unfit, &unfit], &[COUPON]), ShopCall::EligibleCoupons).await;
    assert_eq!(field, "eligible.0.discount_type");
}

#[actix::test]
async fn words_of_a_coupon_count_in_any_case_and_dates_in_the_usual_forms() {
    let shouting = COUPON.replace("frontstore", "FrontStore").replace("percent", " PERCENT ");
    let (eligible, misreads) = wallet(&shouting).await;
    assert_eq!((eligible.len(), misreads), (2, vec![]));
    assert_eq!(eligible[1].coupon.kind, CouponKind::Frontstore);
    assert!(matches!(eligible[1].coupon.discount, Discount::PercentOff(_)));
    let last_second = Some("2030-12-31 23:59:59".to_owned());
    for (written, expires) in [
        ("1924991999", last_second.clone()),
        ("1924991999000", last_second.clone()),
        ("\"1924991999\"", last_second.clone()),
        ("\"2030-12-31T23:59Z\"", Some("2030-12-31 23:59:00".to_owned())),
        ("\"Tue, 31 Dec 2030 23:59:59 GMT\"", last_second.clone()),
        ("\"2030-12-31T23:59:59+00:00\"", last_second),
        ("\"0000-00-00 00:00:00\"", None),
        ("\"\"", None),
        ("0", None),
        ("null", None),
    ] {
        let (eligible, misreads) = wallet(&COUPON.replace("\"2030-12-31\"", written)).await;
        assert_eq!(misreads, vec![], "{written}");
        assert_eq!(eligible[1].expires_at.map(|at| at.to_string()), expires, "{written}");
    }
}

const ORDER: &str = r#"{"success":true,"order":{"id":"o-1","items":[
    {"product_id":"p","quantity":2,"unit_price":5,"discount_amount":1.5,"line_total":8.5}],
    "totals":{"subtotal":10,"item_discounts":1.5,"frontstore_discount":0.5,
    "discount_total":2,"final_total":8},"applied_coupons":[{"coupon_id":"c-1"}]}}"#;

async fn ordered(body: &str) -> (Box<Order>, Vec<Misread>) {
    let answered = answered(body, ShopCall::Checkout).await;
    let ShopReply::OrderPlaced(order) = answered.reply else { panic!("no order: {body}") };
    (order, answered.misreads)
}

#[actix::test]
async fn a_figure_of_an_accepted_checkout_that_cannot_be_read_is_reckoned_from_the_others() {
    let (whole, misreads) = ordered(ORDER).await;
    assert_eq!(misreads, vec![]);
    for (from, to, path) in [
        ("\"item_discounts\":1.5", "\"item_discounts\":\"?\"", "order.totals.item_discounts"),
        ("\"item_discounts\":1.5", "\"x\":1", "order.totals.item_discounts"),
        (":0.5", ":[]", "order.totals.frontstore_discount"),
        ("\"discount_total\":2", "\"discount_total\":true", "order.totals.discount_total"),
        ("\"discount_amount\":1.5", "\"discount_amount\":{}", "order.items.0.discount_amount|=0"),
        ("\"line_total\":8.5", "\"line_total\":\"a lot\"", "order.items.0.line_total"),
        ("\"line_total\":8.5", "\"line_total\":-8.5", "order.items.0.line_total"),
    ] {
        assert!(ORDER.contains(from));
        let (order, misreads) = ordered(&ORDER.replacen(from, to, 1)).await;
        let told: Vec<_> = misreads.iter().map(|m| (m.path.as_str(), m.outcome)).collect();
        assert_eq!(told, [(path, Outcome::Reckoned)], "{to}");
        let figures = |order: &Order| {
            let totals = [&order.item_discounts, &order.frontstore_discount, &order.discount_total];
            let line = [&order.lines[0].discount, &order.lines[0].line_total];
            totals.into_iter().chain(line).map(|amount| amount.cents).collect::<Vec<_>>()
        };
        assert_eq!(figures(&order), figures(&whole), "{to}");
        assert_eq!(order.coupons, Some(vec![CouponId::new("c-1")]), "{to}");
    }
    // Nothing is known of the discounts but what was paid.
    let none = ORDER.replace("discount", "other").replace("\"line_total\"", "\"total\"");
    let (order, misreads) = ordered(&none).await;
    assert_eq!(order.discount_total, Amount::from(Cents(200)));
    assert_eq!(order.frontstore_discount, Amount::from(Cents(200)));
    assert_eq!(order.lines[0].line_total, Amount::from(Cents(1_000)));
    assert_eq!(misreads.len(), 4, "{misreads:?}");
}

#[actix::test]
async fn whole_numbers_with_an_exponent_and_discounts_below_zero_are_figures() {
    let odd = ORDER
        .replace("\"quantity\":2", "\"quantity\":2e0")
        .replace("\"discount_total\":2", "\"discount_total\":-2");
    let (order, misreads) = ordered(&odd).await;
    assert_eq!((order.lines[0].quantity, order.discount_total.cents), (2, Cents(200)));
    assert_eq!(misreads, vec![]);
}

#[actix::test]
async fn an_order_without_an_id_or_what_was_paid_or_bought_is_none() {
    for (from, to, path) in [
        ("\"id\":\"o-1\"", "\"id\":\"\"", "order.id"),
        ("\"id\":\"o-1\"", "\"id\":null", "order.id"),
        ("\"final_total\":8", "\"final_total\":-8", "order.totals.final_total"),
        ("\"subtotal\":10", "\"subtotal\":\"?\"", "order.totals.subtotal"),
        ("\"quantity\":2", "\"quantity\":2.5", "order.items.0.quantity"),
        ("\"unit_price\":5", "\"unit_price\":null", "order.items.0.unit_price"),
        ("\"product_id\":\"p\"", "\"product_id\":\"p\\u0000\"", "order.items.0.product_id"),
    ] {
        let server = Scripted::json(201, &ORDER.replacen(from, to, 1));
        let kind = way(&server.url()).kind(ShopCall::Checkout).await;
        assert_eq!(kind, ApiErrorKind::Unparsable { field: path.to_owned() }, "{to}");
    }
}

#[actix::test]
async fn a_nul_in_an_orders_id_is_replaced_and_named() {
    let (order, misreads) = ordered(&ORDER.replace("o-1", "o\\u00001")).await;
    assert_eq!(order.id, OrderId::new("o\u{fffd}1"));
    assert_eq!((misreads[0].path.as_str(), misreads[0].outcome), ("order.id", Outcome::Replaced));
}

#[actix::test]
async fn a_page_that_is_too_large_says_how_to_make_it_smaller() {
    let server = Scripted::json(200, &" ".repeat(1024 * 1024 + 1));
    let profile = profile_with("practice", &[("call_ms: 400", "call_ms: 4000")]);
    let way = way_with(profile, &server.url(), Credentials::default(), None);
    let error = way.call(list()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::BodyTooLarge);
    assert!(error.to_string().contains("`size` below 100"), "{error}");
}
