//! The same by the shop's own books: the binary against a practice shop over HTTP that outlives it.

use shops::practice_shop::{PracticeConfig, PracticeShop, Route, RunningShop};

use crate::support::binary::{Place, wait};

/// Agents of these runs; all of them generated alike, so the same users in every data directory.
const AGENTS: usize = 60;

/// Carts with something in them, by the shop's books.
fn full(shop: &RunningShop) -> usize {
    shop.books().carts.len()
}

/// How many lines of the shop's orders belong to a flow of this database (a recovered order has
/// none of its flow's events, which were never committed), and each of them that
/// the flow's accepted adds do not explain to the unit.
fn foreign(place: &Place, shop: &RunningShop) -> (i64, Vec<String>) {
    let mut lines = Vec::new();
    for order in shop.books().orders {
        let session = order.session.expect("a checkout carries its flow");
        for line in order.lines {
            lines.push(format!("('{session}', '{}', {})", line.product_id, line.quantity));
        }
    }
    let known = format!(
        "(SELECT b.flow_id, b.product_id, SUM(b.units) AS units
           FROM (SELECT column1 AS flow_id, column2 AS product_id, column3 AS units
                 FROM (VALUES {})) b JOIN orders o ON o.flow_id = b.flow_id AND NOT o.recovered
           GROUP BY b.flow_id, b.product_id) s",
        lines.join(", ")
    );
    let added = "COALESCE((SELECT SUM(e.payload ->> 'quantity')
        FROM shopping_session_events e WHERE e.flow_id = s.flow_id
          AND e.product_id = s.product_id AND e.event_type = 'cart_add_item'
          AND e.payload ->> 'accepted'), 0)";
    let strange = format!("{known} WHERE s.units <> {added}");
    let story = "COALESCE((SELECT GROUP_CONCAT(e.event_type || ' ' ||
        COALESCE(e.product_id, '') || ' ' || e.payload, '; ')
        FROM shopping_session_events e WHERE e.flow_id = s.flow_id), '')";
    let says = format!(
        "s.flow_id || ' bought ' || s.units || ' of ' || s.product_id || ' and added ' || {added}
         || ': ' || {story}"
    );
    (place.count(&known), place.texts(&says, &strange))
}

#[track_caller]
fn nothing_is_foreign(place: &Place, shop: &RunningShop) {
    let (lines, strange) = foreign(place, shop);
    assert!(lines > 40, "{lines} lines of orders");
    assert!(strange.is_empty(), "of {lines} lines of orders: {strange:#?}\n{}", place.log());
}

fn added(shop: &RunningShop) -> u64 {
    shop.ledger().routes.get(&Route::AddItem).map_or(0, |row| row.ok)
}

fn run_at(shop: &RunningShop, more: &[&str]) -> Vec<String> {
    let (agents, api) = (AGENTS.to_string(), shop.base_url());
    let run = ["run", "--api", &api, "--profile", "practice", "--agents", &agents];
    let of = ["--time-scale", "max", "--warm-up", "off", "--start", "2026-01-05T10:00"];
    [&run[..], &of[..], more].concat().into_iter().map(str::to_owned).collect()
}

fn texts(of: &[String]) -> Vec<&str> {
    of.iter().map(String::as_str).collect()
}

#[test]
fn eight_drills_and_resumes_in_the_first_cycle_mix_no_orders_and_leave_no_cart() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let process = place.start(&texts(&run_at(&shop, &["--rate", "150", "--cycles", "12"])));
    for n in 0..8 {
        let before = added(&shop);
        place.wait_for(&format!(
            "shopping_sessions WHERE replay = {n} AND cycle = 0 AND status = 'active'"
        ));
        // In the middle of many carts.
        wait(|| added(&shop) >= before + 15, || place.log());
        place.expect(0, &["inject", "CircuitBreaker(Trip(reason: \"drill\"))"]);
        place.wait_for("runs WHERE state = 'frozen'");
        wait(|| place.run(&["ctl", "resume"]).status.success(), || place.log());
    }
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    assert!(place.count("shopping_sessions WHERE shop_cart = 'dirty'") > 0, "{}", place.log());
    let washed = "shopping_sessions s WHERE s.status = 'browsed' AND s.shop_cart = 'clean'
        AND 'dirty' = (SELECT b.shop_cart FROM shopping_sessions b WHERE b.agent_id = s.agent_id
          AND (b.resumes, b.cycle) < (s.resumes, s.cycle)
          ORDER BY b.resumes DESC, b.cycle DESC LIMIT 1)";
    assert_eq!(place.count(washed), 0);
    nothing_is_foreign(&place, &shop);
    place.expect(0, &["verify"]);
    assert_eq!(full(&shop), 0, "the shop's own carts");
    assert_eq!(place.count("incidents WHERE kind IN ('carts_left', 'foreign_goods')"), 0);
}

#[test]
fn a_fresh_data_directory_after_a_kill_orders_nothing_that_it_did_not_put_in() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let killed = Place::new();
    let process = killed.start(&texts(&run_at(&shop, &["--rate", "300", "--cycles", "300"])));
    killed.wait_for("cycles WHERE cycle = 1");
    wait(|| full(&shop) > 5, || killed.log());
    process.kill();
    assert!(full(&shop) > 0);
    let fresh = Place::new();
    fresh.expect(0, &texts(&run_at(&shop, &["--rate", "unlimited", "--cycles", "4", "--quiet"])));
    assert!(fresh.count("orders") > 40);
    nothing_is_foreign(&fresh, &shop);
    fresh.expect(0, &["verify"]);
    // Whoever put something in began with an empty cart and left one.
    let bought = "shopping_sessions WHERE shop_cart = 'dirty'";
    assert_eq!(fresh.count(bought), 0, "{}", fresh.log());

    // The killed run goes on and puts its own carts in order.
    let fast = ["resume", "--cycles", "4", "--time-scale", "max", "--rate", "unlimited", "--quiet"];
    killed.expect(0, &fast);
    nothing_is_foreign(&killed, &shop);
    assert_eq!(full(&shop), 0, "the shop's own carts");
}

#[test]
fn a_quit_that_does_not_wait_says_how_many_carts_stay_and_the_next_run_clears_them() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let process = place.start(&texts(&run_at(&shop, &["--rate", "60"])));
    place.wait_for("cycles WHERE cycle = 0");
    wait(|| full(&shop) > 3, || place.log());
    place.expect(0, &["ctl", "quit", "--now"]);
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    let left = full(&shop);
    assert!(left > 0, "{}", place.log());
    let log = place.log();
    assert!(log.contains("left with goods at the shop; the next run clears them"), "{log}");
    let known = "shopping_sessions s WHERE shop_cart = 'dirty' AND (resumes, cycle) = (
        SELECT l.resumes, l.cycle FROM shopping_sessions l WHERE l.agent_id = s.agent_id
        ORDER BY l.resumes DESC, l.cycle DESC LIMIT 1)";
    assert!(place.count(known) as usize >= left, "every cart that is full is known to be");
    let fast = ["resume", "--cycles", "3", "--time-scale", "max", "--rate", "unlimited", "--quiet"];
    place.expect(0, &fast);
    assert_eq!((full(&shop), place.count(known)), (0, 0));
    nothing_is_foreign(&place, &shop);
}
