//! What may happen to a run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::agent::messages::ShopFacts;
use crate::circuit_breaker::messages::FreezeReason;
use crate::coordinator::command::Command;
use crate::coordinator::lost_orders::board::OrderSearch;
use crate::coordinator::messages::{Service, StartError};
use crate::domain::flow::AgentMemory;
use crate::domain::ids::AgentId;
use crate::domain::shop_notes::ShopNotes;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::store::Replay;

use super::action::Ticket;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The start-up check is through: the attempt of a run that goes on, nothing for a new one.
    Prepared(Result<Option<Replay>, StartError>),
    /// The process before this one died, or ended, while the run was frozen.
    CameBack(FreezeReason),
    /// The alarm went off.
    Woke,
    /// What waited for the moment has been done.
    Followed,
    /// Nobody is outstanding.
    Barrier,
    /// The cycle's row is written; or why not.
    Recorded(Result<Closed, String>),
    /// The checkpoint of a transition is written; or why not.
    Saved(Result<PathBuf, CheckpointError>),
    /// The shop has been looked at for an operator's resume; or why the run cannot go on.
    Looked(Result<Box<Reopened>, String>),
    /// `runs.state` is written, or given up.
    StateWritten,
    /// The carts at the shop are cleared, or their time is up.
    CartsCleared,
    /// Every write has ended.
    Drained,
    /// The breaker has frozen the run.
    Froze(FreezeReason),
    /// Something that the breaker does not see must freeze the run.
    Tripped(FreezeReason),
    /// A service died that cannot be rebuilt.
    ServiceLost(Service),
    /// An operator says something.
    Command(Ticket, Command),
}

/// A cycle whose row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// A freeze or a stop broke it.
    pub broken: bool,
    /// The shop accepted none of so many adds and checkouts.
    pub nothing_accepted: Option<u64>,
}

/// What a frozen run goes on with.
#[derive(Clone, Debug)]
pub struct Reopened {
    /// The attempt.
    pub replay: Replay,
    /// What the shop shows.
    pub shop: Arc<ShopFacts>,
    /// What of that does not fit.
    pub notes: ShopNotes,
    /// What the agents remember.
    pub memories: HashMap<AgentId, AgentMemory>,
    /// What became of orders that no row named.
    pub orders: OrderSearch,
}
