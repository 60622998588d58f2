//! `verify` finds each kind of damage, and `purge` deletes one run and nothing else.
//!
//! One clean run is made once; each test damages a copy of it.

mod columns;
mod mutations;
mod seals;

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::binary::Place;

static CLEAN: OnceLock<Place> = OnceLock::new();

/// A finished run of six cycles with orders and redeemed coupons.
fn clean() -> &'static Place {
    CLEAN.get_or_init(|| {
        let place = Place::new();
        let args = ["run", "--agents", "60", "--cycles", "6", "--time-scale", "max"];
        let more = ["--rate", "unlimited", "--warm-up", "off", "--start", "2026-01-05T10:00"];
        place.expect(0, &[&args[..], &more[..]].concat());
        for table in ["orders", "coupon_interactions WHERE assignment_id IS NOT NULL"] {
            assert!(place.count(table) > 2, "{table}");
        }
        place
    })
}

fn audit(place: &Place, code: i32) -> Value {
    let (out, _) = place.expect(code, &["verify", "--json"]);
    serde_json::from_str(&out).unwrap()
}

/// The names of the checks that found something, each once, but for the seals: nearly every damage
/// breaks one.
fn found(place: &Place) -> Vec<String> {
    let audit = audit(place, 1);
    assert_eq!(audit["clean"], false);
    let problems = audit["problems"].as_array().unwrap();
    assert!(audit["problems_total"].as_u64().unwrap() >= problems.len() as u64);
    let mut names: Vec<String> =
        problems.iter().map(|p| p["check"].as_str().unwrap().to_owned()).collect();
    names.retain(|name| name != "seal");
    names.sort();
    names.dedup();
    names
}

/// Each test plants one damage into a copy of the clean run and expects these checks to find it;
/// others may find it too.
macro_rules! damage {
    ($($name:ident: $sql:expr => [$($check:literal),+],)+) => {$(
        #[test]
        fn $name() {
            let place = Place::copy_of(clean());
            place.sql($sql);
            let found = found(&place);
            for check in [$($check),+] {
                assert!(found.iter().any(|name| name == check), "{check} is not in {found:?}");
            }
        }
    )+};
}

/// As a release without seals left it: what is meant to be right is not what was written.
fn without_seals(place: &Place) {
    place.sql("DELETE FROM seals; UPDATE runs SET seals = 0");
    std::fs::remove_dir_all(place.data().join("checkpoints")).unwrap();
}

const ONE_ORDER: &str = "(SELECT flow_id FROM orders ORDER BY flow_id LIMIT 1)";

/// Table t: the last line of [`ONE_ORDER`] once more, for nothing.
const ONE_LINE_MORE: &str = "CREATE TEMP TABLE t AS SELECT * FROM order_items i WHERE flow_id = \
    (SELECT flow_id FROM orders ORDER BY flow_id LIMIT 1) AND line = (SELECT MAX(line) \
    FROM order_items WHERE flow_id = i.flow_id); UPDATE t SET line = line + 1, \
    unit_price_cents = 0, unit_price_text = NULL, discount_cents = 0, discount_text = NULL, \
    line_total_cents = 0, line_total_text = NULL;";

damage! {
    finds_an_agent_that_is_not_accounted_for:
        "UPDATE cycles SET idle = idle - 1 WHERE cycle = 2" => ["released"],
    finds_rows_that_are_lost:
        "DELETE FROM shopping_sessions WHERE flow_id = (SELECT flow_id FROM shopping_sessions
           WHERE status = 'browsed' LIMIT 1)" => ["no_session", "rows"],
    finds_a_second_row_of_one_attempt:
        "DROP INDEX shopping_sessions_one_per_attempt;
         CREATE TEMP TABLE t AS SELECT * FROM shopping_sessions WHERE status = 'browsed' LIMIT 1;
         UPDATE t SET flow_id = 'twice'; INSERT INTO shopping_sessions SELECT * FROM t"
        => ["double_original", "duplicate_flow", "rows"],
    finds_a_replay_that_says_it_is_an_original:
        "CREATE TEMP TABLE t AS SELECT * FROM shopping_sessions WHERE status = 'browsed' LIMIT 1;
         UPDATE t SET flow_id = 'twice', replay = 1; INSERT INTO shopping_sessions SELECT * FROM t"
        => ["double_original", "replay_tag", "unclosed"],
    finds_a_row_that_does_not_say_it_is_simulated:
        "UPDATE orders SET is_simulated = FALSE WHERE cycle = 1" => ["not_simulated"],
    finds_an_ending_without_a_reason:
        "UPDATE shopping_sessions SET end_reason = NULL WHERE status = 'abandoned'"
        => ["end_reason"],
    finds_a_skipped_hour:
        "UPDATE cycles SET broken = TRUE WHERE cycle = 3" => ["missing_hour"],
    finds_a_cycle_at_the_wrong_simulated_time:
        "UPDATE cycles SET simulated_at = '2026-01-05 17:00:00' WHERE cycle = 3"
        => ["simulated_at"],
    finds_a_row_left_active_in_a_run_that_ended:
        "UPDATE shopping_sessions SET status = 'active', end_reason = NULL
         WHERE flow_id = (SELECT flow_id FROM shopping_sessions WHERE status = 'abandoned' LIMIT 1)"
        => ["active", "rows"],
    finds_an_attempt_that_nobody_closed:
        "DELETE FROM cycles WHERE cycle = 5" => ["unclosed"],
    finds_a_missing_event:
        "DELETE FROM shopping_session_events WHERE seq = 1 AND flow_id = (SELECT flow_id
           FROM shopping_session_events WHERE seq = 2 LIMIT 1)" => ["event_gap", "volume"],
    finds_events_that_run_backwards:
        "UPDATE shopping_session_events SET simulated_at = (SELECT simulated_at
           FROM shopping_sessions s WHERE s.flow_id = shopping_session_events.flow_id)
         WHERE seq = 2 AND flow_id = (SELECT flow_id FROM shopping_session_events WHERE seq = 2
           ORDER BY flow_id LIMIT 1)" => ["event_order"],
    finds_events_outside_their_hour:
        "UPDATE shopping_session_events SET simulated_at = '2026-01-05 23:30:00'
         WHERE cycle = 2 AND flow_id = (SELECT flow_id FROM shopping_session_events WHERE cycle = 2
           LIMIT 1)" => ["event_hour"],
    finds_an_event_without_its_session:
        "UPDATE shopping_session_events SET flow_id = 'nobody' WHERE flow_id = (SELECT flow_id
           FROM shopping_session_events WHERE cycle = 2
             AND flow_id NOT IN (SELECT flow_id FROM orders) LIMIT 1)" => ["no_session"],
    finds_an_order_that_is_lost:
        &format!("DELETE FROM orders WHERE flow_id = {ONE_ORDER}")
        => ["order_lines", "order_without_purchase", "volume"],
    finds_an_order_of_a_session_that_failed:
        &format!("UPDATE shopping_sessions SET status = 'abandoned' WHERE flow_id = {ONE_ORDER}")
        => ["order_without_purchase", "rows"],
    finds_an_order_without_its_lines:
        &format!("DELETE FROM order_items WHERE flow_id = {ONE_ORDER}")
        => ["order_goods", "order_lines"],
    finds_a_line_that_nobody_put_in:
        &format!("{ONE_LINE_MORE} UPDATE t SET product_id = 'eel';
           INSERT INTO order_items SELECT * FROM t") => ["order_goods"],
    finds_a_second_line_of_what_was_put_in_once:
        &format!("{ONE_LINE_MORE} INSERT INTO order_items SELECT * FROM t") => ["order_goods"],
    finds_a_quantity_that_was_not_put_in:
        &format!("UPDATE order_items SET quantity = quantity * unit_price_cents,
             unit_price_cents = 1, unit_price_text = NULL
           WHERE line = 0 AND flow_id = {ONE_ORDER}") => ["order_goods"],
    finds_something_put_in_that_was_not_sold:
        &format!("UPDATE order_items SET product_id = 'eel' WHERE line = 0
           AND flow_id = {ONE_ORDER}") => ["order_goods"],
    finds_an_add_that_was_refused_and_sold_all_the_same:
        &format!("UPDATE shopping_session_events SET payload = json_set(payload, '$.accepted',
             json('false')) WHERE event_type = 'cart_add_item' AND flow_id = {ONE_ORDER}")
        => ["order_goods"],
    finds_a_cent_too_much:
        &format!("UPDATE orders SET final_total_cents = final_total_cents + 1
           WHERE flow_id = {ONE_ORDER}") => ["order_sums", "volume"],
    finds_a_line_that_does_not_add_up:
        &format!("UPDATE order_items SET line_total_cents = line_total_cents + 1 WHERE line = 0
           AND flow_id = {ONE_ORDER}") => ["order_sums"],
    finds_cents_that_are_not_what_the_shop_said:
        &format!("UPDATE orders SET subtotal_text = '0.01' WHERE flow_id = {ONE_ORDER}")
        => ["order_sums"],
    finds_charges_that_nobody_paid:
        &format!("UPDATE orders SET charges_cents = 1 WHERE flow_id = {ONE_ORDER}")
        => ["order_sums"],
    finds_unrounded_totals_that_miss_by_more_than_a_cent:
        &format!("UPDATE orders SET final_total_cents = final_total_cents + 2,
           final_total_text = CAST((final_total_cents + 2) * 10 + 1 AS TEXT) || 'e-3'
           WHERE flow_id = {ONE_ORDER}") => ["order_sums", "volume"],
    finds_a_discount_that_no_coupon_gave:
        "DELETE FROM coupon_interactions WHERE step = 'redeemed' AND flow_id = (SELECT flow_id
           FROM orders WHERE discount_total_cents > 0 ORDER BY flow_id LIMIT 1);
         UPDATE coupon_assignments SET redeemed_flow_id = NULL, redeemed_at = NULL
           WHERE redeemed_flow_id = (SELECT flow_id FROM orders
             WHERE discount_total_cents > 0 ORDER BY flow_id LIMIT 1)"
        => ["discount_without_coupon"],
    finds_a_coupon_that_gave_nothing:
        "UPDATE order_items SET discount_cents = 0, discount_text = '0',
           line_total_cents = quantity * unit_price_cents, line_total_text = NULL
           WHERE flow_id IN (SELECT flow_id FROM coupon_interactions WHERE step = 'redeemed');
         UPDATE orders SET item_discounts_cents = 0, item_discounts_text = '0',
           frontstore_discount_cents = 0, frontstore_discount_text = '0',
           discount_total_cents = 0, discount_total_text = '0.00',
           final_total_cents = subtotal_cents, final_total_text = NULL
           WHERE flow_id IN (SELECT flow_id FROM coupon_interactions WHERE step = 'redeemed')"
        => ["coupon_without_discount", "volume"],
    finds_a_reuse_of_a_coupon_that_was_never_used:
        "UPDATE coupon_interactions SET is_reuse = TRUE WHERE rowid = (SELECT rowid
           FROM coupon_interactions WHERE step = 'redeemed' AND assignment_id IS NOT NULL
           ORDER BY rowid LIMIT 1)" => ["redemption"],
    finds_a_coupon_that_was_redeemed_twice:
        "DROP INDEX coupon_interactions_one_redemption;
         CREATE TEMP TABLE t AS SELECT * FROM coupon_interactions WHERE step = 'redeemed'
           AND assignment_id IS NOT NULL LIMIT 1;
         UPDATE t SET seq = 999; INSERT INTO coupon_interactions SELECT * FROM t"
        => ["coupon_redeemed_twice"],
    finds_a_redemption_that_its_assignment_does_not_know:
        "UPDATE coupon_assignments SET redeemed_flow_id = NULL, redeemed_at = NULL
         WHERE assignment_id = (SELECT assignment_id FROM coupon_interactions
           WHERE step = 'redeemed' AND assignment_id IS NOT NULL LIMIT 1)" => ["redemption"],
    finds_a_wallet_over_its_cap:
        "CREATE TEMP TABLE t AS SELECT * FROM coupon_assignments WHERE agent_id = (SELECT agent_id
           FROM coupon_assignments WHERE redeemed_flow_id IS NULL GROUP BY agent_id
           ORDER BY COUNT(*) DESC LIMIT 1) AND redeemed_flow_id IS NULL LIMIT 3;
         UPDATE t SET assignment_id = 'more-' || assignment_id, coupon_id = 'more-' || coupon_id;
         INSERT INTO coupon_assignments SELECT * FROM t" => ["wallet_over_cap"],
    finds_a_coupon_that_came_back_too_soon:
        "CREATE TEMP TABLE t AS SELECT * FROM coupon_assignments
           WHERE redeemed_flow_id IS NOT NULL LIMIT 1;
         UPDATE t SET assignment_id = 'again', cycle = cycle + 671, redeemed_flow_id = NULL,
           redeemed_at = NULL, assigned_at = '2026-02-02 09:00:00',
           expires_at = '2026-02-16 09:00:00';
         INSERT INTO coupon_assignments SELECT * FROM t" => ["coupon_repeated"],
    finds_a_wallet_over_its_cap_although_its_coupons_were_used_up_later:
        "CREATE TEMP TABLE n AS SELECT 'a-' AS p, 1000 AS s UNION ALL SELECT 'b-', 2000
           UNION ALL SELECT 'c-', 3000;
         CREATE TEMP TABLE t AS SELECT a.*, n.p FROM coupon_assignments a, n WHERE a.assignment_id
           = (SELECT assignment_id FROM coupon_interactions WHERE step = 'redeemed'
              AND assignment_id IS NOT NULL ORDER BY assignment_id LIMIT 1);
         CREATE TEMP TABLE u AS SELECT i.*, n.p, n.s FROM coupon_interactions i, n
           WHERE i.step = 'redeemed' AND i.assignment_id = (SELECT assignment_id FROM t LIMIT 1);
         UPDATE t SET assignment_id = p || assignment_id, coupon_id = p || coupon_id;
         UPDATE u SET assignment_id = p || assignment_id, coupon_id = p || coupon_id, seq = seq + s;
         ALTER TABLE t DROP COLUMN p; ALTER TABLE u DROP COLUMN p; ALTER TABLE u DROP COLUMN s;
         INSERT INTO coupon_assignments SELECT * FROM t;
         INSERT INTO coupon_interactions SELECT * FROM u" => ["wallet_over_cap"],
    finds_a_coupon_that_was_redeemed_after_it_had_expired:
        "UPDATE coupon_assignments SET expires_at = assigned_at WHERE redeemed_flow_id IS NOT NULL"
        => ["redemption_time"],
    finds_a_coupon_that_was_redeemed_before_it_was_handed_out:
        "UPDATE coupon_assignments SET assigned_at = '2026-01-05 23:00:00'
         WHERE redeemed_flow_id IS NOT NULL" => ["redemption_time"],
    finds_coupons_of_an_agent_that_is_held_out:
        "CREATE TEMP TABLE t AS SELECT * FROM coupon_assignments WHERE redeemed_flow_id IS NULL
           LIMIT 1;
         UPDATE t SET assignment_id = 'held', agent_id = (SELECT agent_id FROM agents
           WHERE agent_id NOT IN (SELECT agent_id FROM coupon_assignments) LIMIT 1);
         INSERT INTO coupon_assignments SELECT * FROM t" => ["holdout"],
    finds_a_replay_number_that_never_was:
        "UPDATE runs SET resumes = 0; CREATE TEMP TABLE t AS SELECT * FROM cycles WHERE cycle = 5;
         UPDATE t SET replay = 7, is_replay = TRUE, broken = TRUE, released = 0, shopped = 0,
           completed = 0, abandoned = 0, browsed = 0, idle = 0, failed = 0;
         INSERT INTO cycles SELECT * FROM t" => ["replay_number"],
}

/// A visit of an order, and the product it added first.
const ONE_ADD: &str = "event_type = 'cart_add_item' AND flow_id = (SELECT flow_id FROM orders \
    ORDER BY flow_id LIMIT 1) AND seq = (SELECT MIN(seq) FROM shopping_session_events e WHERE \
    e.event_type = 'cart_add_item' AND e.flow_id = shopping_session_events.flow_id)";

damage! {
    finds_an_order_that_two_visits_claim:
        "UPDATE orders SET order_id = (SELECT MIN(order_id) FROM orders), store_id = NULL"
        => ["order_twice"],
    finds_an_order_that_its_checkout_does_not_tell_of:
        &format!("UPDATE shopping_session_events SET payload = json_set(payload, '$.order_id', 'x')
           WHERE event_type = 'checkout_complete' AND flow_id = {ONE_ORDER}") => ["checkout_told"],
    finds_a_kind_of_event_that_there_is_none_of:
        &format!("UPDATE shopping_session_events SET event_type = 'wished' WHERE {ONE_ADD}")
        => ["event_order"],
    finds_a_checkout_before_the_cart_was_filled:
        &format!("UPDATE shopping_session_events SET event_type = 'checkout_failed',
             product_id = NULL WHERE {ONE_ADD}") => ["event_order"],
    finds_an_event_without_its_product:
        &format!("UPDATE shopping_session_events SET product_id = NULL WHERE {ONE_ADD}")
        => ["event_order"],
    finds_a_product_added_that_nobody_looked_at:
        &format!("UPDATE shopping_session_events SET product_id = 'eel' WHERE {ONE_ADD}")
        => ["added_unseen", "unknown_product"],
    finds_a_cart_that_is_not_what_was_put_in:
        &format!("UPDATE shopping_sessions SET cart_units = cart_units + 1
           WHERE flow_id = {ONE_ORDER}") => ["visit"],
    finds_a_cart_worth_more_than_what_was_put_in:
        &format!("UPDATE shopping_sessions SET cart_total_cents = cart_total_cents + 1
           WHERE flow_id = {ONE_ORDER}") => ["visit"],
    finds_a_visit_that_ends_beside_its_last_event:
        &format!("UPDATE shopping_sessions SET simulated_end = simulated_at
           WHERE flow_id = {ONE_ORDER}") => ["visit"],
    finds_a_visit_that_was_left_for_another_reason:
        "UPDATE shopping_sessions SET end_reason = 'refused' WHERE end_reason = 'checkout_declined'"
        => ["visit"],
    finds_a_visit_that_only_looked_and_yet_bought:
        &format!("UPDATE shopping_sessions SET status = 'browsed' WHERE flow_id = {ONE_ORDER}")
        => ["visit"],
    finds_a_failure_of_a_visit_that_did_not_fail:
        "UPDATE shopping_sessions SET failure = 'x' WHERE status = 'browsed'" => ["end_reason"],
    finds_a_reason_that_is_not_of_its_status:
        "UPDATE shopping_sessions SET end_reason = 'panic' WHERE status = 'browsed'"
        => ["end_reason"],
    finds_a_cart_full_of_what_was_ordered:
        "UPDATE shopping_sessions SET shop_cart = 'dirty' WHERE status = 'completed'"
        => ["cart_state"],
    finds_an_order_looked_for_that_nobody_sent:
        "UPDATE shopping_sessions SET order_outcome = 'absent' WHERE status = 'browsed'"
        => ["cart_state"],
    finds_a_coupon_applied_that_no_event_tells_of:
        "UPDATE coupon_interactions SET step = 'seen' WHERE step = 'applied'" => ["coupon_steps"],
    finds_a_coupon_refused_without_a_reason:
        "UPDATE coupon_interactions SET step = 'rejected' WHERE step = 'redeemed'"
        => ["coupon_steps"],
    finds_a_coupon_of_somebody_else:
        "UPDATE coupon_interactions SET assignment_id = 'x' WHERE step = 'applied'"
        => ["foreign_coupon"],
    finds_a_coupon_of_which_nothing_is_known:
        "DELETE FROM coupons WHERE coupon_id = (SELECT MIN(coupon_id) FROM coupon_assignments)"
        => ["unknown_coupon"],
    finds_an_agent_that_nobody_knows:
        "DELETE FROM agents WHERE agent_id = (SELECT MIN(agent_id) FROM shopping_sessions)"
        => ["unknown_agent"],
    finds_a_cohort_in_a_run_without_an_experiment:
        "UPDATE shopping_sessions SET cohort = 'vip'" => ["cohort", "no_session"],
    finds_a_redemption_at_another_time_than_its_visit_says:
        "UPDATE coupon_assignments SET redeemed_at = assigned_at WHERE redeemed_at IS NOT NULL"
        => ["redemption"],
    finds_a_refresh_that_handed_out_more_than_it_says:
        "UPDATE offer_cycles SET assigned = assigned - 1" => ["refresh"],
    finds_coupons_that_no_refresh_handed_out:
        "DELETE FROM offer_cycles" => ["refresh"],
    finds_a_row_outside_its_visit:
        &format!("UPDATE orders SET simulated_at = '2026-01-06 23:00:00'
           WHERE flow_id = {ONE_ORDER}") => ["outside_visit", "checkout_told"],
    finds_a_visit_outside_its_hour:
        &format!("UPDATE shopping_sessions SET simulated_at = '2026-01-05 09:59:59'
           WHERE flow_id = {ONE_ORDER}") => ["visit_hour"],
    finds_an_end_of_a_run_that_goes_on:
        "UPDATE runs SET state = 'frozen'" => ["run_end"],
    finds_a_run_that_ended_and_does_not_say_when:
        "UPDATE runs SET ended_at = NULL" => ["run_end"],
    finds_rows_from_after_a_resume_that_never_was:
        "UPDATE shopping_sessions SET resumes = 1" => ["resumes"],
    finds_fewer_agents_released_than_there_are:
        "UPDATE runs SET agents = agents + 1" => ["warm_up"],
    finds_requests_that_nobody_counted:
        "UPDATE cycles SET requests = 0" => ["volume"],
    finds_attempts_and_refusals_that_nobody_counted:
        "UPDATE cycles SET attempts = attempts + 1, refusals = refusals + 1" => ["volume"],
    finds_a_log_that_does_not_say_it_is_simulated:
        "UPDATE coupon_assignments SET is_simulated = FALSE" => ["not_simulated"],
    finds_a_log_that_says_it_is_a_replay:
        "UPDATE coupon_assignments SET is_replay = TRUE" => ["replay_tag"],
}

#[test]
fn unrounded_totals_may_miss_by_a_cent_and_a_coupon_may_be_used_again() {
    let place = Place::copy_of(clean());
    place.sql(&format!(
        "UPDATE cycles SET revenue_cents = revenue_cents + 1 WHERE cycle = (SELECT cycle FROM orders
           WHERE flow_id = {ONE_ORDER});
         UPDATE orders SET final_total_cents = final_total_cents + 1,
           final_total_text = CAST((final_total_cents + 1) * 10 - 1 AS TEXT) || 'e-3'
           WHERE flow_id = {ONE_ORDER};
         UPDATE shopping_session_events SET payload = json_set(payload, '$.final_total_cents',
             (SELECT final_total_cents FROM orders WHERE flow_id = {ONE_ORDER}))
           WHERE event_type = 'checkout_complete' AND flow_id = {ONE_ORDER};
         CREATE TEMP TABLE t AS SELECT * FROM coupon_interactions WHERE step = 'redeemed'
           AND assignment_id IS NOT NULL LIMIT 1;
         UPDATE t SET seq = (SELECT MAX(i.seq) + 1 FROM coupon_interactions i
           WHERE i.flow_id = t.flow_id), is_reuse = TRUE;
         INSERT INTO coupon_interactions SELECT * FROM t;"
    ));
    without_seals(&place);
    assert_eq!(audit(&place, 0)["clean"], true);
}

#[test]
fn a_coupon_may_come_back_after_28_days() {
    let place = Place::copy_of(clean());
    place.sql(
        "CREATE TEMP TABLE t AS SELECT * FROM coupon_assignments
           WHERE redeemed_flow_id IS NOT NULL AND cycle = 0 LIMIT 1;
         UPDATE t SET assignment_id = 'again', cycle = 672, offer_cycle = 4,
           redeemed_flow_id = NULL, redeemed_at = NULL, simulated_at = '2026-02-02 10:00:00',
           assigned_at = '2026-02-02 10:00:00', expires_at = '2026-02-16 10:00:00';
         INSERT INTO coupon_assignments SELECT * FROM t;
         CREATE TEMP TABLE o AS SELECT * FROM offer_cycles WHERE cycle = 0;
         UPDATE o SET cycle = 672, offer_cycle = 4, due_agents = 1, held_out = 0, assigned = 1,
           simulated_at = '2026-02-02 10:00:00';
         INSERT INTO offer_cycles SELECT * FROM o;",
    );
    without_seals(&place);
    assert_eq!(audit(&place, 0)["clean"], true);
}

#[test]
fn a_clean_run_is_clean_and_nothing_is_written() {
    let place = Place::copy_of(clean());
    let file = place.data().join("cartload.db");
    let before = std::fs::read(&file).unwrap();
    let (text, _) = place.expect(0, &["verify"]);
    assert!(text.contains("hours      6 claimed, 6 lived"), "{text}");
    assert!(text.contains("every check passed"), "{text}");
    let audit = audit(&place, 0);
    assert_eq!(audit["schema"], "cartload.verify/1");
    assert_eq!(audit["orders"].as_i64().unwrap(), place.count("orders"));
    assert_eq!(audit["is_owned"], false);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let run = audit["run_id"].as_str().unwrap();
    place.expect(0, &["verify", &run[..8]]);
    let (list, _) = place.expect(0, &["verify", "--list"]);
    assert!(list.contains(run) && list.contains("completed"), "{list}");
}

#[test]
fn an_unknown_run_is_refused_with_those_that_are_known() {
    let place = clean();
    let (out, err) = place.expect(2, &["verify", "deadbeef"]);
    assert_eq!(out, "");
    assert!(err.contains("deadbeef is not in this database"), "{err}");
    assert!(err.contains("completed") && err.contains("CYCLES"), "{err}");
    place.expect(2, &["purge", "--run", "deadbeef", "--yes"]);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let place = Place::new();
    let (_, err) = place.expect(6, &["verify"]);
    assert!(err.contains("there is no database") && err.contains("--data"), "{err}");
    place.expect(6, &["purge", "--run", "0", "--yes"]);
    assert!(!place.data().exists());
}

#[test]
fn an_old_database_is_not_migrated_but_the_way_is_named() {
    let place = Place::copy_of(clean());
    let applied = place.count("__diesel_schema_migrations");
    place.sql("DELETE FROM __diesel_schema_migrations WHERE version LIKE '%2'");
    let (_, err) = place.expect(6, &["verify"]);
    assert!(err.contains("lack 1 ") && err.contains("cartload migrate"), "{err}");
    assert_eq!(place.count("__diesel_schema_migrations"), applied - 1);
    place.sql("DROP TABLE __diesel_schema_migrations");
    let (_, err) = place.expect(6, &["verify"]);
    assert!(err.contains("cartload migrate"), "{err}");
}

#[test]
fn purge_deletes_its_run_and_nothing_else() {
    let place = Place::copy_of(clean());
    let first = audit(&place, 0)["run_id"].as_str().unwrap().to_owned();
    let more = ["--time-scale", "max", "--rate", "unlimited", "--start", "2026-01-05T12:00"];
    place.expect(0, &[&["run", "--mock-api", "--cycles", "2"][..], &more[..]].concat());
    let second = audit(&place, 0)["run_id"].as_str().unwrap().to_owned();
    let of = |table: &str, run: &str| place.count(&format!("{table} WHERE run_id = '{run}'"));
    let tables =
        ["shopping_sessions", "shopping_session_events", "orders", "order_items", "cycles"];
    let kept: Vec<i64> = tables.map(|table| of(table, &second)).to_vec();
    let agents = place.count("agents");

    let (out, err) = place.expect(2, &["purge", "--run", &first]);
    assert!(out.contains("shopping_sessions") && err.contains("--yes"), "{out}{err}");
    assert!(of("runs", &first) == 1, "it was not asked");
    let (out, _) = place.expect(0, &["purge", "--run", &first, "--yes"]);
    assert!(out.contains("rows and"), "{out}");
    for table in tables.iter().chain(&["runs", "incidents", "coupon_assignments", "products"]) {
        assert_eq!(of(table, &first), 0, "{table}");
    }
    assert_eq!(tables.map(|table| of(table, &second)).to_vec(), kept);
    assert_eq!(place.count("agents"), agents);
    assert!(place.checkpoints().iter().all(|path| !path.display().to_string().contains(&first)));
    assert_eq!(audit(&place, 0)["run_id"], *second);
}
