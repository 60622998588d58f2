//! A server that wants TLS and a password, alone and behind a pooler: whole runs, what is refused,
//! and how often a password that is wrong is shown to it.

use std::process::Command;
use std::time::{Duration, Instant};

use actors::ports::store::StoreError;
use store::{StoreOptions, StoreUrl, open};

use crate::support::binary::Place;
use crate::support::server::Server;
use crate::support::{postgres, strict};

const OTHER_PASSWORD: &str = "shut-sesame";

/// A short run of few agents at a mock of the shop.
const RUN: [&str; 9] =
    ["run", "--plain", "--mock-api", "--agents", "20", "--warm-up", "off", "--rate", "unlimited"];

fn at(place: &Place, args: &[&str], url: &str) -> Command {
    let mut command = place.command(args);
    command.env("DATABASE_URL", url);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_behind_a_pooler_with_tls_on_both_sides_writes_everything() {
    let Some(server) = strict::start().await else { return };
    let Some(pooler) = strict::pooler(&server) else { return };
    let place = Place::new();
    let url = strict::url(pooler.port, strict::PASSWORD, "ca.pem");
    let session = strict::url(server.port, strict::PASSWORD, "ca.pem");
    let args = [&RUN[..], &["--cycles", "3", "--time-scale", "max"]].concat();
    place.expect_of(0, at(&place, &args, &url).env("CARTLOAD_MIGRATE_URL", &session));
    place.expect_of(0, &mut at(&place, &["verify"], &url));
    let count = |table: &str| format!("SELECT count(*) FROM cartload.{table}");
    for table in ["shopping_sessions", "shopping_session_events"] {
        let rows = postgres::lines(server.port, "shop", &count(table)).await;
        assert!(rows[0].parse::<u64>().unwrap() > 0, "{table}");
    }
    assert_eq!(postgres::lines(server.port, "shop", &count("cycles")).await, ["3"]);
    // All of it came encrypted: in plain text nobody but the superuser is let in.
    assert_eq!(strict::refused(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_name_or_mode_lets_no_run_begin() {
    let Some(server) = strict::start().await else { return };
    let Some(pooler) = strict::pooler(&server) else { return };
    let place = Place::new();
    for port in [server.port, pooler.port] {
        let right = strict::url(port, strict::PASSWORD, "ca.pem");
        let other_name = right.replace("@localhost:", "@db.example.test:") + "&hostaddr=127.0.0.1";
        for (url, words) in [
            (strict::url(port, strict::PASSWORD, "other_ca.pem"), "certificate is not trusted"),
            (other_name.clone(), "certificate is not trusted"),
            (right.replace("verify-full", "disable"), "wants TLS"),
            (
                other_name.replace("&hostaddr=127.0.0.1", "").replace("verify-full", "prefer"),
                "sslmode=prefer may send data in plain text",
            ),
        ] {
            let (_, err) = place.expect_of(6, &mut at(&place, &RUN, &url));
            assert!(err.contains(words) && !err.contains(strict::PASSWORD), "{words}: {err}");
        }
    }
    assert_eq!(strict::refused(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_a_wrong_password_shows_it_once_and_ends() {
    let Some(server) = strict::start().await else { return };
    let place = Place::new();
    let url = strict::url(server.port, "wrong-sesame", "ca.pem");
    let (_, err) = place.expect_of(6, &mut at(&place, &RUN, &url));
    assert!(err.contains("check user and password in DATABASE_URL"), "{err}");
    assert!(!err.contains("wrong-sesame"), "{err}");
    assert_eq!(strict::refused(&server), 1);
}

/// Another password from now on, and nobody is left who came in with the old one.
async fn change_password(server: &Server) {
    let other = format!("ALTER ROLE shopper PASSWORD '{OTHER_PASSWORD}'");
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shopper'";
    for sql in [other.as_str(), cut] {
        postgres::execute(server.port, "postgres", sql).await;
    }
    // A login that was under way as the password changed may have come in after the first cut.
    tokio::time::sleep(Duration::from_secs(1)).await;
    postgres::execute(server.port, "postgres", cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_was_changed_is_shown_once_however_many_want_a_connection() {
    let Some(server) = strict::start().await else { return };
    let url = strict::url(server.port, strict::PASSWORD, "ca.pem");
    // As behind a pooler: nobody says how many connections are free, and all may be opened at once.
    let StoreUrl::Postgres(migrate) = StoreUrl::parse(&url).unwrap() else { panic!("{url}") };
    let migrate_url = Some(migrate);
    for migrate_url in [None, migrate_url] {
        let before = strict::refused(&server);
        let options = StoreOptions { pool_size: 10, migrate_url, ..StoreOptions::default() };
        let open = open(&StoreUrl::parse(&url).unwrap(), &options).await.unwrap();
        open.store.load_agents().await.unwrap();
        change_password(&server).await;
        // Longer than a login is trusted to go on as it did.
        tokio::time::sleep(Duration::from_secs(11)).await;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(12) {
            let calls = (0..30).map(|_| open.store.load_agents());
            let outcomes = futures::future::join_all(calls).await;
            let last = outcomes.into_iter().next_back().unwrap().unwrap_err();
            if let StoreError::LoginRefused(said) = &last {
                assert!(said.contains("check user and password"), "{said}");
                assert!(!last.is_retryable() && last.is_of_the_place());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let end = open.store.load_agents().await.unwrap_err();
        assert!(matches!(end, StoreError::LoginRefused(_)), "{end}");
        assert_eq!(strict::refused(&server) - before, 1);
        let old = format!("ALTER ROLE shopper PASSWORD '{}'", strict::PASSWORD);
        postgres::execute(server.port, "postgres", &old).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_password_is_changed_freezes_and_is_resumed_with_the_right_one() {
    let Some(server) = strict::start().await else { return };
    let place = Place::new();
    let url = strict::url(server.port, strict::PASSWORD, "ca.pem");
    let args = [&RUN[..], &["--cycles", "500", "--time-scale", "3600", "--on-freeze", "exit"]];
    let args = args.concat();
    let run = place.start_of(&mut at(&place, &args, &url));
    let cycles = "SELECT cycle FROM cartload.cycles";
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let there = "SELECT to_regclass('cartload.cycles')";
        let is_made = !postgres::lines(server.port, "shop", there).await.is_empty();
        if is_made && postgres::lines(server.port, "shop", cycles).await.len() >= 2 {
            break;
        }
        assert!(Instant::now() < deadline, "{}", place.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    change_password(&server).await;
    assert_eq!(run.wait(), Some(7), "ended while frozen: {}", place.log());
    for words in ["frozen", "refuses this run's login", "check user and password in DATABASE_URL"] {
        assert!(place.log().contains(words), "{words}: {}", place.log());
    }
    assert!(!place.log().contains(strict::PASSWORD), "{}", place.log());
    assert_eq!(strict::refused(&server), 1, "{}", place.log());
    let old = format!("ALTER ROLE shopper PASSWORD '{}'", strict::PASSWORD);
    postgres::execute(server.port, "postgres", &old).await;
    let more = ["resume", "--unfreeze", "--plain", "--cycles", "6", "--time-scale", "max"];
    place.expect_of(0, &mut at(&place, &more, &url));
    place.expect_of(0, &mut at(&place, &["verify"], &url));
}
