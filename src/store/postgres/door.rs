//! The way to a server that may be away: while it is, one connection at a time is tried, and the
//! others wait for that one. So it is where the server says what it has free: each answer may
//! narrow the gate, and the next one is opened only if there is still room.
//!
//! bb8's own retries pause for up to half its timeout, all connections alike: a server that was
//! back after 3 s was noticed after 5.4 s, and by all of them at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use rand::RngExt;
use tokio::sync::Mutex;

use super::connect::Connector;
use super::pool::LastError;
use super::room;
use super::share::Seen;

/// Before the first try after a failure; doubling.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// No pause is longer: a server that is back is noticed after this at most.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// So long after a login others follow at once; later one goes ahead alone: should the password
/// have been changed meanwhile, it is refused once, and not to all who wait.
const TRUSTED: Duration = Duration::from_secs(10);

/// Where all connections of a pool are opened.
pub(super) struct Door {
    connector: Connector,
    last_error: LastError,
    /// The last try failed.
    is_away: AtomicBool,
    /// When somebody got in last.
    entered_at: StdMutex<Option<Instant>>,
    /// Held by the one who tries while not all may; served in order.
    knock: Mutex<()>,
}

impl Door {
    /// To where `connector` leads; failures are told to `last_error`.
    pub(super) fn new(connector: Connector, last_error: LastError) -> Self {
        let (is_away, knock) = (AtomicBool::new(false), Mutex::new(()));
        Self { connector, last_error, is_away, entered_at: StdMutex::default(), knock }
    }

    /// A connection, however long that takes: who asked for it gives up by itself.
    pub(super) async fn enter(&self) -> AsyncPgConnection {
        loop {
            if self.is_open_to_all()
                && let Some(connection) = self.attempt().await
            {
                return connection;
            }
            let _knock = self.knock.lock().await;
            let mut pause = PAUSE_FIRST;
            // Whoever held it before may have got in: then all may.
            while !self.is_open_to_all() {
                if self.last_error.is_barred() {
                    tokio::time::sleep(PAUSE_MAX).await;
                    continue;
                }
                if self.is_away.load(Ordering::Acquire) {
                    let jittered = rand::rng().random_range(pause / 2..=pause);
                    tokio::time::sleep(jittered).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                } else if !self.last_error.gate.has_room() {
                    tokio::time::sleep(PAUSE_FIRST).await;
                    continue;
                }
                if let Some(connection) = self.attempt().await {
                    return connection;
                }
            }
        }
    }

    /// Opens one in the place of a connection that fell silent, before those that may be as dead:
    /// whoever waits meets it next. Of a pool that is kept at no size nobody else would.
    pub(super) fn replace_one(self: Arc<Self>) {
        tokio::spawn(async move {
            let connection = self.enter().await;
            self.last_error.gate.put(connection);
        });
    }

    /// Whether everybody may try at once.
    fn is_open_to_all(&self) -> bool {
        let entered = *self.entered_at.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_away.load(Ordering::Acquire)
            && !self.last_error.gate.is_told()
            && entered.is_some_and(|at| at.elapsed() < TRUSTED)
    }

    async fn attempt(&self) -> Option<AsyncPgConnection> {
        let gate = &self.last_error.gate;
        let question = gate.is_told().then_some(&*self.connector.question);
        let outcome = self.connector.establish(question).await;
        self.is_away.store(outcome.is_err(), Ordering::Release);
        match outcome {
            Ok((connection, answer)) => {
                let mut entered = self.entered_at.lock().unwrap_or_else(PoisonError::into_inner);
                *entered = Some(Instant::now());
                drop(entered);
                let room = answer.and_then(|text| room::answer(&text));
                gate.grown(room.map_or(Seen::Unread, Seen::Room), Instant::now());
                Some(connection)
            }
            Err(error) => {
                self.last_error.failed(&error);
                None
            }
        }
    }
}
