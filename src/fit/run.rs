//! Runs in memory at the mock shop whose orders are kept: every actor, no database, no file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actors::domain::behavior::Behavior;
use actors::domain::catalog::Product;
use actors::domain::flow::{FlowKey, FlowRecord, ShopRefs};
use actors::domain::ids::ProductId;
use actors::domain::offer::Wallet;
use actors::domain::persona::Persona;
use actors::domain::snapshot::SealMark;
use actors::domain::stable_hash::stable_hash_of;
use actors::ports::store::{Committed, FlowStore, PoolStatus, Store, StoreFuture};
use anyhow::Result;
use chrono::{Datelike, NaiveDate, NaiveTime};
use fitting::ledger::Ledger;
use fitting::line::Line;
use fitting::portrait::{Of, Portrait};
use shops::practice_shop::catalog;
use store::dry::DryStore;
use text::ron_text::RonError;

use crate::rehearsal::Rehearsal;

/// A Monday after which eight weeks pass without an event of the calendar.
const BEGIN: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 6, 1);
/// Cycles of a day.
const DAY: u32 = 24;

/// The goods of the mock shop.
pub(super) struct Shop(Arc<HashMap<ProductId, Product>>);

impl Shop {
    /// Those that ship with cartload.
    pub(super) fn open() -> Result<Self, RonError> {
        let products = catalog::builtin()?.products;
        Ok(Self(Arc::new(products.into_iter().map(|it| (it.id.clone(), it)).collect())))
    }

    /// The figures of a run of these agents.
    pub(super) fn portrait(
        &self,
        behavior: Arc<Behavior>,
        personas: &[Persona],
        days: u32,
    ) -> Result<Portrait> {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let store = Witness {
            dry: DryStore::new(personas.to_vec()),
            goods: Arc::clone(&self.0),
            ledger: Arc::clone(&ledger),
        };
        let begin = BEGIN.unwrap_or_default();
        let run = Rehearsal::of(0).cycles(days * DAY).store(Arc::new(store)).plan(move |plan| {
            plan.behavior = behavior;
            plan.simulated_start = begin.and_time(NaiveTime::MIN);
        });
        let end = actix_rt::System::new().block_on(async { run.start().await?.finish().await })?;
        if end.totals.cycles_completed < days * DAY {
            anyhow::bail!("it ended after {} cycles", end.totals.cycles_completed);
        }
        let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.close();
        let first = begin.num_days_from_ce();
        ledger.days = Some((first, first + days as i32 - 1));
        let idle = personas.len().saturating_sub(ledger.customers.len());
        ledger.add_idle(idle);
        Ok(Portrait::of(&ledger, Of::Run))
    }
}

/// A dry store that keeps what was ordered.
struct Witness {
    dry: DryStore,
    goods: Arc<HashMap<ProductId, Product>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Witness {
    fn pass<G, T: Send + 'static>(
        &self,
        _: &'static str,
        given: G,
        call: impl FnOnce(&dyn Store, G) -> StoreFuture<T>,
    ) -> StoreFuture<T> {
        call(&self.dry, given)
    }

    fn note(&self, record: &FlowRecord) {
        let Some(order) = &record.order else { return };
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = |kind: &str, name: &str| stable_hash_of(kind, name);
        for line in &order.lines {
            let goods = self.goods.get(&line.product_id);
            ledger.take(&Line {
                customer: hash("customer", record.key.agent_id.as_str()),
                at: record.key.simulated_at,
                has_hour: true,
                order: Some(hash("order", &record.key.flow_id.to_string())),
                product: Some(hash("product", line.product_id.as_str())),
                category: goods.map(|it| it.category.clone()),
                units: line.quantity,
                price: Some(line.unit_price.cents.as_dollars()),
                discounted: Some(line.discount.is_something()),
            });
        }
    }
}

actors::ports::pass_on!(RunStore for Witness);
actors::ports::pass_on!(JournalStore for Witness);
actors::ports::pass_on!(OfferStore for Witness);
actors::ports::pass_on!(LostOrderStore for Witness);

impl FlowStore for Witness {
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet> {
        self.dry.open_flow(flow)
    }

    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()> {
        self.dry.keep_refs(flow, refs)
    }

    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.note(&record);
        self.dry.commit_flow(record)
    }

    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed> {
        self.dry.fail_flow(record)
    }
}

impl Store for Witness {
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
