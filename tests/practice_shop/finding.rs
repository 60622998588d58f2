//! What a shopper may find by a text, and take out of the cart again.

use super::*;

#[actix_web::test]
async fn a_text_finds_names_categories_and_brands_within_a_category_and_page_by_page() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    for (query, total) in [
        ("q=WHOLE%20MILK", 1),
        ("q=dairy", 4),
        ("q=nordvik", 3),
        ("q=nordvik&category=Seafood", 2),
        ("q=nordvik&category=Seafood&limit=1&offset=1", 2),
        ("q=nothing%20of%20the%20kind", 0),
        ("q=", 72),
    ] {
        let found = ann.get(&format!("/api/products?{query}")).await.json;
        assert_eq!(found["total"], total, "{query}: {found}");
    }
    let last = ann.get("/api/products?q=nordvik&category=Seafood&limit=1&offset=1").await.json;
    assert_eq!(last["products"].as_array().map(Vec::len), Some(1));
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn a_product_leaves_the_cart_with_all_its_units_and_once() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    assert_eq!(ann.select_store(0).await.status, 200);
    for (name, units) in [("Garden Peas", 3), ("Whole Milk, 1 gal", 1)] {
        assert_eq!(ann.add(name, units).await.status, 200);
    }
    let peas = format!("/api/cart/items/{}", ann.product("Garden Peas").await);
    let removed = ann.send(Method::DELETE, &peas, None).await;
    assert_eq!((removed.status, &removed.json["success"]), (200, &json!(true)));
    assert_eq!(removed.json["cart_item"]["quantity"], 3);
    let cart = ann.get("/api/cart").await.json;
    assert_eq!((cart["items"].as_array().map(Vec::len), &cart["item_count"]), (Some(1), &json!(1)));
    assert_eq!(ann.send(Method::DELETE, &peas, None).await.status, 404, "it is gone already");
    let order = ann.checkout().await;
    assert_eq!(
        (order.status, order.json["order"]["items"].as_array().map(Vec::len)),
        (201, Some(1))
    );
    shop.stop().expect("it closes");
}

#[actix_web::test]
async fn what_cannot_be_removed_is_refused_and_leaves_the_cart() {
    let shop = open_shop();
    let ann = Shopper::new(&shop, "agent_001");
    let bob = ann.beside("agent_002");
    for shopper in [&ann, &bob] {
        assert_eq!(shopper.select_store(0).await.status, 200);
    }
    assert_eq!(ann.add("Garden Peas", 1).await.status, 200);
    let peas = format!("/api/cart/items/{}", ann.product("Garden Peas").await);
    let unknown = format!("/api/cart/items/{}", Uuid::new_v4());
    let remove = |who: &Shopper, path: &str| {
        let (who, path) = (who.clone(), path.to_owned());
        async move { who.send(Method::DELETE, &path, None).await.status }
    };
    assert_eq!(remove(&ann, "/api/cart/items/peas").await, 400);
    assert_eq!(remove(&ann, &unknown).await, 404);
    assert_eq!(remove(&bob, &peas).await, 404, "it is in another's cart");
    let in_anns_session = Shopper { session: ann.session, ..bob.clone() };
    assert_eq!(remove(&in_anns_session, &peas).await, 403);
    assert_eq!(ann.get("/api/cart").await.json["item_count"], 1);
    assert_eq!(shop.ledger().routes[&Route::RemoveItem].requests, 4);
    shop.stop().expect("it closes");
}
