//! The Checkpointer: keeps and finds checkpoints, off its arbiter, because files block.
//!
//! *Owns*: the turn to touch the files. *Accepts*: [`SaveCheckpoint`], [`LoadLatest`],
//! [`CheckpointerInjection`]. *Sends*: nothing; it answers. *When it fails*: the error is answered,
//! older checkpoints stay as they were. *Bounds*: one save or load at a time; further ones wait in
//! order.

pub mod messages;

use std::path::PathBuf;
use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::Semaphore;

use self::messages::{CheckpointerInjection, LoadLatest, SaveCheckpoint};
use crate::panic_words;
use crate::ports::checkpoint_file::{CheckpointError, CheckpointFile, LoadedCheckpoint};

/// Saves and loads checkpoints.
pub struct Checkpointer {
    /// The folder of checkpoints; shared with the blocking thread that touches it.
    files: Arc<dyn CheckpointFile>,
    /// One permit: the turn. Its waiters are served in order.
    turn: Arc<Semaphore>,
    /// Saves that a developer still wants to fail.
    failing: u32,
}

impl Checkpointer {
    /// A checkpointer over these files.
    pub fn new(files: Arc<dyn CheckpointFile>) -> Self {
        Self { files, turn: Arc::new(Semaphore::new(1)), failing: 0 }
    }
}

impl Actor for Checkpointer {
    type Context = Context<Self>;
}

impl Handler<SaveCheckpoint> for Checkpointer {
    type Result = ResponseFuture<Result<PathBuf, CheckpointError>>;

    fn handle(&mut self, save: SaveCheckpoint, _: &mut Self::Context) -> Self::Result {
        if let Some(left) = self.failing.checked_sub(1) {
            self.failing = left;
            let (path, cause) = (PathBuf::from("checkpoints"), "a drill".to_owned());
            return Box::pin(std::future::ready(Err(CheckpointError::Io { path, cause })));
        }
        Box::pin(self.in_turn(move |files| files.save(&save.0)))
    }
}

impl Handler<LoadLatest> for Checkpointer {
    type Result = ResponseFuture<Result<Option<LoadedCheckpoint>, CheckpointError>>;

    fn handle(&mut self, _: LoadLatest, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.in_turn(|files| files.load_latest()))
    }
}

impl Handler<CheckpointerInjection> for Checkpointer {
    type Result = ();

    fn handle(&mut self, injection: CheckpointerInjection, _: &mut Self::Context) {
        match injection {
            CheckpointerInjection::Save => {}
            CheckpointerInjection::Fail { saves } => self.failing = saves,
            CheckpointerInjection::Die => {
                panic_words::drill("a drill: the checkpointer was told to die")
            }
        }
    }
}

impl Checkpointer {
    fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn CheckpointFile) -> Result<T, CheckpointError> + Send + 'static,
    ) -> impl Future<Output = Result<T, CheckpointError>> + 'static {
        let (files, turn) = (Arc::clone(&self.files), Arc::clone(&self.turn));
        async move {
            let turn = turn.acquire_owned().await.expect("the turn is never closed");
            if !files.blocks() {
                return work(files.as_ref());
            }
            let done = tokio::task::spawn_blocking(move || {
                // Held by the thread: a caller that gives up does not let the next one in early.
                let _turn = turn;
                work(files.as_ref())
            });
            done.await.unwrap_or_else(|gone| {
                let cause = format!("the thread that worked on it is gone: {gone}");
                Err(CheckpointError::Io { path: PathBuf::from("checkpoints"), cause })
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use chrono::NaiveDateTime;
    use futures::future::join_all;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::domain::cycle::{Cycle, ReplayNumber};
    use crate::domain::ids::RunId;
    use crate::domain::snapshot::{OffersState, SNAPSHOT_VERSION, SavedState, Snapshot};
    use crate::domain::totals::Totals;

    /// Remembers what it saves; saving boundary 13 panics, boundary 7 finds the disk full.
    #[derive(Default)]
    struct Memory {
        saved: Mutex<Vec<Snapshot>>,
        at_once: AtomicU32,
    }

    impl CheckpointFile for Memory {
        fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
            assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "two at once");
            std::thread::sleep(Duration::from_millis(1));
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            let path = PathBuf::from(format!("{}.json", snapshot.boundary));
            assert_ne!(snapshot.boundary, Cycle(13), "a fault of the adapter");
            if snapshot.boundary == Cycle(7) {
                return Err(CheckpointError::Io { path, cause: "disk full".to_owned() });
            }
            self.saved.lock().unwrap().push(snapshot.clone());
            Ok(path)
        }

        fn load_latest(&self) -> Result<Option<LoadedCheckpoint>, CheckpointError> {
            let latest = self.saved.lock().unwrap().last().cloned();
            let path = PathBuf::from("latest.json");
            Ok(latest.map(|snapshot| LoadedCheckpoint { path, snapshot, refused: Vec::new() }))
        }
    }

    fn snapshot(boundary: u32) -> SaveCheckpoint {
        let at = NaiveDateTime::default();
        SaveCheckpoint(Snapshot {
            version: SNAPSHOT_VERSION,
            run_id: RunId(Uuid::nil()),
            boundary: Cycle(boundary),
            simulated_at: at,
            simulated_start: at,
            resumes: ReplayNumber::ORIGINAL,
            state: SavedState::Running,
            totals: Totals::default(),
            offers: OffersState::default(),
            crashes: BTreeMap::new(),
            quarantined: Vec::new(),
            agents: 372,
            population: None,
            seal: None,
            settings: json!({}),
            config_hash: String::new(),
            written_at: at,
        })
    }

    #[actix::test]
    async fn saves_one_at_a_time_in_order_and_loads_the_last() {
        let files = Arc::new(Memory::default());
        let checkpointer = Checkpointer::new(files.clone()).start();
        assert!(checkpointer.send(LoadLatest).await.unwrap().unwrap().is_none());
        let saves: Vec<_> = (20..40).map(|n| checkpointer.send(snapshot(n))).collect();
        let paths = join_all(saves).await;
        assert_eq!(paths[3].as_ref().unwrap().as_ref().unwrap(), &PathBuf::from("23.json"));
        let saved: Vec<_> = files.saved.lock().unwrap().iter().map(|s| s.boundary.0).collect();
        assert_eq!(saved, (20..40).collect::<Vec<_>>());
        let loaded = checkpointer.send(LoadLatest).await.unwrap().unwrap().unwrap();
        assert_eq!(loaded.snapshot, snapshot(39).0);
    }

    #[actix::test]
    async fn an_error_or_a_panic_of_the_files_is_answered_and_the_next_save_works() {
        let checkpointer = Checkpointer::new(Arc::new(Memory::default())).start();
        let full = checkpointer.send(snapshot(7)).await.unwrap().unwrap_err();
        assert!(full.to_string().contains("disk full"), "{full}");
        assert!(checkpointer.send(snapshot(13)).await.unwrap().is_err());
        assert!(checkpointer.send(snapshot(14)).await.unwrap().is_ok());
    }
}
