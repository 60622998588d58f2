//! `--serve` of the real binary: where it may listen, where the token is, and the end by SIGTERM.

use std::net::TcpListener;
use std::process::Command;

use cartload::running::signals::GRACE;

use super::page::url_of;
use crate::support::binary::{Place, wait};
use crate::support::postgres;
use crate::support::proxy::{Mode, Proxy};
use crate::support::served::Client;

fn client(place: &Place) -> Client {
    let url = url_of(place);
    Client { port: url.rsplit_once(':').unwrap().1.parse().unwrap() }
}

const QUIET_RUN: [&str; 8] =
    ["run", "--agents", "10", "--time-scale", "48", "--mock-api", "--serve", "127.0.0.1:0"];

#[test]
fn a_port_in_use_ends_with_3_before_anything_is_written() {
    let place = Place::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = holder.local_addr().unwrap().to_string();
    let (_, said) = place.expect(3, &["run", "--cycles", "1", "--serve", &addr]);
    assert!(said.contains(&format!("--serve {addr}")) && said.contains("another port"), "{said}");
    assert!(!place.data().join("cartload.db").exists());
    let (_, said) = place.expect(2, &["run", "--serve", "9184"]);
    assert!(said.contains("--serve"), "{said}");
}

#[test]
fn a_generated_token_is_shown_by_its_path_only_and_an_own_one_not_at_all() {
    let place = Place::new();
    let run = place.start(&QUIET_RUN);
    let served = client(&place);
    let token = std::fs::read_to_string(place.data().join("web.token")).unwrap();
    wait(|| served.get("/readyz").status == 200, || place.log());
    assert!(place.log().contains("web.token") && !place.log().contains(token.trim()));
    let bearer = format!("Bearer {}", token.trim());
    let answer = served.post(&[("authorization", &bearer)], r#""Pause""#);
    assert_eq!((answer.status, &answer.json()["message"]), (200, &"the run is paused".into()));
    let everything = [served.get("/metrics").body, served.get("/api/status").body].concat();
    assert!(!everything.contains(token.trim()));
    run.kill();

    let place = Place::new();
    let own = "a-token-of-ones-own";
    let secrets = [
        ("CARTLOAD_WEB_TOKEN", own),
        ("CARTLOAD_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/hook/T0SECRET"),
        ("CARTLOAD_SMTP_URL", "smtp://me:PA55WORD@127.0.0.1:9"),
        ("CARTLOAD_ALERT_EMAIL_FROM", "cartload@example.org"),
        ("CARTLOAD_ALERT_EMAIL_TO", "ops@example.org"),
        ("RUST_LOG", "trace"),
    ];
    let mut command = place.command(&QUIET_RUN);
    let run = place.start_of(command.envs(secrets));
    let served = client(&place);
    wait(|| served.get("/readyz").status == 200, || place.log());
    let bearer = format!("Bearer {own}");
    let quit = served.post(&[("authorization", &bearer)], r#"{"Quit":"Now"}"#);
    assert_eq!(quit.status, 200, "{quit:?}");
    assert_eq!(run.wait(), Some(0));
    assert!(!place.data().join("web.token").exists());
    let saved: String =
        place.checkpoints().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for secret in [own, "T0SECRET", "PA55WORD"] {
        assert!(!place.log().contains(secret), "{secret} is in the log");
        assert!(!saved.contains(secret), "{secret} is in a checkpoint");
        assert_eq!(place.count(&format!("runs WHERE settings LIKE '%{secret}%'")), 0);
    }
    assert!(place.log().contains("the last alerts were not delivered"), "they were tried");
}

#[test]
fn secrets_that_are_none_are_refused_without_showing_them() {
    let place = Place::new();
    for (name, value) in [
        ("CARTLOAD_WEB_TOKEN", "SHORT-SECRET"),
        ("CARTLOAD_ALERT_WEBHOOK_URL", "http://hooks.example/SHORT-SECRET"),
        ("CARTLOAD_SMTP_URL", "smtp://me:SHORT-SECRET@mail.example"),
    ] {
        let mut command = place.command(&["config", "check"]);
        let (_, said) = place.expect_of(3, command.env(name, value));
        assert!(said.contains(name) && !said.contains("SHORT-SECRET"), "{said}");
    }
    std::fs::write(place.path().join("c.ron"), "(web: (token: \"in-the-file-SECRET\"))").unwrap();
    let (_, said) = place.expect(3, &["config", "check", "c.ron"]);
    assert!(said.contains("web.token") && said.contains("CARTLOAD_WEB_TOKEN_FILE"), "{said}");
    assert!(!said.contains("SECRET\""), "{said}");
}

#[test]
fn sigterm_drains_saves_and_ends_within_the_grace() {
    let place = Place::new();
    let run = place.start(&QUIET_RUN);
    let served = client(&place);
    wait(|| served.get("/readyz").status == 200, || place.log());
    let begin = std::time::Instant::now();
    let told = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(run.wait(), Some(143));
    assert!(begin.elapsed() < GRACE, "{:?}", begin.elapsed());
    assert_eq!(place.count("runs WHERE state = 'stopped'"), 1);
    assert_eq!(place.count("shopping_sessions WHERE status = 'active'"), 0);
    let last = std::fs::read_to_string(place.checkpoints().pop().unwrap()).unwrap();
    assert!(last.contains("Ended") || last.contains("ended"), "{last:.300}");
}

/// A real 25 s: the deadline is kept by a thread that no test's clock can move.
#[actix::test]
async fn sigterm_ends_even_a_process_whose_database_has_fallen_silent() {
    let Some(port) = postgres::shared() else { return };
    let database = postgres::fresh_database(port).await;
    let proxy = Proxy::before(port);
    let place = Place::new();
    let mut command = place.command(&QUIET_RUN);
    let run = place.start_of(command.env("DATABASE_URL", postgres::url(proxy.port, &database)));
    let served = client(&place);
    wait(|| served.get("/readyz").status == 200, || place.log());
    proxy.set(Mode::Swallow);
    let begin = std::time::Instant::now();
    let told = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(run.wait(), Some(143));
    let took = begin.elapsed();
    assert!(took < GRACE + std::time::Duration::from_secs(4), "{took:?}");
    assert!(place.log().contains("within 25 s of SIGTERM"), "{}", place.log());
    assert!(!place.checkpoints().is_empty());
}
