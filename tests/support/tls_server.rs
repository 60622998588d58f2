//! A server that shakes hands with a certificate of tests/support/tls, passes what it is asked in
//! plain to a shop, and back; for what no nginx is needed for.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::nginx::certificate;

/// Answers over TLS whatever comes over a connection with what `shop` answers in plain to the first
/// read of it, then ends; the port. Lives as long as the process.
pub fn start(chain: &str, shop: Option<SocketAddr>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = config(chain);
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || serve(config, tcp, shop));
        }
    });
    port
}

fn config(chain: &str) -> Arc<rustls::ServerConfig> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate(chain)).unwrap().collect();
    let key = PrivateKeyDer::from_pem_file(certificate("shop.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key);
    Arc::new(config.unwrap())
}

fn serve(config: Arc<rustls::ServerConfig>, mut tcp: TcpStream, shop: Option<SocketAddr>) {
    let mut connection = rustls::ServerConnection::new(config).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut tcp);
    let mut asked = [0; 16 * 1024];
    // One that does not trust us says so and goes; one that speaks no TLS hears an alert.
    let Ok(bytes) = stream.read(&mut asked) else {
        let _ = connection.write_tls(&mut tcp);
        let _ = tcp.shutdown(Shutdown::Write);
        return;
    };
    let Some(shop) = shop.filter(|_| bytes > 0) else { return };
    let mut behind = TcpStream::connect(shop).unwrap();
    behind.write_all(&asked[..bytes]).unwrap();
    behind.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    if behind.read_to_end(&mut answer).is_ok() {
        let _ = stream.write_all(&answer);
        connection.send_close_notify();
        let _ = connection.write_tls(&mut tcp);
    }
}
