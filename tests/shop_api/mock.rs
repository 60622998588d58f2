//! `--mock-api`: a whole visit without a server.

use std::sync::Arc;
use std::time::Instant;

use actors::domain::catalog::{Catalog, Product};
use actors::domain::ids::{CouponId, OrderId, ProductId, SessionId, StoreId};
use actors::domain::money::{Cents, Percent};
use actors::domain::offer::{Coupon, CouponKind, Discount};
use actors::domain::permit::Permit;
use actors::ports::shop_api::{ApiErrorKind, Refusal, ShopApi, ShopCall, ShopReply, ShopRequest};
use shops::prices::Prices;
use shops::shop_api::mock::{MockGoods, MockShop};

use super::{add, caller};

fn shop() -> Box<dyn ShopApi> {
    let product = |n: i64| Product {
        id: ProductId::new(format!("p{n}")),
        name: format!("product {n}"),
        category: "c".to_owned(),
        brand: None,
        price: Cents(1_000 * n),
        in_stock: n != 3,
        handle: Default::default(),
    };
    let coupon = |id: &str, min_purchase| Coupon {
        id: CouponId::new(id),
        kind: CouponKind::Frontstore,
        target: None,
        discount: Discount::PercentOff(Percent(1_000)),
        min_purchase,
        max_discount: None,
    };
    let goods = MockGoods {
        catalog: Arc::new(Catalog { products: (1..=3).map(product).collect() }),
        stores: vec![StoreId::new("s")],
        coupons: vec![coupon("fits", Cents(1)), coupon("dear", Cents(999_999))].into(),
        prices: Prices::Fixed,
    };
    MockShop::factory(goods, Arc::new(|_| {}))(SessionId(0))
}

async fn ask(shop: &dyn ShopApi, call: ShopCall) -> Result<ShopReply, ApiErrorKind> {
    let request = ShopRequest::new(Some(caller()), call);
    let answered = shop.call(Permit::unlimited(Instant::now()), request).await;
    answered.map(|answered| answered.reply).map_err(|error| error.kind)
}

#[actix::test]
async fn a_visit_ends_in_an_order_whose_sums_agree() {
    let shop = shop();
    let shop = shop.as_ref();
    let added = ask(shop, add()).await;
    assert_eq!(added, Ok(ShopReply::ItemAdded { unit_price: Cents(1_000) }));
    assert_eq!(ask(shop, ShopCall::ReadCart).await, Ok(ShopReply::Cart { items: 1 }));
    let coupons = ["fits", "dear"].map(CouponId::new).to_vec();
    let grant = ShopCall::GrantWallet { coupons };
    assert_eq!(ask(shop, grant).await, Ok(ShopReply::Done));
    let Ok(ShopReply::Coupons { eligible, ineligible }) =
        ask(shop, ShopCall::EligibleCoupons).await
    else {
        panic!("no coupons");
    };
    assert_eq!(eligible[0].coupon.id.as_str(), "fits");
    assert_eq!(ineligible[0].coupon.id.as_str(), "dear");
    let coupon = CouponId::new("fits");
    assert_eq!(ask(shop, ShopCall::ApplyCoupon { coupon }).await, Ok(ShopReply::Done));
    let summary = ShopReply::Summary { final_total: Cents(1_800) };
    assert_eq!(ask(shop, ShopCall::ReadSummary).await, Ok(summary));
    let Ok(ShopReply::OrderPlaced(order)) = ask(shop, ShopCall::Checkout).await else {
        panic!("no order");
    };
    assert_eq!(order.coupons, Some(vec![CouponId::new("fits")]));
    let left = ask(shop, ShopCall::EligibleCoupons).await;
    let Ok(ShopReply::Coupons { eligible, ineligible }) = left else { panic!("no coupons") };
    assert_eq!((eligible.len(), ineligible.len()), (0, 1), "an order uses its coupon up");
    assert_eq!((order.subtotal.cents, order.final_total.cents), (Cents(2_000), Cents(1_800)));
    assert_eq!(ask(shop, ShopCall::ReadCart).await, Ok(ShopReply::Cart { items: 0 }));
    let Ok(ShopReply::LatestOrders { orders, .. }) =
        ask(shop, ShopCall::LatestOrders { most: 1 }).await
    else {
        panic!("no list");
    };
    assert_eq!(
        (&orders[0].id, &orders[0].final_total),
        (&order.id, &Some(order.final_total.clone()))
    );
    let read = |order| ask(shop, ShopCall::ReadOrder { order });
    assert_eq!(read(order.id.clone()).await, Ok(ShopReply::OrderShown(order)));
    assert_eq!(read(OrderId::new("gone")).await, Err(ApiErrorKind::UnexpectedStatus(404)));
}

#[actix::test]
async fn it_refuses_what_a_shop_refuses() {
    let shop = shop();
    let shop = shop.as_ref();
    let buy = |id: &str| ShopCall::AddItem { product: ProductId::new(id).into(), quantity: 1 };
    let refused = |refusal| Err(ApiErrorKind::Refused(refusal));
    assert_eq!(ask(shop, ShopCall::Checkout).await, refused(Refusal::CartEmpty));
    assert_eq!(ask(shop, buy("gone")).await, refused(Refusal::ProductGone));
    assert_eq!(ask(shop, buy("p3")).await, refused(Refusal::Stock));
    let coupon = CouponId::new("unknown");
    let applied = ask(shop, ShopCall::ApplyCoupon { coupon }).await;
    assert_eq!(applied, refused(Refusal::Coupon));
    assert!(ask(shop, buy("p1")).await.is_ok());
    let nobodys = ShopCall::ApplyCoupon { coupon: CouponId::new("fits") };
    assert_eq!(ask(shop, nobodys).await, refused(Refusal::Coupon), "it was never handed over");
}

#[actix::test]
async fn a_cleared_cart_is_empty() {
    let shop = shop();
    let shop = shop.as_ref();
    assert!(ask(shop, add()).await.is_ok());
    let cleared = |items_removed| Ok(ShopReply::CartCleared { items_removed });
    assert_eq!(ask(shop, ShopCall::ClearCart).await, cleared(1));
    assert_eq!(ask(shop, ShopCall::ClearCart).await, cleared(0));
    assert!(!MockShop::traits().is_real);
}
