//! `cartload profile try` at each contract: every line is there, secrets are hidden, the order adds
//! up and is in the books, no cart is left, and a rule that a profile lacks is said.

use std::process::Command;

use serde_json::Value;

use super::server::{Books, ContractShop, Faults};
use super::{ALWAYS_200, COOKIES, CURSOR, Contract, MEDUSA, Profile, TITLES, UNPAGED, VENDURE};
use crate::support::binary::{Place, wait};

/// The codes that the shopper knows, the first of which is applied.
const CODES: &str = include_str!("coupons.ron");
const KEY: &str = "pk_contract_kept_from_view";

/// A shop, and what visits it.
struct Scene {
    place: Place,
    shop: ContractShop,
    profile: String,
}

impl Scene {
    fn new(contract: &Contract, profile: &Profile) -> Self {
        Self::with_text(contract, profile.name, profile.text)
    }

    fn with_text(contract: &Contract, name: &str, text: Option<&str>) -> Self {
        let (place, shop) = (Place::new(), contract.shop(Faults::default()));
        std::fs::write(place.path().join("codes.ron"), CODES).unwrap();
        if let Some(text) = text {
            std::fs::write(place.path().join("shop.ron"), text).unwrap();
        }
        let profile = if text.is_some() { "shop.ron" } else { name }.to_owned();
        Self { place, shop, profile }
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = self.shop.url();
        let visit = ["profile", "try", &self.profile, "--api", &url, "--coupons", "codes.ron"];
        let mut command = self.place.command(&[&visit[..], args].concat());
        command.env("CARTLOAD_MEDUSA_KEY", KEY);
        command
    }

    fn visit(&self, code: i32, args: &[&str]) -> (Value, Books) {
        let args = [args, &["--json"]].concat();
        let (said, warned) = self.place.expect_of(code, &mut self.command(&args));
        assert!(!warned.contains("is no setting"), "{warned}");
        assert!(!said.contains(KEY), "a secret: {said}");
        (serde_json::from_str(&said).unwrap(), self.shop.books())
    }
}

fn list<'v>(report: &'v Value, name: &str) -> &'v [Value] {
    report[name].as_array().unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

/// What must hold of a visit at any shop.
fn holds(contract: &Contract, profile: &Profile) {
    let (report, books) = Scene::new(contract, profile).visit(0, &[]);
    let name = profile.name;
    assert_eq!(report["works"], true, "{name}: {report:#}");
    assert_eq!(list(&report, "calls").len(), books.requests, "{name}: a line for each call");
    for call in list(&report, "calls") {
        assert!(call["status"].is_number() && call["bytes"].is_number(), "{name}: {call}");
        assert!(!call["meaning"].as_str().unwrap().is_empty(), "{name}: {call}");
    }
    for step in ["probe", "list_products", "add_item", "apply_coupon", "checkout"] {
        assert!(list(&report, "calls").iter().any(|call| call["step"] == step), "{name}: {step}");
    }
    let ordered: Vec<&str> =
        list(&report, "ordered").iter().map(|order| order["id"].as_str().unwrap()).collect();
    let in_books: Vec<&str> = books.orders.iter().map(|order| order.id.as_str()).collect();
    assert_eq!((ordered.len(), &ordered), (1, &in_books), "{name}: {report:#}");
    let (order, totals) = (&report["order"], &books.orders[0].totals);
    let cents = |figure: &str| order[figure]["amount"].as_str().unwrap().replace('.', "");
    assert_eq!(order["agrees"], true, "{name}: {order:#}");
    for (figure, amount) in [
        ("final_total", totals.total),
        ("discount", totals.discount),
        ("subtotal", totals.subtotal),
    ] {
        assert_eq!(cents(figure).parse::<i64>().unwrap(), amount, "{name}: {order:#}");
    }
    assert_eq!(report["coupon"], "TEN", "{name}: {report:#}");
    let provoked: Vec<&str> =
        list(&report, "refusals").iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert!(provoked.len() >= 5, "{name}: {provoked:?}");
    for it in list(&report, "refusals") {
        let is_repeat = it["came"] == "success" && it["what"].as_str().unwrap().contains("second");
        assert!(it["came"] == "refusal" || is_repeat, "{name}: {it:#}");
    }
    if profile.clears {
        assert_eq!(books.carts_with_items, 0, "{name}: a cart is left");
    }
}

#[test]
fn a_visit_at_each_contract_shows_each_call_orders_once_and_leaves_no_cart() {
    std::thread::scope(|scope| {
        for contract in [&MEDUSA, &VENDURE, &COOKIES, &CURSOR, &UNPAGED, &ALWAYS_200, &TITLES] {
            for profile in contract.profiles {
                scope.spawn(move || holds(contract, profile));
            }
        }
    });
}

#[test]
fn what_may_be_a_secret_is_said_to_be_there_and_not_shown() {
    for (contract, hidden, shown) in
        [(VENDURE, "token", "order_code"), (COOKIES, "csrf", ""), (MEDUSA, "", "cart_id")]
    {
        let (report, _) = Scene::new(&contract, &contract.profiles[0]).visit(0, &["--no-order"]);
        let captured = |name: &str| {
            let calls = list(&report, "calls").iter();
            let values: Vec<&Value> = calls.filter_map(|call| call["captured"].get(name)).collect();
            assert!(name.is_empty() || !values.is_empty(), "{name}: {report:#}");
            values
        };
        assert!(captured(hidden).into_iter().all(Value::is_null), "{hidden}: {report:#}");
        assert!(captured(shown).into_iter().all(Value::is_string), "{shown}: {report:#}");
    }
}

#[test]
fn without_an_order_nothing_is_ordered_and_the_rest_is_tried() {
    let (report, books) = Scene::new(&TITLES, &TITLES.profiles[0]).visit(0, &["--no-order"]);
    assert_eq!((books.orders.len(), list(&report, "ordered").len()), (0, 0));
    assert!(list(&report, "calls").iter().all(|call| call["step"] != "checkout"));
    assert_eq!(list(&report, "refusals").len(), 4, "{report:#}");
    assert_eq!(books.carts_with_items, 0);
}

#[test]
fn a_rule_that_the_profile_lacks_is_written_out_and_the_code_says_that_it_lacks() {
    let text = COOKIES.profiles[0].text.unwrap();
    let rule = r#"        (is: {"error": "out_of_stock"}, refusal: stock),"#;
    assert!(text.contains(rule));
    let scene = Scene::with_text(&COOKIES, "broken", Some(&text.replacen(rule, "", 1)));
    let wanted = "(on: [add_item], status: [409], contains: \"out_of_stock\", refusal: stock)";
    let (report, books) = scene.visit(5, &[]);
    let problems = list(&report, "problems");
    assert!(problems.iter().any(|it| it.as_str().unwrap().contains(wanted)), "{problems:#?}");
    assert_eq!((books.orders.len(), books.carts_with_items), (1, 0), "{report:#}");
    // With it, all is well.
    let mended = text.replacen(rule, &format!("        {wanted},"), 1);
    Scene::with_text(&COOKIES, "mended", Some(&mended)).visit(0, &["--no-order"]);
}

#[test]
fn an_order_with_a_charge_that_the_profile_does_not_name_does_not_add_up() {
    let text = COOKIES.profiles[0].text.unwrap();
    let broken = text.replacen(r#"charges: ["order.shipping"],"#, "", 1);
    let (report, _) = Scene::with_text(&COOKIES, "broken", Some(&broken)).visit(5, &[]);
    assert_eq!(report["order"]["agrees"], false, "{report:#}");
    let problems = list(&report, "problems");
    let says = "answers.order.charges";
    assert!(problems.iter().any(|it| it.as_str().unwrap().contains(says)), "{problems:#?}");
}

#[test]
fn for_people_each_call_is_a_line_and_the_arithmetic_is_spelled_out() {
    let scene = Scene::new(&MEDUSA, &MEDUSA.profiles[0]);
    let (said, _) = scene.place.expect_of(0, &mut scene.command(&[]));
    let order = &scene.shop.books().orders[0];
    for part in [
        "POST /store/carts  -> goes on  [cart_id = ",
        "= final total",
        "agrees to the cent",
        "good     a million of one thing: refused (stock)",
        "Ordered; cancel it at the shop:",
        &order.id,
        "Everything that a run needs works.",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(KEY), "a secret: {said}");
    let calls = said.lines().filter(|line| line.contains("  -> ")).count();
    assert_eq!(calls, scene.shop.books().requests, "{said}");
}

#[test]
fn ctrl_c_in_the_middle_leaves_no_cart() {
    let scene = Scene::new(&UNPAGED, &UNPAGED.profiles[0]);
    let process = scene.place.start_of(&mut scene.command(&["--no-order"]));
    wait(|| scene.shop.books().carts_with_items == 1, || scene.place.log());
    let kill = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(process.wait(), Some(130), "{}", scene.place.log());
    assert_eq!(scene.shop.books().carts_with_items, 0, "{}", scene.place.log());
}

#[test]
fn a_shop_that_is_not_there_is_the_one_problem() {
    let scene = Scene::new(&TITLES, &TITLES.profiles[0]);
    let (place, profile) = (Place::new(), scene.place.path().join("shop.ron"));
    let args = ["profile", "try", profile.to_str().unwrap(), "--api", "http://127.0.0.1:1"];
    let (said, why) = place.expect(5, &args);
    assert!(said.contains("connection refused") && why.contains("1 thing does not work"), "{said}");
}
