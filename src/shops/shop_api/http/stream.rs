//! One connection to the shop, under awc's codec and over TLS. awc takes an interim answer (1xx)
//! for the answer and pools the connection, whose next answer then goes to another call: so interim
//! heads are taken out here, and a connection that must not be asked again fails the pool's check.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_rt::net::{ActixStream, Ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::head::{Final, HEAD_BYTES_MAX, HEADER_LINES_MAX, Look, look};

/// Interim answers before the answer, at most.
const INTERIM_HEADS_MAX: u32 = 10;
/// Bytes of them, at most.
const INTERIM_BYTES_MAX: usize = 64 * 1024;
/// awc's pool checks with a read into 2 bytes; its codec reads into 1 KiB at least.
const CHECK_BYTES: usize = 16;
/// A request in one TLS record arrives whole or not at all.
const RECORD_BYTES: usize = 16 * 1024;

/// What went wrong on a connection, inside the `io::Error` that awc hands on.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamFault {
    /// Not one byte of the request was taken.
    #[error("nothing was sent: {0}")]
    Unsent(io::Error),
    /// The shop had closed it as idle.
    #[error("408 on a connection that was asked before: the shop had closed it as idle")]
    Stale,
    /// More header lines than are read.
    #[error("its head has more than {HEADER_LINES_MAX} lines")]
    TooManyLines,
    /// More bytes before the body than are read.
    #[error("its head has more than {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    /// More interim answers than are waited through.
    #[error(
        "more than {INTERIM_HEADS_MAX} interim answers (1xx), or {INTERIM_BYTES_MAX} bytes of them"
    )]
    TooManyInterims,
    /// 101, unasked.
    #[error("101: the shop goes on in another protocol, which nobody asked for")]
    OtherProtocol,
    /// Plain HTTP was asked of a port that speaks TLS.
    #[error("the port speaks TLS, and was asked in plain HTTP")]
    SpeaksTls,
}

impl From<StreamFault> for io::Error {
    fn from(fault: StreamFault) -> Self {
        let kind = match &fault {
            StreamFault::Unsent(cause) => cause.kind(),
            StreamFault::Stale => ErrorKind::ConnectionAborted,
            StreamFault::TooManyLines
            | StreamFault::HeadTooLong
            | StreamFault::TooManyInterims
            | StreamFault::OtherProtocol
            | StreamFault::SpeaksTls => ErrorKind::InvalidData,
        };
        Self::new(kind, fault)
    }
}

/// What the bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + std::fmt::Debug {
    /// The socket.
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Nothing is asked yet, or the body of an answer goes through, or the connection is idle.
    Body,
    /// A request goes out, or the head of its answer is awaited.
    Head,
    /// What is held goes to the codec.
    Handing,
}

/// A connection.
#[derive(Debug)]
pub(super) struct ShopStream {
    wire: Box<dyn Wire>,
    phase: Phase,
    /// Of heads; at most [`HEAD_BYTES_MAX`] and one read.
    held: Vec<u8>,
    interim_heads: u32,
    interim_bytes: usize,
    /// Bytes of this request that the wire has taken.
    taken: usize,
    /// Bytes of the answer still to come, where it said so.
    left: Option<u64>,
    is_reused: bool,
    /// Not to be asked again.
    is_spent: bool,
}

impl ShopStream {
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        Self {
            wire,
            phase: Phase::Body,
            held: Vec::new(),
            interim_heads: 0,
            interim_bytes: 0,
            taken: 0,
            left: None,
            is_reused: false,
            is_spent: false,
        }
    }

    fn begin_request(&mut self) {
        self.is_reused = self.taken > 0;
        self.phase = Phase::Head;
        (self.interim_heads, self.interim_bytes) = (0, 0);
        (self.taken, self.left) = (0, None);
    }

    fn poll_wire(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buf))?;
        Poll::Ready(Ok(buf.filled().len() - before))
    }

    /// The pool's check. tokio knows what its last turn saw, so the kernel is asked.
    fn poll_check(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let peeked = socket2::SockRef::from(self.wire.tcp()).peek(&mut [MaybeUninit::uninit()]);
        let is_quiet = matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock);
        if self.is_spent || !is_quiet {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        // What TLS has unpacked already.
        self.poll_wire(cx, buf).map_ok(|_| ())
    }

    fn settle(&mut self, head: &Final, available: usize) {
        self.left = head.left;
        self.is_spent |= !head.is_kept;
        self.count_body(available - head.len);
    }

    /// Bytes of a body went through; more than the answer has are nobody's.
    fn count_body(&mut self, bytes: usize) {
        if let Some(left) = &mut self.left {
            self.is_spent |= bytes as u64 > *left;
            *left = left.saturating_sub(bytes as u64);
        }
    }

    /// Takes interim heads out of what is held, up to the head of the answer.
    fn strip(&mut self) -> Result<(), StreamFault> {
        while !self.held.is_empty() {
            match look(&self.held, self.is_reused) {
                Look::Partial if self.held.len() < HEAD_BYTES_MAX => break,
                Look::Partial => return Err(StreamFault::HeadTooLong),
                Look::Interim(len) => self.skip(len)?,
                Look::Final(head) => {
                    self.show(&head);
                    self.settle(&head, self.held.len());
                    self.phase = Phase::Handing;
                    break;
                }
                Look::Unreadable => {
                    (self.is_spent, self.phase) = (true, Phase::Handing);
                    break;
                }
                Look::TooManyLines => return Err(StreamFault::TooManyLines),
                Look::OtherProtocol => return Err(StreamFault::OtherProtocol),
                Look::Tls => return Err(StreamFault::SpeaksTls),
                Look::Idle => return Err(StreamFault::Stale),
            }
        }
        Ok(())
    }

    fn skip(&mut self, len: usize) -> Result<(), StreamFault> {
        self.interim_heads += 1;
        self.interim_bytes += len;
        if self.interim_heads > INTERIM_HEADS_MAX || self.interim_bytes > INTERIM_BYTES_MAX {
            return Err(StreamFault::TooManyInterims);
        }
        self.held.drain(..len);
        Ok(())
    }

    /// Writes the version that the codec must see into the status line: `HTTP/1.x`.
    fn show(&mut self, head: &Final) {
        let start = self.held.iter().position(|byte| *byte == b'H');
        if let (Some(digit), Some(start)) = (head.show_as, start) {
            self.held[start + b"HTTP/1.".len()] = digit;
        }
    }

    fn hand(&mut self, buf: &mut ReadBuf<'_>) {
        let bytes = self.held.len().min(buf.remaining());
        buf.put_slice(&self.held[..bytes]);
        self.held.drain(..bytes);
        if self.held.is_empty() {
            self.phase = Phase::Body;
        }
    }

    /// Reads on in a head; whether `buf` is for the codec.
    fn poll_head(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = buf.filled().len();
        let bytes = ready!(self.poll_wire(cx, buf))?;
        // The common case, the head of the answer at once: nothing is copied.
        if self.held.is_empty()
            && bytes > 0
            && let Look::Final(head @ Final { show_as: None, .. }) =
                look(&buf.filled()[before..], self.is_reused)
        {
            self.phase = Phase::Body;
            self.settle(&head, bytes);
            return Poll::Ready(Ok(true));
        }
        self.held.extend_from_slice(&buf.filled()[before..]);
        buf.set_filled(before);
        if bytes == 0 {
            // The end in place of an answer: what is held, then the end, go to the codec.
            (self.is_spent, self.phase) = (true, Phase::Handing);
        } else if let Err(fault) = self.strip() {
            self.is_spent = true;
            return Poll::Ready(Err(fault.into()));
        }
        Poll::Ready(Ok(false))
    }
}

impl AsyncRead for ShopStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.phase {
                Phase::Body if buf.remaining() < CHECK_BYTES => return this.poll_check(cx, buf),
                Phase::Body => {
                    let bytes = ready!(this.poll_wire(cx, buf))?;
                    this.count_body(bytes);
                    return Poll::Ready(Ok(()));
                }
                Phase::Handing => {
                    this.hand(buf);
                    return Poll::Ready(Ok(()));
                }
                Phase::Head => {
                    if ready!(this.poll_head(cx, buf))? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl AsyncWrite for ShopStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.phase == Phase::Body {
            this.begin_request();
        }
        match ready!(Pin::new(&mut this.wire).poll_write(cx, bytes)) {
            Ok(taken) => {
                this.taken += taken;
                Poll::Ready(Ok(taken))
            }
            Err(error) if this.taken == 0 && bytes.len() <= RECORD_BYTES => {
                Poll::Ready(Err(StreamFault::Unsent(error).into()))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// Asked for by awc's connector, called by nobody.
impl ActixStream for ShopStream {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(self.wire.tcp(), cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(self.wire.tcp(), cx)
    }
}
