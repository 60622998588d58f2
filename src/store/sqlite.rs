//! The SQLite adapter: one thread owns the one connection, callers queue.
//!
//! An answer is sent after the COMMIT that made it durable, which several waiting calls share.

mod open;
mod open_files;
mod survey;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use diesel::SqliteConnection;
use futures::FutureExt;
use ports::store::{PoolStatus, Store, StoreError, StoreFuture};
use tokio::sync::{mpsc, oneshot};

use super::Access;
use super::error::Answer;
use super::open_error::StoreOpenError;
use super::tally::Tally;
pub(super) use survey::survey;
use writer::{Call, Job};

/// Calls that may wait; more callers wait to be queued.
const QUEUE: usize = 1_024;

/// The store over a file.
#[derive(Clone)]
pub struct SqliteStore {
    /// To the writer thread, bounded by [`QUEUE`].
    jobs: mpsc::Sender<Box<dyn Job>>,
    /// Joined by `close`; shared by all clones.
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    /// For the seals.
    tally: Tally,
}

impl SqliteStore {
    /// Opens the file and, to write, applies the migrations; answers how many were applied.
    pub async fn open(path: PathBuf, access: Access) -> Result<(Self, usize), StoreOpenError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (opened, answer) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer::serve(&path, access, opened, queue));
        let thread = spawned.map_err(|e| StoreOpenError::Other { cause: e.to_string() })?;
        let died = |_| StoreOpenError::Other { cause: "the store's thread died".into() };
        let applied = answer.await.map_err(died)??;
        let thread = Arc::new(Mutex::new(Some(thread)));
        Ok((Self { jobs, thread, tally: Tally::default() }, applied))
    }

    /// Runs `query` in a savepoint of the next transaction.
    pub(super) fn call<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Answer<T> + Send + 'static,
    {
        let jobs = self.jobs.clone();
        async move {
            let (reply, answer) = oneshot::channel();
            let job = Box::new(Call::new(query, reply));
            jobs.send(job).await.map_err(|_| StoreError::Closed)?;
            answer.await.map_err(|_| StoreError::Closed)?
        }
        .boxed()
    }

    /// As `call`: one thread needs no second time limit.
    pub(super) fn call_long<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Answer<T> + Send + 'static,
    {
        self.call(query)
    }

    /// As `call`.
    pub(super) fn call_audit<T, F>(&self, query: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Answer<T> + Send + 'static,
    {
        self.call(query)
    }

    /// What this process has committed.
    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Waits for what was accepted, refuses the rest and closes the file.
    pub(super) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        let stopped = self.jobs.send(Box::new(writer::Stop { reply: Some(reply) })).await;
        if stopped.is_ok() && answer.await.is_err() {
            tracing::warn!("the store's thread had ended before it was closed");
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|t| t.join().is_err()) {
            tracing::error!("the store's thread panicked");
        }
    }
}

impl Store for SqliteStore {
    /// The queue is first in, first out: an empty call at its end waits for all before it.
    fn drain(&self) -> StoreFuture<()> {
        self.call(|_| Ok(()))
    }

    /// What may wait for the next COMMIT, which all that wait share.
    fn writes_at_once(&self) -> usize {
        QUEUE
    }

    /// No pool.
    fn pool_status(&self) -> PoolStatus {
        PoolStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;

    use super::*;
    use crate::error::Fault;
    use crate::schema::products;

    fn insert(store: &SqliteStore, n: usize) -> StoreFuture<()> {
        store.call(move |c| {
            let name = "x".repeat(2_000);
            c.batch_execute(&format!(
                "INSERT INTO products VALUES ('run', 'p{n}', '{name}', 'dairy', NULL, 1, TRUE, \
                 TRUE, '2026-01-05 08:00:00', '2026-01-05 08:00:00', NULL)"
            ))?;
            Ok(())
        })
    }

    async fn there(store: &SqliteStore) -> Vec<String> {
        let ids = store.call(|c| Ok(products::table.select(products::product_id).load(c)?));
        ids.await.unwrap()
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_and_a_full_disk_passes() {
        let directory = tempfile::tempdir().unwrap();
        let (store, _) =
            SqliteStore::open(directory.path().join("full.db"), Access::Write).await.unwrap();
        let lower = store.call(|c| Ok(c.batch_execute("PRAGMA max_page_count = 150")?));
        lower.await.unwrap();
        let outcomes = futures::future::join_all((0..500).map(|n| insert(&store, n))).await;
        let failed: Vec<usize> = (0..500).filter(|n| outcomes[*n].is_err()).collect();
        assert!(!failed.is_empty(), "the file was full");
        let ids = there(&store).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome.is_ok(), ids.contains(&format!("p{n}")), "p{n}: {outcome:?}");
        }
        assert!(outcomes.iter().flat_map(|o| o.as_ref().err()).all(StoreError::is_retryable));
        let raise = store.call(|c| Ok(c.batch_execute("PRAGMA max_page_count = 100000")?));
        raise.await.unwrap();
        for n in failed {
            insert(&store, n).await.unwrap();
        }
        assert_eq!(there(&store).await.len(), 500);
    }

    #[tokio::test]
    async fn nothing_is_acknowledged_once_the_file_is_gone_and_all_is_well_when_it_is_back() {
        let directory = tempfile::tempdir().unwrap();
        let (path, aside) = (directory.path().join("some.db"), directory.path().join("aside"));
        let (store, _) = SqliteStore::open(path.clone(), Access::Write).await.unwrap();
        insert(&store, 1).await.unwrap();
        std::fs::rename(&path, &aside).unwrap();
        let gone = insert(&store, 2).await.unwrap_err();
        assert!(gone.is_of_the_place() && !gone.is_retryable(), "{gone}");
        assert!(!path.exists(), "no empty database is made in its place");
        std::fs::rename(&aside, &path).unwrap();
        insert(&store, 3).await.unwrap();
        assert_eq!(there(&store).await, ["p1", "p3"]);
    }

    #[tokio::test]
    async fn a_damaged_file_is_said_to_be_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("some.db");
        let (store, _) = SqliteStore::open(path.clone(), Access::Write).await.unwrap();
        insert(&store, 1).await.unwrap();
        for file in [path.clone(), directory.path().join("some.db-wal")] {
            let length = usize::try_from(std::fs::metadata(&file).unwrap().len()).unwrap();
            let file = std::fs::File::options().write(true).open(file).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, &vec![0x5a; length], 0).unwrap();
        }
        let refresh = store.call(|c| Ok(c.batch_execute("PRAGMA shrink_memory")?));
        refresh.await.unwrap_or_default();
        let error = insert(&store, 2).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    }

    #[tokio::test]
    async fn a_failing_call_costs_its_neighbours_in_the_same_commit_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (store, _) =
            SqliteStore::open(directory.path().join("some.db"), Access::Write).await.unwrap();
        let half_done = || {
            store.call::<(), _>(|c| {
                c.batch_execute("DELETE FROM products")?;
                Err(Fault::Race("on purpose".into()))
            })
        };
        let (first, failed, second) =
            futures::join!(insert(&store, 1), half_done(), insert(&store, 2));
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(failed, Err(StoreError::Contention(_))));
        assert_eq!(there(&store).await, ["p1", "p2"]);
    }
}
