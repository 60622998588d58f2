//! What the [`DbWriter`](super::DbWriter) accepts. Each write is retried within its bound before an
//! error is answered.

use std::collections::HashMap;
use std::sync::Arc;

use actix::prelude::*;
use chrono::NaiveDateTime;

use crate::domain::catalog::Product;
use crate::domain::cycle::{Cycle, CycleRecord};
use crate::domain::flow::{AgentMemory, FlowKey, FlowRecord};
use crate::domain::ids::{AgentId, OwnerToken, RunId};
use crate::domain::incident::Incident;
use crate::domain::offer::{Coupon, Wallet};
use crate::domain::persona::Persona;
use crate::ports::store::{Committed, NewRun, Orphans, Replay, RunState, StoreError};

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

/// Sent by the Coordinator at the barrier.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct RecordCycle(
    /// The attempt.
    pub CycleRecord,
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

/// Sent by the Coordinator at the end, and before it ends a flow that was cut. Answers when
/// every write accepted so far has ended.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Drain;
