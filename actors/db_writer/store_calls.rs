//! How each message asks the store.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::StoreCall;
use crate::domain::flow::{AgentMemory, FlowRecord};
use crate::domain::ids::{AgentId, OrderId};
use crate::domain::lost_order::LostFlow;
use crate::domain::offer::Wallet;
use crate::domain::persona::Persona;
use crate::domain::snapshot::SealMark;
use crate::ports::store::{Committed, Orphans, Replay, Store, StoreFuture};

use super::messages::{
    AbandonOrphans, BearOut, BeginReplay, CartsCleared, CommitFlow, FailFlow, Heartbeat, KeepRefs,
    KnownOrders, LoadAgents, LoadMemories, LostFlows, OpenFlow, OpenRun, RecordCycle,
    RecordIncident, RecordSeen, SetRunState, SettleOrder,
};

impl StoreCall for OpenRun {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.open_run(self.0.clone())
    }
}
impl StoreCall for SetRunState {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.set_run_state(self.run_id, self.owner, self.state, self.at)
    }
}
impl StoreCall for Heartbeat {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.heartbeat(self.run_id, self.owner, self.at)
    }
}
impl StoreCall for BeginReplay {
    type Reply = Replay;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Replay> {
        store.begin_replay(self.run_id, self.owner, self.lived, self.at)
    }
}
impl StoreCall for LoadAgents {
    type Reply = Vec<Persona>;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Vec<Persona>> {
        store.load_agents()
    }
}
impl StoreCall for LoadMemories {
    type Reply = HashMap<AgentId, AgentMemory>;

    fn ask(&self, store: &dyn Store) -> StoreFuture<HashMap<AgentId, AgentMemory>> {
        store.load_memories(self.run_id, self.before, self.agents.clone())
    }
}
impl StoreCall for OpenFlow {
    type Reply = Wallet;
    const IS_OF_A_FLOW: bool = true;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Wallet> {
        store.open_flow(self.0.clone())
    }
}
impl StoreCall for KeepRefs {
    type Reply = ();
    const IS_OF_A_FLOW: bool = true;

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.keep_refs(self.flow.clone(), self.refs.clone())
    }
}
impl StoreCall for CommitFlow {
    type Reply = Committed;
    const IS_OF_A_FLOW: bool = true;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Committed> {
        store.commit_flow(Arc::clone(&self.0))
    }

    fn acknowledged(&self) {
        acknowledged(&self.0);
    }
}
impl StoreCall for FailFlow {
    type Reply = Committed;
    const IS_OF_A_FLOW: bool = true;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Committed> {
        store.fail_flow(Arc::clone(&self.0))
    }

    fn acknowledged(&self) {
        acknowledged(&self.0);
    }
}
impl StoreCall for RecordCycle {
    type Reply = Option<SealMark>;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Option<SealMark>> {
        store.record_cycle(self.0.clone())
    }
}
impl StoreCall for BearOut {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.bear_out(self.0)
    }
}
impl StoreCall for RecordIncident {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.record_incident(self.0.clone())
    }
}
impl StoreCall for RecordSeen {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        let Self { run_id, products, coupons, at } = self;
        store.record_seen(*run_id, products.clone(), coupons.clone(), *at)
    }
}
impl StoreCall for AbandonOrphans {
    type Reply = Orphans;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Orphans> {
        store.abandon_orphans(self.run_id, self.at)
    }
}
impl StoreCall for LostFlows {
    type Reply = Vec<LostFlow>;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Vec<LostFlow>> {
        store.lost_flows(self.run_id)
    }
}
impl StoreCall for KnownOrders {
    type Reply = HashSet<OrderId>;

    fn ask(&self, store: &dyn Store) -> StoreFuture<HashSet<OrderId>> {
        store.known_orders(self.0.clone())
    }
}
impl StoreCall for SettleOrder {
    type Reply = Committed;

    fn ask(&self, store: &dyn Store) -> StoreFuture<Committed> {
        store.settle_order(self.0.clone())
    }
}
impl StoreCall for CartsCleared {
    type Reply = ();

    fn ask(&self, store: &dyn Store) -> StoreFuture<()> {
        store.carts_cleared(self.run_id, self.owner, self.agents.clone())
    }
}

/// A line in the log for each flow that the database has: what it says was written stays written,
/// however the process ends after it. `CARTLOAD_LOG=actors::db_writer=debug` shows it.
fn acknowledged(record: &FlowRecord) {
    let FlowRecord { key, status, end_reason, events, .. } = record;
    tracing::debug!(
        flow.id = %key.flow_id,
        flow.replay = key.replay.0,
        flow.status = status.as_str(),
        flow.end_reason = end_reason.as_str(),
        flow.events = events.len(),
        "acknowledged"
    );
}
