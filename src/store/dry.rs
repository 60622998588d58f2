//! The dry store (`--mock-db`): answers as a database would, writes nothing, logs each operation.
//!
//! It resolves at once, so it also serves runs on a paused clock. What it must remember (flows,
//! wallets, visits) is bounded: a run of years costs no more memory than one of weeks.

mod ledger;
mod lost_orders;
mod memory;
mod wallets;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDateTime;
use domain::catalog::Product;
use domain::cycle::{Cycle, CycleRecord};
use domain::flow::{AgentMemory, FlowKey, FlowRecord, ShopRefs};
use domain::ids::{AgentId, OrderId, OwnerToken, RunId};
use domain::incident::Incident;
use domain::lost_order::LostFlow;
use domain::offer::{Coupon, Wallet};
use domain::persona::{AgentStatus, Persona};
use domain::snapshot::SealMark;
use futures::FutureExt;
use ledger::Ledger;
use ports::store::{
    Borne, Committed, FlowStore, Holding, JournalStore, Lived, LostOrderStore, NewRun, OfferBatch,
    OfferStore, Orphans, PoolStatus, Replay, RunState, RunStore, SettledOrder, Store, StoreError,
    StoreFuture,
};

/// Nothing is written, so nothing waits: as many as a file takes.
const WRITES_AT_ONCE: usize = 1_024;

/// The store that writes nothing.
#[derive(Clone)]
pub struct DryStore {
    /// Held for the length of one operation, never across an await.
    ledger: Arc<Mutex<Ledger>>,
    /// Every agent there is, ordered by id.
    personas: Arc<Vec<Persona>>,
}

/// What would have been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DryCounts {
    /// Operations of any kind.
    pub operations: u64,
    /// Rows of shopping_sessions.
    pub flows: u64,
    /// Rows of shopping_session_events.
    pub events: u64,
    /// Rows of orders.
    pub orders: u64,
    /// Of them found after their flow had ended.
    pub orders_recovered: u64,
    /// Rows of order_items.
    pub order_items: u64,
    /// Rows of coupon_interactions.
    pub coupon_interactions: u64,
    /// Of them redemptions.
    pub redemptions: u64,
    /// Of them redemptions refused because the coupon was taken.
    pub refused_redemptions: u64,
    /// Rows of coupon_assignments.
    pub assignments: u64,
    /// Rows of cycles.
    pub cycles: u64,
    /// Rows of incidents.
    pub incidents: u64,
}

impl DryStore {
    /// A store that knows these agents.
    pub fn new(mut personas: Vec<Persona>) -> Self {
        personas.sort_by(|a, b| a.agent_id.cmp(&b.agent_id));
        Self { ledger: Arc::new(Mutex::new(Ledger::default())), personas: Arc::new(personas) }
    }

    /// What would have been written so far.
    pub fn counts(&self) -> DryCounts {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    fn answer<T: Send + 'static>(
        &self,
        operation: &'static str,
        act: impl FnOnce(&mut Ledger) -> Result<T, StoreError>,
    ) -> StoreFuture<T> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.counts.operations += 1;
        let outcome = act(&mut ledger);
        let refused = outcome.as_ref().err().map(ToString::to_string);
        tracing::debug!(target: "cartload::dry_store", operation, refused, "not written");
        futures::future::ready(outcome).boxed()
    }
}

impl RunStore for DryStore {
    fn open_run(&self, run: NewRun) -> StoreFuture<()> {
        self.answer("open_run", |ledger| ledger.open_run(&run))
    }

    fn heartbeat(&self, run: RunId, owner: OwnerToken, _at: NaiveDateTime) -> StoreFuture<()> {
        self.answer("heartbeat", |ledger| ledger.owned(run, owner).map(drop))
    }

    fn begin_replay(
        &self,
        run: RunId,
        owner: OwnerToken,
        lived: Lived,
        at: NaiveDateTime,
    ) -> StoreFuture<Replay> {
        self.answer("begin_replay", |ledger| ledger.begin_replay(run, owner, lived, at))
    }

    fn load_agents(&self) -> StoreFuture<Vec<Persona>> {
        let active = self.personas.iter().filter(|p| p.status == AgentStatus::Active);
        let active: Vec<Persona> = active.cloned().collect();
        self.answer("load_agents", |_| Ok(active))
    }

    fn load_memories(
        &self,
        run: RunId,
        before: Cycle,
        agents: Vec<AgentId>,
    ) -> StoreFuture<HashMap<AgentId, AgentMemory>> {
        self.answer("load_memories", |ledger| Ok(ledger.memories(run, before, &agents)))
    }

    fn abandon_orphans(&self, run: RunId, at: NaiveDateTime) -> StoreFuture<Orphans> {
        let personas = Arc::clone(&self.personas);
        self.answer("abandon_orphans", |ledger| Ok(ledger.abandon_orphans(run, &personas, at)))
    }

    fn carts_cleared(
        &self,
        run: RunId,
        owner: OwnerToken,
        agents: Vec<AgentId>,
    ) -> StoreFuture<()> {
        self.answer("carts_cleared", |ledger| ledger.carts_cleared(run, owner, &agents))
    }
}

impl JournalStore for DryStore {
    fn set_run_state(
        &self,
        run: RunId,
        owner: OwnerToken,
        _state: RunState,
        _at: NaiveDateTime,
    ) -> StoreFuture<()> {
        self.answer("set_run_state", |ledger| ledger.owned(run, owner).map(drop))
    }

    fn record_cycle(&self, record: CycleRecord) -> StoreFuture<Option<SealMark>> {
        self.answer("record_cycle", |ledger| {
            ledger.record_cycle(&record);
            Ok(None)
        })
    }

    /// Memory loses nothing.
    fn bear_out(&self, _borne: Borne) -> StoreFuture<()> {
        self.answer("bear_out", |_| Ok(()))
    }

    fn record_incident(&self, _incident: Incident) -> StoreFuture<()> {
        self.answer("record_incident", |ledger| {
            ledger.counts.incidents += 1;
            Ok(())
        })
    }

    fn record_seen(
        &self,
        _run: RunId,
        products: Vec<Product>,
        _coupons: Vec<Coupon>,
        _at: NaiveDateTime,
    ) -> StoreFuture<()> {
        self.answer("record_seen", |ledger| {
            ledger.memory.see(&products);
            Ok(())
        })
    }
}

impl FlowStore for DryStore {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        self.answer("open_flow", |ledger| ledger.open_flow(&flow))
    }

    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()> {
        self.answer("keep_refs", |ledger| ledger.keep_refs(&flow, refs))
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.answer("commit_flow", |ledger| ledger.end_flow(&record))
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.answer("fail_flow", |ledger| ledger.end_flow(&record))
    }
}

impl LostOrderStore for DryStore {
    fn lost_flows(&self, run: RunId) -> StoreFuture<Vec<LostFlow>> {
        let personas = Arc::clone(&self.personas);
        self.answer("lost_flows", |ledger| Ok(ledger.lost.of_run(run, &personas)))
    }

    fn known_orders(&self, orders: Vec<OrderId>) -> StoreFuture<HashSet<OrderId>> {
        self.answer("known_orders", |ledger| Ok(ledger.lost.known(orders)))
    }

    fn settle_order(&self, settled: SettledOrder) -> StoreFuture<Committed> {
        self.answer("settle_order", |ledger| ledger.settle_order(&settled))
    }
}

impl OfferStore for DryStore {
    fn holdings(
        &self,
        run: RunId,
        agents: Vec<AgentId>,
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> StoreFuture<HashMap<AgentId, Holding>> {
        self.answer("holdings", |ledger| Ok(ledger.wallets.holdings(run, &agents, now, since)))
    }

    fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64> {
        self.answer("assign_offers", |ledger| ledger.assign_offers(&batch))
    }
}

impl Store for DryStore {
    fn drain(&self) -> StoreFuture<()> {
        self.answer("drain", |_| Ok(()))
    }

    fn writes_at_once(&self) -> usize {
        WRITES_AT_ONCE
    }

    fn pool_status(&self) -> PoolStatus {
        PoolStatus::default()
    }
}
