//! TLS: a server that is trusted, one that is not, one that speaks none, one that stalls.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

use actors::ports::shop_api::{ApiErrorKind, ShopCall, ShopReply};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{Way, profile, way_with};
use crate::support::scripted_server::{Answer, Scripted, bytes, read_request};

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shop_api/tls");

fn https_way(port: u16, ca: &str) -> Way {
    let url = format!("https://localhost:{port}");
    let ca_file = format!("{CERTIFICATES}/{ca}");
    way_with(profile(), &url, Default::default(), Some(&ca_file))
}

/// Answers one request over TLS with an empty cart; the port.
fn tls_server() -> u16 {
    tls_server_of(&[b"http/1.1"]).0
}

/// As [`tls_server`], at one that speaks these protocols; the port, and which was agreed upon.
fn tls_server_of(protocols: &[&[u8]]) -> (u16, mpsc::Receiver<Option<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let certificate = CertificateDer::from_pem_file(format!("{CERTIFICATES}/leaf.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{CERTIFICATES}/leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let (agreed, agreement) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::Stream::new(&mut connection, &mut tcp);
        if read_request(&mut stream).is_some() {
            let body = br#"{"items":[]}"#;
            stream.write_all(&bytes(200, &[("content-length", "12")], body)).unwrap();
            stream.flush().unwrap();
            let _ = agreed.send(connection.alpn_protocol().map(<[u8]>::to_vec));
        }
    });
    (port, agreement)
}

#[actix::test]
async fn http_1_1_is_all_that_is_offered_also_where_the_shop_would_rather_speak_http_2() {
    let (port, agreed) = tls_server_of(&[b"h2", b"http/1.1"]);
    let way = https_way(port, "ca.pem");
    assert_eq!(way.reply(ShopCall::ReadCart).await, ShopReply::Cart { items: 0 });
    assert_eq!(agreed.recv().unwrap().as_deref(), Some(&b"http/1.1"[..]));
    // A server that speaks nothing else is not spoken to.
    let (port, _) = tls_server_of(&[b"h2"]);
    assert_eq!(https_way(port, "ca.pem").kind(ShopCall::ReadCart).await, ApiErrorKind::Tls);
}

#[actix::test]
async fn a_server_vouched_for_by_the_ca_file_is_trusted() {
    let way = https_way(tls_server(), "ca.pem");
    assert_eq!(way.reply(ShopCall::ReadCart).await, ShopReply::Cart { items: 0 });
}

#[actix::test]
async fn a_server_that_nobody_vouches_for_is_not() {
    let error = https_way(tls_server(), "other_ca.pem").call(ShopCall::ReadCart).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Tls, "{error}");
    assert!(error.doubt().is_some());
}

#[actix::test]
async fn a_server_without_tls_is_a_failure_of_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        let _ = std::io::Read::read(&mut tcp, &mut [0; 4096]);
    });
    let kind = https_way(port, "ca.pem").kind(ShopCall::ReadCart).await;
    assert_eq!(kind, ApiErrorKind::Tls);
}

#[actix::test]
async fn a_handshake_that_stalls_ends_at_the_limit_for_connecting() {
    let server = Scripted::once(Answer::BytesThenSilence(Vec::new()));
    let error = https_way(server.port(), "ca.pem").call(ShopCall::ReadCart).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::ConnectTimeout, "{error}");
    assert!(error.is_provably_unsent() && error.sent_at.is_none());
}
