//! The way to the shop where it is wrong: its name, its port, its certificate, its address. Each is
//! one sentence of `cartload run` with what is wrong and one with what to do, and code 5.

use std::net::TcpListener;
use std::process::Output;

use shops::practice_shop::{PracticeConfig, PracticeShop};

use crate::support::binary::Place;
use crate::support::nginx::{self, Nginx, certificate};
use crate::support::scripted_server::{Answer, Scripted, bytes};
use crate::support::tls_server;

/// Lines on stderr of a start that fails, at most.
const LINES_MAX: usize = 4;

fn run_trusting(ca: &str, url: &str) -> Output {
    let args = ["run", "--api", url, "--profile", "practice", "--cycles", "1", "--plain"];
    let place = Place::new();
    let mut command = place.command(&args);
    command.env("CARTLOAD_SHOP_CA_FILE", certificate(ca)).output().unwrap()
}

fn run(url: &str) -> Output {
    run_trusting("ca.pem", url)
}

/// What a run that did not begin says: the failure, and below it what to do.
#[track_caller]
fn refused(output: &Output, said: &str, advice: &str) {
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(output.stdout.is_empty() && err.lines().count() <= LINES_MAX, "{err}");
    let first = err.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    assert!(first.contains("the start-up check: probe: "), "{err}");
    assert!(first.contains(said), "`{said}` is not in: {err}");
    let to_do = err.lines().find_map(|line| line.trim_start().strip_prefix("look at  "));
    assert!(to_do.unwrap_or_default().contains(advice), "`{advice}` is not in: {err}");
    for noise in ["WARN", "ERROR", "died", "frozen"] {
        assert!(!err.contains(noise), "{err}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_says_which_file_to_name() {
    let file = "set CARTLOAD_SHOP_CA_FILE";
    let of = |chain| format!("https://localhost:{}", tls_server::start(chain, None));
    refused(&run_trusting("other_ca.pem", &of("shop.pem")), "UnknownIssuer", file);
    refused(&run(&of("self_signed.pem")), "UnknownIssuer", file);
    let chain = "the server sends no intermediate certificate: give it the whole chain";
    refused(&run(&of("without_its_intermediate.pem")), "UnknownIssuer", chain);
}

#[test]
fn what_the_advice_says_makes_each_of_them_trusted() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let address = shop.base_url().trim_start_matches("http://").parse().unwrap();
    for (chain, ca) in [("chain.pem", "ca.pem"), ("self_signed.pem", "self_signed.pem")] {
        let url = format!("https://localhost:{}", tls_server::start(chain, Some(address)));
        let args = ["run", "--api", &url, "--profile", "practice", "--agents", "4", "--plain"];
        let place = Place::new();
        let quick = ["--cycles", "1", "--warm-up", "off", "--time-scale", "max"];
        let mut command = place.command(&[&args[..], &quick].concat());
        let output = command.env("CARTLOAD_SHOP_CA_FILE", certificate(ca)).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{chain}: {err}");
    }
}

#[test]
fn a_certificate_of_another_name_or_time_says_so() {
    let of = |chain| format!("https://localhost:{}", tls_server::start(chain, None));
    let name = "not valid for name \"localhost\"; certificate is only valid for \
                DnsName(\"elsewhere.example\")";
    refused(&run(&of("elsewhere.pem")), name, "the name that the certificate is for");
    refused(&run(&of("expired.pem")), "certificate expired", "renew the shop's certificate");
    refused(&run(&of("not_yet_valid.pem")), "certificate not valid yet", "clock is behind");
}

#[test]
fn plain_http_at_a_port_that_speaks_tls_says_https() {
    let port = tls_server::start("shop.pem", None);
    let url = format!("http://localhost:{port}");
    refused(&run(&url), "the port speaks TLS", "write https:// in place of http://");
    let Some(edge) = Nginx::start_as(nginx::Setup::before(1)) else { return };
    let url = edge.url().replace("https:", "http:");
    let said = "unexpected status 400: 400 Bad Request The plain HTTP request was sent to HTTPS";
    refused(&run(&url), said, "write https:// in place of http://");
}

#[test]
fn tls_at_a_port_that_speaks_none_says_so() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let url = shop.base_url().replace("http:", "https:");
    refused(&run(&url), "TLS failed", "does not answer in TLS");
}

#[test]
fn a_redirect_says_where_to_and_nothing_that_may_be_secret() {
    for (status, location, said, advice) in [
        (
            301,
            "https://www.shop.example/api/stores",
            "https://www.shop.example/api/stores",
            "begin",
        ),
        (308, "https://u:SEKRET@www.shop.example/?a=SEKRET", "https://www.shop.example/", "begin"),
        (302, "/login?next=SEKRET#SEKRET", "leads to /login", "sign-in page"),
    ] {
        let head = [("location", location), ("content-length", "0")];
        let redirect = bytes(status, &head, b"");
        let server = Scripted::deciding(move |_| Some(Answer::BytesThenClose(redirect.clone())));
        let output = run(&server.url());
        refused(&output, said, advice);
        refused(&output, &format!("unexpected status {status}: redirects are not"), advice);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("SEKRET"), "{output:?}");
        if location.starts_with("https") {
            refused(&output, said, "that address begins: https://www.shop.example");
        }
    }
}

#[test]
fn a_name_that_does_not_resolve_and_a_port_where_nobody_listens_say_what_to_check() {
    refused(&run("https://shop.invalid"), "does not resolve", "`getent hosts NAME`");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("https://localhost:{port}");
    refused(&run(&url), "connection refused", "nobody listens there");
}

#[test]
fn an_address_where_nobody_answers_says_what_may_be_between() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    refused(&run(&url), "no connection in time: the limit is 2 s", "a firewall");
}

#[test]
fn a_file_of_certificates_that_is_none_is_a_setting() {
    let place = Place::new();
    let args = ["run", "--api", "https://localhost:1", "--profile", "practice", "--plain"];
    for file in [certificate("shop.key"), certificate("nothing.pem")] {
        let mut command = place.command(&args);
        let (_, err) = place.expect_of(3, command.env("CARTLOAD_SHOP_CA_FILE", &file));
        assert!(err.contains("ca_file") && err.contains(&file), "{err}");
    }
}
