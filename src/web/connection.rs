//! A connection that cannot be made to hold more than its bound: requests are handed on one at a
//! time, none while an answer is not taken, and a peer that takes nothing is hung up on.
//!
//! actix reads and answers whatever has come, pipelined, and keeps what cannot be sent in memory: a
//! peer that asks and never reads would have it all.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::places::Place;

/// A peer that takes nothing of an answer for so long is hung up on; above the 15 s after which a
/// stream of events says something.
pub const STALL_MAX: Duration = Duration::from_secs(30);
/// Bytes that may come without an answer to any of them: above any request of the page, head and
/// body, and of a scraper behind proxies.
pub const UNANSWERED_MAX: usize = 32 * 1024;
/// Bytes read at once.
const CHUNK: usize = 4 * 1024;
/// What ends the head of a request.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A connection under its bounds.
pub struct Bounded<T> {
    io: T,
    place: Place,
    /// Read and not yet handed on: at most [`CHUNK`].
    held: Vec<u8>,
    /// Of `held`: handed on.
    given: usize,
    /// A part was handed on, and others have their turn before the next one.
    has_given: bool,
    /// Bytes handed on since the last one of an answer.
    unanswered: usize,
    /// An answer is waiting to be taken; the end of patience with it.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Nothing was read meanwhile.
    owes_read: bool,
}

impl<T> Bounded<T> {
    /// Around a connection that has a place.
    pub fn new(io: T, place: Place) -> Self {
        Self {
            io,
            place,
            held: Vec::new(),
            given: 0,
            has_given: false,
            unanswered: 0,
            stalled: None,
            owes_read: false,
        }
    }

    /// The part of what is held that one request's head ends, or all of it.
    fn part(&self) -> &[u8] {
        let rest = &self.held[self.given..];
        let end = rest.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END);
        &rest[..end.map_or(rest.len(), |at| at + HEAD_END.len())]
    }

    fn lost(&self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.place.is_kept(cx) {
            true => Ok(()),
            false => Err(io::Error::other("another connection has its place")),
        }
    }
}

impl<T: AsyncRead + Unpin> Bounded<T> {
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.held.resize(CHUNK, 0);
        let mut buffer = ReadBuf::new(&mut self.held);
        let read = Pin::new(&mut self.io).poll_read(cx, &mut buffer);
        let length = buffer.filled().len();
        self.held.truncate(if read.is_ready() { length } else { 0 });
        self.given = 0;
        read
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Bounded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.lost(cx)?;
        if self.stalled.is_some() {
            // Woken when the answer is taken.
            self.owes_read = true;
            return Poll::Pending;
        }
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.given == self.held.len() {
            ready!(self.poll_fill(cx))?;
        }
        let part = self.part();
        let length = part.len().min(out.remaining());
        out.put_slice(&part[..length]);
        self.given += length;
        self.unanswered += length;
        self.has_given = length > 0;
        if self.unanswered > UNANSWERED_MAX {
            return Poll::Ready(Err(io::Error::other("more than any request is long")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Bounded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lost(cx)?;
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.stalled = None;
                if std::mem::take(&mut self.owes_read) {
                    cx.waker().wake_by_ref();
                }
                if matches!(written, Ok(1..)) {
                    self.unanswered = 0;
                    self.place.answered();
                }
                Poll::Ready(written)
            }
            Poll::Pending => {
                let patience = || Box::pin(tokio::time::sleep_until(Instant::now() + STALL_MAX));
                ready!(self.stalled.get_or_insert_with(patience).as_mut().poll(cx));
                tracing::debug!("a peer of the page took nothing for 30 s");
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::web::places::Places;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    fn connected(room: usize) -> (Bounded<DuplexStream>, DuplexStream) {
        tokio::time::pause();
        let (ours, theirs) = duplex(room);
        (Bounded::new(ours, Places::new(8).take()), theirs)
    }

    #[tokio::test]
    async fn requests_that_came_together_are_handed_on_one_by_one() {
        let (mut ours, mut theirs) = connected(4_096);
        theirs.write_all(&REQUEST.repeat(3)).await.unwrap();
        for _ in 0..3 {
            let mut buffer = [0; 4_096];
            let read = ours.read(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..read], REQUEST);
        }
    }

    #[tokio::test]
    async fn nothing_is_read_while_an_answer_is_not_taken_and_all_of_it_afterwards() {
        let (mut ours, mut theirs) = connected(64);
        theirs.write_all(REQUEST).await.unwrap();
        let (mut asked, answer, begin) = ([0; 64], [b'a'; 200], Instant::now());
        let read = ours.read(&mut asked).await.unwrap();
        theirs.write_all(REQUEST).await.unwrap();
        let writing = async {
            let (mut half, mut writer) = tokio::io::split(ours);
            let second = async {
                let read = half.read(&mut asked).await.unwrap();
                (read, begin.elapsed().as_secs())
            };
            let (second, written) = tokio::join!(second, writer.write_all(&answer));
            written.unwrap();
            second
        };
        let taking = async {
            tokio::time::sleep(STALL_MAX - Duration::from_secs(1)).await;
            let mut taken = [0; 200];
            theirs.read_exact(&mut taken).await.unwrap();
        };
        let (second, ()) = tokio::join!(writing, taking);
        assert_eq!((read, second), (REQUEST.len(), (REQUEST.len(), STALL_MAX.as_secs() - 1)));
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_hung_up_on_after_its_time_and_not_before() {
        let (mut ours, _theirs) = connected(64);
        let begin = Instant::now();
        let error = ours.write_all(&[b'a'; 65]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed().as_secs(), STALL_MAX.as_secs());
    }

    #[tokio::test]
    async fn a_peer_that_takes_a_byte_in_time_is_not_hung_up_on() {
        let (mut ours, mut theirs) = connected(64);
        let taking = async {
            for _ in 0..3 {
                tokio::time::sleep(STALL_MAX - Duration::from_secs(1)).await;
                theirs.read_u8().await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(ours.write_all(&[b'a'; 67]), taking);
        written.unwrap();
    }

    #[tokio::test]
    async fn as_much_as_a_request_may_have_passes_unanswered_and_one_byte_more_does_not() {
        let (mut ours, mut theirs) = connected(UNANSWERED_MAX + 1);
        theirs.write_all(&vec![b'h'; UNANSWERED_MAX]).await.unwrap();
        let mut head = vec![0; UNANSWERED_MAX];
        ours.read_exact(&mut head).await.unwrap();
        theirs.write_all(b"h").await.unwrap();
        ours.read(&mut head).await.unwrap_err();
    }

    #[tokio::test]
    async fn what_is_answered_does_not_count() {
        let (mut ours, mut theirs) = connected(UNANSWERED_MAX);
        for _ in 0..2 {
            theirs.write_all(&vec![b'h'; UNANSWERED_MAX]).await.unwrap();
            ours.read_exact(&mut vec![0; UNANSWERED_MAX]).await.unwrap();
            ours.write_all(b"a").await.unwrap();
        }
    }
}
