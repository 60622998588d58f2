//! The way through a proxy that the environment names: a tunnel for each connection, in which all
//! is as without one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use actors::domain::ids::SessionId;
use actors::domain::permit::Permit;
use actors::ports::shop_api::{ApiErrorKind, ShopReply, ShopRequest};
use shops::shop_api::http::proxy::{Named, Proxy};
use shops::shop_api::http::{Credentials, ShopOptions, factory_through};

use super::{caller, profile};
use crate::support::scripted_server::{Scripted, json};
use crate::support::tunnel::Tunnel;

const OPEN: &str = "HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n";
const PAGE: &str = r#"{"products":[],"total":0}"#;

fn proxy(at: SocketAddr) -> Proxy {
    let value = format!("http://me:p%40ss@{at}");
    let named =
        Named::of("http://shop.example", &|name| (name == "http_proxy").then(|| value.clone()));
    Proxy::try_from(&named.unwrap()).unwrap()
}

/// One call to `shop` through `proxy`.
async fn call(shop: &str, proxy: Proxy) -> Result<ShopReply, ApiErrorKind> {
    let options = ShopOptions { base_url: Some(shop.to_owned()), auth: None, ca_file: None };
    let sent = Arc::new(|_: Instant| {});
    let profile = Arc::new(profile());
    let factory =
        factory_through(Some(proxy), profile, &options, Credentials::default(), sent).unwrap();
    let request = ShopRequest::new(Some(caller()), super::list());
    let permit = Permit::unlimited(Instant::now());
    let answered = factory(SessionId(0)).call(permit, request).await;
    answered.map(|answered| answered.reply).map_err(|error| {
        assert!(!error.to_string().contains("p@ss"), "{error}");
        error.kind
    })
}

#[actix::test]
async fn a_call_goes_through_a_tunnel_with_the_proxys_user() {
    let shop = Scripted::deciding(|_| Some(json(200, PAGE)));
    let tunnel = Tunnel::to(SocketAddr::from(([127, 0, 0, 1], shop.port())), OPEN);
    let reply = call(&shop.url(), proxy(tunnel.address())).await.unwrap();
    assert!(matches!(reply, ShopReply::Products { came: 0, .. }));
    let asked = tunnel.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", shop.port())));
    assert!(asked[0].contains("\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n"), "{}", asked[0]);
    let requests = shop.requests();
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].to_lowercase().contains("proxy-authorization"), "the shop is not told");
}

#[actix::test]
async fn a_proxy_that_opens_no_tunnel_is_a_refused_connection_and_nothing_was_sent() {
    let shop = Scripted::deciding(|_| Some(json(200, PAGE)));
    let at = SocketAddr::from(([127, 0, 0, 1], shop.port()));
    for answer in [
        "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "",
        "SSH-2.0-x\r\n\r\n",
    ] {
        let tunnel = Tunnel::to(at, answer);
        let kind = call(&shop.url(), proxy(tunnel.address())).await.unwrap_err();
        assert_eq!(kind, ApiErrorKind::ConnectRefused, "{answer}");
    }
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(call(&shop.url(), proxy(nobody)).await, Err(ApiErrorKind::ConnectRefused));
    assert_eq!(shop.requests().len(), 0);
}
