//! What the [`DbWriter`](super::DbWriter) accepts. Each write is retried within its bound before an
//! error is answered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix::prelude::*;
use chrono::NaiveDateTime;

use crate::domain::catalog::Product;
use crate::domain::cycle::{Cycle, CycleRecord};
use crate::domain::flow::{AgentMemory, FlowKey, FlowRecord, ShopRefs};
use crate::domain::ids::{AgentId, OrderId, OwnerToken, RunId};
use crate::domain::incident::Incident;
use crate::domain::lost_order::LostFlow;
use crate::domain::offer::{Coupon, Wallet};
use crate::domain::persona::Persona;
use crate::domain::snapshot::SealMark;
use crate::ports::store::{
    Borne, Committed, Lived, NewRun, Orphans, Replay, RunState, SettledOrder, StoreError,
};

/// Sent by the Coordinator before the first tick of a new run.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct OpenRun(
    /// The run.
    pub NewRun,
);

/// Sent by the Coordinator whenever the run changes its state.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct SetRunState {
    /// The run.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// The state reached.
    pub state: RunState,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// Sent by the Coordinator every 30 s, also while paused or frozen.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Heartbeat {
    /// The run.
    pub run_id: RunId,
    /// Who lives.
    pub owner: OwnerToken,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// Sent by the Coordinator before the first tick after a resume of a dead or frozen run.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Replay, StoreError>")]
pub struct BeginReplay {
    /// The run.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// How far the run is known to have come.
    pub lived: Lived,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// Sent by the Coordinator at start-up.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<Persona>, StoreError>")]
pub struct LoadAgents;

/// Sent by the Coordinator when it builds agents anew.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<HashMap<AgentId, AgentMemory>, StoreError>")]
pub struct LoadMemories {
    /// The run.
    pub run_id: RunId,
    /// Rows of cycles before this one.
    pub before: Cycle,
    /// Whose; empty for all.
    pub agents: Vec<AgentId>,
}

/// Sent by an Agent that shops, before its first call.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Wallet, StoreError>")]
pub struct OpenFlow(
    /// Which flow.
    pub FlowKey,
);

/// Sent by an Agent before it places an order that can be asked for by these.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct KeepRefs {
    /// Which flow.
    pub flow: FlowKey,
    /// What its order can be asked for by.
    pub refs: ShopRefs,
}

/// Sent by an Agent at the end of a flow.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Committed, StoreError>")]
pub struct CommitFlow(
    /// All of it.
    pub Arc<FlowRecord>,
);

/// Sent by an Agent whose flow failed, and by the Coordinator for an agent that died or was cut.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Committed, StoreError>")]
pub struct FailFlow(
    /// What is known of it.
    pub Arc<FlowRecord>,
);

/// Sent by the Coordinator at the barrier. Answers the last seal of the run.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Option<SealMark>, StoreError>")]
pub struct RecordCycle(
    /// The attempt.
    pub CycleRecord,
);

/// Sent by the Coordinator at the barrier, before `RecordCycle`.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct BearOut(
    /// What should be there.
    pub Borne,
);

/// Sent by the Coordinator for whatever an operator or analyst must find afterwards.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct RecordIncident(
    /// What happened.
    pub Incident,
);

/// Sent by the Coordinator once the shop has shown its catalog.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct RecordSeen {
    /// The run.
    pub run_id: RunId,
    /// What the shop sells.
    pub products: Vec<Product>,
    /// Which coupons exist.
    pub coupons: Vec<Coupon>,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// Sent by the Coordinator before the first tick.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Orphans, StoreError>")]
pub struct AbandonOrphans {
    /// Whose orphans.
    pub run_id: RunId,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// Sent by the Coordinator when a run goes on, before the first tick.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<LostFlow>, StoreError>")]
pub struct LostFlows {
    /// Whose flows.
    pub run_id: RunId,
}

/// Sent by the Coordinator for each list of orders that the shop shows it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<HashSet<OrderId>, StoreError>")]
pub struct KnownOrders(
    /// The list.
    pub Vec<OrderId>,
);

/// Sent by the Coordinator for a lost flow of which the shop's reads say something.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Committed, StoreError>")]
pub struct SettleOrder(
    /// What they say.
    pub SettledOrder,
);

/// Sent by the Coordinator at the end of a run, when the shop has emptied carts.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct CartsCleared {
    /// The run.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// Whose carts.
    pub agents: Vec<AgentId>,
}

/// Sent by the Coordinator at the end, and before it ends a flow that was cut. Answers when
/// every write accepted so far has ended.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Drain;

/// Sent by the Coordinator for a developer; strikes writes of flows only, never what is written of
/// the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, Message)]
#[rtype(result = "()")]
pub enum DbWriterInjection {
    /// So many attempts to write a flow take longer.
    Delay {
        /// By so much, milliseconds.
        ms: u32,
        /// How many.
        writes: u32,
    },
    /// So many attempts to write a flow find no database; each is tried again.
    Fail {
        /// How many.
        writes: u32,
    },
    /// So many attempts to write a flow are refused, which fails the flow.
    Refuse {
        /// How many.
        writes: u32,
    },
    /// The actor panics; the run freezes for good.
    Die,
}
