//! The port, implemented once for both real adapters.
//!
//! An adapter brings `call`, which runs a query in a transaction of its own within the adapter's
//! time limit, and `call_long` for what reads a whole run.

macro_rules! implement_store {
    ($adapter:ty, $queries:ident, $connection:ty, [$($boxed:tt)*]) => {
        impl ports::store::Store for $adapter {
            fn open_run(&self, run: NewRun) -> StoreFuture<()> {
                self.call(move |c: &mut $connection| $queries::open_run(c, run) $($boxed)*)
            }

            fn heartbeat(
                &self,
                run: RunId,
                owner: OwnerToken,
                at: NaiveDateTime,
            ) -> StoreFuture<()> {
                self.call(move |c: &mut $connection| {
                    $queries::heartbeat(c, run, owner, at) $($boxed)*
                })
            }

            fn set_run_state(
                &self,
                run: RunId,
                owner: OwnerToken,
                state: RunState,
                at: NaiveDateTime,
            ) -> StoreFuture<()> {
                self.call(move |c: &mut $connection| {
                    $queries::set_run_state(c, run, owner, state, at) $($boxed)*
                })
            }

            fn begin_replay(
                &self,
                run: RunId,
                owner: OwnerToken,
                at: NaiveDateTime,
            ) -> StoreFuture<Replay> {
                let call = self.call_long(move |c: &mut $connection| {
                    $queries::begin_replay(c, run, owner, at) $($boxed)*
                });
                acknowledged(Failpoint::ReplayAcknowledge, call)
            }

            fn load_agents(&self) -> StoreFuture<Vec<Persona>> {
                self.call(move |c: &mut $connection| $queries::load_agents(c) $($boxed)*)
            }

            fn load_memories(
                &self,
                run: RunId,
                before: Cycle,
                agents: Vec<AgentId>,
            ) -> StoreFuture<HashMap<AgentId, AgentMemory>> {
                self.call_long(move |c: &mut $connection| {
                    $queries::load_memories(c, run, before, agents) $($boxed)*
                })
            }

            fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
                let call =
                    self.call(move |c: &mut $connection| $queries::open_flow(c, flow) $($boxed)*);
                acknowledged(Failpoint::FlowOpenAcknowledge, call)
            }

            fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
                let call = self.call(move |c: &mut $connection| {
                    $queries::commit_flow(c, record) $($boxed)*
                });
                acknowledged(Failpoint::FlowAcknowledge, call)
            }

            fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
                self.call(move |c: &mut $connection| $queries::fail_flow(c, record) $($boxed)*)
            }

            fn record_cycle(&self, record: CycleRecord) -> StoreFuture<()> {
                let call = self.call(move |c: &mut $connection| {
                    $queries::record_cycle(c, record) $($boxed)*
                });
                acknowledged(Failpoint::CycleAcknowledge, call)
            }

            fn record_incident(&self, incident: Incident) -> StoreFuture<()> {
                self.call(move |c: &mut $connection| {
                    $queries::record_incident(c, incident) $($boxed)*
                })
            }

            fn record_seen(
                &self,
                run: RunId,
                products: Vec<Product>,
                coupons: Vec<Coupon>,
                at: NaiveDateTime,
            ) -> StoreFuture<()> {
                self.call(move |c: &mut $connection| {
                    $queries::record_seen(c, run, (products, coupons), at) $($boxed)*
                })
            }

            fn holdings(
                &self,
                run: RunId,
                agents: Vec<AgentId>,
                now: NaiveDateTime,
                since: NaiveDateTime,
            ) -> StoreFuture<HashMap<AgentId, Holding>> {
                self.call(move |c: &mut $connection| {
                    $queries::holdings(c, run, agents, (now, since)) $($boxed)*
                })
            }

            fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64> {
                self.call(move |c: &mut $connection| $queries::assign_offers(c, batch) $($boxed)*)
            }

            fn abandon_orphans(&self, run: RunId, at: NaiveDateTime) -> StoreFuture<Orphans> {
                self.call_long(move |c: &mut $connection| {
                    $queries::abandon_orphans(c, run, at) $($boxed)*
                })
            }

            fn drain(&self) -> StoreFuture<()> {
                self.drained()
            }

            fn writes_at_once(&self) -> usize {
                self.at_once()
            }

            fn pool_status(&self) -> PoolStatus {
                self.status()
            }
        }
    };
}

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDateTime;
use domain::catalog::Product;
use domain::cycle::{Cycle, CycleRecord};
use domain::flow::{AgentMemory, FlowKey, FlowRecord};
use domain::ids::{AgentId, OwnerToken, RunId};
use domain::incident::Incident;
use domain::offer::{Coupon, Wallet};
use domain::persona::Persona;
use futures::FutureExt;
use ports::failpoint::{self, Failpoint};
use ports::store::{
    Committed, Holding, NewRun, OfferBatch, Orphans, PoolStatus, Replay, RunState, StoreError,
    StoreFuture,
};

use super::postgres::PostgresStore;
use super::queries::{postgres, sqlite};
use super::sqlite::SqliteStore;

/// Comes by `point` between the COMMIT and its answer: an error there is an answer that was lost.
fn acknowledged<T: Send + 'static>(point: Failpoint, call: StoreFuture<T>) -> StoreFuture<T> {
    let answered = async move {
        let value = call.await?;
        failpoint::reach(point).map_err(|lost| StoreError::Unavailable(lost.to_string()))?;
        Ok(value)
    };
    answered.boxed()
}

implement_store!(PostgresStore, postgres, diesel_async::AsyncPgConnection, [.boxed()]);
implement_store!(SqliteStore, sqlite, diesel::SqliteConnection, []);
