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

#[test]
fn a_visit_to_the_practice_shop_works_and_names_its_order() {
    let folder = folder();
    let tried = run(&folder, &["profile", "try", "practice", "--json"]);
    assert_eq!(tried.status.code(), Some(0), "{}{}", stdout(&tried), stderr(&tried));
    let report: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!((&report["works"], &report["order"]["agrees"]), (&true.into(), &true.into()));
    assert_eq!(report["ordered"].as_array().unwrap().len(), 1, "{report:#}");
    assert!(report["coupon"].is_string(), "one of the wallet was taken: {report:#}");
    let steps: Vec<&str> = report["calls"].as_array().unwrap().iter().map(step).collect();
    for wanted in ["first_visit", "select_store", "read_summary", "latest_order", "read_order"] {
        assert!(steps.contains(&wanted), "{wanted}: {steps:?}");
    }
    assert_eq!(steps.last(), Some(&"checkout"), "of an empty cart: {steps:?}");
    assert!(!folder.path().join("data").exists(), "it is no run");
    refused(&run(&folder, &["profile", "try", "practise"]), 3, &["practise"]);
    let secret = run(&folder, &["profile", "try", "medusa", "--api", "http://127.0.0.1:1"]);
    refused(&secret, 3, &["CARTLOAD_MEDUSA_KEY", "publishable key"]);
}

fn step(call: &Value) -> &str {
    call["step"].as_str().unwrap()
}

#[test]
fn the_help_of_a_visit_says_that_it_orders() {
    let help = stdout(&run(&folder(), &["profile", "try", "--help"]));
    for part in ["ONE REAL ORDER", "--no-order", "cancelled"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

#[test]
fn a_variable_that_a_profile_has_its_secret_from_is_no_misspelt_setting() {
    let folder = folder();
    let shown = stdout(&run(&folder, &["profile", "show", "medusa"]));
    fs::write(folder.path().join("my.ron"), shown.replace("_MEDUSA_KEY", "_MY_KEY")).unwrap();
    let warned = |profile: &str, variable: &str| {
        let mut command = command(folder.path(), &["config", "check"]);
        command.env("CARTLOAD_PROFILE", profile).env("CARTLOAD_API", "http://127.0.0.1:1");
        stderr(&command.env(variable, "x").output().unwrap()).contains(variable)
    };
    assert!(!warned("medusa", "CARTLOAD_MEDUSA_KEY"));
    assert!(!warned("./my.ron", "CARTLOAD_MY_KEY"));
    assert!(warned("medusa", "CARTLOAD_MY_KEY"), "of no profile in use");
}
