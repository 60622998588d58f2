//! Runs of the real binary over https through a real reverse proxy: nginx with its keep-alive, its
//! own errors, its reloads and restarts. Whatever it does, no order is there twice and none lost.
//!
//! Small runs in CI; `CARTLOAD_NGINX_AGENTS=372 CARTLOAD_NGINX_CYCLES=12` is the run of
//! docs/your-shop.md.

mod moving_name;
mod own_errors;
mod restarts;
mod scene;

use self::scene::{SMALL, Scene, Size};
use crate::support::amount;
use crate::support::nginx::Connections;

/// Few edges at a time: short outages would freeze a run that waits for a processor.
static TURN: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

#[actix::test]
async fn a_decent_edge_is_not_noticed() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = Scene::with(|_| {}) else { return };
    let size = Size {
        agents: amount("CARTLOAD_NGINX_AGENTS", 60),
        cycles: amount("CARTLOAD_NGINX_CYCLES", 5),
        rate: 200,
    };
    let summary = scene.completes(size);
    scene.tell("a decent edge", &scene.sound_books());
    let seen = Connections::of(&scene.edge.log());
    assert_eq!(summary["requests"], seen.requests, "sent, and through the edge");
    assert_eq!(scene.shop.ledger().requests_total, seen.requests as u64);
    // Each HTTP session keeps its own; a request a connection would be as many as requests.
    assert!(seen.made * 5 < seen.requests, "{seen:?}");
    assert!(seen.resumed > 0 || seen.made <= 10, "no TLS session is taken up again: {seen:?}");
}

/// Answers go through in pieces.
const SMALL_BUFFERS: &str = "proxy_buffer_size 1k; proxy_buffers 4 1k; proxy_busy_buffers_size \
                             2k; gzip on; gzip_types application/json; gzip_proxied any;";

#[actix::test]
async fn connections_that_the_edge_ends_cost_no_visit_but_of_a_write_that_crossed_their_end() {
    let _turn = TURN.acquire().await.unwrap();
    for (what, server, rate) in [
        ("2 s idle", "keepalive_timeout 2s;", 200),
        ("60 s idle", "keepalive_timeout 60s;", 200),
        // Slower than the edge waits: each connection has been ended when it is wanted again.
        ("50 ms idle", "keepalive_timeout 50ms;", 100),
        ("20 requests", "keepalive_requests 20;", 200),
        ("1 request", "keepalive_requests 1;", 200),
        ("1,000 requests, unbuffered", "keepalive_requests 1000; proxy_buffering off;", 200),
        ("no keep-alive", "keepalive_timeout 0;", 200),
        ("buffers of 1 KiB", SMALL_BUFFERS, 200),
    ] {
        let Some(scene) = Scene::with(|setup| setup.server = server.to_owned()) else { return };
        scene.completes(Size { agents: 30, cycles: 2, rate });
        scene.tell(what, &scene.books());
        // A write may meet the end of a connection that was idle for too long.
        let crossed = |why: &String| why.contains("closed before it answered");
        let why = scene.why();
        match server {
            "keepalive_timeout 50ms;" => {
                assert!(why.len() < 3 && why.iter().all(crossed), "{why:?}")
            }
            _ => assert_eq!(why, [""; 0], "{what}"),
        }
        let seen = Connections::of(&scene.edge.log());
        match server {
            "keepalive_requests 20;" => assert!(seen.most_requests <= 20, "{seen:?}"),
            "keepalive_requests 1;" | "keepalive_timeout 0;" => {
                assert_eq!((seen.made, seen.most_requests), (seen.requests, 1), "{what}");
                assert!(seen.resumed * 2 > seen.made, "{what}: few TLS sessions resumed: {seen:?}");
            }
            _ => assert!(seen.most_requests > 1, "{what}: {seen:?}"),
        }
    }
}

#[actix::test]
async fn an_edge_that_opens_a_connection_a_request_to_the_shop_is_as_good() {
    let _turn = TURN.acquire().await.unwrap();
    let Some(scene) = Scene::with(|setup| setup.upstream_keep_alive = 0) else { return };
    scene.completes(SMALL);
    scene.tell("a connection a request to the shop", &scene.sound_books());
}

#[actix::test]
async fn an_address_of_the_sixth_version_is_as_good_where_the_machine_has_it() {
    let _turn = TURN.acquire().await.unwrap();
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no [::1]");
        return;
    }
    let loopback = std::net::IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
    let Some(scene) = Scene::with(|setup| setup.address = loopback) else { return };
    let url = format!("https://[::1]:{}", scene.edge.port());
    let size = Size { agents: 20, cycles: 2, rate: 200 };
    let process = scene.place.start_of(&mut scene.run_at(&url, size));
    scene.ends(process);
    scene.tell("[::1]", &scene.sound_books());
}
