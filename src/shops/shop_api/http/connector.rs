//! awc's way to the shop. The address given to awc is `http://HOST:PORT` also where TLS is spoken:
//! at `https` awc would put TLS of its own over this stream. Whether TLS is spoken hangs on `tls`
//! alone, so both come from one base URL.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use actix_service::{Service, fn_service};
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::dial::{dial, late};
use super::proxy::Proxy;
use super::stream::{ShopStream, Wire};

/// Resolves and connects, to the shop or to a tunnel of `proxy`, and, where `tls` is given, shakes
/// hands, each within `limit`; give awc's own limit, which is around all of it, more than four
/// times that.
pub(super) fn connector(
    tls: Option<Arc<rustls::ClientConfig>>,
    proxy: Option<Proxy>,
    limit: Duration,
) -> impl Service<ConnectInfo<Uri>, Response = Connection<Uri, ShopStream>, Error = ConnectError>
+ Clone
+ 'static {
    let tls = tls.map(TlsConnector::from);
    fn_service(move |asked: ConnectInfo<Uri>| {
        let (tls, proxy) = (tls.clone(), proxy.clone());
        async move {
            let uri = asked.request().clone();
            let to = proxy.as_ref().map_or(&uri, Proxy::address);
            // base_url.rs and proxy.rs write every port out.
            let port = to.port_u16().unwrap_or(0);
            let mut socket = dial(to.host().unwrap_or_default(), port, limit).await?;
            if let Some(proxy) = proxy {
                let tunnel = timeout(limit, proxy.tunnel(&mut socket, &uri)).await;
                tunnel.map_err(|_| late())?.map_err(ConnectError::Io)?;
            }
            let wire: Box<dyn Wire> = match tls {
                None => Box::new(socket),
                Some(tls) => shake_hands(&tls, &uri, socket, limit).await?,
            };
            Ok(Connection::new(uri, ShopStream::new(wire)))
        }
    })
}

async fn shake_hands(
    tls: &TlsConnector,
    uri: &Uri,
    socket: TcpStream,
    limit: Duration,
) -> Result<Box<dyn Wire>, ConnectError> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    // Never `ConnectError::InvalidInput`: awc panics on it.
    let name = ServerName::try_from(host)
        .map_err(|error| ConnectError::Io(io::Error::new(ErrorKind::InvalidData, error)))?;
    let handshake = timeout(limit, tls.connect(name, socket)).await.map_err(|_| late())?;
    Ok(Box::new(handshake.map_err(ConnectError::Io)?))
}
