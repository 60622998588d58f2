//! The socket's side of the run: takes clients in, reads lines, answers them.
//!
//! Each client has a task, and they share nothing but the desk: what one sends, however long or
//! wrong, costs nobody else anything. Clients, lines and waits are bounded.

use std::future::Future;
use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::desk::aside;
use super::place::Place;
use super::wire::{Answer, Ask, Error, ErrorKind, Reply, Request};
use super::{CLIENTS_MAX, ControlError, Desk, IDLE_MAX, LINE_BYTES_MAX, WATCH_INTERVAL, WRITE_MAX};
use crate::data_dir::DataDir;

type Lines = Framed<UnixStream, LinesCodec>;

/// An open control socket; it disappears with [`ControlSocket::close`], or when dropped.
pub struct ControlSocket {
    /// Removes the files when it is dropped.
    place: Place,
    /// Tells all tasks to end when it is dropped.
    ending: DropGuard,
    tasks: TaskTracker,
}

impl ControlSocket {
    /// Opens the socket of `data`, in the actix system around the caller.
    pub fn open(data: &DataDir, desk: Desk) -> Result<Self, ControlError> {
        let place = Place::free(data.path())?;
        let io_error = |cause| ControlError::Io { socket: place.bound().to_path_buf(), cause };
        let listener = UnixListener::bind(place.bound()).map_err(io_error)?;
        place.settle()?;
        let (ending, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accept = accept(listener, desk, ending.clone(), tasks.clone());
        tasks.spawn_local(accept);
        Ok(Self { place, ending: ending.drop_guard(), tasks })
    }

    /// Tells who watches that the run has ended, and removes the socket.
    pub async fn close(self) {
        let Self { place, ending, tasks } = self;
        drop(place);
        drop(ending);
        tasks.close();
        if timeout(WRITE_MAX, tasks.wait()).await.is_err() {
            tracing::debug!("a client of the control socket takes nothing");
        }
    }
}

async fn accept(listener: UnixListener, desk: Desk, ending: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let accepted = tokio::select! {
            () = ending.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, for example: others must get their turn meanwhile.
                tracing::warn!(%error, "a client of the control socket was lost");
                sleep(WATCH_INTERVAL).await;
                continue;
            }
        };
        if !is_same_user(&stream) {
            tracing::warn!("a client of another user was turned away from the control socket");
            continue;
        }
        let lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let client = Client { lines, desk: desk.clone(), ending: ending.clone() };
                tasks.spawn_local(async move {
                    client.serve().await;
                    drop(place);
                });
            }
            Err(_) => {
                tasks.spawn_local(turn_away(lines));
            }
        }
    }
}

/// The folder is closed to others; this holds where somebody has opened it.
fn is_same_user(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own)
}

async fn turn_away(mut lines: Lines) {
    let message = format!("{CLIENTS_MAX} clients are connected already: try again later");
    // It may have gone away.
    let _ = send(&mut lines, Err(Error::new(ErrorKind::Busy, message))).await;
}

/// One client.
struct Client {
    lines: Lines,
    desk: Desk,
    ending: CancellationToken,
}

/// A client is through: it left, does not read, or was sent away.
struct Left;

impl Client {
    async fn serve(mut self) {
        // Whatever ends it, nobody waits for the reason.
        let _: Result<(), Left> = self.talk().await;
    }

    async fn talk(&mut self) -> Result<(), Left> {
        let mut early = None;
        loop {
            let line = match early.take() {
                Some(line) => line,
                None => self.read().await?,
            };
            match aside(move || Request::parse(&line)).await.flatten() {
                Err(error) => send(&mut self.lines, Err(error)).await?,
                Ok(Request { ask: Ask::Watch, .. }) => return self.watch().await,
                Ok(Request { ask, .. }) => {
                    let desk = self.desk.clone();
                    let outcome = self.meanwhile(desk.serve(ask), &mut early).await?;
                    send(&mut self.lines, outcome).await?;
                }
            }
        }
    }

    /// A whole line; a client that is silent or sends nonsense without end is told and sent away.
    async fn read(&mut self) -> Result<String, Left> {
        let line = tokio::select! {
            () = self.ending.cancelled() => {
                return self.part(Error::new(ErrorKind::Ended, "the run has ended")).await;
            }
            line = timeout(IDLE_MAX, self.lines.next()) => line,
        };
        match line {
            Ok(line) => self.whole(line).await,
            Err(_) => {
                let message = format!("no request for {} s", IDLE_MAX.as_secs());
                self.part(Error::new(ErrorKind::Idle, message)).await
            }
        }
    }

    async fn whole(
        &mut self,
        line: Option<Result<String, LinesCodecError>>,
    ) -> Result<String, Left> {
        let message = match line {
            Some(Ok(line)) => return Ok(line),
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                format!("a line has at most {LINE_BYTES_MAX} bytes")
            }
            Some(Err(LinesCodecError::Io(error)))
                if error.kind() == std::io::ErrorKind::InvalidData =>
            {
                "a line is UTF-8".to_owned()
            }
            Some(Err(LinesCodecError::Io(_))) | None => return Err(Left),
        };
        self.part(Error::new(ErrorKind::Malformed, message)).await
    }

    async fn part<T>(&mut self, error: Error) -> Result<T, Left> {
        send(&mut self.lines, Err(error)).await?;
        Err(Left)
    }

    /// Waits for `work`. A client that leaves frees its place, whatever becomes of its command; a
    /// line that comes early is kept, one at most.
    async fn meanwhile<T>(
        &mut self,
        work: impl Future<Output = T>,
        early: &mut Option<String>,
    ) -> Result<T, Left> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                line = self.lines.next(), if early.is_none() => {
                    *early = Some(self.whole(line).await?);
                }
            }
        }
    }

    /// Each new picture, none faster than it is taken, until the end or until the client speaks.
    async fn watch(&mut self) -> Result<(), Left> {
        let mut status = self.desk.status.clone();
        loop {
            status.mark_unchanged();
            send(&mut self.lines, Ok(self.desk.picture())).await?;
            let next = async {
                sleep(WATCH_INTERVAL).await;
                status.changed().await
            };
            tokio::select! {
                changed = next => changed.map_err(|_| Left)?,
                () = self.ending.cancelled() => {
                    return send(&mut self.lines, Ok(self.desk.picture())).await;
                }
                _ = self.lines.next() => return Ok(()),
            }
        }
    }
}

async fn send(lines: &mut Lines, outcome: Result<Answer, Error>) -> Result<(), Left> {
    match timeout(WRITE_MAX, lines.send(Reply::line(outcome))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Left),
    }
}
