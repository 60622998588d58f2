//! What no check of meaning can know: a value that could as well have been another one, rows that
//! are gone without a trace, and the seals themselves.

use super::{audit, clean, without_seals};
use crate::support::binary::Place;

/// What the seals found, as `subject: message`.
fn broken(place: &Place) -> Vec<String> {
    let audit = audit(place, 1);
    let problems = audit["problems"].as_array().unwrap().iter();
    let seals = problems.filter(|problem| problem["check"] == "seal");
    let told = seals.map(|problem| {
        let text = |key: &str| problem[key].as_str().unwrap().to_owned();
        format!("{}: {}", text("subject"), text("message"))
    });
    told.collect()
}

/// Each damage breaks the seal of one attempt or of the run at this table.
macro_rules! breaks {
    ($($name:ident: $sql:expr => $table:literal,)+) => {$(
        #[test]
        fn $name() {
            let place = Place::copy_of(clean());
            place.sql($sql);
            let broken = broken(&place);
            assert!(!broken.is_empty(), "no seal is broken");
            for told in &broken {
                assert!(told.starts_with(concat!($table, ": ")), "{broken:?}");
            }
        }
    )+};
}

breaks! {
    a_payload_that_says_something_else:
        "UPDATE shopping_session_events SET payload = json_set(payload, '$.category', 'Toys')
         WHERE rowid = (SELECT MIN(rowid) FROM shopping_session_events
                        WHERE event_type = 'view_product')" => "shopping_session_events",
    an_event_that_was_recorded_a_second_later:
        "UPDATE shopping_session_events SET recorded_at = datetime(recorded_at, '+1 second')
         WHERE rowid = 9" => "shopping_session_events",
    a_visit_that_made_one_call_more:
        "UPDATE shopping_sessions SET calls = calls + 1 WHERE rowid = 7" => "shopping_sessions",
    an_order_of_another_branch:
        "UPDATE orders SET store_id = 'elsewhere' WHERE rowid = 1" => "orders",
    a_coupon_that_lives_a_day_longer:
        "UPDATE coupon_assignments SET expires_at = datetime(expires_at, '+1 day')
         WHERE assignment_id = (SELECT assignment_id FROM coupon_assignments
                                WHERE redeemed_at IS NULL LIMIT 1)" => "coupon_assignments",
    a_refresh_that_held_out_one_more:
        "UPDATE offer_cycles SET held_out = held_out + 1" => "offer_cycles",
    an_attempt_that_was_quicker:
        "UPDATE cycles SET latency = '{}' WHERE cycle = 3" => "cycles",
    a_coupon_of_an_hour_that_was_not_lived:
        "CREATE TEMP TABLE t AS SELECT * FROM coupon_assignments LIMIT 1;
         UPDATE t SET assignment_id = 'more', cycle = 99; INSERT INTO coupon_assignments
           SELECT * FROM t" => "coupon_assignments",
    a_setting_that_was_another_one:
        "UPDATE runs SET settings = json_set(settings, '$.note', 1)" => "runs",
    an_agent_that_earns_more:
        "UPDATE agents SET weekly_budget_cents = weekly_budget_cents + 1
         WHERE agent_id = 'agent_003'" => "agents",
    a_product_that_cost_less:
        "UPDATE products SET price_cents = price_cents - 1 WHERE rowid = 1" => "products",
    an_incident_that_nobody_told:
        "INSERT INTO incidents SELECT 'none', run_id, 1, 0, FALSE, TRUE, NULL, NULL, 'freeze', 'x',
           '{}', simulated_start, started_at FROM runs" => "incidents",
    a_seal_that_says_something_else:
        "UPDATE seals SET recorded_at = started_at, kind = 'read_back' FROM runs
         WHERE seals.run_id = runs.run_id AND seq = 3" => "seal 3",
    a_count_of_seals_that_is_too_high:
        "UPDATE runs SET seals = seals + 1" => "seals",
}

#[test]
fn a_visit_that_is_gone_with_all_its_rows_is_missed_in_its_attempt() {
    let place = Place::copy_of(clean());
    let visit = "(SELECT flow_id FROM shopping_sessions WHERE status = 'browsed' LIMIT 1)";
    place.sql(&format!(
        "DELETE FROM shopping_session_events WHERE flow_id = {visit};
         UPDATE cycles SET browsed = browsed - 1, idle = idle + 1 WHERE cycle =
           (SELECT cycle FROM shopping_sessions WHERE flow_id = {visit});
         DELETE FROM shopping_sessions WHERE flow_id = {visit}"
    ));
    let broken = broken(&place).join("; ");
    for table in ["shopping_sessions", "shopping_session_events", "cycles"] {
        assert!(broken.contains(&format!("{table}: ")), "{table}: {broken}");
    }
    assert!(broken.contains("sealed, "), "{broken}");
}

#[test]
fn seals_that_are_taken_away_are_missed_at_the_end_in_the_middle_and_at_the_begin() {
    for gone in ["seq = (SELECT MAX(seq) FROM seals)", "seq = 4", "seq = 1", "TRUE"] {
        let place = Place::copy_of(clean());
        place.sql(&format!("DELETE FROM seals WHERE {gone}"));
        let broken = broken(&place);
        assert!(broken.iter().any(|told| told.contains("were written")), "{gone}: {broken:?}");
        // Not even where the count is made to fit, but for the last.
        if gone != "TRUE" && !gone.contains("MAX") {
            place.sql("UPDATE runs SET seals = (SELECT COUNT(*) FROM seals)");
            assert!(audit(&place, 1)["problems_total"].as_u64() > Some(0), "{gone}");
        }
    }
}

#[test]
fn what_changes_by_design_is_not_sealed() {
    let place = Place::copy_of(clean());
    place.sql(
        "UPDATE shopping_sessions SET shop_cart = 'clean' WHERE shop_cart = 'unknown';
         UPDATE products SET last_seen_at = datetime(last_seen_at, '+1 hour');
         UPDATE runs SET heartbeat_at = datetime(heartbeat_at, '+1 hour')",
    );
    let audit = audit(&place, 0);
    assert_eq!(audit["sealed"]["attempts"], 6);
    assert_eq!(audit["sealed"]["attempts_not_sealed"], 0);
    assert_eq!(audit["sealed"]["visits_not_sealed"], 0);
}

#[test]
fn agents_that_an_operator_changes_are_sealed_anew() {
    let place = Place::copy_of(clean());
    place.expect(0, &["agents", "set-status", "inactive", "agent_005"]);
    assert_eq!(audit(&place, 0)["clean"], true);
    place.sql("UPDATE agents SET status = 'active' WHERE agent_id = 'agent_005'");
    assert!(broken(&place)[0].starts_with("agents: "));
}

#[test]
fn a_run_of_a_release_without_seals_is_not_sealed_and_not_wrong() {
    let place = Place::copy_of(clean());
    without_seals(&place);
    let audit = audit(&place, 0);
    assert_eq!(audit["sealed"]["attempts"], 0);
    assert_eq!(audit["sealed"]["attempts_not_sealed"], 6);
    let (text, _) = place.expect(0, &["verify"]);
    assert!(text.contains("6 not sealed, by a release without seals"), "{text}");
}

#[test]
fn seals_that_somebody_reckoned_anew_are_not_those_that_the_newest_checkpoint_remembers() {
    let place = Place::copy_of(clean());
    let told = |place: &Place| {
        let audit = audit(place, 1);
        let problems = audit["problems"].as_array().unwrap().clone();
        let of_checkpoints = problems.into_iter().filter(|problem| problem["check"] == "seals");
        of_checkpoints.map(|problem| problem["message"].as_str().unwrap().to_owned()).collect()
    };
    let file = place.checkpoints().pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&text).unwrap();
    let seal = &saved["snapshot"]["seal"];
    let at = format!("seals WHERE seq = {} AND chain = '{}'", seal["seq"], seal["chain"]);
    assert_eq!(place.count(&at.replace("\"", "")), 1, "{seal}");

    place.sql("DELETE FROM seals; UPDATE runs SET seals = 0");
    let of_none: Vec<String> = told(&place);
    assert!(of_none[0].contains("is not there: the database is an older copy"), "{of_none:?}");

    let place = Place::copy_of(clean());
    place.sql(&format!("UPDATE seals SET chain = 'another' WHERE seq = {}", seal["seq"]));
    let of_another = told(&place);
    assert!(of_another[0].contains("is another one"), "{of_another:?}");
}

#[test]
fn a_seal_that_is_no_json_is_named_and_other_json_that_is_none_by_what_was_asked() {
    let place = Place::copy_of(clean());
    place.sql("UPDATE seals SET sums = '{broken' WHERE seq = 2");
    assert!(broken(&place).iter().any(|told| told.contains("column seals.sums")));
    place.sql("UPDATE runs SET settings = '{broken'");
    let (_, err) = place.expect(6, &["verify"]);
    assert!(err.contains("a row cannot be read"), "{err}");
}
