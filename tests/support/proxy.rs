//! A TCP proxy before a Postgres server that loses what a network loses: the answer to a COMMIT,
//! new connections, or everything without a word.
//!
//! It reads only as much of the protocol as it must: the text of statements, which are sent as they
//! are since nothing is cached and nothing is encrypted on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What the link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Carries everything.
    Forward,
    /// Nobody listens; connections that were open are cut.
    Refuse,
    /// Half open: connections stay and accept, nothing ever comes back over them.
    Swallow,
}

/// The proxy; ends when dropped.
pub struct Proxy {
    /// On loopback.
    pub port: u16,
    mode: watch::Sender<Mode>,
    server: Arc<AtomicU16>,
    commits: Arc<Commits>,
    /// Taken by the drop, which may happen inside another runtime.
    runtime: Option<Runtime>,
}

/// COMMITs of transactions that wrote a flow's row.
#[derive(Default)]
struct Commits {
    seen: AtomicUsize,
    lost: AtomicUsize,
    to_lose: AtomicI64,
}

impl Proxy {
    /// Before the server at `port`.
    pub fn before(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on_elsewhere(TcpListener::bind(("127.0.0.1", 0)));
        let address = listener.local_addr().unwrap();
        let (mode, changes) = watch::channel(Mode::Forward);
        let commits = Arc::new(Commits::default());
        let server = Arc::new(AtomicU16::new(port));
        let link = (Arc::clone(&server), changes, Arc::clone(&commits));
        runtime.spawn(listen(listener, address, link));
        Self { port: address.port(), mode, server, commits, runtime: Some(runtime) }
    }

    /// From here on the link does this.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// From here on connections lead to the server at this port, as a failover has it.
    pub fn lead_to(&self, port: u16) {
        self.server.store(port, Ordering::SeqCst);
    }

    /// Of the next flows' COMMITs every second one is cut off from its answer, `count` in all: in
    /// turns after the server has answered, and right after the COMMIT was sent.
    pub fn lose_commits(&self, count: usize) {
        self.commits.to_lose.store(i64::try_from(count).unwrap(), Ordering::SeqCst);
    }

    /// Answers to COMMITs lost so far.
    pub fn lost(&self) -> usize {
        self.commits.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// `block_on` from a thread of its own: the caller may be inside a runtime already.
trait BlockOnElsewhere {
    fn block_on_elsewhere<T: Send>(
        &self,
        work: impl Future<Output = std::io::Result<T>> + Send,
    ) -> T;
}

impl BlockOnElsewhere for Runtime {
    fn block_on_elsewhere<T: Send>(
        &self,
        work: impl Future<Output = std::io::Result<T>> + Send,
    ) -> T {
        std::thread::scope(|scope| scope.spawn(|| self.block_on(work)).join().unwrap().unwrap())
    }
}

async fn listen(
    listener: TcpListener,
    address: SocketAddr,
    (server, mut mode, commits): (Arc<AtomicU16>, watch::Receiver<Mode>, Arc<Commits>),
) {
    let mut listener = Some(listener);
    loop {
        let now = *mode.borrow_and_update();
        if now == Mode::Refuse {
            listener = None;
            if mode.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match listener.take() {
            Some(open) => open,
            None => TcpListener::bind(address).await.unwrap(),
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((client, _)) = accepted {
                    let port = server.load(Ordering::SeqCst);
                    tokio::spawn(carry(client, port, mode.clone(), Arc::clone(&commits)));
                }
            }
            changed = mode.changed() => if changed.is_err() { return },
        }
        listener = Some(open);
    }
}

async fn carry(
    mut client: TcpStream,
    server: u16,
    mut mode: watch::Receiver<Mode>,
    commits: Arc<Commits>,
) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (mut asked, mut told) = ([0; 16_384], [0; 16_384]);
    let mut statements = Statements::default();
    loop {
        let now = *mode.borrow_and_update();
        match now {
            Mode::Forward => {}
            Mode::Refuse => return,
            Mode::Swallow => {
                drop(server);
                // Until the client gives up; the link does not heal for this connection.
                while client.read(&mut asked).await.is_ok_and(|n| n > 0) {}
                return;
            }
        }
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            read = client.read(&mut asked) => {
                let Some(bytes) = read.ok().filter(|n| *n > 0).map(|n| &asked[..n]) else { return };
                let loses = statements.commits_a_flow(bytes).then(|| commits.loses()).flatten();
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                match loses {
                    Some(Loss::AfterAnswer) => {
                        let _ = server.read(&mut told).await;
                        return;
                    }
                    Some(Loss::AtOnce) => return,
                    None => {}
                }
            }
            read = server.read(&mut told) => {
                let Some(bytes) = read.ok().filter(|n| *n > 0).map(|n| &told[..n]) else { return };
                if client.write_all(bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

enum Loss {
    AfterAnswer,
    AtOnce,
}

impl Commits {
    fn loses(&self) -> Option<Loss> {
        let is_turn = self.seen.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        if !is_turn || self.to_lose.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return None;
        }
        let lost = self.lost.fetch_add(1, Ordering::SeqCst);
        Some(if lost.is_multiple_of(2) { Loss::AfterAnswer } else { Loss::AtOnce })
    }
}

/// What a client has said in its present transaction.
#[derive(Default)]
struct Statements {
    /// The last bytes, for a text that is split between two reads.
    tail: Vec<u8>,
    wrote_a_flow: bool,
}

impl Statements {
    /// Takes in what the client sends; whether it ends with the COMMIT of a flow's row.
    fn commits_a_flow(&mut self, bytes: &[u8]) -> bool {
        self.tail.extend_from_slice(bytes);
        let says = |text: &[u8]| self.tail.windows(text.len()).any(|window| window == text);
        self.wrote_a_flow |=
            says(b"INSERT INTO \"shopping_sessions\"") || says(b"UPDATE \"shopping_sessions\"");
        let is_commit = self.tail.ends_with(b"COMMIT\0");
        let found = is_commit && self.wrote_a_flow;
        if is_commit {
            self.wrote_a_flow = false;
            self.tail.clear();
        }
        let excess = self.tail.len().saturating_sub(64);
        self.tail.drain(..excess);
        found
    }
}
