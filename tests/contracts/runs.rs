//! Whole runs of the binary at each contract, beside faults, and killed in the middle. The same
//! must hold of all of them: one list, [`holds`].

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use diesel::sql_types::{BigInt, Bool, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;

use super::operations::{Operation, Refusal};
use super::server::{Books, ContractShop, Faults};
use super::{ALWAYS_200, COOKIES, CURSOR, Contract, MEDUSA, Profile, TITLES, UNPAGED, VENDURE};
use crate::support::binary::{Place, wait};

/// The codes that the shoppers know.
const CODES: &str = include_str!("coupons.ron");

/// A run over all its processes.
const RUN: [&str; 16] = [
    "run",
    "--agents",
    "20",
    "--cycles",
    "12",
    "--warm-up",
    "off",
    "--start",
    "2026-01-05T10:00",
    "--time-scale",
    "max",
    "--rate",
    "unlimited",
    "--on-freeze",
    "exit",
    "--quiet",
];

/// Of the things put into carts, the most that may be of products with eight variants: a tenth of
/// the products are so, but four tenths of the variants.
const OF_MANY_VARIANTS_MAX: f64 = 0.25;

/// A run at a shop.
struct Scene<'a> {
    place: Place,
    shop: ContractShop,
    profile: &'a Profile,
}

/// Whether the run was killed on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    Killed,
}

#[derive(Debug, QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = BigInt)]
    final_total_cents: i64,
    #[diesel(sql_type = BigInt)]
    subtotal_cents: i64,
    #[diesel(sql_type = BigInt)]
    discount_total_cents: i64,
    #[diesel(sql_type = BigInt)]
    charges_cents: i64,
    #[diesel(sql_type = Bool)]
    recovered: bool,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

/// What goes wrong in every run: lost answers to orders, errors of calls that are sent again, slow
/// answers. A run that is to be killed in its middle takes longer.
fn faults(profile: &Profile, way: Way) -> Faults {
    // A visit whose order stays unknown has failed, and of 20 agents one may in a cycle: farther
    // apart than the orders of a cycle can be.
    let lost_orders = Some(if profile.settles { 9 } else { 21 });
    let errors = BTreeMap::from([
        (Operation::List, 11),
        (Operation::ViewCart, 11),
        (Operation::NeedCart, 70),
        (Operation::ChooseShipping, 30),
    ]);
    let slow_nth = match way {
        Way::Whole => 4,
        Way::Killed => 1,
    };
    Faults { lost_orders, errors, slow: Some((slow_nth, Duration::from_millis(15))) }
}

impl<'a> Scene<'a> {
    fn new(contract: &Contract, profile: &'a Profile, way: Way) -> Self {
        let (place, shop) = (Place::new(), contract.shop(faults(profile, way)));
        std::fs::write(place.path().join("coupons.ron"), CODES).unwrap();
        if let Some(text) = profile.text {
            std::fs::write(place.path().join("shop.ron"), text).unwrap();
        }
        Self { place, shop, profile }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.command(args);
        command.env("CARTLOAD_MEDUSA_KEY", "pk_contract");
        command.env("CARTLOAD_OFFERS_COUPONS_FILE", self.place.path().join("coupons.ron"));
        command
    }

    fn run(&self) -> Command {
        let api = self.shop.url();
        let profile = if self.profile.text.is_some() { "./shop.ron" } else { self.profile.name };
        self.command(&[&RUN[..], &["--api", &api, "--profile", profile, "--json"]].concat())
    }

    fn orders(&self) -> Vec<OrderRow> {
        sql_query(
            "SELECT o.order_id, o.final_total_cents, o.subtotal_cents, o.discount_total_cents, \
             o.charges_cents, o.recovered, (SELECT COALESCE(SUM(i.quantity), 0) FROM order_items i \
             WHERE i.flow_id = o.flow_id) AS units FROM orders o",
        )
        .load(&mut self.place.sqlite())
        .unwrap()
    }
}

/// What must hold of a run at any shop when it has ended, its summary beside it.
fn holds(scene: &Scene<'_>, way: Way, summary: &Value) {
    let (books, name) = (scene.shop.books(), scene.profile.name);
    assert_eq!(summary["state"], "completed", "{name}: {summary}");
    scene.place.expect_of(0, &mut scene.command(&["verify"]));
    outcomes(scene, name);
    orders(scene, &books, name);
    refusals(scene, &books, name);
    carts(scene, &books, way, name);
    catalogue(scene, &books, name);
    let (asked, served) = (summary["requests"].as_u64().unwrap(), books.requests as u64);
    match way {
        Way::Whole => assert_eq!(asked, served, "{name}: requests sent and served"),
        // What a killed process had sent since its last cycle, nobody counted.
        Way::Killed => assert!(asked <= served, "{name}: {asked} sent, {served} served"),
    }
}

/// Each visit has one, and none failed but by what was done to the run.
fn outcomes(scene: &Scene<'_>, name: &str) {
    let open = "shopping_sessions WHERE status = 'active' OR end_reason IS NULL";
    assert_eq!(scene.place.count(open), 0, "{name}: visits without an end");
    let failed = "shopping_sessions WHERE status = 'failed' AND order_outcome IS NULL \
                  AND end_reason <> 'crash'";
    let why = scene.place.texts("end_reason || ': ' || COALESCE(failure, '')", failed);
    assert!(why.is_empty(), "{name}: failed visits: {why:?}");
}

/// Every order of the shop is in one row, exact to the smallest unit, or its visit says that its
/// outcome is unknown.
fn orders(scene: &Scene<'_>, books: &Books, name: &str) {
    assert!(books.orders.len() > 10 && books.lost > 0, "{name}: {} orders", books.orders.len());
    let mut rows = BTreeMap::new();
    for row in scene.orders() {
        let twice = rows.insert(row.order_id.clone(), row);
        assert!(twice.is_none(), "{name}: {twice:?} is in two rows");
    }
    let mut missing = Vec::new();
    for order in &books.orders {
        let Some(row) = rows.remove(&order.id) else {
            missing.push(order.id.as_str());
            continue;
        };
        let (totals, id) = (&order.totals, &order.id);
        assert_eq!(row.final_total_cents, totals.total, "{name}: total of {id}");
        assert_eq!(row.charges_cents, totals.shipping + totals.tax, "{name}: charges of {id}");
        if row.recovered && !scene.profile.shows_lines() {
            // Of an order that was found later no more is known than what it cost.
            continue;
        }
        assert_eq!(row.subtotal_cents, totals.subtotal, "{name}: subtotal of {id}");
        assert_eq!(row.discount_total_cents, totals.discount, "{name}: discount of {id}");
        let units: u32 = order.cart.lines.iter().map(|line| line.quantity).sum();
        assert_eq!(row.units, i64::from(units), "{name}: units of {id}");
    }
    assert!(rows.is_empty(), "{name}: not in the shop's books: {rows:?}");
    let unknown = scene.place.count("shopping_sessions WHERE order_outcome = 'unknown'");
    let missed = i64::try_from(missing.len()).unwrap();
    assert!(missed <= unknown, "{name}: {missing:?} lack rows, {unknown} visits are unknown");
    assert!(!scene.profile.finds || unknown == 0, "{name}: {unknown} visits are unknown");
}

/// Of stock and of codes: noted as what they are.
fn refusals(scene: &Scene<'_>, books: &Books, name: &str) {
    let refused = |why: &[Refusal]| why.iter().filter_map(|why| books.refused.get(why)).count();
    let of_codes = [Refusal::CodeIneligible, Refusal::CodeDraft, Refusal::CodeEnded];
    assert!(refused(&[Refusal::Stock]) > 0, "{name}: {:?}", books.refused);
    assert!(refused(&of_codes) > 0, "{name}: {:?}", books.refused);
    let adds = "shopping_session_events WHERE event_type = 'cart_add_item' \
                AND json_extract(payload, '$.accepted') = 0";
    assert!(scene.place.count(adds) > 0, "{name}: no refused add");
    let codes = "shopping_session_events WHERE event_type = 'coupon_rejected'";
    assert!(scene.place.count(codes) > 0, "{name}: no refused code");
}

/// No cart is left with something in it that is not known to be.
fn carts(scene: &Scene<'_>, books: &Books, way: Way, name: &str) {
    let is_lost = way == Way::Killed && !scene.profile.keeps_carts;
    if !scene.profile.clears || is_lost {
        return;
    }
    let last = "(SELECT shop_cart, ROW_NUMBER() OVER (PARTITION BY agent_id \
                ORDER BY resumes DESC, cycle DESC) AS n FROM shopping_sessions) AS visits \
                WHERE n = 1 AND shop_cart = 'dirty'";
    let known = usize::try_from(scene.place.count(last)).unwrap();
    let full = books.carts_with_items;
    assert!(full <= known, "{name}: {full} open carts hold something, {known} are known to");
}

/// All products are there, and are drawn as products, however many variants each has.
fn catalogue(scene: &Scene<'_>, books: &Books, name: &str) {
    let listed = scene.place.texts("product_id", "products");
    let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    let goods = scene.shop.goods();
    let is_listed = |(product, variants): &(&String, &Vec<String>)| {
        listed.contains(product.as_str()) || variants.iter().all(|it| listed.contains(it.as_str()))
    };
    let absent: Vec<&String> =
        goods.iter().filter(|it| !is_listed(it)).map(|(product, _)| product).collect();
    assert!(absent.is_empty(), "{name}: not in the catalogue: {absent:?}");
    let added: usize = books.added.values().sum();
    let many = books.added.iter().filter(|(product, _)| goods[*product].len() > 1);
    let many: usize = many.map(|(_, times)| times).sum();
    assert!(added > 60, "{name}: only {added} adds");
    let share = many as f64 / added as f64;
    assert!(share <= OF_MANY_VARIANTS_MAX, "{name}: {many} of {added} adds, by variant");
}

fn whole_runs_at(contract: &Contract) {
    for profile in contract.profiles {
        let scene = Scene::new(contract, profile, Way::Whole);
        let (said, _) = scene.place.expect_of(0, &mut scene.run());
        holds(&scene, Way::Whole, &serde_json::from_str(&said).unwrap());
    }
}

/// Kills the run after some orders, and resumes it.
fn killed_runs_at(contract: &Contract) {
    for profile in contract.profiles {
        let scene = Scene::new(contract, profile, Way::Killed);
        let mut process = scene.place.start_of(&mut scene.run());
        let is_shopping =
            || scene.shop.books().orders.len() >= 3 && !scene.place.checkpoints().is_empty();
        wait(is_shopping, || scene.place.log());
        assert!(!process.has_ended(), "{}: {}", profile.name, scene.place.log());
        process.kill();
        let resume = ["resume", "--quiet", "--json"];
        let (said, _) = scene.place.expect_of(0, &mut scene.command(&resume));
        holds(&scene, Way::Killed, &serde_json::from_str(&said).unwrap());
    }
}

#[test]
fn a_run_at_medusa_agrees_with_its_books() {
    whole_runs_at(&MEDUSA);
}

#[test]
fn a_run_at_medusa_that_is_killed_agrees_with_its_books() {
    killed_runs_at(&MEDUSA);
}

#[test]
fn a_run_at_vendure_agrees_with_its_books() {
    whole_runs_at(&VENDURE);
}

#[test]
fn a_run_at_vendure_that_is_killed_agrees_with_its_books() {
    killed_runs_at(&VENDURE);
}

#[test]
fn a_run_with_cookies_agrees_with_the_shops_books() {
    whole_runs_at(&COOKIES);
}

#[test]
fn a_run_with_cookies_that_is_killed_agrees_with_the_shops_books() {
    killed_runs_at(&COOKIES);
}

#[test]
fn a_run_by_cursors_agrees_with_the_shops_books() {
    whole_runs_at(&CURSOR);
}

#[test]
fn a_run_by_cursors_that_is_killed_agrees_with_the_shops_books() {
    killed_runs_at(&CURSOR);
}

#[test]
fn a_run_at_a_list_without_pages_agrees_with_the_shops_books() {
    whole_runs_at(&UNPAGED);
}

#[test]
fn a_run_at_a_list_without_pages_that_is_killed_agrees_with_the_shops_books() {
    killed_runs_at(&UNPAGED);
}

#[test]
fn a_run_where_all_is_a_200_agrees_with_the_shops_books() {
    whole_runs_at(&ALWAYS_200);
}

#[test]
fn a_run_where_all_is_a_200_that_is_killed_agrees_with_the_shops_books() {
    killed_runs_at(&ALWAYS_200);
}

#[test]
fn a_run_by_titles_agrees_with_the_shops_books() {
    whole_runs_at(&TITLES);
}

#[test]
fn a_run_by_titles_that_is_killed_agrees_with_the_shops_books() {
    killed_runs_at(&TITLES);
}
