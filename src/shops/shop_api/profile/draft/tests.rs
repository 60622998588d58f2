//! Drafts of documents of several shapes, and of such as mean no good.

use serde_json::json;

use super::*;
use crate::shop_api::profile::{Profile, ProfileError};

const CARTS: &str = include_str!("../../../../../tests/openapi/carts.json");
const LOGIN: &str = include_str!("../../../../../tests/openapi/login.yaml");
const COMPOSED: &str = include_str!("../../../../../tests/openapi/composed.json");

fn drafted(text: &str) -> Draft {
    draft(&source::read(text).unwrap(), None).unwrap()
}

/// That a draft is what is kept beside its document; where it is to be another one from here on:
/// `cartload profile init --openapi DOCUMENT --output DOCUMENT.ron --force`.
#[track_caller]
fn is_as_kept(draft: &Draft, kept: &str) {
    let differ = draft.profile.lines().zip(kept.lines()).find(|(is, was)| is != was);
    assert_eq!(draft.profile, kept, "the first line that differs: {differ:?}");
    is_read(draft);
}

#[track_caller]
fn has(draft: &Draft, parts: &[&str]) {
    for part in parts {
        assert!(draft.profile.contains(part), "`{part}` is not in:\n{}", draft.profile);
    }
}

/// That it can be read, and that a check names the values that it says are missing, and no other.
#[track_caller]
fn is_read(draft: &Draft) {
    let mistakes = Profile::mistakes("draft.ron", &draft.profile);
    let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let is_of_sense = |mistake| matches!(mistake, &ProfileError::Semantic { .. });
    assert!(mistakes.iter().all(is_of_sense), "{all:?}\n{}", draft.profile);
    for text in &all {
        let Some((_, unknown)) = text.split_once("unknown value ") else { continue };
        let name = unknown.split(':').next().unwrap_or_default();
        let is_told = name.starts_with("{where_is_") || draft.missing.iter().any(|m| m == name);
        assert!(is_told, "{text}\n{}", draft.profile);
    }
    for name in draft.missing.iter().filter(|name| name.starts_with('{')) {
        assert!(all.iter().any(|text| text.contains(name)), "{name} is not in {all:?}");
    }
}

#[test]
fn carts_that_are_made_and_completed_are_mapped_whole() {
    let draft = drafted(CARTS);
    assert_eq!(draft.mapped.len(), 9, "{:?}", draft.mapped);
    assert_eq!(draft.missing, ["steps.latest_order", "steps.read_order", "{provider_id}"]);
    is_as_kept(&draft, include_str!("../../../../../tests/openapi/carts.json.ron"));
}

#[test]
fn agents_log_in_where_a_token_is_wanted_and_pages_are_counted_as_the_shop_does() {
    let draft = drafted(LOGIN);
    assert_eq!(draft.missing, ["steps.read_summary", "{delivery_slot_id}"]);
    is_as_kept(&draft, include_str!("../../../../../tests/openapi/login.yaml.ron"));
}

#[test]
fn schemas_are_put_together_of_their_parts_and_end_where_they_mean_themselves() {
    let draft = drafted(COMPOSED);
    let missing = "view_product read_cart read_summary apply_coupon latest_order read_order";
    let missing: Vec<String> = missing.split(' ').map(|name| format!("steps.{name}")).collect();
    assert_eq!(draft.missing, missing, "{}", draft.profile);
    is_as_kept(&draft, include_str!("../../../../../tests/openapi/composed.json.ron"));
    let from = super::draft(&source::read(COMPOSED).unwrap(), Some("https://a.example")).unwrap();
    has(&from, &["base_url: \"https://a.example\","]);
}

#[test]
fn swagger_2_is_read_as_what_came_after_it() {
    let document = json!({
        "swagger": "2.0", "info": {"title": "Old"}, "host": "old.example", "basePath": "/rest/",
        "securityDefinitions": {"k": {"type": "apiKey", "in": "query", "name": "ws_key"}},
        "security": [{"k": []}],
        "paths": {
            "/product": {"get": {
                "parameters": [{"name": "start", "in": "query", "type": "integer"}],
                "responses": {"200": {"schema":
                    {"type": "array", "items": {"$ref": "#/definitions/P"}}}}}},
            "/cart/add": {"post": {"parameters": [{"name": "body", "in": "body", "schema":
                {"properties": {"product_id": {"type": "integer"}, "quantity": {}}}}],
                "responses": {"200": {"description": "ok"}}}},
        },
        "definitions": {"P": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"},
            "price": {"type": "number"}}}},
    });
    let draft = draft(&document, None).unwrap();
    has(
        &draft,
        &[
            r#"base_url: "https://old.example","#,
            r#"query: {"start": "{offset}", "ws_key": "{ws_key}"},"#,
            r#""ws_key": (env: "OLD_WS_KEY")"#,
            r#"path: "/rest/cart/add","#,
            r#"json: {"product_id": "{product_id}", "quantity": "{quantity}"},"#,
            r#"products: (list: "."),"#,
            r#"item: (id: "id", name: "name", category: "=uncategorized", price: "price"),"#,
        ],
    );
    is_read(&draft);
}

#[test]
fn a_token_that_nobody_logs_in_for_and_keys_of_other_kinds_are_secrets_of_the_environment() {
    for (scheme, says) in [
        (json!({"type": "http", "scheme": "bearer"}), "Bearer(env: \"SHOP_TOKEN\")"),
        (json!({"type": "oauth2"}), "Bearer(env: \"SHOP_TOKEN\")"),
        (json!({"type": "http", "scheme": "basic"}), "\"authorization\": \"Basic {basic}\""),
        (json!({"type": "apiKey", "in": "cookie", "name": "sid"}), "cookies: agent"),
        (
            json!({"type": "apiKey", "in": "header", "name": "Cart-Token"}),
            "watch: {\"cart_token\": \"header:cart-token\"}",
        ),
    ] {
        let document = json!({
            "openapi": "3.0.0", "info": {"title": "Shop"}, "security": [{"s": []}],
            "components": {"securitySchemes": {"s": scheme}},
            "paths": {"/cart/items/{sku}": {"post": {"parameters":
                [{"name": "quantity", "in": "query"}]}}},
        });
        let draft = draft(&document, None).unwrap();
        has(&draft, &[says, "path: \"/cart/items/{variant_id}\"", "\"quantity\": \"{quantity}\""]);
        is_read(&draft);
    }
}

#[test]
fn a_document_of_something_else_leaves_a_draft_that_says_so() {
    let pets = json!({"openapi": "3.0.0", "paths": {
        "/pets": {"get": {"operationId": "listPets"}, "post": {"operationId": "addPet"}},
        "/store/order": {"delete": {}},
    }});
    let draft = draft(&pets, None).unwrap();
    assert_eq!(draft.mapped, [""; 0]);
    assert_eq!(draft.steps, draft.missing.len());
    assert!(draft.missing.contains(&"steps.checkout".to_owned()));
    assert!(draft.profile.contains("// ? checkout: every run needs it"), "{}", draft.profile);
    is_read(&draft);
    for none in [json!({}), json!([1]), json!({"paths": {}}), json!({"openapi": "3.0.0"})] {
        assert_eq!(super::draft(&none, None), Err(NoDocument));
    }
}

#[test]
fn names_that_mean_no_good_stay_names() {
    let bad = "x\"), evil: (\n\\{}\u{202e}";
    let keys = |schema: &str| {
        json!({"properties": {
        bad: {"type": "string"}, "id": {"type": "string"},
        "name": {"type": "string", "example": bad},
        "a.b|c": {"type": "number"}, "header:price": {"type": "number"}, "quantity": {},
        "product_id": {"enum": [bad]}, "must": {"type": "string", "default": bad},
        "again": {"$ref": schema},
    }, "required": ["must", bad, "again"]})
    };
    let of = json!({"content": {"application/json":
        {"schema": {"type": "array", "items": {"$ref": "#/x"}}}}});
    let document = json!({
        "openapi": bad, "info": {"title": bad}, "servers": [{"url": bad}], "x": keys("#/x"),
        "components": {"securitySchemes": {"s": {"type": "apiKey", "in": "header", "name": bad}}},
        "security": [{"s": []}],
        "paths": {
            "/products": {"get": {"operationId": bad, "responses": {"200": of},
                "parameters": [{"name": bad, "in": "query", "required": true, "example": bad}]}},
            "/cart/{é}/items": {"post": {"operationId": bad}},
            "/cart/{\"}/items": {"post": {}}, "/cart/{a/items": {"post": {}},
            "/cart}/items": {"post": {}},
            "/cart/items": {"post": {"summary": bad, "tags": [bad, 1],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/x"}}}}}},
            bad: {"get": {}},
        },
    });
    let draft = draft(&document, None).unwrap();
    assert!(draft.mapped.contains(&"add_item") && draft.mapped.contains(&"list_products"));
    assert!(!draft.profile.contains('\u{202e}'), "{}", draft.profile);
    is_read(&draft);
}

#[test]
fn references_in_circles_and_schemas_without_end_cost_no_time() {
    let wide: serde_json::Map<String, Value> =
        (0..400).map(|n| (format!("cart{n}"), json!({"$ref": "#/x"}))).collect();
    let required: Vec<String> = wide.keys().cloned().collect();
    let all: Vec<Value> = (0..300).map(|_| json!({"$ref": "#/x"})).collect();
    let body = json!({"content": {"application/json": {"schema": {"$ref": "#/x"}}}});
    let one = json!({"requestBody": body, "responses": {"200": body, "404": {"$ref": "#/loop"}}});
    let paths: serde_json::Map<String, Value> = (0..300)
        .map(|n| (format!("/cart/items{n}/item"), json!({"post": one, "get": one, "put": one})))
        .collect();
    let document = json!({"openapi": "3.1.0", "paths": paths, "loop": {"$ref": "#/loop"},
        "x": {"properties": wide, "required": required, "allOf": all, "oneOf": [{"$ref": "#/x"}],
            "items": {"$ref": "#/x"}}});
    let begun = std::time::Instant::now();
    let draft = draft(&document, None).unwrap();
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert!(draft.profile.len() < 1024 * 1024, "{} bytes", draft.profile.len());
    is_read(&draft);
}
