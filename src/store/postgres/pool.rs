//! The pool: bb8 with a set-up that a transaction pooler understands.
//!
//! bb8 hides why it could not connect; the error sink keeps the last cause for the error message.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bb8::{ErrorSink, QueueStrategy};
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;

use super::connect::Connector;
use super::door::Door;
use super::gate::Gate;
use crate::error::chain;
use crate::open_error::StoreOpenError;
use text::redaction::Redactor;

/// How long a caller with a turn waits for a connection.
const GET: Duration = Duration::from_secs(5);
/// An idle connection is closed after this: others may want it.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is looked for connections idle too long.
const REAPER: Duration = Duration::from_secs(5);
/// A connection that does not answer an empty statement in this time is replaced.
const CHECK: Duration = Duration::from_secs(1);

/// Words of 53300, and what poolers say in its place.
const FULL: [&str; 6] = [
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "no more connections allowed",
    "max client connections",
    "max clients reached",
];

/// Whether somebody's words say that a server has no connection left.
pub fn says_full(text: &str) -> bool {
    let lower = text.to_lowercase();
    FULL.iter().any(|words| lower.contains(words))
}

/// A login that was refused is not tried again before this: poolers answer nobody of a project
/// after 10 refused logins in 150 s, or in 300 s. So a password that is set back is noticed, too.
const BARRED: Duration = Duration::from_secs(300);

/// Builds the pool and waits for its first connection; the others are opened when they are wanted.
pub(super) async fn build(
    connector: Connector,
    last_error: LastError,
) -> Result<Pool<AsyncPgConnection>, StoreOpenError> {
    let host = connector.host().to_owned();
    let gate = Arc::clone(&last_error.gate);
    let pool = Pool::builder()
        .max_size(gate.full())
        .min_idle(None)
        .connection_timeout(GET)
        .idle_timeout(IDLE)
        .reaper_rate(REAPER)
        // The newest first: behind connections that died unnoticed stand those that replace them.
        .queue_strategy(QueueStrategy::Lifo)
        .error_sink(Box::new(last_error.clone()))
        .build_unchecked(manager(Door::new(connector, last_error.clone())));
    let first = pool.get().await.map(drop);
    gate.watch(&pool);
    first.map_err(|_| StoreOpenError::Unreachable { host, cause: last_error.text() })?;
    Ok(pool)
}

fn manager(door: Door) -> AsyncDieselConnectionManager<AsyncPgConnection> {
    let door = Arc::new(door);
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    let replacing = Arc::clone(&door);
    config.custom_setup = Box::new(move |_| {
        let door = Arc::clone(&door);
        async move { Ok(door.enter().await) }.boxed()
    });
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(move |connection: &mut AsyncPgConnection| {
            let door = Arc::clone(&replacing);
            async move {
                match tokio::time::timeout(CHECK, connection.batch_execute("")).await {
                    Ok(checked) => checked,
                    Err(_) => {
                        door.replace_one();
                        Err(diesel::result::Error::BrokenTransactionManager)
                    }
                }
            }
            .boxed()
        }));
    // The set-up above knows the address: none is kept here, so none can be shown.
    AsyncDieselConnectionManager::new_with_config("", config)
}

/// What the last attempt to connect said.
#[derive(Clone)]
pub(super) struct LastError {
    text: Arc<Mutex<String>>,
    /// Until when nobody tries again.
    barred_until: Arc<Mutex<Option<Instant>>>,
    redactor: Redactor,
    pub(super) gate: Arc<Gate>,
}

impl LastError {
    /// Nothing yet.
    pub(super) fn new(redactor: Redactor, gate: Arc<Gate>) -> Self {
        let text = Arc::new(Mutex::new("all connections are in use".into()));
        Self { text, barred_until: Arc::default(), redactor, gate }
    }

    /// Whether the login was refused and is not tried again yet.
    pub(super) fn is_barred(&self) -> bool {
        let until = *self.barred_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// An attempt to connect failed so.
    pub(super) fn failed(&self, error: &StoreOpenError) {
        if error.is_of_the_login() {
            let until = Instant::now() + BARRED;
            *self.barred_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            self.gate.refused(Instant::now());
        }
        self.say(error.to_string());
    }

    fn say(&self, text: String) {
        if says_full(&text) && self.gate.refused(Instant::now()) {
            tracing::warn!(
                "the database's server is full: the pool shrinks to {}, {}",
                self.gate.size(),
                super::holding(self.gate.open(), self.gate.total())
            );
        }
        let mut last = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != text {
            tracing::warn!(error = %text, "a database connection failed");
            *last = text;
        }
    }

    /// Its words.
    pub(super) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for LastError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LastError")
    }
}

impl ErrorSink<PoolError> for LastError {
    fn sink(&self, error: PoolError) {
        self.say(self.redactor.clean(&chain(&error)));
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<PoolError>> {
        Box::new(self.clone())
    }
}
