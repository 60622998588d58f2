//! The store: what the actors read and write. One function per statement or transaction.
//!
//! Every write is idempotent by its key, so that a lost acknowledgement is answered by asking
//! again. Two real adapters (Postgres, SQLite) and a dry one pass one contract test.

pub mod advice;
mod answers;
mod error;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDateTime;
use futures::future::BoxFuture;

pub use self::answers::{
    Borne, Committed, DirtyCart, FoundOrder, Holding, Lived, NewRun, OfferBatch, Orphans,
    PoolStatus, Replay, RunState, SettledOrder,
};
pub use self::error::{FileChange, StoreError};
use domain::catalog::Product;
use domain::cycle::{Cycle, CycleRecord};
use domain::flow::{AgentMemory, FlowKey, FlowRecord, ShopRefs};
use domain::ids::{AgentId, OrderId, OwnerToken, RunId};
use domain::incident::Incident;
use domain::lost_order::LostFlow;
use domain::offer::{Coupon, Wallet};
use domain::persona::Persona;
use domain::snapshot::SealMark;

/// What a store call answers, some time later.
pub type StoreFuture<T> = BoxFuture<'static, Result<T, StoreError>>;

/// The database as the actors see it. Calls may run at the same time, up to the pool's size.
pub trait Store: RunStore + JournalStore + FlowStore + OfferStore + LostOrderStore {
    /// Waits until every write accepted so far has ended.
    fn drain(&self) -> StoreFuture<()>;

    /// Write attempts that it takes at once: more wait in a line of the caller's.
    fn writes_at_once(&self) -> usize;

    /// Connections now; all zero where there is no pool.
    fn pool_status(&self) -> PoolStatus;
}

/// How a run begins, who owns it, and what it takes along.
pub trait RunStore: Send + Sync + 'static {
    /// Inserts the run with its owner. The same run and owner again: nothing more.
    fn open_run(&self, run: NewRun) -> StoreFuture<()>;

    /// Says that the owner lives. `NotOwner` when another process took the run over.
    fn heartbeat(&self, run: RunId, owner: OwnerToken, at: NaiveDateTime) -> StoreFuture<()>;

    /// One transaction: raises `runs.resumes` by one and ends every row of this run still `active`
    /// as abandoned (end_reason crash). Answers the new replay number and the last cycle with any
    /// row of any replay, and the row of each attempt that a crash cut is written from its rows.
    /// What is `lived` and missing is answered too; then cycles up to `lived.until` count as ones
    /// with rows, and the number is above every one that was given out.
    fn begin_replay(
        &self,
        run: RunId,
        owner: OwnerToken,
        lived: Lived,
        at: NaiveDateTime,
    ) -> StoreFuture<Replay>;

    /// The agents with `status = 'active'`, ordered by id.
    fn load_agents(&self) -> StoreFuture<Vec<Persona>>;

    /// What agents remember, from canonical rows of cycles before `before`; an agent without rows
    /// is absent. `agents` empty: all of the run.
    fn load_memories(
        &self,
        run: RunId,
        before: Cycle,
        agents: Vec<AgentId>,
    ) -> StoreFuture<HashMap<AgentId, AgentMemory>>;

    /// Ends as abandoned (end_reason crash) the active rows of `run`; answers how many there were
    /// and which agents' carts are dirty.
    fn abandon_orphans(&self, run: RunId, at: NaiveDateTime) -> StoreFuture<Orphans>;

    /// Says of the last row of each of these agents that its cart is clean: the shop has emptied it
    /// since. `NotOwner` when another process took the run over.
    fn carts_cleared(&self, run: RunId, owner: OwnerToken, agents: Vec<AgentId>)
    -> StoreFuture<()>;
}

/// What a run writes down of itself and of the shop, flows apart.
pub trait JournalStore: Send + Sync + 'static {
    /// Sets `runs.state`, and `ended_at` for an end state.
    fn set_run_state(
        &self,
        run: RunId,
        owner: OwnerToken,
        state: RunState,
        at: NaiveDateTime,
    ) -> StoreFuture<()>;

    /// Writes one attempt at one cycle; the same attempt again replaces nothing and succeeds.
    /// Answers the last seal of the run, where rows are sealed.
    fn record_cycle(&self, record: CycleRecord) -> StoreFuture<Option<SealMark>>;

    /// `RowsLost` where rows that were acknowledged are there no longer.
    fn bear_out(&self, borne: Borne) -> StoreFuture<()>;

    /// Appends an incident.
    fn record_incident(&self, incident: Incident) -> StoreFuture<()>;

    /// Upserts what the shop sells and which coupons exist, as seen.
    fn record_seen(
        &self,
        run: RunId,
        products: Vec<Product>,
        coupons: Vec<Coupon>,
        at: NaiveDateTime,
    ) -> StoreFuture<()>;
}

/// A flow's row, opened once and ended once.
pub trait FlowStore: Send + Sync + 'static {
    /// Inserts the flow's row as `active` and answers the agent's wallet at the flow's simulated
    /// time. The same flow again while still active: answers the wallet again. `Superseded` when
    /// its row has ended, `NotOwner` when another process owns the run.
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet>;

    /// Writes into the flow's active row what its order can be asked for by (`shop_refs`), before
    /// the order is placed. `Superseded` when the row has ended, `NotOwner` when another process
    /// owns the run.
    fn keep_refs(&self, flow: FlowKey, refs: ShopRefs) -> StoreFuture<()>;

    /// Writes the whole flow in one transaction. `AlreadyThere` when the row has this status and
    /// end_reason, `Superseded` when it ended differently.
    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed>;

    /// Ends the active row as the record says (failed), or inserts it where there is none, events
    /// included. Answers as `commit_flow` does.
    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed>;
}

/// Coupons handed out.
pub trait OfferStore: Send + Sync + 'static {
    /// What the refresher must know of these agents: assignments not yet redeemed or expired at
    /// `now`, and coupons assigned since `since`; later ones than `now` count too, since a replay
    /// must not hand out beside what the attempt before it did. One statement.
    fn holdings(
        &self,
        run: RunId,
        agents: Vec<AgentId>,
        now: NaiveDateTime,
        since: NaiveDateTime,
    ) -> StoreFuture<HashMap<AgentId, Holding>>;

    /// Writes a refresh: its offer_cycles row and its assignments, a handful of statements in one
    /// transaction. Assignments that exist are left alone; answers how many were written.
    fn assign_offers(&self, batch: OfferBatch) -> StoreFuture<u64>;
}

/// Orders at the shop that no row may name.
pub trait LostOrderStore: Send + Sync + 'static {
    /// Flows of this run that have ended and may have an order which no row names, by agent, the
    /// oldest first.
    fn lost_flows(&self, run: RunId) -> StoreFuture<Vec<LostFlow>>;

    /// Which of these orders are in a row, of whatever run.
    fn known_orders(&self, orders: Vec<OrderId>) -> StoreFuture<HashSet<OrderId>>;

    /// One transaction: an order with its lines, its redemptions and its incident become rows of
    /// the flow that sent it, or the flow is said to have none. Of the visit itself nothing else
    /// changes. `Refused` where that order is in a row already, or the flow is not one that is
    /// looked for; `AlreadyThere` where it was written before, exactly so.
    fn settle_order(&self, settled: SettledOrder) -> StoreFuture<Committed>;
}

/// What the signatures of the port are made of.
pub mod signatures {
    pub use std::collections::{HashMap, HashSet};

    pub use chrono::NaiveDateTime;

    pub use super::{
        Borne, Committed, Holding, JournalStore, Lived, LostOrderStore, NewRun, OfferBatch,
        OfferStore, Orphans, Replay, RunState, RunStore, SettledOrder, StoreFuture,
    };
    pub use domain::catalog::Product;
    pub use domain::cycle::{Cycle, CycleRecord};
    pub use domain::flow::AgentMemory;
    pub use domain::ids::{AgentId, OrderId, OwnerToken, RunId};
    pub use domain::incident::Incident;
    pub use domain::lost_order::LostFlow;
    pub use domain::offer::Coupon;
    pub use domain::persona::Persona;
}

/// Implements a part of the port for a store that stands before another: each call, by its name and
/// with what was given, goes through the method `pass` of that type, which makes it or does not.
///
/// `pass(&self, name: &'static str, given: G, call: impl FnOnce(&dyn Store, G) -> StoreFuture<T>)
/// -> StoreFuture<T>`, for any `T: Debug + Send + 'static` and `G: Debug`.
#[macro_export]
macro_rules! pass_on {
    (RunStore for $store:ty) => {
        $crate::pass_on! { @part RunStore $store;
            open_run(run: NewRun) -> ();
            heartbeat(run: RunId, owner: OwnerToken, at: NaiveDateTime) -> ();
            begin_replay(run: RunId, owner: OwnerToken, lived: Lived, at: NaiveDateTime) -> Replay;
            load_agents() -> Vec<Persona>;
            load_memories(run: RunId, before: Cycle, agents: Vec<AgentId>)
                -> HashMap<AgentId, AgentMemory>;
            abandon_orphans(run: RunId, at: NaiveDateTime) -> Orphans;
            carts_cleared(run: RunId, owner: OwnerToken, agents: Vec<AgentId>) -> ();
        }
    };
    (JournalStore for $store:ty) => {
        $crate::pass_on! { @part JournalStore $store;
            set_run_state(run: RunId, owner: OwnerToken, state: RunState, at: NaiveDateTime) -> ();
            record_cycle(record: CycleRecord) -> Option<SealMark>;
            bear_out(borne: Borne) -> ();
            record_incident(incident: Incident) -> ();
            record_seen(run: RunId, seen: Vec<Product>, coupons: Vec<Coupon>, at: NaiveDateTime)
                -> ();
        }
    };
    (OfferStore for $store:ty) => {
        $crate::pass_on! { @part OfferStore $store;
            holdings(run: RunId, agents: Vec<AgentId>, now: NaiveDateTime, since: NaiveDateTime)
                -> HashMap<AgentId, Holding>;
            assign_offers(batch: OfferBatch) -> u64;
        }
    };
    (LostOrderStore for $store:ty) => {
        $crate::pass_on! { @part LostOrderStore $store;
            lost_flows(run: RunId) -> Vec<LostFlow>;
            known_orders(orders: Vec<OrderId>) -> HashSet<OrderId>;
            settle_order(settled: SettledOrder) -> Committed;
        }
    };
    (@part $part:ident $store:ty; $($call:ident($($given:ident: $type:ty),*) -> $reply:ty;)+) => {
        const _: () = {
            use $crate::store::signatures::*;

            impl $part for $store {
                $(fn $call(&self, $($given: $type),*) -> StoreFuture<$reply> {
                    self.pass(stringify!($call), ($($given,)*), |store, ($($given,)*)| {
                        store.$call($($given),*)
                    })
                })+
            }
        };
    };
}
