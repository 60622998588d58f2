//! The first minute at a shop: what an operator reads where secret, address or users are wrong,
//! that nothing else is printed, and the first call of each agent.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::Place;
use crate::support::scripted_server::{Answer, Scripted, json};

/// Signs tokens; the shops here do not check it.
const SECRET: &str = "a-secret-of-32-bytes-or-a-few-more";
/// Lines on stderr of a start that fails, at most.
const LINES_MAX: usize = 4;
const IMPORT: &str = "cartload agents import --replace --from-table public.agents";

/// A shop behind one that tampers.
struct Tampered {
    shop: Scripted,
    behind: RunningShop,
}

impl Tampered {
    fn with(decide: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let behind = PracticeShop::start(PracticeConfig::default()).unwrap();
        let address = behind.base_url().trim_start_matches("http://").parse().unwrap();
        Self { shop: Scripted::before(address, decide), behind }
    }
}

fn refuses(detail: &str, status: u16) -> Option<Answer> {
    Some(json(status, &serde_json::json!({ "detail": detail }).to_string()))
}

fn is_signed(request: &str) -> bool {
    request.to_lowercase().contains("\nauthorization: ")
}

/// Runs it at `url` with the voiceoffers profile.
fn run(place: &Place, url: &str, more: &[&str]) -> Output {
    let args = ["run", "--api", url, "--profile", "voiceoffers", "--cycles", "1", "--plain"];
    let mut command = place.command(&[&args[..], more].concat());
    command.env("CARTLOAD_SHOP_JWT_SECRET", SECRET).output().unwrap()
}

/// The end of a run that did not begin: its code, few lines, no noise, no secret.
#[track_caller]
fn refused(output: &Output, code: i32, parts: &[&str]) {
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{err}");
    assert!(output.stdout.is_empty(), "an error leaves stdout alone");
    assert!(err.lines().count() <= LINES_MAX, "{err}");
    for noise in ["died", "could not be recorded", "frozen", "rebuilt", "WARN", "ERROR", SECRET] {
        assert!(!err.contains(noise), "{err}");
    }
    assert_eq!(err.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{err}");
    for part in parts {
        assert!(err.contains(part), "`{part}` is not in: {err}");
    }
}

#[test]
fn a_wrong_secret_and_an_expired_token_are_said_with_the_shops_reason_and_the_variable() {
    for reason in ["Signature verification failed", "Signature has expired"] {
        let detail = format!("Invalid or expired token: {reason}");
        let words = detail.clone();
        let shop = Tampered::with(move |request| {
            is_signed(request).then(|| refuses(&words, 401)).flatten()
        });
        let output = run(&Place::new(), &shop.shop.url(), &[]);
        let said = format!("first_visit: 401, not authorised: {detail}");
        let variable = "CARTLOAD_SHOP_JWT_SECRET: the server's SUPABASE_JWT_SECRET";
        refused(&output, 5, &["did not answer the start-up check", &said, variable, IMPORT]);
    }
}

#[test]
fn a_wrong_address_is_one_sentence_and_what_to_do() {
    let output = run(&Place::new(), "http://127.0.0.1:1", &[]);
    refused(&output, 5, &["did not answer the start-up check: probe: connection refused"]);
    let shop = Tampered::with(|_| None);
    let no_tls = shop.behind.base_url().replace("http:", "https:");
    refused(&run(&Place::new(), &no_tls, &[]), 5, &["probe: TLS failed"]);
    let elsewhere = format!("{}/elsewhere", shop.shop.url());
    refused(&run(&Place::new(), &elsewhere, &[]), 5, &["probe: unexpected status 404"]);
}

#[test]
fn users_that_the_shop_does_not_know_are_found_before_the_first_tick() {
    let key = "(psycopg.errors.ForeignKeyViolation) insert or update on table \
               \"user_preferences\" violates \"user_preferences_user_id_fkey\"";
    for (call, status, detail) in [
        ("PUT /api/user/store", 500, key),
        ("GET /api/auth/me", 404, "User not found"),
        ("GET /api/auth/me", 403, "Forbidden"),
    ] {
        let shop = Tampered::with(move |request| {
            request.starts_with(call).then(|| refuses(detail, status)).flatten()
        });
        let output = run(&Place::new(), &shop.shop.url(), &[]);
        refused(&output, 5, &[detail.split(' ').next().unwrap(), IMPORT]);
        let asked = shop.shop.requests().iter().filter(|r| r.starts_with(call)).count();
        assert!(asked >= 3, "three agents are asked: {asked}");
    }
}

#[test]
fn one_user_that_the_shop_does_not_know_stops_nothing() {
    let shop = Tampered::with(|request| {
        let is_it =
            request.contains("Bearer dev:agent_001") && !request.starts_with("GET /api/prod");
        is_it.then(|| refuses("User not found", 404)).flatten()
    });
    let args = ["--auth", "dev", "--agents", "40", "--warm-up", "off", "--time-scale", "max"];
    let output = run(&Place::new(), &shop.shop.url(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn users_that_the_shop_no_longer_knows_freeze_the_run_with_the_way_out() {
    let taken = AtomicUsize::new(0);
    let shop = Tampered::with(move |request| {
        let is_late =
            request.starts_with("PUT /api/user/store") && taken.fetch_add(1, Ordering::SeqCst) > 0;
        is_late.then(|| refuses("ForeignKeyViolation on user_id", 500)).flatten()
    });
    let place = Place::new();
    let args = ["--warm-up", "off", "--time-scale", "max", "--on-freeze", "exit"];
    let output = run(&place, &shop.shop.url(), &args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(err.contains("look at  the shop does not know these agents as its users"), "{err}");
    assert!(err.contains(IMPORT) && err.contains("cartload ctl resume"), "{err}");
}

#[test]
fn whatever_fails_before_the_first_tick_is_said_alone() {
    let broken = |status: u16, body: &'static str| {
        Tampered::with(move |request| {
            request.starts_with("GET /api/products").then(|| json(status, body))
        })
    };
    for (status, body, said) in [
        (500, r#"{"detail":"boom"}"#, "list_products: 500, server error: boom"),
        (200, r#"{"products":[],"total":0}"#, "the shop lists no products"),
        (200, "<html>", "list_products: "),
    ] {
        let shop = broken(status, body);
        refused(&run(&Place::new(), &shop.shop.url(), &[]), 5, &[said]);
    }
    let place = Place::new();
    let shop = Tampered::with(|_| None);
    let url = shop.shop.url();
    refused(&run(&place, &url, &["--db", "postgres://me@127.0.0.1:1/shop"]), 6, &["127.0.0.1"]);
    refused(&run(&place, &url, &["--auth", "nope"]), 3, &["`nope`; there are dev, jwt"]);
    refused(&run(&place, &url, &["--store-id", "nowhere"]), 5, &["select_store: "]);
    let mut without = place.command(&["run", "--api", &url, "--profile", "voiceoffers"]);
    let missing = "set CARTLOAD_SHOP_JWT_SECRET to the server's SUPABASE_JWT_SECRET";
    refused(&without.output().unwrap(), 3, &[missing, "CARTLOAD_SHOP_JWT_SECRET_FILE"]);
}

#[test]
fn ctrl_c_before_the_first_tick_ends_the_start() {
    let shop = Tampered::with(|request| {
        let is_first = request.starts_with("GET /api/auth/me");
        is_first.then(|| Answer::BytesThenSilence(b"HTTP/1.1 200 OK\r\n".to_vec()))
    });
    let place = Place::new();
    let args = ["run", "--api", &shop.shop.url(), "--profile", "voiceoffers", "--plain"];
    let mut command = place.command(&args);
    command.env("CARTLOAD_SHOP_JWT_SECRET", SECRET);
    let (out, err) = (place.path().join("out"), place.path().join("err"));
    command.stdout(std::fs::File::create(&out).unwrap());
    command.stderr(std::fs::File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while !shop.shop.requests().iter().any(|r| r.starts_with("GET /api/auth/me")) {
        assert!(began.elapsed() < Duration::from_secs(60), "the start-up check asks");
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let status = child.wait().unwrap();
    let said = std::fs::read_to_string(&err).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("error: Ctrl-C ended the run before its first tick"), "{said}");
    for noise in ["died", "could not be recorded", "rebuilt", "ERROR"] {
        assert!(!said.contains(noise), "{said}");
    }
}

#[test]
fn each_agent_makes_its_first_visit_once_before_it_selects_a_store() {
    let shop = Tampered::with(|_| None);
    let args = ["--auth", "dev", "--agents", "30", "--warm-up", "off", "--time-scale", "max"];
    let output = run(&Place::new(), &shop.shop.url(), &[&args[..], &["--cycles", "3"]].concat());
    assert_eq!(output.status.code(), Some(2), "--cycles is given twice");
    let place = Place::new();
    let mut command = place.command(&[
        "run",
        "--api",
        &shop.shop.url(),
        "--profile",
        "voiceoffers",
        "--auth",
        "dev",
        "--agents",
        "30",
        "--warm-up",
        "off",
        "--time-scale",
        "max",
        "--cycles",
        "3",
        "--plain",
    ]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = shop.shop.requests();
    for number in 1..=30 {
        let name = format!("Bearer dev:agent_{number:03}\r");
        let own: Vec<&str> = requests.iter().filter(|r| r.contains(&name)).map(|r| &**r).collect();
        let visits = own.iter().filter(|r| r.starts_with("GET /api/auth/me")).count();
        let stores = own.iter().filter(|r| r.starts_with("PUT /api/user/store")).count();
        // The first is asked in the start-up check, too.
        let asked_before = usize::from(number == 1);
        assert!(visits <= 1 + asked_before, "agent {number}: {visits}");
        assert!(stores == 0 || visits >= 1, "agent {number}: no first visit");
        let first = own.first();
        assert!(first.is_none_or(|r| r.starts_with("GET /api/auth/me")), "agent {number}");
    }
}

#[test]
fn a_run_begun_with_the_wrong_way_to_sign_in_goes_on_with_the_right_one() {
    let seen = AtomicUsize::new(0);
    let shop = Tampered::with(move |request| {
        let is_dev = request.contains("Bearer dev:") && seen.fetch_add(1, Ordering::SeqCst) > 2;
        is_dev.then(|| refuses("dev tokens are off", 401)).flatten()
    });
    let place = Place::new();
    let url = shop.shop.url();
    let quick = ["--agents", "40", "--warm-up", "off", "--time-scale", "max"];
    let more = [&quick[..], &["--auth", "dev", "--on-freeze", "exit"]].concat();
    let output = run(&place, &url, &more);
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let resume = |more: &[&str]| {
        let args = [&["resume", "--unfreeze", "--plain"][..], more].concat();
        let mut command = place.command(&args);
        command.env("CARTLOAD_SHOP_JWT_SECRET", SECRET).output().unwrap()
    };
    let same = resume(&[]);
    let said = String::from_utf8(same.stderr).unwrap();
    assert_eq!(same.status.code(), Some(5), "{said}");
    assert!(said.contains("401, not authorised: dev tokens are off"), "{said}");
    assert!(said.contains("--auth may name jwt too"), "{said}");
    assert!(!said.contains("is down") && !said.contains("died"), "{said}");
    let right = resume(&["--auth", "jwt"]);
    let said = String::from_utf8(right.stderr).unwrap();
    assert_eq!(right.status.code(), Some(0), "{said}");
    assert!(said.contains(r#"shop.auth is "jwt" (--auth), "dev" in the checkpoint"#), "{said}");
}
