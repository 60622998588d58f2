//! Whole runs of the binary at a shop of which one thing does not fit: the run goes on, and what
//! was left out is one warning and one incident.

use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::Place;
use crate::support::scripted_server::Scripted;

/// Products of the practice shop.
const PRODUCTS: i64 = 72;
/// One of them.
const UNFIT: &str = "Organic Bananas";

/// A practice shop behind one that bends its answers.
struct Bent {
    server: Scripted,
    _behind: RunningShop,
}

impl Bent {
    /// Answers of requests that begin with `call` are bent.
    fn at(call: &'static str, bend: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> Self {
        Self::with(move |request, body| {
            let Some(mut answer) = serde_json::from_str(&body).ok() else { return body };
            if !request.starts_with(call) {
                return body;
            }
            bend(request, &mut answer);
            answer.to_string()
        })
    }

    fn with(bend: impl Fn(&str, String) -> String + Send + Sync + 'static) -> Self {
        let behind = PracticeShop::start(PracticeConfig::default()).unwrap();
        let address: SocketAddr = behind.base_url()["http://".len()..].parse().unwrap();
        Self { server: Scripted::bending(address, bend), _behind: behind }
    }

    /// A run of thirty agents; answers its log.
    #[track_caller]
    fn run(&self, place: &Place, more: &[&str]) -> String {
        let url = self.server.url();
        let args = ["run", "--api", &url, "--agents", "30", "--cycles", "3", "--warm-up", "off"];
        let quick = ["--time-scale", "max", "--on-freeze", "exit", "--plain"];
        let profile = if more.is_empty() { &["--profile", "practice"][..] } else { more };
        place.expect(0, &[&args[..], &quick, profile].concat()).1
    }
}

/// The messages of the incidents of this kind.
fn incidents(place: &Place, kind: &str) -> Vec<String> {
    place.texts("message", &format!("incidents WHERE kind = '{kind}'"))
}

/// The one incident that names an answer's shape; the log has it once.
#[track_caller]
fn only_shape(place: &Place, log: &str) -> String {
    let told = incidents(place, "answer_shape");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(log.matches("does not fit its profile").count(), 1, "{log}");
    told[0].clone()
}

#[test]
fn one_product_of_72_is_left_out_and_the_run_goes_on() {
    for (field, value) in [("price", Value::Null), ("brand", serde_json::json!({"name": "y"}))] {
        let bent = value.clone();
        let shop = Bent::at("GET /api/products?", move |_, answer| {
            let products = answer["products"].as_array_mut().unwrap();
            let first = products.iter_mut().find(|product| product["name"] == UNFIT);
            first.into_iter().for_each(|product| product[field] = bent.clone());
        });
        let place = Place::new();
        let said = only_shape(&place, &shop.run(&place, &[]));
        assert!(said.contains(&format!(".{field}` of `")), "{said}");
        assert!(said.contains("it is left out"), "{said}");
        assert_eq!(place.count("products"), PRODUCTS - 1);
        place.expect(0, &["verify"]);
    }
}

#[test]
fn a_coupon_of_a_kind_that_nobody_knows_is_left_out_and_the_run_goes_on() {
    let shop = Bent::at("GET /api/coupons/eligible", |_, answer| {
        if let Some(coupon) = answer["ineligible"].get_mut(0) {
            coupon["type"] = "loyalty".into();
        }
    });
    let place = Place::new();
    let log = shop.run(&place, &[]);
    let told = incidents(&place, "answer_shape");
    assert!((1..=3).contains(&told.len()), "{told:?}\n{log}");
    assert!(told[0].contains("is \"loyalty\"; it is left out"), "{told:?}");
    place.expect(0, &["verify"]);
}

#[test]
fn checkouts_whose_figures_cannot_be_read_are_orders_and_the_field_is_named_once() {
    let shop = Bent::at("POST /api/orders", |_, answer| {
        answer["order"]["totals"]["discount_total"] = "?".into();
    });
    let place = Place::new();
    let said = only_shape(&place, &shop.run(&place, &[]));
    assert!(said.contains("`order.totals.discount_total`") && said.contains("reckoned"), "{said}");
    let orders = place.count("orders");
    assert!(orders > 0);
    let asked = |call: &str| shop.server.requests().iter().filter(|r| r.starts_with(call)).count();
    assert_eq!(asked("GET /api/orders"), 0, "none is looked for");
    assert_eq!(i64::try_from(asked("POST /api/orders")).unwrap(), orders);
    place.expect(0, &["verify"]);
}

#[test]
fn checkouts_that_do_not_say_what_was_paid_are_looked_up_and_that_is_said_once() {
    let shop = Bent::at("POST /api/orders", |_, answer| {
        answer["order"]["totals"]["final_total"] = "?".into();
    });
    let place = Place::new();
    let said = only_shape(&place, &shop.run(&place, &[]));
    assert!(said.contains("`order.totals.final_total`"), "{said}");
    assert!(said.contains("the shop's list of orders"), "{said}");
    assert!(place.count("orders") > 0);
}

#[test]
fn a_shop_that_gives_ten_products_a_page_is_read_whole_and_agents_ask_for_the_profiles_page() {
    let shop = Bent::at("GET /api/products?", |_, answer| {
        answer["products"].as_array_mut().unwrap().truncate(10);
    });
    let place = Place::new();
    let log = shop.run(&place, &[]);
    assert_eq!(place.count("products"), PRODUCTS);
    assert!(!log.contains("the catalogue is short"), "{log}");
    let place = Place::new();
    let text = shops::shop_api::profile::Profile::builtin_text("practice").unwrap();
    let profile = place.path().join("p10.ron");
    std::fs::write(&profile, text.replace("size: 100", "size: 10")).unwrap();
    let shop = Bent::with(|_, body| body);
    shop.run(&place, &["--profile", profile.to_str().unwrap()]);
    let lists: Vec<String> = shop.server.requests();
    let lists: Vec<&str> =
        lists.iter().filter_map(|r| r.lines().next()).filter(|r| r.contains("limit=")).collect();
    assert!(lists.len() > 8, "{lists:?}");
    assert!(lists.iter().all(|list| list.contains("limit=10&") || list.contains("orders")));
    assert_eq!(place.count("products"), PRODUCTS);
}

#[test]
fn a_list_that_knows_no_offset_is_read_once_and_a_short_one_is_told_with_the_numbers() {
    let first: Mutex<Option<Value>> = Mutex::default();
    let shop = Bent::at("GET /api/products?", move |request, answer| {
        if !request.contains("category=") && request.contains("limit=100&") {
            answer["products"].as_array_mut().unwrap().truncate(10);
            let mut first = first.lock().unwrap();
            *answer = first.get_or_insert_with(|| answer.clone()).clone();
        }
    });
    let place = Place::new();
    let log = shop.run(&place, &[]);
    let told = incidents(&place, "catalog_short");
    assert_eq!(told.len(), 1, "{told:?}\n{log}");
    assert!(told[0].contains("10 of 72 products came in 2 pages of 100"), "{told:?}");
    assert_eq!(log.matches("the catalogue is short").count(), 1, "{log}");
    let requests = shop.server.requests();
    let later = requests.iter().filter(|request| request.contains("offset=10"));
    assert_eq!(later.count(), 1);
    assert_eq!(place.count("products"), 10);
}
