//! Addresses that are given to the binary: ports that are none, what must not be shown, and the
//! proxy that the environment names.

use std::net::SocketAddr;

use shops::practice_shop::{PracticeConfig, PracticeShop};
use shops::shop_api::profile::Profile;

use crate::support::binary::Place;
use crate::support::tunnel::Tunnel;

const PROXIES: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

#[test]
fn a_user_a_password_and_a_query_of_the_shops_address_are_refused_and_shown_nowhere() {
    for url in [
        "http://me:SEKRET@127.0.0.1:1/x",
        "https://SEKRET@shop.example",
        "http://127.0.0.1:1/?token=SEKRET",
        "http://127.0.0.1:1/#SEKRET",
        "http:/me:SEKRET@h",
        "http://me:SE?K#SEKRET@h",
    ] {
        let place = Place::new();
        std::fs::write(place.path().join("c.ron"), format!("(shop: (api: \"{url}\"))")).unwrap();
        let commands: [&[&str]; 5] = [
            &["run", "--api", url, "--cycles", "1"],
            &["config", "show"],
            &["config", "check", "c.ron"],
            &["run", "--config", "c.ron", "--cycles", "1"],
            &["agents", "describe", "--api", url],
        ];
        for (number, args) in commands.into_iter().enumerate() {
            let mut command = place.command(args);
            if number == 1 {
                command.env("CARTLOAD_API", url);
            }
            let output = command.output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            assert_ne!(output.status.code(), Some(0), "{args:?}: {said}");
            assert!(!said.contains("SEKRET"), "{args:?}: {said}");
        }
        let (_, err) = place.expect(2, &["run", "--api", url, "--cycles", "1"]);
        assert!(err.contains("without user, password, query or fragment"), "{err}");
    }
}

#[test]
fn a_port_that_is_none_is_refused_wherever_an_address_is_given() {
    let place = Place::new();
    for port in ["0", "65536", "99999"] {
        let api = format!("http://127.0.0.1:{port}");
        place.expect(2, &["run", "--api", &api, "--cycles", "1"]);
        let at = format!("127.0.0.1:{port}");
        if port != "0" {
            place.expect(2, &["run", "--serve", &at, "--cycles", "1", "--mock-api"]);
            place.expect(2, &["shop", "--port", port]);
        }
        for (name, value) in [
            ("CARTLOAD_ALERT_WEBHOOK_URL", format!("https://hook.example:{port}/x")),
            ("CARTLOAD_SMTP_URL", format!("smtps://me:pw@mail.example:{port}")),
        ] {
            let mut command = place.command(&["config", "check"]);
            let (_, err) = place.expect_of(3, command.env(name, value));
            assert!(err.contains(name) && !err.contains("pw@"), "{err}");
        }
    }
    for (name, value) in [
        ("CARTLOAD_API", "http://127.0.0.1:65535"),
        ("CARTLOAD_ALERT_WEBHOOK_URL", "https://hook.example:65535/x"),
        ("CARTLOAD_SMTP_URL", "smtps://me:pw@mail.example:1"),
    ] {
        place.expect_of(0, place.command(&["config", "check"]).env(name, value));
    }
    let postgres = "postgres://me@127.0.0.1:99999/x";
    let output = place.run(&["run", "--db", postgres, "--cycles", "1", "--mock-api"]);
    assert_ne!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a start at a shop that is nowhere says, with these variables.
fn start(variables: &[(&str, &str)]) -> String {
    let place = Place::new();
    let args = ["run", "--api", "https://shop.invalid", "--profile", "practice", "--cycles", "1"];
    let mut command = place.command(&args);
    PROXIES.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(if variables.len() > 2 { 3 } else { 5 }));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_proxy_of_the_environment_that_is_not_used_is_said_unless_a_setting_says_so() {
    let proxy = "http://me:SEKRET@proxy.example:3128";
    let said = start(&[("HTTPS_PROXY", proxy)]);
    assert_eq!(said.matches("HTTPS_PROXY names a proxy for the shop: it is not used").count(), 1);
    assert!(said.contains("`shop.proxy`") && !said.contains("SEKRET"), "{said}");
    for quiet in [
        &[("HTTPS_PROXY", proxy), ("CARTLOAD_SHOP_PROXY", "ignore")][..],
        &[("HTTPS_PROXY", proxy), ("NO_PROXY", "invalid")],
        &[("HTTP_PROXY", proxy)],
        &[],
    ] {
        assert!(!start(quiet).contains("names a proxy"), "{quiet:?}");
    }
    let socks = "socks5://me:SEKRET@proxy.example";
    let said = start(&[
        ("ALL_PROXY", socks),
        ("CARTLOAD_SHOP_PROXY", "environment"),
        ("CARTLOAD_MOCK_DB", "true"),
    ]);
    assert!(said.contains("error: ALL_PROXY: only http:// proxies"), "{said}");
    assert!(!said.contains("SEKRET"), "{said}");
}

#[test]
fn a_run_goes_through_the_proxy_where_the_setting_says_so() {
    let shop = PracticeShop::start(PracticeConfig::default()).unwrap();
    let address: SocketAddr = shop.base_url()["http://".len()..].parse().unwrap();
    let tunnel = Tunnel::to(address, "HTTP/1.1 200 OK\r\n\r\n");
    let place = Place::new();
    let text = Profile::builtin_text("practice").unwrap();
    let text = text.replacen("auth: \"dev\",", "auth: \"dev\",\n    allow_plain_http: true,", 1);
    std::fs::write(place.path().join("p.ron"), text).unwrap();
    let args = ["run", "--api", "http://shop.example", "--profile", "./p.ron", "--cycles", "2"];
    let more = ["--agents", "20", "--warm-up", "off", "--time-scale", "max", "--plain"];
    let mut command = place.command(&[&args[..], &more].concat());
    PROXIES.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.env("http_proxy", format!("http://me:SEKRET@{}", tunnel.address()));
    command.env("CARTLOAD_SHOP_PROXY", "environment");
    let (_, err) = place.expect_of(0, &mut command);
    assert!(err.contains("through the proxy that http_proxy names"), "{err}");
    assert!(!err.contains("SEKRET"), "{err}");
    assert!(place.count("shopping_sessions") > 0);
    let asked = tunnel.asked();
    assert!(asked.iter().all(|head| head.starts_with("CONNECT shop.example:80 ")), "{asked:?}");
    assert!(!asked.is_empty());
}
