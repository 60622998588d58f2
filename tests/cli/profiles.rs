//! `cartload profile`: what there is, and every mistake of one's own.

use serde_json::Value;

use super::*;

#[test]
fn a_profile_in_the_binary_is_listed_shown_and_fine() {
    let folder = folder();
    assert!(stdout(&run(&folder, &["profile", "list"])).contains("practice"));
    let shown = run(&folder, &["profile", "show", "practice"]);
    fs::write(folder.path().join("my.ron"), &shown.stdout).unwrap();
    let checked = run(&folder, &["profile", "check", "my.ron"]);
    assert_eq!((checked.status.code(), stdout(&checked).trim()), (Some(0), "my.ron: fine"));
    refused(&run(&folder, &["profile", "show", "practise"]), 2, &["`practise`", "practice"]);
}

#[test]
fn every_mistake_of_a_profile_is_named_and_not_the_first_alone() {
    let folder = folder();
    let text = stdout(&run(&folder, &["profile", "show", "practice"]));
    let bent = text
        .replacen("page_size: 100", "page_size: 0", 1)
        .replacen("/api/products/{product_id}", "/api/products/{produkt}", 1)
        .replacen("path: \"/api/cart/items\"", "path: \"api/cart/items\"", 1)
        .replacen("Idempotency-Key", "Idempotency Key", 1);
    fs::write(folder.path().join("my.ron"), bent).unwrap();
    let named = [
        "my.ron: page_size: write 1 to 1000",
        "steps.view_product.path: unknown value {produkt}",
        "steps.add_item.path: begin it with `/`",
        "headers.1: `Idempotency Key` is no header's name",
        "4 mistakes",
    ];
    refused(&run(&folder, &["profile", "check", "my.ron"]), 3, &named);
    let told = run(&folder, &["profile", "check", "my.ron", "--json"]);
    assert_eq!(told.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["fine"], told["mistakes"].as_array().unwrap().len()), (&false.into(), 4));
    refused(&run(&folder, &["profile", "check", "none.ron"]), 3, &["none.ron"]);
}
