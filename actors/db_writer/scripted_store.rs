//! A store for tests: does at each call what a script says, remembers flows and assignments.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDateTime;

use crate::domain::flow::{FlowKey, FlowRecord, ShopRefs};
use crate::domain::ids::{AgentId, FlowId, OrderId, RunId};
use crate::domain::lost_order::LostFlow;
use crate::domain::offer::Wallet;
use crate::domain::snapshot::SealMark;
use crate::ports::store::{
    Committed, FlowStore, Holding, LostOrderStore, OfferBatch, OfferStore, PoolStatus,
    SettledOrder, Store, StoreError, StoreFuture,
};

/// What a call does.
pub enum Script {
    Succeed,
    Fail(StoreError),
    After(Duration),
    Hang,
    Panic,
}

/// The default of a Postgres pool.
const WRITES_AT_ONCE: usize = 125;

type ScriptFn = Box<dyn Fn(u32) -> Script + Send + Sync>;

pub struct ScriptedStore {
    script: ScriptFn,
    calls: AtomicU32,
    at_once: Arc<AtomicU32>,
    at_once_max: AtomicU32,
    is_drained: AtomicBool,
    is_silent: AtomicBool,
    flows: Mutex<Vec<FlowId>>,
    batches: Arc<Mutex<Vec<OfferBatch>>>,
}

impl ScriptedStore {
    pub fn new(script: impl Fn(u32) -> Script + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            calls: AtomicU32::new(0),
            at_once: Arc::default(),
            at_once_max: AtomicU32::new(0),
            is_drained: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            flows: Mutex::default(),
            batches: Arc::default(),
        }
    }

    /// From here on a drain is never answered.
    pub fn fall_silent(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
    }

    /// Flows opened, one entry a try.
    pub fn flows(&self) -> Vec<FlowId> {
        self.flows.lock().unwrap().clone()
    }

    /// Refreshes written.
    pub fn batches(&self) -> Vec<OfferBatch> {
        self.batches.lock().unwrap().clone()
    }

    /// Calls of any kind.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn at_once_max(&self) -> u32 {
        self.at_once_max.load(Ordering::SeqCst)
    }

    pub fn is_drained(&self) -> bool {
        self.is_drained.load(Ordering::SeqCst)
    }

    fn answer<T: Send + 'static>(
        &self,
        value: impl FnOnce() -> T + Send + 'static,
    ) -> StoreFuture<T> {
        let script = (self.script)(self.calls.fetch_add(1, Ordering::SeqCst));
        let at_once = Arc::clone(&self.at_once);
        let now_at_once = at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once_max.fetch_max(now_at_once, Ordering::SeqCst);
        Box::pin(async move {
            let result = match script {
                Script::Succeed => Ok(value()),
                Script::Fail(error) => Err(error),
                Script::After(time) => {
                    tokio::time::sleep(time).await;
                    Ok(value())
                }
                Script::Hang => std::future::pending().await,
                Script::Panic => panic!("the script says so"),
            };
            at_once.fetch_sub(1, Ordering::SeqCst);
            result
        })
    }

    /// What is neither of flows nor of offers is answered with nothing.
    fn pass<G, T: Default + Send + 'static>(
        &self,
        _: &'static str,
        _: G,
        _: impl FnOnce(&dyn Store, G) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        self.answer(T::default)
    }
}

crate::ports::pass_on!(RunStore for ScriptedStore);
crate::ports::pass_on!(JournalStore for ScriptedStore);

impl LostOrderStore for ScriptedStore {
    fn lost_flows(&self, _: RunId) -> StoreFuture<Vec<LostFlow>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn known_orders(&self, _: Vec<OrderId>) -> StoreFuture<HashSet<OrderId>> {
        Box::pin(async { Ok(HashSet::new()) })
    }

    fn settle_order(&self, _: SettledOrder) -> StoreFuture<Committed> {
        Box::pin(async { Ok(Committed::Written) })
    }
}

impl FlowStore for ScriptedStore {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        self.flows.lock().unwrap().push(flow.flow_id);
        self.answer(Wallet::default)
    }

    fn keep_refs(&self, _: FlowKey, _: ShopRefs) -> StoreFuture<()> {
        self.answer(|| ())
    }

    fn commit_flow(&self, _: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.answer(|| Committed::Written)
    }

    fn fail_flow(&self, _: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.answer(|| Committed::Written)
    }
}

impl OfferStore for ScriptedStore {
    /// What the batches written so far left; nobody redeems.
    fn holdings(
        &self,
        _: RunId,
        agents: Vec<AgentId>,
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> StoreFuture<HashMap<AgentId, Holding>> {
        let batches = self.batches();
        self.answer(move || {
            let mut holdings: HashMap<AgentId, Holding> = HashMap::new();
            for assignment in batches.into_iter().flat_map(|batch| batch.assignments) {
                if !agents.contains(&assignment.agent_id) {
                    continue;
                }
                let holding = holdings.entry(assignment.agent_id).or_default();
                if assignment.expires_at > now {
                    holding.open.push(assignment.coupon_id.clone());
                }
                if assignment.assigned_at >= since {
                    holding.recent.push(assignment.coupon_id);
                }
            }
            holdings
        })
    }

    fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64> {
        let batches = Arc::clone(&self.batches);
        self.answer(move || {
            let written = batch.assignments.len() as u64;
            batches.lock().unwrap().push(batch);
            written
        })
    }
}

impl Store for ScriptedStore {
    fn drain(&self) -> StoreFuture<()> {
        if self.is_silent.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        self.is_drained.store(true, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }

    fn writes_at_once(&self) -> usize {
        WRITES_AT_ONCE
    }

    fn pool_status(&self) -> PoolStatus {
        PoolStatus::default()
    }
}
