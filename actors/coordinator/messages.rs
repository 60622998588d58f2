//! What the [`Coordinator`](super::Coordinator) accepts: commands of operators and reports of
//! actors.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::oneshot;

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::cycle::{Cycle, CycleVolume, ReplayNumber};
use crate::domain::flow::{EndReason, FlowRecord, FlowStatus, ShopCart};
use crate::domain::foreign_goods::ForeignGoods;
use crate::domain::ids::{AgentId, Incarnation, SessionId};
use crate::domain::shop_notes::ShopNotes;
use crate::domain::timing::CallTiming;
use crate::injection::Injection;
use crate::ports::checkpoint_file::CheckpointError;
use crate::ports::shop_api::ApiError;
use crate::ports::store::StoreError;

use super::agenda::Moment;
use super::command::{Command, CommandRefused, Done, Door};
use super::status::RunStatus;

/// Sent once by whoever wired the system. Answered when cycle 0 has been ticked, or with what stood
/// in the way; nothing is written before the shop and the store have answered.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), StartError>")]
pub struct StartRun;

/// Sent by the topology when a run that has not begun is given up: its services end next, and
/// nobody is to hear of it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct GiveUp;

/// Why a run could not start.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The shop did not answer as its profile says.
    #[error("the shop did not answer the start-up check: {0}")]
    Shop(
        /// What failed.
        ApiError,
    ),
    /// The shop lists no product.
    #[error(
        "the shop lists no products: nothing to shop for{}",
        left_out.as_deref().map(|one| format!("; {one}")).unwrap_or_default()
    )]
    EmptyCatalog {
        /// What it lists and does not fit.
        left_out: Option<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first checkpoint could not be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No agent is active.
    #[error("no agent is active: set some to active with `cartload agents set-status`")]
    NoAgents,
    /// The run would go on with other agents than its checkpoint's.
    #[error(
        "the {found} active agents of this database are not the {saved} of the checkpoint; name \
         the run's database (--db), set its agents active again (`cartload agents set-status`), or \
         go on with those that are there: --accept-population"
    )]
    OtherAgents {
        /// Agents at the checkpoint.
        saved: u32,
        /// Agents of the database.
        found: usize,
    },
    /// The start-up check of the shop or the store panicked: a fault of an adapter.
    #[error(
        "the start-up check panicked: {0}; nothing was begun, and this is a fault of the program"
    )]
    Panicked(
        /// What the panic said.
        String,
    ),
    /// An operator or a fault ended the run before its first tick.
    #[error("the run ended before its first tick: {0}")]
    Ended(
        /// Why.
        String,
    ),
}

/// Sent by every operator's door. Answered when it has been carried out: a checkpoint may wait for
/// the end of the cycle, a frozen run for the shop. Either way one incident is written.
#[derive(Clone, Debug, PartialEq, Message)]
#[rtype(result = "Result<Done, CommandRefused>")]
pub struct Operate {
    /// What is asked for.
    pub command: Command,
    /// How it came in.
    pub door: Door,
}

/// Sent by a developer's door. Answered when the message has been sent on, or noted for its moment;
/// either way one incident is written when it is delivered or refused.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Done, CommandRefused>")]
pub struct Inject {
    /// What, and to whom.
    pub injection: Injection,
    /// Then; `None`: at once.
    pub at: Option<Moment>,
    /// How it came in.
    pub door: Door,
}

/// Sent by a scenario: at this moment these messages are delivered in their order, and the run's
/// picture is taken after the last. Answered at once with where the rest will be heard.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Appointment, CommandRefused>")]
pub struct Appoint {
    /// When.
    pub at: Moment,
    /// What, and to whom.
    pub injections: Vec<Injection>,
}

/// What will be heard of an [`Appoint`]; nothing more comes of what has not come when the run ends.
#[derive(Debug)]
pub struct Appointment {
    /// What became of each message, in their order.
    pub outcomes: Vec<oneshot::Receiver<Result<Done, CommandRefused>>>,
    /// The run as it was then.
    pub picture: oneshot::Receiver<RunStatus>,
}

/// Told by an Agent at the end of its cycle.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct AgentFinished {
    /// Who.
    pub agent_id: AgentId,
    /// Which build of its actor.
    pub incarnation: Incarnation,
    /// The cycle.
    pub cycle: Cycle,
    /// The attempt.
    pub replay: ReplayNumber,
    /// Over which HTTP session.
    pub http_session: SessionId,
    /// What it did.
    pub ending: Ending,
    /// What it caused.
    pub volume: CycleVolume,
    /// What it met that an operator should hear the reason of.
    pub notes: ShopNotes,
    /// Each call that was answered or failed, retries by themselves.
    pub timings: Vec<CallTiming>,
    /// What its cart at the shop may hold now.
    pub shop_cart: ShopCart,
    /// What its order has that it did not put in.
    pub foreign: Option<ForeignGoods>,
}

/// What an agent did in a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing; no row.
    Idle,
    /// A recorded flow: completed, abandoned, browsed or failed.
    Recorded {
        /// How it ended.
        status: FlowStatus,
        /// Why it ended.
        reason: EndReason,
        /// What failed, redacted; only for `Failed`.
        cause: Option<String>,
    },
    /// A failed flow whose failure could not be written either.
    Unrecorded {
        /// What failed, redacted.
        cause: String,
    },
    /// No flow because the HTTP session is down.
    SkippedSessionDown,
    /// A freeze or stop cut it before it had a row.
    Unfinished,
}

impl Ending {
    /// Whether a flow failed by what a broken session would also do to it.
    pub fn is_call_failure(&self) -> bool {
        match self {
            Self::Recorded { status: FlowStatus::Failed, reason, .. } => matches!(
                reason,
                EndReason::CallFailed | EndReason::CheckoutFailed | EndReason::CheckoutUnknown
            ),
            Self::Recorded { .. }
            | Self::Idle
            | Self::Unrecorded { .. }
            | Self::SkippedSessionDown
            | Self::Unfinished => false,
        }
    }
}

/// Told by the Monitor that every agent's actor owns, when that actor is dropped.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct AgentDown {
    /// Who.
    pub agent_id: AgentId,
    /// Which build of its actor.
    pub incarnation: Incarnation,
    /// What was under way, to be closed as failed, or as stopped where it was cut.
    pub open_flow: Option<Arc<FlowRecord>>,
    /// How it went.
    pub exit: Exit,
}

/// How an actor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to.
    Stopped,
    /// It panicked, with this message, redacted.
    Panicked(String),
    /// It made no progress for 60 s while waiting for nothing that has a bound of its own.
    Hung {
        /// Whether a developer made it.
        by_drill: bool,
    },
    /// The run stops and could not wait for its flow.
    Cut,
}

/// What a hang is put down to.
pub fn hang(by_drill: bool) -> &'static str {
    if by_drill { "no progress for 60 s, a drill" } else { "no progress for 60 s" }
}

/// Told by an HTTP session when what it can do has changed.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct SessionNews {
    /// Which of the ten.
    pub http_session: SessionId,
    /// What changed.
    pub news: News,
}

/// What changed with an HTTP session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Its own connections are broken: others get through.
    Down {
        /// Its last fault, redacted.
        cause: String,
    },
    /// A probe got through.
    Back,
    /// Its adapter panicked and was built anew.
    AdapterRebuilt,
}

/// Told by the watch over a service's actor, when that actor is dropped.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct ServiceDown(
    /// Which.
    pub Service,
);

/// The actors below the Coordinator that are no agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The RateLimiter.
    RateLimiter,
    /// The DbWriter.
    DbWriter,
    /// The SessionPool.
    SessionPool,
    /// The CircuitBreaker.
    CircuitBreaker,
    /// The Checkpointer.
    Checkpointer,
    /// The OfferRefresher.
    OfferRefresher,
    /// One HTTP session.
    HttpSession(SessionId),
}

impl Service {
    /// The HTTP session that it is, if it is one.
    pub fn http_session(self) -> Option<SessionId> {
        match self {
            Self::HttpSession(id) => Some(id),
            Self::RateLimiter
            | Self::DbWriter
            | Self::SessionPool
            | Self::CircuitBreaker
            | Self::Checkpointer
            | Self::OfferRefresher => None,
        }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RateLimiter => "the rate limiter",
            Self::DbWriter => "the database writer",
            Self::SessionPool => "the session pool",
            Self::CircuitBreaker => "the circuit breaker",
            Self::Checkpointer => "the checkpointer",
            Self::OfferRefresher => "the offer refresher",
            Self::HttpSession(id) => return write!(f, "HTTP session {id}"),
        })
    }
}

/// Told by the OfferRefresher at the end of a refresh.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct OffersRefreshed {
    /// The cycle in which it was due.
    pub cycle: Cycle,
    /// The newest offer cycle.
    pub offer_cycle: u32,
    /// Rows written, or why none was; the next refresh includes these agents.
    pub outcome: Result<u64, StoreError>,
}

/// Told by the CircuitBreaker when it freezes the run, whatever the cause.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Frozen(
    /// Why.
    pub FreezeReason,
);
