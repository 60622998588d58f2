//! The Postgres adapter: a pool on a small runtime of its own, safe behind a transaction pooler.
//!
//! Every query, a read too, runs inside a transaction that begins with `SET LOCAL search_path`:
//! behind a pooler the next statement outside of one may meet another server connection.

mod connect;
mod door;
mod explain;
mod gate;
mod migrate;
mod pool;
mod room;
mod share;
mod survey;
mod table;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bb8::RunError;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use futures::FutureExt;
use futures::future::BoxFuture;
use ports::store::{PoolStatus, Store, StoreError, StoreFuture};
use text::redaction::Redactor;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::error::{Answer, Fault};
use super::open_error::StoreOpenError;
use super::tally::Tally;
use super::url::PostgresUrl;
use super::{Access, PoolChoice, StoreOptions};
use connect::Connector;
use gate::Gate;
use pool::LastError;
pub use pool::says_full;
use share::Wish;
pub(super) use survey::{is_direct as is_supabase_direct, survey};

pub use table::table;

/// One attempt at a call, connection in hand to COMMIT.
const ATTEMPT: Duration = Duration::from_secs(10);
/// An attempt at what reads much of a run.
const LONG_ATTEMPT: Duration = Duration::from_secs(120);
/// What looks at every row of a run, or deletes it.
const AUDIT_ATTEMPT: Duration = Duration::from_secs(3_600);
/// How long a call waits for its turn at the pool: no longer than its caller does, or calls that
/// were given up would fill the line.
const TURN: Duration = ATTEMPT;
/// Threads of the store's runtime: it only waits for the network.
const THREADS: usize = 2;

/// The store over a server.
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    /// Taken by `close`; `None` refuses further calls.
    runtime: Mutex<Option<Runtime>>,
    pool: Pool<AsyncPgConnection>,
    /// First in, first out, before the pool: bb8's own `get` starves waiters.
    gate: Arc<Gate>,
    /// What the last attempt to connect said; bb8 itself only says "timed out".
    last_error: LastError,
    /// Sent with every BEGIN.
    begin: String,
    redactor: Redactor,
    /// Calls accepted and not yet ended.
    in_flight: watch::Sender<usize>,
    /// For the seals.
    tally: Tally,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Dropping a runtime inside another one panics; this does not wait and may run there.
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

impl PostgresStore {
    /// Connects, to write also migrates, and opens the pool; answers how many migrations were
    /// applied.
    pub async fn open(
        url: &PostgresUrl,
        options: &StoreOptions,
        access: Access,
    ) -> Result<(Self, usize), StoreOpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|e| StoreOpenError::Other { cause: e.to_string() })?;
        let task = runtime.spawn(prepare(url.clone(), options.clone(), access));
        let prepared = task.await.map_err(|e| StoreOpenError::Other { cause: e.to_string() });
        let prepared = match prepared.and_then(|outcome| outcome) {
            Ok(prepared) => prepared,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let shared = Shared {
            runtime: Mutex::new(Some(runtime)),
            pool: prepared.pool,
            gate: prepared.gate,
            last_error: prepared.last_error,
            begin: format!("{}; SET LOCAL search_path TO \"{}\"", begin(access), options.schema),
            redactor: url.redactor.clone(),
            in_flight: watch::Sender::new(0),
            tally: Tally::default(),
        };
        Ok((Self { shared: Arc::new(shared) }, prepared.applied))
    }

    /// Runs `query` in a transaction of its own.
    pub(super) fn call<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        self.spawn(ATTEMPT, self.shared.begin.clone(), query)
    }

    /// As `call`, with time to read a whole run.
    pub(super) fn call_long<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        self.spawn(LONG_ATTEMPT, self.shared.begin.clone(), query)
    }

    /// As `call`, with time to look at or delete every row of a run.
    pub(super) fn call_audit<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        self.spawn(AUDIT_ATTEMPT, self.shared.begin.clone(), query)
    }

    fn spawn<T, F>(&self, limit: Duration, begin: String, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send + 'static,
    {
        let runtime = self.shared.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(runtime) = runtime.as_ref() else {
            return futures::future::ready(Err(StoreError::Closed)).boxed();
        };
        let in_flight = InFlight::enter(Arc::clone(&self.shared));
        let task = runtime.spawn(async move {
            let outcome = in_flight.0.attempt(limit, &begin, query).await;
            drop(in_flight);
            outcome
        });
        async move {
            match task.await {
                Ok(outcome) => outcome,
                Err(ended) if ended.is_cancelled() => Err(StoreError::Closed),
                Err(ended) => Err(StoreError::Refused(format!("a query panicked: {ended}"))),
            }
        }
        .boxed()
    }

    /// What this process has committed.
    pub(super) fn tally(&self) -> Tally {
        self.shared.tally.clone()
    }

    /// How many connections there are at most, and why.
    pub(super) fn pool_choice(&self) -> PoolChoice {
        PoolChoice { size: self.shared.gate.full(), why: self.shared.gate.why() }
    }

    /// Waits for the calls under way, refuses others and ends the connections.
    pub(super) async fn close(&self) {
        let runtime = {
            let mut runtime = self.shared.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            runtime.take()
        };
        if let Err(error) = self.drain().await {
            tracing::debug!(%error, "closing the store");
        }
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

impl Store for PostgresStore {
    /// Waits until no call is under way.
    fn drain(&self) -> StoreFuture<()> {
        let mut in_flight = self.shared.in_flight.subscribe();
        async move {
            let idle = in_flight.wait_for(|calls| *calls == 0).await;
            idle.map(drop).map_err(|_| StoreError::Closed)
        }
        .boxed()
    }

    /// A connection each.
    fn writes_at_once(&self) -> usize {
        usize::try_from(self.shared.gate.full()).unwrap_or(usize::MAX).max(1)
    }

    /// The pool, and who waits before it.
    fn pool_status(&self) -> PoolStatus {
        let state = self.shared.pool.state();
        PoolStatus {
            open: state.connections,
            idle: state.idle_connections,
            waiting: self.shared.gate.waiting(),
            max: self.shared.gate.size(),
            server: self.shared.gate.total(),
        }
    }
}

/// How many connections a pool has, and of how many: whoever shares the server wants to know.
pub fn holding(open: u32, server: u32) -> String {
    match server {
        0 => format!("this run holds {open} of its connections"),
        all => format!("this run holds {open} of its {all} connections"),
    }
}

/// How many connections a pool of these options would have at most, and why.
pub(super) async fn pool_choice(
    url: &PostgresUrl,
    options: &StoreOptions,
) -> Result<PoolChoice, StoreOpenError> {
    let tls = super::tls::settings(url, options.ca_file.as_deref())?;
    let connector = Connector::new(url, tls);
    let wish = wish(options);
    let seen = room::look(&connector, wish, options.migrate_url.is_some()).await?;
    Ok(PoolChoice { size: wish.share(seen), why: wish.why(seen).to_string() })
}

fn wish(options: &StoreOptions) -> Wish {
    Wish { ceiling: options.pool_size.max(1), set: options.pool_set.min(options.pool_size) }
}

/// Counts a call in, and out however it ends.
struct InFlight(Arc<Shared>);

impl InFlight {
    fn enter(shared: Arc<Shared>) -> Self {
        shared.in_flight.send_modify(|calls| *calls += 1);
        Self(shared)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|calls| *calls -= 1);
    }
}

impl Shared {
    async fn attempt<T, F>(&self, limit: Duration, begin: &str, query: F) -> Result<T, StoreError>
    where
        F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send,
    {
        let asked = Instant::now();
        let exhausted = |cause: String| StoreError::PoolExhausted {
            waited_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
            cause: self.redactor.clean(&cause),
        };
        let turn = tokio::time::timeout(TURN, self.gate.enter()).await;
        let _turn = turn.map_err(|_| exhausted("all connections are in use".into()))?;
        self.has_a_way()?;
        let connection = self.pool.get().await;
        let mut connection = connection.map_err(|error| match (error, self.has_a_way()) {
            (_, Err(refused)) => refused,
            (RunError::User(error), Ok(())) => exhausted(error.to_string()),
            (RunError::TimedOut, Ok(())) => exhausted(self.last_error.text()),
        })?;
        // Cancelled half-way, the connection is in a transaction and bb8 drops it.
        let answer = tokio::time::timeout(limit, transact(&mut connection, begin, query)).await;
        let late = |_| StoreError::Unavailable(format!("no answer within {} s", limit.as_secs()));
        answer.map_err(late)?.map_err(|fault| fault.into_store_error(&self.redactor))
    }
}

impl Shared {
    /// An error where no connection is left and the login was refused when one was wanted.
    fn has_a_way(&self) -> Result<(), StoreError> {
        match self.last_error.is_barred() && self.gate.open() == 0 {
            true => Err(StoreError::LoginRefused(self.last_error.text())),
            false => Ok(()),
        }
    }
}

async fn transact<T, F>(
    connection: &mut AsyncPgConnection,
    begin: &str,
    query: F,
) -> Result<T, Fault>
where
    F: for<'c> FnOnce(&'c mut AsyncPgConnection) -> BoxFuture<'c, Answer<T>> + Send,
{
    AnsiTransactionManager::begin_transaction_sql(&mut *connection, begin).await?;
    match query(&mut *connection).await {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(&mut *connection).await?;
            Ok(value)
        }
        Err(fault) => {
            // The first error says more than that of a rollback over a dead connection.
            if let Err(error) = AnsiTransactionManager::rollback_transaction(&mut *connection).await
            {
                tracing::debug!(%error, "rolling back");
            }
            Err(fault)
        }
    }
}

struct Prepared {
    pool: Pool<AsyncPgConnection>,
    gate: Arc<Gate>,
    last_error: LastError,
    applied: usize,
}

/// A reader sees one moment of the database, whatever others write meanwhile.
fn begin(access: Access) -> &'static str {
    match access {
        Access::Write => "BEGIN",
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    }
}

async fn prepare(
    url: PostgresUrl,
    options: StoreOptions,
    access: Access,
) -> Result<Prepared, StoreOpenError> {
    let tls = super::tls::settings(&url, options.ca_file.as_deref())?;
    let connector = Connector::new(&url, tls);
    // Before the migrations: nobody of this process but the one who looks is connected by then.
    let wish = wish(&options);
    let seen = room::look(&connector, wish, options.migrate_url.is_some()).await?;
    let migrator = match &options.migrate_url {
        Some(migrate_url) => {
            let tls = super::tls::settings(migrate_url, options.ca_file.as_deref())?;
            Connector::new(migrate_url, tls)
        }
        None => connector.clone(),
    };
    let applied = match access {
        Access::Write => migrate::migrate(&migrator, &options.schema).await?,
        Access::Read => migrate::check(&connector, &options.schema).await.map(|()| 0)?,
    };
    let gate = Arc::new(Gate::new(wish, seen));
    let last_error = LastError::new(url.redactor.clone(), Arc::clone(&gate));
    let pool = pool::build(connector, last_error.clone()).await?;
    Ok(Prepared { pool, gate, last_error, applied })
}
