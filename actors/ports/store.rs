//! The store: what the actors read and write. One function per statement or transaction.
//!
//! Every write is idempotent by its key, so that a lost acknowledgement is answered by asking
//! again. Two real adapters (Postgres, SQLite) and a dry one pass one contract test.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDateTime;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use domain::catalog::Product;
use domain::cycle::{Cycle, CycleRecord, ReplayNumber};
use domain::flow::{AgentMemory, EndReason, FlowKey, FlowRecord, FlowStatus};
use domain::ids::{AgentId, CohortName, CouponId, OwnerToken, RunId, StoreId};
use domain::incident::Incident;
use domain::offer::{Assignment, Coupon, Wallet};
use domain::persona::Persona;

/// What a store call answers, some time later.
pub type StoreFuture<T> = BoxFuture<'static, Result<T, StoreError>>;

/// The database as the actors see it. Calls may run at the same time, up to the pool's size.
pub trait Store: Send + Sync + 'static {
    /// Inserts the run with its owner. The same run and owner again: nothing more.
    fn open_run(&self, run: NewRun) -> StoreFuture<()>;

    /// Says that the owner lives. `NotOwner` when another process took the run over.
    fn heartbeat(&self, run: RunId, owner: OwnerToken, at: NaiveDateTime) -> StoreFuture<()>;

    /// Sets `runs.state`, and `ended_at` for an end state.
    fn set_run_state(
        &self,
        run: RunId,
        owner: OwnerToken,
        state: RunState,
        at: NaiveDateTime,
    ) -> StoreFuture<()>;

    /// One transaction: raises `runs.resumes` by one and ends every row of this run still `active`
    /// as abandoned (end_reason crash). Answers the new replay number and the last cycle with any
    /// row of any replay. With `broken`, also writes that broken cycle's row from its rows if it
    /// has none.
    fn begin_replay(&self, run: RunId, owner: OwnerToken, at: NaiveDateTime)
    -> StoreFuture<Replay>;

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

    /// Inserts the flow's row as `active` and answers the agent's wallet at the flow's simulated
    /// time. The same flow again while still active: answers the wallet again. `Superseded` when
    /// its row has ended, `NotOwner` when another process owns the run.
    fn open_flow(&self, flow: FlowKey) -> StoreFuture<Wallet>;

    /// Writes the whole flow in one transaction. `AlreadyThere` when the row has this status and
    /// end_reason, `Superseded` when it ended differently.
    fn commit_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed>;

    /// Ends the active row as the record says (failed), or inserts it where there is none, events
    /// included. Answers as `commit_flow` does.
    fn fail_flow(&self, record: Arc<FlowRecord>) -> StoreFuture<Committed>;

    /// Writes one attempt at one cycle; the same attempt again replaces nothing and succeeds.
    fn record_cycle(&self, record: CycleRecord) -> StoreFuture<()>;

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

    /// Ends as abandoned (end_reason crash) the active rows of `run`; answers how many there were
    /// and which agents' carts are dirty.
    fn abandon_orphans(&self, run: RunId, at: NaiveDateTime) -> StoreFuture<Orphans>;

    /// Waits until every write accepted so far has ended.
    fn drain(&self) -> StoreFuture<()>;

    /// Write attempts that it takes at once: more wait in a line of the caller's.
    fn writes_at_once(&self) -> usize;

    /// Connections now; all zero where there is no pool.
    fn pool_status(&self) -> PoolStatus;
}

/// A run as it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// Wall clock, UTC.
    pub started_at: NaiveDateTime,
    /// Simulated begin of cycle 0.
    pub simulated_start: NaiveDateTime,
    /// Active agents.
    pub agents: u32,
    /// Every setting that is not secret.
    pub settings: Value,
}

/// The state of a run (`runs.state`, checkpoints, status).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Ticks go out.
    Running,
    /// An operator parked it.
    Paused,
    /// The breaker froze it.
    Frozen,
    /// An operator ended it before its plan.
    Stopped,
    /// It did what was planned.
    Completed,
}

impl RunState {
    /// The word used in columns and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Frozen => "frozen",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
        }
    }

    /// Whether nothing follows but `resume`.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed)
    }
}

/// The outcome of `begin_replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The replay number of cycles that are run again from now on.
    pub number: ReplayNumber,
    /// The last cycle with any row of any replay; cycles after it are originals.
    pub last_cycle_with_rows: Option<Cycle>,
    /// Rows that were still active.
    pub ended_rows: u64,
}

/// Whether a write was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Written now.
    Written,
    /// It had been written before, exactly so.
    AlreadyThere,
}

/// What one agent holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Unexpired, unredeemed.
    pub open: Vec<CouponId>,
    /// Assigned since the date asked for, open or not.
    pub recent: Vec<CouponId>,
}

/// One refresh.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferBatch {
    /// The run.
    pub run_id: RunId,
    /// Who may write.
    pub owner: OwnerToken,
    /// The cycle in which it was due.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Simulated weeks (offer cycles) since the start of the run.
    pub offer_cycle: u32,
    /// Agents that were due, holdout excluded.
    pub due_agents: u32,
    /// Agents held out among the due ones.
    pub held_out: u32,
    /// Simulated.
    pub at: NaiveDateTime,
    /// Wall clock, UTC.
    pub recorded_at: NaiveDateTime,
    /// The arm of each agent that is in one.
    pub cohorts: BTreeMap<AgentId, CohortName>,
    /// What is handed out.
    pub assignments: Vec<Assignment>,
}

/// What a clean-up found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Rows that were active.
    pub abandoned: u64,
    /// Agents whose cart at the shop may hold items, with their user and store.
    pub dirty: Vec<DirtyCart>,
}

/// A cart to clear at the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirtyCart {
    /// Whose.
    pub agent_id: AgentId,
    /// Its user at the shop.
    pub user_id: uuid::Uuid,
    /// The branch, if one was selected.
    pub store_id: Option<StoreId>,
}

/// Connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// Open connections.
    pub open: u32,
    /// Of `open`: idle.
    pub idle: u32,
    /// Callers waiting.
    pub waiting: u32,
    /// The most there may be.
    pub max: u32,
}

/// Why the store did not do it. No variant carries a password.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable or not answering; the same call again may succeed.
    #[error("the database does not answer: {0}")]
    Unavailable(
        /// What it said last.
        String,
    ),
    /// The pool had no connection in time.
    #[error("no database connection within {waited_ms} ms: {cause}")]
    PoolExhausted {
        /// Milliseconds waited.
        waited_ms: u64,
        /// What the last attempt to connect said.
        cause: String,
    },
    /// Serialization failure, deadlock or a busy file; the same call again may succeed.
    #[error("the database asks to try again: {0}")]
    Contention(
        /// What it said.
        String,
    ),
    /// The disk is full or the file read-only; may pass.
    #[error("the database cannot write: {0}; free space or make it writable")]
    CannotWrite(
        /// What it said.
        String,
    ),
    /// The row ended differently before.
    #[error("flow {key}: its row already ended as {status} ({end_reason})")]
    Superseded {
        /// Which flow.
        key: domain::ids::FlowId,
        /// How the row ended.
        status: FlowStatus,
        /// Why the row ended.
        end_reason: EndReason,
    },
    /// Another process owns the run.
    #[error("run {0} is owned by another process")]
    NotOwner(
        /// The run.
        RunId,
    ),
    /// The statement itself is wrong for this database; trying again will not help.
    #[error("the database refused a statement: {0}")]
    Refused(
        /// What it said.
        String,
    ),
    /// The store was shut down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same call again may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::PoolExhausted { .. }
            | Self::Contention(_)
            | Self::CannotWrite(_) => true,
            Self::Superseded { .. } | Self::NotOwner(_) | Self::Refused(_) | Self::Closed => false,
        }
    }
}
