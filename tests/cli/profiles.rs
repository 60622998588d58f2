//! `cartload profile`: what there is, a first draft, and every mistake of one's own.

use std::io::{Read, Write};
use std::net::TcpListener;

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
        .replacen("size: 100", "size: 0", 1)
        .replacen("/api/products/{product_id}", "/api/products/{produkt}", 1)
        .replacen("path: \"/api/cart/items\"", "path: \"api/cart/items\"", 1)
        .replacen("Idempotency-Key", "Idempotency Key", 1);
    fs::write(folder.path().join("my.ron"), bent).unwrap();
    let named = [
        "my.ron: paging.size: write 1 to 1000",
        "steps.view_product.path: unknown value {produkt}",
        "steps.add_item.path: begin it with `/`",
        "steps.checkout.headers.Idempotency Key: `Idempotency Key` is no header's name",
        "4 mistakes",
    ];
    refused(&run(&folder, &["profile", "check", "my.ron"]), 3, &named);
    let told = run(&folder, &["profile", "check", "my.ron", "--json"]);
    assert_eq!(told.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&told["fine"], told["mistakes"].as_array().unwrap().len()), (&false.into(), 4));
    refused(&run(&folder, &["profile", "check", "none.ron"]), 3, &["none.ron"]);
}

/// A document of the tests'.
fn document(name: &str) -> String {
    format!("{}/tests/openapi/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_draft_is_begun_from_a_document_and_says_what_is_missing() {
    let folder = folder();
    let carts = document("carts.json");
    let init = ["profile", "init", "--openapi", &carts];
    let drafted = run(&folder, &init);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    assert!(stdout(&drafted).contains("/store/carts/{cart_id}/complete"), "{}", stdout(&drafted));
    let said = stderr(&drafted);
    assert!(said.contains("mapped 9 of 11 steps; missing: steps.latest_order"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let to_file = [&init[..], &["--output", "my.ron"]].concat();
    let written = run(&folder, &to_file);
    assert_eq!((written.status.code(), stdout(&written).as_str()), (Some(0), ""));
    let file = fs::read_to_string(folder.path().join("my.ron")).unwrap();
    assert_eq!(file, stdout(&drafted));
    assert_ne!(run(&folder, &to_file).status.code(), Some(0), "what is there stays");
    let told = run(&folder, &[&init[..], &["--json"]].concat());
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["profile"], file);
    assert_eq!(told["mapped"].as_array().unwrap().len(), 9);
    assert!(told["missing"].as_array().unwrap().contains(&"{provider_id}".into()), "{told}");
}

#[test]
fn a_document_is_fetched_and_what_is_none_is_refused() {
    let folder = folder();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = server.local_addr().unwrap();
    let yaml = fs::read_to_string(document("login.yaml")).unwrap();
    let answers = [("200 OK", yaml), ("404 Not Found", "no".to_owned())];
    let served = std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut caller, _) = server.accept().unwrap();
            let _ = caller.read(&mut [0; 2048]).unwrap();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
            caller.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).unwrap();
        }
    });
    let url = format!("http://{at}/openapi.yaml");
    let init = |place: &str| run(&folder, &["profile", "init", "--openapi", place]);
    let drafted = init(&url);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    assert!(stdout(&drafted).contains("/api/v1/auth/login"), "{}", stdout(&drafted));
    refused(&init(&url), 5, &["404 Not Found", "save the document"]);
    served.join().unwrap();
    refused(&init("https://user:secret@shop.example/a.json"), 2, &["it names a user"]);
    refused(&init("none.json"), 3, &["none.json"]);
    for (name, text, says) in [
        ("a.json", "{\"a\": 1}", "no OpenAPI document"),
        ("b.json", "{\"a\": ", "no JSON"),
        ("c.yaml", "a: [", "no YAML"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        refused(&init(name), 3, &[name, says]);
    }
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
