//! Clients that are many, silent, slow or long-winded, against a socket in the test's process.

use std::time::Duration;

use cartload::control::wire::{ErrorKind, Reply};
use cartload::control::{CLIENTS_MAX, ControlSocket, LINE_BYTES_MAX};
use cartload::data_dir::DataDir;
use cartload::rehearsal::{Rehearsal, Rehearsed};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

const STATUS: &str = "{\"v\":1,\"ask\":\"Status\"}\n";

/// A run that waits for an hour after its first cycle, and its socket.
pub(super) struct Rig {
    pub run: Rehearsed,
    pub control: ControlSocket,
    pub folder: TempDir,
}

pub(super) async fn rig() -> Rig {
    let hour = Duration::from_secs(3_600);
    let run = Rehearsal::of(5).plan(move |plan| plan.interval = hour).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let control = ControlSocket::open(&data, run.desk()).unwrap();
    Rig { run, control, folder }
}

/// A client as anybody may write one.
pub(super) struct Peer(BufReader<UnixStream>);

impl Rig {
    pub async fn connect(&self) -> Peer {
        let socket = self.folder.path().join("control.sock");
        Peer(BufReader::new(UnixStream::connect(socket).await.unwrap()))
    }
}

impl Peer {
    pub async fn say(&mut self, bytes: &[u8]) {
        // The run may have hung up in the middle of it.
        let _ = self.0.get_mut().write_all(bytes).await;
    }

    /// The next reply; `None` after a hang-up.
    pub async fn hear(&mut self) -> Option<Reply> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    pub async fn error(&mut self) -> ErrorKind {
        self.hear().await.expect("a reply").error.expect("an error").kind
    }

    pub async fn is_served(&mut self) -> bool {
        self.say(STATUS.as_bytes()).await;
        self.hear().await.is_some_and(|reply| reply.answer.is_some())
    }
}

#[actix::test]
async fn one_client_too_many_is_told_so_and_a_place_that_is_left_is_free() {
    let rig = rig().await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS_MAX {
        let mut peer = rig.connect().await;
        assert!(peer.is_served().await);
        clients.push(peer);
    }
    let mut late = rig.connect().await;
    assert_eq!(late.error().await, ErrorKind::Busy);
    assert!(late.hear().await.is_none());
    clients.pop();
    let mut next = rig.connect().await;
    while next.hear_or_serve().await.is_err() {
        next = rig.connect().await;
    }
    for peer in &mut clients {
        assert!(peer.is_served().await);
    }
}

impl Peer {
    /// Served, or turned away because the place is not free yet.
    async fn hear_or_serve(&mut self) -> Result<(), ()> {
        if self.is_served().await { Ok(()) } else { Err(()) }
    }
}

#[actix::test]
async fn a_silent_client_is_sent_away_after_a_minute_and_a_watcher_is_not() {
    let rig = rig().await;
    let mut watcher = rig.connect().await;
    watcher.say(b"{\"v\":1,\"ask\":\"Watch\"}\n").await;
    assert!(watcher.hear().await.unwrap().answer.is_some());
    let mut silent = rig.connect().await;
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    // From here on, by the clock that stands still: what came before took as long as it took.
    assert!(silent.is_served().await);
    let watched = actix_rt::spawn(async move {
        let mut pictures = 0;
        while begin.elapsed().as_secs() < 100 && watcher.hear().await.is_some() {
            pictures += 1;
        }
        pictures
    });
    assert_eq!(silent.error().await, ErrorKind::Idle);
    assert_eq!(begin.elapsed().as_secs(), 60);
    assert!(silent.hear().await.is_none());
    assert!((95..=105).contains(&watched.await.unwrap()), "one a second");
}

#[actix::test]
async fn a_watcher_that_takes_nothing_is_sent_away() {
    let rig = rig().await;
    let mut slow = rig.connect().await;
    slow.say(b"{\"v\":1,\"ask\":\"Watch\"}\n").await;
    assert!(slow.hear().await.is_some());
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let mut left = 0;
    while slow.hear().await.is_some() {
        left += 1;
    }
    assert!(left < 1_000, "{left} pictures waited for it");
}

#[actix::test]
async fn a_line_without_end_is_refused_at_its_bound_and_one_below_it_is_read() {
    let rig = rig().await;
    let mut peer = rig.connect().await;
    let padding = " ".repeat(LINE_BYTES_MAX - STATUS.len() + 1);
    peer.say((padding.clone() + STATUS).as_bytes()).await;
    assert!(peer.hear().await.unwrap().answer.is_some());
    peer.say((padding + " " + STATUS).as_bytes()).await;
    assert_eq!(peer.error().await, ErrorKind::Malformed);
    assert!(peer.hear().await.is_none());
    let mut endless = rig.connect().await;
    endless.say(&vec![b'x'; 10 * LINE_BYTES_MAX]).await;
    assert_eq!(endless.error().await, ErrorKind::Malformed);
    assert!(rig.connect().await.is_served().await);
}

#[actix::test]
async fn requests_of_one_client_are_answered_in_their_order() {
    let rig = rig().await;
    let mut peer = rig.connect().await;
    let pause = "{\"v\":1,\"ask\":{\"Operate\":\"Pause\"}}\n";
    let resume = "{\"v\":1,\"ask\":{\"Operate\":\"Resume\"}}\n";
    peer.say([pause, pause, resume, STATUS].concat().as_bytes()).await;
    assert!(peer.hear().await.unwrap().answer.is_some());
    assert_eq!(peer.error().await, ErrorKind::Refused);
    assert!(peer.hear().await.unwrap().answer.is_some());
    assert!(peer.hear().await.unwrap().answer.is_some());
}

#[actix::test]
async fn the_socket_disappears_at_the_end_and_watchers_hear_of_it() {
    let rig = rig().await;
    let mut watcher = rig.connect().await;
    watcher.say(b"{\"v\":1,\"ask\":\"Watch\"}\n").await;
    assert!(watcher.hear().await.unwrap().answer.is_some());
    let mut silent = rig.connect().await;
    assert!(silent.is_served().await);
    rig.control.close().await;
    assert!(!rig.folder.path().join("control.sock").exists());
    assert_eq!(silent.error().await, ErrorKind::Ended);
    while watcher.hear().await.is_some() {}
    drop(rig.run);
}
