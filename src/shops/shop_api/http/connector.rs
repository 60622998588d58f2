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

use super::proxy::Proxy;
use super::stream::{ShopStream, Wire};

/// Connects, to the shop or to a tunnel of `proxy`, and, where `tls` is given, shakes hands, each
/// within `limit`; give awc's own limit, which is around all of it, more than three times that.
pub(super) fn connector(
    tls: Option<Arc<rustls::ClientConfig>>,
    proxy: Option<Proxy>,
    limit: Duration,
) -> impl Service<ConnectInfo<Uri>, Response = Connection<Uri, ShopStream>, Error = ConnectError>
+ Clone
+ 'static {
    let tcp = actix_tls::connect::Connector::default().service();
    let tls = tls.map(TlsConnector::from);
    fn_service(move |asked: ConnectInfo<Uri>| {
        let (tcp, tls, proxy) = (tcp.clone(), tls.clone(), proxy.clone());
        async move {
            let uri = asked.request().clone();
            let asked = match &proxy {
                None => asked,
                Some(proxy) => ConnectInfo::new(proxy.address().clone()),
            };
            let connected = timeout(limit, tcp.call(asked)).await.map_err(|_| late())??;
            let (mut socket, _) = connected.into_parts();
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

fn late() -> ConnectError {
    ConnectError::Io(ErrorKind::TimedOut.into())
}
