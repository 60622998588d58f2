//! The TCP connection to a host. Its name is resolved anew for each, so a name that moves is
//! followed; its addresses are tried beside each other, so one that is dead costs a moment and not
//! the whole limit.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use actix_tls::connect::ConnectError;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an address is tried alone before the next one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried, at most.
const ADDRESSES_MAX: usize = 16;

/// Resolves and connects, each within `limit`. Brackets around an address are taken off.
pub(super) async fn dial(
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    let host = host.trim_matches(['[', ']']);
    let found = timeout(limit, tokio::net::lookup_host((host, port))).await;
    let found = found.unwrap_or_else(|_| {
        let late = format!("no answer from DNS within {} s", limit.as_secs_f64());
        Err(io::Error::new(ErrorKind::TimedOut, late))
    });
    let addresses = found.map_err(|error| ConnectError::Resolver(Box::new(error)))?;
    let addresses = in_turn(addresses.collect());
    if addresses.is_empty() {
        return Err(ConnectError::NoRecords);
    }
    let connected = timeout(limit, first_of(addresses)).await;
    connected.map_err(|_| late())?.map_err(ConnectError::Io)
}

/// Our limit was met; classify.rs tells it from the system's.
pub(super) fn late() -> ConnectError {
    ConnectError::Io(ErrorKind::TimedOut.into())
}

/// The two families by turns, or eight dead addresses of one would use the limit up.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    while first.len() + second.len() > 0 && mixed.len() < ADDRESSES_MAX {
        mixed.extend(first.next());
        mixed.extend(second.next());
    }
    mixed
}

/// The first connection that there is; else why the first address that failed did.
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut failed = None;
    loop {
        match waiting.next() {
            Some(address) => trying.push(TcpStream::connect(address)),
            None if trying.is_empty() => {
                return Err(failed.unwrap_or_else(|| ErrorKind::AddrNotAvailable.into()));
            }
            None => {}
        }
        match timeout(HEAD_START, trying.next()).await {
            Ok(Some(Ok(socket))) => return Ok(socket),
            Ok(Some(Err(error))) => failed = failed.or(Some(error)),
            Ok(None) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// A listener whose queue is full: the next who connects hears nothing, as of a dead host.
    fn deaf() -> (SocketAddr, Vec<socket2::Socket>) {
        let socket = |_| socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let listener = socket(()).unwrap();
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = vec![listener];
        for _ in 0..8 {
            let client = socket(()).unwrap();
            client.set_nonblocking(true).unwrap();
            // Under way, which is all that is wanted.
            let _ = client.connect(&address);
            held.push(client);
        }
        (address.as_socket().unwrap(), held)
    }

    #[test]
    fn the_families_take_turns_from_the_one_that_the_system_puts_first() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let mixed = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(in_turn(found), mixed);
        assert!(in_turn(addresses(&["1.1.1.1:1"; 40])).len() <= ADDRESSES_MAX);
        assert!(in_turn(Vec::new()).is_empty());
    }

    #[actix_rt::test]
    async fn a_dead_first_address_costs_a_moment_and_not_the_limit() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let alive = server.local_addr().unwrap();
        let (dead, _held) = deaf();
        let began = Instant::now();
        let socket = first_of(vec![dead, alive]).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), alive);
        assert!(began.elapsed() >= HEAD_START, "the first address was not dead");
        let refused: SocketAddr = "127.0.0.1:1".parse().unwrap();
        assert_eq!(first_of(vec![refused, alive]).await.unwrap().peer_addr().unwrap(), alive);
        let error = first_of(vec![refused, refused]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[actix_rt::test]
    async fn where_all_are_dead_the_limit_ends_it_and_it_is_ours() {
        let (dead, _held) = deaf();
        let error = dial("127.0.0.1", dead.port(), Duration::from_millis(100)).await.unwrap_err();
        let ConnectError::Io(error) = error else { panic!("{error:?}") };
        assert_eq!((error.kind(), error.raw_os_error()), (ErrorKind::TimedOut, None));
    }
}
