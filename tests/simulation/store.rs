//! A real SQLite database on a paused clock, with faults between it and the actors.
//!
//! Each call is carried out where it is asked, on the thread of the test: waiting for the store's
//! own thread, tokio's clock would jump ahead. So a killed process leaves no call half done.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::flow::{EndReason, FlowKey, FlowRecord, FlowStatus, ShopRefs};
use actors::domain::ids::FlowId;
use actors::domain::offer::Wallet;
use actors::domain::snapshot::SealMark;
use actors::ports::store::{Committed, FlowStore, PoolStatus, Store, StoreError, StoreFuture};
use futures::FutureExt;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scenario::{Scenario, StoreFault};
use super::trace::{Clock, Trace};

pub struct SimulatedStore {
    /// The store of the process that lives: what it remembers dies with it.
    pub real: Mutex<Arc<dyn Store>>,
    pub scenario: Arc<Scenario>,
    pub clock: Arc<Clock>,
    pub trace: Arc<Trace>,
    pub rng: Mutex<Xoshiro256PlusPlus>,
    /// Flows whose end the actors were told is written.
    pub acknowledged: Arc<Mutex<Vec<(FlowId, FlowStatus, EndReason)>>>,
}

/// Carries a call out here and now.
pub fn at_once<T>(call: impl Future<Output = T>) -> T {
    // Unconstrained: tokio's budget of a task never comes back while that task waits here.
    futures::executor::block_on(tokio::task::unconstrained(call))
}

impl SimulatedStore {
    fn real(&self) -> Arc<dyn Store> {
        Arc::clone(&self.real.lock().unwrap())
    }

    fn ask<T: Debug + Send + 'static>(
        &self,
        said: &str,
        call: impl FnOnce(&dyn Store) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        let at = self.clock.elapsed();
        let (fault, wait) = {
            let mut rng = self.rng.lock().unwrap();
            let wait = Duration::from_micros(rng.random_range(200..8_000));
            (self.scenario.store_fault(at, &mut rng), wait)
        };
        let answer = match fault {
            Some(StoreFault::Unavailable) => Err(StoreError::Unavailable("drawn".to_owned())),
            Some(StoreFault::Contention) => Err(StoreError::Contention("drawn".to_owned())),
            Some(StoreFault::LostAcknowledgement | StoreFault::Slow(_) | StoreFault::Silent)
            | None => at_once(call(self.real().as_ref())),
        };
        let end = match &answer {
            Ok(_) => "done".to_owned(),
            Err(error) => error.to_string(),
        };
        self.trace.note_digest(at, &format!("store {fault:?} {end}:"), said);
        async move {
            match fault {
                Some(StoreFault::Silent) => return std::future::pending().await,
                Some(StoreFault::Slow(slow)) => tokio::time::sleep(slow).await,
                Some(_) | None => tokio::time::sleep(wait).await,
            }
            match (fault, answer) {
                (Some(StoreFault::LostAcknowledgement), Ok(_)) => {
                    Err(StoreError::Unavailable("the acknowledgement was lost".to_owned()))
                }
                (_, answer) => answer,
            }
        }
        .boxed()
    }

    fn pass<G: Debug, T: Debug + Send + 'static>(
        &self,
        name: &'static str,
        given: G,
        call: impl FnOnce(&dyn Store, G) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        let said = format!("{name}{given:?}");
        self.ask(&said, |store| call(store, given))
    }

    fn acknowledging(
        &self,
        record: Arc<FlowRecord>,
        ending: StoreFuture<Committed>,
    ) -> StoreFuture<Committed> {
        let acknowledged = Arc::clone(&self.acknowledged);
        let end = (record.key.flow_id, record.status, record.end_reason);
        ending
            .inspect(move |answer| {
                if answer.is_ok() {
                    acknowledged.lock().unwrap().push(end);
                }
            })
            .boxed()
    }
}

actors::ports::pass_on!(RunStore for SimulatedStore);
actors::ports::pass_on!(JournalStore for SimulatedStore);
actors::ports::pass_on!(OfferStore for SimulatedStore);
actors::ports::pass_on!(LostOrderStore for SimulatedStore);

impl FlowStore for SimulatedStore {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        self.pass("open_flow", (flow,), |store, (flow,)| store.open_flow(flow))
    }

    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()> {
        self.pass("keep_refs", (flow, refs), |store, (flow, refs)| store.keep_refs(flow, refs))
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let (said, sent) = (format!("commit_flow {record:?}"), Arc::clone(&record));
        self.acknowledging(record, self.ask(&said, move |store| store.commit_flow(sent)))
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let (said, sent) = (format!("fail_flow {record:?}"), Arc::clone(&record));
        self.acknowledging(record, self.ask(&said, move |store| store.fail_flow(sent)))
    }
}

impl Store for SimulatedStore {
    fn drain(&self) -> StoreFuture<()> {
        self.pass("drain", (), |store, ()| store.drain())
    }

    fn writes_at_once(&self) -> usize {
        self.real().writes_at_once()
    }

    fn pool_status(&self) -> PoolStatus {
        self.real().pool_status()
    }
}
