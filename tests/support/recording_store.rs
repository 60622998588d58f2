//! The dry store with a memory: what a run would have written, in order, writes that panic, and a
//! server that is away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::catalog::Product;
use actors::domain::cycle::CycleRecord;
use actors::domain::flow::{FlowKey, FlowRecord, ShopRefs};
use actors::domain::ids::{AgentId, OwnerToken, RunId};
use actors::domain::incident::{Incident, IncidentKind};
use actors::domain::offer::{Coupon, Wallet};
use actors::domain::persona::Persona;
use actors::domain::snapshot::SealMark;
use actors::ports::store::{
    Borne, Committed, FlowStore, Holding, JournalStore, OfferBatch, OfferStore, PoolStatus,
    RunState, Store, StoreError, StoreFuture,
};
use chrono::NaiveDateTime;
use store::dry::DryStore;

/// Whether opening this flow panics.
pub type PanicsOn = Box<dyn Fn(&FlowKey) -> bool + Send + Sync>;

/// What was written.
#[derive(Default)]
pub struct Written {
    pub opened: Vec<FlowKey>,
    /// Flows that ended, failed ones included.
    pub flows: Vec<Arc<FlowRecord>>,
    pub cycles: Vec<CycleRecord>,
    pub incidents: Vec<Incident>,
    pub states: Vec<RunState>,
    pub batches: Vec<OfferBatch>,
}

pub struct RecordingStore {
    dry: DryStore,
    panics_on: PanicsOn,
    /// So many of the next refreshes of offers panic.
    pub refreshes_that_panic: AtomicU32,
    /// How long it takes to open a flow or to commit one, milliseconds.
    pub flow_writes_take_ms: AtomicU64,
    /// Every call is answered `Unavailable`.
    pub is_away: AtomicBool,
    written: Arc<Mutex<Written>>,
}

impl RecordingStore {
    pub fn new(personas: Vec<Persona>, panics_on: PanicsOn) -> Self {
        let refreshes_that_panic = AtomicU32::new(0);
        Self {
            dry: DryStore::new(personas),
            panics_on,
            refreshes_that_panic,
            flow_writes_take_ms: AtomicU64::new(0),
            is_away: AtomicBool::new(false),
            written: Arc::default(),
        }
    }

    /// Looks at what was written.
    pub fn read<T>(&self, look: impl FnOnce(&Written) -> T) -> T {
        look(&self.written.lock().unwrap())
    }

    /// The cycles' rows so far.
    pub fn cycles(&self) -> Vec<CycleRecord> {
        self.read(|written| written.cycles.clone())
    }

    /// The messages of all incidents of this kind.
    pub fn incidents(&self, kind: IncidentKind) -> Vec<String> {
        self.read(|written| {
            let such = written.incidents.iter().filter(|incident| incident.kind == kind);
            such.map(|incident| incident.message.clone()).collect()
        })
    }

    fn flow_writes_take(&self) -> impl Future<Output = ()> + use<> {
        let time = Duration::from_millis(self.flow_writes_take_ms.load(Ordering::SeqCst));
        async move {
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
        }
    }

    /// The dry store's answer, unless the server is away.
    fn reach<T: Send + 'static>(
        &self,
        call: impl FnOnce(&DryStore) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        if self.is_away.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::Unavailable("the test says so".into())) });
        }
        call(&self.dry)
    }

    fn pass<G, T: Send + 'static>(
        &self,
        _: &'static str,
        given: G,
        call: impl FnOnce(&dyn Store, G) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        self.reach(|dry| call(dry, given))
    }

    fn note(&self, write: impl FnOnce(&mut Written)) {
        write(&mut self.written.lock().unwrap());
    }
}

actors::ports::pass_on!(RunStore for RecordingStore);
actors::ports::pass_on!(LostOrderStore for RecordingStore);

impl JournalStore for RecordingStore {
    fn set_run_state(
        &self,
        run: RunId,
        owner: OwnerToken,
        state: RunState,
        at: NaiveDateTime,
    ) -> StoreFuture<()> {
        self.reach(|dry| {
            self.note(|written| written.states.push(state));
            dry.set_run_state(run, owner, state, at)
        })
    }

    fn record_cycle(&self, record: CycleRecord) -> StoreFuture<Option<SealMark>> {
        self.reach(|dry| {
            self.note(|written| written.cycles.push(record.clone()));
            dry.record_cycle(record)
        })
    }

    fn bear_out(&self, borne: Borne) -> StoreFuture<()> {
        self.reach(|dry| dry.bear_out(borne))
    }

    fn record_incident(&self, incident: Incident) -> StoreFuture<()> {
        self.reach(|dry| {
            self.note(|written| written.incidents.push(incident.clone()));
            dry.record_incident(incident)
        })
    }

    fn record_seen(
        &self,
        run: RunId,
        products: Vec<Product>,
        coupons: Vec<Coupon>,
        at: NaiveDateTime,
    ) -> StoreFuture<()> {
        self.reach(|dry| dry.record_seen(run, products, coupons, at))
    }
}

impl FlowStore for RecordingStore {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        if (self.panics_on)(&flow) {
            return Box::pin(async { panic!("the store's script says so") });
        }
        self.reach(|dry| {
            self.note(|written| written.opened.push(flow.clone()));
            let (takes, dry) = (self.flow_writes_take(), dry.clone());
            Box::pin(async move {
                takes.await;
                dry.open_flow(flow).await
            })
        })
    }

    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()> {
        self.reach(|dry| dry.keep_refs(flow, refs))
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.reach(|dry| {
            let (takes, dry) = (self.flow_writes_take(), dry.clone());
            let written = Arc::clone(&self.written);
            Box::pin(async move {
                takes.await;
                written.lock().unwrap().flows.push(Arc::clone(&record));
                dry.commit_flow(record).await
            })
        })
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.reach(|dry| {
            self.note(|written| written.flows.push(Arc::clone(&record)));
            dry.fail_flow(record)
        })
    }
}

impl OfferStore for RecordingStore {
    fn holdings(
        &self,
        run: RunId,
        agents: Vec<AgentId>,
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> StoreFuture<HashMap<AgentId, Holding>> {
        let left = self.refreshes_that_panic.load(Ordering::SeqCst);
        if left > 0 {
            self.refreshes_that_panic.store(left - 1, Ordering::SeqCst);
            panic!("the test says so");
        }
        self.reach(|dry| dry.holdings(run, agents, now, since))
    }

    fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64> {
        self.reach(|dry| {
            self.note(|written| written.batches.push(batch.clone()));
            dry.assign_offers(batch)
        })
    }
}

impl Store for RecordingStore {
    fn drain(&self) -> StoreFuture<()> {
        self.dry.drain()
    }

    fn writes_at_once(&self) -> usize {
        self.dry.writes_at_once()
    }

    fn pool_status(&self) -> PoolStatus {
        self.dry.pool_status()
    }
}
