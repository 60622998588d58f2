//! Each number of a report is what plain SQL says.

use serde_json::Value;

use super::{number, report};
use crate::events::{clean, interrupted};
use crate::support::binary::Place;

/// Rows of a table in attempts that count, found without the views.
fn canonical(table: &str) -> String {
    format!(
        "FROM {table} t WHERE t.replay = (SELECT MIN(k.replay) FROM cycles k \
         WHERE k.run_id = t.run_id AND k.cycle = t.cycle AND NOT k.broken)"
    )
}

#[track_caller]
fn assert_numbers(place: &Place, pairs: &[(&Value, String)]) {
    for (told, sql) in pairs {
        assert_eq!(told.as_i64(), Some(number(place, sql)), "{sql}");
    }
}

fn sum(rows: &Value, key: &str) -> i64 {
    rows.as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap()).sum()
}

#[test]
fn behaviour_of_an_interrupted_run_is_that_of_rows_that_count() {
    let place = interrupted();
    let report = report(place, &[]);
    let (sessions, orders) = (canonical("shopping_sessions"), canonical("orders"));
    let events = canonical("shopping_session_events");
    let total = &report["activity"]["total"];
    let funnel = &report["funnel"];
    let step = |name: &str| {
        let steps = funnel["steps"].as_array().unwrap();
        steps.iter().find(|step| step["step"] == name).unwrap().clone()
    };
    let with = |what: &str| format!("SELECT COUNT(DISTINCT flow_id) {events} AND {what}");
    let accepted = "event_type = 'cart_add_item' AND payload LIKE '%\"accepted\":true%'";
    let carts = format!("flow_id IN (SELECT flow_id {events} AND {accepted})");
    assert_numbers(
        place,
        &[
            (&total["visits"], format!("SELECT COUNT(*) {sessions}")),
            (&total["browsed"], format!("SELECT COUNT(*) {sessions} AND status = 'browsed'")),
            (&total["abandoned"], format!("SELECT COUNT(*) {sessions} AND status = 'abandoned'")),
            (&total["orders"], format!("SELECT COUNT(*) {orders}")),
            (&total["revenue_cents"], format!("SELECT SUM(final_total_cents) {orders}")),
            (&total["discount_cents"], format!("SELECT SUM(discount_total_cents) {orders}")),
            (&funnel["visits"], format!("SELECT COUNT(*) {sessions}")),
            (&step("list")["visits"], with("event_type = 'product_list'")),
            (&step("view")["visits"], with("event_type = 'view_product'")),
            (&step("add")["visits"], with(accepted)),
            (&step("add")["events"], format!("SELECT COUNT(*) {events} AND {accepted}")),
            (&step("order")["visits"], format!("SELECT COUNT(*) {orders}")),
            (
                &funnel["carts_abandoned"],
                format!(
                    "SELECT COUNT(*) {sessions} AND {carts} \
                     AND flow_id NOT IN (SELECT flow_id FROM orders)"
                ),
            ),
        ],
    );
    let doubled = number(place, "SELECT COUNT(*) FROM shopping_sessions WHERE is_replay");
    assert!(doubled > 0, "cycles were run again");
    assert!(report["run"]["replays"][0].as_str().unwrap().contains("crash"));
    assert_eq!(report["promises"]["clean"], true);
    assert_eq!(sum(&report["activity"]["hours"], "orders"), total["orders"].as_i64().unwrap());
    assert_eq!(sum(&report["activity"]["weekdays"], "visits"), total["visits"].as_i64().unwrap());
    assert_eq!(sum(&report["activity"]["days"], "orders"), total["orders"].as_i64().unwrap());
    let cycles = number(place, "SELECT COUNT(DISTINCT cycle) FROM cycles WHERE NOT broken");
    assert_eq!(sum(&report["activity"]["hours"], "hours_lived"), cycles);
    assert_eq!(report["promises"]["hours_claimed"].as_i64(), Some(cycles));
}

#[test]
fn an_hour_and_a_day_have_the_visits_that_began_in_them() {
    let place = interrupted();
    let report = report(place, &[]);
    let sessions = canonical("shopping_sessions");
    for slot in report["activity"]["hours"].as_array().unwrap() {
        let hour = slot["slot"].as_i64().unwrap();
        let sql = format!(
            "SELECT COUNT(*) {sessions} \
             AND CAST(strftime('%H', t.simulated_at) AS INTEGER) = {hour}"
        );
        assert_eq!(slot["visits"].as_i64(), Some(number(place, &sql)), "{hour} h");
    }
    for day in report["activity"]["days"].as_array().unwrap() {
        let date = day["date"].as_str().unwrap();
        let sql = format!("SELECT COUNT(*) {sessions} AND date(t.simulated_at) = '{date}'");
        assert_eq!(day["visits"].as_i64(), Some(number(place, &sql)), "{date}");
    }
}

#[test]
fn technical_numbers_are_those_of_every_attempt() {
    let place = interrupted();
    let report = report(place, &[]);
    let total = &report["technique"]["total"];
    let of = |column: &str| format!("SELECT SUM({column}) FROM cycles");
    assert_numbers(
        place,
        &[
            (&total["attempts"], "SELECT COUNT(*) FROM cycles".into()),
            (&total["broken"], "SELECT COUNT(*) FROM cycles WHERE broken".into()),
            (&total["replays"], "SELECT COUNT(*) FROM cycles WHERE is_replay".into()),
            (&total["requests"], of("requests")),
            (&total["retries"], of("retries")),
            (&total["released"], of("released")),
            (&total["failed"], of("failed")),
            (&total["unfinished"], of("unfinished")),
            (&total["lateness_max_ms"], "SELECT MAX(lateness_ms) FROM cycles".into()),
        ],
    );
    assert!(total["broken"].as_i64() > Some(0) && total["replays"].as_i64() > Some(0));
    let worst = "SELECT CAST(MAX(latency ->> '$.felt.p95') * 1000 AS BIGINT) FROM cycles";
    let told = total["felt"]["p95_max_ms"].as_f64().unwrap();
    assert_eq!((told * 1e3) as i64, number(place, worst));
    let ends = report["ends"].as_array().unwrap();
    let crashed = ends.iter().find(|end| end["reason"] == "crash").unwrap();
    let sql = "SELECT COUNT(*) FROM shopping_sessions WHERE end_reason = 'crash'";
    assert_eq!(crashed["visits"].as_i64(), Some(number(place, sql)));
    assert_eq!(crashed["canonical"], 0, "a crash breaks its cycle");
    let incidents = report["incidents"]["kinds"].as_array().unwrap();
    let all: i64 = incidents.iter().map(|kind| kind["count"].as_i64().unwrap()).sum();
    assert_eq!(all, number(place, "SELECT COUNT(*) FROM incidents"));
    assert_eq!(sum(&report["incidents"]["timeline"], "count"), all);
}

#[test]
fn baskets_and_coupons_are_those_of_the_rows() {
    let place = clean();
    let report = report(place, &[]);
    let (baskets, coupons) = (&report["baskets"], &report["coupons"]);
    for of in baskets["products"]["orders"].as_array().unwrap() {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT flow_id FROM order_items GROUP BY flow_id \
             HAVING COUNT(*) = {})",
            of["size"]
        );
        assert_eq!(of["orders"].as_i64(), Some(number(place, &sql)), "{}", of["size"]);
    }
    let units = baskets["units"]["mean"].as_f64().unwrap();
    let sums = (
        number(place, "SELECT SUM(quantity) FROM order_items"),
        number(place, "SELECT COUNT(*) FROM orders"),
    );
    assert!((units - sums.0 as f64 / sums.1 as f64).abs() < 1e-9);
    let steps = |step: &str| {
        format!(
            "SELECT COUNT(DISTINCT assignment_id) FROM coupon_interactions WHERE step = '{step}'"
        )
    };
    assert_numbers(
        place,
        &[
            (&coupons["assigned"], "SELECT COUNT(*) FROM coupon_assignments".into()),
            (
                &coupons["redeemed"],
                "SELECT COUNT(*) FROM coupon_assignments WHERE redeemed_flow_id IS NOT NULL".into(),
            ),
            (&coupons["seen"]["coupons"], steps("seen")),
            (&coupons["applied"]["coupons"], steps("applied")),
            (&coupons["rejected"]["coupons"], steps("rejected")),
            (&coupons["agents"], "SELECT COUNT(DISTINCT agent_id) FROM coupon_assignments".into()),
        ],
    );
    assert!(coupons["redeemed"].as_i64() > Some(0));
    let rest = coupons["open"].as_i64().unwrap() + coupons["expired"].as_i64().unwrap();
    let all = coupons["assigned"].as_i64().unwrap();
    assert_eq!(rest + coupons["redeemed"].as_i64().unwrap(), all);
}

#[test]
fn who_comes_back_and_what_sells_are_those_of_the_rows() {
    let place = clean();
    let report = report(place, &[]);
    let (patterns, coupons) = (&report["patterns"], &report["coupons"]);
    let gaps = "SELECT COUNT(*) - COUNT(DISTINCT agent_id) FROM orders";
    let lines = "SELECT COUNT(*) FROM order_items";
    assert_eq!(sum(&patterns["gaps"], "orders"), number(place, gaps));
    assert_eq!(sum(&patterns["discounts"], "lines"), number(place, lines));
    let (units, spending) = (&patterns["product_units"], &patterns["spending"]);
    assert_numbers(
        place,
        &[
            (&units["total"], "SELECT SUM(quantity) FROM order_items".into()),
            (&units["members"], "SELECT COUNT(DISTINCT product_id) FROM order_items".into()),
            (&spending["total"], "SELECT SUM(final_total_cents) FROM orders".into()),
            (&spending["members"], "SELECT COUNT(DISTINCT agent_id) FROM orders".into()),
        ],
    );
    for spread in [units, spending] {
        assert!((0.0..1.0).contains(&spread["gini"].as_f64().unwrap()), "{spread}");
        assert_eq!(spread["curve"][0], serde_json::json!([0.0, 0.0]));
    }
    let again = patterns["ordered_again"].as_array().unwrap();
    let shares: Vec<f64> = again.iter().map(|again| again["share"].as_f64().unwrap()).collect();
    assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)));
    let (bounces, visits) = (&report["funnel"]["bounces"], &report["funnel"]["visits"]);
    assert!(bounces.as_i64() < visits.as_i64(), "{bounces} of {visits}");
    assert!(coupons["ended"].as_i64() <= coupons["assigned"].as_i64());
    let offers = &report["offers"];
    let both = offers["held_out"].as_i64().unwrap() + offers["offered"].as_i64().unwrap();
    assert_eq!(Some(both), report["run"]["agents"].as_i64(), "each agent is in one of both");
}

#[test]
fn the_page_shows_the_numbers_of_the_json() {
    let place = Place::copy_of(clean());
    let report = report(&place, &["--out", "r.html"]);
    let page = std::fs::read_to_string(place.path().join("r.html")).unwrap();
    let grouped = |n: &Value| {
        let n = n.as_i64().unwrap();
        if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
    };
    for (name, value) in [
        ("orders", grouped(&report["activity"]["total"]["orders"])),
        ("visits", grouped(&report["activity"]["total"]["visits"])),
        ("events", grouped(&report["promises"]["events"])),
        ("assigned", grouped(&report["coupons"]["assigned"])),
        ("run", report["run"]["run_id"].as_str().unwrap().to_owned()),
    ] {
        assert!(page.contains(&value), "{name} {value}");
    }
    let cents = report["activity"]["total"]["revenue_cents"].as_i64().unwrap();
    assert!(page.replace(',', "").contains(&format!("{}.{:02}", cents / 100, cents % 100)));
    for day in report["activity"]["days"].as_array().unwrap() {
        assert!(page.contains(day["date"].as_str().unwrap()));
    }
}
