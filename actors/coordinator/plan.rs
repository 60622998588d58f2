//! What a run was asked to do. Read once at the edge, checked, and passed as values.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::circuit_breaker::messages::FreezeReason;
use crate::domain::behavior::Behavior;
use crate::domain::cycle::Cycle;
use crate::domain::experiment::Experiment;
use crate::domain::ids::{OwnerToken, RunId, StoreId};
use crate::domain::in_flight::InFlight;
use crate::domain::offer::{Coupon, OfferPolicy};
use crate::domain::rate::Rate;
use crate::domain::snapshot::{SavedState, Snapshot};
use crate::ports::entropy::Entropy;
use crate::ports::shop_api::ShopTraits;
use crate::ports::store::{DirtyCart, Lived};

/// Everything the system must know before it starts.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// The run's id, new or resumed.
    pub run_id: RunId,
    /// This process's right to write.
    pub owner: OwnerToken,
    /// Simulated begin of cycle 0.
    pub simulated_start: NaiveDateTime,
    /// Real time between two ticks: 3600 s / time_scale (Q6.3); zero for `max`.
    pub interval: Duration,
    /// Where the run ends; the first reached.
    pub ends: Ends,
    /// Shares of the active agents released at the start (Q3.4).
    pub warm_up: WarmUp,
    /// The limit (Q6.1).
    pub rate: Rate,
    /// The bound on calls in flight.
    pub in_flight: InFlight,
    /// The preset.
    pub behavior: Arc<Behavior>,
    /// What the shop is like.
    pub shop: ShopTraits,
    /// At most so many of the active agents, in the order of their ids; `None`: all.
    pub agents_max: Option<usize>,
    /// The branch all agents select; `None` spreads them.
    pub store_id: Option<StoreId>,
    /// How offers are handed out.
    pub offers: OfferPolicy,
    /// Coupon definitions (`wallet: engine`).
    pub coupons: Arc<Vec<Coupon>>,
    /// Arms with a behaviour and offers of their own; `None`: one for all.
    pub experiment: Option<Arc<Experiment>>,
    /// A checkpoint every so many cycles (Q4); 0: only at the start, on freeze and at the end.
    pub checkpoint_every_cycles: u32,
    /// What everybody draws from.
    pub entropy: Entropy,
    /// Every setting that is not secret, for `runs.settings` and checkpoints.
    pub settings: Value,
    /// Of `settings`, hexadecimal SHA-256; a resume notices a changed one.
    pub config_hash: String,
    /// Where a resumed run continues; `None` for a new one.
    pub resume_from: Option<ResumePoint>,
    /// Carts that dead runs left full at this shop; their agents clear them before their first
    /// add.
    pub dirty_carts: Vec<DirtyCart>,
    /// Runs without a living process at this shop, whose lost orders are looked for too.
    pub dead_runs: Vec<RunId>,
}

/// Where a run ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// After so many cycles of simulated time since the start of the run; `None`: until stopped.
    pub cycles: Option<u32>,
    /// After so much real time in this process; the cycle under way is finished.
    pub real_time: Option<Duration>,
}

/// Shares of the population released in each step of the warm-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmUp {
    /// Percent of the active agents, one entry per step; empty: all from the start.
    pub steps_percent: Vec<u8>,
    /// Cycles a step lasts; default 2.
    pub cycles_per_step: u32,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self { steps_percent: vec![10, 25, 50, 75], cycles_per_step: 2 }
    }
}

/// A boundary to continue from.
#[derive(Clone, Debug, PartialEq)]
pub struct ResumePoint {
    /// The next cycle.
    pub boundary: Cycle,
    /// How far the run had come by all its checkpoints.
    pub lived: Lived,
    /// An operator has said --unfreeze.
    pub unfreeze: bool,
    /// Settings that differ from the checkpoint's, one sentence each.
    pub changed_settings: Vec<String>,
    /// Other agents than the checkpoint's are welcome (--accept-population).
    pub accepts_population: bool,
    /// The checkpoint itself.
    pub snapshot: Snapshot,
    /// The name of its file, so that an analyst finds what was gone on from.
    pub checkpoint: String,
}

impl ResumePoint {
    /// Where the run goes on, for the details of an incident.
    pub fn detail(&self) -> Value {
        json!({ "checkpoint": self.checkpoint, "boundary": self.boundary })
    }

    /// Why the run stays frozen until an operator opens it; `None` when it may go on.
    pub fn stays_frozen(&self) -> Option<&FreezeReason> {
        match &self.snapshot.state {
            SavedState::Frozen { reason, .. } if !self.unfreeze => Some(reason),
            SavedState::Frozen { .. }
            | SavedState::Running
            | SavedState::Paused
            | SavedState::Ended => None,
        }
    }
}
