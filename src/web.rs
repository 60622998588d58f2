//! The page, the metrics and the health checks of a run on one port (`--serve`).
//!
//! On a thread of its own with a runtime of its own: no reader, however slow, takes time from the
//! run. It reads the one picture that all readers share, and operates the run like any other door.

mod command;
mod connection;
mod feed;
mod gate;
mod health;
pub mod metrics;
mod page;
mod places;
mod token;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix::Recipient;
use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerHandle};
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use actix_web::{App, middleware, web};
use actors::coordinator::messages::Operate;
use actors::coordinator::status::RunStatus;
use socket2::SockRef;
use tokio::sync::{Semaphore, oneshot, watch};

use self::connection::Bounded;
use self::places::Places;

pub use self::command::COMMANDS_MAX;
pub use self::feed::FEEDS_MAX;
pub use self::token::{TOKEN_FILE, Token, TokenError};

/// Connections at once that were not answered yet, and as many that were; one more takes the place
/// of the idlest. So many of both are a page in a hundred tabs beside everything that scrapes.
const PLACES: usize = 128;
/// Connections that the server knows: those that lost their place are still being closed.
const CONNECTIONS_MAX: usize = 4 * PLACES;
/// Bytes of answers that the kernel keeps for a peer that does not take them.
const SEND_BUFFER: usize = 64 * 1024;
/// A request's head is here after so long, or its connection is closed.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(10);
/// Streams that end with the run get this long to send their last picture.
const CLOSING_MAX_S: u64 = 1;

/// Where and for whom.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Opens commands, and reading where that is not open to all.
    pub token: Token,
    /// Who may read.
    pub reading: Reading,
    /// Names besides localhost by which a loopback address may be asked.
    pub hosts: Vec<String>,
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Whoever asks under a name of this machine: right for loopback addresses.
    Open,
    /// Whoever has the token: right for all other addresses.
    WithToken,
}

impl Reading {
    /// What is right for an address.
    pub fn at(addr: SocketAddr) -> Self {
        if addr.ip().to_canonical().is_loopback() { Self::Open } else { Self::WithToken }
    }
}

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The port belongs to somebody else, or the address to no interface.
    #[error("--serve {addr}: {cause}; {}", hint(cause))]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// No thread for it.
    #[error("the web server did not start: {0}")]
    Start(
        /// What the system said.
        io::Error,
    ),
}

fn hint(cause: &io::Error) -> &'static str {
    let hints = [
        (io::ErrorKind::AddrInUse, "end the program that listens there, or name another port"),
        (io::ErrorKind::PermissionDenied, "ports below 1024 need rights; name a higher one"),
        (io::ErrorKind::AddrNotAvailable, "this machine has no such address; 127.0.0.1 always is"),
    ];
    let known = hints.iter().find(|(kind, _)| *kind == cause.kind());
    known.map_or("name another address", |(_, hint)| hint)
}

/// The run as the server reaches it.
#[derive(Clone)]
pub struct LiveRun {
    /// The latest picture.
    pub status: watch::Receiver<RunStatus>,
    /// Where commands go.
    pub commands: Recipient<Operate>,
}

/// What handlers share.
struct Shared {
    token: Token,
    reading: Reading,
    hosts: Vec<String>,
    /// `None` until the run has been wired.
    run: watch::Receiver<Option<LiveRun>>,
    feed: feed::Feed,
    /// Places for commands that wait for their answer.
    commands: Semaphore,
}

/// A server that listens.
pub struct RunningWeb {
    addr: SocketAddr,
    run: watch::Sender<Option<LiveRun>>,
    handle: ServerHandle,
    closing: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

/// Listens at once; until [`RunningWeb::connect`] it says that the run is starting.
pub fn start(config: WebConfig) -> Result<RunningWeb, WebError> {
    let failed = |cause| WebError::Listen { addr: config.addr, cause };
    let listener = TcpListener::bind(config.addr).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    let (run, live) = watch::channel(None);
    let (closing, closed) = oneshot::channel();
    let (handle_out, handle_in) = std::sync::mpsc::channel();
    let shared = Arc::new(Shared {
        token: config.token,
        reading: config.reading,
        hosts: config.hosts,
        run: live,
        feed: feed::Feed::default(),
        commands: Semaphore::new(COMMANDS_MAX),
    });
    let thread = std::thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || {
            actix_rt::System::new().block_on(serve(shared, listener, closed, handle_out))
        })
        .map_err(WebError::Start)?;
    match handle_in.recv() {
        Ok(handle) => Ok(RunningWeb { addr, run, handle, closing, thread }),
        // The thread ended before it served: its result says why.
        Err(_) => Err(WebError::Start(match thread.join() {
            Ok(Err(cause)) => cause,
            Ok(Ok(())) | Err(_) => io::Error::other("its thread ended"),
        })),
    }
}

async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    closed: oneshot::Receiver<()>,
    handle: std::sync::mpsc::Sender<ServerHandle>,
) -> io::Result<()> {
    let fed = Arc::clone(&shared);
    let feeding = actix_rt::spawn(async move { feed::keep(&fed, closed).await });
    let data = web::Data::from(shared);
    // Connections inherit it.
    SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER)?;
    let connections = move || {
        let places = Places::new(PLACES);
        let data = data.clone();
        let app = App::new()
            .app_data(data)
            .wrap(middleware::from_fn(gate::pass))
            .configure(page::configure)
            .configure(health::configure)
            .configure(metrics::configure)
            .configure(feed::configure)
            .configure(command::configure);
        let http = HttpService::build()
            .client_request_timeout(REQUEST_HEAD_MAX)
            // A reader that hangs up gives its place back.
            .h1_allow_half_closed(false)
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(move |io: TcpStream| {
            let (peer, place) = (io.peer_addr().ok(), places.take());
            async move { Ok((Bounded::new(io, place), Protocol::Http1, peer)) }
        })
        .and_then(http)
    };
    let server = Server::build()
        .workers(1)
        .max_concurrent_connections(CONNECTIONS_MAX)
        .shutdown_timeout(CLOSING_MAX_S)
        .disable_signals()
        .listen("web", listener, connections)?
        .run();
    if handle.send(server.handle()).is_err() {
        return Ok(());
    }
    let served = server.await;
    feeding.abort();
    served
}

impl RunningWeb {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From here on it shows this run.
    pub fn connect(&self, run: LiveRun) {
        self.run.send_replace(Some(run));
    }

    /// Sends every stream its last picture and closes; the port is free afterwards.
    pub async fn stop(self) {
        // The feed may have ended with the run.
        let _ = self.closing.send(());
        self.handle.stop(true).await;
        if self.thread.join().is_err() {
            tracing::error!("the web server's thread had panicked");
        }
    }
}
