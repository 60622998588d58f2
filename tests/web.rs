//! The web server: who gets in, what they read, what they may do, and that nobody holds it up.

mod docs;
pub mod exposition;
mod floods;
mod page;
mod process;

use std::time::Duration;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::command::{Command, Door, Quit};
use actors::coordinator::status::StoreTrouble;
use actors::ports::store::RunState;
use cartload::web::{FEEDS_MAX, Reading};

use crate::support::served::{TOKEN, running, serve};

#[actix::test]
async fn the_page_comes_with_headers_that_forbid_all_it_does_not_need() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let elsewhere = answer.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{path}");
    }
    assert_eq!(client.get("/nothing").status, 404);
    assert!(client.get("/nothing").header("content-security-policy").is_some());
    served.web.stop().await;
}

#[actix::test]
async fn only_the_right_token_operates_the_run() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    assert_eq!(client.post(&[], r#""Pause""#).status, 401);
    for wrong in ["", "Bearer", "Bearer ", "Basic correct-horse", "Bearer Correct-horse"] {
        let answer = client.post(&[("authorization", wrong)], r#""Pause""#);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
        assert_eq!(answer.json()["message"], "the token is missing or wrong");
    }
    let longer = format!("Bearer {TOKEN}x");
    assert_eq!(client.post(&[("authorization", &longer)], r#""Pause""#).status, 401);
    let shorter = format!("Bearer {}", &TOKEN[..TOKEN.len() - 1]);
    assert_eq!(client.post(&[("authorization", &shorter)], r#""Pause""#).status, 401);
    assert!(served.told().is_empty());

    let answer = client.command(r#""Pause""#);
    assert_eq!((answer.status, &answer.json()["message"]), (200, &"`pause` is done".into()));
    assert_eq!(client.command(r#"{"Quit":"Now"}"#).status, 200);
    let refused = client.command(r#""Resume""#);
    assert_eq!((refused.status, &refused.json()["done"]), (409, &false.into()));
    assert_eq!(refused.json()["message"], "the run is running: there is nothing to resume");
    let told: Vec<Command> = served.told().into_iter().map(|told| told.command).collect();
    assert_eq!(told, [Command::Pause, Command::Quit(Quit::Now), Command::Resume]);
    assert!(served.told().iter().all(|told| told.door == Door::Page));
    served.web.stop().await;
}

#[actix::test]
async fn a_page_of_another_site_can_neither_operate_nor_read() {
    let served = serve(running(), Reading::Open);
    let (client, bearer) = (served.client(), format!("Bearer {TOKEN}"));
    let own = format!("http://127.0.0.1:{}", client.port);
    for (name, value, expected) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("origin", own.as_str(), 200),
    ] {
        let headers = [("authorization", bearer.as_str()), (name, value)];
        assert_eq!(client.post(&headers, r#""Pause""#).status, expected, "{name}: {value}");
    }
    // A foreign name that was made to point here (DNS rebinding).
    for path in ["/", "/metrics", "/api/status", "/healthz"] {
        let answer = client.ask("GET", path, &[("host", "evil.example")], "");
        assert_eq!(answer.status, 421, "{path}");
    }
    assert_eq!(client.ask("GET", "/metrics", &[("host", "runs.example")], "").status, 200);
    assert_eq!(client.ask("GET", "/metrics", &[("host", "localhost:1")], "").status, 200);
    // A form of a foreign page cannot send JSON without asking first, which nobody answers.
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    assert_eq!(client.ask("POST", "/api/command", &headers, r#""Pause""#).status, 415);
    assert_eq!(client.ask("OPTIONS", "/api/command", &[("origin", own.as_str())], "").status, 401);
    served.web.stop().await;
}

#[actix::test]
async fn nonsense_is_named_and_reaches_nobody() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    for (body, expected) in [
        ("", 400),
        ("{", 400),
        (r#""Explode""#, 400),
        (r#"{"Rate":-1}"#, 400),
        (r#"["Pause"]"#, 400),
        (&format!("\"{}\"", "x".repeat(5_000)), 413),
    ] {
        let answer = client.command(body);
        assert_eq!(answer.status, expected, "{body:.40}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("not a command: "), "{message}");
    }
    assert!(served.told().is_empty());
    served.web.stop().await;
}

#[actix::test]
async fn where_the_address_is_not_loopback_reading_takes_the_token_too() {
    let served = serve(running(), Reading::WithToken);
    let (client, bearer) = (served.client(), format!("Bearer {TOKEN}"));
    for path in ["/metrics", "/api/status", "/api/events"] {
        assert_eq!(client.get(path).status, 401, "{path}");
    }
    for path in ["/metrics", "/api/status"] {
        let answer = client.ask("GET", path, &[("authorization", bearer.as_str())], "");
        assert_eq!(answer.status, 200, "{path}");
    }
    for path in ["/", "/app.js", "/app.css", "/healthz", "/readyz"] {
        let answer = client.ask("GET", path, &[("host", "cartload:9184")], "");
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("01a"), "shows nothing of the run");
    }
    served.web.stop().await;
    for (addr, reading) in [
        ("127.0.0.1:1", Reading::Open),
        ("[::1]:1", Reading::Open),
        ("[::ffff:127.0.0.1]:1", Reading::Open),
        ("0.0.0.0:1", Reading::WithToken),
        ("[::]:1", Reading::WithToken),
        ("192.168.1.4:1", Reading::WithToken),
    ] {
        assert_eq!(Reading::at(addr.parse().unwrap()), reading, "{addr}");
    }
}

#[actix::test]
async fn a_run_is_ready_while_it_runs_or_pauses_and_at_no_other_time() {
    let mut status = running();
    status.agents = 0;
    let served = serve(status, Reading::Open);
    let client = served.client();
    let ready = |expected: u16, text: &str| {
        let answer = client.get("/readyz");
        assert_eq!((answer.status, answer.body.trim()), (expected, text));
        assert_eq!(client.ask("HEAD", "/readyz", &[], "").status, expected);
    };
    ready(503, "starting");
    served.status.send_modify(|status| status.agents = 372);
    ready(200, "running");
    served.status.send_modify(|status| status.state = RunState::Paused);
    ready(200, "paused");
    served.status.send_modify(|status| status.saved.checkpoint_failed = Some("no space".into()));
    ready(503, "not healthy: no space");
    served.status.send_modify(|status| {
        let says = "the database cannot write: database or disk is full".to_owned();
        let trouble = StoreTrouble { for_ms: 3_900, says, is_for_good: false };
        status.health.store_trouble = Some(trouble);
    });
    ready(503, "not healthy: the database cannot write: database or disk is full (for 3 s)");
    served.status.send_modify(|status| {
        (status.saved.checkpoint_failed, status.health.store_trouble) = (None, None);
    });
    ready(200, "paused");
    served.status.send_modify(|status| {
        status.state = RunState::Frozen;
        status.frozen = Some(FreezeReason::Tripped { reason: "a test".into() });
    });
    ready(503, "frozen: tripped by hand: a test");
    served.status.send_modify(|status| {
        (status.state, status.frozen) = (RunState::Completed, None);
    });
    ready(503, "completed");
    assert_eq!(client.get("/healthz").status, 200, "alive all the while");
    served.web.stop().await;
}

#[actix::test]
async fn events_bring_each_picture_and_the_last_one_ends_the_stream() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    let mut events = client.events();
    assert!(events.head().contains("200"), "a stream");
    let first = events.next().unwrap();
    assert_eq!(first["status"], client.get("/api/status").json());
    assert_eq!(first["frozen"], serde_json::Value::Null);
    served.status.send_modify(|status| {
        status.totals.volume.orders = 4_711;
        status.frozen = Some(FreezeReason::NothingAccepted { attempts: 9 });
    });
    let second = events.next().unwrap();
    assert_eq!(second["status"]["totals"]["volume"]["orders"], 4_711);
    assert_eq!(second["frozen"]["why"], "the shop accepted none of 9 adds in a whole cycle");
    served.status.send_modify(|status| status.state = RunState::Completed);
    served.web.stop().await;
    let last = std::iter::from_fn(|| events.next()).last().unwrap();
    assert_eq!(last["status"]["state"], "completed");
}

#[actix::test]
async fn a_reader_that_does_not_read_holds_up_nobody() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    let slow = client.events();
    let mut quick = client.events();
    quick.next().unwrap();
    // Some 100 kB a picture: the slow one's buffers are full after a few.
    for round in 1..=20_u64 {
        served.status.send_modify(|status| {
            status.traffic.requests_sent = round;
            status.traffic.requests_history = vec![u32::MAX; 10_000];
        });
        while quick.next().unwrap()["status"]["requests_sent"] != round {}
    }
    assert_eq!(client.get("/healthz").status, 200);
    drop(slow);
    let stopped = tokio::time::timeout(Duration::from_secs(20), served.web.stop()).await;
    stopped.expect("the slow reader does not keep the server");
}

#[actix::test]
async fn so_many_readers_are_served_and_one_more_is_told_to_come_later() {
    let served = serve(running(), Reading::Open);
    let client = served.client();
    let mut readers: Vec<_> = (0..FEEDS_MAX).map(|_| client.events()).collect();
    for reader in &mut readers {
        reader.next().unwrap();
    }
    let refused = client.get("/api/events");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")));
    readers.pop();
    // The server sees that it went when it writes the next picture.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        served.status.send_modify(|status| status.traffic.requests_sent += 1);
        if client.events().head().contains("200") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the place was never given back");
    }
    drop(readers);
    served.web.stop().await;
}
