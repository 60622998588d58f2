//! A real SQLite database on a paused clock, with faults between it and the actors.
//!
//! Each call is carried out where it is asked, on the thread of the test: waiting for the store's
//! own thread, tokio's clock would jump ahead. So a killed process leaves no call half done.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::catalog::Product;
use actors::domain::cycle::{Cycle, CycleRecord};
use actors::domain::flow::{AgentMemory, EndReason, FlowKey, FlowRecord, FlowStatus};
use actors::domain::ids::{AgentId, FlowId, OwnerToken, RunId};
use actors::domain::incident::Incident;
use actors::domain::offer::{Coupon, Wallet};
use actors::domain::persona::Persona;
use actors::ports::store::{
    Committed, Holding, NewRun, OfferBatch, Orphans, PoolStatus, Replay, RunState, Store,
    StoreError, StoreFuture,
};
use chrono::NaiveDateTime;
use futures::FutureExt;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scenario::{Scenario, StoreFault};
use super::trace::{Clock, Trace};

pub struct SimulatedStore {
    pub real: Arc<dyn Store>,
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
            | None => at_once(call(self.real.as_ref())),
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

/// Each call of the port: said in the trace, then asked.
macro_rules! calls {
    ($($name:ident($($given:ident: $type:ty),*) -> $answer:ty;)+) => {$(
        fn $name(&self, $($given: $type),*) -> StoreFuture<$answer> {
            let said = format!("{}{:?}", stringify!($name), ($(&$given,)*));
            self.ask(&said, move |store| store.$name($($given),*))
        }
    )+};
}

impl Store for SimulatedStore {
    calls! {
        open_run(run: NewRun) -> ();
        heartbeat(run: RunId, owner: OwnerToken, at: NaiveDateTime) -> ();
        set_run_state(run: RunId, owner: OwnerToken, state: RunState, at: NaiveDateTime) -> ();
        begin_replay(run: RunId, owner: OwnerToken, at: NaiveDateTime) -> Replay;
        load_agents() -> Vec<Persona>;
        load_memories(run: RunId, before: Cycle, agents: Vec<AgentId>)
            -> HashMap<AgentId, AgentMemory>;
        open_flow(flow: FlowKey) -> Wallet;
        record_cycle(record: CycleRecord) -> ();
        record_incident(incident: Incident) -> ();
        record_seen(run: RunId, products: Vec<Product>, coupons: Vec<Coupon>, at: NaiveDateTime)
            -> ();
        holdings(run: RunId, agents: Vec<AgentId>, now: NaiveDateTime, since: NaiveDateTime)
            -> HashMap<AgentId, Holding>;
        assign_offers(batch: OfferBatch) -> u64;
        abandon_orphans(run: RunId, at: NaiveDateTime) -> Orphans;
        drain() -> ();
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let (said, sent) = (format!("commit_flow {record:?}"), Arc::clone(&record));
        self.acknowledging(record, self.ask(&said, move |store| store.commit_flow(sent)))
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        let (said, sent) = (format!("fail_flow {record:?}"), Arc::clone(&record));
        self.acknowledging(record, self.ask(&said, move |store| store.fail_flow(sent)))
    }

    fn writes_at_once(&self) -> usize {
        self.real.writes_at_once()
    }

    fn pool_status(&self) -> PoolStatus {
        self.real.pool_status()
    }
}
