//! Prices by the week: what is shown, put into a cart and ordered in one hour is one price.

use actors::domain::catalog::Catalog;
use actors::domain::ids::ProductId;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use shops::practice_shop::catalog::{self, CatalogSize};
use shops::prices::Prices;

use super::*;

fn open(prices: Prices) -> RunningShop {
    let config = PracticeConfig { prices, ..PracticeConfig::default() };
    PracticeShop::start(config).expect("the shop opens")
}

/// The Monday of a week after the first of 2026, at nine.
fn week(nth: i64) -> NaiveDateTime {
    let first = NaiveDate::from_ymd_opt(2026, 1, 5).and_then(|day| day.and_hms_opt(9, 0, 0));
    first.expect("a Monday") + TimeDelta::weeks(nth)
}

/// What the calendar asks for peas in this week.
fn expected(product: &str, at: Option<NaiveDateTime>) -> Cents {
    let products = catalog::builtin().expect("it is valid").products;
    let catalog = Catalog { products };
    let id = ProductId::new(product);
    let found = catalog.products.iter().find(|product| product.id == id).expect("it is sold");
    Prices::Calendar.of(found, at)
}

#[actix_web::test]
async fn a_flow_sees_one_price_and_its_order_has_it_whatever_the_week_of_the_checkout() {
    let shop = open(Prices::Calendar);
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.select_store(0).await.status, 200);
    let peas = ann.product("Garden Peas").await;
    let everyday = expected(&peas, None);
    let promoted = (0..).find(|n| expected(&peas, Some(week(*n))) < everyday).expect("a week");
    let plain = (0..).find(|n| expected(&peas, Some(week(*n))) == everyday).expect("a week");
    let of_week = expected(&peas, Some(week(promoted)));

    let path = format!("/api/products/{peas}");
    let viewed = ann.get(&path).await.json;
    assert_eq!(cents(&viewed["product"]["price"]), everyday, "without an hour");
    let then = ann.in_hour(week(promoted));
    assert_eq!(cents(&then.get(&path).await.json["product"]["price"]), of_week);
    let listed = then.get("/api/products?q=garden%20peas").await.json;
    assert_eq!(cents(&listed["products"][0]["price"]), of_week);
    let added = then.add("Garden Peas", 2).await.json;
    assert_eq!(cents(&added["cart_item"]["unit_price"]), of_week);

    let later = ann.in_hour(week(plain));
    let total = of_week.times(2);
    assert_eq!(cents(&later.get("/api/cart").await.json["items"][0]["line_total"]), total);
    assert_eq!(cents(&later.get("/api/cart/summary").await.json["final_total"]), total);
    let order = later.checkout().await.json;
    assert_eq!(cents(&order["order"]["items"][0]["unit_price"]), of_week);
    assert_eq!(cents(&order["order"]["totals"]["final_total"]), total);
    assert_eq!(
        shop.books().orders[0].lines[0].unit_price.to_string(),
        format!("{}", order["order"]["items"][0]["unit_price"])
    );
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn fixed_prices_know_no_week_and_an_hour_that_is_none_is_refused() {
    let shop = open(Prices::Fixed);
    let ann = Shopper::new(&shop, "agent_001");
    let path = format!("/api/products/{}", ann.product("Garden Peas").await);
    for nth in 0..20 {
        let viewed = ann.in_hour(week(nth)).get(&path).await.json;
        assert_eq!(cents(&viewed["product"]["price"]), Cents(329));
    }
    let odd = Shopper { simulated_at: Some("next week".to_owned()), ..ann.clone() };
    let refused = odd.get(&path).await;
    assert_eq!((refused.status, &refused.json["detail"][0]["loc"][0]), (422, &json!("header")));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn the_large_catalogue_is_sold_where_it_is_asked_for() {
    let config = PracticeConfig { catalog: CatalogSize::Large, ..PracticeConfig::default() };
    let shop = PracticeShop::start(config).expect("the shop opens");
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.get("/api/products?limit=1").await.json["total"], 1_000);
    assert_eq!(ann.get("/api/products?category=Coffee&limit=1").await.json["total"], 25);
    shop.stop().expect("it closes");
}
