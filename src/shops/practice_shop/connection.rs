//! The shop's open connections, so that a fault can close one under its client.
//!
//! Each keeps a second handle to its socket: the server has no call to end a connection without an
//! answer. The handle goes when the connection goes.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::faults::{Down, FaultSwitches};

/// How often closed connections are forgotten when no fault asks for more.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Under `down: reset`, how long a connection may be silent: an operator's request to /practice
/// must have the time to arrive.
const RESET_IDLE_AFTER: Duration = Duration::from_millis(250);

/// One client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    /// Requests being handled.
    busy: AtomicU32,
    /// Milliseconds since the shop's start at which the last request ended.
    idle_since_ms: AtomicU64,
}

impl Connection {
    /// Ends it without an answer.
    pub fn close(&self) {
        // An error means that it is closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Connections {
    started_at: Instant,
    open: Mutex<Vec<Weak<Connection>>>,
}

/// Held while a request is handled.
pub(super) struct Busy<'a> {
    connection: Arc<Connection>,
    all: &'a Connections,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.connection.idle_since_ms.store(self.all.now_ms(), Ordering::Relaxed);
        self.connection.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    pub fn new() -> Self {
        Self { started_at: Instant::now(), open: Mutex::default() }
    }

    /// Takes in a connection that was accepted; `None` when its socket cannot be shared, then
    /// faults leave it alone.
    pub fn accepted(&self, io: &dyn Any) -> Option<Arc<Connection>> {
        let stream = io.downcast_ref::<actix_web::rt::net::TcpStream>()?;
        let socket = TcpStream::from(stream.as_fd().try_clone_to_owned().ok()?);
        let connection = Arc::new(Connection {
            socket,
            busy: AtomicU32::new(0),
            idle_since_ms: AtomicU64::new(self.now_ms()),
        });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(Arc::downgrade(&connection));
        Some(connection)
    }

    /// Marks a connection as busy until the answer is dropped.
    pub fn busy(&self, connection: &Arc<Connection>) -> Busy<'_> {
        connection.busy.fetch_add(1, Ordering::Relaxed);
        Busy { connection: Arc::clone(connection), all: self }
    }

    /// Closes what was idle for `limit` and forgets what is gone.
    fn sweep(&self, limit: Option<Duration>) {
        let now = self.now_ms();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            let idle = now.saturating_sub(connection.idle_since_ms.load(Ordering::Relaxed));
            let is_idle = connection.busy.load(Ordering::Relaxed) == 0;
            if is_idle && limit.is_some_and(|limit| u128::from(idle) >= limit.as_millis()) {
                connection.close();
                return false;
            }
            true
        });
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Sweeps for as long as the shop runs, at once after each change of the faults.
pub(super) async fn sweep_forever(connections: &Connections, switches: &FaultSwitches) {
    let mut changes = switches.subscribe();
    loop {
        let limit = {
            let in_force = changes.borrow_and_update();
            match in_force.faults.down {
                Some(Down::Reset) => Some(RESET_IDLE_AFTER),
                Some(Down::Blackhole) | None => {
                    in_force.faults.close_idle_after_ms.map(Duration::from_millis)
                }
            }
        };
        connections.sweep(limit);
        let pause = limit.map_or(SWEEP_EVERY, |limit| {
            (limit / 8).clamp(Duration::from_millis(5), Duration::from_millis(250))
        });
        // Either the pause is over or the faults changed; the sender lives as long as `switches`.
        let _ = tokio::time::timeout(pause, changes.changed()).await;
    }
}
