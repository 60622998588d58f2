//! What is told to the store and what it answers.
//!
//! Wall clock and simulated time stand side by side here: each field says which it is.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use domain::cycle::{Cycle, ReplayNumber};
use domain::flow::Order;
use domain::ids::{AgentId, CohortName, CouponId, OwnerToken, RunId, StoreId};
use domain::incident::Incident;
use domain::lost_order::LostFlow;
use domain::offer::Assignment;

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

/// The state of a run, as watchers see it and as `runs.state` keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Ticks go out.
    Running,
    /// An operator parked it.
    Paused,
    /// The breaker froze it and its last flows are ending; its row says `frozen`.
    Freezing,
    /// The breaker froze it, and it is at rest: an operator's resume is taken.
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
            Self::Freezing => "freezing",
            Self::Frozen => "frozen",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
        }
    }

    /// As `runs.state` keeps it.
    pub fn kept(self) -> Self {
        match self {
            Self::Freezing | Self::Frozen => Self::Frozen,
            Self::Running | Self::Paused | Self::Stopped | Self::Completed => self,
        }
    }

    /// Whether nothing follows but `resume`.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed)
    }
}

/// How far a run is known to have come, whatever its rows say: a database may be an older copy of
/// itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lived {
    /// Every cycle before this one had a closed, unbroken attempt.
    pub before: Cycle,
    /// The last cycle of which a shop may have seen something.
    pub until: Cycle,
    /// The highest replay number that was ever given out.
    pub number: ReplayNumber,
}

/// What the database says of one attempt before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borne {
    /// The run.
    pub run_id: RunId,
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Flows that were acknowledged in it, at least.
    pub flows: u32,
    /// Whether the cycle before it has a closed, unbroken attempt.
    pub follows: bool,
}

/// The outcome of `begin_replay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// The replay number of cycles that are run again from now on.
    pub number: ReplayNumber,
    /// The last cycle with any row of any replay; cycles after it are originals.
    pub last_cycle_with_rows: Option<Cycle>,
    /// Rows that were still active.
    pub ended_rows: u64,
    /// The first cycle that had a closed, unbroken attempt and has none any more: the database lost
    /// it. `None`: every one is there.
    pub lost_from: Option<Cycle>,
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
    /// All that the database's server has, for everybody; 0 where it does not say.
    #[serde(default)]
    pub server: u32,
}

/// What the shop's reads say of a lost flow, to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct SettledOrder {
    /// Which flow.
    pub flow: LostFlow,
    /// Its order; `None`: it has none.
    pub order: Option<FoundOrder>,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// An order that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundOrder {
    /// As the shop shows it; without lines where it shows none.
    pub order: Order,
    /// What is said of it.
    pub incident: Incident,
}
