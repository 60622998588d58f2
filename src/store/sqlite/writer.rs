//! The writer thread: takes what waits, runs each call in a savepoint, commits once, answers.
//!
//! If the COMMIT fails, every call of that transaction gets its error: none was made durable. So it
//! is where the file is no longer at its path: what was written to it then, nobody finds.

use std::path::Path;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, SqliteConnection};
use ports::store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::open;
use super::open_files::OpenFiles;
use crate::Access;
use crate::error::{Answer, Fault};
use crate::open_error::StoreOpenError;
use text::redaction::Redactor;

/// Calls that share one COMMIT at most.
const CALLS_PER_COMMIT: usize = 64;

/// One call on its way through a transaction.
pub(super) trait Job: Send {
    /// Runs it in a savepoint.
    fn run(&mut self, connection: &mut SqliteConnection);
    /// Answers after the COMMIT, or with why there was none.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Whether the thread ends after this transaction.
    fn is_last(&self) -> bool {
        false
    }
}

/// A query, later its outcome, and who waits for it.
pub(super) struct Call<T, F> {
    query: Option<F>,
    outcome: Option<Answer<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Call<T, F> {
    /// Not yet run.
    pub(super) fn new(query: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { query: Some(query), outcome: None, reply }
    }
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Answer<T> + Send,
{
    fn run(&mut self, connection: &mut SqliteConnection) {
        if let Some(query) = self.query.take() {
            self.outcome = Some(connection.transaction(query));
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()) | Err(_), Some(Err(fault))) => {
                Err(fault.into_store_error(&Redactor::default()))
            }
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(error), Some(Ok(_)) | None) => Err(error),
            (Ok(()), None) => Err(StoreError::Unavailable("the call was not reached".into())),
        };
        // Whoever asked may have given up; asking again finds the row.
        drop(self.reply.send(outcome));
    }
}

/// The end of the queue.
pub(super) struct Stop {
    pub(super) reply: Option<oneshot::Sender<()>>,
}

impl Job for Stop {
    fn run(&mut self, _: &mut SqliteConnection) {}

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {
        if let Some(reply) = self.reply {
            // Whoever closes may have given up.
            reply.send(()).unwrap_or_default();
        }
    }

    fn is_last(&self) -> bool {
        true
    }
}

/// The thread's life.
pub(super) fn serve(
    path: &Path,
    access: Access,
    opened: oneshot::Sender<Result<usize, StoreOpenError>>,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
) {
    let mut connection = match open::open(path, access) {
        Ok((connection, applied)) => {
            if opened.send(Ok(applied)).is_err() {
                return;
            }
            connection
        }
        Err(error) => {
            drop(opened.send(Err(error)));
            return;
        }
    };
    let mut files = OpenFiles::at(path, access);
    while let Some(first) = queue.blocking_recv() {
        let mut last = first.is_last();
        let mut jobs = vec![first];
        while !last && jobs.len() < CALLS_PER_COMMIT {
            let Ok(job) = queue.try_recv() else { break };
            last = job.is_last();
            jobs.push(job);
        }
        let committed = files
            .are_there()
            .and_then(|()| transact(&mut connection, access, &mut jobs))
            .and_then(|()| files.are_there());
        // A connection to a missing file would make an empty one, and one to a damaged file waits.
        let may_pass = committed.as_ref().is_err_and(|error| !error.is_of_the_place());
        if may_pass && files.are_there().is_ok() {
            reconnect(path, access, &mut connection);
        }
        for job in jobs {
            job.answer(committed.clone());
        }
        if last {
            break;
        }
    }
    // The last connection to close moves the write-ahead log into the file.
    if access == Access::Write
        && let Err(error) = connection.batch_execute("PRAGMA optimize")
    {
        tracing::debug!(%error, "pragma optimize");
    }
}

fn transact(
    connection: &mut SqliteConnection,
    access: Access,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let run = |c: &mut SqliteConnection| {
        for job in jobs.iter_mut() {
            job.run(c);
            if !in_transaction(c) {
                return Err(Fault::Race("the database rolled a transaction back".into()));
            }
        }
        Ok(())
    };
    let committed: Answer<()> = match access {
        Access::Write => connection.immediate_transaction(run),
        // A reader keeps no writer out.
        Access::Read => connection.transaction(run),
    };
    committed.map_err(|fault: Fault| fault.into_store_error(&Redactor::default()))
}

/// SQLite ends a transaction by itself on a full disk: whatever ran then would commit alone.
fn in_transaction(connection: &mut SqliteConnection) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    matches!(status.transaction_depth(), Ok(Some(_)))
}

/// After a failed COMMIT the connection may still be inside a transaction that SQLite rolled back.
fn reconnect(path: &Path, access: Access, connection: &mut SqliteConnection) {
    match open::connect(path, access) {
        Ok(fresh) => *connection = fresh,
        Err(error) => tracing::warn!(%error, "the database file cannot be opened again yet"),
    }
}
