//! A connection to the shop that is looked at itself: where the name leads, what the handshake came
//! to, what heads of answers say, and who closes an idle connection first. Nothing of it is used by
//! runs; the tokens of nobody are sent.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDateTime};
use httparse::Status;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::head::{HEAD_BYTES_MAX, HEADER_LINES_MAX};
use super::setup::ShopSetup;

/// Bytes of an answer's body that are read to find its end.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What a connection came to.
#[derive(Debug)]
pub struct Line {
    /// Where the name leads, in the order in which it was said.
    pub addresses: Vec<SocketAddr>,
    /// The one that took the connection.
    pub peer: SocketAddr,
    /// From the first packet to a usable connection.
    pub took: Duration,
    /// The protocol's version, where TLS is spoken.
    pub tls: Option<String>,
    host: String,
    wire: Wire,
}

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Interim answers that came before it.
    pub interim: Vec<u16>,
    /// Where it points to, without query.
    pub location: Option<String>,
    /// The server's clock.
    pub date: Option<NaiveDateTime>,
    /// Half of the time it took, as the answer's way back.
    pub half_way: Duration,
    /// `Server`.
    pub server: Option<String>,
    /// Whether the connection may be asked again.
    pub is_kept: bool,
}

/// Where the shop's name leads.
pub async fn addresses(setup: &ShopSetup) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = setup.base_url().host_and_port();
    Ok(lookup_host((host.trim_matches(['[', ']']), port)).await?.collect())
}

impl Line {
    /// Connects to the first address that lets it, each tried no longer than `limit`.
    pub async fn open(setup: &ShopSetup, limit: Duration) -> io::Result<Self> {
        let addresses = addresses(setup).await?;
        let begun = Instant::now();
        let mut last = io::Error::new(ErrorKind::NotFound, "the name leads nowhere");
        let mut connected = None;
        for address in &addresses {
            match timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => {
                    connected = Some((socket, *address));
                    break;
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = ErrorKind::TimedOut.into(),
            }
        }
        let Some((socket, peer)) = connected else { return Err(last) };
        let host = setup.base_url().host_header().to_owned();
        let (wire, tls) = match setup.tls() {
            None => (Wire::Plain(socket), None),
            Some(config) => {
                let (name, _) = setup.base_url().host_and_port();
                let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned());
                let name = name.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
                let shaking = TlsConnector::from(config).connect(name, socket);
                let stream = timeout(limit, shaking).await.map_err(|_| ErrorKind::TimedOut)??;
                let version = stream.get_ref().1.protocol_version();
                let version = version.map(|version| format!("{version:?}").replace('_', "."));
                (Wire::Tls(Box::new(stream)), version)
            }
        };
        Ok(Self { addresses, peer, took: begun.elapsed(), tls, host, wire })
    }

    /// Asks for a path of the shop's origin, with nobody's token.
    pub async fn get(&mut self, path: &str, limit: Duration) -> io::Result<Head> {
        timeout(limit, self.exchange(path)).await.map_err(|_| ErrorKind::TimedOut)?
    }

    /// When the shop closes this connection, which nobody asks any more; `None`: not within
    /// `limit`.
    pub async fn closed_within(mut self, limit: Duration) -> Option<Duration> {
        let begun = Instant::now();
        let mut byte = [0; 1];
        timeout(limit, self.wire.read(&mut byte)).await.ok().map(|_| begun.elapsed())
    }

    async fn exchange(&mut self, path: &str) -> io::Result<Head> {
        let agent = concat!("cartload/", env!("CARGO_PKG_VERSION"));
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: {agent}\r\naccept: */*\r\n\r\n",
            self.host
        );
        let sent = Instant::now();
        self.wire.write_all(request.as_bytes()).await?;
        let (mut bytes, mut interim) = (Vec::new(), Vec::new());
        loop {
            match parse(&bytes)? {
                Some(found) if (100..200).contains(&found.head.status) => {
                    interim.push(found.head.status);
                    bytes.drain(..found.len);
                }
                Some(found) => {
                    let half_way = sent.elapsed() / 2;
                    let rest = bytes.split_off(found.len);
                    let is_whole = self.skip_body(rest, &found).await?;
                    let is_kept = found.head.is_kept && is_whole;
                    return Ok(Head { interim, half_way, is_kept, ..found.head });
                }
                None if bytes.len() > HEAD_BYTES_MAX => {
                    return Err(io::Error::new(ErrorKind::InvalidData, "its head has no end"));
                }
                None => self.more(&mut bytes).await?,
            }
        }
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.wire.read(&mut buffer).await? {
            0 => Err(io::Error::new(ErrorKind::UnexpectedEof, "closed without an answer")),
            read => {
                bytes.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }

    /// Reads past the body; whether the connection stands at the begin of another answer then.
    async fn skip_body(&mut self, mut body: Vec<u8>, found: &Found) -> io::Result<bool> {
        let is_whole = |body: &[u8]| match found.body {
            Length::Of(length) => body.len() >= length,
            Length::Chunks => body.ends_with(b"0\r\n\r\n"),
            Length::Unsaid => false,
        };
        while !is_whole(&body) {
            if body.len() > BODY_BYTES_MAX || matches!(found.body, Length::Unsaid) {
                return Ok(false);
            }
            self.more(&mut body).await?;
        }
        Ok(true)
    }
}

impl Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Of(usize),
    Chunks,
    Unsaid,
}

struct Found {
    head: Head,
    body: Length,
    /// Bytes of the head.
    len: usize,
}

/// The head at the start of `bytes`, once it is whole.
fn parse(bytes: &[u8]) -> io::Result<Option<Found>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LINES_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let broken = |error| io::Error::new(ErrorKind::InvalidData, format!("no HTTP: {error}"));
    let Status::Complete(len) = head.parse(bytes).map_err(broken)? else { return Ok(None) };
    let value = |name: &str| {
        let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
    };
    let status = head.code.unwrap_or(0);
    let body = match (status, value("transfer-encoding"), value("content-length")) {
        (100..=199 | 204 | 304, ..) => Length::Of(0),
        (_, Some(_), _) => Length::Chunks,
        (_, None, Some(length)) => length.parse().map_or(Length::Unsaid, Length::Of),
        (_, None, None) => Length::Unsaid,
    };
    let says = |word: &str| value("connection").is_some_and(|v| v.eq_ignore_ascii_case(word));
    let is_kept = match head.version {
        Some(1) => !says("close"),
        _ => says("keep-alive"),
    };
    let date = value("date").and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
    let location = value("location");
    let head = Head {
        status,
        interim: Vec::new(),
        location: location.map(|to| to.split(['?', '#']).next().unwrap_or_default().to_owned()),
        date: date.map(|date| date.naive_utc()),
        half_way: Duration::ZERO,
        server: value("server"),
        is_kept,
    };
    Ok(Some(Found { head, body, len }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_its_body_ends_and_whether_the_connection_stays() {
        let of = |text: &str| parse(text.as_bytes()).unwrap().unwrap();
        let redirect = "HTTP/1.1 308 P\r\nLocation: https://a.example/x?key=1\r\n\
                        Connection: close\r\nDate: Mon, 30 Nov 2026 10:00:00 GMT\r\n\
                        Content-Length: 3\r\n\r\nabc";
        let found = of(redirect);
        assert_eq!(found.head.location.as_deref(), Some("https://a.example/x"));
        assert_eq!(
            (found.head.status, found.head.is_kept, found.body),
            (308, false, Length::Of(3))
        );
        assert_eq!(found.head.date.unwrap().to_string(), "2026-11-30 10:00:00");
        assert_eq!(
            of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").body,
            Length::Chunks
        );
        assert_eq!(of("HTTP/1.1 200 OK\r\n\r\n").body, Length::Unsaid);
        assert_eq!(of("HTTP/1.1 204 N\r\n\r\n").body, Length::Of(0));
        assert!(!of("HTTP/1.0 200 OK\r\n\r\n").head.is_kept);
        assert!(of("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").head.is_kept);
        assert!(parse(b"HTTP/1.1 200").unwrap().is_none());
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
