//! What is read: money from its text, ids exactly, and a missing field by its name.

use actors::domain::flow::Order;
use actors::domain::ids::{CouponId, OrderId, ProductId, StoreId};
use actors::domain::lost_order::PlacedOrder;
use actors::domain::money::{Amount, Cents, Percent};
use actors::domain::offer::{CouponKind, Discount};
use actors::domain::shop_notes::{Misread, Outcome};
use actors::ports::shop_api::{ApiErrorKind, ShopCall, ShopReply};

use shops::shop_api::http::Credentials;
use shops::shop_api::profile::Profile;

use super::{add, list, profile_with, way, way_with};
use crate::support::scripted_server::Scripted;

async fn reply(status: u16, body: &str, call: ShopCall) -> ShopReply {
    let server = Scripted::json(status, body);
    way(&server.url()).reply(call).await
}

/// The field that a body lacks.
async fn missing(status: u16, body: &str, call: ShopCall) -> String {
    let server = Scripted::json(status, body);
    let kind = way(&server.url()).kind(call).await;
    let ApiErrorKind::Unparsable { field } = kind else { panic!("{kind}") };
    field
}

const ORDER: &str = r#"{"success":true,"order":{"id":"o-1","items":[
    {"product_id":17,"quantity":3,"unit_price":3.33,"discount_amount":0.9975,"line_total":8.9925}],
    "totals":{"subtotal":9.99,"item_discounts":0.9975,"frontstore_discount":0,
    "discount_total":0.9975,"final_total":8.9925},
    "applied_coupons":[{"coupon_id":"c-1","discount_amount":0.9975}]}}"#;

#[actix::test]
async fn an_order_is_rounded_half_up_to_the_cent() {
    let ShopReply::OrderPlaced(order) = reply(201, ORDER, ShopCall::Checkout).await else {
        panic!("no order");
    };
    assert_eq!(order.id, OrderId::new("o-1"));
    assert_eq!((order.subtotal.cents, order.item_discounts.cents), (Cents(999), Cents(100)));
    assert_eq!(
        (order.frontstore_discount.cents, order.discount_total.cents),
        (Cents(0), Cents(100))
    );
    assert_eq!(order.final_total.cents, Cents(899));
    let line = &order.lines[0];
    assert_eq!((line.product_id.as_str(), line.quantity), ("17", 3));
    assert_eq!((line.unit_price.cents, line.discount.cents), (Cents(333), Cents(100)));
    assert_eq!(line.line_total.cents, Cents(899));
    assert_eq!(order.coupons, Some(vec![CouponId::new("c-1")]));
}

#[actix::test]
async fn what_the_shop_wrote_of_each_amount_is_kept() {
    let order = ordered(profile_with("practice", &[]), ORDER).await;
    let said = |amount: &Amount| amount.text.clone().unwrap();
    assert_eq!(said(&order.subtotal), "9.99");
    assert_eq!(said(&order.discount_total), "0.9975");
    assert_eq!(said(&order.final_total), "8.9925");
    let line = &order.lines[0];
    let texts = [&line.unit_price, &line.discount, &line.line_total].map(said);
    assert_eq!(texts, ["3.33", "0.9975", "8.9925"]);
    assert_eq!(order.charges, Amount::default(), "a profile that names none");
}

#[actix::test]
async fn texts_exponents_and_discounts_below_zero_are_amounts_too() {
    let body = ORDER
        .replace("\"subtotal\":9.99", "\"subtotal\":\"9.990\"")
        .replace("\"final_total\":8.9925", "\"final_total\":89.925e-1")
        .replace("\"discount_total\":0.9975", "\"discount_total\":-0.9975");
    let order = ordered(profile_with("practice", &[]), &body).await;
    let of = |amount: &Amount| (amount.cents, amount.text.clone().unwrap());
    assert_eq!(of(&order.subtotal), (Cents(999), "9.990".to_owned()));
    assert_eq!(of(&order.final_total), (Cents(899), "89.925e-1".to_owned()));
    assert_eq!(of(&order.discount_total), (Cents(100), "-0.9975".to_owned()));
}

#[actix::test]
async fn charges_are_added_up_and_one_that_is_not_there_is_nothing() {
    let named = (
        "discount_total: \"order.totals.discount_total\",",
        "discount_total: \
        \"order.totals.discount_total\", charges: [\"order.ship\", \"order.tax\", \"order.tip\"],",
    );
    let charging = || profile_with("practice", &[named]);
    let body = ORDER.replacen("\"id\"", "\"ship\":4.99,\"tax\":\"0.355\",\"id\"", 1);
    let order = ordered(charging(), &body).await;
    assert_eq!(order.charges.cents, Cents(535));
    assert_eq!(order.charges.text.as_deref(), Some("4.99 + 0.355"));
    let order = ordered(charging(), ORDER).await;
    assert_eq!(order.charges, Amount::default());
    // What cannot be read is what was paid beyond the goods.
    let odd = ORDER.replacen("\"id\"", "\"tax\":\"much\",\"id\"", 1);
    let odd = odd.replace("\"final_total\":8.9925", "\"final_total\":10");
    assert_eq!(ordered(charging(), &odd).await.charges, Cents(101).into());
}

/// The order that a shop of this profile answers with.
async fn ordered(profile: Profile, body: &str) -> Order {
    let server = Scripted::json(201, body);
    let way = way_with(profile, &server.url(), Credentials::default(), None);
    let ShopReply::OrderPlaced(order) = way.reply(ShopCall::Checkout).await else {
        panic!("no order: {body}");
    };
    *order
}

/// An order whose coupons are this.
async fn with_coupons(profile: Profile, coupons: &str) -> Order {
    let listed = r#"[{"coupon_id":"c-1","discount_amount":0.9975}]"#;
    assert!(ORDER.contains(listed));
    ordered(profile, &ORDER.replace(listed, coupons)).await
}

/// The practice shop's profile with the two lists of another shop.
fn two_lists() -> Profile {
    let lists = r#"coupons: (lists: ["order.applied_coupons.item_level",
        "order.applied_coupons.frontstore"], id: "coupon_id|id")"#;
    profile_with(
        "practice",
        &[(r#"coupons: (list: "order.applied_coupons", id: "coupon_id")"#, lists)],
    )
}

#[actix::test]
async fn coupons_of_two_lists_counted_each_once_and_a_missing_list_is_empty() {
    for (coupons, counted) in [
        (
            r#"{"item_level":[{"coupon_id":"a"}],"frontstore":[{"id":"b"},{"id":"a"}]}"#,
            &["a", "b"][..],
        ),
        (r#"{"item_level":[{"coupon_id":7}]}"#, &["7"]),
        (r#"{"item_level":null,"frontstore":[]}"#, &[]),
    ] {
        let order = with_coupons(two_lists(), coupons).await;
        let ids = counted.iter().map(|id| CouponId::new(*id)).collect();
        assert_eq!((order.coupons, order.misread), (Some(ids), None), "{coupons}");
    }
}

#[actix::test]
async fn an_order_whose_coupons_do_not_fit_is_still_an_order_and_says_what_came() {
    let one_list = || profile_with("practice", &[]);
    let list = "order.applied_coupons";
    let item_level = "order.applied_coupons.item_level";
    for (profile, coupons, path, expected, came) in [
        (one_list(), r#"{"item_level":[]}"#, list, "a list", "an object"),
        (one_list(), "7", list, "a list", "a number"),
        (one_list(), "null", list, "a list", "nothing"),
        (one_list(), "[{}]", "order.applied_coupons.0.coupon_id", "an id", "nothing"),
        (
            one_list(),
            r#"[{"coupon_id":"c-1"},{"coupon_id":[]}]"#,
            "order.applied_coupons.1.coupon_id",
            "an id",
            "a list",
        ),
        (two_lists(), "[]", item_level, "a list", "nothing"),
        (two_lists(), r#"{"item_level":"c-1","frontstore":[]}"#, item_level, "a list", "a text"),
    ] {
        let order = with_coupons(profile, coupons).await;
        let (path, expected, came) = (path.to_owned(), expected.to_owned(), came.to_owned());
        let (id, outcome) = (None, Outcome::CouponsUnknown);
        let misread = Misread { path, expected, came, id, outcome };
        assert_eq!(order.misread, Some(misread), "{coupons}");
        assert_eq!((order.coupons, order.final_total.cents), (None, Cents(899)), "{coupons}");
    }
}

#[actix::test]
async fn an_order_that_nothing_was_taken_off_of_need_not_list_coupons() {
    let body = ORDER.replace("0.9975", "0").replace("applied_coupons", "no_coupons");
    let order = ordered(profile_with("practice", &[]), &body).await;
    assert_eq!((order.coupons, order.misread), (None, None));
}

#[actix::test]
async fn a_missing_field_is_named() {
    let without = |from: &str| ORDER.replacen(from, "x", 1);
    for (from, field) in [
        ("final_total", "order.totals.final_total"),
        ("totals", "order.totals.final_total"),
        ("\"id\"", "order.id"),
        ("unit_price", "order.items.0.unit_price"),
    ] {
        let from_quoted =
            if from.starts_with('"') { from.to_owned() } else { format!("\"{from}\"") };
        let body = without(&from_quoted).replacen('x', "\"x\"", 1);
        assert_eq!(missing(201, &body, ShopCall::Checkout).await, field);
    }
    assert_eq!(missing(200, r#"{"items":7}"#, ShopCall::ReadCart).await, "items");
    assert_eq!(missing(200, r#"{"success":false}"#, add()).await, "success");
    assert_eq!(missing(200, "[]", ShopCall::ListStores).await, "stores");
    assert_eq!(missing(200, "", ShopCall::ListStores).await, "body");
}

#[actix::test]
async fn products_are_read_with_their_optional_fields() {
    let body = r#"{"products":[
        {"id":"P-1","name":"Müsli \u0007","price":2.49,"category":"Cereal","brand":"B",
         "inStock":true},
        {"id":"P-2","name":"x","price":"37","category":null,"brand":null,"inStock":false},
        {"id":12345678901234567890123,"name":"y","price":1e1,"category":"c"}],"total":72}"#;
    let ShopReply::Products { products, total, .. } = reply(200, body, list()).await else {
        panic!("no products");
    };
    assert_eq!(total, Some(72));
    assert_eq!(products[0].name, "Müsli \u{7}");
    assert_eq!((products[0].price, products[0].in_stock), (Cents(249), true));
    assert_eq!((products[1].price, products[1].in_stock), (Cents(3_700), false));
    assert_eq!((products[1].category.as_str(), &products[1].brand), ("uncategorized", &None));
    assert_eq!(products[2].id, ProductId::new("12345678901234567890123"));
    assert_eq!((products[2].price, products[2].in_stock), (Cents(1_000), true));
    let product = ShopCall::ViewProduct { product: ProductId::new("P").into() };
    let body = r#"{"product":{"id":"P","name":"n","price":0,"category":"c"},"inventory":null}"#;
    assert!(matches!(reply(200, body, product).await, ShopReply::Product(p) if p[0].name == "n"));
}

#[actix::test]
async fn coupons_are_translated() {
    let body = r#"{"eligible":[
        {"id":"c1","type":"frontstore","discount_type":"percent","discount_value":12.5,
         "min_purchase_amount":25,"max_discount":5.005,
         "expiration_date":"2026-08-01T10:00:00+02:00"},
        {"id":"c2","type":"category","category_or_brand":"Cereal","discount_type":"fixed",
         "discount_value":"1.005","expiration_date":"2026-08-01"}],
      "ineligible":[{"id":"c3","type":"brand","category_or_brand":"B","discount_type":"bogo",
         "discount_value":100,"expiration_date":null,"ineligible_reason":"not in the cart"},
        {"id":"c4","type":"frontstore","discount_type":"free_shipping","discount_value":null}]}"#;
    let ShopReply::Coupons { eligible, ineligible } =
        reply(200, body, ShopCall::EligibleCoupons).await
    else {
        panic!("no coupons");
    };
    let first = &eligible[0].coupon;
    assert_eq!((first.kind, &first.target), (CouponKind::Frontstore, &None));
    assert_eq!(first.discount, Discount::PercentOff(Percent(1_250)));
    assert_eq!((first.min_purchase, first.max_discount), (Cents(2_500), Some(Cents(501))));
    assert_eq!(eligible[0].expires_at.unwrap().to_string(), "2026-08-01 08:00:00");
    assert_eq!(eligible[1].coupon.discount, Discount::FixedOff(Cents(101)));
    assert_eq!(eligible[1].coupon.target.as_deref(), Some("Cereal"));
    assert_eq!(eligible[1].expires_at.unwrap().to_string(), "2026-08-01 23:59:59");
    assert_eq!(ineligible[0].coupon.id, CouponId::new("c3"));
    assert_eq!(ineligible[0].coupon.discount, Discount::BuyOneGetOne(Percent(10_000)));
    assert_eq!(ineligible[0].reason.as_deref(), Some("not in the cart"));
    assert_eq!(ineligible[1].coupon.discount, Discount::FreeShipping);
    let empty = reply(200, r#"{"eligible":[],"message":"no store"}"#, ShopCall::EligibleCoupons);
    assert!(matches!(empty.await, ShopReply::Coupons { ineligible, .. } if ineligible.is_empty()));
}

#[actix::test]
async fn a_profile_may_leave_coupons_out_and_count_in_cents() {
    let profile = profile_with(
        "practice",
        &[("\"bogo\": bogo", "\"bogo\": ignore"), ("money: (unit: units)", "money: (unit: minor)")],
    );
    let body = r#"{"eligible":[
        {"id":"c1","type":"frontstore","discount_type":"bogo","discount_value":"?"},
        {"id":"c2","type":"frontstore","discount_type":"fixed","discount_value":150}]}"#;
    let server = Scripted::json(200, body);
    let way = way_with(profile, &server.url(), Default::default(), None);
    let ShopReply::Coupons { eligible, .. } = way.reply(ShopCall::EligibleCoupons).await else {
        panic!("no coupons");
    };
    assert_eq!(eligible.len(), 1);
    assert_eq!(eligible[0].coupon.discount, Discount::FixedOff(Cents(150)));
}

#[actix::test]
async fn the_small_answers_are_read() {
    let stores = r#"{"stores":[{"id":"S-1","name":"a"},{"id":"s 2"}],"count":2}"#;
    let ids = vec![StoreId::new("S-1"), StoreId::new("s 2")];
    assert_eq!(reply(200, stores, ShopCall::ListStores).await, ShopReply::Stores(ids));
    assert_eq!(reply(200, stores, ShopCall::Probe).await, ShopReply::Done);
    let select = || ShopCall::SelectStore { store: StoreId::new("s") };
    let body = r#"{"success":true,"store":{"id":"s"},"cart_cleared":true}"#;
    assert_eq!(reply(200, body, select()).await, ShopReply::StoreSelected { cart_cleared: true });
    let body = r#"{"success":true}"#;
    assert_eq!(reply(200, body, select()).await, ShopReply::StoreSelected { cart_cleared: false });
    let body = r#"{"success":true,"cart_item":{"unit_price":8.995}}"#;
    assert_eq!(reply(200, body, add()).await, ShopReply::ItemAdded { unit_price: Cents(900) });
    let body = r#"{"items":[{},{}],"coupons":[]}"#;
    assert_eq!(reply(200, body, ShopCall::ReadCart).await, ShopReply::Cart { items: 2 });
    let summary = ShopReply::Summary { final_total: Cents(0) };
    assert_eq!(reply(200, r#"{"final_total":0}"#, ShopCall::ReadSummary).await, summary);
    let body =
        r#"{"orders":[{"id":"new","final_total":8.9925},{"id":"old","final_total":0}],"total":2}"#;
    let placed = |id: &str, total| PlacedOrder {
        id: OrderId::new(id),
        final_total: total,
        charges: None,
        flow: None,
        placed_at: None,
    };
    let list = || ShopCall::LatestOrders { most: 20 };
    let shown = |orders| ShopReply::LatestOrders { orders, shop_clock: None };
    let both =
        vec![placed("new", Amount::read("8.9925").ok()), placed("old", Amount::read("0").ok())];
    assert_eq!(reply(200, body, list()).await, shown(both));
    assert_eq!(reply(200, r#"{"orders":[]}"#, list()).await, shown(Vec::new()));
    let body = r#"{"success":true,"items_removed":3,"coupons_removed":0}"#;
    let cleared = ShopReply::CartCleared { items_removed: 3 };
    assert_eq!(reply(200, body, ShopCall::ClearCart).await, cleared);
    assert_eq!(reply(200, "whatever", ShopCall::FirstVisit).await, ShopReply::Done);
}
