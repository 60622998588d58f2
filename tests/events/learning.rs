//! The tables made for learning agree with the rows they are made of.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{by, clean, rows, sum};

#[test]
fn what_was_seen_and_not_bought_is_there() {
    let place = clean();
    let seen = rows(place, &["--table", "impressions"]);
    let events = rows(place, &[]);
    // Unfolded once more, in the plain way.
    let mut expected = 0;
    let mut carted: HashSet<(String, String)> = HashSet::new();
    for event in &events {
        let length = |key: &str| event["payload"][key].as_array().map_or(0, Vec::len);
        match event["event_type"].as_str().unwrap() {
            "product_list" => expected += length("product_ids"),
            "view_product" => expected += 1,
            "view_coupons" => {
                expected += length("eligible_coupon_ids") + length("ineligible_coupon_ids");
            }
            "cart_add_item" if event["payload"]["accepted"] == true => {
                carted.insert((event["flow_id"].to_string(), event["product_id"].to_string()));
            }
            _ => {}
        }
    }
    assert_eq!(seen.len(), expected);
    let bought: HashSet<(String, String)> = rows(place, &["--table", "order_items"])
        .iter()
        .map(|item| (item["flow_id"].to_string(), item["product_id"].to_string()))
        .collect();
    let mut negatives = 0;
    for row in seen.iter().filter(|row| !row["product_id"].is_null()) {
        let key = (row["flow_id"].to_string(), row["product_id"].to_string());
        assert_eq!(row["carted"].as_bool(), Some(carted.contains(&key)), "{row}");
        assert_eq!(row["bought"].as_bool(), Some(bought.contains(&key)), "{row}");
        negatives += usize::from(row["carted"] == false);
    }
    assert!(negatives > 100 && !bought.is_empty());
    let coupons = seen.iter().filter(|row| !row["coupon_id"].is_null());
    let used = coupons.filter(|row| row["bought"] == true).count() as i64;
    let redeemed = "(SELECT DISTINCT flow_id, coupon_id FROM coupon_interactions
                     WHERE step = 'redeemed')";
    assert_eq!(used, place.count(redeemed));
}

#[test]
fn a_page_that_is_full_loses_nothing() {
    // 50 visits of impressions are a page, 400 of events: both borders are crossed.
    let place = clean();
    assert!(place.count("shopping_sessions") > 100);
    let visits: HashSet<String> = rows(place, &["--table", "impressions"])
        .iter()
        .map(|row| row["flow_id"].to_string())
        .collect();
    let with_lists = "(SELECT DISTINCT flow_id FROM shopping_session_events
                       WHERE event_type IN ('product_list', 'view_product', 'view_coupons'))";
    assert_eq!(visits.len() as i64, place.count(with_lists));
}

#[test]
fn a_coupon_lives_from_its_assignment_to_its_use() {
    let place = clean();
    let lives = rows(place, &["--table", "coupon_lifecycle"]);
    assert_eq!(lives.len() as i64, place.count("coupon_assignments"));
    let steps = |step: &str| {
        place.count(&format!(
            "coupon_interactions WHERE step = '{step}' AND assignment_id IS NOT NULL"
        ))
    };
    assert_eq!(sum(&lives, "times_seen"), steps("seen"));
    assert_eq!(sum(&lives, "times_applied"), steps("applied"));
    assert_eq!(sum(&lives, "times_rejected"), steps("rejected"));
    let of_state = by(&lives, "state");
    let redeemed = &of_state["redeemed"];
    assert_eq!(redeemed.len() as i64, steps("redeemed"));
    for life in redeemed {
        assert_eq!(life["redeemed_canonical"], true);
        assert!(life["redeemed_recorded_at"].is_string() && life["seen_at"].is_string());
        let text = |column: &str| life[column].as_str().unwrap().to_owned();
        assert!(text("assigned_at") <= text("seen_at"), "{life}");
        assert!(text("seen_at") <= text("applied_at"), "{life}");
        assert!(text("applied_at") <= text("redeemed_at"), "{life}");
        assert_eq!(life["expired_recorded_at"], Value::Null);
    }
    assert_eq!(of_state.get("expired").map(Vec::len), None, "14 days have not gone by");
}

#[test]
fn days_add_up_to_the_run() {
    let place = clean();
    let days = rows(place, &["--table", "agent_days"]);
    assert_eq!(sum(&days, "visits"), place.count("canonical_shopping_sessions"));
    assert_eq!(sum(&days, "orders"), place.count("canonical_orders"));
    assert_eq!(
        sum(&days, "paid_cents"),
        sum(&rows(place, &["--table", "orders"]), "final_total_cents")
    );
    assert_eq!(
        sum(&days, "coupons_redeemed"),
        place.count("coupon_assignments WHERE redeemed_at IS NOT NULL")
    );
    let lived: HashMap<&str, i64> = days
        .iter()
        .map(|d| (d["day"].as_str().unwrap(), d["hours_lived"].as_i64().unwrap()))
        .collect();
    assert_eq!(lived, HashMap::from([("2026-01-05", 10), ("2026-01-06", 8)]));
    let one_day =
        rows(place, &["--table", "agent_days", "--since", "2026-01-06", "--agent", "agent_003"]);
    assert_eq!(one_day.len(), 1);
}

#[test]
fn split_and_holdout_are_of_the_agent_and_before_any_assignment() {
    let place = clean();
    let days = rows(place, &["--table", "agent_days"]);
    for (agent, days) in by(&days, "agent_id") {
        let same = |column: &str| days.iter().all(|day| day[column] == days[0][column]);
        assert!(same("split") && same("held_out"), "{agent}");
    }
    let held_out: HashSet<&str> = days
        .iter()
        .filter(|day| day["held_out"] == true)
        .map(|day| day["agent_id"].as_str().unwrap())
        .collect();
    let assigned = rows(place, &["--table", "coupon_assignments"]);
    assert!(assigned.iter().all(|row| !held_out.contains(row["agent_id"].as_str().unwrap())));
}
