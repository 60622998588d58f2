//! What nginx answers in the shop's place, as pages of HTML: each is that call's failure, and the
//! run freezes only where the shop behind it is gone.

use std::net::TcpListener;

use super::TURN;
use super::scene::{SMALL, Scene, Size};

/// A port where nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[actix::test]
async fn a_502_now_and_then_freezes_nothing_and_is_asked_again() {
    let _turn = TURN.acquire().await.unwrap();
    let dead = nobody();
    let Some(scene) = Scene::with(|setup| {
        // What may be asked again: reads, and orders that have a key.
        setup.http = format!(
            "upstream dead {{ server 127.0.0.1:{dead}; }}
             split_clients $request_id $one {{ 3% dead; * shop; }}
             map '$request_method $uri' $to {{
                 default shop;
                 '~^GET ' $one;
                 'POST /api/orders' $one;
             }}"
        );
        setup.pass = "http://$to";
    }) else {
        return;
    };
    scene.completes(SMALL);
    let books = scene.books();
    scene.tell("502 now and then", &books);
    assert!(scene.answered(502) > 5, "no 502");
    let why = scene.why();
    assert!(why.iter().all(|why| why.contains("502 Bad Gateway nginx")), "{why:?}");
    assert_eq!(books.unknown, 0, "a shop that honours keys tells of each order");
}

#[actix::test]
async fn a_504_whose_order_was_placed_all_the_same_is_one_order() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = Scene::with(|setup| {
        setup.server =
            "location = /api/orders { proxy_pass http://shop; proxy_read_timeout 150ms; }".into();
    }) else {
        return;
    };
    scene.shop.faults().change(|faults| faults.latency_jitter_ms = 220).unwrap();
    scene.completes(Size { agents: 40, cycles: 3, rate: 200 });
    let books = scene.books();
    scene.tell("504", &books);
    assert!(scene.answered(504) > 5, "no 504");
    let why = scene.why();
    assert!(why.iter().all(|why| why.contains("504 Gateway Time-out nginx")), "{why:?}");
    assert_eq!(books.unknown, 0, "a shop that honours keys tells of each order");
}

#[actix::test]
async fn its_408_and_413_are_failures_of_that_agent() {
    let _turn = TURN.acquire().await.unwrap();
    // Its 408 is the end of the connection, without a word.
    for (status, said) in
        [(408, "it was closed before it answered"), (413, "413 Request Entity Too Large nginx")]
    {
        let Some(scene) = Scene::with(|setup| {
            setup.http =
                "map $http_authorization $odd { default 0; '~agent_04[12]$' 1; }".to_owned();
            setup.location = format!("if ($odd) {{ return {status}; }}");
        }) else {
            return;
        };
        scene.completes(Size { cycles: 6, ..SMALL });
        let books = scene.books();
        scene.tell(&status.to_string(), &books);
        assert!(scene.answered(status) > 0, "no {status}");
        let why = scene.why();
        assert!(books.failed > 0 && why.iter().all(|why| why.contains(said)), "{why:?}");
        let others = "shopping_sessions WHERE status = 'failed' AND agent_id NOT IN \
                      ('agent_041', 'agent_042')";
        assert_eq!(scene.place.count(others), 0, "{why:?}");
    }
}

#[actix::test]
async fn time_limits_for_requests_are_never_met() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = Scene::with(|setup| {
        setup.server = "client_header_timeout 500ms; client_body_timeout 500ms;".to_owned();
    }) else {
        return;
    };
    scene.completes(Size { agents: 30, cycles: 3, rate: 50 });
    scene.tell("limits of 0.5 s for head and body", &scene.sound_books());
    assert_eq!(scene.answered(408), 0);
}

/// An edge that lets so many requests a second through, so many at once, and says this to others.
fn limited(per_second: usize, burst: usize, status: u16) -> Option<Scene> {
    Scene::with(|setup| {
        setup.http = format!(
            "limit_req_zone $binary_remote_addr zone=all:1m rate={per_second}r/s; \
             limit_req_status {status};"
        );
        setup.location = format!("limit_req zone=all burst={burst} nodelay;");
    })
}

#[actix::test]
async fn its_limit_slows_the_run_down_where_it_says_429() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = limited(40, 10, 429) else { return };
    scene.completes(Size { agents: 60, cycles: 1, rate: 50 });
    let books = scene.books();
    scene.tell("limit_req, 429", &books);
    assert!(scene.answered(429) > 0, "no 429");
    assert_eq!(books.unknown, 0, "{:?}", scene.why());
}

#[actix::test]
async fn its_limit_that_says_503_freezes_the_run_with_what_to_change() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = limited(25, 5, 503) else { return };
    let mut command = scene.run(Size { agents: 40, cycles: 3, rate: 100 });
    let process = scene.place.start_of(command.args(["--on-freeze", "exit"]));
    assert_eq!(process.wait(), Some(7), "{}", scene.place.log());
    let said = scene.place.log();
    assert!(said.contains("503 Service Temporarily Unavailable nginx"), "{said}");
    assert!(said.contains("limit_req_status 429"), "{said}");
    assert!(scene.answered(503) > 0, "no 503");
}

#[actix::test]
async fn a_shop_that_is_gone_behind_the_edge_freezes_the_run_and_comes_back() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(mut scene) = Scene::with(|_| {}) else { return };
    let size = Size { agents: 60, cycles: 6, rate: 100 };
    let mut command = scene.run(size);
    let process = scene.place.start_of(command.args(["--on-freeze", "exit"]));
    scene.until_asked(150);
    let (shop, gone) = (scene.shop.addr().port(), nobody());
    scene.edge.reload(|setup| setup.shop = gone);
    assert_eq!(process.wait(), Some(7), "{}", scene.place.log());
    let said = scene.place.log();
    assert!(said.contains("502 from the edge, the shop is down: 502 Bad Gateway nginx"), "{said}");
    assert!(said.contains("three probes failed"), "{said}");
    assert!(said.contains("whether the shop is up and reachable from here"), "{said}");
    scene.edge.reload(|setup| setup.shop = shop);
    let resume = ["resume", "--unfreeze", "--plain", "--json"];
    let process = scene.place.start_of(&mut scene.command(&resume));
    scene.ends(process);
    scene.tell("gone behind the edge, and back", &scene.books());
}
