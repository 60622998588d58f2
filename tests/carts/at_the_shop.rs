//! The same by the shop's own books: the binary against a practice shop over HTTP that outlives it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::{Place, wait};

/// Agents of these runs; all of them generated alike, so the same users in every data directory.
const AGENTS: usize = 60;

/// Lines in the cart of each agent, as the shop has it.
fn carts(shop: &RunningShop) -> Vec<usize> {
    (1..=AGENTS).map(|n| lines_in_cart(shop, &format!("agent_{n:03}"))).collect()
}

fn lines_in_cart(shop: &RunningShop, agent: &str) -> usize {
    let mut stream = TcpStream::connect(shop.addr()).unwrap();
    let head = format!(
        "GET /api/cart HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer dev:{agent}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    body["items"].as_array().map_or(0, Vec::len)
}

fn full(shop: &RunningShop) -> usize {
    carts(shop).into_iter().filter(|lines| *lines > 0).count()
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

/// The lines of orders, as the shop answered them, that no accepted add of their flow explains.
const FOREIGN: &str = "(SELECT i.flow_id, i.product_id FROM order_items i
    GROUP BY i.flow_id, i.product_id HAVING SUM(i.quantity) <> COALESCE((
      SELECT SUM(e.payload ->> 'quantity') FROM shopping_session_events e
      WHERE e.flow_id = i.flow_id AND e.product_id = i.product_id
        AND e.event_type = 'cart_add_item' AND e.payload ->> 'accepted'), 0))";

#[test]
fn eight_drills_and_resumes_in_the_first_cycle_mix_no_orders_and_leave_no_cart() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let place = Place::new();
    let process = place.start(&texts(&run_at(&shop, &["--rate", "150", "--cycles", "12"])));
    for n in 0..8 {
        place.wait_for(&format!(
            "shopping_sessions WHERE replay = {n} AND cycle = 0 AND status = 'active'"
        ));
        std::thread::sleep(Duration::from_millis(400));
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
    assert_eq!(place.count(FOREIGN), 0);
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
    assert_eq!(fresh.count(FOREIGN), 0);
    fresh.expect(0, &["verify"]);
    // Whoever put something in began with an empty cart and left one.
    let bought = "shopping_sessions WHERE shop_cart = 'dirty'";
    assert_eq!(fresh.count(bought), 0, "{}", fresh.log());

    // The killed run goes on and puts its own carts in order.
    let fast = ["resume", "--cycles", "4", "--time-scale", "max", "--rate", "unlimited", "--quiet"];
    killed.expect(0, &fast);
    assert_eq!(killed.count(FOREIGN), 0);
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
    assert_eq!(place.count(FOREIGN), 0);
}
